"""Surroundings of every test: off screen, one BLAS thread, nothing left behind."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import hypothesis  # noqa: E402
import psutil  # noqa: E402
import pytest  # noqa: E402
from few_waves import with_few_waves  # noqa: E402
from waiting import DEADLINE_S  # noqa: E402

from dgstudio.engine.lifecycle.base_catalogue import SHIPPED  # noqa: E402
from dgstudio.model.base_model_file import BaseModel  # noqa: E402
from dgstudio.paths import asset  # noqa: E402
from dgstudio.studio.pyside_imports import keep_from_reading_sources  # noqa: E402

keep_from_reading_sources()

hypothesis.settings.register_profile("dgstudio", deadline=None, derandomize=True, max_examples=60)
hypothesis.settings.load_profile("dgstudio")


# `nothing_piles_up` has the collector walk over everything when it is worth it.
gc.set_threshold(20_000, 20, 20)
gc.disable()  # until all tests are known

GROWN = 96 << 20
"""Bytes by which the process may grow before what nobody holds any more is looked for."""
_size = [0]

if sys.platform == "linux" and (_mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
    # glibc gives threads heaps of their own, and each test starts threads: their holes would add up to half a gigabyte.
    _M_ARENA_MAX = -8
    _mallopt(_M_ARENA_MAX, 1)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell lets what it starts in the background ignore Ctrl+C, and so would every program that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

QUICK_S = 0.1
"""What took longer the last time is not part of a quick run."""
_TIMES = "dgstudio/times"
_times: dict[str, float] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help=f"leave out what took more than {QUICK_S} s the last time")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("quick"):
        return
    cache = getattr(config, "cache", None)  # where pytest keeps one
    known = cache.get(_TIMES, {}) if cache is not None else {}
    out = [item for item in items if known.get(item.nodeid, 0.0) > QUICK_S or item.get_closest_marker("slow")]
    if out:
        config.hook.pytest_deselected(items=out)
        left_out = set(out)
        items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish() -> None:
    """Let the collector walk over what tests make, and not over the half million objects that were there before."""
    gc.collect()
    gc.freeze()
    # An engine that stops would thaw them.
    gc.freeze = gc.unfreeze = lambda: None
    gc.enable()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _times[report.nodeid] = _times.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    cache = getattr(session.config, "cache", None)
    # Processes that run tests beside each other report to one that keeps the times.
    if _times and cache is not None and not hasattr(session.config, "workerinput"):
        cache.set(_TIMES, {**cache.get(_TIMES, {}), **_times})


@pytest.fixture(autouse=True)
def nothing_piles_up() -> Iterator[None]:
    """Let go of what a test has left: engines and windows hold each other, and the collector sees no array's size."""
    yield
    process = psutil.Process()
    if process.memory_info().rss > _size[0] + GROWN:
        gc.collect()
        # glibc keeps what each thread has freed for threads to come.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
        if trim is not None:
            trim(0)
        _size[0] = process.memory_info().rss


TRAINS = "import os, sys; os.nice = lambda by: 0; from dgstudio.lab.train_process import main; sys.exit(main())"


@pytest.fixture(autouse=True)
def helpers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that gives way to all others, to export or to train, would wait for every other test."""
    exports = sys.modules.get("dgstudio.engine.lifecycle.export_worker")
    if exports is not None and os.name != "nt":
        monkeypatch.setattr(exports, "NICE", 0)
    training = sys.modules.get("dgstudio.engine.adapt.consolidation")
    if training is not None:
        monkeypatch.setattr(training, "COMMAND", (sys.executable, "-c", TRAINS))


@pytest.fixture(scope="session")
def few_waves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of assets whose base models have fewer random features than those that ship."""
    folder = tmp_path_factory.mktemp("assets")
    for name in SHIPPED.values():
        with_few_waves(BaseModel.load(asset(name))).save(folder / name)
    return folder


@pytest.fixture(autouse=True)
def quick_bases(monkeypatch: pytest.MonkeyPatch, few_waves: Path) -> None:
    """What learns in this process learns on those."""
    monkeypatch.setattr("dgstudio.engine.lifecycle.base_catalogue.asset", few_waves.joinpath)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions and settings of a test go to a folder of its own."""
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive()]
    for thread in left:
        thread.join(DEADLINE_S)
    names = [t.name for t in left if t.is_alive() and not t.name.startswith(("pytest", "Dummy"))]
    assert not names, f"threads left running: {names}"


@pytest.fixture(autouse=True)
def no_widget_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a window on the screen or a timer running in one."""
    yield
    if "qtbot" not in request.fixturenames and "qapp" not in request.fixturenames:
        return
    from PySide6.QtCore import QEvent, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return
    app.processEvents()
    shown = [w for w in app.topLevelWidgets() if w.isVisible() and w.parent() is None]
    running = [
        t for w in app.topLevelWidgets() for t in w.findChildren(QTimer) if t.isActive() and not t.isSingleShot()
    ]
    for widget in shown:
        widget.close()
    # A window that is only closed lives on, with its engine, and takes part in each change of the theme.
    for window in (w for w in app.topLevelWidgets() if isinstance(w, QMainWindow)):
        window.deleteLater()
        app.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    assert not shown, f"windows left open: {shown}"
    assert not running, f"timers left running: {running}"
