"""The window watches a station: what is seen, what cannot be done, and how it goes on once the station has ended."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from station.test_station import Program

from dgstudio.engine.facts.watched import HeardAnswer, Watched, Writer
from dgstudio.engine.watching.refusing import WHY
from dgstudio.session.file import Session
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.sessions.watch_line import NOT_RECORDED, watched_words
from dgstudio.studio.window.watching import CHANGING


@pytest.fixture
def station(tmp_path):
    program = Program(tmp_path / "station.dgs", "--source", "simulator", "--record", "--learn")
    yield program
    program.stop()


def watching(desk, tmp_path):
    """Open what the station writes: it is refused, and the toast offers to watch it."""
    path = tmp_path / "station.dgs"

    def there():
        if not path.exists():
            return False
        with Session.watching(path) as session:
            return session.latest_checkpoint() is not None and bool(session.recorded.stretches())

    desk.until(there)
    window, toast = desk.window, desk.window.notifier.toast
    desk.sessions.open(path)
    desk.until(lambda: not window.layout_.opening.isVisible() and "open in another dgstudio" in toast.said)
    assert toast.button.text() == "Watch it"
    desk.switch(toast.button.click)


def test_a_session_that_a_station_writes_is_watched_and_then_opened(desk, tmp_path, station):
    watching(desk, tmp_path)
    window, state, line = desk.window, desk.state, desk.window.layout_.watching
    assert window.windowTitle() == "station.dgs (watching) – dgstudio"
    desk.until(lambda: desk.engine.lane.readings.total > 50 and "behind" in line.text.text())
    assert line.isVisible() and line.title.text() == "Watching station" and not line.open.isVisible()
    assert "written by a station" in line.text.text()
    assert not (tmp_path / "station.dgs.running").exists()
    # Nothing that would change the session is on offer, and everything says why.
    for id in CHANGING - {ActionId.RECORD_CLASS, ActionId.TAKE_BACK_CLASS}:
        if id in window.actions_._qactions:
            assert not window.actions_.qaction(id).isEnabled() and window.actions_.qaction(id).toolTip() == WHY
    for part in (window.layout_.bar, *window.layout_.panels.made.values(), window.sheets.learning):
        for control in getattr(part, "changing", ()):
            assert not control.isEnabled() and control.toolTip() == WHY
    assert not [row for row in window.actions_.search("") if row.id in CHANGING]
    versions = [record.version for record in state.history]
    QTest.keyPress(window, Qt.Key.Key_1)
    desk.until(lambda: WHY in window.notifier.toast.said)
    assert window.labelling.held is None
    QTest.keyRelease(window, Qt.Key.Key_1)
    assert [record.version for record in state.history] == versions
    assert station.stop() == 143
    desk.until(lambda: state.watched.writer is Writer.NOBODY)
    desk.until(line.open.isVisible)
    assert "nobody writes it any more" in line.text.text()
    desk.switch(line.open.click)
    assert desk.state.watched is None and not desk.window.layout_.watching.isVisible()
    assert desk.window.windowTitle() == "station.dgs – dgstudio"
    assert desk.window.actions_.qaction(ActionId.UNDO).isEnabled() and not desk.engine.session.read_only
    desk.until(lambda: desk.engine.queue.saved.safe and desk.engine.lane.readings.total > 5)


def test_the_list_of_recent_sessions_offers_to_watch_what_is_in_use(desk, tmp_path, station):
    watching(desk, tmp_path)
    watched = desk.window
    desk.switch(lambda: desk.sessions.open(tmp_path / "first.dgs"))
    assert desk.window is not watched and desk.state.watched is None
    sheet = desk.window.sheets.recent
    sheet.open()
    assert sheet.open_button.text() == "Watch" and "watched meanwhile" in sheet.words.text()
    desk.switch(sheet.open_button.click)
    assert desk.state.watched is not None and desk.sessions.present() == tmp_path / "station.dgs"


def test_the_line_says_how_it_stands():
    live = Watched("a", Writer.STATION, recorded=True, behind_s=0.44)
    assert watched_words(live) == "written by a station · 0.4 s behind"
    assert watched_words(Watched("a", Writer.WINDOW)) == f"written by another window · {NOT_RECORDED}"
    assert "silent for 12 s" in watched_words(Watched("a", recorded=True, behind_s=12.2))
    assert "of 1 answer only the receipt" in watched_words(Watched("a", recorded=True, behind_s=1, receipts_only=1))
    assert "nobody writes it any more" in watched_words(Watched("a", Writer.NOBODY))
    heard = Watched("a", heard=HeardAnswer(1, 0.973, 5))
    assert watched_words(heard, ["nod", "wave"].__getitem__).endswith("it answers wave, 0.97 by v5")
