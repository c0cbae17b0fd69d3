"""``config.yaml`` as it is shipped: what a new user sees first."""

import re
import shutil
import time
from json import loads
from pathlib import Path

from tests.end_to_end.contract import checked
from tests.end_to_end.daemon import ROOT, Daemon
from tests.support.broker import Listener, Mosquitto
from tests.support.wait import until

FIRST_WITHIN = 15.0


def test_the_first_event_comes_soon_in_the_terminal_and_by_mqtt(tmp_path: Path, daemons: list[Daemon]) -> None:
    Mosquitto(tmp_path / "unused").file()  # skips loudly where there is none
    shutil.copy(ROOT / "config.yaml", tmp_path)
    began = time.monotonic()
    daemons.append(daemon := Daemon(tmp_path))
    how = re.search(r"mosquitto_sub (.*)", daemon.says("mosquitto_sub"))
    assert how, "it says how to subscribe"
    words = re.sub(r"['\"]", "", how[1]).split()
    assert words[words.index("-h") + 1] == "127.0.0.1"
    port, topics = (words[words.index(word) + 1] for word in ("-p", "-t"))
    ear, all_ears = Listener(int(port), topics), Listener(int(port), "watcher/#")
    try:
        daemon.says("watching 1 camera: demo (demo)")
        told = until(lambda: ear.on("watcher/demo/event"), FIRST_WITHIN, "an event by MQTT")
        until(lambda: any("started" in line for line in daemon.printed), 5, "the event in the terminal")
        assert time.monotonic() - began < FIRST_WITHIN
        assert loads(told[0])["event_type"] == "started"
        until(lambda: all_ears.newest("watcher/demo/snapshot"), 10, "its picture by MQTT")
        assert daemon.terminate() == 0
        until(lambda: all_ears.newest("watcher/status") == b"offline", 5)
        events = [loads(payload) for payload in ear.on("watcher/demo/event")]
    finally:
        for each in (ear, all_ears):
            each.close()
    assert checked(events, tuple(events[0]["frame_size"]), live=True)[-1][-1]["end_reason"]
    assert list((tmp_path / "data" / "snapshots" / "demo").glob("*_clean.jpg"))
    assert "Traceback" not in "".join(daemon.said)
