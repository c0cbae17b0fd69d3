"""The tables of the README, and that they are the ones in the README."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from watcher import config
from watcher.config import shape
from watcher.config.schemas import every_section

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("section", every_section(), ids=lambda section: section.__name__)
def test_every_key_says_what_it_means(section):
    meanings = shape.meanings_of(section)
    silent = [one.name for one in fields(section) if not meanings.get(one.name) and one.name != "kind"]
    assert silent == []
    assert (section.__doc__ or "").strip()


def test_every_key_is_in_the_tables():
    tables = config.reference()
    for section in every_section():
        for key in shape.written_keys(section):
            assert key == "kind" or f"| `{key}` |" in tables or section.__name__ == "Options", (section, key)


def test_a_row_says_type_default_and_meaning():
    rows = config.reference().split("\n")
    assert any(re.fullmatch(r"\| `rise` \| a duration \| `0.3 s` \| How long .+ \|", row) for row in rows)
    assert any(row.startswith("| `source` | text or a section with its `kind` | must be written |") for row in rows)
    assert any(row.startswith("| `max_bytes` | a number of bytes or null | `5 GB` |") for row in rows)


def test_the_readme_has_these_tables():
    text = README.read_text("utf-8")
    found = re.search(r"<!-- config reference -->\n(.*?)<!-- /config reference -->", text, re.DOTALL)
    assert found, "README.md has no block between <!-- config reference --> and <!-- /config reference -->"
    assert found[1].strip() == config.reference().strip(), (
        "README.md is behind: put there what this prints: "
        "python -c 'from watcher import config; print(config.reference())'"
    )
