"""Fixtures of the window's tests: a bridge without an engine, settings of their own, a window that is closed again."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot
from waiting import DEADLINE_S


def _beside(name: str):
    # Tests are imported by path, so their neighbours are too.
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


fake_bridge = _beside("fake_bridge")


class PatientBot(QtBot):
    """Waits for a condition as long as all tests do."""

    def waitUntil(self, callback):
        super().waitUntil(callback, timeout=round(DEADLINE_S * 1e3))

    def waitExposed(self, widget):
        return super().waitExposed(widget, timeout=round(DEADLINE_S * 1e3))

    def waitSignal(self, signal):
        return super().waitSignal(signal, timeout=round(DEADLINE_S * 1e3))


@pytest.fixture
def qtbot(qapp, request):
    """Return pytest-qt's bot, as patient as all tests are."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Have every optional package installed, whatever is: import name → whether it is there, to be changed."""
    from dgstudio.extras import known

    there = {package: True for extra in known.EXTRAS.values() for package in extra.packages}
    monkeypatch.setattr(known, "installed", lambda package, _distribution: there[package])
    return there


@pytest.fixture
def make_bridge(qapp):
    """Return the class FakeBridge."""
    return fake_bridge.FakeBridge


@pytest.fixture
def bridge(make_bridge):
    """Return a FakeBridge with five classes."""
    return make_bridge()


@pytest.fixture
def settings(tmp_path):
    """Return empty settings in a folder of their own."""
    return QSettings(str(tmp_path / "studio.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def make_window(qtbot, settings):
    """Return a function that shows a window on a bridge; all are closed at the end."""
    from dgstudio.studio.window.main_window import StudioWindow

    made = []

    def make(bridge, *, size=(1280, 720), hints=False, settings=settings):
        window = StudioWindow(bridge, settings=settings, hints=hints)
        made.append(window)
        qtbot.addWidget(window)
        window.resize(*size)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        return window

    yield make
    for window in made:
        window.close()


@pytest.fixture
def session_desk(qapp):
    """Return the module of the class Desk."""
    return _beside("session_desk")


@pytest.fixture
def desk(tmp_path, settings, qtbot):
    """Return the program on a session file of its own, with its window shown and its engine running."""
    made = _beside("session_desk").Desk(tmp_path / "first.dgs", settings, qtbot)
    yield made
    made.window.close()


@pytest.fixture
def window(make_window, bridge):
    """Return a shown window of 1280 × 720 on `bridge`."""
    return make_window(bridge)
