"""A section that names its kind: how the configuration picks the options dataclass by it."""

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

CUSTOM = "package.module:Class"
"""Stands for a kind of the user's own."""


def members(hint: Any) -> dict[str, type]:
    """The dataclasses of a union by their kind; one whose `kind` is any text is that of `CUSTOM` kinds."""
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    found: dict[str, type] = {}
    for member in get_args(hint):
        kind = get_type_hints(member)["kind"] if is_dataclass(member) else None
        names = get_args(kind) if get_origin(kind) is Literal else (CUSTOM,)
        if isinstance(member, type):
            found.update(dict.fromkeys(names, member))
    return found


@dataclass(frozen=True, slots=True)
class ByKind:
    """Marks a union of options dataclasses that is told apart by `kind`, so that errors are about that one.

    `text` makes options of the one-string form, where there is one; its ValueError is one sentence.
    """

    text: Callable[[str], Any] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """How pydantic validates it (imported by pydantic's own call only)."""
        from pydantic_core import core_schema

        kinds = members(source)
        # Angle brackets: pydantic puts the choice into an error's location, and no key can look like that.
        choices = {f"<{kind}>": handler.generate_schema(member) for kind, member in kinds.items()}

        def choose(value: Any) -> str | None:
            kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
            if isinstance(kind, str) and kind not in kinds and ":" in kind and CUSTOM in kinds:
                return f"<{CUSTOM}>"
            return f"<{kind}>" if isinstance(kind, str) and kind in kinds else None

        tagged = core_schema.tagged_union_schema(choices, choose)
        return core_schema.no_info_before_validator_function(self._prepared(kinds), tagged)

    def _prepared(self, kinds: dict[str, type]) -> Callable[[Any], Any]:
        """What makes options of text, and refuses what names no known kind."""
        from pydantic_core import PydanticCustomError

        def prepare(value: Any) -> Any:
            if isinstance(value, str) and self.text is not None:
                try:
                    return self.text(value)
                except ValueError as error:
                    raise PydanticCustomError("text", "{sentence}", {"sentence": str(error)}) from None
            if not isinstance(value, (dict, *kinds.values())):
                raise PydanticCustomError("kind_section", "no section")
            kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
            custom = isinstance(kind, str) and ":" in kind and CUSTOM in kinds
            if not custom and (not isinstance(kind, str) or kind not in kinds):
                given = str(kind) if kind is not None else ""
                raise PydanticCustomError("kind", "no kind", {"given": given, "kinds": list(kinds)})
            return value

        return prepare

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """What an editor is told: one of the kinds, or text where that is accepted."""
        written: dict[str, Any] = handler(schema)
        if self.text is None:
            return written
        choices = written.get("oneOf", [written])
        return {"anyOf": [{"type": "string"}, *choices]}
