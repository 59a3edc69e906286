"""The Classes panel: a card per class to hold while performing it, and the field that adds a class."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QCursor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from dgstudio.engine.runtime.class_table import free_key
from dgstudio.errors import BadInputError
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import Frame, Phase, StudioState
from dgstudio.studio.classes.class_card import COMPACT, HEIGHTS, ClassCardWidget
from dgstudio.studio.classes.hold_to_label import Labelling
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.common.panels.panel_header import HEADER_HEIGHT
from dgstudio.studio.theme.theme import Theme

TITLE = "Classes · hold a key"
EMPTY = "Hold 1 while you perform what is to be the first class. To name it first, press A or + Add."
FROM_NOTHING = (
    "Hold 1 while you perform one thing, then 2 for another: two classes. To name them first, press A or + Add."
)
SECOND = "Then hold {} while you perform something else: that makes the second class."
LOADING = "Loading the base model …"
AIRY = 1.25
"""So many times its height is there for each card that is larger than usual."""


class ClassesPanel(PanelFrame):
    """Cards in the order of the classes. `added` carries the ClassInfo of a class that was just added here,
    `countdown` the id of a class that is to be recorded after a countdown; `closed`: no name is typed any more.

    `attempt` calls a command and tells the user what it refuses; `taken` tells which letters actions have for keys.
    """

    added = Signal(object)
    countdown = Signal(object)
    closed = Signal()

    def __init__(
        self,
        state: StudioState,
        commands: Bridge,
        labelling: Labelling,
        attempt: Callable[..., None],
        taken: Callable[[], frozenset[str]] = frozenset,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(TITLE if state.watched is None else "Classes", parent=parent)
        self._state, self._commands, self._labelling, self._attempt = state, commands, labelling, attempt
        self._taken = taken
        self._cards: dict[int, ClassCardWidget] = {}
        self._recording: int | None = None
        self._start: tuple[int, float] | None = None
        self._renamed: int | None = None
        self.add_button = QPushButton("+ Add")
        self.add_button.setObjectName("flat")
        self.add_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.add_button.setToolTip("Add a class and name it  [A]")
        self.add_button.setAccessibleName("Add a class")
        self.add_button.clicked.connect(self.begin_add)
        self.header.addWidget(self.add_button)
        self.field = QLineEdit()
        self.field.setPlaceholderText("name, then Enter")
        self.field.setAccessibleName("Name of the new class")
        self.field.returnPressed.connect(self._add)
        self.field.textEdited.connect(lambda _text: self._say(""))
        self.field.installEventFilter(self)
        self.sentence = QLabel("")
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.empty, self.second = QLabel(""), QLabel("")
        for label in (self.empty, self.second):
            label.setObjectName("empty")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            label.setContentsMargins(12, 24, 12, 0)
        scrolled = QWidget()
        scrolled.setObjectName("scrolled")
        self._column = QVBoxLayout(scrolled)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._column.addWidget(self.second)
        self._column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(scrolled)
        for widget in (self.field, self.sentence, self.empty):
            self.body.addWidget(widget)
            widget.hide()
        self.body.addWidget(self._scroll, 1)
        state.when(StudioState.classes, StudioState.phase, StudioState.failure, StudioState.hidden).connect(self._fill)
        labelling.changed.connect(self._on_held)
        self._fill()

    def cards(self) -> list[ClassCardWidget]:
        """Return the cards that are shown, in order."""
        return [self._cards[card.info.id] for card in self._state.classes if card.info.id in self._cards]

    @property
    def recording(self) -> int | None:
        """The class whose card glows, or None."""
        return self._recording

    @property
    def changing(self) -> tuple[QWidget, ...]:
        """The controls that change the session; cards say themselves why they cannot be held."""
        return (self.add_button,)

    def begin_add(self) -> None:
        """Open the name field, or go back to it."""
        self._renamed = None
        self.field.setPlaceholderText("name, then Enter")
        self.field.setAccessibleName("Name of the new class")
        self._open_field()

    def begin_rename(self, class_id: int) -> None:
        """Open the name field with the name that a class has."""
        card = self._state.card(class_id)
        if card is None:
            return
        self._renamed = class_id
        self.field.setText(card.info.name)
        self.field.setPlaceholderText(f"new name of {card.info.name}, then Enter")
        self.field.setAccessibleName(f"New name of the class {card.info.name}")
        self._open_field()
        self.field.selectAll()

    def _open_field(self) -> None:
        self._say("")
        self.field.show()
        self.empty.hide()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def cancel_add(self) -> None:
        """Close the name field; what was typed is dropped."""
        self.field.clear()
        self._say("")
        self.field.hide()
        renamed = self._cards.get(-1 if self._renamed is None else self._renamed)
        self._renamed = None
        # Whoever came from a card goes back to it.
        (renamed if renamed is not None and renamed.isVisible() else self.window()).setFocus()
        self._fill()
        self.closed.emit()

    def update_frame(self, frame: Frame) -> None:
        """Let the card glow whose class is being recorded, with the seconds so far."""
        held = self._labelling.held
        if frame.recording is not None:
            self._glow(frame.recording[0], max(0.0, frame.now - frame.recording[1]))
        else:
            # The press is shown before the engine has confirmed it.
            self._glow(held, 0.0)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.add_button.setFont(theme.header())
        self.add_button.setFixedHeight(theme.px(18))
        self.field.setFont(theme.ui("body"))
        self.sentence.setFont(theme.ui("small"))
        for label in (self.empty, self.second):
            label.setFont(theme.ui("body"))
        for card in self._cards.values():
            card.apply_theme(theme)
        self._share_out()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._share_out()

    def _share_out(self) -> None:
        # Where not all cards fit in full, they are lower: a class that is out of sight is not found.
        room = self.whole_height - self.theme.px(HEADER_HEIGHT) - 23
        each = room / max(1, len(self._cards)) - self._column.spacing()
        *larger, usual = HEIGHTS
        # Larger ones leave room for more classes.
        roomy = (tall for tall in larger if self.theme.length(AIRY * tall) <= each)
        tall = next(roomy, usual if self.theme.px(usual) <= each else COMPACT)
        for card in self._cards.values():
            card.set_tall(tall)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if watched is self.field and escape and event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            # Esc means this field while it is typed into, not the window.
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.cancel_add()
            return True
        return False

    def _add(self) -> None:
        try:
            if self._renamed is not None:
                self._commands.labels.edit_class(self._renamed, name=self.field.text())
                self.cancel_add()
                return
            info = self._commands.labels.add_class(self.field.text())
        except BadInputError as error:
            self._say(str(error))
            self.field.selectAll()
            return
        self.added.emit(info)
        self.cancel_add()
        self.reveal(info.id)

    def _asked(self, class_id: int, wish: str) -> None:
        commands, state = self._commands, self._state
        place = next((p for p, card in enumerate(state.classes) if card.info.id == class_id), None)
        if place is None:
            return
        if wish == "menu":
            from dgstudio.studio.classes.class_menu import ClassMenu  # with what it needs of Qt, at the first wish

            card = self._cards[class_id]
            menu = ClassMenu(
                class_id, state, commands, self._attempt, self.begin_rename, self.countdown.emit, self, self._taken()
            )
            pointer = QCursor.pos()
            inside = card.rect().contains(card.mapFromGlobal(pointer))
            menu.popup(pointer if inside else card.mapToGlobal(card.rect().bottomLeft()))
        elif wish == "rename":
            self.begin_rename(class_id)
        elif wish == "remove":
            self._attempt(commands.labels.remove_class, class_id)
        else:
            self._attempt(commands.labels.move_class, class_id, place + (1 if wish == "down" else -1))

    def reveal(self, class_id: int) -> None:
        """Scroll to a class's card; a new one lies last, where there may be no room to see it."""
        card = self._cards.get(class_id)
        if card is not None:
            # Its place is known only once it has been laid out.
            content = self._scroll.widget()
            assert content is not None
            content.resize(content.width(), max(content.height(), content.sizeHint().height()))
            self._column.activate()
            self._scroll.ensureWidgetVisible(card, 0, 6)

    def _say(self, sentence: str) -> None:
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))

    def _on_held(self, held: object) -> None:
        self._glow(held if isinstance(held, int) else None, 0.0)

    def _glow(self, class_id: int | None, seconds: float) -> None:
        if class_id != self._recording and self._recording in self._cards:
            self._cards[self._recording].set_recording(None)
        if class_id is not None and class_id != self._recording:
            # What is recorded must be seen, and where it is one of many it may be out of sight.
            self.reveal(class_id)
        self._recording = class_id
        if class_id is not None and class_id in self._cards:
            # Tenths are all that is shown: no repaint for less.
            self._cards[class_id].set_recording(round(seconds, 1))

    def _fill(self) -> None:
        wanted, moved = {card.info.id: card for card in self._state.classes}, False
        for class_id in [known for known in self._cards if known not in wanted]:
            card = self._cards.pop(class_id)
            self._column.removeWidget(card)
            card.deleteLater()
        for place, (class_id, shown) in enumerate(wanted.items()):
            widget = self._cards.get(class_id)
            if widget is None:
                widget = ClassCardWidget(shown)
                widget.apply_theme(self.theme)
                widget.pressed.connect(lambda id: self._labelling.press(id))
                widget.released.connect(lambda _id: self._labelling.release())
                widget.asked.connect(self._asked)
                self._cards[class_id] = widget
            else:
                widget.set_card(shown)
            if self._column.indexOf(widget) != place:
                self._column.insertWidget(place, widget)
                moved = True
        if moved:
            for before, after in itertools.pairwise(self.cards()):
                QWidget.setTabOrder(before, after)
        self._share_out()
        state = self._state
        words = {Phase.LOADING: LOADING, Phase.FAILED: state.failure}
        self.empty.setText(words.get(state.phase, FROM_NOTHING if state.begun_from_nothing else EMPTY))
        self.empty.setVisible(not wanted and self.field.isHidden())
        self.second.setText(SECOND.format(free_key({card.info.key for card in state.classes})))
        self.second.setVisible(bool(wanted) and state.begun_from_nothing)
        self._scroll.setVisible(bool(wanted))
        self.body.setStretchFactor(self.empty, 0 if wanted else 1)
