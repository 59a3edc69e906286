"""Where sessions go when no name is given."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from dgstudio.errors import BadInputError
from dgstudio.session.file import Session
from dgstudio.session.storage.location import default_session_path, duplicate_path, found_session, session_folder

NOON = datetime(2026, 3, 16, 12, 0, 5)


def test_the_environment_decides_and_no_name_is_taken_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "home"))
    first = default_session_path(NOON)
    assert first == tmp_path / "home" / "sessions" / "session-20260316-120005.dgs"
    assert not first.parent.exists()
    Session.create(first).close()
    second = default_session_path(NOON)
    assert second.name == "session-20260316-120005-2.dgs"
    Session.create(second).close()
    assert default_session_path(NOON).name == "session-20260316-120005-3.dgs"


def test_without_it_sessions_go_where_this_system_keeps_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DGSTUDIO_HOME", raising=False)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name, **_: str(tmp_path / name))
    assert session_folder() == tmp_path / "dgstudio" / "sessions"
    assert default_session_path().name.startswith("session-20")


def test_a_copy_gets_the_next_free_number(tmp_path: Path) -> None:
    path = tmp_path / "gestures.dgs"
    assert duplicate_path(path).name == "gestures 2.dgs"
    (tmp_path / "gestures 2.dgs").touch()
    assert duplicate_path(path).name == "gestures 3.dgs"
    assert duplicate_path(tmp_path / "gestures 2.dgs").name == "gestures 3.dgs"
    assert duplicate_path(tmp_path / "2026").name == "2026 2.dgs"


def test_a_session_is_found_by_its_path_and_by_its_name_in_the_default_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DGSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    kept, here = session_folder() / "waves.dgs", tmp_path / "here.dgs"
    for path in (kept, here):
        Session.create(path).close()
    assert found_session(Path("waves")) == found_session(Path("waves.dgs")) == kept
    assert found_session(Path("here")).resolve() == found_session(here) == here
    # Where a folder is named, that one is meant.
    for wrong in ("waves.txt", "./", "other/waves.dgs", str(tmp_path / "waves.dgs")):
        with pytest.raises(BadInputError, match="There is no session"):
            found_session(Path(wrong))
