"""The unit for systemd: understood, and hardened. Works without systemd running."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "systemd/watcher.service"
MOST_EXPOSED = 2.0


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("NEEDS SYSTEMD: systemd-analyze is not installed (apt install systemd)")
    return found


def test_verify_finds_nothing(analyze: str, tmp_path: Path) -> None:
    # The program is where the README installs it, not here: any program stands for it.
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT.read_text("utf-8"), flags=re.MULTILINE)
    copy = tmp_path / UNIT.name
    copy.write_text(text, "utf-8")
    done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False)
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if UNIT.name in line]
    assert not complaints
    assert done.returncode == 0, done.stderr


def test_exposure_is_low(analyze: str) -> None:
    command = [analyze, "security", "--offline=true", "--no-pager", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    level = re.search(r"Overall exposure level for watcher\.service: ([\d.]+)", done.stdout)
    assert level is not None, done.stdout + done.stderr
    assert float(level[1]) <= MOST_EXPOSED


def test_it_says_what_the_service_relies_on() -> None:
    unit = configparser.RawConfigParser(strict=False, inline_comment_prefixes=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text("utf-8"))
    service = dict(unit["Service"])
    assert service["Type"] == "notify"
    assert service["WatchdogSec"] == "30"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["StateDirectory"] == "watcher"
    assert service["DynamicUser"] == "yes"
    assert service["ExecStart"].split()[1] == "run"
    assert service["RestartPreventExitStatus"] == "2"
    assert "#LoadCredential=mqtt-password:" in UNIT.read_text("utf-8")
