"""What is wrong with a configuration, and where: one line for a person each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from watcher.errors import ConfigError

Path = tuple[str | int, ...]
"""The keys and indices that lead to a value: ``("mqtt", 0, "port")``."""

MOST_SHOWN = 50


class Mark(NamedTuple):
    """A place in the file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence about one key; `mark` is None where the file as a whole is meant."""

    mark: Mark | None
    path: Path
    sentence: str

    def line(self, file: str) -> str:
        """``config.yaml:12:7: cameras.porch.zones.door.points: what is wrong and what to write instead``."""
        parts = [file if self.mark is None else f"{file}:{self.mark.line}:{self.mark.column}"]
        if self.path:
            parts.append(dotted(self.path))
        return printable(": ".join([*parts, self.sentence]))


def printable(text: str) -> str:
    """The text on one line, with what is no character for people written as its escape: ``\\n``, ``\\x00``."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def dotted(path: Path) -> str:
    """A path as people write it: ``mqtt[0].port``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_one_line(part)}" if text else _one_line(part)
    return text


def lines(file: str, problems: Iterable[Problem]) -> tuple[str, ...]:
    """One line a problem, in the order of the file, none twice."""
    ordered = sorted(set(problems), key=lambda problem: (problem.mark or Mark(0, 0), dotted(problem.path)))
    return tuple(dict.fromkeys(problem.line(file) for problem in ordered))


def refusal(file: str, problems: Iterable[Problem]) -> ConfigError:
    """The error that says all of them."""
    said = lines(file, problems)
    if len(said) > MOST_SHOWN:
        said = (*said[:MOST_SHOWN], f"{file}: and {len(said) - MOST_SHOWN} more")
    return ConfigError("\n".join(said))


def _one_line(key: str) -> str:
    key = key if len(key) <= 40 else f"{key[:39]}…"
    return key if key.isprintable() else repr(key)
