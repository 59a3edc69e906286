"""What the twins are called that ours is compared with, and what each is."""

from __future__ import annotations

from typing import Final, NamedTuple

from dgstudio.types import TwinKind

KEEPS = "it cannot unlearn: a label that is taken back it keeps"
FORGETS = "published by its own proof; a label that is taken back it forgets too"


class TwinWords(NamedTuple):
    """Names of a twin and what it is.

    `full` is its name, `article` what goes before it; `twin` stands where it is clear that a twin is meant; `short`
    where room is short; `what` is a sentence without its full stop. Before an audience `title` heads its half, with
    `note` beside it, and sentences call it `subject`.
    """

    full: str
    twin: str
    short: str
    what: str
    title: str
    note: str
    subject: str
    article: str = "a "

    @property
    def with_article(self) -> str:
        """The name in a sentence."""
        return self.article + self.full


def _ours(how: str, note: str, what: str) -> TwinWords:
    """Our own model, that learns `how`."""
    return TwinWords(
        f"our own model ({how})",
        f"ours, {how}",
        f"ours, {how}",
        f"Our own model on the same stream and {what}",
        f"Ours, {how}",
        note,
        f"ours with {how}",
        article="",
    )


TWIN_WORDS: Final = {
    TwinKind.IN_PLACE: TwinWords(
        "conventional twin (written in place)",
        "twin, written in place",
        "in place",
        f"A conventional network on the same stream and labels, written while it is read; {KEEPS}",
        "A conventional network",
        "same labels, same stream",
        "the conventional network",
    ),
    TwinKind.SWAP: TwinWords(
        "conventional twin (published by swap)",
        "twin, published by swap",
        "by swap",
        f"A conventional network on the same stream and labels, published whole, as ours is; {KEEPS}",
        "A conventional network",
        "same labels, published whole",
        "the conventional network",
    ),
    TwinKind.REPLAY: TwinWords(
        "conventional twin (with replay)",
        "twin, with replay",
        "replay",
        "A conventional network on the same stream and labels, half of each step rehearsing the protected inputs, "
        f"class by class, published whole; {KEEPS}",
        "With rehearsal",
        "old inputs in every step",
        "the network that rehearses",
    ),
    TwinKind.OURS_ROUTING: _ours(
        "routing only",
        "learning which units answer",
        f"labels, learning which units and banks answer and nothing of what they say; {FORGETS}",
    ),
    TwinKind.OURS_WEIGHTS: _ours(
        "weights only",
        "learning what units compute",
        f"labels, learning what units and banks say and nothing of which of them answer; {FORGETS}",
    ),
    TwinKind.OURS_BOTH: _ours(
        "routing and weights",
        "learning while it answers",
        f"labels, learning which units and banks answer and what they say; {FORGETS}",
    ),
    TwinKind.OURS_OFF: _ours(
        "learning off", "answering, not learning", "no labels: as it was to begin with, and nothing is learned"
    ),
}
