"""A camera's settings: what config.yaml says, and what commands have set above that. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

from watcher import settings
from watcher.camera.kinds import members
from watcher.camera.options import CameraOptions
from watcher.errors import RequestRefused
from watcher.settings import MUTE, PROFILE, RECIPE, REFERENCE_MODE, Setting, Value

LONGEST_MUTE = timedelta(days=30)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """The settings of one camera, by layers; a value: what changes it makes another.

    `profiles` are the camera's options under every other profile that fits to what config.yaml says; `values` are
    what commands have set, by the key that config.yaml has for it.
    """

    config: CameraOptions
    profiles: Mapping[str, CameraOptions] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    muted_until: datetime | None = None

    @property
    def options(self) -> CameraOptions:
        """What is in force."""
        options = self._under(self.values.get(PROFILE.key))
        for key, value in self.values.items():
            if key != PROFILE.key:
                options = _with(options, tuple(key.split(".")), self._meant(key, value))
        return options

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What can be set of this camera, with the choices that it really has."""
        zones = ((key, zone.name) for key, zone in self.config.zones.items())
        made = (replace(one, choices=self._choices(one)) for one in settings.of_camera(zones))
        return tuple(one for one in made if one.choices or not one.named)

    def configured(self, key: str) -> Value:
        """What config.yaml says (or its profile, or a default); LookupError where there is no such key."""
        found: Any = self.config
        for part in key.split("."):
            found = _inside(found, part)
        return found  # type: ignore[no-any-return]

    def adjusted(self, name: str, value: Value, now: datetime) -> "Adjusted":
        """With one setting changed; None takes back what a command has set. `now` is UTC, for what has an end.

        Raises
        ------
        RequestRefused : there is no such setting, or it cannot have this value.
        """
        setting = next((one for one in self.settings if one.name == name), None)
        if setting is None:
            known = ", ".join(one.name for one in self.settings)
            if name == RECIPE.name and self.options.inspects:
                raise RequestRefused("there is only one product here: `inspection.recipes` has none to switch to")
            raise RequestRefused(f"there is no setting {name}; known are {known}")
        if setting.name == MUTE.name:
            return replace(self, muted_until=_end_of_mute(value, now))
        if value is not None:
            _check(setting, value)
        others = {key: kept for key, kept in self.values.items() if key != setting.key}
        if value is not None and value != self.configured(setting.key):
            others[setting.key] = value
        made = replace(self, values=others)
        try:
            _ = made.options
        except (ValueError, LookupError) as error:
            raise RequestRefused(str(error)) from None
        return made

    def restored(self, kept: Mapping[str, Value]) -> tuple["Adjusted", tuple[str, ...]]:
        """With what was kept of another day, and a sentence for each value that cannot be in force any more."""
        made, left_out = self, []
        for key, value in kept.items():
            setting = next((one for one in self.settings if one.key == key), None)
            try:
                if setting is None:
                    raise RequestRefused("there is no such setting")
                made = made.adjusted(setting.name, value, _NEVER)
            except RequestRefused as refused:
                left_out.append(f"{key} is no longer {value!r}, as a command had set it: {refused}")
        return made, tuple(left_out)

    def told(self, muted_for: float) -> dict[str, str]:
        """Every setting's value in force, as it is published, by name; `muted_for` in seconds, 0: not muted."""
        options = self.options
        found = {}
        for setting in self.settings:
            if setting.name == MUTE.name:
                found[setting.name] = setting.told(muted_for)
                continue
            value: Any = options
            for part in setting.key.split("."):
                value = _inside(value, part)
            if setting.name == RECIPE.name:
                value = value or next(iter(options.inspection.recipes), "")
            # A zone without a threshold of its own has the common one.
            found[setting.name] = setting.told(options.events.threshold if value is None else value)
        return found

    def _choices(self, setting: Setting) -> tuple[str, ...]:
        if setting.name == PROFILE.name:
            return tuple(one for one in setting.choices if one == self.config.profile or one in self.profiles)
        if setting.name == REFERENCE_MODE.name:
            return tuple(kind for kind in _reference_kinds() if self._reference(kind) is not None)
        return tuple(self.config.inspection.recipes) if setting.name == RECIPE.name else setting.choices

    def _under(self, profile: Value) -> CameraOptions:
        return self.profiles.get(str(profile), self.config) if profile is not None else self.config

    def _meant(self, key: str, value: Value) -> Any:
        return self._reference(str(value)) if key == REFERENCE_MODE.key else value

    def _reference(self, kind: str) -> Any:
        """A reference of this kind: as it is configured, else with its defaults; None: there is none."""
        options = self._under(self.values.get(PROFILE.key))
        for reference in (options.reference, self.config.reference):
            if reference.kind == kind:
                return reference
        try:
            return _reference_kinds()[kind]()
        except (KeyError, TypeError, ValueError):
            return None


def _reference_kinds() -> dict[str, type]:
    return members(get_type_hints(CameraOptions, include_extras=True)["reference"])


def _check(setting: Setting, value: Value) -> None:
    """RequestRefused where a value that no text was is not of the setting's kind."""
    if setting.quantity is not None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RequestRefused(f"{setting.name} is {setting.quantity.what}, not {value!r}")
        try:
            setting.quantity.parse(value)
        except ValueError as error:
            raise RequestRefused(f"{setting.name} {error}") from None
    elif setting.choices:
        if value not in setting.choices:
            raise RequestRefused(f"{setting.name} is one of {', '.join(setting.choices)} for this camera")
    elif not isinstance(value, bool):
        raise RequestRefused(f"{setting.name} is ON or OFF")


def _end_of_mute(value: Value, now: datetime) -> datetime | None:
    if value is None:
        return None
    _check(MUTE, value)
    seconds = float(value)
    if seconds > LONGEST_MUTE.total_seconds():
        raise RequestRefused(f"mute is at most {LONGEST_MUTE.days} days; enabled OFF has no end")
    return now + timedelta(seconds=seconds) if seconds else None


def _inside(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value[part]
    if is_dataclass(value) and hasattr(value, part):
        return getattr(value, part)
    raise LookupError(part)


def _with(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """The same options with another value at a path of keys; the dataclasses' own checks are made again."""
    part, rest = path[0], path[1:]
    if (part, *rest) == ("reference", "kind"):
        return replace(value, reference=new)
    inner = _with(_inside(value, part), rest, new) if rest else new
    return {**value, part: inner} if isinstance(value, Mapping) else replace(value, **{part: inner})
