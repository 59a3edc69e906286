"""`kill -9` at any moment loses nothing that was said to be saved."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from dgstudio.session.file import Session

WRITER = """
import sys
import numpy as np
from dgstudio.session.format.checkpoint import Checkpoint
from dgstudio.session.file import Session
from dgstudio.types import Example, Take

session = Session.open(sys.argv[1])
first = max((example.id for example in session.examples()), default=0) + 1
print("ready", flush=True)
for start in range(first, first + 100_000, 3):
    with session.batch():
        session.put_take(Take(start, 1, 0.0, 1.0, "simulator", examples=3))
        rows = [Example(i, 1, start, np.full(40, i, np.float32), 0, 1, raw=np.ones((50, 6), np.float32) * i)
                for i in range(start, start + 3)]
        session.put_examples(rows)
        array = np.full(500, start, np.float32)
        session.put_checkpoint(Checkpoint(start, None, str(start), {"w": array}, {}, learned=np.arange(start)))
        session.thin_checkpoints(8)
    print(start, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "a.dgs"
    Session.create(path).close()
    chance = random.Random(20260316)
    acknowledged: set[int] = set()
    for _ in range(10):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            for _ in range(chance.randrange(30)):
                acknowledged.add(int(writer.stdout.readline()))
            # Killed while it works on: what it says until it is dead was acknowledged, too.
            writer.kill()
            acknowledged |= {int(line) for line in writer.stdout if line.endswith("\n")}
        if chance.random() < 0.5:
            continue  # The next writer recovers by itself.
        with Session.open(path) as session:
            assert session.report.ok
            check(session, acknowledged)
    with Session.open(path) as session:
        check(session, acknowledged)
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(acknowledged) > 10


def check(session: Session, acknowledged: set[int]) -> None:
    examples = session.examples()
    ids = {example.id for example in examples}
    assert {i for start in acknowledged for i in (start, start + 1, start + 2)} <= ids
    assert len(ids) == 3 * len(session.takes()), "half a batch was kept"
    assert all((example.features == example.id).all() for example in examples)
    latest = session.latest_checkpoint()
    if acknowledged:
        assert latest is not None
        assert latest.version >= max(acknowledged)
        assert (latest.arrays["w"] == latest.version).all()
    assert session.report.ok
