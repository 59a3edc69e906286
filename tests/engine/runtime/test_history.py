"""The history of publishes, whose older records are packed."""

import random
import threading
from dataclasses import replace

import pytest

from dgstudio.engine.runtime.history import BLOCK, OPEN, History
from dgstudio.reasons.published import LearnedFrom
from dgstudio.types import PublishRecord


def some(count, first=0):
    rng = random.Random(first)
    return [
        PublishRecord(
            seq, "learned" if seq % 100 else "class added", seq + 1, seq, LearnedFrom((("circle", 3),)),
            rng.random(), rng.random(),
            digest=f"{rng.getrandbits(128):032x}", new_examples=((seq % 3, 2),),
            routing_delta=rng.random() if seq % 2 else None, live_causes=((1, rng.random()),),
        )
        for seq in range(first, first + count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, BLOCK, OPEN - 1, OPEN, OPEN + 1, 5 * BLOCK + 7])
def test_what_comes_out_is_what_went_in(count):
    records = some(count)
    history = History(records)
    assert len(history) == count and list(history) == records and list(reversed(history)) == records[::-1]
    for span in (slice(None), slice(3, -2), slice(BLOCK - 1, BLOCK + 1), slice(0, None, 7), slice(9, 2)):
        assert history[span] == records[span]
    for number in (0, count // 2, count, count + 5):
        assert history.since(number) == (records[number:], count)
    for place in {0, count - 1, count // 2, -1, -count} if count else ():
        assert history[place] == records[place]
    assert history.special == [record for record in records if record.kind == "class added"]


@pytest.mark.parametrize("place", [3, -4, 10**9])
def test_a_place_that_is_not_there_is_refused(place):
    with pytest.raises(IndexError, match="There is no record"):
        History(some(3))[place]


def test_readers_see_every_record_once_while_it_grows():
    records = some(12 * BLOCK)
    history, seen, number = History(), [], 0
    writer = threading.Thread(target=history.extend, args=(records,))
    writer.start()
    while number < len(records):
        new, number = history.since(number)
        seen += new
        assert len(list(history)) >= number
    writer.join()
    assert seen == records


def test_hours_of_labelling_do_not_add_up():
    history = History(some(20 * BLOCK))
    packed = sum(len(block) for block in history._blocks)
    assert len(history._open) < OPEN and packed < 160 * len(history)


def test_what_is_special_is_at_hand_however_old(monkeypatch):
    records = some(9 * BLOCK)
    history = History(records)
    monkeypatch.setattr(History, "_between", None)
    assert [history[place] for place in range(0, len(records), 100)] == history.special


def test_looking_far_back_unpacks_only_what_is_there(monkeypatch):
    records = [replace(record, time=float(place)) for place, record in enumerate(some(9 * BLOCK))]
    history, unpacked = History(records), []
    block = History._block
    monkeypatch.setattr(History, "_block", lambda self, *at: (unpacked.append(at[0]), block(self, *at))[1])
    found = [record for record in history.back_from(1.5 * BLOCK) if record.time <= 1.5 * BLOCK]
    assert found == records[: BLOCK + BLOCK // 2 + 1][::-1] and set(unpacked) <= {0, 1, 8}
    assert list(history.back_from(float("inf"))) == records[::-1]


def test_looking_back_ends_where_an_earlier_run_ended():
    records = [replace(record, time=float(place)) for place, record in enumerate(some(9 * BLOCK))]
    history = History(records)
    for first in (0, 3, BLOCK, 5 * BLOCK - 1, 9 * BLOCK - 2, 9 * BLOCK, 9 * BLOCK + 5):
        assert list(history.back_from(float("inf"), first)) == records[first:][::-1]
