"""The detector that a camera's options ask for."""

from watcher.camera.options import CameraOptions
from watcher.events.sizes import alarms_wanted
from watcher.vision.detector import Detector


def detector_of(options: CameraOptions) -> Detector:
    """A new one, which knows nothing yet."""
    events = options.events
    wanted = alarms_wanted(options.detector, events, options.zones)
    return Detector(options.detector, options.watched, options.compared, events.absorb_after, wanted)
