"""The main window: makes its parts, gives each what it needs, and passes on frames, keys and what Qt tells it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QSettings, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from dgstudio.engine.facts.event import EventKind
from dgstudio.engine.facts.notice import Notice
from dgstudio.studio.actions.ids import ActionId, SubMenu
from dgstudio.studio.actions.registry import ActionRegistry
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.inspected import VersionsSubject
from dgstudio.studio.bridge.settings import HINTS_SEEN, open_settings, read_flag
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.common.overlays.toast import Toast
from dgstudio.studio.demos.caption_line import CaptionLine
from dgstudio.studio.demos.demos import Demos
from dgstudio.studio.demos.parts import DemoParts
from dgstudio.studio.docking.layout_choice import LayoutChoice
from dgstudio.studio.docking.panel_menu import open_panel_menu
from dgstudio.studio.docking.stored import OwnLayouts
from dgstudio.studio.packages.packages import Packages
from dgstudio.studio.pictures.file_desk import FileDesk
from dgstudio.studio.sessions.session_desk import DeskPlace
from dgstudio.studio.theme.theme import load_fonts
from dgstudio.studio.window.action_tables.demo_actions import DEMO_ACTIONS
from dgstudio.studio.window.action_tables.file_actions import FILE_ACTIONS
from dgstudio.studio.window.action_tables.label_actions import LABEL_ACTIONS, class_actions
from dgstudio.studio.window.action_tables.layout_actions import (
    LAYOUT_ACTIONS,
    PANEL_ACTIONS,
    layout_actions,
    list_own_layouts,
)
from dgstudio.studio.window.action_tables.model_actions import (
    COMPARE_ACTIONS,
    COMPARE_IDS,
    LEARN_ACTIONS,
    VERSION_ACTIONS,
    mode_actions,
)
from dgstudio.studio.window.action_tables.source_actions import list_choices, perform_actions, perform_by_key
from dgstudio.studio.window.action_tables.view_actions import GENERAL_ACTIONS, VIEW_ACTIONS
from dgstudio.studio.window.appearance import Appearance
from dgstudio.studio.window.hint_acts import ASKED, LOOKED_FURTHER, MARKED, TAUGHT
from dgstudio.studio.window.key_router import KeyRouter
from dgstudio.studio.window.layout import WindowLayout
from dgstudio.studio.window.new_class_offer import NewClassOffer
from dgstudio.studio.window.notifier import Notifier
from dgstudio.studio.window.parts import WindowParts
from dgstudio.studio.window.pictures.moving_pictures import MovingPictures
from dgstudio.studio.window.pictures.picture_places import PicturePlaces
from dgstudio.studio.window.pictures.picture_taking import PictureTaking
from dgstudio.studio.window.presenter import Presenter
from dgstudio.studio.window.session_actions import SessionActions
from dgstudio.studio.window.sheets import Sheets
from dgstudio.studio.window.window_geometry import LEAST, SIZE, WindowGeometry
from dgstudio.types import Level, RecordKind

REST_MS = 120
"""As long as the window's size must have rested before its type is fitted to it."""
TEXT_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


class StudioWindow(QMainWindow):
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
        self.setMinimumSize(LEAST / self.devicePixelRatioF())
        self.resize(SIZE.boundedTo(self.screen().availableSize()))
        load_fonts()
        # Before any widget is there: styling none is quick.
        self.appearance = Appearance(self.settings, self.state)
        self.desk_place = DeskPlace()
        """Where whoever can put another session into the place of this one makes himself known."""
        self._closed = False
        self._recording_shown = False
        self._resized = QTimer(self)
        self._resized.setSingleShot(True)
        self._resized.setInterval(REST_MS)
        self._resized.timeout.connect(self._fit_type)
        self._make_parts()
        self._connect()
        self.appearance.root = self.layout_.working
        self.appearance.apply()
        self.geometry_.restore()
        self.notifier.show_trouble()
        self._show_session()
        self._hints_wanted = hints and not read_flag(self.settings, HINTS_SEEN)

    def _make_parts(self) -> None:
        """Make every part, the later ones from the earlier; none of them knows this window as more than a widget."""
        state, commands = self.state, self.commands
        modes = mode_actions(commands.model.offered_modes)
        tables = (LABEL_ACTIONS, FILE_ACTIONS, modes, LEARN_ACTIONS, VERSION_ACTIONS, COMPARE_ACTIONS)
        rows = [row for table in (*tables, DEMO_ACTIONS, VIEW_ACTIONS, GENERAL_ACTIONS) for row in table]
        self.actions_: ActionRegistry[WindowParts] = ActionRegistry(self, rows)
        self.actions_.besides = lambda it: [*class_actions(it), *perform_actions(it), *layout_actions(it)]
        self.labelling = Labelling(state, commands, self)
        layout = self.layout_ = WindowLayout(self, state, commands, self.labelling, self.actions_, self._attempt)
        toast = self.appearance.dress(Toast(layout.desk))
        toast.stand_on(layout.status)
        notifier = self.notifier = Notifier(
            state,
            commands,
            toast,
            layout.banner,
            layout.log_panel,
            self.desk_place,
            undo=lambda: self.actions_.trigger(ActionId.UNDO),
        )
        self.appearance.frame = layout
        self.geometry_ = WindowGeometry(self, self.settings, state, commands, layout, notifier)
        self.packages = Packages(state, layout, self.appearance, notifier)
        self.sheets = Sheets(
            state,
            commands,
            self.labelling,
            layout,
            self.appearance,
            self.actions_,
            self.desk_place,
            notifier.attempt,
            hints_seen=lambda: self.settings.setValue(HINTS_SEEN, True),
        )
        self.demos = Demos(
            DemoParts(state, commands, self.labelling, self.actions_), self.desk_place, notifier.refuse, self
        )
        layout.add_line(self.appearance.dress(CaptionLine(state, self.actions_)))
        self.session_actions = SessionActions(self, state, commands, self.desk_place, self.packages, notifier)
        self.files = FileDesk(layout, self.appearance, notifier)
        places = PicturePlaces(self, state, notifier, self.session_actions.folder)
        self.moving = MovingPictures(self, state, layout, notifier, self.files, places, self.packages)
        self.pictures = PictureTaking(state, layout, self.appearance, notifier, self.files, places, self.moving)
        self.new_class = NewClassOffer(layout.uncertain_panel, layout.classes_panel, self.labelling, toast)
        self.keys = KeyRouter(self, state, commands, self.labelling, layout.stream_panel, self.actions_, notifier)
        self.presenter = Presenter(
            self, state, layout, self.appearance, self.geometry_, notifier, self.keys.watch, self._open_menu_at
        )
        own = OwnLayouts(self.settings)
        for problem in own.problems:
            notifier.log(Notice(EventKind.START, problem, Level.WARNING))
        self.layouts = LayoutChoice(layout.arrangement, own, self._say_layout)
        parts = WindowParts(
            state,
            commands,
            self.actions_,
            notifier,
            layout,
            self.layouts,
            self.sheets,
            self.appearance,
            self.geometry_,
            self.session_actions,
            self.pictures,
            self.moving,
            self.packages,
            self.demos,
            self.close,
        )
        self.actions_.work_on(parts)
        self._fill_menus(parts)
        if state.watched is not None:
            from dgstudio.studio.window.watching import keep_from_changing

            keep_from_changing(parts)

    def _fill_menus(self, parts: WindowParts) -> None:
        self.menu_ = QMenu(self)
        self.menus_ = self.actions_.fill_menu(self.menu_)
        list_own_layouts(self.menus_[SubMenu.LAYOUT], parts)
        stream = self.menus_[SubMenu.STREAM]
        perform = self.menus_[SubMenu.PERFORM] = QMenu(SubMenu.PERFORM, stream)
        stream.addMenu(perform)
        list_choices(perform, parts)
        self.keys.on_alt(lambda digit: perform_by_key(digit, parts))

    def _connect(self) -> None:
        """Let the parts hear what they ask of each other."""
        layout, sheets = self.layout_, self.sheets
        layout.bar.mode_chosen.connect(self.commands.model.set_mode)
        layout.bar.menu.clicked.connect(self._open_menu)
        layout.bar.source.clicked.connect(lambda: self.actions_.trigger(ActionId.SOURCE))
        layout.bar.contract.clicked.connect(lambda: self.actions_.trigger(ActionId.LEARNING))
        layout.opening.cancelled.connect(self.session_actions.stay)
        layout.watching.asked.connect(self.session_actions.go_on)
        layout.task_line.look.clicked.connect(sheets.proposal.open)
        layout.classes_panel.countdown.connect(lambda class_id: sheets.countdown.begin(class_id))
        layout.panels.when_made(self._connect_panel)
        layout.snapshots_panel.examples_asked.connect(lambda version: sheets.examples.show_version(version))
        layout.snapshots_panel.refused.connect(self.notifier.refuse)
        arrangement = layout.arrangement
        for dock in arrangement.docks.values():
            self.keys.watch(dock)
        self.keys.left.connect(self._on_left)
        moving = self.moving
        moving.changed.connect(lambda: self.actions_.set_checked(ActionId.KEEP_MOVING, moving.on))
        arrangement.changed.connect(self._check_panels)
        more = self.pictures.fill_panel_menu
        arrangement.menu_asked.connect(lambda name, at: open_panel_menu(arrangement, name, at, more))
        self._check_panels()
        self._check_twins()
        self._follow_state()
        self.labelling.changed.connect(self._on_held)
        self.labelling.overruled.connect(self.notifier.tell_overruled)
        self.labelling.refused.connect(self.notifier.refuse)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def _connect_panel(self, name: str, _panel: QWidget) -> None:
        """The same for a panel that is made when it is opened."""
        layout = self.layout_
        if name == "gating":
            layout.gating_panel.export.clicked.connect(lambda: self.actions_.trigger(ActionId.EXPORT_GATING))
        elif name == "quality":
            layout.quality_panel.examples_chosen.connect(lambda which: self.sheets.examples.open_on(which))

    def _attempt(self, command: object, *values: object) -> None:
        self.notifier.attempt(command, *values)

    # -- frames --------------------------------------------------------------------------------------------------

    def update_frame(self, frame: Frame) -> None:
        """Show one frame; called by the bridge's timer in the Qt thread, up to 60 times a second."""
        self.sheets.update_frame(frame)
        self.demos.update_frame(frame)
        self.packages.poll()
        self.files.poll()
        self.moving.update_frame(frame)
        for name, error in self.layout_.update_frame(frame):
            text = f"The panel {name} stopped drawing ({error!r}): restart dgstudio to get it back."
            self.notifier.say(Notice(EventKind.PANEL_FAILED, text, Level.ERROR))
        for record in frame.publishes:
            self.notifier.tell_record(record)
            if record.kind == RecordKind.LEARNED:
                self.sheets.did(TAUGHT)
        for event in frame.events:
            self.notifier.tell(event)
        self._show_recording(frame)

    def _show_recording(self, frame: Frame | None) -> None:
        bar, theme = self.layout_.bar, self.appearance.theme
        held, seconds = self.labelling.held, self.labelling.held_s
        if frame is not None and frame.recording is not None:
            held, seconds = frame.recording[0], max(0.0, frame.now - frame.recording[1])
        card = self.state.card(held) if held is not None else None
        if card is not None:
            bar.show_recording(card.info.name, theme.readable(card.info.colour, "recording_soft"), seconds)
        elif self._recording_shown:
            bar.show_recording("", "", 0.0)
        self._recording_shown = card is not None

    # -- what changes --------------------------------------------------------------------------------------------

    def _follow_state(self) -> None:
        state = self.state
        state.when(StudioState.presentation).connect(self._show_presentation)
        state.when(StudioState.phase, StudioState.failure, StudioState.saved).connect(self.notifier.show_trouble)
        state.when(StudioState.pinned).connect(self.notifier.tell_pin)
        state.when(StudioState.mode).connect(self.notifier.tell_mode)
        state.when(StudioState.selection).connect(self._note_mark)
        state.when(StudioState.compare).connect(self._note_compared)
        state.when(StudioState.inspections).connect(self._open_inspector)
        state.when(StudioState.compared).connect(self._show_versions)
        state.when(StudioState.recording_stream).connect(self._show_recorded)
        state.when(StudioState.parts_apart).connect(self._show_parts_apart)
        state.when(StudioState.session_name).connect(self._show_session)

    def _show_presentation(self) -> None:
        self.sheets.did(LOOKED_FURTHER)
        self.presenter.present(self.state.presentation)

    def _note_mark(self) -> None:
        if self.state.selection is not None:
            self.sheets.did(MARKED)

    def _show_versions(self) -> None:
        if self.state.compared is not None:
            self.state.inspect(VersionsSubject())

    def _open_inspector(self) -> None:
        self.sheets.did(ASKED)
        # What an audience looks at stays as it is.
        if not self.layout_.on_stage:
            self.layout_.arrangement.set_open("inspector", True)

    def _note_compared(self) -> None:
        self.sheets.did(LOOKED_FURTHER)
        self._check_twins()
        if not self.layout_.on_stage:
            self.layout_.show_middle("compared", bool(self.state.compare))

    def _check_twins(self) -> None:
        for kind, id in COMPARE_IDS.items():
            self.actions_.set_checked(id, kind in self.state.compare)

    def _show_parts_apart(self) -> None:
        self.actions_.set_checked(ActionId.PARTS_APART, self.state.parts_apart)

    def _show_recorded(self) -> None:
        self.actions_.set_checked(ActionId.RECORD_STREAM, self.state.recording_stream)

    def _check_panels(self) -> None:
        """Let menu and palette say which panels are open, and which layout is in use."""
        arrangement = self.layout_.arrangement
        for name, id in PANEL_ACTIONS.items():
            self.actions_.set_checked(id, arrangement.is_open(name))
        for name, id in LAYOUT_ACTIONS.items():
            self.actions_.set_checked(id, arrangement.layout_name == name)

    def _say_layout(self, text: str, take_back: Callable[[], object] | None) -> None:
        toast = self.notifier.toast
        toast.show_text(text, Level.INFO, "" if take_back is None else "Undo", take_back)

    def _show_session(self) -> None:
        name = self.state.session_name + (" (watching)" if self.state.watched is not None else "")
        self.setWindowTitle(f"{name} – dgstudio" if name else "dgstudio")

    def _open_menu(self) -> None:
        button = self.layout_.bar.menu
        # Flush with the button's right edge: it stays within the window.
        below = button.rect().bottomRight() - QPoint(self.menu_.sizeHint().width() - 1, 0)
        self._open_menu_at(button.mapToGlobal(below))

    def _open_menu_at(self, place: QPoint) -> None:
        # popup, not exec: nothing modal stands in the way of a live stream.
        self.menu_.popup(place)

    # -- keys --------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if not self.keys.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        self.keys.release(event)
        super().keyReleaseEvent(event)

    def _on_held(self, held: object) -> None:
        self._show_recording(None)
        self.sheets.doing(TAUGHT, held is not None)

    def _on_focus(self, old: QWidget | None, new: QWidget | None) -> None:
        # The release of a held key would go to the text field and never be seen.
        if isinstance(new, TEXT_FIELDS) or (isinstance(new, QComboBox) and new.isEditable()):
            self.labelling.stop()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            self._on_left()

    def _on_left(self) -> None:
        """Hold nothing any longer if neither the window nor the stage nor a panel that floats is in use."""
        active = QApplication.activeWindow()
        if active not in (self, self.presenter.apart, *self.layout_.arrangement.docks.values()):
            self.sheets.call_off()
            self.labelling.stop()

    # -- size ---------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if self.isVisible() and self.appearance.fits(self.size(), self.devicePixelRatioF()):
            self._resized.start()
        else:
            # Before its parts are laid out with less room than they need.
            self._fit_type()

    @property
    def settled(self) -> bool:
        """Whether its type suits its size: it becomes larger a moment after the last change of that."""
        return not self._resized.isActive()

    def _fit_type(self) -> None:
        ratio = self.devicePixelRatioF()
        self.setMinimumSize(LEAST / ratio)
        self.appearance.fit(self.size(), ratio)

    # -- life --------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self.layout_.desk.setFocus()
        if self._hints_wanted:
            self._hints_wanted = False
            self.sheets.hints.begin()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        sessions = self.desk_place.desk
        if not self._closed and sessions is not None and not sessions.may_quit():
            event.ignore()
            return
        self.finish()
        self.layout_.arrangement.put_away()
        super().closeEvent(event)

    def finish(self) -> None:
        """Remember the arrangement, end what is held, stop the engine; once. The window shows its last frame on."""
        if self._closed:
            return
        self._closed = True
        self.demos.stop()
        self.labelling.stop()
        self.geometry_.remember()
        self.commands.keep_layout(self.geometry_.arranged())
        self.sheets.stop()
        self.packages.stop()
        self.files.stop()
        self.moving.stop()
        self.commands.shutdown()
        self.gone.emit()
