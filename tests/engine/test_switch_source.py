"""Another source takes the place of the one that is answered, while the engine runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from waiting import wait_until

from dgstudio.engine.lifecycle.stream_config import stream_for
from dgstudio.errors import BadInputError, StreamError
from dgstudio.streams.condition import Lamp
from dgstudio.streams.marks import Mark, MarkQueue
from dgstudio.streams.source_fit import change_for, why_unfit
from dgstudio.types import UNKNOWN_TRUTH, StreamKind, StreamSpec

Rigs = Callable[..., Any]


def other_tape(rig: Any, **changes: Any) -> Any:
    return type(rig.tape)(replace(rig.tape.spec, name="another", **changes))


def play(rig: Any, tape: Any, activity: str) -> None:
    before = rig.engine.ring.total
    tape.put(rig.motions.takes[activity][0])
    wait_until(lambda: rig.engine.infer.done == before + len(rig.motions.takes[activity][0]), "its answers")


def test_the_stream_goes_on_after_a_break_and_what_was_learned_stays(rigs: Rigs) -> None:
    rig = rigs()
    rig.teach("Badminton", "Badminton", 3)
    engine, before = rig.engine, rig.engine.ring.total
    last = engine.ring.time(before - 1)
    tape = other_tape(rig)
    engine.switch_source(tape)
    play(rig, tape, "Badminton")
    assert rig.tape.closed == 1 and tape.opened == 1 and engine.source is tape
    assert list(engine.ring.breaks)[-1] == before
    times = [engine.ring.time(sample) for sample in range(before, engine.ring.total)]
    assert times[0] > last and np.allclose(np.diff(times), 1 / rig.tape.spec.rate)
    assert engine.input.first == before and engine.input.shift == pytest.approx(times[0] - 1 / rig.tape.spec.rate)
    answers = [reading for reading in engine.lane.readings.since(0)[0] if reading.start >= times[0]]
    assert rig.share_of("Badminton", answers) > 0.8
    rig.check_all()
    said = rig.heard("stream found").sentence
    assert said == "The stream comes from another now, and no more from basic_motions."
    # And back, to a source that was closed.
    engine.switch_source(rig.tape)
    rig.tape.sent = engine.ring.total
    play(rig, rig.tape, "Walking")
    assert rig.tape.opened == 2 and tape.closed == 1


def test_labels_go_to_the_source_that_is_there(rigs: Rigs) -> None:
    rig = rigs()
    rig.play("Walking")
    info = rig.engine.labels.add_class("mine")
    rig.engine.labels.press_class(info.id)
    tape = other_tape(rig)
    rig.engine.switch_source(tape)
    # What was held ends: nobody means the other source by it.
    assert rig.engine.labels.held is None
    play(rig, tape, "Running")
    reading = rig.engine.lane.readings.newest
    rig.engine.labels.label_span(info.id, reading.start, reading.end)
    rig.settle()
    assert [take.source for take in rig.engine.session.takes()][-1] == "another"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"channels": ("a", "b")}, "it has 2 channels, and this session has 6"),
        ({"channels": tuple("abcdef")}, "its channels are a, b, c, d, e, f, and those of this session"),
        ({"rate": 4.0}, "it gives 4 samples a second, too few for this session, which was made with 10"),
        ({"kind": StreamKind.IMAGE}, "it is pictures, and this session has learned from a signal"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_present_source_goes_on(
    rigs: Rigs, changes: dict[str, Any], why: str
) -> None:
    rig = rigs()
    rig.play("Walking")
    with pytest.raises(BadInputError, match="“another” cannot go on in this session: " + why):
        rig.engine.switch_source(other_tape(rig, **changes))
    assert rig.engine.source is rig.tape
    rig.play("Walking")


def test_a_quicker_source_of_other_windows_goes_on_at_the_pace_of_the_session(rigs: Rigs) -> None:
    rig = rigs()
    rig.teach("Badminton", "Badminton", 3)
    engine, made = rig.engine, rig.engine.spec
    tape = other_tape(rig, rate=2 * made.rate, window_s=1.0, hop_s=0.5, speed=2.0, features="theirs")
    engine.switch_source(tape)
    take = rig.motions.takes["Badminton"][0]
    before = engine.ring.total
    # Twice as many samples a second of the same movement, in blocks as they come.
    quick = np.empty((2 * len(take) - 1, take.shape[1]), np.float32)
    quick[::2], quick[1::2] = take, (take[:-1] + take[1:]) / 2
    for part in np.array_split(quick, 7):
        tape.put(part)
    wait_until(lambda: engine.infer.done == before + len(take), "its answers")
    times, values = engine.ring.window(before, engine.ring.total)
    assert np.allclose(values, take, atol=1e-6) and np.allclose(np.diff(times), 1 / made.rate)
    assert rig.share_of("Badminton", [r for r in engine.lane.readings.since(0)[0] if r.start >= times[0]]) > 0.8
    assert (engine.spec.name, engine.spec.rate, engine.spec.window) == ("another", made.rate, made.window)
    assert rig.heard("stream found").sentence.endswith("Its 20 samples a second are brought to this session's 10.")
    rig.check_all()
    # The session is opened again with it, as it went on.
    assert stream_for(engine.session, tape.spec).window == made.window


def test_values_and_signals_go_on_in_sessions_of_the_other_kind() -> None:
    values = StreamSpec("osc", StreamKind.VALUES, 100.0, ("a", "b"), 0.1, 0.1)
    signal = StreamSpec("phone", StreamKind.SIGNAL, 50.0, ("a", "b"), 1.0, 0.02)
    assert why_unfit(values, replace(values, rate=20.0, window_s=0.5)) is None
    assert why_unfit(values, signal) is why_unfit(signal, values) is None
    assert change_for(values, values) == change_for(signal, replace(signal, window_s=2.0)) == ""
    assert change_for(values, signal) == "Each of its samples is an input, as in this session."
    assert change_for(signal, values) == "What it sends is brought to 50 samples a second, as in this session."
    assert change_for(signal, replace(signal, rate=40.0)) == (
        "Its 40 samples a second are brought to this session's 50, with nothing quicker in them."
    )


def test_a_lost_source_is_left_and_another_that_is_lost_is_tried_again(rigs: Rigs, quick_retry: None) -> None:
    rig = rigs()
    rig.play("Walking")
    rig.tape.failing = StreamError("the cable is out")
    rig.heard("stream lost")
    tape = other_tape(rig)
    tape.failing = StreamError("no board")
    rig.engine.switch_source(tape)
    wait_until(lambda: tape.opened > 2, "tries")
    assert rig.engine.input.condition().lamp is Lamp.RETRYING
    tape.failing = None
    play(rig, tape, "Walking")
    assert rig.engine.input.condition().lamp is Lamp.RECEIVING


def test_marks_of_the_other_source_are_placed_in_the_stream(rigs: Rigs) -> None:
    rig = rigs()
    rig.play("Walking")
    engine = rig.engine
    tape = other_tape(rig)
    tape.marks, tape.marks_wanted = MarkQueue(), True
    engine.switch_source(tape)
    play(rig, tape, "Running")
    tape.marks.put(Mark(1.0, "marked"))
    tape.marks.put(Mark(6.0, None))
    engine.marks.carry_out()
    rig.settle()
    take = engine.session.takes()[-1]
    assert take.start == pytest.approx(1.0 + engine.input.shift) and engine.marks.carried_out == 2


def test_truth_of_another_kind_is_not_asked_for(rigs: Rigs) -> None:
    rig = rigs()
    truth = np.zeros(100, np.int16)
    tape = other_tape(rig, truth_names=("x",))
    rig.engine.switch_source(tape)
    tape.put(rig.motions.takes["Walking"][0], truth=truth)
    wait_until(lambda: rig.engine.ring.total == 100, "the take")
    assert (rig.engine.ring.truth(0, 100) == UNKNOWN_TRUTH).all()
