"""A few values written into a config.yaml that somebody has written: the rest stays as it is, to the last comment.

The text is changed, not written anew from what was read. Then it is read back: unless it says exactly what was
meant and nothing else, the file stays untouched and the reason is one sentence.
"""

import os
from collections.abc import Mapping
from pathlib import Path as File

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from watcher.config.document import tree
from watcher.config.options import Options
from watcher.config.problem import Path
from watcher.config.reading import read
from watcher.errors import ConfigError, RequestRefused
from watcher.files import write_whole

_BOM = "\ufeff"


def write_values(path: File, values: Mapping[Path, str], meant: Options) -> None:
    """Write values, as people write them, into a configuration that can be read.

    Parameters
    ----------
    path : the file; a link is followed. Its mode and owner stay.
    values : the path of each key to what is to stand there.
    meant : what the file has to say afterwards.

    Raises
    ------
    RequestRefused : it cannot be done without touching something else, or cannot be written; nothing has changed.
    """
    file = path.resolve()
    try:
        text = file.read_bytes().decode("utf-8")
        for key, value in values.items():
            text = with_value(text, key, value)
        # In the same folder, since what it names is looked for from there.
        trial = file.with_name(f".{file.name}.{os.getpid()}.trial")
        try:
            write_whole(trial, text.encode(), file.stat())
            found = read(trial).options
        finally:
            trial.unlink(missing_ok=True)
        if found != meant:
            raise RequestRefused(f"{path} is written in a way that cannot be changed safely: put it in by hand")
        write_whole(file, text.encode(), file.stat())
    except OSError as error:
        raise RequestRefused(f"{path} cannot be written ({error.strerror}): put it in by hand") from None
    except ConfigError as error:
        raise RequestRefused(f"{path} could not be read any more with it: put it in by hand\n{error}") from None


def with_value(text: str, path: Path, value: str) -> str:
    """The text of a configuration with `value` at `path`, replaced or put in; everything else as it was.

    RequestRefused where it hangs on an alias, or on what is no section.
    """
    mark = len(_BOM) if text.startswith(_BOM) else 0
    body = text[mark:]
    node = tree(body)
    for depth, name in enumerate(path):
        if not isinstance(node, MappingNode):
            raise _unfit(path)
        found = next((pair for pair in node.value if _named(pair[0], str(name))), None)
        if found is None:
            return text[:mark] + _inserted(body, node, path[depth:], value)
        key, inner = found
        if _elsewhere(key, inner):
            raise _unfit(path)
        if isinstance(inner, ScalarNode) and not inner.value and inner.start_mark.index == inner.end_mark.index:
            # Nothing is written there: an empty section, its lines commented out, say.
            colon = body.index(":", key.end_mark.index) + 1
            return f"{text[:mark]}{body[:colon]} {_nested(path[depth + 1 :], value)}{body[colon:]}"
        node = inner
    if not isinstance(node, ScalarNode):
        raise _unfit(path)
    return text[:mark] + body[: node.start_mark.index] + value + body[node.end_mark.index :]


def _unfit(path: Path) -> RequestRefused:
    name = ".".join(str(part) for part in path)
    return RequestRefused(f"{name} is written in a way that cannot be changed safely: put it in by hand")


def _named(key: Node, name: str) -> bool:
    return isinstance(key, ScalarNode) and key.value == name


def _elsewhere(key: Node, value: Node) -> bool:
    """Whether the value is an alias: what it stands for was written before its key."""
    return bool(value.start_mark.index < key.start_mark.index)


def _nested(path: Path, value: str) -> str:
    """The value in as many sections as are missing, on one line."""
    for name in reversed(path):
        value = f"{{{name}: {value}}}"
    return value


def _inserted(text: str, section: MappingNode, path: Path, value: str) -> str:
    """The text with a key more in a section, behind those that it has."""
    entry = f"{path[0]}: {_nested(path[1:], value)}"
    last = _end(text, *section.value[-1]) if section.value else section.start_mark.index + 1
    if section.flow_style:
        return f"{text[:last]}{', ' if section.value else ''}{entry}{text[last:]}"
    end = text.find("\n", last)
    end = len(text) if end < 0 else end
    broken = "\r\n" if text[end - 1 : end] == "\r" else "\n"
    at = end - len(broken) + 1 if end < len(text) else end
    return f"{text[:at]}{broken}{' ' * section.start_mark.column}{entry}{text[at:]}"


def _end(text: str, key: Node, value: Node) -> int:
    """Where a key's value ends, without the comments and empty lines behind it."""
    if _elsewhere(key, value):  # an alias, which stands on the key's line
        end = text.find("\n", key.end_mark.index)
        return len(text) if end < 0 else end
    if isinstance(value, MappingNode) and value.value and not value.flow_style:
        return _end(text, *value.value[-1])
    if isinstance(value, SequenceNode) and value.value and not value.flow_style:
        return _end(text, value, value.value[-1])
    end = value.end_mark.index
    while end > key.end_mark.index and text[end - 1].isspace():
        end -= 1
    return int(max(end, key.end_mark.index))
