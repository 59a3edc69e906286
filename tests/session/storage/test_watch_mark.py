"""The mark beside a session that is watched: there while somebody watches, and no longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dgstudio.session.storage.watch_mark import FRESH_S, WatchMark, is_watched


def test_it_is_there_while_somebody_watches_and_goes_with_him(tmp_path: Path) -> None:
    session, beside = tmp_path / "a.dgs", tmp_path / "a.dgs.watched"
    mark = WatchMark(session)
    assert not is_watched(session) and not is_watched(None)
    mark.renew()
    assert is_watched(session) and beside.read_bytes() == b""
    # Of a program that was killed it stays, and means nothing.
    old = time.time() - FRESH_S - 1
    os.utime(beside, (old, old))
    assert not is_watched(session)
    mark.renew()
    assert not is_watched(session), "renewed about once a second only"
    WatchMark(session).renew()
    assert is_watched(session)
    mark.remove()
    mark.remove()
    assert not beside.exists()


def test_where_none_can_be_written_there_is_none(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("kept")
    (tmp_path / "a.dgs.watched").symlink_to(other)
    before = other.stat().st_mtime_ns
    for session in (tmp_path / "a.dgs", tmp_path / "none" / "b.dgs", None):
        mark = WatchMark(session)
        mark.renew()
        mark.remove()
    assert other.read_text() == "kept" and other.stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == ["other.txt"]
