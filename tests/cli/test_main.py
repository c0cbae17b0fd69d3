"""The frame of the command line: what it loads, and how it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import watcher
from watcher import cli
from watcher.errors import SourceUnavailable

ROOT = Path(__file__).parents[2]
LOADED = (
    "import sys; from watcher.cli import main; status = main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
)


def loaded_by(*words):
    """The top-level modules that a command loads in an interpreter of its own."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.fixture
def command(monkeypatch):
    """Puts something else in the place of what `watcher schema` does."""
    import watcher.cli.schema

    return lambda run: monkeypatch.setattr(watcher.cli.schema, "run", run)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name, capsys):
    assert cli.main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: watcher {name}")


def test_help_names_every_command_and_loads_none(capsys):
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n    {name}" in said for name in cli.COMMANDS)
    heavy = {"cv2", "numpy", "scipy", "skimage", "av", "pydantic", "pydantic_core", "yaml", "rich", "paho"}
    assert loaded_by("--help") & heavy == set()


def test_check_loads_no_pixels():
    assert loaded_by("check") & {"cv2", "numpy", "scipy", "skimage", "av", "rich", "paho"} == set()


def test_the_version_is_that_of_the_package(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"watcher {watcher.__version__}\n"


@pytest.mark.parametrize(("words", "said"), [
    (["chek"], "'chek' is not a command; did you mean check?"),
    (["dance"], "'dance' is not a command; the commands are run, check"),
    (["check", "--conect"], "unrecognized arguments: --conect"),
    ([], "usage: watcher"),
])  # fmt: skip
def test_wrong_words_are_refused_with_status_2(words, said, capsys):
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_a_fact_of_the_world_is_one_line_and_status_2(command, capsys):
    def unavailable(args):
        raise SourceUnavailable("porch: rtsp://192.0.2.1 does not answer; is it switched on?")

    command(unavailable)
    assert cli.main(["schema"]) == 2
    assert capsys.readouterr().err == "porch: rtsp://192.0.2.1 does not answer; is it switched on?\n"


def test_an_interrupt_is_no_traceback(command, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    command(interrupted)
    assert cli.main(["schema"]) == 130
    assert capsys.readouterr().err == ""


def test_a_mistake_of_ours_is_not_hidden(command):
    def mistaken(args):
        raise ZeroDivisionError

    command(mistaken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["schema"])


def test_nobody_reading_the_output_is_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "watcher", "schema"],
            cwd=ROOT,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_package_offers_its_api_when_asked():
    assert dir(watcher) == sorted(["__version__", "compare", "replay"])
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = watcher.nonsense
    from watcher.comparing import compare
    from watcher.replaying import replay

    assert watcher.compare is compare
    assert watcher.replay is replay


def test_ctrl_c_before_anything_has_begun_leaves_no_traceback():
    """From the moment that our first line runs: what Python itself does before is not ours."""
    program = (
        "import os, signal, sys, watcher.__main__ as entered\n"
        "def late(): os.kill(os.getpid(), signal.SIGINT); return real()\n"
        "from watcher import cli; real, cli._closed_output = cli._closed_output, late\n"
        "if sys.argv[1] == 'early': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.argv[1:] = ['schema']; sys.exit(entered.command())"
    )
    for when, status in (("early", -signal.SIGINT), ("late", cli.INTERRUPTED)):
        done = subprocess.run(
            [sys.executable, "-c", program, when], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (status, "", "")
