"""A file to options, or to one line for everything that is wrong with it."""

import os
from pathlib import Path

import pytest

from watcher import config
from watcher.config.problem import MOST_SHOWN
from watcher.config.reading import LARGEST
from watcher.errors import ConfigError
from watcher.sources.options import DemoOptions, FolderOptions, RtspOptions, StillsOptions, VideoOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        return path

    return written


@pytest.fixture
def refused(write, tmp_path):
    """What is said of a text, line by line, with the file's folder taken off."""

    def lines(text):
        with pytest.raises(ConfigError) as raised:
            config.read(write(text))
        return str(raised.value).replace(f"{tmp_path}/", "").split("\n")

    return lines


@pytest.fixture
def warned(write):
    def lines(text, mode=0o600):
        path = write(text)
        path.chmod(mode)
        return [line.replace(str(path), "config.yaml") for line in config.read(path).warnings]

    return lines


def demo(camera="", top=""):
    """The smallest configuration, with something more in the camera (from line 4) or after it."""
    return f"cameras:\n  x:\n    source: demo\n{camera}{top}"


TABLE = [
    tuple(case.rstrip("\n").split(">> "))
    for case in Path(__file__).with_name("mistakes.txt").read_text("utf-8").split("====\n")[1:]
]
UNREADABLE = [
    (b"cameras:\n  x: {name: caf\xe9}\n", "config.yaml:2:16: byte 0xE9 is not UTF-8; save the file as UTF-8 text"),
    ("# " + "x" * LARGEST, f"config.yaml: is larger than {LARGEST // 1024} kB; that is no configuration"),
]


@pytest.mark.parametrize(("text", "said"), TABLE + UNREADABLE, ids=range(len(TABLE + UNREADABLE)))
def test_one_mistake_is_one_line(refused, text, said):
    assert refused(text) == [said]


def test_paths_in_errors_are_absolute(write, tmp_path):
    with pytest.raises(ConfigError, match=f"{tmp_path}/no.mp4"):
        config.read(write("cameras: {x: {source: no.mp4}}"))


def test_the_colon_of_a_missing_source_leads_to_the_camera(refused):
    (line,) = refused("cameras:\n  x: {name: a}\n")
    assert line.startswith("config.yaml:2:3: cameras.x.source: is missing: where frames come from")


def test_every_mistake_is_said_at_once_in_the_order_of_the_file(refused):
    lines = refused("""\
mqtt: {hosst: localhost, prefix: a//b, tls: {key: k}}
storag: {}
defaults: {profile: hom}
cameras:
  porch:
    sourc: demo
    zones:
      Door: {points: [[10, 20], [30, 40], [50, 10]]}
      b: {points: [[0, 0], [1, 1]]}
      c: {points: [[0, 0], [0.9, 0.9], [1, 0], [0, 1]], threshold: 5}
    detector: {size: 5, colour: yes, smallest: true}
    events: {rise: 3 parsecs, settle: [1]}
    reference: {kind: fixed, image: nope.png}
  shed: 5
  yard: {source: nope.mp4}
""")
    places = (
        "1:8 1:26 1:46 2:1 3:12 5:3 6:5 8:7 8:14 9:11 10:11 10:57 11:16 11:25 11:38 12:14 12:31 13:30 14:3 15:10"
    )
    assert " ".join(line.split(": ")[0].removeprefix("config.yaml:") for line in lines) == places
    paths = (
        "mqtt.hosst mqtt.prefix mqtt.tls.key storag defaults.profile source sourc zones.Door zones.Door.points "
        "zones.b.points zones.c.points zones.c.threshold detector.size detector.colour detector.smallest "
        "events.rise events.settle reference.image cameras.shed cameras.yard.source"
    )
    assert " ".join(line.split(": ")[1].removeprefix("cameras.porch.") for line in lines) == paths


def test_no_sentence_speaks_of_the_machinery(refused, tmp_path):
    for text, _ in TABLE:
        said = "\n".join(refused(text)).lower()
        for word in ("input should", "pydantic", "str_type", "validation", "dataclass", "tuple", "instance of"):
            assert word not in said


def test_a_hundred_mistakes_are_not_all_shown(refused):
    lines = refused(demo(top="".join(f"k{n}: 1\n" for n in range(100))))
    assert len(lines) == MOST_SHOWN + 1
    assert lines[-1] == "config.yaml: and 50 more"


def test_two_cameras_cannot_share_a_device(refused, tmp_path):
    (tmp_path / "camera").symlink_to("/dev/video7")
    lines = refused(
        f"cameras:\n  a: {{source: /dev/video7}}\n  b: {{source: {{kind: v4l2, device: {tmp_path}/camera}}}}\n"
    )
    assert lines == [
        "config.yaml:3:7: cameras.b.source: /dev/video7 is already used by camera a; a device serves one camera"
    ]


def test_no_password_is_in_any_error(refused):
    lines = refused("""\
mqtt: {user: me, password: [hunter2], client_id: [1]}
cameras:
  a: {source: "rtps://me:hunter2@host/x"}
  b: {source: {kind: rtsp, url: "rtsp://me:hunter2@host:x/", password: {a: hunter2}}}
  c: {source: {kind: mjpeg, url: "rtsp://host/x?password=hunter2"}}
""")
    assert len(lines) >= 5
    assert "hunter2" not in "\n".join(lines)


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    with pytest.raises(ConfigError, match="is a folder; name the file in it"):
        config.read(tmp_path)
    with pytest.raises(ConfigError, match=r"none\.yaml: does not exist"):
        config.read(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.read("null\0byte")


def test_the_file_is_looked_for_here_and_then_in_etc(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("watcher.config.reading.PLACES", ("config.yaml", str(tmp_path / "etc.yaml")))
    with pytest.raises(ConfigError, match=r"neither ./config.yaml nor .*etc.yaml; name the file with --config"):
        config.find()
    (tmp_path / "etc.yaml").touch()
    assert config.find() == tmp_path / "etc.yaml"
    (tmp_path / "config.yaml").touch()
    assert str(config.find()) == "config.yaml"
    assert str(config.find("given.yaml")) == "given.yaml"


def test_own_wins_over_defaults_over_profile_over_dataclass(write):
    options = config.read(write("""\
defaults: {profile: wildlife, events: {rise: 5 s, fall: 6 s}, ignore: {clock: {points: [[0, 0], [1, 0], [0, 1]]}}}
cameras:
  a: {source: demo, events: {fall: 7 s}}
  b: {source: demo, profile: inspection, reference: {kind: background}, events:}
""")).options  # fmt: skip
    a, b = options.cameras["a"], options.cameras["b"]
    assert (a.events.fall, a.events.rise, a.events.threshold, a.events.settle) == (7, 5, 0.0003, 2)
    assert (a.profile, b.profile) == ("wildlife", "inspection")
    assert (b.events.fall, b.events.rise, b.events.threshold) == (6, 5, 0)
    assert b.detector.color
    assert b.reference == BackgroundOptions()
    assert list(a.ignore) == list(b.ignore) == ["clock"]


def test_another_kind_replaces_a_section_and_the_same_kind_adds_to_it(write, tmp_path):
    (tmp_path / "good.png").touch()
    options = config.read(
        write("""\
defaults: {reference: {kind: background, learn: 9 s}}
cameras:
  a: {source: demo, reference: {kind: fixed, image: good.png}}
  b: {source: demo, reference: {adapt: 5 min}}
""")
    ).options
    assert options.cameras["a"].reference == FixedOptions(image=str(tmp_path / "good.png"))
    assert options.cameras["b"].reference == BackgroundOptions(learn=9, adapt=300)


def test_relative_paths_are_shown_without_detours_and_lead_through_links_where_they_led(write, tmp_path):
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real/deep")
    for name in ("golden.png", "real/here.mp4"):
        (tmp_path / name).touch()
    path = write("""\
storage: {folder: link/../../kept}
cameras:
  a: {source: link/../here.mp4, reference: {kind: fixed, image: real/../golden.png}}
""")
    camera = config.read(path).options.cameras["a"]
    assert camera.reference.image == str(tmp_path / "golden.png")
    assert os.path.samefile(camera.source.path, tmp_path / "real/here.mp4")


def test_relative_paths_begin_in_the_folder_of_the_file(write, tmp_path, monkeypatch):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "yard.mp4").touch()
    path = write("""\
mqtt: {user: me, password: {file: secret}, tls: {ca: ca.pem}}
storage: {folder: kept}
cameras:
  a: {source: pictures}
  b: {source: yard.mp4}
  c: {source: {kind: video, path: yard.mp4}}
""")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "secret").write_text("hunter2\n")
    (tmp_path / "ca.pem").touch()
    options = config.read(os.path.relpath(path)).options
    assert options.cameras["a"].source == FolderOptions(path=str(tmp_path / "pictures"))
    assert (
        options.cameras["b"].source == options.cameras["c"].source == VideoOptions(path=str(tmp_path / "yard.mp4"))
    )
    assert options.storage.folder == str(tmp_path / "kept")
    assert options.mqtt[0].password.text() == "hunter2"
    assert options.mqtt[0].security.ca == str(tmp_path / "ca.pem")


def test_one_string_is_a_source(write):
    options = config.read(
        write("""\
cameras:
  a: {source: demo}
  b: {source: "rtsp://host/x"}
  c: {source: http://host/x.jpg}
""")
    ).options
    kinds = [type(camera.source) for camera in options.cameras.values()]
    assert kinds == [DemoOptions, RtspOptions, StillsOptions]


def test_sections_may_be_left_empty(write):
    loaded = config.read(
        write("mqtt:\nstorage:\ndefaults:\ncameras: {x: {source: demo, zones:, events:, name:}}\n")
    )
    assert loaded.options.cameras["x"].title == "x"
    assert loaded.options.mqtt[0].host == "localhost"
    assert loaded.warnings == ()


def test_one_broker_is_a_list_of_one_and_none_is_none(write):
    assert len(config.read(write(demo(top="mqtt: {host: a}\n"))).options.mqtt) == 1
    assert len(config.read(write(demo(top="mqtt: [{host: a}, {host: b, prefix: x}]\n"))).options.mqtt) == 2
    assert config.read(write(demo(top="mqtt: []\n"))).options.mqtt == ()


def test_a_source_of_ones_own_is_named_by_its_class(write):
    text = "cameras: {x: {source: {kind: tests.cameras:Thermal, settings: {gain: 2}}}}"
    source = config.read(write(text)).options.cameras["x"].source
    assert (source.kind, source.settings) == ("tests.cameras:Thermal", {"gain": 2})


def test_a_secret_in_plain_text_is_a_matter_of_who_can_read_it(warned):
    text = """\
mqtt: {user: me, password: hunter2}
cameras: {a: {source: "rtsp://me:hunter2@host/x"}, b: {source: {kind: mjpeg, url: http://h/, password: hunter2}}}
"""
    assert warned(text, 0o600) == []
    lines = warned(text, 0o644)
    assert [line.split(": ")[:2] for line in lines] == [
        ["config.yaml:1:18", "mqtt.password"], ["config.yaml:2:15", "cameras.a.source"],
        ["config.yaml:2:94", "cameras.b.source.password"],
    ]  # fmt: skip
    assert "hunter2" not in "".join(lines)
    assert warned("mqtt: {user: me, password: {env: HOME}}\ncameras: {a: {source: demo}}", 0o644) == []


def test_a_zone_of_which_nothing_is_left_is_doubtful(warned):
    area = "{points: [[0, 0], [1, 0], [1, 0.6], [0, 0.6]]}"
    zone = "{points: [[0.2, 0.1], [0.5, 0.1], [0.5, 0.5], [0.2, 0.5]]}"
    (line,) = warned(demo(f"    zones:\n      a: {zone}\n    privacy: {{p: {area}}}\n"))
    assert line.startswith("config.yaml:5:7: cameras.x.zones.a: nothing of this zone is watched")
    assert warned(demo(f"    ignore: {{p: {area}}}\n")) == []
    assert warned(demo(f"    zones:\n      a: {area}\n    privacy: {{p: {zone}}}\n")) == []


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.yaml")
    with pytest.raises(ConfigError, match="only regular files are read"):
        config.read(tmp_path / "config.yaml")


def test_a_source_that_cannot_be_looked_at_is_a_sentence(tmp_path):
    path = tmp_path / "config.yaml"
    for name in ("x" * 300, "x" * 300 + ".mp4", "x" * 300 + ".jpg"):
        path.write_text(f"cameras: {{porch: {{source: {tmp_path / name}}}}}")
        with pytest.raises(ConfigError, match=r"cameras\.porch\.source"):
            config.read(path)


def test_a_camera_that_inspects_is_told_what_has_to_be_taught(write, tmp_path):
    write(
        """
        storage: {folder: data}
        cameras:
          bench:
            source: demo
            profile: inspection
            inspection: {recipes: {a: {}, b: {reference: board-b@2}}}
        """
    )
    said = config.read(tmp_path / "config.yaml").warnings
    assert sum("no golden reference a is stored yet" in one for one in said) == 1
    assert sum("watcher reference teach bench board-b FOLDER" in one for one in said) == 1
    assert sum("watcher reference take bench empty" in one for one in said) == 1
    for name in ("a", "board-b", "empty"):
        (tmp_path / "data/references/bench" / name).mkdir(parents=True)
        (tmp_path / "data/references/bench" / name / "1.json").write_text("{}")
    assert config.read(tmp_path / "config.yaml").warnings == ()


def test_a_recipe_brings_no_zones_of_its_own(write, tmp_path):
    write(
        """
        cameras:
          bench:
            source: demo
            profile: inspection
            inspection:
              recipes:
                a: {zones: {pads: {points: [[0, 0], [1, 0], [1, 1]]}}}
        """
    )
    with pytest.raises(ConfigError, match=r"cameras.bench.inspection.recipes.a.zones.pads: is not a zone of the"):
        config.read(tmp_path / "config.yaml")
