"""The store of references: every version whole, none overwritten, the damaged refused by name."""

import json
import multiprocessing
import os

import numpy as np
import pytest

from watcher.errors import ReferenceUnusable
from watcher.references import Store

MEMORY = {
    "expected": np.arange(24, dtype=np.float32).reshape(1, 4, 6),
    "spread": np.ones((4, 6), np.float32),
    "flag": np.array(True),
}
SIZE = (640, 480)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "references")


def test_what_was_saved_comes_back_exactly(store):
    stored = store.save("porch", "day", MEMORY, SIZE)
    loaded = Store(store.folder).load("porch", "day")
    assert loaded.stored == stored
    assert (stored.label, stored.full_size, stored.made_at.tzinfo is not None) == ("day@1", SIZE, True)
    assert loaded.memory.keys() == MEMORY.keys()
    for key, array in MEMORY.items():
        assert loaded.memory[key].dtype == array.dtype
        assert np.array_equal(loaded.memory[key], array)


def test_versions_count_and_stay(store):
    labels = [store.save("porch", "day", {"n": np.array(n)}, SIZE).label for n in range(12)]
    assert labels == [f"day@{n}" for n in range(1, 13)]
    assert store.newest("porch", "day").version == 12
    assert int(store.load("porch", "day", 3).memory["n"]) == 2
    assert [one.version for one in store.list("porch")] == list(range(1, 13))


def test_cameras_and_names_are_apart(store):
    for camera, name in (("porch", "day"), ("porch", "night"), ("yard", "day")):
        store.save(camera, name, MEMORY, SIZE)
    assert [one.label for one in store.list("porch")] == ["day@1", "night@1"]
    assert store.cameras() == ("porch", "yard")
    assert store.newest("yard", "night") is None


def test_only_as_many_as_wanted_are_kept(store):
    for _ in range(5):
        store.save("porch", "day", MEMORY, SIZE, keep=2)
    assert [one.version for one in store.list("porch")] == [4, 5]
    assert len(list((store.folder / "porch" / "day").iterdir())) == 4
    assert store.save("porch", "day", MEMORY, SIZE, keep=2).version == 6, "a number is not given twice"


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda stored: flipped(stored.path), "checksum"),
        (lambda stored: stored.path.write_bytes(b""), "checksum"),
        (lambda stored: os.truncate(stored.path, 40), "checksum"),
        (lambda stored: stored.path.unlink(), "No such file"),
        (lambda stored: stored.path.with_suffix(".json").write_text("{"), "description cannot be read"),
        (lambda stored: stored.path.with_suffix(".json").write_text('{"schema": 99}'), "another format"),
        (lambda stored: stored.path.with_suffix(".json").write_text("[]"), "description cannot be read"),
    ],
)
def test_a_damaged_version_is_refused_and_the_older_one_is_still_there(store, damage, words):
    store.save("porch", "day", {"n": np.array(1)}, SIZE)
    newest = store.save("porch", "day", {"n": np.array(2)}, SIZE)
    damage(newest)
    with pytest.raises(ReferenceUnusable, match=words) as refused:
        store.load("porch", "day")
    assert "day@2" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert int(store.load("porch", "day", 1).memory["n"]) == 1
    assert len(store.damaged("porch")) == 1
    assert store.save("porch", "day", MEMORY, SIZE).version == 3, "the damaged one is not overwritten"


def test_the_refusal_names_the_older_one(store):
    store.save("porch", "day", MEMORY, SIZE)
    flipped(store.save("porch", "day", MEMORY, SIZE).path)
    with pytest.raises(ReferenceUnusable, match="older day@1 is still there"):
        store.load("porch", "day")


def test_what_was_never_finished_does_not_count(store):
    store.save("porch", "day", MEMORY, SIZE)
    folder = store.folder / "porch" / "day"
    (folder / "2.npz").write_bytes(b"half")
    (folder / ".3.json.123.part").write_bytes(b"{")
    assert store.load("porch", "day").stored.version == 1
    assert store.damaged("porch") == ()
    assert store.save("porch", "day", MEMORY, SIZE).version == 3


def test_what_is_not_there_is_said_with_what_is(store):
    store.save("porch", "day", MEMORY, SIZE)
    with pytest.raises(ReferenceUnusable, match=r"no reference night of porch .*\(stored: day@1\)"):
        store.load("porch", "night")
    with pytest.raises(ReferenceUnusable, match="no reference day@7"):
        store.load("porch", "day", 7)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "Day", "day\n", "x" * 33, "1day", "día", "\0"])
def test_a_name_that_is_no_key_reaches_no_file(store, name):
    for attempt in (
        lambda: store.save("porch", name, MEMORY, SIZE),
        lambda: store.load("porch", name),
        lambda: store.save(name, "day", MEMORY, SIZE),
    ):
        with pytest.raises(ReferenceUnusable):
            attempt()
    assert not store.folder.exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "references").write_text("a file stands here")
    with pytest.raises(ReferenceUnusable, match="could not be written"):
        Store(tmp_path / "references").save("porch", "day", MEMORY, SIZE)


def test_objects_are_not_stored(store):
    with pytest.raises(ValueError, match="objects"):
        store.save("porch", "day", {"x": np.array([{}], dtype=object)}, SIZE)


def test_the_note_says_what_it_is(store):
    stored = store.save("porch", "day", MEMORY, SIZE)
    told = json.loads(stored.path.with_suffix(".json").read_text())
    assert told["full_size"] == [640, 480]
    assert told["sha256"] == stored.sha256
    assert stored.path.stat().st_mode & 0o444 == 0o444, "a daemon of another user can read it"


def save_some(folder):
    for _ in range(10):
        Store(folder).save("porch", "day", MEMORY, SIZE)


def test_several_processes_never_give_a_number_twice(store):
    spawn = multiprocessing.get_context("spawn")
    children = [spawn.Process(target=save_some, args=(store.folder,)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert [one.version for one in store.list("porch")] == list(range(1, 21))
    assert store.damaged("porch") == ()


def test_a_store_that_cannot_be_entered_is_a_sentence(tmp_path):
    store = Store(tmp_path / ("x" * 300))  # no disk takes that name: like a missing permission, also for root
    for ask in (
        lambda: store.newest("porch", "day"), lambda: store.load("porch", "day"), lambda: store.list("porch"),
        lambda: store.load("porch", "day", 3), lambda: store.damaged("porch"), store.cameras,
    ):  # fmt: skip
        with pytest.raises(ReferenceUnusable, match="cannot be looked at"):
            ask()
    with pytest.raises(ReferenceUnusable, match="could not be written"):
        store.save("porch", "day", MEMORY, SIZE)
