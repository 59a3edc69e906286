"""The recorded stream as a file of its own: a source plays it as it was, sample by sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dgstudio.errors import BadInputError
from dgstudio.reasons.reason import how_many
from dgstudio.records import dataclass
from dgstudio.session.export.atomic_write import write_whole
from dgstudio.session.file import Session
from dgstudio.session.recording.recorded import Recorded, RecordedBlock, RecordedStretch
from dgstudio.types import F32, F64, LabelledBy, Take

LATE_S = 60.0
"""A take may be stored so long after the recording has ended."""


@dataclass(slots=True, eq=False)
class StreamRows:
    """The samples of all stretches one after the other: (n, channels), and n of the others.

    `breaks`: samples that do not follow the one before; `labels` are names, "" where there is none; `left_out` counts
    samples that are damaged or missing in between.
    """

    values: F32
    times: F64
    breaks: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.str_]
    stretches: int
    left_out: int


def export_stream(session: Session, path: Path, *, overwrite: bool = False) -> str:
    """Write the stream as an NPZ file; returns a sentence about it.

    It begins with the window of the first answer of each stretch, so that its windows are those that were answered.
    Labels are what the user called a moment, where that stands, else the ground truth of the stream.

    Raises
    ------
    BadInputError
        Where nothing was recorded.
    DgstudioError
        Where the file cannot be written.
    """
    stretches = session.recorded.stretches()
    rows = _rows_of(session, stretches)
    if rows is None:
        raise BadInputError(
            f"The session {session.name} holds no recording: switch on “Record the stream” while it is live."
        )
    signal = stretches[0].signal
    arrays = {
        "X": rows.values,
        "time": rows.times,
        "channels": np.array([str(name) for name in signal["channels"]]),
        "label": rows.labels,
        "breaks": rows.breaks,
        "kind": np.array(str(signal["kind"])),
        "rate": np.array(float(signal["rate"])),
        "window_s": np.array(float(signal["window_s"])),
        "hop_s": np.array(float(signal["hop_s"])),
    }
    if not (rows.labels != "").any():
        del arrays["label"]

    def write(new: Path) -> None:
        with new.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    write_whole([(path, write)], overwrite)
    seconds = len(rows.times) / float(signal["rate"])
    lost = (
        "" if not rows.left_out else f" {how_many(rows.left_out, 'sample')} that are damaged or missing are left out."
    )
    parts = "" if rows.stretches == 1 else f" in {rows.stretches} stretches"
    return f"The stream, {seconds:.1f} s{parts}, is in {path}: play it with dgstudio --source {path.name}.{lost}"


def _rows_of(session: Session, stretches: list[RecordedStretch]) -> StreamRows | None:
    takes = _standing(session)
    ends = [stretch.began_unix for stretch in stretches[1:]] + [float("inf")]
    parts = [
        part
        for stretch, next_began in zip(stretches, ends, strict=False)
        if (part := _stretch(session.recorded, stretch, _within(takes, stretch, next_began))) is not None
    ]
    if not parts:
        return None
    step = 1.0 / float(stretches[0].signal["rate"])
    for before, after in pairwise(parts):
        # Each run counts its own seconds; here they go on.
        after.times += max(0.0, before.times[-1] + step - after.times[0])
    return StreamRows(
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.breaks for part in parts]),
        np.concatenate([part.labels for part in parts]),
        len(parts),
        sum(part.left_out for part in parts),
    )


def _stretch(recorded: Recorded, stretch: RecordedStretch, takes: list[tuple[Take, str]]) -> StreamRows | None:
    """One stretch, from the window of its first answer on; None where nothing of it can be read."""
    begin = _first_window(recorded, stretch)
    blocks = [kept.content for kept in recorded.blocks(stretch.id) if kept.content is not None]
    if not blocks:
        return None
    numbers = np.concatenate([np.arange(block.first, block.first + len(block.times)) for block in blocks])
    broken = np.isin(numbers, [at for block in blocks for at in block.breaks])
    broken[1:] |= np.diff(numbers) != 1
    names = np.array(["", *stretch.signal.get("truth_names", ())])
    truth = np.concatenate([_truth(block) for block in blocks])
    labels = names[np.where(truth < len(names) - 1, truth, -1) + 1].astype(object)
    times = np.concatenate([block.times for block in blocks])
    for take, name in takes:
        labels[(times >= take.start) & (times <= take.end)] = name
    kept = numbers >= begin if begin is not None else np.ones(len(numbers), np.bool_)
    if not kept.any():
        return None
    breaks = broken[kept]
    breaks[0] = True
    left_out = int(numbers[-1] - numbers[0]) + 1 - len(numbers)
    values = np.concatenate([block.values for block in blocks])[kept]
    return StreamRows(values, times[kept], breaks, labels[kept].astype(np.str_), 1, left_out)


def _truth(block: RecordedBlock) -> npt.NDArray[np.int16]:
    return np.full(len(block.times), -1, np.int16) if block.truth is None else block.truth


def _first_window(recorded: Recorded, stretch: RecordedStretch) -> int | None:
    """The first sample of the window of the first answer."""
    window = max(1, round(float(stretch.signal["window_s"]) * float(stretch.signal["rate"])))
    for kept in recorded.answers(stretch.id):
        for answer in kept.content or ():
            return answer.sample - window
    return None


def _standing(session: Session) -> list[tuple[Take, str]]:
    """Takes of which examples stand, by the order of their stream, with the class that most of them have by now."""
    names = {info.id: info.name for info in session.classes() if info.living}
    classes: dict[int, Counter[int]] = defaultdict(Counter)
    for example in session.examples():
        classes[example.take_id][example.class_id] += 1
    found = []
    for take in session.takes():
        if take.id in classes and take.who is not LabelledBy.IMPORT:
            name = names.get(classes[take.id].most_common(1)[0][0])
            found += [] if name is None else [(take, name)]
    return found


def _within(takes: list[tuple[Take, str]], stretch: RecordedStretch, next_began: float) -> list[tuple[Take, str]]:
    """Those that were made while a stretch was recorded: stream time begins anew with each run."""
    ended = next_began if stretch.ended_unix is None else min(next_began, stretch.ended_unix + LATE_S)
    return [(take, name) for take, name in takes if stretch.began_unix <= take.created_unix <= ended]
