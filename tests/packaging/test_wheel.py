"""The built wheel in a clean environment: napari finds the widget and the sample images."""

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src"

FIND = """
import json
from npe2 import PluginManager

manager = PluginManager.instance()
manager.discover()
contributions = manager.get_manifest("napari-kseg").contributions
print(json.dumps({
    "widgets": [widget.display_name for widget in contributions.widgets],
    "menus": {menu: [item.command for item in items] for menu, items in contributions.menus.items()},
    "widget_commands": [widget.command for widget in contributions.widgets],
    "samples": {
        sample.key: [(list(data.shape), kind) for data, _, kind in sample.open()]
        for sample in contributions.sample_data
    },
}))
"""

OPEN = """
import napari

viewer = napari.Viewer(show=False)
viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
print(*viewer.window.dock_widgets)
viewer.close()
"""


def test_wheel_holds_the_whole_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packed = {name for name in names if ".dist-info/" not in name}
    sources = {
        path
        for path in SOURCE.rglob("*")
        if path.suffix in (".py", ".pyi", ".yaml", ".typed") or path.name == "py.typed"
    }
    assert packed >= {path.relative_to(SOURCE).as_posix() for path in sources}
    assert {name.split("/")[0] for name in packed} == {"napari_kseg"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_source_archive_holds_all_that_its_tests_read(wheel):
    (archive,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    for folder in ("src", "tests", "docs", "examples", "benchmarks", "tools", ".github"):
        for path in (PROJECT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(PROJECT).as_posix() in names
    assert {"pyproject.toml", "Makefile", "README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"} <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".nbi", ".nbc"))]


def test_source_archive_and_project_build_the_same_wheel(wheel, tmp_path):
    build = [sys.executable, "-m", "build", "--installer", "uv", "--wheel", "--outdir", tmp_path, PROJECT]
    subprocess.run(build, check=True, capture_output=True)
    (direct,) = tmp_path.glob("*.whl")
    assert direct.name == wheel.name
    contents = [{entry.filename: entry.CRC for entry in zipfile.ZipFile(path).infolist()} for path in (direct, wheel)]
    assert contents[0] == contents[1]


def test_release_files_pass_the_checks_of_the_index(wheel):
    files = [str(path) for path in wheel.parent.iterdir()]
    assert len(files) == 2
    result = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout


def test_manifest_is_valid(with_qt):
    assert "valid" in with_qt.run("npe2", "validate", "napari-kseg").lower()


def test_npe2_finds_widget_menu_and_samples(with_qt):
    found = json.loads(with_qt.python(FIND))
    assert "K-means Segmentation" in found["widgets"]
    assert set(found["menus"]["napari/layers/segment"]) & set(found["widget_commands"])
    assert found["samples"]
    for layers in found["samples"].values():
        for shape, kind in layers:
            assert kind == "image"
            assert min(shape[:2]) > 1


def test_widget_opens_by_its_name(with_qt):
    assert "K-means Segmentation" in with_qt.python(OPEN)
