"""Finding an implementation by name: the whole of the plug-in machinery."""

import importlib
from typing import Any


def load(spec: str) -> Any:
    """The object named ``package.module:Name``, imported now; ValueError says what is wrong with the name."""
    module_name, _, name = spec.partition(":")
    if not module_name or not name or module_name.startswith("."):
        raise ValueError(f"{spec!r} does not name a class; write package.module:Class")
    try:
        module = importlib.import_module(module_name)
    except (ImportError, SyntaxError) as error:
        raise ValueError(f"{module_name} cannot be imported ({error})") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - somebody else's module: it may raise anything
        raise ValueError(f"{module_name} cannot be imported ({type(error).__name__}: {error})") from None
    try:
        return getattr(module, name)
    except AttributeError:
        raise ValueError(f"{module_name} has no {name}") from None
