"""How the daemon's log looks, for people and for the journal."""

import logging
import re

import pytest

from watcher.cli.run import log_to_stderr


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        log_to_stderr(logging.INFO)
        log = logging.getLogger("watcher.camera.capture")
        log.warning("%s: the stream ended; trying again", "porch")
        log.debug("nothing for people")
        try:
            raise ZeroDivisionError("a fault")
        except ZeroDivisionError:
            log.exception("porch: the source failed")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        logging.getLogger("watcher").setLevel(logging.NOTSET)
    return capsys.readouterr().err.splitlines()


def test_for_people_there_is_the_time(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    lines = said(capsys)
    assert re.fullmatch(r"\d\d:\d\d:\d\d warning porch: the stream ended; trying again", lines[0])
    assert re.fullmatch(r"\d\d:\d\d:\d\d error porch: the source failed", lines[1])
    assert lines[-1] == "ZeroDivisionError: a fault"


def test_for_the_journal_there_is_the_priority_of_every_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
    lines = said(capsys)
    assert lines[0] == "<4>porch: the stream ended; trying again"
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines[1:])
