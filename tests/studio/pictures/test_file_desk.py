"""Files that the window writes: one after the other, with a line, Cancel, and a sentence for each end."""

import threading
import time

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from waiting import wait_until

from dgstudio.errors import DgstudioError
from dgstudio.studio.pictures import file_desk
from dgstudio.studio.pictures.file_desk import FileDesk
from dgstudio.studio.pictures.file_writing import FileWriting


class Window:
    """What a desk asks of its window, with what it has been told."""

    def __init__(self):
        self.desk = QWidget()
        self.column = QVBoxLayout(self.desk)
        self.told = []

    def add_line(self, line):
        self.column.addWidget(line)

    def dress(self, part):
        return part

    def say(self, fact):
        self.told.append(fact.sentence)

    def show(self, text, _level=None):
        self.told.append(text)


@pytest.fixture
def window(qtbot):
    made = Window()
    qtbot.addWidget(made.desk)
    made.desk.show()
    return made


@pytest.fixture
def desk(window):
    made = FileDesk(window, window, window)
    yield made
    made.stop()


def finish(desk):
    wait_until(lambda: desk._now is None or desk._now.over)
    desk.poll()


def test_each_is_written_in_its_turn_and_told(desk, window, tmp_path):
    order = []
    for name in ("one", "two"):
        desk.add(FileWriting(tmp_path / name, lambda _note, name=name: order.append(name), f"It is {name}."))
    finish(desk)
    finish(desk)
    assert order == ["one", "two"] and window.told == ["one is written. It is one.", "two is written. It is two."]
    assert desk.line is None, "what is quick needs no line"


def test_a_line_tells_how_far_a_long_one_is_and_cancels_it(desk, window, tmp_path, monkeypatch):
    monkeypatch.setattr(file_desk, "PATIENCE_S", 0.0)
    begun = threading.Event()

    def write(note):
        begun.set()
        while True:
            note(0.25)
            time.sleep(0.001)

    desk.add(FileWriting(tmp_path / "long.webp", write))
    begun.wait(10)
    wait_until(lambda: desk._now.share == 0.25)
    desk.poll()
    line = desk.line
    assert line.isVisible() and line.title.text() == "Writing long.webp …" and line.figure.text() == "25 %"
    assert desk.writing == "long.webp"
    line.cancel.click()
    finish(desk)
    assert window.told == ["Cancelled: nothing was written."] and line.isHidden() and desk.writing == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DgstudioError("No room."), "Not exported: No room."),
        (MemoryError(), "too little memory"),
        (ZeroDivisionError("in a library"), "ZeroDivisionError"),
    ],
)
def test_what_fails_is_told_and_the_next_one_is_written(desk, window, tmp_path, error, words):
    def fail(_note):
        raise error

    desk.add(FileWriting(tmp_path / "a", fail))
    desk.add(FileWriting(tmp_path / "b", lambda _note: None))
    finish(desk)
    finish(desk)
    assert words in window.told[0] and window.told[1].startswith("b is written")


def test_closing_cancels_what_is_under_way(desk, tmp_path):
    ended = []

    def write(note):
        try:
            while True:
                note(0.0)
                time.sleep(0.001)
        finally:
            ended.append(True)

    desk.add(FileWriting(tmp_path / "a", write))
    desk.add(FileWriting(tmp_path / "b", lambda _note: ended.append("b")))
    desk.stop()
    assert ended in ([True], []), "what waited is not begun"
