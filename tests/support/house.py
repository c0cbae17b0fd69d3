"""The rules of the house, read off the source with `ast`: each rule gives sentences about what breaks it.

The floors and what may import what are drawn in the docstring of `watcher/__init__.py`; the tables here are
that drawing for the machine. Where the work shows a better wall, both move together.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FLOORS = {
    0: {"errors", "quantities", "plugins", "files", "secret"},
    1: {"vision", "events", "inspection", "requests", "loop", "profiles", "ration", "settings"},
    2: {
        "sources",
        "sinks",
        "mqtt",
        "outbox",
        "references",
        "history",
        "metrics",
        "notify",
        "claims",
        "pictures",
        "masks",
    },
    3: {"camera", "archive", "web", "comparing"},
    4: {"config", "service", "deliveries", "post", "replaying", "tuning"},
    5: {"cli", "__main__"},
}
NEIGHBOURS = {
    ("mqtt", "outbox"), ("sinks", "outbox"), ("web", "history"), ("web", "metrics"), ("pictures", "sources"),
}  # fmt: skip
"""Families of floors 2 and 3 that may import another family of their floor."""
PROTOCOLS = {"watcher.sinks", "watcher.sources"}
"""Packages of floor 2 whose `__init__` holds nothing but protocols and names: any neighbour may use them."""

VALUES = {
    "abc", "base64", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime", "enum",
    "functools", "heapq", "itertools", "json", "math", "numbers", "operator", "re", "statistics", "string",
    "struct", "types", "typing",
}  # fmt: skip
"""What the pure floor may import of the standard library."""
ARRAYS = {"numpy", "cv2", "scipy", "skimage"}
"""What the pure floor may import beside that."""
DEAR = {"scipy", "skimage"}
"""Only ever imported inside the function that needs it: costs start-up time and memory."""
IMPURE_NAMES = {"open", "print", "input", "exec", "eval"}
IMPURE_ATTRIBUTES = {
    "now", "utcnow", "today", "fromtimestamp", "random", "randu", "randn", "default_rng", "imread", "imwrite",
    "VideoCapture", "VideoWriter", "tofile", "fromfile", "loadtxt", "savetxt", "read_text", "write_text",
    "read_bytes", "write_bytes",
}  # fmt: skip
"""A clock, randomness or a file, wherever they are reached through an attribute."""

FORBIDDEN_WORDS = (
    "Manager", "Handler", "Helper", "Util", "Processor", "Base", "Abstract", "Impl", "Info", "Data", "Common",
)  # fmt: skip
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
BROAD_EXCEPTS = {
    "watcher.camera.camera": 1,
    "watcher.camera.capture": 2,
    "watcher.camera.lessons": 1,
    "watcher.cli.probing": 1,
    "watcher.history": 1,
    "watcher.mqtt.broker": 1,
    "watcher.mqtt.client": 1,
    "watcher.mqtt.inlet": 1,
    "watcher.outbox.store": 1,
    "watcher.plugins": 1,
    "watcher.service": 1,
    "watcher.sinks.courier": 1,
    "watcher.sinks.snapshot": 1,
    "watcher.sinks.terminal": 1,
    "watcher.sources.build": 1,
    "watcher.sources.interrupt": 1,
}
"""How many times each module may catch everything: at the top of its threads, and where the code of others (a
source of the user's own, whoever obeys a command) is called; nowhere else."""
_PLUG_IN = re.compile(r"(watcher[\w.]*):\w+")
PRINTERS = ("watcher.cli", "watcher.sinks.terminal", "watcher.__main__")


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    path: Path
    name: str

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def room(self) -> str:
        """The name below the package: ``vision`` for ``watcher.vision.frame``; empty for the package itself."""
        return room(self.name)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @cached_property
    def imports(self) -> list["Import"]:
        return list(_imports(self.tree, inside=False))


@dataclass(frozen=True)
class Import:
    """A module that is imported, or named as ``package.module:Name`` to be imported when used."""

    name: str
    line: int
    inside: bool
    """Whether it stands in a function (or names a plug-in), so that importing the file does not import it."""

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def modules(root: Path) -> list[Module]:
    """Every module of the package ``watcher`` below `root`."""
    found = []
    for path in sorted((root / "watcher").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found.append(Module(path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)))
    return found


def room(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def floor(room_name: str) -> int | None:
    return next((number for number, rooms in FLOORS.items() if room_name in rooms), None)


def _imports(node: ast.AST, inside: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        within = inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(name, child.lineno, inside) for name in _targets(child))
        elif isinstance(child, ast.Constant) and (named := _PLUG_IN.fullmatch(str(child.value))):
            yield Import(named[1], child.lineno, inside=True)
        yield from _imports(child, within)


def _targets(node: ast.ImportFrom) -> list[str]:
    """``from watcher import a, b`` imports the rooms a and b; ``from watcher.x import y`` the module x."""
    if node.level:
        return [f"{'.' * node.level}{node.module or ''}"]
    if node.module == "watcher":
        return [f"watcher.{alias.name}" if floor(alias.name) is not None else "watcher" for alias in node.names]
    return [node.module or ""]


def has_a_floor(module: Module) -> Iterator[str]:
    if module.room and floor(module.room) is None:
        yield f"{module.name}: has no floor; give {module.room} one in tests/support/house.py"


def imports_down(module: Module) -> Iterator[str]:
    """To the same floor or down; on floors 2 and 3 not into another family."""
    mine = floor(module.room)
    for wanted in module.imports:
        if wanted.name.startswith("."):
            yield f"{module.name}:{wanted.line}: relative import; write the whole name"
        if wanted.top != "watcher" or not room(wanted.name) or not module.room or mine is None:
            continue
        theirs = floor(room(wanted.name))
        if theirs is None or theirs > mine:
            yield f"{module.name}:{wanted.line}: imports {wanted.name}, which is on a higher floor"
        strangers = mine == theirs and mine in (2, 3) and room(wanted.name) != module.room
        if strangers and wanted.name not in PROTOCOLS and (module.room, room(wanted.name)) not in NEIGHBOURS:
            yield f"{module.name}:{wanted.line}: imports {wanted.name}, another family of its floor"


def pure_floor(module: Module) -> Iterator[str]:
    """No clock, logging, threads, files or randomness on floors 0 and 1."""
    if floor(module.room) == 1:
        for wanted in module.imports:
            if wanted.top not in VALUES | ARRAYS | {"watcher"}:
                yield f"{module.name}:{wanted.line}: imports {wanted.name} on the pure floor"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id in IMPURE_NAMES:
                yield f"{module.name}:{node.lineno}: uses {node.id} on the pure floor"
            if isinstance(node, ast.Attribute) and node.attr in IMPURE_ATTRIBUTES:
                yield f"{module.name}:{node.lineno}: uses .{node.attr} on the pure floor"


def light_imports(module: Module) -> Iterator[str]:
    """Options, package fronts and floor 0 are read by `watcher check`; dear packages are imported where used."""
    light = module.is_package or module.path.stem == "options" or floor(module.room) == 0
    for wanted in module.imports:
        if wanted.inside:
            continue
        if wanted.top in DEAR:
            yield f"{module.name}:{wanted.line}: imports {wanted.name} outside the function that needs it"
        if light and wanted.top != "watcher" and wanted.top not in sys.stdlib_module_names:
            yield f"{module.name}:{wanted.line}: imports {wanted.name}; only the standard library is light enough"


def yaml_is_read_by_config(module: Module) -> Iterator[str]:
    if module.room != "config":
        for wanted in module.imports:
            if wanted.top == "yaml":
                yield f"{module.name}:{wanted.line}: imports yaml, which config alone reads"


def names(module: Module) -> Iterator[str]:
    """Words that say nothing do not name classes or modules."""
    named = [(part, 1) for part in module.name.split(".")]
    named += [(node.name, node.lineno) for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
    for name, line in named:
        words = {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}
        for word in FORBIDDEN_WORDS:
            if words & {word.lower(), f"{word.lower()}s"}:
                yield f"{module.name}:{line}: {name} is named {word}, which says nothing"


def sizes(module: Module) -> Iterator[str]:
    """Length of files, and of functions without their docstrings."""
    lines = module.text.count("\n")
    if lines > LONGEST_FILE:
        yield f"{module.name}: {lines} lines, {LONGEST_FILE} at most"
    for node in ast.walk(module.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0]
            told = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if told else 0
            length = (node.end_lineno or 0) - node.lineno + 1 - docstring
            if length > LONGEST_FUNCTION:
                yield f"{module.name}:{node.lineno}: {node.name} has {length} lines, {LONGEST_FUNCTION} at most"


def broad_excepts(module: Module) -> Iterator[str]:
    broad = [
        node.lineno
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type) and not _passes_on(node)
    ]
    allowed = BROAD_EXCEPTS.get(module.name, 0)
    if len(broad) > allowed:
        yield f"{module.name}: catches everything at lines {broad}; {allowed} allowed (tops of threads)"
    if len(broad) < allowed:
        yield f"{module.name}: catches everything {len(broad)} times; the list allows {allowed}: shorten it"


def _catches_everything(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(part, ast.Name) and part.id in ("Exception", "BaseException") for part in parts)


def _passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether it only tidies up and raises again what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def printing(module: Module) -> Iterator[str]:
    if not module.name.startswith(PRINTERS):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                yield f"{module.name}:{node.lineno}: prints"


RULES: tuple[Callable[[Module], Iterator[str]], ...] = (
    has_a_floor, imports_down, pure_floor, light_imports, yaml_is_read_by_config, names, sizes, broad_excepts,
    printing,
)  # fmt: skip


def faults(root: Path, rule: Callable[[Module], Iterator[str]]) -> list[str]:
    """What breaks `rule` in the package below `root`."""
    return [fault for module in modules(root) for fault in rule(module)]
