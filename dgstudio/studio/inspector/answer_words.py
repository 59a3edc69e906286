"""An answer taken apart, in a sentence and as the steps of a waterfall."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from dgstudio.engine.inspection.answer_parts import AnswerParts, BankTerms, TermKind
from dgstudio.studio.bridge.inspected import BankSubject, UnitSubject
from dgstudio.studio.bridge.state import StudioState
from dgstudio.studio.inspector.waterfall import Step
from dgstudio.studio.theme.theme import Theme
from dgstudio.types import BankState, Unsure

MOST_UNITS = 9
"""Units of the base that have a step of their own; the others are one together."""
STATISTICS_TIP = (
    "What the bank would say without one of your examples: the sums over the base's training set and over all that "
    "was sealed before"
)


def rivals(parts: AnswerParts) -> tuple[int, int | None] | None:
    """Return the class that is answered, and the one that it is held against: what lies below it says, or the next."""
    said = parts.said
    if said.likeliest is None:
        return None
    below = parts.speaking.below if parts.speaking is not None else None
    if below is not None and below != said.likeliest and below in said.classes:
        return said.likeliest, below
    order = sorted(zip(said.logits.tolist(), said.classes, strict=True), reverse=True)
    return said.likeliest, next((c for _, c in order if c != said.likeliest), None)


def sentence(parts: AnswerParts, state: StudioState, theme: Theme) -> str:
    """Return who answers, why, and what the others say, as rich text."""
    said, named = parts.said, naming(state, theme)
    if said.likeliest is None:
        return "Nothing answers: no part of the model knows a class."
    who = named(said.likeliest)
    speaking = parts.speaking
    if said.unsure == Unsure.STRANGE:
        begin = f"<b>Unsure</b>: this input is near nothing that was learned. {who} would be the answer"
    elif said.unsure == Unsure.CLOSE:
        begin = f"<b>Unsure</b>: {who} leads by {said.lead:.1f} logits only"
    elif said.unsure == Unsure.UNLIKELY:
        begin = f"<b>Unsure</b>: {who} is less likely than what you ask for"
    else:
        begin = who
    if speaking is None:
        units = 0 if parts.base is None else len(parts.base.units)
        closed = [f"bank {bank.place + 1} is {bank.state.name.lower()}" for bank in parts.banks]
        others = f"; {', '.join(closed[-3:])}" if closed else ""
        return f"{begin}: the base answers with its {units} active units{others}."
    found = speaking.rests_on
    carried = ""
    if isinstance(found, BankTerms):
        share = found.by_class(said.likeliest, speaking.below if speaking.below != said.likeliest else None)
        count = int((found.class_ids == said.likeliest).sum())
        if count and share.get(said.likeliest, 0.0) > 0:
            carried = f", learned from {count} example{'s' if count != 1 else ''} of {named(said.likeliest)}"
    below = speaking.below
    over = f"; what lies below it says {named(below)}" if below is not None and below != said.likeliest else ""
    if below == said.likeliest:
        over = "; what lies below it says the same"
    sealed = " (sealed)" if speaking.sealed else ""
    return f"{begin}: bank {speaking.place + 1}{sealed} speaks{carried}{over}."


def steps(
    parts: AnswerParts, class_id: int, than: int | None, state: StudioState, feature_of_unit: Callable[[int], str]
) -> tuple[Step, ...] | str:
    """Return what adds up to the lead of a class over another, in logits; or the sentence why that cannot be had.

    Parameters
    ----------
    feature_of_unit
        The feature that a unit of the base reads most, to name it by.
    """
    speaking = parts.speaking
    if speaking is None:
        return _of_base(parts, class_id, than, state, feature_of_unit)
    found = speaking.rests_on
    if not isinstance(found, BankTerms):
        return found.sentence
    place = speaking.place
    terms = found.toward(class_id, than)
    statistics = next(term.amount for term in terms if term.kind == TermKind.STATISTICS)
    rows = [Step("all that was learned before", statistics, "base_unit", STATISTICS_TIP, subject=BankSubject(place))]
    for label, amount in sorted(found.by_class(class_id, than).items(), key=lambda item: -abs(item[1])):
        count = int((found.class_ids == label).sum())
        card = state.card(label)
        words = f"{count} example{'s' if count != 1 else ''} of {state.name_of(label)}"
        ink = card.info.colour if card is not None else "learned_unit"
        rows.append(Step(words, amount, ink, f"bank {place + 1}: {words} add this together, exactly"))
    return (*rows, _total(class_id, than, sum(term.amount for term in terms), state))


def _of_base(
    parts: AnswerParts, class_id: int, than: int | None, state: StudioState, feature_of_unit: Callable[[int], str]
) -> tuple[Step, ...] | str:
    if parts.base is None:
        return "No part of the model answers this input."
    terms = parts.base.toward(class_id, than)
    units = sorted((term for term in terms if term.kind == TermKind.UNIT), key=lambda term: -abs(term.amount))
    rows = [Step("bias", term.amount, "reserve_unit", "b₂ of the base") for term in terms if term.kind == TermKind.BIAS]
    for term in units[:MOST_UNITS]:
        reads = feature_of_unit(term.key)
        tip = f"unit {term.key} adds V·u to the lead; it reads {reads} most. Click for all of it"
        rows.append(Step(f"unit {term.key} · {reads}", term.amount, "base_unit", tip, subject=UnitSubject(term.key)))
    rest = units[MOST_UNITS:]
    if rest:
        rows.append(Step(f"{len(rest)} other units", sum(term.amount for term in rest), "base_unit"))
    return (*rows, _total(class_id, than, sum(term.amount for term in terms), state))


def _total(class_id: int, than: int | None, amount: float, state: StudioState) -> Step:
    card = state.card(class_id)
    ink = card.info.colour if card is not None else "text_muted"
    name = state.name_of(class_id)
    over = f" over {state.name_of(than)}" if than is not None else ""
    return Step(f"{name} leads{over} by" if than is not None else f"logit of {name}", amount, ink, total=True)


def naming(state: StudioState, theme: Theme) -> Callable[[int | None], str]:
    """Return what writes a class's name in its colour, as rich text."""

    def named(class_id: int | None) -> str:
        card = state.card(class_id) if class_id is not None else None
        colour = theme.readable(card.info.colour) if card is not None else theme.text_strong
        return f'<b style="color:{colour}">{escape(state.name_of(class_id))}</b>'

    return named


def bank_words(parts: AnswerParts, state: StudioState) -> str:
    """Return what each bank did on this input, in one line each."""
    lines = []
    for bank in parts.banks:
        sign = ">" if bank.r > bank.tau else "≤"
        line = f"bank {bank.place + 1}: r {bank.r:.2f} {sign} τ {bank.tau:.2f} · {bank.state.name.lower()}"
        if bank.state != BankState.CLOSED and bank.lead is not None:
            line += f" · says {state.name_of(bank.says)}, ahead of what lies below by {bank.lead:.2f}"
        lines.append(line.replace("-", "−"))
    return "\n".join(lines)
