"""A reference over a restart."""

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.cameras import SIZE, options, scene
from watcher.camera.memory import KEPT_VERSIONS, Memory
from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.errors import ReferenceUnusable
from watcher.references import Origin, Store
from watcher.vision.geometry import Size
from watcher.vision.options import AreaOptions, DetectorOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions


class Learner:
    """What `Memory` needs of a detector, as lists."""

    def __init__(self, kept: dict[str, NDArray[Any]] | None = None) -> None:
        self.kept = {} if kept is None else kept
        self.remembered: list[tuple[dict[str, NDArray[Any]], Size]] = []
        self.given: list[NDArray[np.uint8]] = []

    def memory(self) -> dict[str, NDArray[Any]]:
        return self.kept

    def remember(self, memory: dict[str, NDArray[Any]], full_size: Size) -> None:
        self.remembered.append((memory, full_size))

    def use_reference(self, picture: NDArray[np.uint8]) -> None:
        self.given.append(picture)


PLANES = {"planes": np.arange(12, dtype=np.uint16).reshape(3, 4)}
LEFT = AreaOptions(points=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))


def memory(folder: Path, settings: CameraOptions | None = None) -> Memory:
    settings = settings or options()
    return Memory(settings, Store(folder), Veil([area.points for area in settings.privacy.values()]))


def test_what_was_learnt_is_found_again(tmp_path: Path) -> None:
    memory(tmp_path).save(Learner(PLANES), SIZE)
    learner = Learner()
    assert memory(tmp_path).restore(learner, SIZE) == "background@1"
    ((arrays, size),) = learner.remembered
    assert size == SIZE
    assert arrays.keys() == PLANES.keys()  # and nothing that is not the detector's
    np.testing.assert_array_equal(arrays["planes"], PLANES["planes"])


def test_nothing_is_kept_of_a_detector_that_still_learns(tmp_path: Path) -> None:
    memory(tmp_path).save(Learner(), SIZE)
    learner = Learner()
    assert memory(tmp_path).restore(learner, SIZE) == ""
    assert not learner.remembered


def test_only_the_newest_versions_stay(tmp_path: Path) -> None:
    kept = memory(tmp_path)
    for _ in range(KEPT_VERSIONS + 3):
        kept.save(Learner(PLANES), SIZE)
    assert len(Store(tmp_path).list("porch")) == KEPT_VERSIONS


@pytest.mark.parametrize(
    "other",
    [
        {"detector": DetectorOptions(size=200)},
        {"detector": DetectorOptions(color=True)},
        {"reference": BackgroundOptions(learn=9.0)},
        {"privacy": {"window": LEFT}},
    ],
    ids=["size", "color", "learn", "privacy"],
)
def test_other_settings_make_a_new_reference(
    tmp_path: Path, other: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    memory(tmp_path).save(Learner(PLANES), SIZE)
    learner = Learner()
    assert memory(tmp_path, options(**other)).restore(learner, SIZE) == ""
    assert not learner.remembered
    assert (
        "porch: the stored reference is not used, a new one is made: background@1 was made with other"
        in caplog.text
    )


def test_settings_that_do_not_matter_do_not_matter(tmp_path: Path) -> None:
    memory(tmp_path).save(Learner(PLANES), SIZE)
    other = options(detector=DetectorOptions(sensitivity=0.9), name="Front door")
    assert memory(tmp_path, other).restore(Learner(), SIZE) == "background@1"


def test_what_was_learnt_is_left_behind_with_a_picture_that_stays(tmp_path: Path) -> None:
    taken = options(reference=FixedOptions())
    memory(tmp_path, taken).save(Learner({**PLANES, "restless": np.ones((2, 2), np.float16)}), SIZE)
    for anew, known in ((False, {"planes", "restless"}), (True, {"planes"})):
        learner = Learner()
        memory(tmp_path, taken).restore(learner, SIZE, anew=anew)
        assert learner.remembered[0][0].keys() == known


def test_pictures_of_another_size_make_a_new_reference(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memory(tmp_path).save(Learner(PLANES), SIZE)
    assert memory(tmp_path).restore(Learner(), (640, 480)) == ""
    assert "background@1 was made of pictures of 160x96, the camera gives 640x480" in caplog.text


def test_a_damaged_reference_is_said_and_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    memory(tmp_path).save(Learner(PLANES), SIZE)
    (tmp_path / "porch/background/1.npz").write_bytes(b"half")
    assert memory(tmp_path).restore(Learner(), SIZE) == ""
    assert "damaged" in caplog.text


def test_a_disk_that_does_not_take_it_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    kept = memory(in_the_way)
    for _ in range(3):
        kept.save(Learner(PLANES), SIZE)
    assert caplog.text.count("porch: the reference is not kept for the next start") == 1


class TestChosen:
    """A stored reference that a camera was told to use."""

    @staticmethod
    def stored(folder: Path) -> Store:
        store = Store(folder)
        origin = Origin(source="good.png", pictures=1)
        store.save("porch", "day", {"planes": PLANES["planes"] + 1}, SIZE, origin=origin)
        return store

    def test_it_is_gone_on_with_under_its_own_name(self, tmp_path: Path) -> None:
        store = self.stored(tmp_path)
        memory(tmp_path).save(Learner(PLANES), SIZE)
        memory(tmp_path).choose(store.load("porch", "day"))
        learner = Learner()
        assert memory(tmp_path).restore(learner, SIZE) == "day@1"
        np.testing.assert_array_equal(learner.remembered[0][0]["planes"], PLANES["planes"] + 1)
        again = store.newest("porch", "background")
        assert again is not None
        assert again.origin == Origin(source="good.png", pictures=1, of="day@1")

    def test_what_is_learnt_later_follows_it(self, tmp_path: Path) -> None:
        store = self.stored(tmp_path)
        kept = memory(tmp_path)
        kept.choose_aside(store.load("porch", "day"))
        kept.save(Learner(PLANES), SIZE)
        assert memory(tmp_path).restore(Learner(), SIZE) == "background@2"

    def test_a_disk_that_does_not_take_it_is_no_success(self, tmp_path: Path) -> None:
        loaded = self.stored(tmp_path).load("porch", "day")
        (tmp_path / "porch/background").write_text("in the way")
        with pytest.raises(ReferenceUnusable):
            memory(tmp_path).choose(loaded)

    def test_a_configured_picture_comes_first(self, tmp_path: Path) -> None:
        store = self.stored(tmp_path)
        kept = memory(tmp_path, options(reference=FixedOptions(image="golden.png")))
        kept.choose_aside(store.load("porch", "day"))
        kept.settle()
        assert [one.label for one in store.list("porch")] == ["day@1"]


class TestPicture:
    """A picture that is configured as the reference."""

    @staticmethod
    def fixed(path: Path, **changes: Any) -> CameraOptions:
        return options(reference=FixedOptions(image=str(path)), **changes)

    def test_it_is_given_to_the_detector(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "golden.png"), scene())
        learner = Learner()
        assert memory(tmp_path, self.fixed(tmp_path / "golden.png")).restore(learner, SIZE) == "golden"
        np.testing.assert_array_equal(learner.given[0], scene())

    def test_of_another_size_but_the_same_aspect_it_is_resized(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        cv2.imwrite(str(tmp_path / "golden.png"), scene(size=(320, 192)))
        learner = Learner()
        with caplog.at_level(logging.INFO):
            memory(tmp_path, self.fixed(tmp_path / "golden.png")).restore(learner, SIZE)
        assert learner.given[0].shape == (96, 160, 3)
        assert "is resized from 320x192" in caplog.text

    def test_of_another_aspect_it_is_refused(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "golden.png"), scene(size=(320, 240)))
        with pytest.raises(ReferenceUnusable, match="is 320x240, the camera gives 160x96: the aspect differs"):
            memory(tmp_path, self.fixed(tmp_path / "golden.png")).restore(Learner(), SIZE)

    def test_what_is_no_picture_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ReferenceUnusable, match=r"golden\.png: there is no such file"):
            memory(tmp_path, self.fixed(tmp_path / "golden.png")).restore(Learner(), SIZE)

    def test_its_private_areas_are_black(self, tmp_path: Path) -> None:
        cv2.imwrite(str(tmp_path / "golden.png"), scene())
        learner = Learner()
        memory(tmp_path, self.fixed(tmp_path / "golden.png", privacy={"window": LEFT})).restore(learner, SIZE)
        assert not learner.given[0][:, :80].any()
        assert learner.given[0][:, 84:].any()


def test_a_store_that_cannot_be_entered_is_said_once_and_a_new_reference_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = memory(tmp_path / ("x" * 300))
    assert kept.restore(Learner(), SIZE) == ""
    for _ in range(3):
        kept.save(Learner(PLANES), SIZE)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "a new one is made" in caplog.messages[0]
    assert "is not kept for the next start" in caplog.messages[1]
