"""Quantities as people write them: what is taken, and what is said about what is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from watcher.quantities import (
    COUNT_PER_SECOND,
    DURATION,
    FRACTION,
    SIZE,
    ByteCount,
    Fraction,
    Quantity,
    Rate,
    Seconds,
    percent,
)

GOOD = [
    (DURATION, 2, 2.0),
    (DURATION, 0, 0.0),
    (DURATION, 0.25, 0.25),
    (DURATION, "0.3 s", 0.3),
    (DURATION, "0.3s", 0.3),
    (DURATION, " 300 ms ", 0.3),
    (DURATION, "5", 5.0),
    (DURATION, ".5 s", 0.5),
    (DURATION, "1e1 s", 10.0),
    (DURATION, "+2 s", 2.0),
    (DURATION, "10 min", 600.0),
    (DURATION, "10 MIN", 600.0),
    (DURATION, "1.5 h", 5400.0),
    (DURATION, "2 d", 172_800.0),
    (DURATION, "30 days", 2_592_000.0),
    (DURATION, "1 day", 86_400.0),
    (FRACTION, 0.015, 0.015),
    (FRACTION, 1, 1.0),
    (FRACTION, 0, 0.0),
    (FRACTION, "0.015", 0.015),
    (FRACTION, "1.5 %", 0.015),
    (FRACTION, "1.5%", 0.015),
    (FRACTION, "100 %", 1.0),
    (SIZE, "5 GB", 5e9),
    (SIZE, "5gb", 5e9),
    (SIZE, "1 GiB", 2.0**30),
    (SIZE, "512 KiB", 524_288.0),
    (SIZE, "1.5 MB", 1.5e6),
    (SIZE, 1000, 1000.0),
    (SIZE, "1000 B", 1000.0),
    (SIZE, "2 TB", 2e12),
    (COUNT_PER_SECOND, 10, 10.0),
    (COUNT_PER_SECOND, "12.5 fps", 12.5),
    (COUNT_PER_SECOND, "5 /s", 5.0),
    (COUNT_PER_SECOND, "25 Hz", 25.0),
]


@pytest.mark.parametrize(("quantity", "written", "value"), GOOD)
def test_what_is_taken(quantity, written, value):
    assert quantity.parse(written) == pytest.approx(value)


BAD = [
    (DURATION, "soon", "'soon' is not a duration; write for example 0.5 s"),
    (DURATION, "", "'' is not a duration; write for example 0.5 s"),
    (DURATION, "s", "'s' is not a duration; write for example 0.5 s"),
    (DURATION, "1 2 s", "'1 2 s' is not a duration; write for example 0.5 s"),
    (DURATION, "1 s s", "'1 s s' is not a duration; write for example 0.5 s"),
    (DURATION, "inf", "'inf' is not a duration; write for example 0.5 s"),
    (DURATION, "0x10 s", "has the unknown unit 'x10'|is not a duration"),
    (DURATION, "1 week", "has the unknown unit 'week' (known: ms, s, sec, min, h, d, day, days)"),
    (DURATION, "1,5 s", "is not a duration"),
    (DURATION, "12:30", "has the unknown unit ':30'"),
    (DURATION, "5 %", "has the unknown unit '%'"),
    (DURATION, -1, "is below 0, the least that makes sense; write for example 0.5 s"),
    (DURATION, "-1 s", "is below 0"),
    (DURATION, float("inf"), "is not a finite number; write for example 0.5 s"),
    (DURATION, float("nan"), "is not a finite number"),
    (DURATION, "1e400 s", "is not a finite number"),
    (DURATION, 10**400, "is not a finite number"),
    (DURATION, "9" * 400, "is not a finite number"),
    (DURATION, True, "is not a duration"),
    (DURATION, None, "is not a duration; write for example 0.5 s"),
    (DURATION, [1], "is not a duration"),
    (DURATION, {}, "is not a duration"),
    (FRACTION, 1.5, "is above 1: a bare number is a fraction from 0 to 1; write 1.5 %"),
    (FRACTION, "5", "is above 1: a bare number is a fraction from 0 to 1; write 5 %"),
    (FRACTION, 5, "write 5 %"),
    (FRACTION, "150 %", "is above 1, the most that makes sense; write for example 1.5 %"),
    (FRACTION, "1 percent", "has the unknown unit 'percent' (known: %); write for example 1.5 %"),
    (FRACTION, "-1 %", "is below 0"),
    (FRACTION, False, "is not a fraction"),
    (SIZE, "5 GBit", "has the unknown unit 'GBit' (known: b, kb, mb, gb, tb, kib, mib, gib, tib)"),
    (SIZE, "5 G", "has the unknown unit 'G'"),
    (SIZE, "much", "is not a number of bytes; write for example 5 GB"),
    (COUNT_PER_SECOND, "10 per s", "is not a rate; write for example 10"),
    (COUNT_PER_SECOND, "10 rpm", "has the unknown unit 'rpm' (known: fps, /s, hz)"),
]


@pytest.mark.parametrize(("quantity", "written", "words"), BAD)
def test_what_is_wrong_is_said_and_what_to_write_instead(quantity, written, words):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the words are looked at below
        quantity.parse(written)
    said = str(caught.value)
    assert any(word in said for word in words.split("|")), said
    assert "\n" not in said
    assert "write" in said


def test_a_quantity_may_need_its_unit_and_have_limits():
    distance = Quantity("a distance", {"m": 1.0, "km": 1000.0}, None, "3 m", least=1.0, most=5000.0)
    assert distance.parse("5 km") == 5000
    assert distance.parse("1 m") == 1
    for written, words in (
        (3, "has no unit"),
        ("3", "has no unit"),
        ("5.1 km", "above 5000"),
        ("0.9 m", "below 1,"),
    ):
        with pytest.raises(ValueError, match=words):
            distance.parse(written)


@given(st.floats(0, 1e6), st.sampled_from(["", " ", "  "]), st.sampled_from(["ms", "s", "min", "h"]))
def test_any_number_with_any_unit(number, space, unit):
    factor = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}[unit]
    assert DURATION.parse(f"{number!r}{space}{unit}") == pytest.approx(number * factor)


@given(st.text(max_size=12))
def test_any_text_is_taken_or_refused_in_words(text):
    for quantity in (DURATION, FRACTION, SIZE):
        said = ""
        try:
            value = quantity.parse(text)
        except ValueError as error:
            said = str(error)
        assert "write" in said if said else value >= 0


def test_the_annotated_types_are_checked_by_pydantic():
    assert TypeAdapter(Seconds).validate_python("10 min") == 600
    assert TypeAdapter(Fraction).validate_python("1.5 %") == 0.015
    assert TypeAdapter(Rate).validate_python("10 fps") == 10
    with pytest.raises(ValidationError, match="is above 1: a bare number is a fraction from 0 to 1; write 3 %"):
        TypeAdapter(Fraction).validate_python(3)


@pytest.mark.parametrize(
    ("written", "value"), [("5 GB", 5 * 10**9), ("2.3 GB", 2_300_000_000), ("4.35 kB", 4350), (7, 7)]
)
def test_bytes_are_whole_and_rounded_not_cut(written, value):
    got = TypeAdapter(ByteCount).validate_python(written)
    assert got == value
    assert isinstance(got, int)


def accepted(schema, written):
    """Whether JSON Schema takes the value: the few words of it that are used here."""
    kinds = schema["anyOf"]
    if isinstance(written, str):
        return any(re.search(kind["pattern"], written) for kind in kinds if kind["type"] == "string")
    return any(kind["type"] == "number" for kind in kinds)


@pytest.mark.parametrize(("quantity", "written", "value"), GOOD)
def test_an_editor_is_told_that_what_is_taken_is_right(quantity, written, value):
    assert accepted(quantity.__get_pydantic_json_schema__({}, None), written)


@pytest.mark.parametrize("quantity", [DURATION, FRACTION, SIZE, COUNT_PER_SECOND])
def test_the_schema_knows_the_example_and_refuses_nonsense(quantity):
    schema = quantity.__get_pydantic_json_schema__({}, None)
    assert quantity.example in schema["description"]
    assert accepted(schema, quantity.example)
    for nonsense in ("soon", "", "1 week", "1 2", "...", "1.2.3", "-1"):
        assert not accepted(schema, nonsense), nonsense


def test_where_a_unit_is_needed_the_schema_takes_no_bare_number():
    schema = Quantity("a distance", {"m": 1.0}, None, "3 m").__get_pydantic_json_schema__({}, None)
    assert accepted(schema, "3 m")
    assert not accepted(schema, "3")
    assert not accepted(schema, 3)


@pytest.mark.parametrize(
    ("fraction", "shown"),
    [(0, "0.0 %"), (0.0336, "3.4 %"), (1, "100.0 %"), (0.000123, "0.012 %"), (1.2e-7, "0.000012 %")],
)
def test_shares_are_shown_without_powers_of_ten(fraction, shown):
    assert percent(fraction) == shown
