"""Where the docks are: puts them as a tree says, gives them their sizes, and tells how a hand has left them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QTabBar, QTabWidget, QWidget

from dgstudio.studio.docking.grip import Grip
from dgstudio.studio.docking.panel_dock import PanelDock
from dgstudio.studio.docking.tree import Box, Node, Split, Stack, Way, fits, names_of, only, seams, seen, stacks_of
from dgstudio.studio.theme.theme import DARK, Theme

LINE = 1
"""Logical pixels between two panels."""
AREA = Qt.DockWidgetArea.LeftDockWidgetArea
"""With no widget in the centre, all that is in one area fills the whole."""
ALONG = {Way.ACROSS: Qt.Orientation.Horizontal, Way.DOWN: Qt.Orientation.Vertical}


def box_of(rect: QRect) -> Box:
    """Return a rectangle of Qt's as plain data."""
    return Box(rect.x(), rect.y(), rect.width(), rect.height())


class DockArea(QMainWindow):
    """A main window within the window that has docks and nothing else. Qt thread only.

    Signals
    -------
    rearranged
        Docks were placed anew, once what did it is over; who asks then finds them where they stay.
    resized
        A hand has moved a line between two panels.
    """

    rearranged = Signal()
    resized = Signal()

    def __init__(self, docks: dict[str, PanelDock], parent: QWidget) -> None:
        super().__init__(parent)
        # Qt makes every main window a window of its own.
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setObjectName("dockArea")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAnimated(False)
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.theme: Theme = DARK
        self.docks = docks
        self._grips: list[Grip] = []
        self._gripped: tuple[Node | None, dict[str, Box]] = None, {}
        """What the grips were put for: the tree, and where the docks stood."""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._settle)
        for dock in docks.values():
            dock.settled.connect(self._later.start)

    # -- putting -----------------------------------------------------------------------------------------------------

    def build(self, tree: Node | None, shown: set[str]) -> None:
        """Put all docks that the tree names where it says; those of `shown` are seen."""
        names = [*names_of(tree)]
        for name in names:
            dock = self.docks[name]
            if dock.isFloating():
                dock.setFloating(False)
            self.removeDockWidget(dock)
        if tree is not None:
            self.addDockWidget(AREA, self.docks[names[0]])
            self._part(tree)
        for name in names:
            self.docks[name].setVisible(name in shown)

    def _part(self, node: Node) -> None:
        """Share out among all of `node` the place where its first panel stands."""
        if isinstance(node, Stack):
            for before, name in pairwise(node.names):
                self.tabifyDockWidget(self.docks[before], self.docks[name])
            return
        firsts = [next(names_of(part)) for part in node.parts]
        for before, name in pairwise(firsts):
            self.splitDockWidget(self.docks[before], self.docks[name], ALONG[node.way])
        for part in node.parts:
            self._part(part)

    def bring_forward(self, tree: Node | None) -> None:
        """Let the panels be in front that the tree has in front."""
        for stack in stacks_of(tree):
            if len(stack.names) > 1 and not self.docks[stack.front].isHidden():
                self.docks[stack.front].raise_()

    def give_sizes(self, boxes: dict[str, Box]) -> None:
        """Give docks the extents of their boxes."""
        if boxes:
            docks = [self.docks[name] for name in boxes]
            self.resizeDocks(docks, [box.wide for box in boxes.values()], ALONG[Way.ACROSS])
            self.resizeDocks(docks, [box.tall for box in boxes.values()], ALONG[Way.DOWN])
            layout = self.layout()
            assert layout is not None
            layout.activate()

    def apply_theme(self, theme: Theme) -> None:
        """Take over a theme."""
        self.theme = theme
        for dock in self.docks.values():
            dock.apply_theme(theme)
        for grip in self._grips:
            grip.theme = theme
        self._dress_tabs()

    # -- reading -----------------------------------------------------------------------------------------------------

    def docked(self) -> set[str]:
        """Return the panels that stand in the area, in front or behind others."""
        return {name for name, dock in self.docks.items() if not dock.isHidden() and not dock.isFloating()}

    def boxes(self) -> dict[str, Box]:
        """Return where those stand that are in front, each with the tabs above it."""
        docked = self.docked()
        rects = {name: dock.geometry() for name, dock in self.docks.items() if name in docked}
        for bar in self._tab_bars():
            tabs = bar.geometry()
            for rect in rects.values():
                if bar.isVisible() and rect.left() == tabs.left() and rect.top() == tabs.bottom() + 1:
                    rect.setTop(tabs.top())
        # Qt puts what is behind another far out.
        return {name: box_of(rect) for name, rect in rects.items() if rect.right() >= 0}

    def stacks(self, fronts: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return for each panel in front those that share its place, as their tabs follow each other."""
        return {name: self._stack(name) for name in fronts}

    def _stack(self, name: str) -> tuple[str, ...]:
        mates = [dock for dock in self.tabifiedDockWidgets(self.docks[name]) if not dock.isHidden()]
        if not mates:
            return (name,)
        own = {name, *(dock.name for dock in mates if isinstance(dock, PanelDock))}
        for bar in self._tab_bars():
            texts = [bar.tabText(at) for at in range(bar.count())]
            if set(texts) == {self.docks[each].title for each in own}:
                return tuple(sorted(own, key=lambda each: texts.index(self.docks[each].title)))
        return tuple(each for each in self.docks if each in own)

    @property
    def crowded(self) -> bool:
        """Whether docks lie on each other or stick out, as they do where there is less room than they need."""
        rects = [rect for rect in (self.docks[name].geometry() for name in self.docked()) if rect.right() >= 0]
        inside = all(self.rect().contains(rect) for rect in rects)
        return not inside or any(one.intersects(other) for one, other in combinations(rects, 2))

    def stands_as(self, tree: Node | None) -> bool:
        """Whether what is docked stands as the tree says."""
        boxes = self.boxes()
        return fits(only(tree, self.docked()), boxes, self.stacks(boxes))

    def seen_tree(self, like: Node | None) -> Node | None:
        """Return how what is docked stands; where it can be cut in two ways, `like` begins."""
        boxes = self.boxes()
        return seen(boxes, self.stacks(boxes), like.way if isinstance(like, Split) else Way.DOWN)

    @property
    def only_one_area(self) -> bool:
        """Whether all docks are where `build` puts them; a hand may drop them at the other edges too."""
        return all(self.dockWidgetArea(self.docks[name]) == AREA for name in self.docked())

    # -- what a hand does ----------------------------------------------------------------------------------------

    def _settle(self) -> None:
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton or any(grip.held for grip in self._grips):
            # Something is still in a hand: a dock, a tab or a line.
            self._later.start(30)
            return
        self.rearranged.emit()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        done = super().event(event)
        # A panel needs less room than it did, or more, and Qt has moved the lines.
        if event.type() == QEvent.Type.LayoutRequest and self.boxes() != self._gripped[1]:
            self.put_grips(self._gripped[0])
        return done

    def put_grips(self, tree: Node | None) -> None:
        """Lay what the mouse takes hold of over the lines of the tree, and tell docks whether tabs name them."""
        boxes = self.boxes()
        self._gripped = tree, boxes
        found = [*seams(tree, boxes)]
        while len(self._grips) < len(found):
            grip = Grip(self)
            grip.theme = self.theme
            grip.dragged.connect(self.resized)
            self._grips.append(grip)
        for grip, seam in zip(self._grips, found, strict=False):
            line = seam.line
            grip.put(QRect(line.x, line.y, max(1, line.wide), max(1, line.tall)), seam.way)
        for grip in self._grips[len(found) :]:
            grip.hide()
        self._dress_tabs()

    def _tab_bars(self) -> list[QTabBar]:
        return self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _dress_tabs(self) -> None:
        for bar in self._tab_bars():
            bar.setFont(self.theme.header())
            bar.setDrawBase(False)
            bar.setExpanding(False)
            bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            bar.setAccessibleName("Panels in one place")

    def on_screen(self, place: QRect) -> QRect:
        """Return where a floating panel is put so that it can be seen and taken hold of."""
        for screen in QApplication.screens():
            common = screen.availableGeometry().intersected(place)
            if common.width() >= min(80, place.width()) and common.height() >= 40 and common.top() == place.top():
                return QRect(place.topLeft(), place.size().boundedTo(screen.availableGeometry().size()))
        room = self.screen().availableGeometry()
        size = place.size().boundedTo(room.size() * 0.8)
        middle = self.mapToGlobal(self.rect().center())
        at = middle - QPoint(size.width() // 2, size.height() // 2)
        x = min(max(at.x(), room.left()), room.right() - size.width())
        y = min(max(at.y(), room.top()), room.bottom() - size.height())
        return QRect(QPoint(x, y), size)
