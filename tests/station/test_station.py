"""The station in a process of its own, without a window: trained and run through OSC alone, ended by the system."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from pythonosc.osc_message_builder import build_msg
from station.wekinator_script import Wekinator
from waiting import DEADLINE_S, wait_until

from dgstudio.engine.lifecycle.stream_config import kept_channels, kept_stream
from dgstudio.session.file import Session

SCRIPT = Path(__file__).with_name("wekinator_script.py")
ONE, TWO = (0.0, 0.0, 1.0), (1.0, 0.5, -1.0)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Program:
    """`dgstudio run …` in a process of its own; what it prints is read as it comes."""

    def __init__(self, *arguments: object) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
        environment |= {"COLUMNS": "300", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "dgstudio", "run", *map(str, arguments)]
        self._process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        pairs = ((self._process.stdout, self.lines), (self._process.stderr, self.errors))
        self._readers = [threading.Thread(target=_read, args=pair) for pair in pairs]
        for reader in self._readers:
            reader.start()

    def said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def says(self, words: str) -> None:
        wait_until(lambda: self.said(words) or self._process.poll() is not None, words)
        assert self.said(words), (self.lines, self.errors)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        status = self._process.wait(DEADLINE_S)
        for reader in self._readers:
            reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        return status


def _read(pipe: IO[str], lines: list[str]) -> None:
    lines += iter(pipe.readline, "")


Start = Callable[..., Program]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Program] = []

    def run(*arguments: object) -> Program:
        made.append(Program(*arguments))
        return made[-1]

    yield run
    for program in made:
        program.stop()


@pytest.fixture
def clients() -> Iterator[Callable[[int, int], Wekinator]]:
    made: list[Wekinator] = []

    def connect(port_in: int, port_out: int) -> Wekinator:
        made.append(Wekinator(port_in, port_out))
        return made[-1]

    yield connect
    for client in made:
        client.close()


def test_a_script_of_wekinators_trains_and_runs_it_through_osc_alone(start: Start) -> None:
    port_in, port_out = free_port(), free_port()
    station = start("--source", f"osc:{port_in}", "--out", f"osc:{port_out}", "--learn")
    station.says("waiting: nothing has come yet")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(port_in), str(port_out)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, (done.stderr, station.lines, station.errors)
    if sys.platform == "win32":
        return
    assert station.stop() == 143
    assert station.errors == [] and station.said("Stopped.") and station.said("examples learned")


def test_a_session_is_made_gone_on_with_after_a_kill_and_runs_again(
    start: Start, clients: Callable[[int, int], Wekinator], tmp_path: Path
) -> None:
    port_in, port_out, session = free_port(), free_port(), tmp_path / "station.dgs"
    arguments = (session, "--source", f"osc:{port_in}", "--out", f"osc:{port_out}", "--learn", "--inputs", 3)
    station = start(*arguments)
    station.says("inputs to /wek/inputs")
    random.seed(2)
    client = clients(port_in, port_out)
    client.record(1.0, ONE)
    client.record(2.0, TWO)
    client.train()
    client.control("startRunning")
    assert client.ask(ONE, 5) == [1.0] * 5
    assert station.stop(signal.SIGKILL) == -signal.SIGKILL
    # Without --inputs: the session says how many there are, and which stream it was.
    again = start(session, "--out", f"osc:{port_out}", "--learn")
    again.says("inputs to /wek/inputs")
    assert client.ask(TWO, 5) == [2.0] * 5
    client.inputs(1.0, 2.0)
    again.says("wrong number of inputs: 2, expected 3")
    assert again.stop() == 143 and again.said("messages without the right inputs")
    with Session.open(session) as kept:
        assert len(kept.examples()) == 40 and kept_channels(kept) == ("input 1", "input 2", "input 3")
        assert kept_stream(kept)["source"] == f"osc:{port_in}"


def test_a_flood_and_nonsense_do_not_disturb_it(start: Start, clients: Callable[[int, int], Wekinator]) -> None:
    port_in, port_out = free_port(), free_port()
    station = start("--source", f"osc:{port_in}", "--out", f"osc:{port_out}", "--learn", "--inputs", 3)
    station.says("inputs to /wek/inputs")
    random.seed(3)
    client = clients(port_in, port_out)
    client.record(1.0, ONE)
    client.record(2.0, TWO)
    client.train()
    client.control("startRunning")
    chance = random.Random(0)
    packets = [build_msg("/wek/inputs", [9.0, 9.0, 9.0]).dgram, b"/a\0\0," + b"x" * 60_000 + b"\0\0\0"]
    packets += [chance.randbytes(chance.randrange(2000)) for _ in range(50)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        for _ in range(20_000):
            flood.sendto(chance.choice(packets), ("127.0.0.1", port_in))

    def answers_again() -> bool:
        return client.ask(TWO, 1)[-1:] == [2.0]

    wait_until(answers_again, "an answer after the flood")
    assert client.ask(ONE, 5) == [1.0] * 5
    client.train()
    assert station.stop() == 143 and station.errors == []
    assert not station.said("failed") and station.said("packets beyond what is read in a second")


def test_a_port_that_is_taken_is_told_at_once(start: Start) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for more in ((), ("--inputs", 3)):
            station = start("--source", f"osc:{port}", *more)
            assert station.wait() == 1
            assert "".join(station.errors).startswith(f"dgstudio: Another program listens on port {port} already")


def test_another_stream_is_controlled_by_osc_where_that_is_asked_for(
    start: Start, clients: Callable[[int, int], Wekinator]
) -> None:
    port_in, port_out = free_port(), free_port()
    station = start("--osc-listen", f"127.0.0.1:{port_in}", "--out", f"osc:{port_out}", "--learn", "--base", "none")
    client = clients(port_in, port_out)

    def heard() -> bool:
        client.send("/dgstudio/query/state")
        return any(address == "/dgstudio/state" for address, _ in client.heard)

    wait_until(heard, "how it stands")
    client.control("outputs", 1.0)
    client.control("startRecording")
    wait_until(lambda: any(told[0] == "/dgstudio/learned" for told in client.heard), "what it learned")
    client.control("stopRecording")
    client.train()
    assert station.stop() == 143


def test_nothing_to_begin_with_is_told_when_the_time_is_over(start: Start) -> None:
    station = start("--source", f"osc:{free_port()}", "--duration", 0.5)
    assert station.wait() == 1
    assert "nothing came to begin with" in "".join(station.errors)
