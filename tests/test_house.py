"""The house keeps its own rules: floors, purity, lightness, names, sizes. Each rule is shown to be able to fail."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import house

ROOT = Path(__file__).parents[1]

HEAVY = {"cv2", "numpy", "scipy", "skimage", "av"}


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule):
    assert house.faults(ROOT, rule) == []


PLANTED = [
    ("attic.py", "", house.has_a_floor, "has no floor"),
    ("vision/ssim.py", "from watcher.sources.rtsp import Rtsp", house.imports_down, "higher floor"),
    ("loop.py", "def late():\n    import watcher.camera.camera", house.imports_down, "higher floor"),
    ("events/track.py", "from watcher import service", house.imports_down, "higher floor"),
    ("sinks/x.py", "KINDS = {'a': 'watcher.camera.camera:Camera'}", house.imports_down, "higher floor"),
    ("sources/rtsp.py", "from watcher.mqtt.client import Mqtt", house.imports_down, "another family"),
    ("sinks/x.py", "from .options import RecordOptions", house.imports_down, "relative import"),
    ("vision/x.py", "import time", house.pure_floor, "imports time"),
    ("events/x.py", "def f():\n    import threading", house.pure_floor, "imports threading"),
    ("events/x.py", "from datetime import datetime\nt = datetime.now()", house.pure_floor, ".now"),
    ("vision/x.py", "def f(path):\n    return open(path)", house.pure_floor, "uses open"),
    ("vision/x.py", "import numpy as np\nr = np.random.rand()", house.pure_floor, ".random"),
    ("vision/x.py", "from skimage.metrics import structural_similarity", house.light_imports, "outside"),
    ("mqtt/options.py", "import paho.mqtt.client", house.light_imports, "light enough"),
    ("camera/__init__.py", "import numpy", house.light_imports, "light enough"),
    ("errors.py", "import pydantic", house.light_imports, "light enough"),
    ("service.py", "import yaml", house.yaml_is_read_by_config, "config alone"),
    ("camera/x.py", "class FrameManager: ...", house.names, "Manager"),
    ("camera/utils.py", "", house.names, "Util"),
    ("camera/x.py", "class HTTPInfo: ...", house.names, "Info"),
    ("camera/x.py", "\n" * 401, house.sizes, "401 lines"),
    ("camera/x.py", "def f():\n" + "    x = 1\n" * 50, house.sizes, "f has 51 lines"),
    ("camera/x.py", "try:\n    f()\nexcept Exception:\n    pass", house.broad_excepts, "lines [3]"),
    ("camera/x.py", "try:\n    f()\nexcept (OSError, BaseException):\n    pass", house.broad_excepts, "lines [3]"),
    ("camera/x.py", "try:\n    f()\nexcept:\n    pass", house.broad_excepts, "lines [3]"),
    ("camera/x.py", "print('here')", house.printing, "prints"),
]


@pytest.mark.parametrize(("path", "source", "rule", "expected"), PLANTED)
def test_each_rule_finds_what_breaks_it(tmp_path, path, source, rule, expected):
    file = tmp_path / "watcher" / path
    file.parent.mkdir(parents=True)
    file.write_text(source)
    found = house.faults(tmp_path, rule)
    assert any(expected in fault for fault in found), found


ALLOWED = [
    ("mqtt/x.py", "from watcher.outbox import Outbox\nfrom watcher.sinks import Outlet", house.imports_down),
    ("camera/x.py", "from watcher.sources.build import make_source", house.imports_down),
    ("vision/x.py", "def f():\n    from skimage.metrics import structural_similarity", house.light_imports),
    ("vision/x.py", "from datetime import datetime, timedelta", house.pure_floor),
    ("config/read.py", "import yaml", house.yaml_is_read_by_config),
    ("camera/database.py", "class Database: ...", house.names),
    ("vision/x.py", 'def f():\n    """' + "\n" * 60 + '"""', house.sizes),
    ("camera/x.py", "try:\n    f()\nexcept OSError:\n    pass", house.broad_excepts),
    ("camera/x.py", "try:\n    f()\nexcept BaseException:\n    g()\n    raise", house.broad_excepts),
    ("cli/check.py", "print('config.yaml is right')", house.printing),
]


@pytest.mark.parametrize(("path", "source", "rule"), ALLOWED)
def test_no_rule_refuses_what_is_right(tmp_path, path, source, rule):
    file = tmp_path / "watcher" / path
    file.parent.mkdir(parents=True)
    file.write_text(source)
    assert house.faults(tmp_path, rule) == []


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--config", "config.yaml"], ["schema"]], ids=" ".join)
def test_asking_and_checking_load_nothing_heavy(arguments):
    loaded, said = _loaded_by(f"from watcher.cli import main\nstatus = main({arguments!r})")
    assert loaded & HEAVY == set()
    assert said


def test_importing_watcher_loads_nothing_heavy():
    loaded, _ = _loaded_by("import watcher; watcher.__version__")
    assert loaded & (HEAVY | {"pydantic", "yaml", "rich", "paho"}) == set()


def _loaded_by(code):
    """Top-level modules loaded in a fresh interpreter after `code`, and what it wrote to standard output."""
    program = f"import sys\ntry:\n    exec({code!r})\nexcept SystemExit as left:\n    assert not left.code, left\n"
    program += "print('\\0' + ' '.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    said, _, modules = result.stdout.rpartition("\0")
    return {name.partition(".")[0] for name in modules.split()}, said


def test_tests_wait_for_conditions_and_use_no_mocks():
    found = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if "bench" in path.parts or path.parent.name == "support":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "sleep":
                found.append(f"{path.name}:{node.lineno}: sleeps")
            if isinstance(node, (ast.Import, ast.ImportFrom)) and "mock" in ast.unparse(node):
                found.append(f"{path.name}:{node.lineno}: mocks")
    assert found == []


def test_no_file_speaks_of_where_it_was_made():
    """Paths of one machine, and hosts of package registries, help nobody who reads this elsewhere."""
    hosts = ["py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org", "deb.debian" + ".org"]
    places = re.compile(
        "|".join(["/(work|farm|srv)/[a-z.]", "/tmp/pl" + "an", "[.]libra" + "ry/", *map(re.escape, hosts)])
    )
    found = []
    for path in _files():
        try:
            text = path.read_text("utf-8")
        except (UnicodeDecodeError, IsADirectoryError):
            continue  # a picture
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in places.finditer(text)]
    assert found == []


def _files():
    """What is or would be committed; everything but caches where there is no git (an unpacked archive)."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ) if shutil.which("git") else None  # fmt: skip
    if listed is None or listed.returncode:
        return [path for top in ("watcher", "tests", ".ci", "systemd") for path in (ROOT / top).rglob("*.*")]
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
