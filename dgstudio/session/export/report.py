"""A session's report: one HTML file that needs nothing else, for the screen, dark or light, and for paper."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from dgstudio import __version__
from dgstudio.model.plan import KERNEL
from dgstudio.session.export.atomic_write import needed, write_whole
from dgstudio.session.export.figures import (
    accuracy_figure,
    learning_figure,
    spans,
    stability_figure,
    takes_figure,
    thumbnails,
)
from dgstudio.session.export.model import iso
from dgstudio.session.export.report_data import MAY_MOVE, Chapter, ClassStory, Story, tell
from dgstudio.session.export.stylesheet import STYLE
from dgstudio.session.file import Session
from dgstudio.types import F32

TIMELINE_ROWS = 200
"""Lines of the timeline; of a longer history the newest."""
NOTE_ROWS = 200
"""Notes that are listed."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the browser is told that the page may load: nothing."""


def export_report(session: Session, path: Path, *, overwrite: bool = False) -> str:
    """Write the report of a session; returns a sentence that says what was written.

    Raises
    ------
    BadInputError
        If there is nothing to tell, or the file is there and `overwrite` is false.
    MissingLibraryError
        If matplotlib is not installed.
    DgstudioError
        If the system refuses.
    """
    needed("matplotlib")
    story = tell(session)
    page = page_of(story)
    write_whole([(path, lambda new: new.write_text(page, encoding="utf-8"))], overwrite)
    scored = f"; {_scored(story)}" if story.takes else ""
    return f"The report of {story.name} is in {path}{scored}."


def page_of(story: Story) -> str:
    """The whole page. Every name in it is escaped."""
    sections = [
        ("Classes", _classes(story)),
        ("Takes", _takes(story)),
        *([("Notes", _notes(story))] if story.notes else []),
        ("Versions", _versions(story)),
        ("What stayed as it was", _stability(story)),
        ("Right before it was learned", _accuracy(story)),
        ("The model", _model(story)),
    ]
    body = "\n".join(f"<section><h2>{title}</h2>{''.join(parts)}</section>" for title, parts in sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="dark light"><title>{_text(story.name)} – dgstudio</title>'
        f"<style>{STYLE}</style></head><body><main>{''.join(_header(story))}{body}"
        f"<footer>Made by dgstudio {__version__}. This page holds everything it shows and loads nothing.</footer>"
        f"</main></body></html>\n"
    )


def _text(value: object) -> str:
    return escape(str(value), quote=True)


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _moment(unix: float) -> str:
    """A moment in UTC, to the minute."""
    known = iso(unix)
    return "an unknown time" if known is None else f"{known[:10]} {known[11:16]} UTC"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}".replace("%", " %")


def _scored(story: Story) -> str:
    return f"{len(story.scores.takes)} of {_counted(story.scores.of, 'take')} could be scored"


# -- the sections ------------------------------------------------------------------------------------------------


def _header(story: Story) -> Iterator[str]:
    yield f'<header><p class="over">A session of dgstudio</p><h1>{_text(story.name)}</h1>'
    yield f'<p class="about">{_when(story)}'
    signal = story.signal
    if signal is not None:
        channels = signal.get("channels")
        yield (
            f" · stream “{_text(signal.get('name', ''))}”, {_text(signal.get('rate', '?'))} Hz, "
            f"{_counted(len(channels) if isinstance(channels, list) else 0, 'channel')}"
        )
    yield f'</p></header><p class="story">{_told(story)}</p><dl class="tiles">'
    scored_of = f"{story.scores.of:,}"
    tiles = [
        (f"{len(story.classes)}", "classes"),
        (f"{story.examples:,}", "examples"),
        (f"{len(story.takes):,}", "takes"),
        (f"{story.published:,}", "versions"),
        (f"{story.protected:,}", "protected inputs"),
        (f"{story.bits:,}", "bits of protected answers changed by learning"),
        (f"{story.rejected:,}", "proposals rejected"),
        # Not without what it rests on: two takes of eighty are no accuracy of a session.
        (_share(story.scores.accuracy), f"right before it was learned, {len(story.scores.takes)} of {scored_of} takes"),
    ]
    yield from (f"<div><dd>{value}</dd><dt>{what}</dt></div>" for value, what in tiles)
    yield "</dl>"


def _when(story: Story) -> str:
    first, last = _moment(story.began), _moment(story.ended)
    return first if first == last else f"{first} to {last}"


def _told(story: Story) -> str:
    """The session in a few sentences."""
    begun = story.records[0].reason if story.records else ""
    knows = begun.removeprefix("base model: ")
    first = f"It began with a base model that {knows}." if knows != begun else "It began from nothing."
    taught = [entry for entry in story.classes if entry.examples and not entry.from_base]
    names = ", ".join(f"<b>{_text(entry.info.name)}</b>" for entry in taught)
    labelled = f"{_counted(story.examples, 'example')} stand, labelled in {_counted(len(story.takes), 'take')}"
    second = (
        f"{labelled}; new to the model {'was' if len(taught) == 1 else 'were'} {names}." if taught else f"{labelled}."
    )
    third = f"{_counted(story.published, 'version was', 'versions were')} published."
    if story.protected:
        moved = "not one bit has moved" if not story.bits else f"{_counted(story.bits, 'bit')} moved"
        third += f" Of the answers to {_counted(story.protected, 'protected input')} {moved} while it learned"
        third += f"; the user's own acts moved {_counted(story.own_bits, 'bit')}." if story.own_bits else "."
    return f"{_text(first)} {second} {_text(third)}"


def _classes(story: Story) -> Iterator[str]:
    low, high = spans(story.classes)
    yield '<div class="cards">'
    for entry in story.classes:
        yield from _card(entry, low, high)
    yield "</div>"
    if not story.classes:
        yield '<p class="note">There is no class yet.</p>'


def _card(entry: ClassStory, low: F32, high: F32) -> Iterator[str]:
    info = entry.info
    yield (
        f'<article><h3><i style="background:{info.colour}"></i>{_text(info.name)}'
        f"{f'<kbd>{_text(info.key)}</kbd>' if info.key else ''}</h3><p>"
    )
    if entry.examples:
        yield f"{_counted(entry.examples, 'example')} in {_counted(entry.takes, 'take')}, {entry.learned:,} learned"
        yield "; the base model knew it" if entry.from_base else ""
    else:
        yield "Known from the base model; no examples here" if entry.from_base else "No examples"
    yield ".</p>"
    fits = all(window.shape[1:] == low.shape for window in entry.windows)
    if entry.windows and fits:
        yield f'<div class="thumbs">{"".join(thumbnails(entry, low, high))}</div>'
    yield "</article>"


def _takes(story: Story) -> Iterator[str]:
    if not story.takes:
        yield '<p class="note">Nothing has been labelled.</p>'
        return
    yield f"<figure>{takes_figure(story)}</figure>"
    ways: dict[str, int] = {}
    for take in story.takes:
        ways[take.who] = ways.get(take.who, 0) + 1
    words = {
        "held": "by a held key",
        "tap": "by a tap",
        "retro": "on the past stream",
        "file": "by a label column",
        "import": "from a file",
    }
    told = ", ".join(f"{count:,} {words.get(who, _text(who))}" for who, count in sorted(ways.items()))
    yield f'<p class="note">Labelled: {told}. Takes that were taken back are not shown.</p>'


def _notes(story: Story) -> Iterator[str]:
    yield '<div class="wide"><table class="notes"><thead><tr><th>note<th>class<th>on<th>example ids</tr></thead><tbody>'
    for note in story.notes[:NOTE_ROWS]:
        first, last = note.ids
        which = str(first) if first == last else f"{first} to {last}"
        takes = "" if note.takes == 1 else f" in {_counted(note.takes, 'take')}"
        yield f"<tr><td>{_text(note.text)}<td>{_text(story.named(note.class_id))}"
        yield f'<td>{_counted(note.count, "example")}{takes}<td class="number">{which}</tr>'
    yield "</tbody></table></div>"
    left = len(story.notes) - NOTE_ROWS
    if left > 0:
        yield f'<p class="note">{_counted(left, "more note")}: an export of the examples has them all.</p>'


def _versions(story: Story) -> Iterator[str]:
    if not story.records:
        yield '<p class="note">The session has no history.</p>'
        return
    yield f"<figure>{learning_figure(story)}</figure>"
    shown = story.chapters[-TIMELINE_ROWS:]
    if len(shown) < len(story.chapters):
        yield f'<p class="note">The newest {len(shown)} of {len(story.chapters)} entries.</p>'
    yield '<div class="wide"><table class="timeline"><thead><tr><th>version<th>what<th>when (UTC)<th>why</tr></thead>'
    yield "<tbody>"
    yield from (_chapter(chapter) for chapter in shown)
    yield "</tbody></table></div>"


def _chapter(chapter: Chapter) -> str:
    version = "–" if chapter.first is None else f"v{chapter.first}"
    if chapter.last is not None and chapter.last != chapter.first:
        version += f" – v{chapter.last}"
    why = chapter.reason
    if chapter.count > 1:
        what = f"{chapter.kind} × {chapter.count:,}"
        why = f"{chapter.examples} examples; last: {why}" if chapter.kind == "learned" else f"last: {why}"
    else:
        what = chapter.kind
    known = iso(chapter.unix)
    kind = "".join(letter if letter.isalpha() else "-" for letter in chapter.kind)
    return (
        f'<tr class="{_text(kind)}"><td class="number">{version}<td>{_text(what)}'
        f'<td class="number">{"–" if known is None else known[:10] + " " + known[11:19]}<td>{_text(why)}</tr>'
    )


def _stability(story: Story) -> Iterator[str]:
    if not story.records:
        yield '<p class="note">The session has no history.</p>'
        return
    yield f"<figure>{stability_figure(story)}</figure>"
    changed = sum(1 for r in story.records if r.version is not None and r.bits_changed and r.kind not in MAY_MOVE)
    yield (
        f"<p>{_counted(story.published, 'publish', 'publishes')}, of which <b>{changed:,}</b> changed a bit of a "
        "protected answer by learning. At every publish the logits of every protected input are proved to keep each "
        "byte for each class that lived when it was protected; a proposal that cannot is rejected. "
        f"{_counted(story.rejected, 'proposal was', 'proposals were')} rejected."
    )
    if story.own_bits:
        yield f" The user's own acts, which may, moved {_counted(story.own_bits, 'bit')} of protected answers."
    yield "</p>"
    reasons = dict.fromkeys(record.reason for record in story.records if record.kind == "rejected")
    if reasons:
        yield f"<ul>{''.join(f'<li>{_text(reason)}</li>' for reason in list(reasons)[:10])}</ul>"


def _accuracy(story: Story) -> Iterator[str]:
    scores = story.scores
    if not scores.takes:
        why = "; the session noted no answers, and no longer has the versions before them" if scores.of else ""
        yield f'<p class="note">No take could be scored{why}.</p>'
        return
    known = scores.known_accuracy
    first = sum(not score.known for score in scores.takes)
    left = len(scores.takes) < scores.of
    noted = sum(score.noted for score in scores.takes)
    yield (
        "<p>What each take was answered before any of it was learned: as noted then "
        f"({noted:,}), or answered again now by the version before it ({len(scores.takes) - noted:,}). {_scored(story)}"
        f"{': of the others the session has neither' if left else ''}. "
        f"<b>{_share(scores.accuracy)}</b> of {_counted(sum(score.seen for score in scores.takes), 'example')} right"
    )
    if first:
        taken = _counted(first, "take was", "takes were")
        without = f"without {'it' if first == 1 else 'them'} {_share(known)}"
        yield f"; {taken} the first of a class that was not known yet, {without}"
    yield (
        f".</p><figure>{accuracy_figure(story)}</figure>{''.join(_confusion(story))}"
        '<p class="note">Windows of a take overlap, so its examples are no independent trials.</p>'
    )


def _confusion(story: Story) -> Iterator[str]:
    """A table: the label by rows, the answer by columns."""
    counts: dict[int, dict[int | None, int]] = {}
    for score in story.scores.takes:
        for (label, answer), count in score.answers.items():
            row = counts.setdefault(label, {})
            row[answer] = row.get(answer, 0) + count
    answered = {answer for row in counts.values() for answer in row}
    columns: list[int | None] = sorted(answered | set(counts), key=lambda c: (c is None, c))
    yield '<div class="wide"><table class="confusion"><thead><tr><th>labelled <span>\\ answered</span>'
    yield from (f"<th>{'unsure' if c is None else _text(story.named(c))}" for c in columns)
    yield "</tr></thead><tbody>"
    for label in sorted(counts):
        total = sum(counts[label].values())
        yield f"<tr><th>{_text(story.named(label))}"
        for column in columns:
            count = counts[label].get(column, 0)
            kind = "right" if column == label else "wrong"
            yield f'<td class="{kind}" style="--share:{100 * count / total:.0f}%">{count or "·"}'
        yield "</tr>"
    yield "</tbody></table></div>"


def _model(story: Story) -> Iterator[str]:
    if story.head is None:
        yield '<p class="note">The session holds no version of a model.</p>'
        return
    snapshot, training = story.head.snapshot, story.head.training
    base = snapshot.base
    parts = "none" if base is None else f"{base.hidden} units, {base.k} of them active at a time"
    rows = [
        ("newest version", f"v{snapshot.version}, {story.head.checkpoint.kind}"),
        ("digest", snapshot.digest),
        ("published", _moment(story.head.checkpoint.unix)),
        ("base", parts),
        ("banks", f"{len(snapshot.banks)}, {sum(bank.sealed for bank in snapshot.banks)} of them sealed"),
        ("learned from", _counted(len(training.every()), "example")),
        ("inputs", f"{snapshot.inputs if snapshot.inputs is not None else 'not fixed yet'}"),
        ("scored by the kernel", KERNEL),
    ]
    yield '<table class="facts"><tbody>'
    yield from (f"<tr><th>{name}<td>{_text(value)}</tr>" for name, value in rows)
    yield (
        '</tbody></table><p class="note">The digest covers every number that an answer depends on. The card that '
        "<code>dgstudio export --model</code> writes beside a model names the same one.</p>"
    )
