"""What commands have set, over a restart and beside a configuration that changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from watcher.config import read
from watcher.config.overrides import NAME, Keeper, laid_over, overrides_of, read_overrides
from watcher.config.reading import Loaded

NOW = datetime.now(UTC)


def configured(folder: Path, more: str = "") -> Loaded:
    file = folder / "config.yaml"
    file.write_text(f"storage: {{folder: {folder / 'data'}}}\ncameras:\n  porch: {{source: demo{more}}}\n")
    return read(file)


def kept(folder: Path, *changes: tuple[str, float | bool | str]) -> None:
    """As if commands had set this, and the daemon had ended."""
    adjusted = configured(folder).adjusted("porch")
    for name, value in changes:
        adjusted = adjusted.adjusted(name, value, NOW)
    assert Keeper(folder / "data", {}).keep({"porch": adjusted})


def test_what_was_set_is_found_again(tmp_path: Path) -> None:
    kept(tmp_path, ("threshold", 1e-05), ("profile", "wildlife"), ("enabled", False), ("mute", 3600.0))
    loaded = configured(tmp_path)
    made, said = laid_over(loaded.adjusted("porch"), loaded.overrides["porch"])
    assert said == ()
    assert made.values == {"events.threshold": 1e-05, "profile": "wildlife", "enabled": False}
    assert made.muted_until is not None
    assert abs(made.muted_until - NOW - timedelta(hours=1)) < timedelta(seconds=1)
    assert made.options.detector.sensitivity == 0.6, "the profile's"
    text = (tmp_path / "data" / NAME).read_text()
    assert '"events.threshold": {value: 1.0e-05, replaced: 0.003}' in text


def test_config_yaml_wins_where_it_changes_and_that_is_said_once(tmp_path: Path) -> None:
    kept(tmp_path, ("threshold", 0.02), ("sensitivity", 0.8))
    loaded = configured(tmp_path, ", events: {threshold: 5 %}")
    made, said = laid_over(loaded.adjusted("porch"), loaded.overrides["porch"])
    assert made.values == {"detector.sensitivity": 0.8}
    assert said == (
        "events.threshold was changed from 0.003 to 0.05 in config.yaml, which wins over 0.02, as a command had set"
        " it",
    )
    assert Keeper(tmp_path / "data", loaded.overrides).keep({"porch": made})
    again = configured(tmp_path, ", events: {threshold: 5 %}")
    assert laid_over(again.adjusted("porch"), again.overrides["porch"])[1] == ()


def test_a_mute_that_is_over_is_not_kept(tmp_path: Path) -> None:
    adjusted = configured(tmp_path).adjusted("porch").adjusted("mute", 60.0, NOW - timedelta(minutes=2))
    assert overrides_of(adjusted) == {}


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"cameras: [", b"- 1", b"cameras: 7", b"x" * 300_000, b"", b"a: &a [*a]"],
    ids=lambda content: repr(content[:10]),
)
def test_a_file_that_is_not_ours_is_left_out_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    found, said = read_overrides(tmp_path)
    assert found == {}
    assert len(said) == 1
    assert str(tmp_path / NAME) in said[0]


@pytest.mark.parametrize("entry", ["7", "{value: 1}", "{value: [1], replaced: 1}", "{value: 1, replaced: {}}", "x"])
def test_an_entry_that_is_not_ours_is_left_out(tmp_path: Path, entry: str) -> None:
    (tmp_path / NAME).write_text(f"cameras: {{porch: {{events.threshold: {entry}}}}}\n")
    assert read_overrides(tmp_path) == ({"porch": {}}, ())


def test_without_the_file_nothing_is_said(tmp_path: Path) -> None:
    assert read_overrides(tmp_path) == ({}, ())


def test_a_disk_that_takes_nothing_is_said_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    adjusted = configured(tmp_path).adjusted("porch").adjusted("threshold", 0.5, NOW)
    folder = tmp_path / "place"
    folder.write_text("a file where the folder should be")
    keeper = Keeper(folder, {})
    assert not keeper.keep({"porch": adjusted})
    assert not keeper.keep({"porch": adjusted})
    assert caplog.text.count("holds only until the next start") == 1
    folder.unlink()
    assert keeper.keep({"porch": adjusted})
    assert read_overrides(folder)[0]["porch"]["events.threshold"].value == 0.5


def test_every_profile_that_fits_is_offered(tmp_path: Path) -> None:
    loaded = configured(tmp_path, ", reference: {kind: background, adapt: 30 s}")
    assert set(loaded.profiles["porch"]) >= {"wildlife", "plain"}
    assert loaded.profiles["porch"]["wildlife"].events.threshold == 0.0003
    assert "home" not in loaded.profiles["porch"], "that is the configured one"


def test_a_profile_that_does_not_fit_is_not_offered(tmp_path: Path) -> None:
    loaded = configured(tmp_path, ", reference: {adapt: 30 s}")
    assert "wildlife" in loaded.profiles["porch"]
    assert "plain" not in loaded.profiles["porch"], "a fixed reference does not adapt"
