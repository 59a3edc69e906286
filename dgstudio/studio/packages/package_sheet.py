"""Packages that something needs and that are missing: the sheet that offers them, and the line while they come."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from dgstudio.extras.installation import OVER, Installation, InstallState
from dgstudio.extras.known import MB
from dgstudio.reasons.sizes import size_words
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.common.widgets.progress_line import ProgressLine
from dgstudio.studio.theme.format import percent
from dgstudio.studio.theme.theme import DARK, Theme

WIDTH = 600
TOP = 92
COPY, COPIED = "Copy", "Copied"


class PackageSheet(Overlay):
    """What is needed and why, how large it is, the line to run by hand, and Install. Closing it installs nothing."""

    def __init__(self, install: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent, WIDTH, 460, TOP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title = QLabel("")
        self.title.setObjectName("panelTitle")
        self.why, self.about, self.by_hand, self.failure = (self._words() for _ in range(4))
        self.by_hand.setText("The same by hand, in a terminal:")
        self.by_hand.setObjectName("muted")
        self.failure.setObjectName("bad")
        self.line = self._words()
        self.line.setObjectName("command")
        self.line.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.line.setAccessibleName("Line to run in a terminal")
        self.copy = self._button(COPY, "Copy the line to the clipboard", self._copy_line)
        self.install = self._button("Install", "Fetch and install it now; the stream goes on meanwhile", install)
        self.not_now = self._button("Not now", "Install nothing  [Esc]", self.close_overlay)
        hand, buttons = QHBoxLayout(), QHBoxLayout()
        hand.setSpacing(8)
        hand.addWidget(self.line, 1)
        hand.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignTop)
        buttons.setSpacing(10)
        buttons.addWidget(self.install)
        buttons.addWidget(self.not_now)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(10)
        for label in (self.title, self.failure, self.why, self.about):
            column.addWidget(label)
        column.addSpacing(2)
        column.addWidget(self.by_hand)
        column.addLayout(hand)
        column.addSpacing(4)
        column.addLayout(buttons)

    def offer(self, title: str, why: str, about: str, line: str, failure: str = "") -> None:
        """Show it; `failure` says how the last attempt ended, if there was one."""
        self.setAccessibleName(title)
        self.title.setText(title)
        self.why.setText(why)
        self.about.setText(about)
        self.line.setText(line)
        self.copy.setText(COPY)
        self.failure.setText(failure)
        self.failure.setVisible(bool(failure))
        self.install.setText("Try again" if failure else "Install")
        self.setAccessibleDescription(" ".join(filter(None, (failure, why, about))))
        self.open()
        self.install.setFocus()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        self.title.setFont(theme.header())
        for widget in (self.why, self.about, self.by_hand, self.failure, self.copy, self.not_now):
            widget.setFont(theme.ui("body"))
        self.install.setFont(theme.ui("body", 600))
        font = theme.mono("small")
        # What is to be typed shows each of its characters: no ligature for ==.
        font.setStyleStrategy(QFont.StyleStrategy.PreferNoShaping)
        self.line.setFont(font)
        self.copy.setMinimumWidth(self.copy.fontMetrics().horizontalAdvance(COPIED) + theme.px(24))
        if self.isVisible():
            self.place()

    def _copy_line(self) -> None:
        QGuiApplication.clipboard().setText(self.line.text())
        self.copy.setText(COPIED)

    def _words(self) -> QLabel:
        label = QLabel("")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def _button(self, text: str, tooltip: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(lambda _checked=False: act())
        return button


class PackageLine(ProgressLine):
    """There while packages are installed, with Cancel; it asks before anything large, and stays where that failed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Installing packages", "Progress", parent)
        self._said = ""
        self._shown: tuple[str, float, str] | None = None
        """State, share and words that are shown."""
        self.figure.show()
        self.agree = self.add_button("Install it all the same", "Fetch the large build; the stream goes on meanwhile")
        self.look = self.add_button("Look…", "What went wrong, and the line to run by hand")
        self.cancel = self.add_button("Cancel", "Stop; nothing is installed then")
        # What is said may be long: it takes the room that there is.
        self.text.setMinimumWidth(1)
        self._row.setStretchFactor(self.text, 100)
        self.apply_theme(DARK)

    def show_state(self, it: Installation) -> None:
        """Follow an installation; called with each frame."""
        state, share, text = it.state, it.share, it.failure or it.text
        shown = (state, round(share, 3), text)
        if shown == self._shown:
            return
        self._shown = shown
        failed, asking = state == InstallState.FAILED, state == InstallState.ASKING
        title = f"{it.extra.words} {'were' if len(it.extra.packages) > 1 else 'was'} not installed"
        self.title.setText(title if failed else f"Installing {it.extra.words}")
        self._said = text
        self.bar.light(0.0, share)
        self.figure.setText(percent(share))
        for widget in (self.bar, self.figure):
            widget.setVisible(state not in OVER and not asking)
        self.agree.setVisible(asking)
        if asking and it.plan is not None:
            self.agree.setText(f"Install {size_words(it.plan.disk_mb * MB)} all the same")
        self.look.setVisible(failed)
        self.cancel.setText("Dismiss" if failed else "Not now" if asking else "Cancel")
        self.cancel.setToolTip("Leave it at that" if failed else "Stop; nothing is installed then")
        self._fit()
        how_far = "" if state == InstallState.PLANNING else f", {percent(share)}"
        self.setAccessibleDescription(f"{self.title.text()}: {text}{how_far}")

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        super().apply_theme(theme)
        for button in (self.agree, self.look):
            button.setFont(theme.ui("body", 600))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        # With whatever else is shown now.
        self._row.activate()
        short = self.text.fontMetrics().elidedText(self._said, Qt.TextElideMode.ElideRight, self.text.width())
        self.text.setText(short)
        self.text.setToolTip("" if short == self._said else self._said)
