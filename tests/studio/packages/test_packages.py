"""What needs packages that are missing offers them, has them installed, and then goes on; pip is a script here."""

import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from dgstudio.extras import installation
from dgstudio.extras.installation import InstallState
from dgstudio.extras.known import EXTRAS, line
from dgstudio.studio.packages.packages import ONNX
from dgstudio.studio.sessions.losses import QUIT, Loss


@pytest.fixture
def lacking(installed):
    """Nothing optional is there."""
    installed.update(dict.fromkeys(installed, False))
    return installed


@pytest.fixture
def pip(monkeypatch, tmp_path, lacking):
    """Put a script into the place of pip: it waits for the file that is returned, then the packages are there."""
    gate = tmp_path / "go"

    def put(end="", plan=""):
        waits = (
            f"import json, pathlib, sys, threading\n{plan}\nprint('Downloading onnx (8.9 MB)')\n"
            f"while not pathlib.Path({str(gate)!r}).exists(): threading.Event().wait(0.01)\n{end}"
        )
        monkeypatch.setattr(installation, "pip_command", lambda: (sys.executable, "-c", waits))
        monkeypatch.setattr(
            installation.importlib, "invalidate_caches", lambda: lacking.update(dict.fromkeys(lacking, True))
        )
        return gate

    return put


def logged(window):
    return " ".join(line.text for line in window.layout_.log_panel.kept)


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def polled(window, qtbot):
    """Return a function that lets frames go by until something is true."""

    def until(true):
        def look():
            window.packages.poll()
            return bool(true())

        qtbot.waitUntil(look)

    return until


def choose(window, kind, name, tmp_path):
    """Export something to a file of this name, as its dialog would."""
    window.actions_.trigger(f"export_{kind}")
    dialog = window.findChild(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / name))
    dialog.close()


def test_what_needs_nothing_more_is_done_at_once(window, bridge, tmp_path):
    window.actions_.trigger("consolidate")
    choose(window, "model", "a.onnx", tmp_path)
    assert bridge.calls == [
        ("candidates.start_consolidation",),
        ("recording.export", "model", tmp_path / "a.onnx", {"overwrite": True}),
    ]
    assert window.packages.sheet is None and window.packages.line is None


def test_what_needs_packages_says_so_with_size_and_line(window, bridge, lacking):
    window.actions_.trigger("consolidate")
    sheet = window.packages.sheet
    assert sheet.isVisible() and not bridge.calls
    assert sheet.title.text() == "Training a new base needs torch"
    assert "210 MB to download and 900 MB on disk" in sheet.about.text() and "6 GB" in sheet.about.text()
    assert sheet.line.text() == line(EXTRAS["train"]) and sheet.install.hasFocus() and not sheet.failure.isVisible()
    assert sheet.height() >= sheet.wanted_height(sheet.width())
    click(sheet.copy)
    assert QGuiApplication.clipboard().text() == line(EXTRAS["train"]) and sheet.copy.text() == "Copied"
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible() and not bridge.calls and not window.packages.busy


@pytest.mark.parametrize(
    ("kind", "name", "extra"),
    [("model", "a.onnx", "export"), ("report", "a.html", "report"), ("model", "a.safetensors", "")],
)
def test_exports_ask_for_what_their_file_needs(window, bridge, lacking, tmp_path, kind, name, extra):
    choose(window, kind, name, tmp_path)
    if extra:
        assert window.packages.sheet.line.text() == line(EXTRAS[extra]) and not bridge.calls
        click(window.packages.sheet.not_now)
        assert not window.packages.sheet.isVisible()
    else:
        assert (
            bridge.calls == [("recording.export", kind, tmp_path / name, {"overwrite": True})]
            and window.packages.sheet is None
        )


def test_actions_stay_and_their_tooltips_say_what_they_need(window, lacking):
    for action, package in (("consolidate", "torch"), ("export_model", "onnxruntime"), ("export_report", "matplotlib")):
        assert window.actions_.qaction(action).isEnabled()
        assert package in window.actions_.qaction(action).toolTip()


def test_it_installs_beside_the_stream_and_then_goes_on(window, bridge, pip, tmp_path, polled):
    gate = pip()
    choose(window, "model", "a.onnx", tmp_path)
    QTest.keyClick(window.packages.sheet.install, Qt.Key.Key_Return)
    row = window.packages.line
    assert not window.packages.sheet.isVisible() and row.isVisible() and window.packages.busy
    assert row.title.text() == "Installing onnx and onnxruntime"
    polled(lambda: row.text.text() == "Downloading onnx (8.9 MB)")
    assert row.bar.isVisible() and not row.look.isVisible()
    # Asked for again, it is not installed twice; something else has to wait.
    choose(window, "model", "b.onnx", tmp_path)
    assert "begins when the installation is over" in window.notifier.toast.said
    window.actions_.trigger("consolidate")
    assert "First onnx and onnxruntime" in window.notifier.toast.said
    gate.touch()
    polled(lambda: bridge.calls)
    assert bridge.calls == [("recording.export", "model", tmp_path / "b.onnx", {"overwrite": True})]
    assert not row.isVisible() and not window.packages.busy
    assert "are installed. The export begins." in logged(window)


def test_cancel_leaves_everything_as_it_was(window, bridge, pip, polled):
    pip()
    window.packages.having(ONNX, lambda: bridge.calls.append("no"))
    click(window.packages.sheet.install)
    polled(lambda: window.packages.installation.state == InstallState.RUNNING)
    click(window.packages.line.cancel)
    polled(lambda: not window.packages.busy)
    assert not window.packages.line.isVisible() and not bridge.calls and "Cancelled" in window.notifier.toast.said


def test_a_failure_stays_until_it_has_been_seen_and_can_be_tried_again(window, bridge, pip, polled, tmp_path):
    gate = pip("print('NewConnectionError'); sys.exit(1)")
    gate.touch()
    choose(window, "model", "a.onnx", tmp_path)
    click(window.packages.sheet.install)
    row = window.packages.line
    polled(lambda: row.look.isVisible())
    assert row.title.text() == "onnx and onnxruntime were not installed" and not row.bar.isVisible()
    assert "Check the network" in row.text.text() or "Check the network" in row.text.toolTip()
    assert logged(window).count("Check the network") == 1
    click(row.look)
    sheet = window.packages.sheet
    assert not row.isVisible() and sheet.failure.isVisible() and "Check the network" in sheet.failure.text()
    pip()
    assert sheet.install.text() == "Try again"
    click(sheet.install)
    polled(lambda: bridge.calls)
    assert bridge.calls == [("recording.export", "model", tmp_path / "a.onnx", {"overwrite": True})]


def test_a_failure_can_be_put_away(window, bridge, pip, polled):
    pip("sys.exit(1)").touch()
    window.packages.having(ONNX, lambda: bridge.calls.append("no"))
    click(window.packages.sheet.install)
    polled(lambda: window.packages.line.look.isVisible())
    click(window.packages.line.cancel)
    polled(lambda: not window.packages.line.isVisible())
    assert not bridge.calls
    window.packages.having(ONNX, lambda: None)
    assert not window.packages.sheet.failure.isVisible()


def test_an_audience_sees_neither_line(window, pip, polled):
    gate = pip()
    window.packages.having(ONNX, lambda: None)
    click(window.packages.sheet.install)
    window.state.presentation = True
    polled(lambda: not window.packages.line.isVisible())
    window.state.presentation = False
    polled(lambda: window.packages.line.isVisible())
    gate.touch()
    polled(lambda: not window.packages.busy)


@pytest.mark.parametrize("agrees", [True, False])
def test_the_large_build_of_torch_needs_a_second_word(window, bridge, pip, polled, monkeypatch, agrees):
    monkeypatch.setattr(sys, "platform", "linux")
    plan = (
        "if '--report' in sys.argv:\n"
        "    path = sys.argv[sys.argv.index('--report') + 1]\n"
        "    json.dump({'install': [{'metadata': {'version': '2.13.0'}}]}, open(path, 'w')); sys.exit(0)\n"
        "if '--target' in sys.argv: sys.exit(1)"
    )
    gate = pip(plan=plan)
    monkeypatch.setattr(installation.Installation, "_uv", lambda _self: ())
    window.actions_.trigger("consolidate")
    click(window.packages.sheet.install)
    row = window.packages.line
    polled(lambda: window.packages.installation.state == InstallState.ASKING and row.agree.isVisible())
    assert "3 GB to download, 6 GB on disk" in row.text.text() and row.agree.text() == "Install 6 GB all the same"
    gate.touch()
    click(row.agree if agrees else row.cancel)
    polled(lambda: not window.packages.busy)
    assert bridge.calls == ([("candidates.start_consolidation",)] if agrees else [])


def test_the_line_is_never_wider_than_the_window(window, pip, polled):
    pip("print('ERROR: ' + 'a very long explanation ' * 40); sys.exit(1)").touch()
    window.packages.having(ONNX, lambda: None)
    click(window.packages.sheet.install)
    polled(lambda: window.packages.line.look.isVisible())
    assert window.width() == 1280 and window.packages.line.text.text().endswith("…")
    assert "explanation" in window.packages.line.text.toolTip()
    window.resize(1024, 600)
    assert window.width() == 1024


def test_the_theme_reaches_both(window, lacking, pip):
    pip()
    window.packages.having(ONNX, lambda: None)
    window.appearance.toggle()
    assert window.packages.sheet.theme.name == window.appearance.theme.name == "light"
    click(window.packages.sheet.install)
    window.appearance.toggle()
    assert window.packages.line.bar.theme.name == "dark"


def test_closing_the_window_ends_the_installation(window, pip, polled):
    pip()
    window.packages.having(ONNX, lambda: None)
    click(window.packages.sheet.install)
    polled(lambda: window.packages.installation.state == InstallState.RUNNING)
    it = window.packages.installation
    window.close()
    assert it.over


def test_leaving_the_session_is_told_to_end_it(desk, pip):
    gate = pip()
    desk.window.packages.having(ONNX, lambda: None)
    click(desk.window.packages.sheet.install)
    desk.until(lambda: desk.window.packages.installation.state == InstallState.RUNNING)
    samples = desk.engine.clock.now()
    desk.until(lambda: desk.engine.clock.now() > samples)
    assert Loss.INSTALLING in desk.sessions.losses().kinds
    desk.window.close()
    assert desk.window.isVisible() and desk.window.notifier.toast.button.text() == QUIT
    assert "onnx and onnxruntime" in desk.window.notifier.toast.said
    gate.touch()
    desk.until(lambda: not desk.window.packages.busy)
    assert Loss.INSTALLING not in desk.sessions.losses().kinds
