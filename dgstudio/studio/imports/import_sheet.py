"""The sheet of an import: the file's first rows, what its columns mean, what would come, what is wrong; and Import."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from dgstudio.engine.imports.plan import ImportPlan
from dgstudio.engine.imports.worker import ImportStage, ImportView
from dgstudio.guard.texts import plain_text
from dgstudio.studio.bridge.bridge import Bridge
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.common.file_dialog import file_dialog
from dgstudio.studio.common.overlays.overlay import Overlay
from dgstudio.studio.common.overlays.sheet import LabelSheet
from dgstudio.studio.common.widgets.elided_label import ElidedLabel
from dgstudio.studio.imports.import_columns import ImportColumns
from dgstudio.studio.imports.import_table import PreviewModel, PreviewView, roles_of
from dgstudio.studio.theme.theme import Theme

SIZE = QSize(1080, 640)
LONG_WORD = re.compile(r"[^\s/\\]{24}")
FILES = "Labelled files (*.csv *.tsv *.txt *.npz *.arff *.dgs);;All files (*)"


class ImportSheet(LabelSheet):
    """Opened when a file has been chosen. Closing it gives up the import, unless that is being done already."""

    def __init__(self, state: StudioState, commands: Bridge, attempt: Callable[..., None], parent: QWidget) -> None:
        super().__init__("Import examples", SIZE, 52, state, commands, parent)
        self.grows = (1.4, 1.5)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._attempt = attempt
        self._shown: ImportView | None = None
        self._small: list[QWidget] = []
        self._body: list[QWidget] = []
        self.about = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.about.setObjectName("muted")
        self._small.append(self.about)
        self.model = PreviewModel()
        self.table = PreviewView(self.model)
        self.columns = ImportColumns()
        self.columns.chosen.connect(commands.imports.choose)
        self.classes, self.wrong = self._list("Examples that come"), self._list("What is wrong, and what to know")
        self.classes_title, self.wrong_title = self._label("", ""), self._label("", "")
        self.summary = self._label("", "", wrap=True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress")
        self.other = self._button("Other file…", "Choose another file", lambda: self.ask())
        self.cancel = self._button("Cancel", "Import nothing", lambda: self._give_up())
        self.go = self._button("Import", "Import what is listed; Ctrl+Z takes all of it back", lambda: self._go())
        self._lay_out()
        self.main = self.default_button = self.go
        state.when(StudioState.importing).connect(self._on_import)

    # -- what the window calls -----------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask for a file; the stream goes on meanwhile."""
        dialog = file_dialog(self.window(), "Import examples", "", FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.begin(Path(path)))
        dialog.open()

    def begin(self, path: Path) -> None:
        """Read this file and show what is in it."""
        self._attempt(self._commands.imports.read, path)
        self.open()

    def update_wall(self) -> None:
        """Show how far it is; called with each frame."""
        view = self._state.importing
        if self.isVisible() and view is not None:
            self.progress.setValue(round(1000 * view.watch.share))

    def close_overlay(self) -> None:
        """Hide it; what is not being imported yet is given up."""
        view = self._state.importing
        if self.isVisible() and (view is None or view.stage not in (ImportStage.IMPORTING, ImportStage.DONE)):
            self._commands.imports.cancel()
        super().close_overlay()

    def refresh(self) -> None:
        """Bring everything up to date."""
        view = self._state.importing
        if view is None:
            return
        fresh = self._shown is None or self._shown.table is not view.table
        changed = fresh or self._shown is None or self._shown.choices != view.choices
        self._shown = view
        self._show_head(view)
        if fresh or changed:
            self._show_choices(view)
        self._show_plan(view)
        if self.isVisible():
            self.place()

    def wanted_height(self, wide: int) -> int:
        """Return the height that what is in it needs: little where nothing could be read."""
        return Overlay.wanted_height(self, wide) if self.middle.isHidden() else super().wanted_height(wide)

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        for widget in self._small:
            widget.setFont(theme.ui("small"))
        for widget in self._body:
            widget.setFont(theme.ui("body"))
        for title in (self.classes_title, self.wrong_title):
            title.setFont(theme.ui("body", 600))
        self.columns.apply_theme(theme)
        self.table.apply_theme(theme)
        self.table.fit()
        self.table.setFixedHeight(theme.px(38 + 7 * 22 + 14))
        self.progress.setFixedHeight(theme.px(4))
        self.classes.setIconSize(QSize(theme.px(10), theme.px(10)))
        super().apply_theme(theme)

    # -- building ------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        head, foot = QHBoxLayout(), QHBoxLayout()
        self.middle = QWidget()
        middle = QHBoxLayout(self.middle)
        middle.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self.title)
        head.addWidget(self.about, 1)
        head.addWidget(self.other)
        middle_column, right = QVBoxLayout(), QVBoxLayout()
        for column, title, listed in (
            (middle_column, self.classes_title, self.classes),
            (right, self.wrong_title, self.wrong),
        ):
            column.setSpacing(6)
            column.addWidget(title)
            column.addWidget(listed, 1)
        middle.setSpacing(22)
        middle.addWidget(self.columns, 5)
        middle.addLayout(middle_column, 3)
        middle.addLayout(right, 4)
        foot.setSpacing(10)
        foot.addWidget(self.summary, 1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(12)
        column.addLayout(head)
        column.addWidget(self.table)
        column.addWidget(self.middle, 1)
        column.addWidget(self.progress)
        column.addLayout(foot)

    def _label(self, text: str, name: str, *, wrap: bool = False) -> QLabel:
        label = QLabel(text)
        label.setObjectName(name)
        label.setWordWrap(wrap)
        label.setTextFormat(Qt.TextFormat.PlainText)
        (self._small if name == "muted" else self._body).append(label)
        return label

    def _list(self, name: str) -> QListWidget:
        listed = QListWidget()
        listed.setObjectName("takes")
        listed.setAccessibleName(name)
        listed.setWordWrap(True)
        listed.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._small.append(listed)
        return listed

    def _button(self, text: str, tooltip: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tooltip)
        button.clicked.connect(lambda _checked=False: act())
        self._body.append(button)
        return button

    # -- what is shown -------------------------------------------------------------------------------------------

    def _on_import(self) -> None:
        view = self._state.importing
        if view is None:
            return
        if view.stage == ImportStage.DONE:
            # The toast says what came, and takes it back. What was read is let go of.
            super().close_overlay()
            self._commands.imports.cancel()
        elif self.isVisible():
            self.refresh()

    def _go(self) -> None:
        view = self._state.importing
        if view is not None and view.stage == ImportStage.IMPORTING:
            self.close_overlay()
        else:
            self._commands.imports.begin()

    def _give_up(self) -> None:
        self._commands.imports.cancel()
        super().close_overlay()

    def _show_head(self, view: ImportView) -> None:
        table = view.table
        about = plain_text(view.path.name)
        if table is not None:
            rows = _count(len(table), "example" if table.line_word == "example" else "row")
            about = f"{about} · {table.kind} · {rows} · {_count(len(table.columns), 'column')}"
        self.about.setText(about)
        self.about.setToolTip(str(view.path))
        busy = view.stage == ImportStage.IMPORTING
        self._show_body(view.stage != ImportStage.FAILED)
        self.columns.setEnabled(not busy and table is not None)
        self.other.setEnabled(not busy)

    def _show_body(self, on: bool) -> None:
        """Show rows, columns and lists; nothing of them is true of a file that could not be read."""
        if on == self.middle.isHidden():
            self.table.setVisible(on)
            self.middle.setVisible(on)

    def _show_choices(self, view: ImportView) -> None:
        table, choices = view.table, view.choices
        target = None if view.plan is None else view.plan.target
        if table is None or choices is None or target is None:
            self.model.show_table(None, {})
            return
        self.columns.show_choices(table, choices, target)
        self.model.show_table(table, roles_of(table, choices, target))
        self.table.fit()

    def tab_order(self) -> list[QWidget]:
        """What is chosen, as it stands there."""
        return [self.other, self.table, *self.columns.controls(), self.classes, self.wrong, self.cancel, self.go]

    def _show_plan(self, view: ImportView) -> None:
        plan = view.plan if view.stage in (ImportStage.CHOOSING, ImportStage.IMPORTING) else None
        ready = plan is not None and not plan.blocker and view.stage == ImportStage.CHOOSING
        self.go.setEnabled(ready or view.stage == ImportStage.IMPORTING)
        total = 0 if plan is None or plan.blocker else plan.total
        words = f"Import {_count(total, 'example')}" if total else "Import"
        self.go.setText("Go on in the background" if view.stage == ImportStage.IMPORTING else words)
        self.progress.setVisible(view.stage not in (ImportStage.CHOOSING, ImportStage.FAILED))
        if view.stage == ImportStage.FAILED:
            self._say(view.failure, "bad")
        elif view.stage == ImportStage.READING:
            self._say(f"Reading {plain_text(view.path.name)} …", "muted")
        elif view.stage == ImportStage.IMPORTING:
            self._say(f"Importing {total:,} examples; the stream and the learner go on …", "muted")
        elif plan is None:
            self._say("Looking at it …", "muted")
        elif plan.blocker:
            self._say(plan.blocker, "bad")
        else:
            learned, fresh = sum(c.learned for c in plan.classes), [c.name for c in plan.classes if c.new and c.count]
            made = f" New: {', '.join(fresh[:4])}{' …' if len(fresh) > 4 else ''}." if fresh else ""
            self._say(f"{total:,} examples come, {learned:,} of them to learn from.{made}", "")
        if plan is not None or view.stage in (ImportStage.FAILED, ImportStage.READING):
            self._show_lists(view, plan)

    def _show_lists(self, view: ImportView, plan: ImportPlan | None) -> None:
        self.classes.clear()
        self.wrong.clear()
        comes = [] if plan is None else [entry for entry in plan.classes if entry.count]
        blocker = "" if plan is None else plan.blocker
        comes = [] if blocker else comes
        many = f"{len(comes)} class{'' if len(comes) == 1 else 'es'}" if comes else "nothing"
        self.classes_title.setText(f"What comes: {many}" if plan is not None else "")
        for entry in comes:
            learned = "" if entry.learned == entry.count else f", {entry.learned:,} learned"
            many = _count(entry.count, "example")
            item = QListWidgetItem(f"{entry.name} · {many}{learned}{' · new' if entry.new else ''}")
            item.setIcon(self._swatch(entry.name))
            self.classes.addItem(item)
        notes = [] if plan is None else plan.notes
        problems = None if plan is None else plan.problems
        word = "line" if view.table is None else view.table.line_word
        count = 0 if problems is None else problems.count
        fine = "" if plan is None else "What is wrong" if blocker else "Nothing is wrong with it"
        self.wrong_title.setText(f"Wrong: {_count(count, word)}" if count else fine)
        if blocker:
            self._tell(blocker, "bad")
        for problem in [] if problems is None else problems.told:
            words = problem.what.words
            self._tell(f"{word} {problem.line}: {words}" if problem.line else words, "warning")
        if problems is not None and count > len(problems.told):
            self._tell(f"… and {count - len(problems.told):,} more", "warning")
        for note in notes:
            self._tell(note.sentence, "text")

    def _tell(self, text: str, ink: str) -> None:
        item = QListWidgetItem(text)
        item.setForeground(self.theme.colour(ink))
        self.wrong.addItem(item)

    def _say(self, text: str, look: str) -> None:
        # A label breaks lines between words only: the name of a file may be longer than a line.
        self.summary.setText(LONG_WORD.sub("\\g<0>\u200b", text))
        if self.summary.objectName() != look:
            # Polishing gives the label the stylesheet's colour, and the application's font: ours is put back.
            font = self.summary.font()
            self.summary.setObjectName(look)
            self.summary.style().unpolish(self.summary)
            self.summary.style().polish(self.summary)
            self.summary.setFont(font)

    def _swatch(self, name: str) -> QIcon:
        card = next((c for c in self._state.classes if c.info.name == name), None)
        pixmap = QPixmap(self.classes.iconSize())
        pixmap.fill(QColor(card.info.colour) if card is not None else self.theme.colour("text_faint"))
        return QIcon(pixmap)


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
