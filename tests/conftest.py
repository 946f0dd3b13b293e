"""What all tests share: no silent skips, no widgets left behind, the same examples every time on CI."""

import gc
import os
import sys
from pathlib import Path

import hypothesis
import pytest

VIEWER_TESTS = Path(__file__).parent / "viewer"

hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser):
    parser.addoption("--fail-on-skip", action="store_true", help="exit with status 1 if any test was skipped")


class FailOnSkip:
    """Turns a run in which a test was skipped into a failed one, and says which."""

    def __init__(self):
        self.skipped = []

    def _add_if_skipped(self, report):
        # an expected failure is reported as skipped too
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)

    pytest_runtest_logreport = pytest_collectreport = _add_if_skipped

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter):
        for name in self.skipped:
            terminalreporter.write_line(f"FAILED because skipped, which --fail-on-skip forbids: {name}", red=True)


def pytest_configure(config):
    if config.getoption("--fail-on-skip"):
        config.pluginmanager.register(FailOnSkip())


def _top_level_widgets():
    """The top-level widgets alive now; none while Qt is not loaded."""
    if "qtpy" not in sys.modules:
        return set()
    from qtpy.QtWidgets import QApplication

    return set(QApplication.topLevelWidgets()) if QApplication.instance() else set()


def _delete_what_waits_for_it():
    from qtpy.QtCore import QCoreApplication, QEvent

    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


@pytest.fixture(autouse=True)
def napari_folder(tmp_path_factory):
    """Where processes that a test starts keep settings, not in the home folder."""
    folder = tmp_path_factory.mktemp("napari")
    with pytest.MonkeyPatch.context() as patch:  # the fixture `monkeypatch` would then outlive the viewer
        patch.setenv("NAPARI_CONFIG", str(folder / "settings.yaml"))
        yield folder


@pytest.fixture(autouse=True)
def no_widget_left(request):
    """Fail a test of the viewer floor if a top-level widget outlives it.

    Autouse, so it is set up before and torn down after `make_napari_viewer` and `qtbot`.
    """
    if VIEWER_TESTS not in request.path.parents:
        yield
        return
    before = _top_level_widgets()
    yield
    if _top_level_widgets() - before:  # collecting garbage takes half a second beside a viewer: only if need be
        _delete_what_waits_for_it()
    left = [widget for widget in _top_level_widgets() - before if widget.parent() is None]
    assert not left, f"top-level widgets outlive the test: {left}"
