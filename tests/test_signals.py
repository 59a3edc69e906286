"""Ctrl+C while the program starts: nothing is open yet, and nothing may swallow it."""

import signal
import subprocess
import sys
import threading

import pytest
from waiting import DEADLINE_S

from dgstudio.commands.desktop import open_studio
from dgstudio.signals import interrupts_end_at_once
from dgstudio.studio import start

PROGRAM = """
import sys, time
from dgstudio.signals import interrupts_end_at_once
with interrupts_end_at_once():
    print("starting", flush=True)
    try:
        time.sleep(600)
    except BaseException:
        # As a library does that is being imported, or a call from C whose error nobody looks at.
        print("swallowed", flush=True)
"""


@pytest.fixture(autouse=True)
def pythons_own():
    """Interrupts raise, whatever the tests were started with."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_ends_a_start_at_once():
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "starting\n"
    program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=DEADLINE_S)
    assert program.returncode == -signal.SIGINT and said == ""


def test_the_studio_starts_so_and_interrupts_are_pythons_again_afterwards(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    seen = []
    monkeypatch.setattr(start, "start_studio", lambda **options: seen.append(signal.getsignal(signal.SIGINT)) or 7)
    assert open_studio() == 7 and seen == [signal.SIG_DFL]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_ignored_or_somebody_elses_stays_so():
    for handler in (signal.SIG_IGN, lambda number, frame: None):
        signal.signal(signal.SIGINT, handler)
        with interrupts_end_at_once():
            assert signal.getsignal(signal.SIGINT) is handler
        assert signal.getsignal(signal.SIGINT) is handler
    signal.signal(signal.SIGINT, signal.default_int_handler)
    seen = []

    def elsewhere() -> None:
        with interrupts_end_at_once():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
