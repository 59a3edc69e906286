"""The comparison of two versions, in sentences and as the steps of a waterfall."""

from __future__ import annotations

from html import escape

from dgstudio.engine.inspection.answer_parts import AnswerParts
from dgstudio.engine.inspection.comparing.comparison import Comparison
from dgstudio.engine.inspection.comparing.population import AllCompared, AnswersMoved
from dgstudio.engine.inspection.comparing.version_difference import LearnedDifference
from dgstudio.engine.runtime.metrics import UNSURE
from dgstudio.studio.bridge.inspected import UnitSubject
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.inspector.answer_words import naming
from dgstudio.studio.inspector.waterfall import Step
from dgstudio.studio.theme.format import grouped, percent
from dgstudio.studio.theme.theme import Theme

NBSP = "\N{NO-BREAK SPACE}"
MOST_FLOWS = 3
MOST_UNITS = 5


def rival_classes(found: Comparison) -> tuple[int, int] | None:
    """Return the class that B answers, and the one that A did; where they agree, the strongest other one of A."""
    before, after = found.before.said, found.after.said
    if before.likeliest is None or after.likeliest is None:
        return None
    if before.likeliest != after.likeliest and before.likeliest in found.classes and after.likeliest in found.classes:
        return after.likeliest, before.likeliest
    order = sorted(zip(before.logits.tolist(), before.classes, strict=True), reverse=True)
    other = next((c for _, c in order if c != after.likeliest and c in found.classes), None)
    return None if other is None or after.likeliest not in found.classes else (after.likeliest, other)


def headline(found: Comparison, state: StudioState, theme: Theme) -> str:
    """Return what became of the input between A and B, and how much of it was routing and how much weights."""
    named = naming(state, theme)
    before, after = found.before.said, found.after.said
    if found.identical:
        return f"A and B answer this input the same, <b>to the last bit</b>: {named(after.likeliest)}."
    went = f"this input went from {_said(found.before, state, theme)} to {_said(found.after, state, theme)}"
    if before.top == after.top:
        went = f"this input stayed {_said(found.after, state, theme)}, with other bits"
    pair = rival_classes(found)
    if pair is None:
        unknown = after.likeliest is not None and after.likeliest not in before.classes
        return f"Between A and B {went}{', a class that A does not know' if unknown else ''}."
    routing, weights = _parts(found, *pair)
    size = abs(routing) + abs(weights)
    if not size:
        return f"Between A and B {went}."
    shares = [
        (abs(routing) / size, f"because {_routing_words(found)}"),
        (abs(weights) / size, f"because {_weight_words(found, state)}"),
    ]
    told = [
        f"<b>{percent(share).replace(' ', NBSP)}</b> {why}"
        for share, why in sorted(shares, reverse=True)
        if share >= 0.005
    ]
    return f"Between A and B {went}: {', '.join(told)}."


def _said(parts: AnswerParts, state: StudioState, theme: Theme) -> str:
    named, said = naming(state, theme), parts.said
    return named(said.top) if said.top is not None else f"unsure ({named(said.likeliest)})"


def _parts(found: Comparison, class_id: int, than: int) -> tuple[float, float]:
    a, b = found.classes.index(class_id), found.classes.index(than)
    return (
        float(found.routing[a] - found.routing[b]),
        float(found.representation[a] - found.representation[b]),
    )


def _routing_words(found: Comparison) -> str:
    parts = []
    flips = len(found.gates_opened) + len(found.gates_closed)
    before, after = found.before.said.speaker, found.after.said.speaker
    if before != after:
        parts.append(f"bank {after + 1} speaks now" if after >= 0 else f"bank {before + 1} speaks no more")
    if flips:
        parts.append(f"{flips} gate{'s' if flips != 1 else ''} flipped")
    return " and ".join(parts) or "of the gates"


def _weight_words(found: Comparison, state: StudioState) -> str:
    learned = found.learned.by_class
    if learned:
        told = ", ".join(f"{count} of {escape(state.name_of(c))}" for c, count in list(learned.items())[:3])
        count = sum(learned.values())
        return f"{count} example{'s were' if count != 1 else ' was'} learned ({told})"
    if found.learned.forgotten:
        count = len(found.learned.forgotten)
        return f"{count} example{'s were' if count != 1 else ' was'} taken back"
    if found.learned.relabelled:
        return f"{len(found.learned.relabelled)} examples have another label"
    moved = len(found.units_moved)
    return f"the weights of {moved} active units moved" if moved else "weights moved"


def steps(found: Comparison, state: StudioState) -> tuple[Step, ...]:
    """Return how the lead of B's class over A's came about: A's lead, routing, weights, B's lead; in logits."""
    pair = rival_classes(found)
    if pair is None:
        return ()
    class_id, than = pair
    name, other = state.name_of(class_id), state.name_of(than)
    routing, weights = _parts(found, class_id, than)
    rows = [Step(f"A v{found.before.said.version}: {name} − {other}", _lead(found.before, *pair), "text_muted")]
    base = found.base
    inside = base is not None and found.before.said.speaker < 0 and found.after.said.speaker < 0
    if base is not None and inside and class_id in base.classes and than in base.classes:
        a, b = base.classes.index(class_id), base.classes.index(than)
        ordered = sorted(
            base.units, key=lambda u: -abs((u.routing + u.representation)[a] - (u.routing + u.representation)[b])
        )
        for unit in ordered[:MOST_UNITS]:
            did = "opened" if unit.opened else "closed" if unit.closed else "other weights"
            amount = float((unit.routing + unit.representation)[a] - (unit.routing + unit.representation)[b])
            ink = "warning" if unit.opened or unit.closed else "base_unit"
            if amount:
                rows.append(Step(f"unit {unit.unit} · {did}", amount, ink, subject=UnitSubject(unit.unit)))
        rest = routing + weights - sum(step.amount for step in rows[1:])
        rows.append(Step("all other units", rest, "base_unit"))
    else:
        rows.append(Step("who answers (routing)", routing, "warning", _routing_words(found)))
        rows.append(Step("with what (weights)", weights, "base_unit", _weight_words(found, state)))
    card = state.card(class_id)
    ink = card.info.colour if card is not None else "text_muted"
    label = f"B v{found.after.said.version}: {name} − {other}"
    return (*rows, Step(label, _lead(found.after, *pair), ink, total=True))


def _lead(parts: AnswerParts, class_id: int, than: int) -> float:
    said = parts.said
    return float(said.logits[said.classes.index(class_id)] - said.logits[said.classes.index(than)])


def weights_words(found: Comparison, state: StudioState) -> str:
    """Return which weights of the two versions differ."""
    weights = found.weights
    places = {bank.bank_id: bank.place for parts in (found.before, found.after) for bank in parts.banks}
    if weights.nothing:
        return "no weight differs"
    parts = []
    if weights.other_base:
        parts.append("another base altogether")
    elif weights.base_untouched:
        parts.append("base untouched")
    else:
        parts.append(f"{len(weights.units)} units and {len(weights.gates)} gates of the base")
    for bank in weights.banks:
        name = f"bank {places.get(bank.bank_id, bank.bank_id) + 1}"
        if bank.added or bank.removed:
            parts.append(f"{name} {'is new' if bank.added else 'is gone'}")
            continue
        what = ["router"] if bank.router else []
        what += (
            [f"read-out of {len(bank.readout)} class{'es' if len(bank.readout) != 1 else ''}"] if bank.readout else []
        )
        what += ["τ or δ"] if bank.dials else []
        what += ["sealed"] if bank.sealed else []
        if what:
            parts.append(f"{name}: {', '.join(what)}")
    parts += ["normaliser"] if weights.normaliser else []
    parts += [f"class {state.name_of(c)} added" for c in weights.classes_added]
    parts += [f"{state.name_of(c)} removed" for c in weights.classes_removed]
    return " · ".join(parts)


def learned_words(learned: LearnedDifference, state: StudioState) -> str:
    """Return which examples were learned between the two versions, taken back or relabelled."""
    parts = [f"{count} of {state.name_of(c)}" for c, count in learned.by_class.items()]
    told = f"learned {', '.join(parts)}" if parts else ""
    more = [told] if told else []
    if learned.forgotten:
        more.append(f"{len(learned.forgotten)} taken back")
    if learned.relabelled:
        more.append(f"{len(learned.relabelled)} relabelled")
    return " · ".join(more) or "nothing was learned in between"


def rows_of(found: AllCompared, state: StudioState, theme: Theme) -> list[tuple[str, str]]:
    """Return (what, what became of it) for protected inputs, examples and live inputs, as rich text."""
    named = naming(state, theme)
    rows = []
    for name, moved in (
        ("protected inputs", found.protected),
        ("your examples", found.examples),
        ("live, last 30 s", found.live),
    ):
        rows.append((name, _moved_words(moved, named, theme)))
    return rows


def _moved_words(moved: AnswersMoved, named: object, theme: Theme) -> str:
    total, changed = len(moved.inputs), int(moved.changed.sum())
    same = int(moved.identical.sum())
    if not total:
        return "there are none"
    if same == total:
        return f'<b style="color:{theme.good}">bit-identical, all {grouped(total)}</b>'
    begin = f"{grouped(same)} of {grouped(total)} bit-identical"
    if not changed:
        return f"no answer changed · {begin}"
    assert callable(named)
    flows: dict[tuple[int, int], int] = {}
    for flow in moved.flows:
        key = flow.before, flow.after
        flows[key] = flows.get(key, 0) + flow.count
    ordered = sorted(flows.items(), key=lambda item: -item[1])
    told = [f"{_class(a, named)} → {_class(b, named)} {grouped(count)}" for (a, b), count in ordered[:MOST_FLOWS]]
    more = f" · {len(ordered) - MOST_FLOWS} more kinds" if len(ordered) > MOST_FLOWS else ""
    return f"<b>{grouped(changed)} changed</b>: {' · '.join(told)}{more} · {begin}"


def _class(class_id: int, named: object) -> str:
    assert callable(named)
    return "unsure" if class_id == UNSURE else str(named(class_id))
