"""A session's report: one HTML file that needs nothing else, for the screen, dark or light, and for paper.

`report.html.j2` is the page, filled in by jinja2, which escapes every value; here are the values.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dgstudio import __version__
from dgstudio.kernel import KERNEL
from dgstudio.reasons.published import BaseLoaded, BegunFromNothing
from dgstudio.reasons.reason import Reason, capital
from dgstudio.session.export.atomic_write import needed, write_whole
from dgstudio.session.export.figures import (
    accuracy_figure,
    learning_figure,
    spans,
    stability_figure,
    takes_figure,
    thumbnails,
)
from dgstudio.session.export.model_file.model import iso
from dgstudio.session.export.report_data import MAY_MOVE, Story, tell
from dgstudio.session.export.stylesheet import STYLE
from dgstudio.session.file import Session
from dgstudio.session.format.compared import ComparedTwin
from dgstudio.types import LabelledBy, RecordKind, TwinKind

TIMELINE_ROWS = 200
"""Lines of the timeline; of a longer history the newest."""
NOTE_ROWS = 200
"""Notes that are listed."""
EVENT_ROWS = 100
"""Lines of what went wrong; of more the newest."""
REASONS = 10
"""Reasons for rejections that are listed."""
WAYS = {
    LabelledBy.HELD: "by a held key",
    LabelledBy.TAP: "by a tap",
    LabelledBy.RETRO: "on the past stream",
    LabelledBy.FILE: "by a label column",
    LabelledBy.IMPORT: "from a file",
    LabelledBy.SUGGESTION: "from a suggestion",
    LabelledBy.MESSAGE: "by another program",
}
"""How a take was labelled, in words."""
TWINS = {
    TwinKind.IN_PLACE: "a conventional network, written in place",
    TwinKind.SWAP: "a conventional network, published by swap",
    TwinKind.REPLAY: "a conventional network that rehearses the protected inputs",
    TwinKind.OURS_OFF: "this model, learning nothing",
    TwinKind.OURS_ROUTING: "this model, learning routing only",
    TwinKind.OURS_WEIGHTS: "this model, learning weights only",
    TwinKind.OURS_BOTH: "this model, learning routing and weights",
}
"""What ran beside the model, in words."""
PAIRS = 4
"""Confusions that are named of one twin."""


def export_report(session: Session, path: Path, *, overwrite: bool = False) -> str:
    """Write the report of a session; returns a sentence that says what was written.

    Raises
    ------
    BadInputError
        If there is nothing to tell, or the file is there and `overwrite` is false.
    MissingLibraryError
        If matplotlib or jinja2 is not installed.
    DgstudioError
        If the system refuses.
    """
    needed("matplotlib")
    needed("jinja2")
    story = tell(session)
    page = page_of(story)
    write_whole([(path, lambda new: new.write_text(page, encoding="utf-8"))], overwrite)
    scored = f"; {_scored(story)}" if story.takes else ""
    return f"The report of {story.name} is in {path}{scored}."


def page_of(story: Story) -> str:
    """The whole page. Every value in it is escaped, but for the drawings and the style that are made here."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("dgstudio.session.export", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "counted": _counted,
        "share": _share,
        "to_the_second": _to_the_second,
        "css_class": _css_class,
    }
    drawings = {
        "takes": takes_figure,
        "learning": learning_figure,
        "stability": stability_figure,
        "accuracy": accuracy_figure,
    }
    low, high = spans(story.classes)
    cards = [
        (
            entry,
            [Markup(svg) for svg in thumbnails(entry, low, high)]
            if all(window.shape[1:] == low.shape for window in entry.windows)
            else [],
        )
        for entry in story.classes
    ]
    return environment.get_template("report.html.j2").render(
        story=story,
        style=Markup(STYLE),
        figures={name: lambda draw=draw: Markup(draw(story)) for name, draw in drawings.items()},
        cards=cards,
        notes=story.notes[:NOTE_ROWS],
        events=story.events[-EVENT_ROWS:],
        chapters=story.chapters[-TIMELINE_ROWS:],
        made_by=__version__,
        scored=_scored(story),
        **_opening(story),
        **_stability(story),
        confusion=_confusion(story),
        compared=[_compared(story, twin) for twin in story.compared],
        facts=_facts(story),
    )


def _opening(story: Story) -> dict[str, Any]:
    """What the head of the page tells."""
    signal = story.signal
    if signal is not None:
        channels = signal.get("channels")
        signal = {
            "name": signal.get("name", ""),
            "rate": signal.get("rate", "?"),
            "channels": len(channels) if isinstance(channels, list) else 0,
        }
    ways: dict[LabelledBy, int] = {}
    for take in story.takes:
        ways[take.who] = ways.get(take.who, 0) + 1
    scores = story.scores
    return {
        "began": _moment(story.began),
        "ended": _moment(story.ended),
        "signal": signal,
        "begun": _begun(story.records[0].reason if story.records else BegunFromNothing()),
        "taught": [entry.info.name for entry in story.classes if entry.examples and not entry.from_base],
        "ways": [(count, WAYS[who]) for who, count in sorted(ways.items())],
        "tiles": [
            (f"{len(story.classes)}", "classes"),
            (f"{story.examples:,}", "examples"),
            (f"{len(story.takes):,}", "takes"),
            (f"{story.published:,}", "versions"),
            (f"{story.protected:,}", "protected inputs"),
            (f"{story.bits:,}", "bits of protected answers changed by learning"),
            (f"{story.rejected:,}", "proposals rejected"),
            # Not without what it rests on: two takes of eighty are no accuracy of a session.
            (_share(scores.accuracy), f"right before it was learned, {len(scores.takes)} of {scores.of:,} takes"),
        ],
    }


def _stability(story: Story) -> dict[str, Any]:
    """How many publishes moved a protected answer that should not have, and why proposals were rejected."""
    records = story.records
    reasons = dict.fromkeys(record.reason for record in records if record.kind == RecordKind.REJECTED)
    return {
        "changed": sum(1 for r in records if r.version is not None and r.bits_changed and r.kind not in MAY_MOVE),
        "reasons": [reason.words for reason in reasons][:REASONS],
    }


def _confusion(story: Story) -> dict[str, Any]:
    """The label by rows, the answer by columns: for each cell whether it is right, the count, its share in per cent."""
    counts: dict[int, dict[int | None, int]] = {}
    for score in story.scores.takes:
        for (label, answer), count in score.answers.items():
            row = counts.setdefault(label, {})
            row[answer] = row.get(answer, 0) + count
    answered = {answer for row in counts.values() for answer in row}
    columns: list[int | None] = sorted(answered | set(counts), key=lambda c: (c is None, c))
    rows = []
    for label, row in sorted(counts.items()):
        total = sum(row.values())
        cells = [(column == label, row.get(column, 0), round(100 * row.get(column, 0) / total)) for column in columns]
        rows.append((label, cells))
    return {"columns": columns, "rows": rows}


def _compared(story: Story, twin: ComparedTwin) -> dict[str, Any]:
    """One line of the comparison: what the twin was, what it and ours kept, and how right both were meanwhile."""
    named = [f"{story.named(was)} → {story.named(now)} {count:,}" for was, now, count in twin.lost[:PAIRS]]
    more = sum(count for _, _, count in twin.lost[PAIRS:])
    faults = [
        f"{count:,} {what}"
        for count, what in (
            (twin.torn, "torn"),
            (twin.unpublished, "of no version"),
            (twin.unattributed, "of no state that ever was"),
        )
        if count
    ]
    return {
        "what": capital(TWINS[twin.kind]),
        "learned": _counted(twin.learned, "example"),
        "kept": f"{twin.kept:,} of {twin.watched:,}{', to the last bit' if twin.bits else ''}",
        "lost": ", ".join([*named, *([_counted(more, "other")] if more else [])]),
        "ours_kept": f"{twin.ours_kept:,} of {twin.ours_watched:,}, to the last bit",
        "reads": f"{twin.reads:,}",
        "faults": ", ".join(faults) or "all of versions",
        "right": _share(twin.right / twin.seen if twin.seen else None),
        "ours_right": _share(twin.ours_right / twin.ours_seen if twin.ours_seen else None),
        "seen": twin.seen,
        "when": twin.unix,
    }


def _facts(story: Story) -> list[tuple[str, str]]:
    """What the model is; empty where the session holds none."""
    if story.head is None:
        return []
    snapshot, training = story.head.snapshot, story.head.training
    base = snapshot.base
    parts = "none" if base is None else f"{base.hidden} units, {base.k} of them active at a time"
    return [
        ("newest version", f"v{snapshot.version}, {story.head.checkpoint.kind}"),
        ("digest", snapshot.digest),
        ("published", _moment(story.head.checkpoint.unix)),
        ("base", parts),
        ("banks", f"{len(snapshot.banks)}, {sum(bank.sealed for bank in snapshot.banks)} of them sealed"),
        ("learned from", _counted(len(training.every()), "example")),
        ("inputs", f"{snapshot.inputs if snapshot.inputs is not None else 'not fixed yet'}"),
        ("scored by the kernel", KERNEL),
    ]


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _moment(unix: float) -> str:
    """A moment in UTC, to the minute."""
    known = iso(unix)
    return "an unknown time" if known is None else f"{known[:10]} {known[11:16]} UTC"


def _to_the_second(unix: float) -> str:
    known = iso(unix)
    return "–" if known is None else f"{known[:10]} {known[11:19]}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}".replace("%", " %")


def _begun(reason: Reason) -> str:
    """What it began with, as a sentence."""
    match reason:
        case BaseLoaded(names):
            return f"It began with a base model that knows {', '.join(names)}."
        case BegunFromNothing():
            return "It began from nothing."
        case _:
            return f"How it began: {reason.words}."


def _css_class(kind: RecordKind) -> str:
    return "".join(letter if letter.isalpha() else "-" for letter in kind)


def _scored(story: Story) -> str:
    return f"{len(story.scores.takes)} of {_counted(story.scores.of, 'take')} could be scored"
