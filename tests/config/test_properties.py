"""Whatever stands in the file: options or `ConfigError`, never a traceback."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher import config
from watcher.config import shape
from watcher.config.schemas import every_section
from watcher.errors import ConfigError
from watcher.mqtt.options import MqttOptions
from watcher.sinks.options import StorageOptions

WORDS = sorted(
    {key for section in every_section() for key in shape.keys(section)} | {"defaults", "x", "<rtsp>", ""}
)
KINDS = [
    "rtsp",
    "video",
    "folder",
    "demo",
    "v4l2",
    "mjpeg",
    "stills",
    "picamera",
    "fixed",
    "background",
    "a.b:C",
    "<x>",
]
TEXTS = [
    "home",
    "demo",
    "/dev/video0",
    "rtsp://u:p@h/",
    "http://[",
    "~nobody/x",
    "1 s",
    "5 %",
    "5 GB",
    "-1",
    "embedded",
]

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(KINDS + TEXTS)
    | st.dates() | st.integers(10**30, 10**40) | st.binary(max_size=3)
)  # fmt: skip
points = st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=3, max_size=6)
areas = st.dictionaries(st.sampled_from(["a", "b", "B!"]), st.fixed_dictionaries({"points": points}), max_size=2)
values = st.recursive(
    scalars | points | areas,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4),
    max_leaves=8,
)


def _keyed(section):
    return st.dictionaries(st.sampled_from(list(shape.keys(section))), values, max_size=4)


some_section = st.sampled_from(every_section()).flatmap(_keyed)
cameras = st.dictionaries(st.sampled_from(list(shape.keys(shape.CameraOptions))), values | areas | some_section)
named_cameras = st.dictionaries(st.sampled_from(["a", "b", "Ä", "a b"]), cameras | values, max_size=3)
files = st.fixed_dictionaries(
    dict.fromkeys(("mqtt", "storage", "defaults"), values | some_section) | {"cameras": values | named_cameras}
)


def _places(section, path=()):
    """Every key of every section, with the kinds of sources and references among them."""
    for key, hint in shape.keys(section).items():
        yield (*path, key)
        for inner in shape.kinds(hint).values() or [shape.section_of(hint)]:
            if inner is not None:
                yield from _places(inner, (*path, key))


PLACES = [("cameras", "x", *path) for path in _places(shape.CameraOptions)]
PLACES += [(top, *path) for top in ("mqtt", "storage", "defaults") for path in _places(
    {"mqtt": MqttOptions, "storage": StorageOptions, "defaults": shape.CameraOptions}[top]
)]  # fmt: skip


quick = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def reads(tmp_path):
    path = tmp_path / "config.yaml"

    def outcome(content):
        path.write_bytes(content)
        try:
            lines = list(config.read(path).warnings)
        except ConfigError as error:
            lines = str(error).split("\n")
            lines[0] = lines[0] or "an error that says nothing"
        assert all(line.startswith(f"{path}:") for line in lines), lines

    return outcome


@quick
@given(value=files)
def test_any_value_in_any_key(reads, value):
    reads(yaml.safe_dump(value, allow_unicode=True).encode("utf-8", "surrogatepass"))


@quick
@given(place=st.sampled_from(PLACES), value=values, kind=st.sampled_from(KINDS))
def test_any_value_in_one_key_of_what_is_right_otherwise(reads, place, value, kind):
    whole = at = {"cameras": {"x": {"source": "demo"}}}
    for key in place[:-1]:
        if not isinstance(at.get(key), dict):
            at[key] = {"kind": kind} if key in ("source", "reference") else {}
        at = at[key]
    at[place[-1]] = value
    reads(yaml.safe_dump(whole, allow_unicode=True).encode("utf-8", "surrogatepass"))


@quick
@given(text=st.text(alphabet="abc:-[]{}&*<!#'\"|>%@ \n\t01.,?~\u00e4\u2028", max_size=60))
def test_any_text(reads, text):
    reads(text.encode())


@quick
@given(content=st.binary(max_size=40))
def test_any_bytes(reads, content):
    reads(content)
