"""What a release needs: one version, a changelog, a citation, and workflows that publish nothing else."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import napari_kseg

PROJECT = Path(__file__).parents[1]
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / ".github" / "workflows").glob("*.yml")}


def check(tag, folder):
    """Run the check of a release in a project with other files; return its status and what it says."""
    (folder / "tools").mkdir(exist_ok=True)
    script = folder / "tools" / "check_release.py"
    script.write_bytes((PROJECT / "tools" / "check_release.py").read_bytes())
    result = subprocess.run([sys.executable, script, *tag], capture_output=True, encoding="utf-8", check=False)
    return result.returncode, result.stdout + result.stderr


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n', encoding="utf-8")
    changes = (
        "# Changes\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-31\n\n- Faster\n\n## [1.2.2] - 2025-12-24\n\n- Old\n"
    )
    (tmp_path / "CHANGELOG.md").write_text(changes, encoding="utf-8")
    return tmp_path


def test_a_release_prints_what_is_new(project):
    assert check(["v1.2.3"], project) == (0, "- Faster\n")


@pytest.mark.parametrize(
    ("tag", "old", "new", "words"),
    [
        ("v1.2.4", "", "", "The tag is v1.2.4, but the version in pyproject.toml is 1.2.3; tag v1.2.3"),
        ("1.2.3", "", "", "tag v1.2.3"),
        ("v1.2.3", "[1.2.3] - 2026-01-31", "[1.2.1]", 'has no section "## [1.2.3] - <date>"'),
        ("v1.2.3", "[1.2.3] - 2026-01-31", "[1.2.3]", 'write "[1.2.3] - 2026-01-31"'),
        ("v1.2.3", "- Faster\n", "", "says nothing about 1.2.3"),
    ],
)
def test_what_must_not_be_released_is_refused_in_words(project, tag, old, new, words):
    path = project / "CHANGELOG.md"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    status, said = check([tag], project)
    assert status == 1
    assert words in said
    assert "Traceback" not in said


def test_the_version_is_in_one_place():
    assert napari_kseg.__version__ == METADATA["version"]
    files = [*(PROJECT / "src").rglob("*.py"), PROJECT / "CITATION.cff", PROJECT / "docs" / "conf.py"]
    for path in files:
        assert f'version = "{METADATA["version"]}"' not in path.read_text(encoding="utf-8")


def test_the_citation_agrees_with_the_package():
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"] == METADATA["name"]
    assert citation["authors"] == METADATA["authors"]
    assert citation["license"] == METADATA["license"]
    assert citation["message"]


def test_tests_run_on_every_python_that_the_package_names():
    named = {c.rpartition(" ")[2] for c in METADATA["classifiers"] if re.search(r"Python :: 3\.\d+$", c)}
    matrix = yaml.safe_load(WORKFLOWS["ci"])["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert set(matrix) == named


def test_a_release_pins_every_action_and_only_one_job_may_publish():
    for action in re.findall(r"uses: (\S+)", WORKFLOWS["release"]):
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)
    jobs = yaml.safe_load(WORKFLOWS["release"])["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job.get("permissions", {})] == ["publish"]
    assert jobs["publish"]["needs"] == "build"
