"""YAML without its traps, and where everything was written."""

import pytest

from watcher.config.document import DEEPEST, MOST_VALUES, parse
from watcher.config.problem import Mark

SCALARS = [
    ("no", "no"), ("on", "on"), ("off", "off"), ("yes", "yes"), ("y", "y"), ("true", True), ("False", False),
    ("12:30:00", "12:30:00"), ("2026-11-22", "2026-11-22"), ("1e3", 1000.0), ("-1.5", -1.5), (".5", 0.5),
    ("12", 12), ("-3", -3), ("007", "007"), ("0x1F", "0x1F"), ("1_000", "1_000"),
    (".inf", ".inf"), (".nan", ".nan"),
    ("1.5 %", "1.5 %"), ("5 GB", "5 GB"), ("~", None), ("null", None), ("", None), ("'12'", "12"), ("=", "="),
    ("!!str 12", "12"), ("!!float 3", 3.0), ("<<", "<<"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), SCALARS)
def test_a_scalar_is_what_it_looks_like(written, meant):
    document = parse(f"key: {written}\n")
    value = document.value["key"]
    assert (value, type(value)) == (meant, type(meant))
    assert document.problems == []


def test_keys_are_text_whatever_they_look_like():
    assert parse("on: 1\nno: 2\n3: 3\n~: 4").value == {"on": 1, "no": 2, "3": 3, "~": 4}


def test_every_key_and_item_has_its_place():
    document = parse("a:\n  b: [1,\n      {c: 2}]\n")
    assert document.mark(("a",)) == Mark(1, 1)
    assert document.mark(("a", "b")) == Mark(2, 3)
    assert document.mark(("a", "b", 1, "c")) == Mark(3, 8)
    assert document.mark(("a", "b", 7, "gone")) == Mark(2, 3)  # the nearest thing around


def test_merge_keys_lay_under_what_the_section_says_itself():
    document = parse("base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\nown:\n  <<: [*base, *more]\n  x: 9\n")
    assert document.value["own"] == {"x": 9, "y": 2, "z": 4}
    assert document.problems == []
    assert document.mark(("own", "x")) == Mark(5, 3)
    assert document.mark(("own", "z")) == Mark(2, 20)


WRONG = [
    ("a: 1\nb: 2\na: 3", (3, 1), "is given twice, first in line 1"),
    ("\ta: 1", (1, 1), "a tab cannot indent YAML; use spaces"),
    ("a:\n\tb: 1", (2, 1), "a tab cannot indent YAML; use spaces"),
    ("a: b: c", (1, 5), "a ':' is not allowed here"),
    ("a: @x", (1, 4), "text that begins with @ must stand in quotes"),
    ("a: %x", (1, 4), "text that begins with % must stand in quotes"),
    ("a: {b", (1, 6), "a ',' or } is missing"),
    ("a: 'x", (1, 6), "quotes that were opened before are not closed"),
    ("a:\n  b: 1\n c: 2", (3, 2), "the indentation does not fit the lines above"),
    ("a: *x", (1, 4), "the alias is not defined before"),
    ("a: 1\n---\nb: 2", (2, 1), "there is a second document in the file"),
    ("a: !secret x", (1, 4), "has the tag !secret; tags are not used here"),
    ("a: !!python/object:os.system x", (1, 4), "has the tag !!python/object:os.system"),
    ("a: \x01", (1, 4), "the character U+0001 is not allowed in YAML"),
    ("a: 1e999", (1, 4), "1e999 cannot be read as a number"),
    ("? [a]\n: 1", (1, 3), "has a list or a section as a key"),
    ("<<: 5", (1, 5), "<< takes a section"),
    ("a: " + "[" * 300, (1, 3 + DEEPEST + 1), "nested deeper than"),
]


@pytest.mark.parametrize(("text", "place", "said"), WRONG)
def test_what_is_wrong_is_said_with_its_place(text, place, said):
    (problem,) = parse(text).problems
    assert problem.mark == place
    assert said in problem.sentence


def test_a_value_that_cannot_be_read_is_left_out():
    assert parse("a: !secret x\nb: 1").value == {"b": 1}


@pytest.mark.parametrize("text", [
    "a: &a [*a, *a]",
    "a: &a {b: *a}",
    "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
    "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
])  # fmt: skip
def test_aliases_cannot_blow_a_small_file_up(text):
    (problem,) = parse(text).problems
    assert str(MOST_VALUES) in problem.sentence


def test_a_file_that_is_too_long_is_told_where_its_bulk_is():
    points = ", ".join(["[0, 0]"] * (MOST_VALUES // 2))
    (problem,) = parse(f"a: 1\nb:\n  c:\n    points: [{points}]\n").problems
    assert problem.path == ("b", "c", "points")
    assert problem.mark.line == 4
    assert "alias" not in problem.sentence


def test_of_aliases_that_are_too_many_the_first_is_shown():
    (problem,) = parse(f"a: 1\nb: &b [{', '.join('0' * 200)}]\nc: [{', '.join(['*b'] * 200)}]\n").problems
    assert problem.mark.line == 2
    assert "aliases" in problem.sentence
