"""The examples of another session as a table, so that they are imported as those of a file are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dgstudio.errors import BadInputError
from dgstudio.reasons.noted import ClassesGone, FoundAtOpening, Note
from dgstudio.session.export.examples import ExampleRows
from dgstudio.session.file import Session
from dgstudio.session.restore import FEATURES, SIGNAL
from dgstudio.streams.imports.table import PREVIEW, ImportTable, shown
from dgstudio.streams.imports.watch import Watch
from dgstudio.streams.tables.columns import Categories, Column
from dgstudio.streams.tables.table import listed

SUFFIX = ".dgs"


def read_session(path: Path, features: tuple[str, ...], watch: Watch) -> ImportTable:
    """Read the examples that stand in another session; its file is not changed.

    Parameters
    ----------
    features
        Names of the features that this session's examples have.

    Raises
    ------
    SessionError
        If it is no session, is damaged beyond reading, or is open in a dgstudio.
    BadInputError
        If it has no examples, or they have other features.
    """
    with Session.reading(path) as session:
        _check_features(session, path, features)
        watch.at(0.2)
        standing = ExampleRows.of(session)
        watch.at(0.6)
        raws = {example.id: example.raw for example in session.examples()}
        notes: list[Note] = [FoundAtOpening(problem) for problem in session.report.problems]
    if standing.left_out:
        notes.append(ClassesGone(standing.left_out))
    takes, codes = np.unique(standing.takes, return_inverse=True)
    columns = [
        Column.of_names("class", Categories(standing.y.astype(np.int32), standing.class_names)),
        Column.of_names("take", Categories(codes.astype(np.int32), tuple(map(str, takes.tolist())))),
        Column.of_numbers("start", standing.starts),
        Column.of_numbers("end", standing.ends),
        Column.of_numbers("learned", standing.learned.astype(np.float64)),
        *(Column.of_numbers(name, standing.X[:, i]) for i, name in enumerate(features)),
    ]
    preview = [
        (
            standing.class_names[int(standing.y[row])],
            *map(str, (int(standing.takes[row]),)),
            *map(shown, (float(standing.starts[row]), float(standing.ends[row]))),
            "1" if standing.learned[row] else "0",
            *(shown(float(value)) for value in standing.X[row]),
        )
        for row in range(min(PREVIEW, len(standing.y)))
    ]
    return ImportTable(
        path=path,
        kind="session",
        columns=columns,
        lines=standing.ids,
        preview=preview,
        notes=notes,
        line_word="example",
        raws=[raws.get(identity) for identity in standing.ids.tolist()],
        of_features=True,
    )


def _check_features(session: Session, path: Path, features: tuple[str, ...]) -> None:
    """Refuse a session whose examples this model could not learn from, with the reason."""
    own = session.config(FEATURES)
    if own is None or tuple(own) == features:
        return
    signal = session.config(SIGNAL)
    stream = ""
    if isinstance(signal, dict):
        channels = [str(channel) for channel in signal.get("channels", ())]
        stream = f" (stream “{signal.get('name', '')}”, {len(channels)} channels: {listed(channels)})"
    what = f"{len(own)}, not {len(features)}" if len(own) != len(features) else f"“{_first(own, features)}”, for one"
    raise BadInputError(
        f"The examples of {path.name} have other features than those of this session: {what}{stream}. Only examples of "
        "the same kind of stream can be learned together."
    )


def _first(own: list[object], features: tuple[str, ...]) -> str:
    return str(next(name for name, mine in zip(own, features, strict=True) if name != mine))
