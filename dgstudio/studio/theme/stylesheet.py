"""The Qt stylesheet, generated from a theme; what it does not reach is painted by the widgets themselves."""

from __future__ import annotations

import re
from string import Template
from typing import Final

from dgstudio.studio.theme.theme import Theme

_TEMPLATE = Template(
    """
QMainWindow, QWidget#desk { background: $background; }
QMainWindow::separator { background: $background; width: 1px; height: 1px; }
QFrame#panel, QFrame#panelHeader { background: $surface; border: none; }
QMainWindow#dockArea > QTabBar { background: $surface; border: none; }
QMainWindow#dockArea > QTabBar::tab {
    background: transparent; border: none; border-bottom: 1px solid transparent; color: $text_muted;
    padding: 0px 1px; margin: 6px 0px 3px 11px;
}
QMainWindow#dockArea > QTabBar::tab:hover { color: $text_strong; }
QMainWindow#dockArea > QTabBar::tab:selected { color: $text_strong; border-bottom: 1px solid $accent; }
QMainWindow#dockArea > QTabBar::tab:selected:focus { border-bottom: 2px solid $accent_hover; }
QDockWidget#panelDock { background: $border_strong; }
QFrame#topBar { background: $raised; border: none; border-bottom: 1px solid $background; }
QFrame#statusBar { background: $raised; border: none; border-top: 1px solid $background; }
QFrame#watchLine { background: $accent_soft; border: none; border-bottom: 1px solid $background; }
QFrame#watchLine QLabel { color: $text_strong; }
QFrame#captionLine { background: $accent_soft; border: none; border-bottom: 1px solid $background; }
QLabel#caption { color: $text_strong; }
QLabel { background: transparent; color: $text; }
QLabel#panelTitle, QLabel#panelRight, QLabel#muted { color: $text_muted; }
QLabel#brand { color: $text_strong; }
QLabel#sentence { color: $bad; }
QLabel#empty { color: $text_muted; }
QLabel#command {
    background: $well; color: $text_strong; border: 1px solid $border; border-radius: 5px; padding: 4px 8px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLabel#command:focus { border: 1px solid $accent_hover; }
QLabel#good { color: $good; }
QLabel#warning { color: $warning; }
QLabel#bad { color: $bad; }

QToolTip {
    background: $raised; color: $text; border: 1px solid $border_strong; padding: 5px 7px;
    font-family: "Inter"; font-size: ${small}px;
}
QLineEdit {
    background: $well; color: $text_strong; border: 1px solid $border; border-radius: 5px; padding: 4px 8px;
    max-height: 22px; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus { border: 1px solid $accent; }
QPushButton, QToolButton {
    background: $control; color: $text; border: 1px solid $border; border-radius: 5px; padding: 4px 10px;
}
QPushButton:hover, QToolButton:hover { background: $control_hover; border-color: $border_strong; }
QPushButton:pressed, QToolButton:pressed { background: $well; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent_hover; }
QPushButton:checked, QToolButton:checked {
    background: $accent_soft; color: $text_strong; border: 1px solid $accent;
}
QPushButton:disabled, QToolButton:disabled { color: $text_faint; }
QPushButton#flat {
    background: transparent; border: 1px solid transparent; color: $text_muted; padding: 0px 1px; border-radius: 4px;
}
QPushButton#flat:hover { color: $text_strong; }
QPushButton#flat:disabled { color: $text_faint; }
QPushButton#flat:focus { border: 1px solid $accent_hover; }
QPushButton#tab {
    background: transparent; border: none; border-bottom: 1px solid transparent; border-radius: 0; color: $text_muted;
    padding: 0px 1px;
}
QPushButton#tab:hover { color: $text_strong; }
QPushButton#tab:checked { color: $text_strong; border-bottom: 1px solid $accent; }
QPushButton#tab:focus { border-bottom: 2px solid $accent_hover; }
QPushButton#link { background: transparent; border: 1px solid transparent; color: $accent_text; padding: 2px 6px; }
QPushButton#link[small="true"] { padding: 0px 4px; }
QPushButton#link:hover { color: $text_strong; }
QPushButton#link:focus { border: 1px solid $accent_hover; }
QPushButton#link:disabled { color: $text_muted; }
QPushButton#filter { padding: 3px 8px; }
QPushButton#option { padding: 3px 8px; }
QPushButton#optionSmall { padding: 1px 5px; }
QPushButton#option:checked, QPushButton#optionSmall:checked { color: $text_strong; font-weight: 600; }

QSlider { min-height: 18px; background: transparent; }
QSlider::groove:horizontal { height: ${groove}px; background: $control_hover; border-radius: 2px; }
QSlider::sub-page:horizontal { height: ${groove}px; background: $control_hover; border-radius: 2px; }
QSlider::handle:horizontal {
    width: ${handle}px; height: ${handle}px; margin: -${reach}px 0; border-radius: ${bend}px; background: $text;
    border: 1px solid $surface;
}
QSlider::handle:horizontal:hover { background: $text_strong; }
QSlider#small { min-height: 12px; }
QSlider#small::handle:horizontal {
    width: ${small_handle}px; height: ${small_handle}px; margin: -${small_reach}px 0; border-radius: ${small_bend}px;
}
QSlider:focus { border: none; }
QSlider::handle:horizontal:focus { background: $text_strong; border: 1px solid $accent_hover; }
QSlider::handle:horizontal:disabled { background: $text_faint; }
QCheckBox { color: $text; spacing: 8px; background: transparent; }
QCheckBox::indicator {
    width: 14px; height: 14px; border: 1px solid $border_strong; border-radius: 3px; background: $well;
}
QCheckBox::indicator:checked { background: $accent; border-color: $accent; }
QCheckBox::indicator:focus { border: 1px solid $accent_hover; }

QScrollArea, QScrollArea > QWidget > QWidget#scrolled { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 8px; margin: 0; }
QScrollBar::handle:vertical { background: $border; border-radius: 4px; min-height: 24px; }
QScrollBar::handle:vertical:hover { background: $border_strong; }
QScrollBar:horizontal { background: transparent; height: 8px; margin: 0; }
QScrollBar::handle:horizontal { background: $border; border-radius: 4px; min-width: 24px; }
QScrollBar::handle:horizontal:hover { background: $border_strong; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QPushButton#filter[filters="true"] { background: $accent_soft; border: 1px solid $accent; color: $text_strong; }
QListView#examples { background: $well; border: 1px solid $border; outline: none; }
QTableView#examples { background: $well; border: 1px solid $border; outline: none; color: $text; }
QAbstractItemView#examples:focus { border: 1px solid $accent_hover; }
QTableView#examples QHeaderView { background: $raised; }
QTableView#examples QHeaderView::section {
    background: $raised; color: $text_muted; border: none; border-bottom: 1px solid $border; padding-left: 8px;
}

QTableView#preview { background: $well; border: 1px solid $border; outline: none; color: $text; }
QTableView#preview::item { padding-left: 5px; }
QTableView#preview::item:selected { background: $accent_soft; color: $text_strong; }
QTableView#preview:focus { border: 1px solid $accent_hover; }
QTableView#preview QHeaderView { background: $raised; }
QTableView#preview QHeaderView::section {
    background: $raised; color: $text_muted; border: none; border-bottom: 1px solid $border; padding-left: 8px;
}
QTableView#preview QHeaderView::section:vertical { border: none; padding: 0 6px; }
QTableView#preview QTableCornerButton::section { background: $raised; border: none; }

QMenu { background: $raised; color: $text; border: 1px solid $border_strong; padding: 5px 0; }
QMenu::item { padding: 4px 26px 4px 26px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $text_faint; }
QMenu::separator { height: 1px; background: $border; margin: 5px 0; }
QMenu::indicator { width: 12px; height: 12px; left: 8px; }

QPlainTextEdit#log { background: $surface; color: $text; border: none; selection-background-color: $accent; }
QFrame#overlay { background: $raised; border: 1px solid $border_strong; border-radius: 9px; }
QFrame#toast { background: $raised; border: 1px solid $border_strong; border-radius: 7px; }
QFrame#toast[onLine="true"] {
    background: $accent_soft; border: none; border-top: 1px solid $accent; border-radius: 0;
}
QFrame#banner { background: $recording_soft; border: none; border-left: 3px solid $bad; }
QListWidget { background: transparent; border: 1px solid transparent; outline: none; color: $text; }
QListWidget:focus { border: 1px solid $accent_hover; }
QListWidget#takes { background: $well; border: 1px solid $border; border-radius: 4px; padding: 2px 4px; }
QListWidget#takes::item { padding: 1px 2px; }
QListWidget#acts { background: $well; border: 1px solid $border; border-radius: 4px; padding: 3px; }
QListWidget#acts:focus { border: 1px solid $accent_hover; }
QListWidget#acts::item { padding: 4px 6px; border-radius: 3px; }
QListWidget#acts::item:selected { background: $accent; color: $on_accent; }
QProgressBar { background: $control_hover; border: none; border-radius: 2px; }
QProgressBar::chunk { background: $accent; border-radius: 2px; }
QListWidget#takes::item:selected { background: $control_hover; color: $text_strong; }
"""
)

_LENGTH: Final = re.compile(r"(radius: )?\b([2-9]|[1-9][0-9]+)px")
"""Lengths of more than a pixel, of corners apart."""
HANDLE, SMALL_HANDLE, GROOVE = 14, 12, 4
"""How wide and high the handles of sliders are with their border, and how high what they slide on."""


def stylesheet(theme: Theme) -> str:
    """Return the stylesheet of `theme`; a token that the template names and the theme lacks raises KeyError."""
    made = {"small": theme.px("small"), **_handle(theme, "", HANDLE), **_handle(theme, "small_", SMALL_HANDLE)}
    values = {name: getattr(theme, name) for name in _TEMPLATE.get_identifiers() if name not in made}

    def sized(found: re.Match[str]) -> str:
        length = theme.length(int(found[2]))
        # Qt leaves a corner sharp whose radius is larger than half of what it rounds.
        return f"{found[1]}{int(length)}px" if found[1] else f"{round(length)}px"

    # Lines stay as fine as they are.
    template = _LENGTH.sub(sized, _TEMPLATE.template)
    return Template(template).substitute(values, **made)


def _handle(theme: Theme, name: str, size: int) -> dict[str, int]:
    """The lengths of a slider's handle: as high as it is wide, though Qt makes it as high as its groove and margins."""
    groove = max(2, theme.px(GROOVE))
    reach = max(1, round((theme.length(size) - groove) / 2))
    whole = groove + 2 * reach
    return {"groove": groove, f"{name}handle": whole - 2, f"{name}reach": reach, f"{name}bend": whole // 2}
