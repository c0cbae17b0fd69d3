"""The locks in requirements/: written by uv, and held against pyproject.toml without a network.

    python .ci/lock.py write     resolves anew with uv (keeps what is pinned; `write --upgrade` takes newer ones)
    python .ci/lock.py check     exit status 1 where a lock and pyproject.toml do not fit together

`requirements/run.txt` runs the program, `test.txt` also tests it, `dev.txt` also lints it. Every line has
its hashes, so pip takes exactly what was locked; no line names the place that it comes from.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {"run": ["build"], "test": ["build", "test"], "dev": ["build", "test", "dev"]}
"""The dependency groups in each lock, beside the dependencies and extras of the project itself."""

_COMPILE = [
    "uv", "pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--python-version", "3.11",
    "--fork-strategy", "fewest", "--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet",
]  # fmt: skip
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)==(?P<version>[^\s;\\]+)\s*(;(?P<marker>[^\\]+))?")
_HOST = re.compile(r"\w+://|\.(org|io|com|net)\b")


def write(arguments: list[str]) -> int:
    """Resolves the largest lock first; the others are cut out of it, so that all name the same versions."""
    wider: list[str] = []
    for name in sorted(LOCKS, key=lambda name: -len(LOCKS[name])):
        target = f"requirements/{name}.txt"
        groups = [part for group in LOCKS[name] for part in ("--group", group)]
        command = [*_COMPILE, *groups, *wider, *([] if wider else arguments), "--output-file", target]
        print("+", *command)
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        wider = ["--constraints", target]
    return check()


def check() -> int:
    """Prints one line for each thing that does not fit."""
    faults = [fault for name in LOCKS for fault in _faults(name)]
    for fault in faults:
        print(fault)
    print(f"{len(LOCKS)} locks fit pyproject.toml" if not faults else "write them anew: python .ci/lock.py write")
    return bool(faults)


def _faults(name: str) -> Iterator[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    wanted = list(_wanted(name))
    pins = [match for line in text.splitlines() if (match := _PIN.match(line))]
    for requirement in wanted:
        yield from (f"{name}.txt: {fault}" for fault in _unsatisfied(requirement, pins))
    known = {canonicalize_name(requirement.name) for requirement in wanted}
    for direct in sorted(_direct(text) - known):
        yield f"{name}.txt: {direct} is locked for pyproject.toml, which does not ask for it any more"
    for block in re.split(r"\n(?=\S)", text):
        if "==" in block and "--hash=" not in block:
            yield f"{name}.txt: {block.splitlines()[0]} has no hash"
    if match := _HOST.search(text):
        yield f"{name}.txt: names a host ({match[0]})"


def _wanted(name: str) -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    groups = (project["dependency-groups"][group] for group in LOCKS[name])
    for part in (project["project"]["dependencies"], *extras, *groups):
        yield from map(Requirement, part)
    yield from map(Requirement, project["build-system"]["requires"])


def _unsatisfied(requirement: Requirement, pins: list[re.Match[str]]) -> Iterator[str]:
    name = canonicalize_name(requirement.name)
    mine = [pin for pin in pins if canonicalize_name(pin["name"]) == name]
    for python in _PYTHONS:
        environment = {"python_version": python, "python_full_version": f"{python}.0"}
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        fitting = [p["version"] for p in mine if not p["marker"] or Marker(p["marker"]).evaluate(environment)]
        if not fitting:
            yield f"{requirement} is not locked for Python {python}"
        elif not requirement.specifier.contains(fitting[0], prereleases=True):
            yield f"{requirement} is locked at {fitting[0]}"


def _direct(text: str) -> set[str]:
    """Names that uv locked because pyproject.toml asks for them itself."""
    blocks = (block for block in re.split(r"\n(?=\S)", text) if "pyproject.toml" in block)
    return {canonicalize_name(match["name"]) for block in blocks if (match := _PIN.match(block))}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", *rest]:
            sys.exit(write(rest))
        case ["check"]:
            sys.exit(check())
        case _:
            sys.exit(__doc__)
