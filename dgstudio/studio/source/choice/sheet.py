"""The sheet by which a source is chosen: what there is, a look at the chosen one, and a button that takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.engine.lifecycle.stream_config import StreamChoice
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.streams.camera.source import CameraSource
from dgstudio.streams.choosing.device_search import DeviceSearch, Found
from dgstudio.streams.choosing.preview import SourcePreview
from dgstudio.streams.choosing.source_opening import SourceOpening
from dgstudio.streams.condition import Lamp, SourceCondition, condition_of
from dgstudio.streams.osc.own_addresses import own_addresses
from dgstudio.streams.pointer import PointerSource
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, StudioState
from dgstudio.studio.camera.camera_list import CameraList
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.source.choice.address_card import AddressCard
from dgstudio.studio.source.choice.chosen import choice_of, missing_words
from dgstudio.studio.source.choice.entries import Entry, EntryKind, entries
from dgstudio.studio.source.choice.entry_list import EntryList
from dgstudio.studio.source.choice.fields_row import FieldsRow
from dgstudio.studio.source.choice.heard_table import HeardTable
from dgstudio.studio.source.choice.lamp_line import LampLine
from dgstudio.studio.source.choice.looking import Looking, Verdict, port_of, same_source, spec_words
from dgstudio.studio.source.choice.preview_view import SHOWN_S, PreviewView
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import StreamKind, StreamSpec

SIZE = QSize(1000, 624)
TOP = 60
LIST = 316
"""Logical pixels that the list is wide."""
TURN_MS = 50
"""How often what is shown is brought up to date."""
SOON_MS = 250
"""How long a row must stay chosen, or a field as it is, until its source is opened."""
USE, NEW = "Use this source", "New session with it"
FITS = "It fits: this session goes on with it, and what it has learned stays."
IN_USE = "This is what is answered now."
UNKNOWN = "What it sends is not known yet."
BROKEN = "It cannot be used as it stands."
OWN_PORT = "This session itself listens on port {}: go to another source first, or name another port."


class SourceSheet(Overlay):
    """Made once; looks for devices and at the chosen source while it is open only.

    Parameters
    ----------
    begin_on
        Begins a new session on a source; None where nobody can.
    attempt
        Asks the engine for something, and tells the user what it refuses.
    """

    def __init__(
        self,
        state: StudioState,
        commands: Bridge,
        begin_on: Callable[[], Callable[[StreamChoice], object] | None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent, SIZE.width(), SIZE.height(), TOP)
        self.grows = (1.25, 1.3)
        self.setAccessibleName("Source")
        self._state, self._commands, self._begin_on = state, commands, begin_on
        self._search: DeviceSearch | None = None
        self._looking: Looking | None = None
        self._taking: SourceOpening | None = None
        self._taken_choice: StreamChoice | None = None
        self._leaving: tuple[StreamChoice, SourcePreview | None] | None = None
        self._entry: Entry | None = None
        """The row that is shown, as it was known then."""
        self._problem = ""
        """Why what was to be taken could not be; until something else is chosen."""
        self._frame: Frame | None = None
        self._found = Found()
        self.cameras = CameraList(self)
        self.cameras.changed.connect(lambda: self._show_entries())
        self._make_widgets()
        self._lay_out()
        self._turns = QTimer(self)
        self._turns.setInterval(TURN_MS)
        self._turns.timeout.connect(self.turn)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self._look)

    def _make_widgets(self) -> None:
        self.use_button, self.close_button = QPushButton(USE), QPushButton("Close")
        self.new_button = QPushButton(NEW)
        """For a source that fits: where the one button is not yet one that begins a session."""
        self.title = QLabel("Source")
        self.title.setObjectName("panelTitle")
        self.list = EntryList()
        self.list.chosen.connect(self._choose)
        self.list.itemDoubleClicked.connect(lambda _item: self.use_button.click())
        self.list.installEventFilter(self)
        self.name, self.about = QLabel(""), QLabel("")
        self.about.setObjectName("muted")
        self.fields = FieldsRow()
        self.fields.changed.connect(self._soon_look)
        self.card = AddressCard()
        self.lamp = LampLine()
        self.view = PreviewView(self._point)
        self.heard = HeardTable()
        self.heard.address_chosen.connect(self.fields.set_path)
        self.verdict = QLabel("")
        self.verdict.setAccessibleName("What happens")
        for label in (self.about, self.verdict):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.use_button.setToolTip("Answer this source from now on  [Enter]")
        self.new_button.setToolTip("Begin a session with this source; this one is kept as it is")
        self.new_button.hide()
        self.new_button.clicked.connect(lambda _checked=False: self.begin_new())
        self.close_button.setToolTip("Change nothing  [Esc]")
        self.use_button.clicked.connect(lambda _checked=False: self.use())
        self.close_button.clicked.connect(lambda _checked=False: self.close_overlay())
        self.default_button = self.use_button

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addWidget(self.verdict, 1)
        for button in (self.close_button, self.new_button):
            foot.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        foot.addWidget(self.use_button, 0, Qt.AlignmentFlag.AlignBottom)
        right = QVBoxLayout()
        right.setSpacing(8)
        for widget in (self.name, self.about, self.fields, self.card, self.lamp):
            right.addWidget(widget)
        right.addWidget(self.view, 3)
        right.addWidget(self.heard, 1)
        right.addLayout(foot)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.title)
        left.addWidget(self.list, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 14, 18, 14)
        row.setSpacing(18)
        row.addLayout(left)
        row.addLayout(right, 1)

    # -- life --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Look for what there is, with the present source chosen."""
        if not self.isVisible():
            self._search = DeviceSearch()
            self._search.listen(True)
            self._looking = Looking(self._commands.stream, self._search, self)
            self._search.start()
        self._found = Found()
        self.cameras.poll()
        self._show_entries()
        if not self.list.choose(self.list.present):
            self.list.choose("simulator")
        super().open()
        self.list.setFocus()
        self._turns.start()
        self._choose()

    def close_overlay(self) -> None:
        """Close it; nothing is looked at or for any more."""
        self.stop()
        super().close_overlay()

    def stop(self) -> None:
        """Let go of every device. Called twice it does nothing."""
        self._turns.stop()
        self._soon.stop()
        looking, self._looking = self._looking, None
        search, self._search = self._search, None
        self._taking = self._leaving = None
        if looking is not None:
            looking.stop()
            looking.deleteLater()
        if search is not None:
            search.stop()

    def update_frame(self, frame: Frame) -> None:
        """Note what is answered now."""
        self._frame = frame

    def wanted_height(self, wide: int) -> int:
        """Return the height that the list wants: all there is."""
        return 4 * self._wanted.height()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.title.setFont(theme.header())
        self.name.setFont(theme.ui("title", 600))
        for label in (self.about, self.verdict, self.close_button, self.new_button):
            label.setFont(theme.ui("body"))
        self.use_button.setFont(theme.ui("body", 600))
        self.list.setFixedWidth(theme.px(LIST))
        for part in (self.list, self.fields, self.card, self.lamp, self.view, self.heard):
            part.apply_theme(theme)

    # -- the list ----------------------------------------------------------------------------------------------------

    def _show_entries(self) -> None:
        rows = entries(self._found, self.cameras.names, self.cameras.missing)
        self.list.set_entries(rows)
        present = self._present_key(rows)
        if present != self.list.present:
            self.list.present = present
            self.list.viewport().update()

    def _present_key(self, rows: Sequence[Entry]) -> str:
        """Key of the row that stands for the present source."""
        present = self._present
        for entry in rows:
            choice = self._choice(entry)
            if choice is not None and same_source(choice.source, present):
                return entry.key
        kind = present.partition(":")[0]
        # Of a port or a stream that is not listed now, the row in which it is typed.
        return kind if kind in ("osc", "phone", "lsl", "serial") else ""

    def _choice(self, entry: Entry) -> StreamChoice | None:
        try:
            return choice_of(entry, self.fields.fields_of(entry))
        except BadInputError:
            return None

    def _choose(self) -> None:
        """Another row is the current one."""
        entry = self.list.current()
        if entry is None or self._looking is None:
            return
        self._entry = entry
        self.name.setText(entry.title)
        self.about.setText(entry.about)
        self.fields.show_entry(entry)
        self.card.setVisible(entry.kind is EntryKind.PHONE and not entry.missing)
        self.heard.setVisible(entry.kind in (EntryKind.OSC, EntryKind.PHONE))
        choice = self._choice(entry)
        if choice is not None:
            self._show_card(choice)
        self._soon_look()

    def _refresh_chosen(self, looking: Looking) -> None:
        """What is known of the row that is shown may have become more: that there is nothing, or what lacks."""
        entry, before = self.list.current(), self._entry
        if entry is None or before is None or entry == before or entry.key != before.key:
            return
        other = (entry.name, entry.missing) != (before.name, before.missing)
        if other or (looking.preview is None and entry.key != self.list.present):
            self._choose()
        self._entry = entry

    def _soon_look(self) -> None:
        if self._looking is not None and self._taking is None and self._leaving is None:
            self._problem = ""
            self._looking.look_at(None)
            self._show_nothing("")
            self._soon.start()

    def _look(self) -> None:
        """Open the source of the current row, once it has stayed that."""
        entry, looking = self.list.current(), self._looking
        if entry is None or looking is None or self._taking is not None or self._leaving is not None:
            return
        if entry.missing:
            self._show_nothing(entry.missing, missing=True)
            return
        try:
            choice = choice_of(entry, self.fields.fields)
        except BadInputError as error:
            self._show_nothing(str(error))
            return
        if choice is None:
            self._show_nothing(entry.note or missing_words(entry))
        elif self._in_use(choice):
            self._show_card(choice)
        elif (port := port_of(choice.source)) is not None and port == port_of(self._present):
            self._show_nothing(OWN_PORT.format(port))
        else:
            self._show_card(choice)
            looking.look_at(choice)
        self.turn()

    def _in_use(self, choice: StreamChoice) -> bool:
        return same_source(choice.source, self._present)

    @property
    def _present(self) -> str:
        """The present source, as it is typed after --source."""
        return self._commands.chosen_source or self._state.source_name

    # -- what is shown -----------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Bring everything up to date."""
        search, looking = self._search, self._looking
        if search is None or looking is None:
            return
        self.cameras.poll()
        if search.found is not self._found:
            self._found = search.found
            self._show_entries()
            self._refresh_chosen(looking)
        if self._taking is not None:
            self._go_on_taking(self._taking)
            return
        if self._leaving is not None:
            self._go_on_leaving(*self._leaving)
            return
        looking.follow()
        if looking.preview is not None:
            self._show_preview(looking)
            return
        entry = self.list.current()
        if entry is not None and entry.key == self.list.present and not self._soon.isActive():
            choice = self._choice(entry)
            # Its fields may have been set to something else since.
            if choice is None or self._in_use(choice):
                self._show_present()

    def _show_nothing(self, words: str, *, missing: bool = False) -> None:
        """Show no stream: it is being opened, or cannot be."""
        self.view.say("" if missing else words)
        lamp = Lamp.WRONG if missing else Lamp.WAITING
        self.lamp.setVisible(not missing and not words)
        self.lamp.show_condition(SourceCondition(lamp))
        if missing:
            self.view.say(words)
        self.heard.show_heard(())
        self._show_verdict(Verdict(), False, "")

    def _show_preview(self, looking: Looking) -> None:
        preview = looking.preview
        assert preview is not None, "something is looked at"
        source, condition = preview.source, preview.condition()
        spec: StreamSpec | None = getattr(source, "spec", None)
        self.lamp.setVisible(True)
        self.lamp.show_condition(condition, spec_words(spec))
        self.heard.show_heard(condition.heard)
        if isinstance(source, CameraSource):
            picture = source.picture()
            if picture is None or source.trouble:
                entry = self.list.current()
                note = "" if entry is None else entry.note
                self.view.say(note or source.trouble or "Waiting for the first picture …")
            else:
                self.view.show_picture(picture.pixels)
        elif spec is None:
            self.view.say(preview.failure or self._waiting_words())
        else:
            times, values = preview.newest(SHOWN_S)
            rate = 0.0 if spec.kind is StreamKind.VALUES else spec.rate
            self.view.show_traces(spec.channels, times, values, rate, pad=isinstance(source, PointerSource))
        broken = condition.lamp in (Lamp.RETRYING, Lamp.WRONG)
        self._show_verdict(Verdict() if broken else looking.verdict(), broken)

    def _waiting_words(self) -> str:
        entry = self.list.current()
        if entry is not None and entry.kind in (EntryKind.OSC, EntryKind.PHONE):
            return "Nothing has come yet. What is sent appears here."
        return "It is being opened …" if entry is None else entry.note or "It is being opened …"

    def _show_present(self) -> None:
        """Show what is answered now, as the engine has it."""
        frame = self._frame
        if frame is None:
            return
        condition = frame.source or condition_of(frame.stats.stream_state)
        self.lamp.setVisible(True)
        self.lamp.show_condition(condition, spec_words(frame.spec))
        self.heard.show_heard(condition.heard)
        camera = self._commands.camera
        if frame.spec.kind is StreamKind.IMAGE:
            picture = None if camera is None else camera.picture()
            if picture is None:
                self.view.say("Waiting for the first picture …")
            else:
                self.view.show_picture(picture.pixels)
        else:
            newest = frame.times >= frame.now - SHOWN_S
            rate = 0.0 if frame.spec.kind is StreamKind.VALUES else frame.spec.rate
            self.view.show_traces(frame.spec.channels, frame.times[newest], frame.values[newest], rate)
        self.use_button.setEnabled(False)
        self.use_button.setText(USE)
        self.new_button.hide()
        self._say(IN_USE, "")

    def _show_card(self, choice: StreamChoice) -> None:
        if choice.source.startswith("phone:"):
            self.card.show_address(own_addresses(), int(choice.source.partition(":")[2]))

    def _show_verdict(self, verdict: Verdict, broken: bool, unknown: str = UNKNOWN) -> None:
        can_begin = self._begin_on() is not None
        self.use_button.setText(NEW if verdict.fits is False else USE)
        if self._problem:
            self._say(self._problem, "bad")
        elif verdict.fits:
            self._say(f"{FITS} {verdict.change}".rstrip(), "good")
        elif verdict.fits is None:
            self._say(BROKEN if broken else unknown, "")
        else:
            after = "a new session begins with it, and this one is kept as it is" if can_begin else "it is refused"
            why = verdict.why[:1].upper() + verdict.why[1:]
            self._say(f"{why}: {after}.", "warning")
        self.use_button.setEnabled(bool(verdict.fits) or (verdict.fits is False and can_begin))
        self.new_button.setEnabled(True)
        self.new_button.setVisible(bool(verdict.fits) and can_begin)

    def _say(self, words: str, look: str) -> None:
        if (words, look) == (self.verdict.text(), self.verdict.objectName()):
            return
        self.verdict.setObjectName(look)
        self.verdict.setText(words)
        # The stylesheet is asked again for the other name.
        self.verdict.style().unpolish(self.verdict)
        self.verdict.style().polish(self.verdict)

    def _point(self, x: float, y: float) -> None:
        if self._looking is not None:
            self._looking.point(x, y)

    # -- taking it ---------------------------------------------------------------------------------------------------

    def use(self) -> None:
        """Take what is looked at: in this session where it fits, else in a new one."""
        looking = self._looking
        busy = self._taking is not None or self._leaving is not None
        if looking is None or busy or not self.use_button.isEnabled():
            return
        verdict = looking.verdict()
        if verdict.fits:
            self._taking = looking.begin_taking()
            self._taken_choice = looking.choice
            self.use_button.setEnabled(False)
            self.new_button.hide()
            self._say("Switching …", "")
        elif verdict.fits is False:
            self._leave(looking)

    def begin_new(self) -> None:
        """Begin a session with what is looked at, though it would fit into this one."""
        looking = self._looking
        if looking is not None and self._taking is None and self._leaving is None and looking.verdict().fits:
            self._leave(looking)

    def _leave(self, looking: Looking) -> None:
        self._leaving = looking.release()
        for button in (self.use_button, self.new_button):
            button.setEnabled(False)
        self._say("A new session is opened …", "")

    def _go_on_taking(self, opening: SourceOpening) -> None:
        """Put the source into its place once it is there; or say why it cannot be."""
        if not opening.over:
            self.lamp.show_condition(opening.condition)
            return
        source, choice = opening.take(), self._taken_choice
        self._taking = None
        if source is None or choice is None:
            self._problem = opening.failure
            self._soon.start()
            return
        try:
            self._commands.switch_source(source, choice)
        except DgstudioError as error:
            source.close()
            self._problem = str(error)
            self._soon.start()
        else:
            self.close_overlay()

    def _go_on_leaving(self, choice: StreamChoice, preview: SourcePreview | None) -> None:
        """Begin a new session on it once it is let go of: a device belongs to one at a time."""
        begin_on = self._begin_on()
        if preview is not None and not preview.over:
            return
        self.close_overlay()
        if begin_on is not None:
            begin_on(choice)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.use_button.click()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_overlay()
                return True
        return super().eventFilter(watched, event)
