"""Motion and DVR-Scan on the recordings with truth, scored as we are; each where it is installed.

Both with the settings that they come with, but for one: their events end after one quiet second, as those of
``home`` do. (Motion joins everything within 60 s into one event, DVR-Scan within 2 s and begins 1.5 s early: held
to that they could not tell the people of one recording apart.)

Motion sees the recordings in real time, as a network camera: JPEG of quality 95 at the recording's own times,
shrunk to its customary 640 pixels of width, after 8 s of the first picture, so that it is ready; it looks 30
times a second, which suits it better than the recordings' own rates. An event is told when its ``on_event_start``
runs; it starts at the last picture that was sent by then. DVR-Scan reads the files; it counts times by the
header's frame rate, which is put right here by counting frames; it tells when it has read everything, so that its
delays are none and are left out.
"""

import contextlib
import http.server
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import cv2

from tests.bench.accuracy.material import Clip
from tests.bench.accuracy.told import Told, truth_of
from watcher.events.truth import Prediction, score

_READY = 8.0
_WIDTH = 640
_QUALITY = 95
_BOUNDARY = b"frame"


def dvr_scan() -> str | None:
    """The program, from the environment variable DVR_SCAN or the PATH."""
    return os.environ.get("DVR_SCAN") or shutil.which("dvr-scan")


def dvr_scanned(program: str, clip: Clip) -> Told:
    """What DVR-Scan makes of a recording."""
    words = [program, "-i", str(clip.path), "--scan-only", "-tb", "0s", "-tp", "1s"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    times, rate = _times(clip.path)
    starts = re.findall(r"Event\s+\d+\s+\|\s+(\d+):(\d+):([\d.]+)", told)
    # The table rounds to tenths; the list of timecodes below it does not.
    codes = re.findall(r"(\d\d):(\d\d):(\d\d\.\d{3})", told.splitlines()[-1] if starts else "")
    seconds = [3600 * int(h) + 60 * int(m) + float(s) for h, m, s in codes[::2]]
    return _scored(clip, [times[min(round(one * rate), len(times) - 1)] for one in seconds], times)


def motion() -> str | None:
    """The program, from the environment variable MOTION or the PATH."""
    return os.environ.get("MOTION") or shutil.which("motion")


def motion_watched(program: str, clips: Sequence[Clip]) -> list[Told]:
    """What Motion makes of the recordings, all of them at the same time, each in a daemon of its own."""
    threads, found = [], {}

    def watch(clip: Clip) -> None:
        found[clip.name] = _motion_on(program, clip)

    for clip in clips:
        threads.append(threading.Thread(target=watch, args=(clip,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return [found[clip.name] for clip in clips]


def _motion_on(program: str, clip: Clip) -> Told:
    camera = _Camera(clip)
    with tempfile.TemporaryDirectory(prefix="watcher-motion-") as folder:
        hook, told = Path(folder, "told.sh"), Path(folder, "told")
        hook.write_text(f"#!/bin/sh\ndate +%s.%N >> {told}\n")
        hook.chmod(0o755)
        settings = Path(folder, "motion.conf")
        settings.write_text(
            f"daemon off\nlog_level 4\nnetcam_url http://127.0.0.1:{camera.port}/stream\n"
            f"width {camera.size[0]}\nheight {camera.size[1]}\nframerate 30\nevent_gap 1\n"
            f"movie_output off\npicture_output off\nwebcontrol_port 0\nstream_port 0\n"
            f"target_dir {folder}\non_event_start {hook}\n"
        )
        log = Path(folder, "log")
        words = [program, "-n", "-c", str(settings), "-l", str(log)]
        with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
            try:
                camera.play()
            finally:
                daemon.terminate()
        lines = told.read_text().split() if told.exists() else []
    return _scored(clip, [camera.media_time(float(line)) for line in lines], camera.times)


class _Camera:
    """A recording as a network camera on loopback: its first picture until `play`, then all of it, once."""

    def __init__(self, clip: Clip) -> None:
        self.times, self._pictures, self.size = _encoded(clip.path)
        self._now = self._pictures[0]
        self._changed = threading.Condition()
        self._ended = False
        self._sent: list[float] = []
        camera = self

        class Request(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY.decode()}")
                self.end_headers()
                with contextlib.suppress(OSError):  # it has gone
                    camera.send(self.wfile)

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def send(self, out: Any) -> None:
        """To one viewer: each new picture, or the last one again after a while."""
        while not self._ended:
            head = b"--%s\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (_BOUNDARY, len(self._now))
            out.write(head + self._now + b"\r\n")
            with self._changed:
                self._changed.wait(0.2)

    def play(self) -> None:
        """The whole recording at its own speed."""
        # They connect, and learn the picture that they are shown meanwhile.
        time.sleep(_READY)
        began = time.time()
        for at, picture in zip(self.times, self._pictures, strict=True):
            # The peers are live programs: every picture at its time in the recording.
            time.sleep(max(0.0, began + at - time.time()))
            with self._changed:
                self._now = picture
                self._changed.notify_all()
            self._sent.append(time.time())
        # They tell the end of an event some time after its last picture.
        time.sleep(2.0)
        self._ended = True

    def media_time(self, wall: float) -> float:
        """The time of the picture that had been sent last at that time; less than 0 before it began."""
        sent = sum(one <= wall for one in self._sent)
        return self.times[sent - 1] if sent else -1.0


def _encoded(path: Path) -> tuple[list[float], list[bytes], tuple[int, int]]:
    times, pictures, size = [], [], (0, 0)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            times.append(float(frame.time or 0.0))
            picture = frame.to_ndarray(format="bgr24")
            size = (_WIDTH, round(picture.shape[0] * _WIDTH / picture.shape[1] / 8) * 8)
            if picture.shape[1] > _WIDTH:
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            size = (picture.shape[1], picture.shape[0])
            pictures.append(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
    return [at - times[0] for at in times], pictures, size


def _times(path: Path) -> tuple[list[float], float]:
    """Media time of each frame, and the rate by which OpenCV's readers count."""
    with av.open(str(path)) as container:
        times = [float(frame.time or 0.0) for frame in container.decode(video=0)]
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return [at - times[0] for at in times], rate


def _scored(clip: Clip, starts: Sequence[float], times: Sequence[float]) -> Told:
    told = [Prediction(f"{number:06d}", at, at) for number, at in enumerate(starts) if at >= 0]
    return Told(clip, score(truth_of(clip), told, times[-1], times), tuple(times), ())
