"""The sheet by which a source is chosen, by real clicks and keys: in a window on a real engine."""

import socket
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from streams.osc.sender import Sender
from streams.phone.apps import Phone, sensors2osc, zig_sim

from dgstudio.bench.streams.board import PseudoBoard
from dgstudio.engine.lifecycle.stream_config import kept_stream
from dgstudio.streams.choosing import device_search
from dgstudio.streams.choosing.device_search import DeviceSearch
from dgstudio.streams.lsl.query import LslStream
from dgstudio.streams.osc.endpoint import LOOPBACK, Endpoint
from dgstudio.streams.phone.source import PhoneSource
from dgstudio.streams.serial import source as serial
from dgstudio.streams.serial.ports import PortFound
from dgstudio.studio.source.choice import sheet as sheets
from dgstudio.studio.source.choice.entries import Entry, EntryKind, Section, entries
from dgstudio.studio.source.choice.sheet import FITS, IN_USE, NEW, OWN_PORT, USE

LEFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
UP, DOWN = Qt.Key.Key_Up, Qt.Key.Key_Down


class NoNetwork:
    """Nothing is on the network of the tests."""

    streams: tuple = ()

    def found(self):
        return self.streams

    def close(self):
        pass


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """No devices but those of a test, and ports of its own."""
    monkeypatch.setattr(sheets, "DeviceSearch", partial(DeviceSearch, Endpoint(LOOPBACK, 0, "/wek/inputs")))
    monkeypatch.setattr(sheets, "SOON_MS", 0)
    monkeypatch.setattr(device_search, "LOOK_S", 0.02)
    monkeypatch.setattr(device_search, "Resolver", NoNetwork)
    monkeypatch.setattr(device_search, "ports_found", lambda: ())
    monkeypatch.setattr(device_search, "installed", lambda *_: True)
    monkeypatch.setattr(NoNetwork, "streams", ())
    monkeypatch.setattr(sheets, "own_addresses", lambda: ("192.168.1.20", "10.0.0.4"))


@pytest.fixture
def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def opened(window):
    """The sheet, opened by a click on the source's chip."""
    QTest.mouseClick(window.layout_.bar.source, LEFT)
    assert window.sheets.source.isVisible()
    return window.sheets.source


def pick(sheet, key):
    """Click on a row of the list."""
    for row in range(sheet.list.count()):
        item = sheet.list.item(row)
        entry = item.data(Qt.ItemDataRole.UserRole)
        if entry is not None and entry.key == key:
            sheet.list.scrollToItem(item)
            QTest.mouseClick(sheet.list.viewport(), LEFT, pos=sheet.list.visualItemRect(item).center())
            assert sheet.list.current_key() == key
            return
    raise AssertionError(f"no row {key}")


def typed(line, text):
    """Type a text in the place of what stands in a field."""
    QTest.mouseClick(line, LEFT)
    line.selectAll()
    QTest.keyClicks(line, text)


def looking_threads():
    return [thread for thread in threading.enumerate() if thread.name in ("dg-find", "dg-look")]


def test_a_click_on_the_chip_opens_it_on_what_is_in_use_and_esc_closes_it(desk):
    sheet = opened(desk.window)
    assert sheet.list.hasFocus() and sheet.list.current().title == "Simulator"
    assert sheet.list.present == "simulator"
    desk.until(lambda: sheet.view.shows == "traces")
    assert sheet.lamp.words.text() == "Receiving · 6 channels at 200 Hz"
    assert sheet.verdict.text() == IN_USE and not sheet.use_button.isEnabled()
    QTest.keyClick(sheet.list, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    desk.until(lambda: not looking_threads())
    QTest.keyClick(desk.window, Qt.Key.Key_D, CONTROL)
    assert sheet.isVisible()
    QTest.keyClick(sheet.list, Qt.Key.Key_D, CONTROL)
    assert not sheet.isVisible()
    desk.until(lambda: not looking_threads())


def test_by_keys_alone_a_recording_is_looked_at_and_a_new_session_begun_on_it(desk):
    QTest.keyClick(desk.window, Qt.Key.Key_D, CONTROL)
    sheet, engine = desk.window.sheets.source, desk.engine
    desk.teach("wave")
    seen = engine.lane.readings.newest.hop
    QTest.keyClick(sheet.list, DOWN)
    assert sheet.list.current().title == "Basic motions"
    desk.until(lambda: sheet.view.shows == "traces" and sheet.use_button.text() == NEW)
    assert sheet.verdict.text() == (
        "It gives 10 samples a second, too few for this session, which was made with 200: a new session begins with "
        "it, and this one is kept as it is."
    )
    # The present stream is answered all the while.
    assert engine.lane.readings.newest.hop > seen
    first = desk.sessions.present()
    desk.switch(lambda: QTest.keyClick(sheet.list, Qt.Key.Key_Return))
    assert desk.state.source_name == "basic_motions" and desk.sessions.present() != first
    assert desk.window.commands.chosen_source == "basic_motions"
    desk.until(lambda: desk.engine.lane.readings.newest is not None)


def test_a_phone_that_fits_goes_on_in_the_session_and_is_there_when_it_is_opened_again(desk, free_port, request):
    sender = Phone(zig_sim, free_port, 60)
    request.addfinalizer(sender.stop)
    info = desk.teach("wave")
    engine, path = desk.engine, desk.sessions.present()
    count = engine.book.labels(info.id)[0]
    sheet = opened(desk.window)
    pick(sheet, "phone")
    assert sheet.card.isVisible() and sheet.card.port.text() == "port 9000"
    typed(sheet.fields.lines["port"], str(free_port))
    desk.until(lambda: sheet.verdict.text() == FITS)
    assert sheet.card.code.text == f"192.168.1.20:{free_port}" and sheet.card.address.text() == "192.168.1.20"
    assert "10.0.0.4" in sheet.card.others.text()
    desk.until(lambda: sheet.heard.rowCount() == 3 and sheet.view.shows == "traces")
    assert sheet.heard.item(0, 0).text() == "/ZIGSIM/tHONK-2x_a/accel"
    assert sheet.heard.item(0, 1).text().endswith(", -1.5, 9.81") and sheet.heard.item(0, 3).text() == "127.0.0.1"
    desk.until(lambda: sheet.lamp.words.text().startswith("Receiving, "))
    assert "6 channels at 200 Hz" in sheet.lamp.words.text() and sheet.use_button.text() == USE
    QTest.mouseClick(sheet.use_button, LEFT)
    desk.until(lambda: isinstance(desk.engine.source, PhoneSource))
    assert desk.engine is engine and not sheet.isVisible()
    before = engine.lane.readings.total
    desk.until(lambda: engine.lane.readings.total > before + 20)
    assert engine.ring.latest(0.1)[1][-1, 2] == pytest.approx(9.81)
    desk.until(
        lambda: desk.state.source_name == "phone" and desk.window.layout_.bar.source.toolTip().startswith("Phone")
    )
    desk.until(lambda: kept_stream(engine.session).get("source") == f"phone:{free_port}")
    # Labels go on, and what was learned is there.
    assert engine.book.labels(info.id)[0] == count
    desk.switch(desk.sessions.new)
    desk.switch(lambda: desk.sessions.open(path))
    assert isinstance(desk.engine.source, PhoneSource) and desk.engine.book.labels(info.id)[0] == count
    desk.until(lambda: desk.engine.lane.readings.newest is not None)


def test_a_phone_with_other_sensors_is_a_new_session(desk, free_port, request):
    def beat(client, n):
        sensors2osc(client, n)
        client.send_message("/light", [float(n)])

    sender = Phone(beat, free_port, 60)
    request.addfinalizer(sender.stop)
    sheet = opened(desk.window)
    pick(sheet, "phone")
    typed(sheet.fields.lines["port"], str(free_port))
    desk.until(lambda: sheet.use_button.text() == NEW)
    assert sheet.verdict.text().startswith("It has 7 channels, and this session has 6: a new session begins with it")
    desk.switch(lambda: QTest.mouseClick(sheet.use_button, LEFT))
    assert desk.engine.spec.channels[-1] == "light" and len(desk.engine.spec.channels) == 7
    desk.until(lambda: desk.engine.lane.readings.newest is not None)


def test_osc_tells_what_comes_instead_and_a_row_of_it_is_taken_as_the_address(desk, free_port, request):
    send, stop = Sender(free_port), threading.Event()

    def run():
        while not stop.wait(0.01):
            send("/accxyz", 1.0, 2.0, 3.0)
            send("/all", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)

    thread = threading.Thread(target=run)
    thread.start()
    request.addfinalizer(lambda: (stop.set(), thread.join(), send.close()))
    sheet = opened(desk.window)
    pick(sheet, "osc")
    assert not sheet.card.isVisible() and sheet.heard.isVisible()
    typed(sheet.fields.lines["port"], str(free_port))
    desk.until(lambda: "messages come to /accxyz, and none to /wek/inputs" in sheet.lamp.words.text())
    assert not sheet.use_button.isEnabled()
    sheet.heard.setFocus()
    sheet.heard.setCurrentCell(0, 0)
    QTest.keyClick(sheet.heard, Qt.Key.Key_Return)
    assert sheet.fields.lines["path"].text() == "/accxyz"
    desk.until(lambda: sheet.use_button.text() == NEW and sheet.view.shows == "traces")
    assert sheet.verdict.text().startswith("It has 3 channels, and this session has 6: a new session begins with it")
    assert not sheet.new_button.isVisible()
    # As many values as the session has channels go on in it, in its windows; or in a session of their own, by a click.
    engine, made = desk.engine, desk.engine.spec
    typed(sheet.fields.lines["path"], "/all")
    taken = f"{FITS} Its newest message is taken 200 times a second."
    desk.until(lambda: sheet.verdict.text() == taken and sheet.new_button.isVisible())
    QTest.keyClick(sheet.fields.lines["path"], Qt.Key.Key_Return)
    desk.until(lambda: desk.state.source_name == "osc")
    before = engine.lane.readings.total
    desk.until(lambda: engine.lane.readings.total > before + 5)
    assert desk.engine is engine and engine.ring.latest(0.1)[1][-1].tolist() == [1, 2, 3, 4, 5, 6]
    assert engine.spec == replace(made, name="osc") and desk.state.spec == engine.spec
    # And back to the simulator; then the other address again, in a session of its own.
    sheet = opened(desk.window)
    typed(sheet.fields.lines["path"], "/accxyz")
    desk.until(lambda: sheet.view.words == OWN_PORT.format(free_port) and not sheet.use_button.isEnabled())
    pick(sheet, "simulator")
    desk.until(lambda: sheet.verdict.text() == FITS)
    QTest.mouseClick(sheet.use_button, LEFT)
    desk.until(lambda: desk.state.source_name == "simulator")
    sheet = opened(desk.window)
    pick(sheet, "osc")
    desk.until(lambda: sheet.use_button.text() == NEW and sheet.use_button.isEnabled())
    desk.switch(lambda: QTest.mouseClick(sheet.use_button, LEFT))
    assert desk.engine.spec.channels == ("input 1", "input 2", "input 3")
    desk.until(lambda: desk.engine.lane.readings.newest is not None)
    assert desk.window.commands.chosen_source == f"osc:{free_port}/accxyz"


def test_fields_that_cannot_be_are_told_and_nothing_is_opened(desk):
    sheet = opened(desk.window)
    pick(sheet, "osc")
    typed(sheet.fields.lines["port"], "many")
    desk.until(lambda: "names no port" in sheet.view.words)
    assert not sheet.use_button.isEnabled() and sheet._looking.preview is None
    typed(sheet.fields.lines["port"], "6449")
    typed(sheet.fields.lines["path"], "no address")
    desk.until(lambda: "no OSC address" in sheet.view.words)
    QTest.mouseClick(sheet.fields.network, LEFT, pos=QPoint(8, sheet.fields.network.height() // 2))
    assert sheet.fields.lines["only_from"].isVisible()


def test_the_network_is_listened_to_only_where_it_is_asked_for(desk, free_port):
    sheet = opened(desk.window)
    pick(sheet, "osc")
    typed(sheet.fields.lines["port"], str(free_port))
    desk.until(lambda: sheet._looking.preview is not None)
    assert sheet._looking.choice.listen is None
    QTest.mouseClick(sheet.fields.network, LEFT, pos=QPoint(8, sheet.fields.network.height() // 2))
    typed(sheet.fields.lines["only_from"], "192.168.1.0/24, 10.0.0.7")
    desk.until(lambda: sheet._looking.choice is not None and len(sheet._looking.choice.allowed) == 2)
    assert sheet._looking.choice.listen == "0.0.0.0"


def test_a_board_appears_when_it_is_plugged_in_and_is_looked_at(desk, tmp_path, monkeypatch, request):
    # On a busy machine the lines come in bursts: how fast they are is soon measured well enough for here.
    monkeypatch.setattr(serial, "MEASURE_S", 0.1)
    board = PseudoBoard(tmp_path / "ttyACM0")
    board.plug()
    request.addfinalizer(board.unplug)
    stop = threading.Event()

    def run():
        number = 0
        while not stop.wait(0.02):
            number += 1
            board.write(f"{number},{-number},0.5\r\n".encode())

    thread = threading.Thread(target=run)
    thread.start()
    quiet = lambda: (stop.set(), thread.join())  # noqa: E731
    request.addfinalizer(quiet)
    sheet = opened(desk.window)
    pick(sheet, "serial")
    desk.until(lambda: sheet.view.words == "No serial port found. Plug a board in; it appears here.")
    port = PortFound(str(tmp_path / "ttyACM0"), "Arduino Uno")
    monkeypatch.setattr(device_search, "ports_found", lambda: (port,))
    key = f"serial {port.device}"
    desk.until(lambda: any(entry.key == key for entry in sheet.list._entries))
    pick(sheet, key)
    assert sheet.name.text() == "Arduino Uno" and sheet.fields.baud.isVisible()
    desk.until(lambda: sheet.view.shows == "traces")
    assert "3 channels" in sheet.lamp.words.text() and sheet.use_button.text() == NEW
    # Unplugged: said, and looked for again.
    quiet()
    board.unplug()
    desk.until(lambda: sheet.lamp.words.text().startswith("Retrying") or "is gone" in sheet.lamp.words.text())
    assert not sheet.use_button.isEnabled()
    monkeypatch.setattr(device_search, "ports_found", lambda: ())
    desk.until(lambda: sheet.list.current_key() == "simulator")


def test_a_port_that_is_not_listed_is_typed(desk, tmp_path, request):
    board = PseudoBoard(tmp_path / "tty")
    board.plug()
    request.addfinalizer(board.unplug)
    sheet = opened(desk.window)
    pick(sheet, "serial")
    typed(sheet.fields.lines["device"], str(tmp_path / "tty"))
    desk.until(lambda: "no line has come yet" in sheet.lamp.words.text())
    sheet.fields.baud.setFocus()
    QTest.keyClick(sheet.fields.baud, UP)
    assert sheet.fields.fields.baud == "57600"
    desk.until(lambda: sheet._looking.choice is not None and sheet._looking.choice.source.endswith("@57600"))


def test_lsl_streams_are_listed_with_what_they_are(desk, monkeypatch):
    eeg = LslStream("BioSemi", "EEG", "lab-2", "b1", 8, 500.0, False, "uid")
    cues = LslStream("Cues", "Markers", "lab-2", "c1", 1, 0.0, True, "uid2")
    monkeypatch.setattr(NoNetwork, "streams", (cues, eeg))
    sheet = opened(desk.window)
    desk.until(lambda: any("BioSemi" in entry.title for entry in sheet.list._entries))
    rows = [entry for entry in sheet.list._entries if entry.kind is EntryKind.LSL]
    assert [(row.title, row.found) for row in rows] == [
        ("BioSemi", "EEG · 8 channels · 500 Hz · on lab-2"),
        ("LSL stream by name…", ""),
    ]
    assert rows[0].name == "name=BioSemi,type=EEG,host=lab-2,id=b1"


def test_what_is_not_installed_says_the_line_that_installs_it(desk, monkeypatch):
    monkeypatch.setattr(device_search, "installed", lambda *_: False)
    sheet = opened(desk.window)
    desk.until(lambda: bool(sheet._found.no_ports))
    for key, package in (("serial", "pyserial"), ("lsl", "pylsl")):
        pick(sheet, key)
        desk.until(lambda package=package: package in sheet.view.words)
        assert "to install it: " in sheet.view.words and not sheet.use_button.isEnabled()
        assert not sheet.fields.isVisible()


def test_a_pointer_is_tried_on_the_pad(desk):
    sheet = opened(desk.window)
    pick(sheet, "pointer")
    desk.until(lambda: sheet.view.shows == "pad" and len(sheet.view._values) > 0)
    square = sheet.view._square()
    QTest.mouseMove(sheet.view, square.topRight().toPoint() + QPoint(-2, 2))
    desk.until(lambda: bool((sheet.view._values[-1] > 0.9).all()))
    assert sheet.use_button.text() == NEW
    # The pointer is every window's: it points at nothing of the next one.
    QCursor.setPos(0, 0)


def test_a_file_of_ones_own_is_chosen_looked_at_and_may_fit(desk, tmp_path):
    path = tmp_path / "mine.csv"
    names = ("ax", "ay", "az", "gx", "gy", "gz")
    slow = tmp_path / "slow.csv"
    for file, rate in ((path, 200), (slow, 150)):
        rows = [",".join(("time", *names))]
        rows += [",".join(map(str, (n / rate, *np.sin(n / 9 + np.arange(6)).round(4)))) for n in range(2000)]
        file.write_text("\n".join(rows))
    sheet = opened(desk.window)
    pick(sheet, "recording file")
    desk.until(lambda: sheet.view.words == "Choose a recording, or a folder of takes.")
    typed(sheet.fields.lines["file"], str(tmp_path / "none.csv"))
    desk.until(lambda: sheet.view.words == "There is no none.csv: choose another file.")
    sheet.fields.set_file(str(path))
    desk.until(lambda: sheet.verdict.text() == FITS and sheet.view.shows == "traces")
    sheet.fields.set_file(str(slow))
    brought = f"{FITS} Its 150 samples a second are brought to this session's 200, with nothing quicker in them."
    desk.until(lambda: sheet.verdict.text() == brought and sheet.view.shows == "traces")
    engine = desk.engine
    QTest.keyClick(sheet.fields.lines["file"], Qt.Key.Key_Return)
    desk.until(lambda: desk.state.source_name == "slow")
    assert desk.engine is engine
    desk.until(lambda: any(knob.name == "position" for knob in desk.state.knobs))
    before = engine.lane.readings.total
    desk.until(lambda: engine.lane.readings.total > before)
    # Opened once more, it is the row that is in use.
    sheet = opened(desk.window)
    assert desk.window.commands.chosen_source == str(slow.resolve()) and not sheet.new_button.isVisible()


def test_the_window_may_close_while_a_source_is_looked_at(desk, free_port):
    sheet = opened(desk.window)
    pick(sheet, "phone")
    typed(sheet.fields.lines["port"], str(free_port))
    desk.until(lambda: sheet._looking.preview is not None)
    desk.window.close()
    desk.until(lambda: not looking_threads())


def test_a_click_beside_closes_it_and_tab_goes_round_in_it(desk):
    sheet = opened(desk.window)
    pick(sheet, "phone")
    met = set()
    for _ in range(8):
        QTest.keyClick(desk.window.focusWidget(), Qt.Key.Key_Tab)
        met.add(desk.window.focusWidget())
        assert sheet.isAncestorOf(desk.window.focusWidget())
    assert {sheet.list, sheet.fields.lines["port"], sheet.close_button} <= met
    QTest.mouseClick(desk.window.layout_.desk, LEFT, pos=QPoint(4, desk.window.layout_.desk.height() - 4))
    assert not sheet.isVisible()


def test_cameras_are_rows_by_their_names():
    found = device_search.Found(True)
    rows = [row for row in entries(found, ("FaceTime HD", "USB Camera"), "") if row.section is Section.CAMERAS]
    assert [(row.title, row.name) for row in rows[:2]] == [
        ("FaceTime HD", "webcam:FaceTime HD"),
        ("USB Camera", "webcam:USB Camera"),
    ]
    none = [row for row in entries(found, (), "") if row.kind is EntryKind.CAMERA]
    assert [row.note for row in none] == ["No camera found. Plug one in; it appears here."]
    missing = [row for row in entries(found, (), "Cameras need a package.") if row.kind is EntryKind.CAMERA]
    assert [row.missing for row in missing] == ["Cameras need a package."] and isinstance(missing[0], Entry)
