"""What the README says is what the program does."""

import json
import re

import pytest

from tests import readme
from tests.events.dots import run
from watcher import cli
from watcher.events.payload import payload

TEXT = readme.README.read_text("utf-8")


@pytest.mark.parametrize("name", readme.BLOCKS)
def test_blocks_made_from_the_code_are_up_to_date(name):
    assert readme.block(name) == readme.BLOCKS[name]().strip(), "run python -m tests.readme"


@pytest.mark.parametrize("name", ["run packages", "run command", "test packages", "test command"])
def test_the_commands_are_single_lines(name):
    assert "\n" not in readme.command(name).strip()


def test_every_file_that_is_linked_exists():
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", TEXT):
        assert (readme.README.parent / target).exists(), target


def test_every_heading_that_is_linked_exists():
    headings = {re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-") for line in
                re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)}  # fmt: skip
    for target in re.findall(r"\]\(#([^)]+)\)", TEXT):
        assert target in headings, target


@pytest.mark.parametrize("command", ["run", "check", "compare", "replay", "reference", "schema"])
def test_every_command_is_described(command, capsys):
    assert f"`watcher {command}" in TEXT
    assert cli.main([command, "--help"]) == 0
    assert "usage: watcher" in capsys.readouterr().out


def test_the_event_shown_has_the_fields_of_a_real_one():
    shown = re.search(r'```json\n(\{"schema": 1, "event_type".*?)\n```', TEXT, re.DOTALL)
    assert shown
    (first, *_) = run("..######.....")
    real = payload(first, profile="home", reference="background", snapshot_file=None)
    assert list(json.loads(shown[1])) == list(real)
