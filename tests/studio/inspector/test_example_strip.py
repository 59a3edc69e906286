"""The strip of examples: all of them are there, and a place without a picture says why."""

import numpy as np
import pytest
from PySide6.QtGui import QColor

from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.studio.inspector.example_strip import ExampleCard, ExampleStrip
from dgstudio.studio.inspector.windows import Windows
from dgstudio.studio.theme.theme import DARK, load_fonts
from dgstudio.types import Example, Take

WAVE = np.sin(np.linspace(0, 9, 50))[:, None].astype(np.float32)


def card(number, window=WAVE):
    return ExampleCard(number, "walk", "#3fb2ff", "take 1", 1.0, window)


@pytest.fixture
def strip(qtbot):
    load_fonts()
    made = ExampleStrip("examples")
    made.apply_theme(DARK)
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("wide", [220, 260, 440, 900])
def test_every_card_has_its_place_at_any_width(strip, wide):
    strip.show_cards([card(number) for number in range(10)])
    strip.resize(wide, 10)
    strip.resize(wide, strip.sizeHint().height())
    places = strip.places()
    assert len(places) == 10 and all(strip.rect().contains(place) for place in places)
    assert not any(one.intersects(other) for i, one in enumerate(places) for other in places[:i])


def test_an_example_without_a_signal_says_so(strip):
    strip.resize(220, 60)
    well = QColor(DARK.well).rgb()

    def inked(window):
        strip.show_cards([card(0, window), card(1)])
        image = strip.grab(strip.places()[0].adjusted(8, 20, -8, -20)).toImage()
        return sum(image.pixel(x, y) != well for x in range(image.width()) for y in range(image.height()))

    assert inked(None) > 50 and not inked(np.zeros((0, 1), np.float32))
    # Where none has one, they are low.
    tall = strip.sizeHint().height()
    strip.show_cards([card(0, None), card(1, None)])
    assert strip.sizeHint().height() < tall


def test_of_windows_that_overlap_the_one_that_is_kept_stands_for_the_others(bridge):
    book = LabelBook()
    features = np.zeros(4, np.float32)
    examples = [
        Example(0, 0, 1, features, 5.0, 6.0, raw=WAVE),
        Example(1, 0, 1, features, 5.1, 6.1),
        Example(2, 0, 2, features, 5.1, 6.1),
    ]
    takes = [Take(number, 0, 5.0, 6.1, "simulator") for number in (1, 2)]
    # Of an earlier run: the present one has a stream of its own at the same times, which shows something else.
    book.restore(takes, examples, frozenset())
    for _ in range(10):
        bridge.frame(1.0)
    assert len(bridge.lookback.past(5.1, 6.1).times) > 1
    bridge.book = book
    windows = Windows(bridge)
    assert windows.of_example(examples[0]) is WAVE and windows.of_example(examples[1]) is WAVE
    assert windows.of_example(examples[2]) is None
