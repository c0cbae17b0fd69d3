"""Defaults for a use: what ``profile:`` lays under the settings that somebody wrote.

A value is taken from the first of these that has it: the camera's own section, ``defaults:``, the profile,
the options dataclass. Values are in base units (seconds, fractions), so that they go into the dataclasses as
they are; what is not named here stays as the dataclass has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from watcher.events.options import EventsOptions
from watcher.vision.options import DetectorOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions

ProfileName = Literal["home", "wildlife", "inspection", "plain"]

PROFILES: Mapping[ProfileName, Mapping[str, Mapping[str, Any]]] = {
    # People, pets and vehicles; light and weather are no event.
    "home": {
        "reference": {"kind": "background"},  # parked cars and moved chairs become part of the scene
        "events": {
            "threshold": 0.003,  # a person at the far end of a garden covers about this much of the picture
            "rise": 0.3,  # longer than a passing insect or a flicker
            "fall": 1.0,  # a person behind a post is still the same event
            "settle": 2.0,  # somebody who stops to ring is not yet "appeared"
        },
    },
    # Small, fast and far; wind is no event, and the speed of the trigger counts.
    "wildlife": {
        "reference": {"kind": "background"},
        "detector": {
            "sensitivity": 0.6,  # fur and feathers are made to be overlooked
            "smallest": 6,  # a bird at the feeder is a few pixels of the analysed picture
        },
        "events": {
            "threshold": 0.0003,  # a tenth of home's: a small animal, not a person
            "rise": 0.2,  # on a trail the animal has gone after half a second
            "travel": 0.02,  # leaves change much and get nowhere
        },
    },
    # A part against a known good one, as it lies there.
    "inspection": {
        "reference": {"kind": "golden"},  # what is right does not change by itself
        "detector": {
            "color": True,  # a wire of the wrong colour may be as bright as the right one
            "light": True,  # lamps age; that is no defect
            "shadows": False,  # a missing part is as dark as its shadow
            "restless": False,  # a part is to lie still
        },
        "events": {
            "threshold": 0.0,  # a region of any size is a defect
            "rise": 0.0,  # the gate decides when to look, not the tracker
            "fall": 0.0,
        },
    },
    # Every change counts: nothing is explained away.
    "plain": {
        "reference": {"kind": "fixed"},
        "detector": {
            "color": True,
            "light": False,  # a change of light is a change
            "shadows": False,  # and so is a shadow
            "restless": False,  # and so are leaves
            "steady": False,  # and so is a push
            "health": False,  # and a black picture
            "sensitivity": 0.65,  # sees 20 grey levels on a flat patch, and not yet JPEG of quality 75
            "smallest": 4,  # two by two pixels: less is noise
        },
        "events": {"threshold": 0.0, "rise": 0.0},
    },
}


@dataclass(frozen=True, slots=True)
class Settings:
    """A profile as options: what a recording or a picture is judged by where there is no config."""

    detector: DetectorOptions
    events: EventsOptions
    reference: FixedOptions | BackgroundOptions


def settings(profile: str) -> Settings:
    """The options of a profile by name; ValueError names the known ones."""
    sections = next((sections for name, sections in PROFILES.items() if name == profile), None)
    if sections is None:
        raise ValueError(f"{profile!r} is not a profile; the profiles are {', '.join(PROFILES)}")
    reference = dict(sections.get("reference", {}))
    kind = BackgroundOptions if reference.get("kind") == "background" else FixedOptions
    if reference.get("kind") == "golden":
        reference = {}  # here there is no store of golden parts: the first picture is the reference
    return Settings(
        detector=DetectorOptions(**sections.get("detector", {})),
        events=EventsOptions(**sections.get("events", {})),
        reference=kind(**reference),
    )
