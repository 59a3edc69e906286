"""What is said of a recorded answer that is another one now, and of a version that is not learned again."""

from typing import Any

import numpy as np
import pytest

from dgstudio.engine.recording import differences, unlearned
from dgstudio.engine.recording.differences import (
    OtherAnswer,
    OtherClasses,
    OtherFeatures,
    OtherGate,
    OtherLogit,
    OtherRoute,
    OtherSnapshot,
    ReceiptsUnordered,
    Rows,
    RowsDamaged,
    RowsMissing,
    RowsUncounted,
    VersionLost,
    WindowMissing,
)
from dgstudio.engine.recording.replay import Difference
from dgstudio.engine.recording.unlearned import (
    ExamplesNotThere,
    Needed,
    NoCopy,
    NoRecipe,
    NotKept,
    NotReadable,
    OtherDigest,
    OtherSums,
    VersionNotThere,
)
from dgstudio.reasons.reason import Reason
from dgstudio.types import BankState

DIFFERENCES: list[tuple[Reason, str]] = [
    (RowsDamaged(Rows.RECEIPT, 40), "the 40 receipts from here on have other bytes than were written"),
    (RowsDamaged(Rows.SAMPLE, 1, 7), "the 1 sample from number 7 on has other bytes than were written"),
    (RowsMissing(Rows.SAMPLE, 40, 80), "the 40 samples from number 80 on are not in the file"),
    (RowsMissing(Rows.RECEIPT, 1), "the 1 receipt from here on is not in the file"),
    (RowsUncounted(Rows.RECEIPT, 3, lost=False), "3 receipts at its beginning or end are not in the file"),
    (RowsUncounted(Rows.SAMPLE, 1, lost=True), "1 of its samples is not in the file"),
    (ReceiptsUnordered(), "its receipts are out of order"),
    (WindowMissing(), "the samples of its window are not in the file"),
    (VersionLost("Version 3 is damaged."), "its version cannot be served again (Version 3 is damaged.)"),
    (
        OtherSnapshot("a" * 64, 3, "b" * 64),
        "its receipt names the snapshot aaaaaaaa, and v3 is bbbbbbbb",
    ),
    (OtherClasses((0, 1), (0, 2)), "it had logits of the classes (0, 1), and has them of (0, 2) now"),
    (
        OtherLogit("walk", np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1))),
        "the logit of walk was 0.1, and is 0.10000001 now",
    ),
    (OtherFeatures("aa", "bb"), "its features have the digest aa in the receipt, and bb now"),
    (OtherGate(7, then_active=True), "unit 7 was active, and is the other now"),
    (OtherGate(7, then_active=False), "unit 7 was not active, and is the other now"),
    (OtherRoute(0, BankState.CLOSED, BankState.SPEAKING), "bank 1 was closed, and is speaking now"),
    (OtherAnswer("walk", "run"), "the answer was walk, and is run now"),
    (OtherAnswer("walk", None), "the answer was walk, and is “unsure” now"),
]
UNLEARNED: list[tuple[Reason, str]] = [
    (
        NoRecipe(NotKept.GRADIENT_STEPS),
        "the gradient rule has moved its base, step by step, and the steps are not kept",
    ),
    (ExamplesNotThere(1, 5), "its example number 5 is not in the session"),
    (ExamplesNotThere(3, 5), "3 of its examples are not in the session, number 5 for one"),
    (VersionNotThere(Needed.COPIED, kept=False), "the version that it copies is not in the session any more"),
    (VersionNotThere(Needed.SEALED, kept=True), "the version that was sealed cannot be restored"),
    (OtherDigest("a" * 64, "b" * 64), "it is aaaaaaaa, and bbbbbbbb now"),
    (NoCopy(3), "it is not what v3 is, which it is said to copy"),
    (OtherSums(there=False), "it has no sums"),
    (OtherSums(there=True), "its sums, into which the examples were folded, are others now"),
    (NotReadable("It is damaged."), "It is damaged."),
]


@pytest.mark.parametrize(("why", "words"), DIFFERENCES + UNLEARNED)
def test_each_has_words_and_can_be_counted(why: Reason, words: str) -> None:
    assert why.words == words and {why: 1}[why] == 1


@pytest.mark.parametrize(("module", "tried"), [(differences, DIFFERENCES), (unlearned, UNLEARNED)])
def test_each_has_been_tried(module: Any, tried: list[tuple[Reason, str]]) -> None:
    kinds = {kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Reason)}
    assert kinds - {Reason} == {type(why) for why, _ in tried}


@pytest.mark.parametrize("lacks", NotKept)
def test_whatever_is_not_kept_has_words(lacks: NotKept) -> None:
    assert NoRecipe(lacks).words


def test_a_difference_names_its_place() -> None:
    there = Difference(0, 12, 1.5, 3, WindowMissing())
    assert there.sentence == (
        "Hop 12 at 1.500 s (stretch 1, answered by v3): the samples of its window are not in the file."
    )
    assert Difference(1, 12, None, None, ReceiptsUnordered()).sentence == (
        "Hop 12 (stretch 2): its receipts are out of order."
    )
