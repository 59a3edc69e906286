"""The recorded stream as a file: samples, times, breaks and what the user called each moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.kernel import KERNEL
from dgstudio.session.export.request import ExportRequest
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import RecordedBlock, RecordedStretch
from dgstudio.types import ClassInfo, Example, LabelledBy, Take

SIGNAL = {
    "name": "board", "kind": "signal", "rate": 100.0, "channels": ["x", "y"], "window_s": 0.05, "hop_s": 0.02,
    "truth_names": ["rest", "walk"],
}  # fmt: skip


def block(
    first: int, count: int, start: float, breaks: tuple[int, ...] = (), truth: int | None = None
) -> RecordedBlock:
    times = start + np.arange(count) / 100
    values = np.stack([np.arange(first, first + count), np.zeros(count)], axis=1).astype(np.float32)
    return RecordedBlock(first, times, values, None if truth is None else np.full(count, truth, np.int16), breaks)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "walks.dgs"
    with Session.create(path) as session:
        for number in range(2):
            session.recorded.put_stretch(RecordedStretch(number, 1000.0 * number, KERNEL, SIGNAL))
            session.recorded.put_block(number, block(0, 50, 2.0, (0,), truth=0))
            session.recorded.put_block(number, block(50, 50, 3.0, (50,)))
            session.recorded.put_stretch(RecordedStretch(number, 1000.0 * number, KERNEL, SIGNAL, 1000.0 * number + 9))
        session.put_classes([ClassInfo(0, "run", "1", "#ffffff"), ClassInfo(1, "gone", "2", "#000000", living=False)])
        for number, (class_id, created) in enumerate([(0, 1005.0), (1, 1006.0)]):
            session.put_take(Take(number, class_id, 3.1, 3.2, "board", LabelledBy.HELD, created))
            session.put_examples([Example(number, class_id, number, np.zeros(2, np.float32), 3.1, 3.2)])
    return path


def exported(session: Path, **options: object) -> dict[str, np.ndarray]:
    file = session.with_suffix(".npz")
    said: list[str] = []
    ExportRequest(session, stream=file, **options).run(said.append)  # type: ignore[arg-type]
    assert "2.0 s in 2 stretches" in said[0] and "dgstudio --source walks.npz" in said[0]
    return dict(np.load(file))


def test_all_stretches_stand_one_after_the_other(session: Path) -> None:
    found = exported(session)
    assert found["X"][:, 0].tolist() == [*range(100), *range(100)]
    assert np.flatnonzero(found["breaks"]).tolist() == [0, 50, 100, 150]
    assert (np.diff(found["time"]) > 0).all()
    assert found["time"][0] == 2.0 and found["time"][50] == 3.0
    assert (str(found["kind"]), float(found["rate"]), float(found["window_s"]), float(found["hop_s"])) == (
        "signal", 100.0, 0.05, 0.02,
    )  # fmt: skip
    assert found["channels"].tolist() == ["x", "y"]


def test_labels_are_the_users_where_they_stand_else_those_of_the_stream(session: Path) -> None:
    labels = exported(session)["label"].tolist()
    assert labels[:50] == labels[100:150] == ["rest"] * 50
    # Of the second run only: stream time begins anew with each.
    assert set(labels[50:100]) == {""} and labels[160:171] == ["run"] * 11 and labels.count("run") == 11


def test_nothing_is_overwritten_and_nothing_recorded_is_said(session: Path, tmp_path: Path) -> None:
    exported(session)
    with pytest.raises(BadInputError, match="exists already"):
        exported(session)
    exported(session, overwrite=True)
    with pytest.raises(BadInputError, match="A stream is written as"):
        ExportRequest(session, stream=tmp_path / "stream.csv").run(print)
    with Session.create(tmp_path / "empty.dgs"):
        pass
    with pytest.raises(DgstudioError, match="holds no recording"):
        ExportRequest(tmp_path / "empty.dgs", stream=tmp_path / "stream.npz").run(print)
