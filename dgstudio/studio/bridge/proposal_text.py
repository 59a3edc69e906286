"""What is said of another model before the user switches to it: a new base, or one rebuilt without some examples."""

from __future__ import annotations

from collections.abc import Callable

from dgstudio.learning.learner.training.consolidation import Comparison
from dgstudio.learning.learner.training.unlearning import Rebuild
from dgstudio.studio.bridge.state import Proposal, ProposalKind
from dgstudio.studio.theme.format import grouped, percent


def of_new_base(comparison: Comparison, name_of: Callable[[int], str]) -> Proposal:
    """A trained base beside the present model."""
    it = comparison
    words = []
    if it.accuracy is not None and it.new_accuracy is not None:
        words.append(
            f"Both answered {_count(it.held_out, 'example')} that the new base has not seen; "
            "the present model has learned them, which favours the present model."
        )
    else:
        words.append("There were too few examples to hold some back, so how well it generalises is not known.")
    if it.flips:
        which = ", ".join(f"{count} of {name_of(class_id)}" for class_id, count in it.flipped)
        words.append(f"{it.flips} of {_count(it.protected, 'protected input')} would get another answer: {which}.")
    elif it.protected:
        words.append(f"All {_count(it.protected, 'protected input')} would keep their answers, with other numbers.")
    if it.left:
        words.append(f"{_count(it.left, 'example')} that it gets wrong would be learned again on top of it.")
    if it.left_out:
        words.append(f"It does not know {', '.join(it.left_out)}, for want of examples; these are learned above it.")
    words.append("The present model stays a version that you can roll back to.")
    share = it.flips / it.protected if it.protected else 0.0
    figures = (
        ("right on held-out examples", _percent(it.accuracy), _percent(it.new_accuracy)),
        ("multiply–accumulates an answer", grouped(round(it.macs)), grouped(round(it.new_macs))),
        ("banks above the base", str(it.banks), "0"),
        ("protected answers with another class", "–", f"{it.flips} ({percent(share, 1)})"),
        ("largest change of their probabilities", "–", f"{it.max_change:.2f}"),
    )
    title = f"A new base from {_count(it.trained, 'example')}"
    return Proposal(ProposalKind.NEW_BASE, title, tuple(words), figures, "Switch to it", "Keep the present one")


def of_rebuild(rebuild: Rebuild, name_of: Callable[[int], str]) -> Proposal:
    """The model without some sealed examples."""
    moved = rebuild.moved
    figures = (
        ("sealed banks made anew", "–", str(rebuild.banks)),
        ("examples learned anew", "–", grouped(rebuild.learned)),
        ("protected answers that move", "–", f"{moved.inputs} of {moved.checked}"),
        ("of these with another class", "–", str(moved.flips)),
        ("versions since then, which stay", "–", grouped(rebuild.versions)),
    )
    words = rebuild.words(name_of)
    title = f"Rebuild without {_count(len(rebuild.ids), 'example')}"
    return Proposal(ProposalKind.REBUILD, title, words, figures, "Rebuild", "Keep them in", ("", ""))


def _count(number: int, what: str) -> str:
    return f"{grouped(number)} {what}{'' if number == 1 else 's'}"


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share, 1)
