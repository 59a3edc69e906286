"""What the twins are called that ours is compared with, and what each is."""

from __future__ import annotations

from typing import Final, NamedTuple

from dgstudio.types import TwinKind


class TwinWords(NamedTuple):
    """Names of a twin and what it is.

    `full` is its name; `twin` stands where it is clear that a twin is meant; `short` where room is short; `what` is a
    sentence without its full stop. Before an audience `title` heads its half, with `note` beside it, and sentences call
    it `subject`.
    """

    full: str
    twin: str
    short: str
    what: str
    title: str
    note: str
    subject: str


TWIN_WORDS: Final = {
    TwinKind.IN_PLACE: TwinWords(
        "conventional twin (written in place)",
        "twin, written in place",
        "in place",
        "A conventional network on the same stream and labels, written while it is read; it cannot unlearn: a label "
        "that is taken back it keeps",
        "A conventional network",
        "same labels, same stream",
        "the conventional network",
    ),
    TwinKind.SWAP: TwinWords(
        "conventional twin (published by swap)",
        "twin, published by swap",
        "by swap",
        "A conventional network on the same stream and labels, published whole, as ours is; it cannot unlearn: a label "
        "that is taken back it keeps",
        "A conventional network",
        "same labels, published whole",
        "the conventional network",
    ),
    TwinKind.REPLAY: TwinWords(
        "conventional twin (with replay)",
        "twin, with replay",
        "replay",
        "A conventional network on the same stream and labels, half of each step rehearsing the protected inputs, "
        "class by class, published whole; it cannot unlearn: a label that is taken back it keeps",
        "With rehearsal",
        "old inputs in every step",
        "the network that rehearses",
    ),
}
