"""Quantities as people write them: ``0.3 s``, ``10 min``, ``1.5 %``, ``5 GB``.

Floor 0, standard library only. The annotated types at the end are what options dataclasses use; each
carries a `Quantity`, which both the configuration and MQTT commands parse with, and from which the JSON
Schema is written.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*")

_DIGITS = r"([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"

_SECONDS = {"ms": 0.001, "s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400, "day": 86400, "days": 86400}
_BYTES = {
    "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip


def percent(fraction: float) -> str:
    """``3.4 %``; below 0.1 % two significant digits, so that what is small does not read as nothing."""
    value = 100 * fraction
    if value >= 0.1 or value == 0:
        return f"{value:.1f} %"
    return f"{Decimal(f'{value:.1e}'):f} %"  # never 1.2e-05: a pixel of a large picture is so little


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit, and the range it must lie in (both ends included)."""

    what: str
    units: Mapping[str, float] = field(hash=False)
    bare: str | None
    """The unit that a number without one is taken in; None where a unit must be written."""
    example: str
    least: float = 0.0
    most: float = math.inf
    above: str = ""
    """What to say about a bare number above `most`."""

    def parse(self, value: object) -> float:
        """The value in the base unit; ValueError says in one sentence what to write instead."""
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(f"is not {self.what}; write for example {self.example}")
        number, unit = self._split(value)
        if unit == "" and self.bare is None:
            raise ValueError(f"has no unit; write for example {self.example}")
        factor = self.units.get((unit or self.bare or "").lower())
        if factor is None:
            known = ", ".join(name for name in self.units if name)
            raise ValueError(f"has the unknown unit {unit!r} (known: {known}); write for example {self.example}")
        return self._checked(number * factor, unit, number)

    def _split(self, value: float | str) -> tuple[float, str]:
        if not isinstance(value, str):
            try:
                return float(value), ""
            except OverflowError:  # a whole number of more than 308 digits
                return math.inf, ""
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise ValueError(f"{value!r} is not {self.what}; write for example {self.example}")
        return float(match[1]), match[2]

    def _checked(self, result: float, unit: str, number: float) -> float:
        if not math.isfinite(result):
            raise ValueError(f"is not a finite number; write for example {self.example}")
        if result < self.least:
            raise ValueError(
                f"is below {self.least:g}, the least that makes sense; write for example {self.example}"
            )
        if result > self.most:
            hint = self.above.format(number=f"{number:g}") if unit == "" else ""
            raise ValueError(
                hint or f"is above {self.most:g}, the most that makes sense; write for example {self.example}"
            )
        return result

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """How pydantic validates a field annotated with this (imported by pydantic's own call only)."""
        from pydantic_core import PydanticCustomError, core_schema

        def validate(value: object) -> float | int:
            try:
                parsed = self.parse(value)
            except ValueError as error:
                raise PydanticCustomError("quantity", "{sentence}", {"sentence": str(error)}) from None
            return round(parsed) if source is int else parsed

        return core_schema.no_info_plain_validator_function(validate)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """What an editor is told: a number, or text with one of the units."""
        units = "|".join(_any_case(name) for name in sorted(filter(None, self.units), key=len, reverse=True))
        optional = "" if self.bare is None else "?"
        text = {"type": "string", "pattern": rf"^\s*[+]?{_DIGITS}\s*({units}){optional}\s*$"}
        kinds: list[dict[str, Any]] = [text] if self.bare is None else [{"type": "number"}, text]
        return {"anyOf": kinds, "description": f"{self.what}, for example {self.example}"}


class Length(str):
    """A length in the picture or on the part that it shows, as text: ``6 px``, ``0.3 mm``."""

    __slots__ = ()

    def pixels(self, pixels_per_mm: float | None) -> float:
        """In pixels; ValueError where it is in millimetres and nobody has said how many pixels one has."""
        number, unit = self.split()
        if unit == "px":
            return float(number)
        if pixels_per_mm is None:
            raise ValueError(f"{self} needs pixels_per_mm, or write it in pixels, for example 6 px")
        return float(number) * pixels_per_mm

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """To pydantic it is text: that is how a default of it is written into the JSON Schema."""
        from pydantic_core import core_schema

        return core_schema.str_schema()


@dataclass(frozen=True, slots=True)
class LengthQuantity(Quantity):
    """A `Length`: its unit is kept, because millimetres become pixels only with the camera's scale."""

    def parse(self, value: object) -> Length:  # type: ignore[override]
        """The length as it was written; ValueError as for every quantity."""
        if isinstance(value, Length):
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError(f"is not {self.what}; write for example {self.example}")
        number, unit = self._split(value)
        unit = (unit or self.bare or "").lower()
        if unit not in self.units:
            raise ValueError(f"has the unknown unit {unit!r} (known: px, mm); write for example {self.example}")
        return Length(f"{self._checked(number, unit, number):g} {unit}")


def _any_case(unit: str) -> str:
    """A pattern for the unit in capitals or not: JSON Schema's patterns know no flag for that."""
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in unit)


DURATION = Quantity("a duration", _SECONDS, "s", "0.5 s")
FRACTION = Quantity(
    "a fraction", {"": 1.0, "%": 0.01}, "", "1.5 %", most=1.0,
    above="is above 1: a bare number is a fraction from 0 to 1; write {number} %",
)  # fmt: skip
SIZE = Quantity("a number of bytes", _BYTES, "b", "5 GB")
COUNT_PER_SECOND = Quantity("a rate", {"": 1.0, "fps": 1.0, "/s": 1.0, "hz": 1.0}, "", "10")
PER_DAY = Quantity(
    "a number a day", {"": 1.0, "/day": 1.0, "/d": 1.0, "/h": 24.0, "/week": 1 / 7}, "", "24/day",
    least=0.01, most=1000.0, above="is above 1000 a day; write for example 24/day",
)  # fmt: skip

LENGTH = LengthQuantity("a length", {"px": 1.0, "mm": 1.0}, "px", "6 px, or 0.3 mm")


def counted(count: int, what: str) -> str:
    """``1 record``, ``3 records``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


Seconds = Annotated[float, DURATION]
Fraction = Annotated[float, FRACTION]
ByteCount = Annotated[int, SIZE]
Rate = Annotated[float, COUNT_PER_SECOND]
PerDay = Annotated[float, PER_DAY]
Pixels = Annotated[Length, LENGTH]
