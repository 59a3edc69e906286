"""Sessions in the running program: new, open, recent, save as, duplicate, through the real window on real engines."""

import threading
import weakref

import numpy as np
import pytest
import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from waiting import DEADLINE_S

from dgstudio.engine.adapt.consolidation import ConsolidationState
from dgstudio.engine.lifecycle.stream_config import keep_stream, kept_stream
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.training.consolidation import TrainingStage
from dgstudio.session.file import Session
from dgstudio.session.storage.location import session_folder
from dgstudio.studio import app
from dgstudio.studio.sessions.recent import RecentSessions, age_words
from dgstudio.types import SaveState, Saving

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_a_new_session_takes_the_place_of_the_present_one_which_is_kept(desk, tmp_path):
    assert desk.window.windowTitle() == "first.dgs – dgstudio"
    desk.teach("wave")
    before, engine = desk.window, desk.engine
    digest = engine.learner.store.head.digest
    desk.switch(lambda: QTest.keyClick(desk.window, Qt.Key.Key_N, CONTROL))
    assert desk.sessions.present().parent == session_folder()
    assert desk.window.windowTitle() == f"{desk.sessions.present().name} – dgstudio"
    assert desk.window.isVisible()
    desk.until(lambda: not shiboken6.isValid(before))
    assert "wave" not in [card.info.name for card in desk.state.classes] and not desk.state.history[1:]
    assert not [t for t in threading.enumerate() if t.name == "dg-open"]
    assert sum(t.name == "dg-store" for t in threading.enumerate()) == 1
    with Session.open(tmp_path / "first.dgs") as kept:
        assert kept.latest_checkpoint().digest == digest and "wave" in [info.name for info in kept.classes()]


def test_a_session_is_opened_as_it_was_left(desk, tmp_path):
    info = desk.teach("wave")
    desk.engine.model.set_openness(-0.3, 0.1)
    QTest.keyClick(desk.window, Qt.Key.Key_Q)
    count, digest = desk.engine.book.total, desk.engine.learner.store.head.digest
    desk.until(lambda: desk.engine.learn.idle)
    digest = desk.engine.learner.store.head.digest
    desk.switch(desk.sessions.new)
    assert not desk.window.layout_.quality_shown
    desk.switch(lambda: desk.sessions.open(tmp_path / "first.dgs"))
    assert [card.info for card in desk.state.classes][-1] == desk.engine.classes.get(info.id)
    assert desk.engine.book.total == count and desk.engine.learner.store.head.digest == digest
    assert (desk.state.tau, desk.state.delta) == (-0.3, 0.1) and len(desk.state.history) > 2
    assert desk.window.layout_.quality_shown
    assert f"{count} examples" in desk.window.notifier.toast.said
    desk.window.commands.labels.undo()
    desk.until(lambda: desk.engine.book.total == 0)


@pytest.mark.parametrize("what", ["garbage", "locked", "gone", "other stream", "itself"])
def test_what_cannot_be_opened_leaves_the_present_session_running(desk, tmp_path, monkeypatch, what):
    other = tmp_path / "other.dgs"
    window, engine = desk.window, desk.engine
    lock = None
    if what == "garbage":
        other.write_bytes(b"no session at all" * 100)
    elif what == "locked":
        lock = Session.create(other)
    elif what == "other stream":
        with Session.create(other) as session:
            session.set_config("features", ["a mean", "b mean"])
    path = tmp_path / "first.dgs" if what == "itself" else other
    sentence = {
        "garbage": "not a dgstudio session",
        "locked": "open in another dgstudio",
        "gone": "There is no session",
        "other stream": "other channels",
        "itself": "is the session that is open",
    }[what]
    desk.sessions.open(path)
    desk.until(lambda: not window.layout_.opening.isVisible() and sentence in window.notifier.toast.said)
    seen = engine.lane.readings.newest.hop
    desk.until(lambda: engine.lane.readings.newest.hop > seen)
    assert desk.window is window and engine.queue.saved.safe
    if lock is not None:
        lock.close()


def test_while_it_loads_the_line_says_so_and_cancel_stays(desk, tmp_path, monkeypatch):
    Session.create(tmp_path / "other.dgs").close()
    hold, made = threading.Event(), []

    def slow(options):
        hold.wait(DEADLINE_S)
        made.append(app.make_engine(options))
        return made[-1]

    desk.sessions._make_engine = slow
    window = desk.window
    desk.sessions.open(tmp_path / "other.dgs")
    assert window.layout_.opening.isVisible() and window.layout_.opening.title.text() == "Opening other.dgs …"
    desk.sessions.new()
    assert "Another session is being opened" in window.notifier.toast.said
    window.layout_.opening.cancel.click()
    assert not window.layout_.opening.isVisible()
    hold.set()
    desk.until(lambda: bool(made) and not [t for t in threading.enumerate() if t.name == "dg-open"])
    assert desk.window is window
    # Nobody has the file any more.
    Session.open(tmp_path / "other.dgs").close()


def test_closing_the_window_while_another_session_loads_leaves_nothing_open(desk, tmp_path):
    Session.create(tmp_path / "other.dgs").close()
    desk.sessions.open(tmp_path / "other.dgs")
    desk.window.close()
    assert not [t for t in threading.enumerate() if t.name == "dg-open"]
    for name in ("first.dgs", "other.dgs"):
        Session.open(tmp_path / name).close()


def test_a_held_key_is_not_cut_off(desk, tmp_path):
    Session.create(tmp_path / "other.dgs").close()
    before, info = desk.window, desk.state.classes[0].info
    before.labelling.press(info.id, Qt.Key.Key_1)
    desk.sessions.open(tmp_path / "other.dgs")
    desk.until(lambda: desk.sessions._opening.making.over)
    seen = desk.engine.lane.readings.newest.hop
    desk.until(lambda: desk.engine.lane.readings.newest.hop > seen + 40)
    assert desk.window is before
    desk.switch(lambda: before.labelling.release(Qt.Key.Key_1))
    with Session.open(tmp_path / "first.dgs") as kept:
        assert kept.takes()[-1].examples > 10


def test_save_as_goes_on_in_the_new_file_without_a_break(desk, tmp_path):
    desk.teach("wave")
    window, count = desk.window, desk.engine.book.total
    QTest.keyClick(window, Qt.Key.Key_S, CONTROL | SHIFT)
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "second.dgs"))
    dialog.close()
    desk.until(lambda: window.windowTitle() == "second.dgs – dgstudio")
    assert "goes on in" in window.notifier.toast.said and desk.window is window
    assert "second.dgs" in window.layout_.status.session.toolTip()
    desk.teach("shiver")
    with Session.open(tmp_path / "first.dgs") as first:
        assert len(first.examples()) == count
    assert desk.sessions.present() == tmp_path / "second.dgs"
    assert [entry.path.name for entry in desk.sessions.recent()] == ["second.dgs", "first.dgs"]
    total = desk.engine.book.total
    desk.window.close()
    with Session.open(tmp_path / "second.dgs") as second:
        assert len(second.examples()) == total > count


def test_a_duplicate_lies_beside_it_and_the_toast_opens_it(desk, tmp_path):
    info = desk.teach("wave")
    desk.window.actions_.trigger("duplicate_session")
    desk.until(lambda: desk.window.notifier.toast.button.text() == "Open it" and desk.window.notifier.toast.isVisible())
    assert desk.sessions.present() == tmp_path / "first.dgs"
    count = desk.engine.book.labels(info.id)[0]
    desk.switch(desk.window.notifier.toast.button.click)
    assert desk.sessions.present() == tmp_path / "first 2.dgs" and desk.engine.book.labels(info.id)[0] == count


def test_recent_sessions_are_listed_opened_and_forgotten(desk, tmp_path):
    desk.switch(desk.sessions.new)
    gone = tmp_path / "gone.dgs"
    desk.sessions._list.note(gone, 3, 40)
    QTest.keyClick(desk.window, Qt.Key.Key_O, CONTROL | SHIFT)
    sheet = desk.window.sheets.recent
    assert sheet.isVisible()
    names = [sheet.list.item(row).text() for row in range(sheet.list.count())]
    assert names == [desk.sessions.present().stem, "gone", "first"]
    assert sheet.list.currentRow() == 2 and sheet.open_button.isEnabled(), "the newest that can be opened"
    sheet.list.setCurrentRow(1)
    assert not sheet.open_button.isEnabled()
    assert "not there any more" in sheet.lines(sheet._at(1)[0], False)[1] and "Del forgets it" in sheet.words.text()
    assert sheet.lines(sheet._at(0)[0], True)[0] == "open now"
    QTest.keyClick(sheet.list, Qt.Key.Key_Return)
    assert sheet.isVisible(), "what is gone does not open"
    QTest.keyClick(sheet.list, Qt.Key.Key_Delete)
    assert [sheet.list.item(row).text() for row in range(sheet.list.count())] == [names[0], "first"]
    assert "kB" in sheet.lines(sheet._at(1)[0], False)[1] or "MB" in sheet.lines(sheet._at(1)[0], False)[1]
    sheet.list.setCurrentRow(0)
    assert not sheet.open_button.isEnabled() and not sheet.forget_button.isEnabled()
    sheet.list.setCurrentRow(1)
    sheet.grab()
    desk.switch(lambda: QTest.keyClick(sheet.list, Qt.Key.Key_Return))
    assert desk.sessions.present() == tmp_path / "first.dgs"


def test_open_asks_for_a_file_without_standing_in_the_way(desk, tmp_path):
    Session.create(tmp_path / "other.dgs").close()
    QTest.keyClick(desk.window, Qt.Key.Key_O, CONTROL)
    (dialog,) = desk.window.findChildren(QFileDialog)

    def choose():
        dialog.fileSelected.emit(str(tmp_path / "other.dgs"))
        dialog.close()

    desk.switch(choose)
    assert desk.state.session_name == "other.dgs"


def test_a_window_without_a_desk_offers_no_other_sessions(window, bridge):
    offered = {action.id for action in window.actions_.search("")}
    assert not offered & {"new_session", "open_session", "recent_sessions"} and "save_as" in offered
    window.actions_.trigger("duplicate_session")
    assert bridge.calls == [("recording.duplicate",)]


def test_the_list_survives_what_others_write_into_the_settings(settings, tmp_path):
    recent = RecentSessions(settings)
    settings.setValue("sessions/recent", "{broken")
    assert recent.every() == []
    for number in range(30):
        recent.note(tmp_path / f"{number}.dgs", number)
    assert len(recent.every()) == 20 and recent.every()[0].path.name == "29.dgs" and recent.every()[0].gone
    words = [age_words(s) for s in (5, 61, 7300, 90_000, 900_000)]
    assert words == ["just now", "1 minute ago", "2 hours ago", "yesterday", "10 days ago"]


def test_an_engine_that_cannot_be_made_in_the_dark_is_said(desk, monkeypatch):
    def refuse(options):
        raise BadInputError("The camera is busy: close the other program.")

    desk.sessions._make_engine = refuse
    desk.sessions.new()
    desk.until(lambda: desk.window.notifier.toast.said.startswith("The camera is busy"))
    assert desk.window.isVisible() and not desk.window.layout_.opening.isVisible()


def test_what_is_in_memory_only_is_not_left_unasked(settings, qtbot, tmp_path, session_desk):
    desk = session_desk.Desk(None, settings, qtbot, keep=False)
    try:
        assert desk.sessions.present() is None and desk.sessions.recent() == []
        desk.teach("wave")
        window = desk.window
        desk.sessions.new()
        assert "in memory only" in window.notifier.toast.said and not window.layout_.opening.isVisible()
        window.actions_.trigger("save_as")
        (dialog,) = window.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / "kept.dgs"))
        dialog.close()
        desk.until(lambda: desk.engine.queue.saved.safe and desk.state.session_name == "kept.dgs")
        total = desk.engine.book.total
        desk.switch(desk.sessions.new)
        with Session.open(tmp_path / "kept.dgs") as kept:
            assert len(kept.examples()) == total
    finally:
        desk.window.close()


def test_what_is_in_memory_only_can_be_left(settings, qtbot, session_desk):
    desk = session_desk.Desk(None, settings, qtbot, keep=False)
    try:
        desk.teach("wave")
        desk.sessions.new()
        assert desk.window.notifier.toast.button.text() == "Leave them"
        desk.switch(desk.window.notifier.toast.button.click)
        assert desk.sessions.present() is not None
    finally:
        desk.window.close()


def test_a_new_session_that_cannot_be_kept_says_so(desk, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "file"))
    desk.switch(desk.sessions.new)
    assert "kept in memory only" in desk.window.notifier.toast.said and desk.engine.queue.saved == Saving(
        SaveState.MEMORY_ONLY
    )


def test_an_import_comes_to_its_end_before_another_session(desk, tmp_path, monkeypatch):
    names = desk.state.feature_names
    np.savez(tmp_path / "f.npz", X=np.ones((2000, len(names)), np.float32), y=np.zeros(2000, int))
    door, hold = desk.engine.import_door, threading.Event()
    put = door.put_hidden
    monkeypatch.setattr(door, "put_hidden", lambda examples: (hold.wait(DEADLINE_S), put(examples)))
    desk.window.sheets.importing.begin(tmp_path / "f.npz")
    desk.until(lambda: desk.state.importing is not None and desk.state.importing.stage == "choosing")
    desk.window.sheets.importing.go.click()
    before = desk.window
    desk.sessions.new()
    desk.until(lambda: desk.sessions._opening.making.over)
    assert desk.window is before
    desk.switch(hold.set)
    with Session.open(tmp_path / "first.dgs") as kept:
        assert len(kept.examples()) == 2000


def test_the_session_before_is_let_go_of_with_its_window(desk):
    engine, window = weakref.ref(desk.engine), weakref.ref(desk.window)
    desk.switch(desk.sessions.new)
    assert engine() is None and window() is None


class Training:
    """What a session and its window read of the training of a new base."""

    def __init__(self, state=ConsolidationState.RUNNING):
        self.state, self.share, self.stage, self.comparison = state, 0.2, TrainingStage.BASE, None

    def stop(self):
        self.state = ConsolidationState.CANCELLED

    def join(self, timeout):
        return self.state == ConsolidationState.CANCELLED


@pytest.fixture
def training(desk):
    """A training that never ends by itself, in the first session."""
    made = desk.engine.candidates.consolidation = Training()
    return made


def test_a_training_is_not_stopped_without_a_word(desk, tmp_path, training):
    Session.create(tmp_path / "other.dgs").close()
    window = desk.window
    desk.sessions.open(tmp_path / "other.dgs")
    assert "being trained: going stops that" in window.notifier.toast.said
    assert not window.layout_.opening.isVisible() and training.state == ConsolidationState.RUNNING
    # Whoever says nothing stays.
    window.notifier.toast.hide()
    desk.sessions.open(tmp_path / "other.dgs")
    assert desk.window is window and window.notifier.toast.button.text() == "Stop it and go"
    desk.switch(window.notifier.toast.button.click)
    assert desk.sessions.present() == tmp_path / "other.dgs" and training.state == ConsolidationState.CANCELLED


def test_quitting_tells_once_what_it_would_stop(desk, training):
    window = desk.window
    window.close()
    assert window.isVisible() and training.state == ConsolidationState.RUNNING
    assert (
        "being trained: going stops that" in window.notifier.toast.said
        and window.notifier.toast.button.text() == "Quit"
    )
    # Told too long ago to be remembered.
    window.notifier.toast.hide()
    window.close()
    assert window.isVisible() and window.notifier.toast.isVisible()
    # Whoever asks again means it.
    window.close()
    assert not window.isVisible() and training.state == ConsolidationState.CANCELLED


def test_the_button_quits(desk, training):
    desk.window.close()
    desk.window.notifier.toast.button.click()
    assert not desk.window.isVisible() and training.state == ConsolidationState.CANCELLED


def test_a_training_that_begins_while_another_session_is_opened_keeps_this_one(desk, tmp_path, request):
    Session.create(tmp_path / "other.dgs").close()
    hold, window, make = threading.Event(), desk.window, desk.sessions._make_engine
    desk.sessions._make_engine = lambda options: (hold.wait(DEADLINE_S), make(options))[1]
    desk.sessions.open(tmp_path / "other.dgs")
    training = request.getfixturevalue("training")
    hold.set()
    desk.until(lambda: "being trained" in window.notifier.toast.said)
    assert (
        desk.window is window
        and not window.layout_.opening.isVisible()
        and training.state == ConsolidationState.RUNNING
    )
    desk.until(lambda: not [t for t in threading.enumerate() if t.name == "dg-open"])
    desk.switch(window.notifier.toast.button.click)
    assert desk.sessions.present() == tmp_path / "other.dgs"


def test_a_trained_base_that_waits_is_told_of_too(desk, training):
    training.state = ConsolidationState.READY
    desk.sessions.new()
    assert (
        "waits for your word" in desk.window.notifier.toast.said
        and desk.window.notifier.toast.button.text() == "Go without it"
    )
    desk.switch(desk.window.notifier.toast.button.click)


def test_the_list_knows_what_the_file_holds_that_save_as_left(desk, tmp_path):
    desk.teach("wave")
    total, classes = desk.engine.book.total, len(desk.state.classes)
    desk.window.commands.recording.save_as(tmp_path / "second.dgs", overwrite=True)
    desk.until(lambda: desk.state.session_name == "second.dgs")
    listed = {entry.path.name: (entry.classes, entry.examples) for entry in desk.sessions.recent()}
    assert listed == {"first.dgs": (classes, total), "second.dgs": (classes, total)}
    assert [entry.path.name for entry in desk.sessions.recent()] == ["second.dgs", "first.dgs"]


# -- the stream that a session was made with ---------------------------------------------------------------------


def opened(options):
    engine, _, _ = app.make_engine(options)
    try:
        return engine.spec, kept_stream(engine.session)
    finally:
        engine.stop()


def test_a_session_opens_on_the_stream_that_it_was_made_with_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "walk.csv").write_text("time,x\n" + "".join(f"{i / 25},{i % 7}\n" for i in range(200)))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.dgs"
    spec, kept = opened(app.StudioOptions(session=path, source="walk.csv", base="none"))
    assert spec.rate == pytest.approx(25) and kept["source"] == str(tmp_path / "walk.csv")
    monkeypatch.chdir("/")
    assert opened(app.StudioOptions(session=path)) == (spec, kept)
    # The file is gone: what to do is said, and the session still knows what it was.
    (tmp_path / "walk.csv").unlink()
    with pytest.raises(BadInputError, match=r"no file .*walk\.csv.*session a was made with it.*--source"):
        opened(app.StudioOptions(session=path))
    with Session.open(path) as session:
        assert kept_stream(session) == kept


def test_what_is_kept_of_a_stream_may_be_damaged(tmp_path):
    with Session.create(tmp_path / "a.dgs") as session:
        assert kept_stream(session) == {}
        session.set_config("stream", {"source": None})
        assert kept_stream(session) == {}
        keep_stream(session, source="simulator", speed=0.0)
        assert kept_stream(session)["speed"] == 1.0
