"""A board on a serial port: what its lines hold is found out, what is garbled is left out, and it may be unplugged."""

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from waiting import DEADLINE_S, wait_until

from dgstudio.bench.streams.board import PseudoBoard
from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.condition import Lamp
from dgstudio.streams.registry import open_source
from dgstudio.streams.serial import ports
from dgstudio.streams.serial.ports import PortFound, SerialPlace, place_of
from dgstudio.streams.serial.source import SILENCE_S, SerialSource
from dgstudio.types import Block, StreamKind

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


class Read:
    """Reads a source to an end."""

    def __init__(self, source: SerialSource) -> None:
        self.source = source
        self.blocks: list[Block] = []

    @property
    def rows(self) -> list[list[float]]:
        return [row for block in self.blocks for row in block.values.tolist()]

    def until(self, rows: int) -> Read:
        end = time.monotonic() + DEADLINE_S
        while len(self.rows) < rows:
            block = self.source.read(0.05)
            self.blocks += [] if block is None else [block]
            assert time.monotonic() < end, f"{len(self.rows)} of {rows} came: {self.source.condition()}"
        return self


@pytest.fixture
def source(board: PseudoBoard) -> Iterator[SerialSource]:
    """Listens for two channels at 100 a second; what comes next is the beginning of a line."""
    source = SerialSource(SerialPlace(str(board.port)), rate=100, channels=("a", "b"))
    source.open()
    time.sleep(2 * SILENCE_S)
    yield source
    source.close()


def test_all_is_found_out_from_the_first_lines(board: PseudoBoard, steadily: Callable[..., None]) -> None:
    steadily(100, lambda n: "# a sketch" if n % 20 == 0 else "ax\tay\taz" if n % 20 == 1 else f"{n}\t{n / 2}\t-1e-3")
    source = open_source(f"serial:{board.port}@115200")
    assert isinstance(source, SerialSource)
    assert source.spec.channels == ("ax", "ay", "az") and source.spec.kind is StreamKind.SIGNAL
    assert source.spec.rate == pytest.approx(80, rel=0.4)
    assert source.place.baud == 115_200
    assert "parted by tabs" in source.notes[0].sentence and "measured" in source.notes[0].sentence
    source.open()
    numbers = [int(row[0]) for row in Read(source).until(120).rows]
    # From the very first: those that came while it was found out are not lost.
    assert numbers == [n for n in range(numbers[0], numbers[-1] + 1) if n % 20 > 1] and numbers[0] < 20
    assert not source.counts.garbled
    assert source.condition().lamp is Lamp.RECEIVING
    source.close()
    source.close()


def test_a_line_that_is_cut_garbled_or_uneven_is_counted_and_left_out(board: PseudoBoard, source: SerialSource) -> None:
    board.write(b"1,2\n3,4\n5,6\n7,8\n")
    read = Read(source).until(4)
    board.write(b"9,1")
    board.write(b"0\n1,x\n1,2,3\n\xff\xfe\x80\n1\n" + b"z" * 9000 + b"\n11,12\n# no data\na,b\n13,14\n")
    assert read.until(7).rows == [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14]]
    assert (source.counts.garbled, source.counts.uneven, source.counts.partial) == (2, 2, 0)
    said = [counted.words for counted in source.condition().counted]
    assert said == ["2 lines garbled", "2 lines with another number of values", "1 line too long"]
    times = np.concatenate([block.times for block in read.blocks])
    assert (np.diff(times) > 0).all()


def test_a_stream_that_is_known_begins_with_its_first_line(
    board: PseudoBoard, source: SerialSource, steadily: Callable[..., None]
) -> None:
    # As when a session is gone on with: channels and rate are known, how the numbers are written is not yet.
    steadily(100)
    read = Read(source).until(50)
    assert read.rows == [[n, -n] for n in range(len(read.rows))]
    times = np.concatenate([block.times for block in read.blocks])
    assert times[0] == 0 and np.allclose(np.diff(times[:4]), 0.01, atol=0.01) and (np.diff(times) > 0).all()
    assert source.condition().counted == ()


def test_a_known_stream_that_begins_with_nonsense_loses_none_of_its_lines(
    board: PseudoBoard, source: SerialSource
) -> None:
    for number in range(60):
        board.write(f"error {number}\n".encode())
        time.sleep(0.002)
    wait_until(lambda: source.condition().lamp is Lamp.WRONG)
    for number in range(30):
        board.write(f"{number},1\n".encode())
        time.sleep(0.002)
    assert [row[0] for row in Read(source).until(30).rows] == list(range(30))
    assert source.counts.garbled == 60


def test_whoever_opens_in_the_middle_of_a_line_hears_its_end_only(board: PseudoBoard) -> None:
    source = SerialSource(SerialPlace(str(board.port)), rate=100, channels=("a", "b"))
    source.open()
    source._reader.opened_wall = float("inf")  # as if it had begun while a line came
    board.write(b"23.5,4\n" + b"123.5,4\n" * 5)
    assert Read(source).until(5).rows == [[123.5, 4]] * 5
    assert source.counts.partial == 1
    source.close()


def test_a_board_that_is_unplugged_is_lost_and_found_again(board: PseudoBoard, source: SerialSource) -> None:
    board.write(b"1,2\n" * 5)
    read = Read(source).until(5)
    board.unplug()
    with pytest.raises(StreamError, match=r"ttyACM0 is gone.*plug the board in again"):
        Read(source).until(1)
    assert source.condition().lamp is Lamp.RETRYING
    source.close()
    with pytest.raises(StreamError, match="There is no serial port"):
        source.open()
    board.plug()
    source.open()
    time.sleep(2 * SILENCE_S)
    board.write(b"3,4\n" * 2)
    assert read.until(7).rows[5:] == [[3, 4]] * 2
    assert [block.break_before for block in read.blocks].count(True) == 1 and source.counts.partial == 0
    assert source.condition().lamp is Lamp.RECEIVING
    times = np.concatenate([block.times for block in read.blocks])
    assert (np.diff(times) > 0).all()


def test_a_silence_is_a_break(board: PseudoBoard, source: SerialSource) -> None:
    board.write(b"1,2\n" * 5)
    read = Read(source).until(5)
    wait_until(lambda: source.condition().lamp is Lamp.LOST)
    assert "nothing for" in source.condition().words
    board.write(b"1,2\n" * 5)
    read.until(10)
    assert read.blocks[-1].break_before or any(block.break_before for block in read.blocks[1:])


def test_lines_of_another_length_than_the_sessions_are_told(board: PseudoBoard, source: SerialSource) -> None:
    for _ in range(10):
        board.write(b"1,2,3\n")
    wait_until(lambda: source.condition().lamp is Lamp.WRONG)
    assert source.condition().words == "wrong: wrong number of inputs: 3, expected 2"


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", "nothing has come|no line has come"),
        (b"ready\n" * 30, "lines of numbers are expected, and “ready” came"),
        (bytes(range(128, 250)) * 60, "is 115,200 baud what the board sends at"),
        (bytes(range(128, 250)) + b"\n", "is 115,200 baud what the board sends at"),
    ],
)
def test_where_no_numbers_come_it_is_said_what_comes(board: PseudoBoard, sent: bytes, told: str) -> None:
    waited = [0]

    def patience(condition: object) -> None:
        waited[0] += 1
        for _ in range(25 if len(sent) < 200 else 1):
            board.write(sent)
        if waited[0] == 20:
            raise BadInputError(str(getattr(condition, "words", "")))

    with pytest.raises(BadInputError, match=told):
        open_source(f"serial:{board.port}", patience=patience)


def test_a_port_that_cannot_be_had_says_why(board: PseudoBoard, tmp_path: Path) -> None:
    place = SerialPlace(str(board.port))
    one, two = (SerialSource(place, rate=10, channels=("a",)) for _ in range(2))
    one.open()
    with pytest.raises(StreamError, match="Another program has"):
        two.open()
    one.close()
    two.open()
    two.close()
    with pytest.raises(BadInputError, match="There is no serial port"):
        open_source(f"serial:{tmp_path / 'none'}")
    plain = tmp_path / "file"
    plain.write_text("1,2")
    with pytest.raises(BadInputError, match="is no serial port"):
        open_source(f"serial:{plain}")


@pytest.mark.parametrize("speed", ["fast", "", "0", "-9600", "9600.5", "99999999999", "1000"])
def test_a_speed_that_cannot_be_is_refused(speed: str) -> None:
    with pytest.raises(BadInputError, match=r"no speed of a serial port.*115200"):
        place_of(f"/dev/ttyACM0@{speed}")


def test_port_and_speed_are_read() -> None:
    assert place_of("COM3@9600") == SerialPlace("COM3", 9600)
    assert place_of("/dev/ttyACM0") == SerialPlace("/dev/ttyACM0", 115_200)
    assert place_of("@921,600") == SerialPlace("", 921_600)


def test_the_only_board_needs_no_name_and_several_do(monkeypatch: pytest.MonkeyPatch) -> None:
    boards = [PortFound("/dev/ttyACM0", "Uno"), PortFound("/dev/ttyACM1", "")]
    for count, told in ((0, "No board is plugged in"), (2, r"2 serial ports.*ttyACM0 \(Uno\), /dev/ttyACM1")):
        monkeypatch.setattr(ports, "ports_found", lambda count=count: tuple(boards[:count]))
        with pytest.raises(BadInputError, match=told):
            open_source("serial")
    monkeypatch.setattr(ports, "ports_found", lambda: tuple(boards[:1]))
    assert ports.chosen(place_of("@9600")) == SerialPlace("/dev/ttyACM0", 9600)


def test_a_board_that_comes_back_under_another_name_is_known_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "ports_found", lambda: (PortFound("/dev/ttyACM1", "Uno", "2341:0043:8573"),))
    assert ports.device_now("/dev/ttyACM0", "2341:0043:8573") == "/dev/ttyACM1"
    for other in ("", "2341:0043:", "2341:0043:99"):
        assert ports.device_now("/dev/ttyACM0", other) == "/dev/ttyACM0"


def test_what_a_board_has_no_use_for_is_refused(board: PseudoBoard) -> None:
    for told, asked in (
        ("no column", {"labels_column": "x"}),
        ("--speed", {"speed": 2.0}),
        ("--inputs", {"inputs": 3}),
    ):
        with pytest.raises(BadInputError, match=told):
            open_source(f"serial:{board.port}", **asked)  # type: ignore[arg-type]
    for bad in ({"rate": 0.0}, {"rate": float("nan")}, {"window_s": 0.0}):
        with pytest.raises(BadInputError, match="cannot be used"):
            open_source(f"serial:{board.port}", **bad)  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform != "linux", reason="groups of ports as Linux has them")
def test_who_may_not_open_the_port_is_told_how_to(board: PseudoBoard) -> None:
    said = ports._why_not("/dev/ttyACM0", 9600, PermissionError(13, "Permission denied"))
    assert "dialout" in said and stat.S_ISCHR(board.port.stat().st_mode)


def test_without_pyserial_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    monkeypatch.setitem(sys.modules, "serial.tools", None)
    monkeypatch.setitem(sys.modules, "serial.tools.list_ports", None)
    assert ports.ports_found() == ()
    with suppress(StreamError), pytest.raises(BadInputError, match="pyserial"):
        ports.opened("/dev/ttyACM0", 9600)
