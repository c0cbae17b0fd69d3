"""A password or the like in the configuration, which never shows. Floor 0, standard library only."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watcher.files import read_small

_LARGEST_SECRET = 64 * 1024
"""Bytes."""
_SECRET_HINT = "write the text in quotes, or {file: PATH}, {env: NAME} or {credential: NAME}"


class Secret:
    """A password, or where to find it: ``{file: PATH}``, ``{env: NAME}`` or ``{credential: NAME}``.

    It is looked up anew at each connection (`text`), so a changed file is taken up, and it never shows: its
    ``repr`` and ``str`` are ``***``.
    """

    __slots__ = ("_place", "_value")
    _place: str
    _value: str

    def __init__(self, value: "str | Mapping[str, str] | Secret") -> None:
        if isinstance(value, Secret):
            self._place, self._value = value._place, value._value
        elif isinstance(value, str):
            self._place, self._value = "text", value
        else:
            self._place, self._value = _place(value)

    @property
    def plain(self) -> bool:
        """True where the secret itself stands in the configuration."""
        return self._place == "text"

    @property
    def missing(self) -> str:
        """Where the file is that is not there; empty where it is there or none is named."""
        return self._value if self._place == "file" and not os.path.exists(os.path.expanduser(self._value)) else ""

    @property
    def unset(self) -> str:
        """The environment variable that is not set now; empty where it is set or none is named."""
        return self._value if self._place == "env" and self._value not in os.environ else ""

    def text(self) -> str:
        """The secret, looked up now; ValueError says in one sentence why it could not be found."""
        if self._place == "text":
            return self._value
        if self._place == "env":
            return self._from_environment()
        return self._from_file()

    def _from_environment(self) -> str:
        try:
            return os.environ[self._value]
        except KeyError:
            raise ValueError(f"the environment variable {self._value} is not set") from None

    def _from_file(self) -> str:
        path = Path(self._value).expanduser()
        if self._place == "credential":
            folder = os.environ.get("CREDENTIALS_DIRECTORY")
            if folder is None:
                raise ValueError(
                    f"there is no credential {self._value}: $CREDENTIALS_DIRECTORY is not set "
                    "(systemd sets it for a unit with LoadCredential=)"
                )
            path = Path(folder) / self._value
        try:
            data, _ = read_small(path, _LARGEST_SECRET)
            if len(data) > _LARGEST_SECRET:
                raise ValueError(f"{path} is too large to be a password")
            return data.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not a text file") from None
        except OSError as error:
            raise ValueError(f"{path} cannot be read ({error.strerror})") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._place, self._value) == (other._place, other._value)

    def __hash__(self) -> int:
        return hash((self._place, self._value))

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """How pydantic validates a field of this type (imported by pydantic's own call only)."""
        from pydantic_core import PydanticCustomError, core_schema

        def validate(value: Any) -> Secret:
            try:
                return cls(value)
            except ValueError as error:
                raise PydanticCustomError("secret", "{sentence}", {"sentence": str(error)}) from None

        return core_schema.no_info_plain_validator_function(validate)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """What an editor is told: text, or one of the three places."""
        places = [
            {
                "type": "object",
                "properties": {place: {"type": "string"}},
                "required": [place],
                "additionalProperties": False,
            }
            for place in ("file", "env", "credential")
        ]
        return {"anyOf": [{"type": "string"}, *places], "description": "a secret, or where to find it"}


def _place(value: object) -> tuple[str, str]:
    """Where a secret lies; the value itself is never in an error, it may be the secret."""
    if not isinstance(value, Mapping):
        raise ValueError(f"is not a secret; {_SECRET_HINT}")
    if len(value) != 1 or next(iter(value)) not in {"file", "env", "credential"}:
        raise ValueError(f"is not a place of a secret; {_SECRET_HINT}")
    ((place, name),) = value.items()
    if not isinstance(name, str) or not name:
        raise ValueError(f"has no name for {place}; {_SECRET_HINT}")
    if place == "credential" and ("/" in name or name in {".", ".."}):
        raise ValueError("a credential has a plain name without slashes")
    return place, name
