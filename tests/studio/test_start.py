"""The start: what is imported before the first picture, the splash, an engine that cannot be made."""

from __future__ import annotations

import gc
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from dgstudio.commands.desktop import open_studio
from dgstudio.errors import BadInputError
from dgstudio.studio import app
from dgstudio.studio.launch import EngineOpening, StudioOptions, make_and_start
from dgstudio.studio.splash import FirstPicture, Splash
from dgstudio.studio.theme.theme import THEMES
from dgstudio.studio.timings import TIMINGS, Timings

LATE = [
    "pyqtgraph",
    "superqt",
    "qtawesome",
    "qtpy",
    "pygments",
    "scipy",
    "threadpoolctl",
    "pythonosc",
    "dgstudio.engine.remote",
    "dgstudio.streams.camera.source",
    "numpy.f2py",
    "numpy.ma",
    "statistics",
    "torch",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "sklearn",
    "river",
    "psutil",
    "rich",
    "dgstudio.lab",
    "dgstudio.commands.doctor",
    "dgstudio.commands.run",
    "dgstudio.commands.replay",
    "dgstudio.commands.experiment",
    "dgstudio.commands.importing",
    "dgstudio.bench.proof",
    "dgstudio.session.export.report",
    "dgstudio.session.export.model_file.model",
    "dgstudio.session.export.examples",
    "dgstudio.extras.known",
    "dgstudio.streams.recording",
    "dgstudio.streams.imports.table",
    "dgstudio.engine.imports.plan",
    "dgstudio.engine.inspection.inspector",
    "dgstudio.engine.inspection.gating_figures",
    "dgstudio.engine.plane.map_worker",
    "dgstudio.studio.quality.panel",
    "dgstudio.studio.gating.panel",
    "dgstudio.studio.inspector.panel",
    "dgstudio.studio.stage.panel",
    "dgstudio.studio.stage.stage_view",
    "dgstudio.studio.pad.pointer_pad",
    "dgstudio.studio.classes.class_menu",
    "dgstudio.studio.log.lines",
    "dgstudio.studio.gating.canvas",
    "dgstudio.studio.gating.export",
    "dgstudio.studio.gating.pictures",
    "dgstudio.studio.examples.example_browser",
    "dgstudio.studio.imports.import_sheet",
    "dgstudio.studio.examples.undo_history",
    "dgstudio.studio.learning.protected_sheet",
    "dgstudio.studio.learning.learning_sheet",
    "dgstudio.studio.sessions.recent_sheet",
    "dgstudio.studio.classes.countdown",
    "dgstudio.studio.actions.palette",
    "dgstudio.studio.packages.package_sheet",
    "dgstudio.studio.window.first_hints",
]
"""What the first picture does not need."""
HEAVY = [
    "numpy",
    "dgstudio.engine",
    "dgstudio.session",
    "dgstudio.learning",
    "dgstudio.model",
    "dgstudio.studio.window.main_window",
]
"""What comes after the splash only."""
PROGRAM = """
import json, sys
from dgstudio.studio import timings
seen = {}
def note(self, what):
    seen.setdefault(what, sorted(sys.modules))
timings.Timings.note = note
from dgstudio import cli
sys.argv = ["dgstudio", "--no-session", "--quit-after", "4", "--screenshot", sys.argv[1]]
try:
    cli.main()
except SystemExit as end:
    assert end.code == 0, end.code
from PySide6.QtWidgets import QApplication
assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the program leaves a picture, in a folder that it has to make."""
    return tmp_path_factory.mktemp("pictures") / "new" / "window.png"


@pytest.fixture(scope="module")
def seen(picture: Path) -> dict[str, set[str]]:
    """The modules that were there when the splash, the window and the first moving frame were seen."""
    command = [sys.executable, "-c", PROGRAM, str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return {what: set(modules) for what, modules in json.loads(done.stdout).items()}


def loaded(modules: set[str], names: list[str]) -> list[str]:
    return [name for name in names if name in modules]


def test_the_splash_the_window_and_its_motion_are_seen_in_this_order(seen):
    # On a busy machine the first picture may be painted only when there is something in it that moves.
    assert list(seen) in (["splash", "window", "moving"], ["splash", "moving", "window"])
    assert seen["splash"] < seen["window"] and seen["splash"] < seen["moving"]


def test_the_splash_needs_little_more_than_widgets(seen):
    assert loaded(seen["splash"], [*HEAVY, *LATE]) == []


def test_the_first_picture_needs_nothing_that_it_does_not_show(seen):
    assert loaded(min(seen["window"], seen["moving"], key=len), LATE) == []
    assert loaded(seen["window"], HEAVY) == HEAVY


def test_a_picture_is_left_for_this_user_alone(seen, picture):
    assert QImage(str(picture)).width() > 800
    if sys.platform != "win32":
        assert stat.S_IMODE(picture.parent.stat().st_mode) == 0o700


def test_a_picture_that_cannot_be_written_is_told_with_why(qtbot, tmp_path):
    window, told = QWidget(), []
    qtbot.addWidget(window)
    (tmp_path / "file").write_text("in the way")
    app._picture(window, tmp_path / "file" / "window.png", told)
    app._picture(window, tmp_path / "window.not-a-format", told)
    assert "window.png: " in told[0] and "choose a folder that exists, and .png" in told[1]


def test_a_splash_is_painted_when_it_speaks_and_needs_no_focus(qapp):
    for theme in THEMES.values():
        splash = Splash(theme)
        begun = time.perf_counter()
        splash.say("Loading the model…")
        assert splash.isVisible() and splash.painted
        assert splash.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        assert time.perf_counter() - begun < 1.0
        picture = splash.grab().toImage()
        assert picture.pixelColor(8, 8).name() == theme.surface
        splash.say("Opening the window…")
        assert "Opening the window…" in splash.accessibleName()
        assert splash.grab().toImage() != picture
        splash.close()


def test_the_first_picture_is_told_once(qtbot):
    told = []
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    picture = FirstPicture(window, lambda: told.append(window.windowHandle().isExposed()))
    qtbot.waitUntil(lambda: bool(told))
    window.hide()
    window.show()
    QApplication.processEvents()
    assert told == [True]
    picture.forget()
    # Another session may be in its place when the program ends.
    window.deleteLater()
    QApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    picture.forget()


def test_what_cannot_be_opened_takes_the_splash_along(qapp, tmp_path):
    before = gc.isenabled()
    with pytest.raises(BadInputError, match=r"missing\.csv"):
        open_studio(source=str(tmp_path / "missing.csv"), keep=False, quit_after=1.0)
    assert not [widget for widget in qapp.topLevelWidgets() if isinstance(widget, Splash) and widget.isVisible()]
    assert gc.isenabled() == before


def test_an_engine_that_gets_no_window_is_stopped():
    making = EngineOpening(lambda: make_and_start(StudioOptions(keep=False, base="none")))
    engine, name, _ = making.result()
    assert engine.input.alive and not engine.started and name == "not saved"
    making.give_up()
    assert engine.stop() == [] and not engine.input.alive


def test_moments_are_those_of_the_clock_and_only_the_first(tmp_path, monkeypatch):
    path = tmp_path / "timings.json"
    monkeypatch.setenv(TIMINGS, str(path))
    timings, begun = Timings(), time.time()
    timings.note("window")
    first = json.loads(path.read_text())
    assert begun <= first["window"] <= time.time()
    timings.note("window")
    assert not timings.moving(0, False) and not timings.moving(10, False) and not timings.moving(10, True)
    assert timings.moving(12, True)
    assert json.loads(path.read_text())["window"] == first["window"] <= json.loads(path.read_text())["moving"]


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_the_script_speaks_before_the_program_does(tmp_path):
    root = Path(__file__).parents[2]
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run.sh").write_text((root / "scripts" / "run.sh").read_text())
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" "${PYTHONDONTWRITEBYTECODE:-kept}"\n')
    python.chmod(0o755)
    environment = {**os.environ, "DISPLAY": ":1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = ["bash", str(tmp_path / "scripts" / "run.sh"), "--seed", "2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.splitlines() == ["Starting the studio…", "-m dgstudio --seed 2 kept"]
