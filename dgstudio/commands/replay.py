"""`dgstudio replay`: a recorded session without a window, its answers again, and what became of each receipt."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dgstudio.engine.recording.relearn import RelearnFigures, relearn
from dgstudio.engine.recording.replay import Replay, ReplayFigures
from dgstudio.engine.recording.replayed import Replayed
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.guard.terminal import PlainConsole
from dgstudio.kernel import KERNEL
from dgstudio.reasons.reason import Reason
from dgstudio.reasons.stored import reason_fields
from dgstudio.records import dataclass
from dgstudio.session.file import Session
from dgstudio.streams.sinks.jsonl import as_record

SAME, DIFFERS, OTHER_KERNEL = 0, 1, 2
"""Exit statuses."""
NAMED = 5
"""Versions that are named one by one."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What the command line asked for; `speed` 0 means as fast as the machine allows, `jsonl` "-" standard output."""

    session: Path
    audit: bool = False
    relearn: bool = False
    speed: float = 0.0
    until: float | None = None
    jsonl: str | None = None


def replay(options: ReplayOptions, console: Console) -> int:
    """Replay, print what was found, and return the exit status.

    It is 1 where something differs that should not, 2 where something was made by another kernel and bits cannot be
    compared, else 0. Without `audit` and `relearn` differences are counted and told, and the status is 0.

    Raises
    ------
    BadInputError
        For options that make no sense, a file that cannot be written, or a session without a recording.
    SessionError
        If the session cannot be read.
    """
    if not (options.speed >= 0 and math.isfinite(options.speed)):
        raise BadInputError("--speed must be 0 (as fast as possible) or a positive number.")
    if options.until is not None and not 0 < options.until < math.inf:
        raise BadInputError("--until must be a positive number of seconds.")
    out = PlainConsole(stderr=True) if options.jsonl == "-" else console
    with ExitStack() as stack:
        session = stack.enter_context(Session.reading(options.session))
        for problem in session.report.problems:
            out.print(f"[yellow]note[/] {escape(problem)}", highlight=False, soft_wrap=True)
        # A version or a receipt that was left out is missed below only by what refers to it.
        statuses = [DIFFERS] if session.report.damaged and (options.audit or options.relearn) else []
        if options.relearn:
            statuses.append(_relearn(session, out))
        if options.audit or options.jsonl is not None or not options.relearn:
            lines = stack.enter_context(_Lines(options.jsonl, session)) if options.jsonl is not None else None
            statuses.append(_replay(session, options, lines, out))
    return DIFFERS if DIFFERS in statuses else max(statuses)


class _Lines:
    """Writes one JSON line for each answer, with what differs from the recorded one as its fields, or null."""

    def __init__(self, path: str, session: Session) -> None:
        self._names = {info.id: info.name for info in session.classes()}
        self._own = path != "-"
        try:
            file = Path(path).open("w", encoding="utf-8") if self._own else sys.stdout  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise BadInputError(f"Cannot write {path}: {error.strerror or error}.") from error
        self._file: IO[str] = file

    def __enter__(self) -> Callable[[Replayed], None]:
        return self._write

    def __exit__(self, *_: object) -> None:
        try:
            if self._own:
                self._file.close()
            else:
                self._file.flush()
        except OSError as error:
            raise DgstudioError(f"The end of {self._file.name} is missing: {error.strerror or error}.") from error

    def _write(self, answer: Replayed) -> None:
        record = as_record(answer.now, self._names)
        if answer.recorded.top is None:
            record["answer"] = None
        differs = None if answer.differs is None else reason_fields(answer.differs)
        record |= {"stretch": answer.stretch + 1, "differs": differs}
        self._file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _progress(out: Console) -> Progress:
    columns = TextColumn("[dim]{task.description}[/]"), BarColumn(), TimeElapsedColumn()
    return Progress(*columns, console=out, transient=True)


def _replay(session: Session, options: ReplayOptions, lines: Callable[[Replayed], None] | None, out: Console) -> int:
    again = Replay(session, until=options.until, speed=options.speed)
    figures = again.figures
    with _progress(out) as bar:
        task = bar.add_task("replaying", total=again.total_s)

        def each(answer: Replayed) -> None:
            if lines is not None:
                lines(answer)
            if figures.answers % 64 == 0:
                bar.update(task, completed=figures.seconds)

        again.each = each
        stopped: KeyboardInterrupt | None = None
        try:
            again.run()
        except KeyboardInterrupt as ended:
            stopped = ended
            out.print("Stopped.")
    rows = _rows(figures)
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in rows.items():
        table.add_row(f"[dim]{name}[/]", escape(value))
    out.print(table, highlight=False)
    for sentence in _sentences(figures):
        out.print(sentence, highlight=False, markup=False, soft_wrap=True)
    if stopped is not None:
        # What was not replayed is not known to be the same.
        raise stopped
    if not options.audit:
        return SAME
    return DIFFERS if figures.mismatches else OTHER_KERNEL if figures.other_kernel else SAME


def _rows(figures: ReplayFigures) -> dict[str, str]:
    rows = {
        "recorded stretches": f"{figures.stretches}",
        "stream": f"{figures.seconds:.1f} s, {figures.samples} samples",
        "versions served again": f"{figures.versions}",
        "receipts checked": f"{figures.checked} of {figures.answers}",
        "answers that differ": f"{figures.mismatches}",
        "realtime factor": f"{figures.realtime_factor:.1f}",
    }
    if figures.lost_samples or figures.lost_answers:
        rows["not recorded"] = f"{figures.lost_samples} samples, {figures.lost_answers} answers"
    return rows


def _sentences(figures: ReplayFigures) -> list[str]:
    said = []
    if figures.first is not None:
        said.append(f"The first that differs: {figures.first.sentence}")
    if figures.other_kernel:
        kernels = "; ".join(figures.kernels)
        said.append(
            f"{figures.other_kernel} answers were made by another kernel ({kernels}; this is {KERNEL}), so bits cannot "
            f"be compared: {figures.other_differ} differ, {figures.other_answers} of them in the class; the largest "
            f"difference of a logit is {figures.largest:.3g}."
        )
    if not said:
        said.append("Every answer is the recorded one, bit for bit.")
    return said


def _relearn(session: Session, out: Console) -> int:
    with _progress(out) as bar:
        task = bar.add_task("relearning", total=None)
        found = relearn(session, lambda done, total: bar.update(task, completed=done, total=total))
    for sentence in _relearned(found):
        out.print(sentence, highlight=False, markup=False, soft_wrap=True)
    return DIFFERS if found.differing else OTHER_KERNEL if found.other_kernel else SAME


def _relearned(found: RelearnFigures) -> list[str]:
    same = f"{len(found.same)} were learned again from their examples and have the same digest"
    said = [f"Of {found.total} versions in the session {same}; in {len(found.given)} nothing is learned."]
    if found.differing:
        said.append(f"{len(found.differing)} differ: {_named(found.differing)}.")
    if found.other_kernel:
        versions = ", ".join(f"v{version}" for version in found.other_kernel[:NAMED])
        said.append(
            f"{len(found.other_kernel)} were learned by another kernel and have another digest here: {versions}"
            + (", …" if len(found.other_kernel) > NAMED else ".")
        )
    if found.left_out:
        said.append(f"{len(found.left_out)} could not be learned again: {_named(found.left_out)}.")
    return said


def _named(versions: list[tuple[int, Reason]]) -> str:
    """Versions with the same reason together."""
    reasons: dict[Reason, list[str]] = {}
    for version, why in versions:
        reasons.setdefault(why, []).append(f"v{version}")
    parts = []
    for why, names in list(reasons.items())[:NAMED]:
        listed = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        parts.append(f"{listed} ({why.words})")
    return "; ".join(parts) + ("; …" if len(reasons) > NAMED else "")
