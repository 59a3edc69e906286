"""The main window in use: frames, actions, keys that are held to label, and what its parts ask of each other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSettings, QSize, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.settings import HINTS_SEEN, THEME, open_settings, read_flag
from dgstudio.studio.bridge.state import Frame
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.common.overlay import Overlay
from dgstudio.studio.packages.packages import NEEDED_BY, Packages
from dgstudio.studio.sessions.export_dialogs import EXPORTS, ask_where, suggested_name
from dgstudio.studio.theme.application import apply_to
from dgstudio.studio.theme.theme import THEMES, Theme, load_fonts
from dgstudio.studio.window.action_catalogue import class_actions, declare_actions
from dgstudio.studio.window.key_router import WindowKeys
from dgstudio.studio.window.layout import Assembly
from dgstudio.studio.window.session_actions import SessionDesk
from dgstudio.studio.window.window_geometry import layout_of, remember, restore
from dgstudio.types import ClassInfo, Event

SIZE = QSize(1600, 1000)
"""Of a first window, where the screen has room for it."""
TEXT_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


class StudioWindow(Assembly):
    """The studio. It draws what `update_frame` is given and asks for things through `commands`.

    Parameters
    ----------
    commands
        The bridge to the engine; its `state` is what the panels show. `shutdown` is called when the window closes.
    settings
        Where geometry, arrangement and theme are remembered; default: the user's own.
    hints
        Whether the first-start hints may appear (they do once).
    """

    gone = Signal()
    """The window has been closed and its engine stopped."""

    def __init__(self, commands: Bridge, *, settings: QSettings | None = None, hints: bool = True) -> None:
        super().__init__()
        self.commands, self.state = commands, commands.state
        self.settings = settings if settings is not None else open_settings()
        self.setObjectName("studio")
        self.setWindowTitle("dgstudio")
        self.setMinimumSize(1024, 600)
        self.resize(SIZE.boundedTo(self.screen().availableSize()))
        load_fonts()
        self.theme: Theme = THEMES.get(str(self.settings.value(THEME, "dark")), THEMES["dark"])
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        # Before any widget is there: styling none is quick.
        apply_to(app, self.theme)
        self.labelling = Labelling(self.state, commands, self)
        self.keys = WindowKeys(self)
        self.broken: set[str] = set()
        """Panels that failed to draw and are left out since; the log says why."""
        self.sessions: SessionDesk | None = None
        """Whoever can put another session into the place of this one."""
        self.packages = Packages(self)
        """What needs packages that may be missing."""
        self._closed = False
        self._none_span: tuple[float, float] | None = None
        """A moment that is none of the classes: the class that is being named may be its."""
        self._recording_shown = False
        self._was_maximised = False
        self.pinned_told = self.state.pinned
        self.actions_ = ActionRegistry(self)
        declare_actions(self)
        self.actions_.besides = lambda: class_actions(self)
        self.assemble()
        self._connect()
        self.state.changed.connect(self._on_changed)
        self.labelling.changed.connect(self._on_held)
        self.labelling.overruled.connect(self.tell_overruled)
        self.labelling.refused.connect(lambda sentence: self.say(Event("refused", sentence, "warning")))
        app.focusChanged.connect(self._on_focus)
        self.apply_theme(self.theme)
        restore(self)
        self._on_changed("phase")
        self._on_changed("session")
        self._hints_wanted = hints and not read_flag(self.settings, HINTS_SEEN)

    # -- what its parts ask of each other -------------------------------------------------------------------------

    def _connect(self) -> None:
        self.bar.mode_chosen.connect(self.commands.model.set_mode)
        self.bar.menu.clicked.connect(self._open_menu)
        self.bar.contract.clicked.connect(lambda: self.actions_.trigger("learning"))
        for tabs in self.tabs.values():
            tabs.chosen.connect(lambda wanted: self.show_quality(wanted == "quality"))
        self.task_line.look.clicked.connect(self.proposal.open)
        self.learning.browsed.connect(lambda: self._open_instead(self.learning, self.protected))
        self.classes_panel.countdown.connect(self.countdown.begin)
        self.classes_panel.added.connect(self._label_none)
        self.classes_panel.closed.connect(self._forget_none)
        self.uncertain_panel.none_of_these.connect(self._offer_class)
        self.quality_panel.examples_chosen.connect(lambda which: self.examples.open_on(which))
        self.snapshots_panel.examples_asked.connect(lambda version: self.examples.show_version(version))
        self.hints.finished.connect(lambda: self.settings.setValue(HINTS_SEEN, True))

    def _offer_class(self, span: tuple[float, float]) -> None:
        def make() -> None:
            self._none_span = span
            self.classes_panel.begin_add()

        self.toast.show_text("None of the classes: that moment is left out.", "info", "New class…", make)

    def _label_none(self, info: ClassInfo) -> None:
        if self._none_span is not None:
            self.labelling.label(info.id, self._none_span, "suggestion")
            self._none_span = None

    def _forget_none(self) -> None:
        self._none_span = None

    # -- frames --------------------------------------------------------------------------------------------------

    def update_frame(self, frame: Frame) -> None:
        """Show one frame; called by the bridge's timer in the Qt thread, about 30 times a second."""
        self.bar.update_frame(frame)
        self.status.update_frame(frame)
        self.opening.update_wall(frame.frame_time_wall)
        if self.state.importing is not None:
            self.importing.update_wall()
        self.learning.update_frame(frame)
        self.packages.poll()
        for name, panel in self.panels.items():
            if name in self.broken:
                continue
            try:
                panel.update_frame(frame)
            except Exception as error:
                # One panel that cannot draw must not stop the others, nor fill the log thirty times a second.
                self.broken.add(name)
                text = f"The panel {name} stopped drawing ({error!r}): restart dgstudio to get it back."
                self.say(Event("panel failed", text, "error"))
        for record in frame.publishes:
            self.tell_record(record)
        for event in frame.events:
            self.tell(event)
        self._show_recording(frame)

    def _show_recording(self, frame: Frame | None) -> None:
        held, seconds = self.labelling.held, self.labelling.held_s
        if frame is not None and frame.recording is not None:
            held, seconds = frame.recording[0], max(0.0, frame.now - frame.recording[1])
        card = self.state.card(held) if held is not None else None
        if card is not None:
            self.bar.show_recording(card.info.name, self.theme.readable(card.info.colour, "recording_soft"), seconds)
        elif self._recording_shown:
            self.bar.show_recording("", "", 0.0)
        self._recording_shown = card is not None

    # -- look --------------------------------------------------------------------------------------------------

    def toggle_theme(self) -> None:
        """Dark to light, or back; remembered."""
        name = "light" if self.theme.dark else "dark"
        self.settings.setValue(THEME, name)
        self.toast.hide()
        self.apply_theme(THEMES[name])

    def toggle_presentation(self) -> None:
        """Enter or leave presentation mode."""
        self.state.set_presentation(not self.state.presentation)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or stop doing so; a screen that is too small for the window is not filled."""
        if self.isFullScreen():
            self.showMaximized() if self._was_maximised else self.showNormal()
        elif self.fits_screen():
            self._was_maximised = self.isMaximized()
            self.showFullScreen()
        else:
            least = self.minimumSize()
            words = f"This screen is too small to be filled: the window needs {least.width()} × {least.height()}."
            self.toast.show_text(words, "warning")

    def toggle(self, sheet: Overlay) -> None:
        """Open a sheet, or close it."""
        if sheet.isVisible():
            sheet.close_overlay()
        else:
            sheet.open()

    def _open_instead(self, sheet: Overlay, other: Overlay) -> None:
        sheet.close_overlay()
        other.open()

    def export(self, kind: str) -> None:
        """Ask where to write examples, model or report to; the stream goes on meanwhile.

        Where that needs packages that are missing, they are offered first.
        """
        title, formats = EXPORTS[kind]

        def chosen(path: str) -> None:
            need = NEEDED_BY.get(Path(path).suffix.lower())
            if need is None:
                write(path)
            else:
                self.packages.having(need, lambda: write(path))

        def write(path: str) -> None:
            # Before it is asked for: a refusal takes its place.
            self.toast.show_text(f"Writing {Path(path).name} …")
            self.attempt(lambda: self.commands.recording.export(kind, Path(path), overwrite=True))

        ask_where(self, title, formats, chosen, suggested_name(self.state.session_name))

    def toggle_log(self) -> None:
        """Show or hide the log beside the snapshots."""
        self.panels["log"].setVisible(self.panels["log"].isHidden())

    def toggle_quality(self) -> None:
        """Show Quality if it is not shown, else what stood there."""
        self.show_quality(not self.arrangement.quality_shown)

    def leave(self) -> None:
        """What Esc means: close what lies on top, else unmark, else leave the presentation."""
        if self.hints.isVisible():
            self.hints.step()
        elif self.proposal.isVisible():
            self.proposal.put_aside()
        elif self.state.selection is not None:
            self.state.set_selection(None)
        elif self.state.presentation:
            self.state.set_presentation(False)
        elif self.isFullScreen():
            self.toggle_full_screen()

    def _present(self, presentation: bool) -> None:
        self.show_for_audience(presentation)
        self.apply_theme(THEMES[self.theme.name])
        if presentation != self.isFullScreen() and (self.isFullScreen() or self.fits_screen()):
            self.toggle_full_screen()

    def _on_changed(self, topic: object) -> None:
        if topic == "presentation":
            self._present(self.state.presentation)
        elif topic in ("phase", "health"):
            self.banner.set_text(self._trouble())
        elif topic == "versions":
            self.tell_pin()
        elif topic == "selection" and self.state.selection is not None:
            self.hints.did("marked")
        elif topic == "compare":
            self.hints.did("compared")
        elif topic == "recording":
            # It may stop by itself, too.
            self.actions_.set_checked("record_stream", self.state.recording_stream)
        elif topic == "session":
            name = self.state.session_name
            self.setWindowTitle(f"{name} – dgstudio" if name else "dgstudio")

    def _trouble(self) -> str:
        """What stays across the window while it is true."""
        if self.state.phase == "failed":
            return self.state.failure
        what, _, why = self.state.saved.partition(": ")
        return f"Not saved, going on in memory: {why or what}" if what == "failed" else ""

    def _open_menu(self) -> None:
        below = self.bar.menu.mapToGlobal(self.bar.menu.rect().bottomLeft())
        # popup, not exec: nothing modal stands in the way of a live stream.
        self.menu_.popup(below)

    # -- keys --------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if not self.keys.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        self.keys.release(event)
        super().keyReleaseEvent(event)

    def _on_held(self, held: object) -> None:
        self._show_recording(None)
        if held is not None:
            self.hints.did("held")

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        # The release of a held key would go to the text field and never be seen.
        if isinstance(new, TEXT_FIELDS) or (isinstance(new, QComboBox) and new.isEditable()):
            self.labelling.stop()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.countdown.stop()
            self.labelling.stop()

    # -- life --------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.desk.setFocus()
        if self._hints_wanted:
            self._hints_wanted = False
            self.hints.begin()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        if not self._closed and self.sessions is not None and not self.sessions.may_quit():
            event.ignore()
            return
        self.finish()
        super().closeEvent(event)

    def finish(self) -> None:
        """Remember the arrangement, end what is held, stop the engine; once. The window shows its last frame on."""
        if self._closed:
            return
        self._closed = True
        self.labelling.stop()
        remember(self)
        self.commands.keep_layout(layout_of(self))
        self.packages.stop()
        self.commands.shutdown()
        self.gone.emit()
