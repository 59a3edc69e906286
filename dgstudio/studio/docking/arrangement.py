"""The arrangement of the panels: which are open, where they stand or float, and how the window's room is shared out."""

from __future__ import annotations

import json
from typing import Any, Final

from PySide6.QtCore import QEvent, QPoint, QRect, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import json_value
from dgstudio.studio.bridge.settings import ARRANGEMENT
from dgstudio.studio.common.panels.late_panels import LatePanels
from dgstudio.studio.common.panels.panel import PanelFrame
from dgstudio.studio.docking.built_in import BUILT_IN, LABEL, TITLES, Layout
from dgstudio.studio.docking.dock_area import LINE, DockArea, box_of
from dgstudio.studio.docking.panel_dock import PanelDock
from dgstudio.studio.docking.stored import Stored, is_ours, read_stored
from dgstudio.studio.docking.tree import (
    Box,
    Node,
    Way,
    beside,
    fronted,
    merged,
    names_of,
    only,
    share_out,
    sized,
    stacked,
)
from dgstudio.studio.theme.theme import Theme

PAIRED: Final = ("gates", "stability")
"""Whose place one of `OVER` takes, as long as nobody has put that elsewhere."""
OVER: Final = ("quality", "gating", "compared")
MIDDLE: Final = (PAIRED[0], *OVER)
"""The panels that share the middle of the window, by tabs."""


class Arrangement(QWidget):
    """Panels as docks. Sizes are shares of the window; a hand that moves a line or a panel makes them its own.

    Signals
    -------
    changed
        Other panels are open, or another layout is chosen.
    menu_asked
        Carries the id of a panel whose menu is wanted, and where on the screen.
    """

    changed = Signal()
    menu_asked = Signal(object, object)

    def __init__(self, panels: LatePanels, usual: Layout = LABEL, parent: QWidget | None = None) -> None:
        """`panels` by id, as layouts name them; `usual` is the layout to begin with, and to go back to."""
        super().__init__(parent)
        self._usual, self._panels = usual, panels
        self.docks = {name: PanelDock(name, _title(name), self) for name in panels}
        self._theme: Theme | None = None
        panels.when_made(self._fill)
        self.layout_name = usual.name
        """The layout that was chosen last."""
        self.by_hand = False
        """Whether a hand has changed that since."""
        self.at_hand: str | None = None
        """The panel that had the focus or the mouse last."""
        self._apart = False
        """Whether those of `OVER` have places of their own."""
        self._taken_out: set[str] = set()
        """Panels that have floated since the arrangement was last looked at."""
        self._building = False
        self._floats: dict[str, QRect] = {}
        """Where panels float that the window has not shown yet."""
        self._tree, self._opened = self._whole(usual.tree), set(usual.open & set(panels))
        self.area = DockArea(self.docks, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.area)
        self.area.rearranged.connect(self._note)
        self.area.resized.connect(self._take_sizes)
        for name, dock in self.docks.items():
            dock.shut.connect(lambda name=name: self.set_open(name, False))
            dock.topLevelChanged.connect(lambda _floats, name=name: self._taken_out.add(name))
            dock.menu_asked.connect(lambda at, name=name: self.menu_asked.emit(name, at))
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)
        self._build()

    # -- what is open ------------------------------------------------------------------------------------------------

    def is_open(self, name: str) -> bool:
        """Whether a panel is open and no other has taken its place."""
        return name in self._opened and name not in self._displaced()

    def set_open(self, name: str, on: bool) -> None:
        """Open a panel where it stood last, in front, or close it."""
        focus = self._focus_inside()
        over = self._over()
        if on and over is not None and name != over and name in (*PAIRED, *OVER):
            self._opened.discard(over)
        (self._opened.add if on else self._opened.discard)(name)
        if not on:
            self._floats.pop(name, None)
        self._show()
        if on and name in self.area.docked():
            self.docks[name].raise_()
        self.follow()
        self._give_back(focus)
        self.changed.emit()

    def reveal(self, name: str) -> None:
        """Let a panel be seen that somebody asks for: open it, or bring it to the front."""
        if not self.docks[name].seen:
            self.set_open(name, True)

    def show_middle(self, name: str) -> None:
        """Show one of `OVER` in the place of gates and stability, or wherever a hand has put it; or those again."""
        if name in OVER:
            self.set_open(name, True)
            return
        if not self._apart:
            self._opened |= {name} if not self._opened & set(PAIRED) else set()
        for other in OVER:
            if other in self._opened:
                self.set_open(other, False)

    def _over(self) -> str | None:
        """The one of `OVER` that stands in the place of others, if one does."""
        if self._apart:
            return None
        stand = (name for name in OVER if name in self._opened and name not in self._floats)
        return next((name for name in stand if not self.docks[name].isFloating()), None)

    def _displaced(self) -> set[str]:
        return set(PAIRED) if self._over() is not None else set()

    def _wanted(self) -> set[str]:
        return self._opened - self._displaced()

    def _show(self) -> None:
        wanted = self._wanted()
        self._make(wanted)
        for name, dock in self.docks.items():
            # What closes first makes no room that the next one has to give back.
            if name not in wanted:
                dock.setVisible(False)
        for name in wanted:
            self.docks[name].setVisible(name not in self._floats)
        self._name()

    def _make(self, names: set[str]) -> None:
        """Have the panels made that are going to be seen."""
        for name in sorted(names):
            _ = self._panels[name]

    def _fill(self, name: str, panel: PanelFrame) -> None:
        dock = self.docks[name]
        dock.fill(panel)
        if self._theme is not None:
            dock.apply_theme(self._theme)

    def _name(self) -> None:
        """Let each header say what its panel is called, unless a tab above it does."""
        for dock in self.docks.values():
            if dock.panel is None:
                continue
            others = [other for other in self.area.tabifiedDockWidgets(dock) if not other.isHidden()]
            dock.panel.header_bar.show_name(not others or dock.isFloating(), not self._apart)

    # -- layouts -----------------------------------------------------------------------------------------------------

    def choose(self, layout: Layout) -> None:
        """Arrange the panels as a layout says."""
        self.layout_name, self.by_hand = layout.name, False
        self._take_up(layout.tree, set(layout.open), {}, apart=False)

    def reset(self) -> None:
        """Go back to the layout that was chosen last, as the window brings it; to the usual one from one's own."""
        self.choose(BUILT_IN.get(self.layout_name, self._usual))

    def _take_up(self, tree: Node, opened: set[str], floats: dict[str, QRect], *, apart: bool) -> None:
        self._tree, self._apart = self._whole(tree), apart
        self._opened = opened & set(self.docks)
        self._floats = {name: place for name, place in floats.items() if name in self._opened}
        self._build()
        self.changed.emit()

    def _whole(self, tree: Node) -> Node:
        """Return a tree with exactly the panels that there are."""
        known = set(self.docks)
        found = merged(only(tree, known), LABEL.tree, known)
        for name in self.docks:
            if name not in set(names_of(found)):
                found = beside(found, set(), name, Way.ACROSS, after=True)
        assert found is not None
        return found

    def _build(self) -> None:
        focus = self._focus_inside()
        self._make(self._wanted())
        self._building = True
        self.setUpdatesEnabled(False)
        try:
            # Out of sight: Qt lays all out anew for each dock that is shown, and panels build themselves anew for it.
            self.area.hide()
            self.area.build(self._tree, self._wanted() - set(self._floats))
            self._show()
            self.follow()
            self.area.show()
            self.follow()
            self.area.bring_forward(self._tree)
            self._float_waiting()
            self._name()
        finally:
            self._building = False
            self.setUpdatesEnabled(True)
        self._give_back(focus)

    def _focus_inside(self) -> QWidget | None:
        focus = QApplication.focusWidget()
        return focus if focus is not None and self.isAncestorOf(focus) else None

    def _give_back(self, focus: QWidget | None) -> None:
        """Give the focus back to whoever had it: Qt hands it on where a dock is hidden, if only for a moment."""
        if focus is None:
            return
        if focus.isVisible():
            focus.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            # Not to whatever comes next: a key would press it.
            desk = self.parentWidget()
            (desk if desk is not None else self).setFocus(Qt.FocusReason.OtherFocusReason)

    def _float_waiting(self) -> None:
        """Let those float that shall: not before the window is seen, for they would be seen without it."""
        if not self.isVisible():
            return
        floats, self._floats = self._floats, {}
        for name, place in floats.items():
            self.docks[name].float_at(self.area.on_screen(place))
            self.docks[name].setVisible(name in self._wanted())

    # -- moving ------------------------------------------------------------------------------------------------------

    def put_beside(self, name: str, anchor: str, way: Way, *, after: bool) -> None:
        """Put a panel beside another one."""
        rest = only(self._read(), set(self.docks) - {name})
        self._put(name, beside(rest, {anchor}, name, way, after=after))

    def put_upon(self, name: str, anchor: str) -> None:
        """Put a panel in front of another one, in its place."""
        rest = only(self._read(), set(self.docks) - {name})
        assert rest is not None
        self._put(name, stacked(rest, anchor, name))

    def let_float(self, name: str, on: bool) -> None:
        """Let a panel float, or put it back where it stood."""
        dock, focus = self.docks[name], self._focus_inside()
        if on and not dock.isFloating():
            corner = dock.mapToGlobal(QPoint(24, 24))
            dock.float_at(self.area.on_screen(QRect(corner, dock.size().expandedTo(QSize(320, 200)))))
        elif not on:
            dock.setFloating(False)
        self.by_hand = True
        self._note()
        dock.window().activateWindow()
        self._give_back(focus)
        self.at_hand = name

    def put_away(self) -> None:
        """Hide what floats: the window is closed."""
        self._floats |= self._floating()
        for name in self._floats:
            self.docks[name].hide()

    def _put(self, name: str, tree: Node) -> None:
        floats = {other: place for other, place in self._floating().items() if other != name}
        self.by_hand = True
        self._take_up(tree, self._opened | {name}, floats, apart=self._apart or name in OVER)

    def _floating(self) -> dict[str, QRect]:
        shown = {name: dock.geometry() for name, dock in self.docks.items() if dock.isFloating() and dock.isVisible()}
        return self._floats | shown

    # -- sizes -------------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Share the present size out among what is docked."""
        given: dict[str, Box] = {}
        scale = 1.0 if self._theme is None else self._theme.scale
        for _ in range(2):
            # How tall the knobs are depends on how wide they are, which is known once it is given.
            whole = Box(0, 0, self.width(), self.height())
            boxes = share_out(self._tree, whole, self.area.docked(), LINE, self._needed, scale)
            if boxes != given:
                given = boxes
                self.area.give_sizes(boxes)
        self.area.put_grips(self._tree)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.area.resize(self.size())
        self.follow()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._float_waiting()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme, once all panels have it."""
        self._theme = theme
        self.area.apply_theme(theme)
        # Layouts remember what their parts needed with the type before.
        for part in self.findChildren(QWidget):
            part.updateGeometry()
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        self.follow()

    def _needed(self, name: str, offered: int) -> int:
        return self._panels[name].height_within(offered)

    # -- what a hand has done ------------------------------------------------------------------------------------

    def _read(self) -> Node:
        """Return the tree as it is now, with the panels in front that are."""
        return fronted(self._tree, set(self.area.boxes()))

    def _take_sizes(self) -> None:
        self._tree, self.by_hand = sized(self._tree, self.area.boxes()), True
        self.area.put_grips(self._tree)

    def _note(self) -> None:
        """See whether a hand has put panels elsewhere, and make that the arrangement."""
        if self._building or not self.isVisible():
            return
        if self.area.crowded and not self._taken_out:
            # Nobody has put them like that: what they need is more than there is, until type gives way.
            return
        if not self.area.stands_as(self._tree):
            self._tree = self._whole(merged(self.area.seen_tree(self._tree), self._tree, set(self.docks)) or self._tree)
            self.by_hand = True
            self._apart = self._apart or not self._taken_out.isdisjoint(OVER)
            if not self.area.only_one_area:
                self._floats = self._floating()
                self._build()
        self._taken_out = {name for name, dock in self.docks.items() if dock.isFloating()}
        self.by_hand = self.by_hand or bool(self._taken_out)
        self._show()
        self.follow()

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        if new is not None:
            for name, dock in self.docks.items():
                if dock.isAncestorOf(new):
                    self.at_hand = name

    # -- what outlives the window --------------------------------------------------------------------------------

    def stored(self, name: str | None = None) -> Stored:
        """Return the arrangement as it is now, as the layout `name`, else as what is left of the one in use."""
        layout = self.layout_name if name is None else name
        floats = {name: box_of(place) for name, place in self._floating().items()}
        tree = None if not self.by_hand and layout in BUILT_IN else self._read()
        return Stored(layout, tree, frozenset(self._opened), floats, self._apart)

    def put(self, stored: Stored, name: str | None = None) -> None:
        """Arrange the panels as they were when this was stored; those that are no more are left out.

        It counts as the layout `name`, or as the one that it was of.
        """
        built_in = BUILT_IN.get(stored.layout, self._usual)
        self.layout_name = stored.layout if name is None else name
        self.by_hand = stored.tree is not None and self.layout_name in BUILT_IN
        floats = {name: QRect(box.x, box.y, box.wide, box.tall) for name, box in stored.floats.items()}
        self._take_up(stored.tree or built_in.tree, set(stored.opened), floats, apart=stored.apart)

    def is_now(self, name: str) -> None:
        """Note that the present arrangement is the layout of this name."""
        self.layout_name, self.by_hand = name, False
        self.changed.emit()

    def state(self) -> dict[str, Any] | None:
        """Return the arrangement as plain data; None where it is the usual one, but for the log and the middle."""
        usual, extra = self._usual.open & set(self.docks), {"log", *OVER}
        if not self.by_hand and self.layout_name == self._usual.name and self._opened - extra == usual - extra:
            return None
        return self.stored().to_data()

    def put_state(self, data: object) -> bool:
        """Take up what `state` gave; return whether it was of this version of the program.

        Raises
        ------
        BadInputError
            If it is of this version and damaged; everything stays as it was then.
        """
        if not is_ours(data):
            return False
        self.put(read_stored(data))
        return True

    def save(self, settings: QSettings) -> None:
        """Store the arrangement if it is not the usual one, else that there is none."""
        state = self.state()
        if state is None:
            settings.remove(ARRANGEMENT)
        else:
            settings.setValue(ARRANGEMENT, json.dumps(state))

    def restore(self, settings: QSettings) -> bool:
        """Take up a stored arrangement; return whether there was one of this version of the program.

        Raises
        ------
        BadInputError
            If it is damaged.
        """
        text = str(settings.value(ARRANGEMENT, ""))
        if not text:
            return False
        try:
            data = json_value(text, plain=False)
        except ValueError as error:
            raise BadInputError(str(error)) from error
        return self.put_state(data)


def _title(name: str) -> str:
    return TITLES.get(name, name.replace("_", " ").capitalize())
