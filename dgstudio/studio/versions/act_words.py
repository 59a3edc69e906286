"""Acts and versions of the timeline in words: what stands at a mark, and everything there is to say of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dgstudio.engine.adapt.version_acts import VersionAct, VersionActKind, VersionActs
from dgstudio.reasons.published import BaseLoaded, BegunFromNothing, BegunHere, InputsReleased, Sealing
from dgstudio.studio.theme.format import grouped
from dgstudio.studio.versions.timeline import Mark, Timeline, class_of
from dgstudio.types import PublishRecord, RecordKind

NameOf = Callable[[int | None], str]
LEARNING = frozenset({VersionActKind.TAKE, VersionActKind.LEARNED})
"""Kinds of acts that are named by what was learned."""
_NAMES = {
    VersionActKind.UNDONE: "undo",
    VersionActKind.REDONE: "redo",
    VersionActKind.RELABELLED: "relabel",
    VersionActKind.DELETED: "delete",
    VersionActKind.IMPORTED: "import",
    VersionActKind.FORGOT: "forgot",
    VersionActKind.RESUMED: "resume",
    VersionActKind.UNPINNED: "serve newest",
    VersionActKind.REBUILT: "rebuild",
    VersionActKind.NEW_BASE: "new base",
    VersionActKind.DIALS: "new setting",
    VersionActKind.LEARNED_AGAIN: "learned again",
    VersionActKind.REJECTED: "rejected",
}


def act_title(acts: VersionActs, place: int, name_of: NameOf, *, full: bool = False) -> str:
    """Return what an act is called: "circle · 21", "undo", "protect 400", "back to “circle · 5”", "forward to …".

    `full` spells out what the numbers count, where that is not plain.
    """
    act = acts[place]
    match act.kind:
        case VersionActKind.BEGAN:
            return began_words(act)
        case VersionActKind.TAKE | VersionActKind.LEARNED:
            return _learned_title(act, name_of, full=full)
        case VersionActKind.WENT_BACK:
            return _back_title(acts, place, name_of)
        case VersionActKind.CLASS_ADDED | VersionActKind.CLASS_REMOVED:
            if act.class_id is None:
                return act.reason.words
            name = name_of(act.class_id)
            # Of “class 1” it is plain what it is.
            sign = "new" if name.lower().startswith("class") else "new class"
            return f"{sign if act.kind == VersionActKind.CLASS_ADDED else 'without'} {name}"
        case VersionActKind.PROTECTED | VersionActKind.SEALED | VersionActKind.RELEASED:
            return _protection_title(act)
        case VersionActKind.PINNED:
            return f"pin v{act.to_version}"
    return _counted(_NAMES.get(act.kind, act.kind), act, name_of)


def began_words(act: VersionAct) -> str:
    """Return what stands at the first mark."""
    match act.reason:
        case BaseLoaded():
            return "base model"
        case BegunFromNothing() | BegunHere():
            return act.reason.words
    return "first version"


def _learned_title(act: VersionAct, name_of: NameOf, *, full: bool) -> str:
    class_id, total = class_of(act), sum(act.learned.values())
    name = name_of(class_id) if class_id is not None else ""
    if not total:
        nothing = "not learned" if act.rejected else "nothing new"
        return f"{name} · {nothing}" if name else nothing
    count = act.learned[class_id] if class_id is not None else total
    examples = f" example{'' if count == 1 else 's'}" if full else ""
    others = len([c for c, n in act.learned.items() if n and c != class_id])
    return f"{name} · {grouped(count)}{examples}" + (f" + {others} more" if others else "")


def _back_title(acts: VersionActs, place: int, name_of: NameOf) -> str:
    act, origin, way = acts[place], acts.origin(place), _way(acts, acts[place])
    if origin is None:
        return f"{way} to v{act.to_version}"
    source = acts[origin]
    # Perhaps to the midst of a take.
    whole = act.to_version is None or source.version == acts.stands_for(act.to_version)
    return f"{way} {'to' if whole else 'into'} “{act_title(acts, origin, name_of)}”"


def _way(acts: VersionActs, act: VersionAct) -> str:
    """Whether an act that went to another version went back or forward."""
    if act.version is None or act.before is None:
        return "back"
    return "forward" if acts.is_forward(act.version, act.before) else "back"


def _protection_title(act: VersionAct) -> str:
    match act.reason:
        case Sealing() if act.kind == VersionActKind.PROTECTED:
            return f"protect {grouped(act.reason.protected + act.reason.recent)}"
        case Sealing():
            return f"bank full · {grouped(act.reason.learned)}"
        case InputsReleased():
            return f"release {grouped(act.reason.count)}"
    return "protect" if act.kind == VersionActKind.PROTECTED else str(act.kind)


def _counted(word: str, act: VersionAct, name_of: NameOf) -> str:
    class_id, learned = class_of(act), sum(act.learned.values())
    about = f"{word} {name_of(class_id)}" if class_id is not None else word
    if act.kind in (VersionActKind.DELETED, VersionActKind.FORGOT):
        return f"{about} · {grouped(act.forgot)}" if act.forgot else about
    if act.kind in (VersionActKind.UNDONE, VersionActKind.DIALS):
        return word
    return f"{about} · {grouped(learned)}" if learned and class_id is not None else about


def counts_text(timeline: Timeline, published: int, rejected: int) -> str:
    """Return "42 published · 10 acts · 3 rejected"; of the whole history, as the status bar counts too."""
    count = len(timeline.acts)
    words = f"{grouped(published)} published · {grouped(count)} act{'' if count == 1 else 's'}"
    return words + (f" · {grouped(rejected)} rejected" if rejected else "")


def learned_text(counts: tuple[tuple[int, int], ...], name_of: NameOf) -> str:
    """Return "12 examples of circle and 3 of rest"."""
    parts = [(count, name_of(class_id)) for class_id, count in counts if count]
    if not parts:
        return ""
    first, name = parts[0]
    words = [f"{grouped(first)} example{'s' if first != 1 else ''} of {name}"]
    words += [f"{grouped(count)} of {other}" for count, other in parts[1:]]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def short_digest(digest: str) -> str:
    """Return the two ends of a long digest."""
    return digest if len(digest) <= 8 else f"{digest[:4]}…{digest[-2:]}"


def holds_text(counts: Mapping[int, int], name_of: NameOf) -> str:
    """Return "holds 120 examples of circle and 98 of rest", of class id → examples that a version has learned."""
    words = learned_text(tuple(counts.items()), name_of)
    return f"holds {words}" if words else "holds no example"


def details_of(
    timeline: Timeline,
    mark: Mark,
    name_of: NameOf,
    *,
    serving: int,
    pinned: int | None,
    holds: Mapping[int, int] | None = None,
) -> str:
    """Return everything there is to say of a mark, in one line; `holds` as in `holds_text`, where it is known."""
    act = timeline.acts[mark.act]
    if mark.record is not None or act.records == 1:
        went = act.kind is VersionActKind.WENT_BACK
        what = f"went {_way(timeline.acts, act)} to v{act.to_version}" if went else ""
        return record_details(timeline.record_of(mark), name_of, serving=serving, pinned=pinned, holds=holds, what=what)
    between = timeline.between(act.first - 1, act.last)
    parts = [act_title(timeline.acts, mark.act, name_of, full=True)]
    versions = _versions_of(timeline, act)
    if act.published:
        often = f"{grouped(act.published)} publish{'es' if act.published != 1 else ''}"
        parts.append(f"{versions}{_state(act.version, serving, pinned)} in {often}")
    if act.kind not in LEARNING:
        parts.append(learned_text(tuple(act.learned.most_common()), name_of))
    elif len(act.learned) > 1:
        parts.append(f"learned from {learned_text(tuple(act.learned.most_common()), name_of)}")
    parts.append(f"forgot {grouped(act.forgot)}" if act.forgot and act.kind not in LEARNING else "")
    parts.append("" if holds is None else holds_text(holds, name_of))
    parts.append(f"{grouped(between.parts)} changes of parts" if between.parts else "")
    if between.protected:
        parts.append(_protected_words(between.bits, between.max_delta))
    parts.append(f"{grouped(act.rejected)} rejected" if act.rejected else "")
    return " · ".join(part for part in parts if part)


def _versions_of(timeline: Timeline, act: VersionAct) -> str:
    first = next(
        (v for n in range(act.first, act.last + 1) if (v := timeline.record(n).version) is not None), act.version
    )
    return f"v{act.version}" if first == act.version else f"v{first}–v{act.version}"


def _state(version: int | None, serving: int, pinned: int | None) -> str:
    if version is None or version != serving:
        return ""
    return " (serving, pinned)" if pinned == version else " (serving)"


def record_details(
    record: PublishRecord,
    name_of: NameOf,
    *,
    serving: int,
    pinned: int | None,
    holds: Mapping[int, int] | None = None,
    what: str = "",
) -> str:
    """Return everything there is to say of one record, in one line; `what` happened, where its reason does not say."""
    if record.kind == RecordKind.REJECTED:
        parts = ["not published", record.reason.words, f"after v{record.parent}" if record.parent is not None else ""]
        return " · ".join(part for part in parts if part)
    if record.version is None:
        return record.reason.words or record.kind
    learned = learned_text(record.new_examples, name_of)
    if record.kind == RecordKind.LEARNED and learned:
        what = f"learned from {learned}"
    what = what or record.reason.words or record.kind
    parts = [f"v{record.version}{_state(record.version, serving, pinned)}", what]
    parts.append("" if holds is None else holds_text(holds, name_of))
    if record.waiting:
        parts.append(f"{grouped(record.waiting)} set aside then")
    if record.seq >= 0 and record.kind != RecordKind.INITIAL:
        changed = record.units_changed
        parts.append(f"{changed} part{'s' if changed != 1 else ''} changed" if changed else "no weight changed")
        parts.append(protected_text(record))
        if record.duration_ms > 0:
            parts.append(f"{record.duration_ms:.3g} ms to solve and check")
        if record.parent is not None:
            parts.append(f"parent v{record.parent}")
    if record.digest:
        parts.append(f"digest {short_digest(record.digest)}")
    return " · ".join(part for part in parts if part)


def protected_text(record: PublishRecord) -> str:
    """Say what happened to the protected answers at a publish."""
    if not record.protected:
        return "nothing protected"
    return _protected_words(record.bits_changed, record.max_delta)


def _protected_words(bits: int, max_delta: float) -> str:
    if not bits:
        return "protected: bit-identical"
    return f"protected: {grouped(bits)} bits changed, max |Δ| {max_delta:.2g}"


def compared_text(timeline: Timeline, one: Mark, other: Mark, name_of: NameOf) -> str:
    """Say what happened between two marks, from the records alone."""
    ends = sorted((one, other), key=lambda mark: timeline.record_of(mark).seq)
    versions = [timeline.version_of(mark) for mark in ends]
    numbers = [timeline.acts.number_of(v) for v in versions]
    names = " → ".join(f"v{version}" if version is not None else "a rejected one" for version in versions)
    places = [
        number if number is not None else (mark.record if mark.record is not None else timeline.acts[mark.act].last)
        for number, mark in zip(numbers, ends, strict=True)
    ]
    between = timeline.between(*places)
    published, bits = between.published, between.bits
    parts = [names, f"{grouped(published)} publish{'es' if published != 1 else ''} apart"]
    parts.append(learned_text(tuple(between.learned.most_common(4)), name_of) or "no new examples")
    parts.append(f"{grouped(between.parts)} changes of parts")
    held = between.protected
    parts.append(f"protected: {grouped(bits)} bits changed" if bits else "protected: bit-identical" if held else "")
    parts.append(f"{between.rejected} rejected" if between.rejected else "")
    parts.append(f"{between.rolled_back} rolled back" if between.rolled_back else "")
    return " · ".join(part for part in parts if part)
