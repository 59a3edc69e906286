"""A toast knows what it is about for as long as it can be read."""

import pytest
from PySide6.QtWidgets import QWidget

from dgstudio.studio.common.overlays.toast import Toast


@pytest.fixture
def toast(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(800, 400)
    with qtbot.waitExposed(host):
        host.show()
    return Toast(host)


def test_what_it_is_about_goes_with_the_sentence(toast):
    assert toast.about is None
    toast.show_text("Three things would be lost.", about=("lost", 3))
    assert toast.about == ("lost", 3)
    toast.show_text("Something else.")
    assert toast.about is None


def test_a_toast_that_is_gone_is_about_nothing(toast):
    toast.show_text("Three things would be lost.", "warning", "Go", about=("lost", 3))
    toast.button.click()
    assert not toast.isVisible() and toast.about is None
