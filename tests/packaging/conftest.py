"""The package as a user gets it: the built wheel, in environments of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


class Environment:
    """A fresh environment with the wheel installed, in which commands run as in a terminal outside the project."""

    def __init__(self, folder, requirement):
        self.folder = folder
        self.programs = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        run(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
        self.install(requirement)

    def install(self, requirement):
        """Install something else beside it."""
        run(UV, "pip", "install", "--quiet", "--python", self.folder / "venv", requirement, cwd=self.folder)

    def run(self, program, *arguments):
        """Run an installed program, which must succeed, and return what it prints."""
        return run(self.programs / program, *arguments, cwd=self.folder)

    def python(self, code):
        """Run Python code with warnings as errors; return what it prints."""
        quiet = ["-W", "error", "-W", "ignore::DeprecationWarning"]
        return self.run("python", *quiet, "-c", code)


def run(*command, cwd):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    result = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{command} ended with {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Path of the wheel, built from the source archive as it would be for a release."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", folder, PROJECT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def with_qt(wheel, tmp_path_factory):
    """What `pip install "napari-kseg[all]"` gives."""
    return Environment(tmp_path_factory.mktemp("with_qt"), f"napari-kseg[all] @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
def without_qt(wheel, tmp_path_factory):
    """What `pip install napari-kseg` gives: no Qt, no matplotlib."""
    return Environment(tmp_path_factory.mktemp("without_qt"), f"napari-kseg @ {wheel.as_uri()}")
