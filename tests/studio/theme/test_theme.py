"""The table of tokens: complete, readable in both themes, and the only place where colours are written."""

import gc
import re
import weakref
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QLabel

import dgstudio.studio
from dgstudio.engine.runtime.class_table import OKABE_ITO
from dgstudio.studio.theme.application import apply_to
from dgstudio.studio.theme.stylesheet import stylesheet
from dgstudio.studio.theme.theme import DARK, LIGHT, TOKENS, contrast, load_fonts

BOTH = pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])


@BOTH
def test_every_token_is_a_colour(theme):
    for token in TOKENS:
        assert re.fullmatch(r"#[0-9a-f]{6}", getattr(theme, token)), token


@BOTH
@pytest.mark.parametrize("ground", ["background", "surface", "raised", "control", "control_hover", "well"])
def test_text_can_be_read_on_every_ground(theme, ground):
    paper = theme.colour(ground)
    assert contrast(theme.colour("text_strong"), paper) >= 7
    assert contrast(theme.colour("text"), paper) >= 7
    assert contrast(theme.colour("text_muted"), paper) >= 4.5


@BOTH
@pytest.mark.parametrize("ink", ["good", "warning", "bad", "accent_text"])
def test_coloured_words_can_be_read_on_panels_and_bars(theme, ink):
    for ground in ("surface", "raised"):
        assert contrast(theme.colour(ink), theme.colour(ground)) >= 4.5


@BOTH
def test_chosen_buttons_can_be_read(theme):
    assert contrast(theme.colour("on_accent"), theme.colour("accent")) >= 4.5


@BOTH
@pytest.mark.parametrize("colour", [*OKABE_ITO, "#000000", "#ffffff"])
def test_class_colours_stand_out_once_made_readable(theme, colour):
    assert contrast(QColor(theme.readable(colour)), theme.colour("surface")) >= 4.5
    assert contrast(QColor(theme.readable(colour, "recording_soft")), theme.colour("recording_soft")) >= 4.5
    assert contrast(QColor(theme.visible(colour)), theme.colour("surface")) >= 3


def test_contrast_of_black_and_white_is_21():
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)


@BOTH
def test_a_channel_has_a_colour_however_many_there_are(theme):
    assert theme.channel(0) != theme.channel(1)
    assert theme.channel(len(theme.channels)) == theme.channel(0)


@BOTH
def test_the_stylesheet_is_filled_in(theme):
    text = stylesheet(theme)
    assert "$" not in text
    assert theme.accent in text
    assert text.count("{") == text.count("}")


def test_colours_are_written_in_the_table_only():
    folder = Path(dgstudio.studio.__file__).parent
    found = [
        f"{path.name}: {match}"
        for path in folder.rglob("*.py")
        if path.name != "theme.py"
        for match in re.findall(r"[\"'](#[0-9a-fA-F]{3,8})[\"']", path.read_text("utf-8"))
    ]
    assert found == []


def test_the_fonts_come_with_the_program(qapp):
    assert {"Inter", "JetBrains Mono"} <= set(load_fonts())
    assert QFontInfo(DARK.ui("body")).family() == "Inter"
    assert QFontInfo(DARK.ui("body", 700)).bold()
    assert QFontInfo(DARK.mono("small")).family() == "JetBrains Mono"


def test_type_is_scaled(qapp):
    large = DARK.scaled(1.5)
    assert large.ui("body").pixelSize() == round(DARK.ui("body").pixelSize() * 1.5)
    assert large.text == DARK.text


def test_a_theme_reaches_qt(qapp):
    for theme in (LIGHT, DARK):
        apply_to(qapp, theme)
        assert qapp.palette().window().color().name() == theme.background


def test_no_widget_goes_while_qt_styles_all_of_them(qapp):
    """Qt has bare pointers to all of them meanwhile: one that the collector deletes then crashes the program."""

    class Part(QLabel):
        def changeEvent(self, event):
            # Enough for the collector to look for garbage, as any code of ours may make it do.
            kept = [[] for _ in range(2 * gc.get_threshold()[0])]
            there.append(bool(kept) and all(garbage() is not None for garbage in lost))
            super().changeEvent(event)

    there: list[bool] = []
    lost: list[weakref.ref[QLabel]] = []
    enabled = gc.isenabled()
    gc.disable()
    try:
        part = Part()
        part.ensurePolished()
        gc.collect()
        garbage = QLabel()
        garbage.itself = garbage
        garbage.ensurePolished()
        lost.append(weakref.ref(garbage))
        del garbage
        there.clear()
        gc.enable()
        apply_to(qapp, DARK.scaled(1.1))
        assert there and all(there) and gc.isenabled()
        gc.collect()
        assert lost[0]() is None
    finally:
        (gc.enable if enabled else gc.disable)()
        apply_to(qapp, DARK)
