"""What is clipped, overlapped, cut short or off screen in a window: the widgets are asked, no pixels are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import combinations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontInfo, QFontMetrics, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QDockWidget,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QTabBar,
    QWidget,
)

from dgstudio.bench.stage.painted_text import PaintedText, PaintedTexts
from dgstudio.records import dataclass
from dgstudio.studio.common.overlays.room_marks import LIES_OVER, MAY_ELIDE
from dgstudio.studio.common.widgets.elided_label import ElidedLabel

SLACK = 1
"""Logical pixels that nobody misses: sizes are rounded."""
TOUCH = 1.5
"""Logical pixels by which two texts must lie on each other, in both directions, to be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that cannot be seen as it should: `what` happens to it, `where` it is, `words` that tell it."""

    what: str
    where: str
    words: str

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        return f"{self.what}: {self.where}: {self.words}"


def findings_in(window: QWidget, texts: PaintedTexts, named: frozenset[str] = frozenset()) -> list[Finding]:
    """Return what is wrong in a window as it stands.

    Parameters
    ----------
    texts
        Has been entered since before the window was made.
    named
        Names that people gave: of classes, channels, sessions. They may be cut where the widget says that it does.
    """
    found: list[Finding] = []
    # What has been put in since waits for its place.
    QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    for widget in seen_in(window):
        found += _outside(widget)
        found += _overlapping(widget)
        found += _cut_in(widget, texts, named)
        found += _painted(widget, texts.of(widget), named)
    return [*dict.fromkeys(found)]


def small_in(window: QWidget, texts: PaintedTexts, least: float) -> list[Finding]:
    """Return what is written in smaller type than `least` logical pixels, in labels and by hand."""
    found: dict[Finding, None] = {}
    for widget in seen_in(window):
        written = [(text.text, text.type_px) for text in texts.of(widget)]
        if isinstance(widget, QLabel) and widget.text():
            written.append((_plain(widget), float(QFontInfo(widget.font()).pixelSize())))
        for words, tall in written:
            # Sizes of type are whole pixels.
            if tall < least - SLACK:
                told = f"“{words}” of {tall:.0f} pixels, should be {least:.0f}"
                found[Finding("small", path_of(widget), told)] = None
    return [*found]


def seen_in(widget: QWidget) -> Iterator[QWidget]:
    """Yield a widget and all in it of which something is to be seen, parents first."""
    yield widget
    for child in children_of(widget):
        yield from seen_in(child)


def children_of(widget: QWidget) -> list[QWidget]:
    """Return the children that are shown: not those that Qt has put out of sight, behind another dock."""
    children = (child for child in widget.children() if isinstance(child, QWidget) and not child.isWindow())
    return [child for child in children if child.isVisible() and not _put_away(child) and not child.size().isEmpty()]


def _put_away(widget: QWidget) -> bool:
    # Qt's own lines between docks reach beyond the area that they lie in.
    line = widget.objectName() == "qt_qmainwindow_extended_splitter"
    return line or (isinstance(widget, QDockWidget) and widget.geometry().right() < 0)


# -- rectangles ------------------------------------------------------------------------------------------------------


def _outside(widget: QWidget) -> Iterator[Finding]:
    parent = widget.parentWidget()
    if parent is None or widget.isWindow():
        return
    room, box = parent.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK), widget.geometry()
    area = parent.parentWidget()
    if isinstance(area, QAbstractScrollArea) and area.viewport() is parent:
        # What scrolls may be longer than what is seen of it.
        if area.verticalScrollBarPolicy() != Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
            box = QRect(box.left(), room.top(), box.width(), 1)
        if area.horizontalScrollBarPolicy() != Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
            box = QRect(room.left(), box.top(), 1, box.height())
    if not room.contains(box):
        yield Finding("outside", path_of(widget), f"{_words(widget.geometry())} in {_words(parent.rect())}")


def _overlapping(parent: QWidget) -> Iterator[Finding]:
    children = [child for child in children_of(parent) if not child.property(LIES_OVER)]
    for one, other in combinations(children, 2):
        common = one.geometry().intersected(other.geometry())
        if common.width() > SLACK and common.height() > SLACK:
            yield Finding("overlapped", path_of(other), f"by {name_of(one)}, {_words(common)}")


# -- the texts of Qt's own widgets -----------------------------------------------------------------------------------


def _cut_in(widget: QWidget, texts: PaintedTexts, named: frozenset[str]) -> Iterator[Finding]:
    match widget:
        case ElidedLabel():
            if widget.cut and not _allowed(widget, widget.text(), named):
                yield Finding("elided", path_of(widget), f"“{widget.shown()}” of “{widget.text()}”")
        case QLabel():
            yield from _cut_label(widget)
            whole = texts.whole(widget.text())
            if whole != widget.text() and not _allowed(widget, whole, named):
                yield Finding("elided", path_of(widget), f"“{widget.text()}” of “{whole}”")
        case QPushButton() | QCheckBox():
            yield from _cut_button(widget)
        case QLineEdit():
            words = widget.text() or widget.placeholderText()
            room = widget.contentsRect().width() - 2 * SLACK
            if not widget.text() and widget.fontMetrics().horizontalAdvance(words) > room:
                yield Finding("clipped", path_of(widget), f"“{words}”")
        case QTabBar():
            for tab in range(widget.count()):
                wide = widget.fontMetrics().horizontalAdvance(widget.tabText(tab))
                if wide > widget.tabRect(tab).width() + SLACK:
                    yield Finding("clipped", path_of(widget), f"“{widget.tabText(tab)}”")
        case QHeaderView():
            yield from _cut_header(widget)
        case QAbstractItemView():
            yield from _cut_items(widget, named)
        case _:
            return


def _cut_label(label: QLabel) -> Iterator[Finding]:
    if not label.text() or not label.pixmap().isNull():
        return
    room = label.contentsRect().adjusted(label.margin(), label.margin(), -label.margin(), -label.margin()).size()
    needed = _needed(label, room.width())
    # A line is higher than its letters.
    spare = SLACK if label.wordWrap() else label.fontMetrics().descent()
    if needed.width() > room.width() + SLACK or needed.height() > room.height() + spare:
        words = _plain(label)
        yield Finding("clipped", path_of(label), f"“{words}” needs {_size(needed)}, has {_size(room)}")


def _needed(label: QLabel, wide: int) -> QSize:
    """The room that a label's text takes; its own hint is no less than it once was given."""
    text, wraps = label.text(), label.wordWrap()
    if _rich(label):
        document = QTextDocument()
        document.setDocumentMargin(0)
        document.setDefaultFont(label.font())
        document.setHtml(text)
        if wraps:
            document.setTextWidth(wide)
        return QSize(math.ceil(document.idealWidth()), math.ceil(document.size().height()))
    flags = int(label.alignment().value) | (Qt.TextFlag.TextWordWrap.value if wraps else 0)
    return label.fontMetrics().boundingRect(QRect(0, 0, wide if wraps else 1 << 20, 1 << 20), flags, text).size()


def _rich(label: QLabel) -> bool:
    kind = label.textFormat()
    return kind == Qt.TextFormat.RichText or (kind == Qt.TextFormat.AutoText and "<" in label.text())


def _plain(label: QLabel) -> str:
    if not _rich(label):
        return label.text()
    document = QTextDocument()
    document.setHtml(label.text())
    return document.toPlainText()


def _cut_button(button: QAbstractButton) -> Iterator[Finding]:
    text = button.text()
    if not text:
        return
    option = QStyleOptionButton()
    check = isinstance(button, QCheckBox)
    button.initStyleOption(option)  # type: ignore[attr-defined]  # of both, though not of their base
    part = QStyle.SubElement.SE_CheckBoxContents if check else QStyle.SubElement.SE_PushButtonContents
    room = button.style().subElementRect(part, option, button)
    letters = button.fontMetrics().tightBoundingRect(text)
    wide = button.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, text).width()
    if wide > room.width() + SLACK or letters.height() > room.height() + SLACK:
        words = f"“{text}” needs {wide} × {letters.height()}, has {_size(room.size())}"
        yield Finding("clipped", path_of(button), words)


def _cut_header(header: QHeaderView) -> Iterator[Finding]:
    model, seen = header.model(), header.viewport()
    # What is written in has the type of what it is painted on, which need not be the header's.
    metrics, across = QFontMetrics(seen.font()), header.orientation() == Qt.Orientation.Horizontal
    for section in range(header.count()):
        lines = str(model.headerData(section, header.orientation()) or "").splitlines()
        at, long = header.sectionViewportPosition(section), header.sectionSize(section)
        if not lines or header.isSectionHidden(section) or not 0 <= at < (seen.width() if across else seen.height()):
            continue
        room = QSize(long - 4, seen.height()) if across else QSize(seen.width(), long)
        needed = QSize(max(map(metrics.horizontalAdvance, lines)), len(lines) * metrics.height() - metrics.descent())
        if needed.width() > room.width() or needed.height() > room.height() + SLACK:
            words = f"“{' / '.join(lines)}” needs {_size(needed)}, has {_size(room)}"
            yield Finding("clipped", path_of(header), words)


def _cut_items(view: QAbstractItemView, named: frozenset[str]) -> Iterator[Finding]:
    """The items that Qt's own delegates draw; those of our own are painted by hand, and heard."""
    model = view.model()
    if model is None or type(view.itemDelegate()).__module__.startswith("dgstudio"):
        return
    seen = view.viewport().rect()
    root = view.rootIndex()
    columns = 1 if isinstance(view, QListView) else model.columnCount(root)
    for row in range(min(model.rowCount(root), 200)):
        for column in range(columns):
            index = model.index(row, column, root)
            box, text = view.visualRect(index), str(index.data() or "")
            if not text or not box.intersects(seen):
                continue
            hint = view.sizeHintForIndex(index)
            wraps = isinstance(view, QListView) and view.wordWrap()
            cut = hint.height() > box.height() + SLACK if wraps else hint.width() > box.width() + SLACK
            if cut and not _allowed(view, text, named):
                yield Finding("elided", path_of(view), f"“{text}” has {box.width()} pixels")


def _allowed(widget: QWidget, whole: str, named: frozenset[str]) -> bool:
    """Whether a text may be cut: it is, or holds, a name that people gave, and the widget says that it cuts these."""
    return bool(widget.property(MAY_ELIDE)) and any(name in whole for name in named)


# -- what is painted by hand -----------------------------------------------------------------------------------------


def _painted(widget: QWidget, texts: list[PaintedText], named: frozenset[str]) -> Iterator[Finding]:
    area = widget.parentWidget()
    view = area if isinstance(area, QAbstractScrollArea) and area.viewport() is widget else widget
    room, where = QRectF(widget.rect()).adjusted(-SLACK, -SLACK, SLACK, SLACK), path_of(view)
    texts = [text for text in texts if text.ink.intersects(room)]
    if view is not widget:
        # What scrolls is seen in part at either end.
        texts = [text for text in texts if room.top() <= text.ink.top() and text.ink.bottom() <= room.bottom()]
    for text in texts:
        if text.elided and not _allowed(view, text.whole, named):
            yield Finding("elided", where, f"“{text.text}” of “{text.whole}”")
        if text.clipped or not room.contains(text.ink):
            yield Finding("clipped", where, f"“{text.text}” at {_words(text.ink.toAlignedRect())}")
        for child in children_of(widget):
            if not child.property(LIES_OVER) and _touch(QRectF(child.geometry()), text.ink):
                yield Finding("covered", where, f"“{text.text}” by {name_of(child)}")
    yield from _on_each_other(where, texts)


def _on_each_other(where: str, texts: Iterable[PaintedText]) -> Iterator[Finding]:
    for one, other in combinations(sorted(texts, key=lambda text: (text.ink.x(), text.ink.y())), 2):
        same = one.text == other.text and (one.ink.center() - other.ink.center()).manhattanLength() < TOUCH
        if not same and _touch(one.ink, other.ink):
            yield Finding("overlapped", where, f"“{one.text}” and “{other.text}”")


def _touch(one: QRectF, other: QRectF) -> bool:
    common = one.intersected(other)
    return common.width() > TOUCH and common.height() > TOUCH


# -- words -----------------------------------------------------------------------------------------------------------


def name_of(widget: QWidget) -> str:
    """Return what tells a widget: its name for a screen reader, else the one that it is styled by, and its class."""
    name = widget.accessibleName() or widget.objectName()
    return f"{type(widget).__name__} {name!r}" if name else type(widget).__name__


def path_of(widget: QWidget) -> str:
    """Return where a widget is, by those around it that have a name, from the outside."""
    names = [name_of(widget)]
    parent = widget.parentWidget()
    while parent is not None and len(names) < 4:
        if parent.accessibleName():
            names.append(parent.accessibleName())
        parent = parent.parentWidget()
    return " › ".join(reversed(names))


def on_screen(window: QWidget, wanted: tuple[int, int]) -> list[Finding]:
    """Return what is larger than the screen that it was given: the window, or a menu that is open over it."""
    menus = [menu for menu in QApplication.topLevelWidgets() if isinstance(menu, QMenu) and menu.isVisible()]
    return [
        Finding("off screen", name, f"it needs {_size(part.size())}, has {wanted[0]} × {wanted[1]}")
        for name, part in (("the window", window), *(("a menu", menu) for menu in menus))
        if part.width() > wanted[0] or part.height() > wanted[1]
    ]


def _words(rect: QRect) -> str:
    return f"{rect.left()}, {rect.top()}, {rect.width()} × {rect.height()}"


def _size(size: QSize) -> str:
    return f"{size.width()} × {size.height()}"
