"""The controls: a conventional network published by swap, and the same written into the arrays that are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from dgstudio.learning.rules import conventional
from dgstudio.learning.rules.conventional import ConventionalTwin, InPlaceTwin, TwinStart
from dgstudio.learning.rules.dense import Adam, DenseWeights, batch_logits, gradient, logits_of, softmax
from dgstudio.model.base_model_file import BaseModel
from dgstudio.types import Example

Label = Callable[..., list[Example]]
Inputs = Callable[..., np.ndarray]


@pytest.fixture
def raw(inputs: Inputs) -> np.ndarray:
    row: np.ndarray = inputs(1, 1, seed=9)[0]
    return row


class Interrupted:
    """Stands in for the kernel: lets something happen while a read has begun and not ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Callable[[], Any]], Any]) -> None:
        self._happens: Callable[[Callable[[], Any]], Any] | None = happens
        monkeypatch.setattr(conventional, "logits_of", self)

    def __call__(self, weights: DenseWeights, x: np.ndarray) -> np.ndarray:
        happens, self._happens = self._happens, None
        if happens is None:
            return logits_of(weights, x)
        result: np.ndarray = happens(lambda: logits_of(weights, x))
        return result


# -- the dense network ------------------------------------------------------------------------------------------------


def test_the_gradient_is_that_of_the_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((5, 4), (5,), (5, 3), (3,))]
    X, columns = rng.normal(size=(6, 4)), rng.integers(0, 3, 6)

    def loss(flat: np.ndarray) -> float:
        parts = np.split(flat, np.cumsum([a.size for a in arrays])[:-1])
        weights = DenseWeights(*(p.reshape(a.shape) for p, a in zip(parts, arrays, strict=True)), (0, 1, 2))
        return float(-np.log(softmax(batch_logits(weights, X))[np.arange(6), columns]).mean())

    flat = np.concatenate([a.ravel() for a in arrays])
    found = np.concatenate([g.ravel() for g in gradient(DenseWeights(*arrays, (0, 1, 2)), X, columns)])
    np.testing.assert_allclose(found, approx_fprime(flat, loss, 1e-7), atol=1e-5)


def test_adam_moves_each_number_by_its_rate_at_first_and_grows_with_the_classes() -> None:
    adam = Adam(rate=0.01)
    (moved,) = adam.displacement((np.array([[2.0, -0.1]], np.float32),))
    np.testing.assert_allclose(moved, [[-0.01, 0.01]], rtol=1e-4)
    (moved,) = adam.displacement((np.array([[2.0, -0.1, 5.0]], np.float32),))
    assert moved.shape == (1, 3) and moved[0, 2] < 0


def test_one_kernel_serves_and_judges_and_agrees_with_the_batch(base: BaseModel, inputs: Inputs) -> None:
    weights = DenseWeights(*(np.array(a) for a in base.dense), tuple(base.classes))
    X = base.normaliser(inputs(1, 20))
    singles = np.array([logits_of(weights, x) for x in X])
    np.testing.assert_allclose(singles, batch_logits(weights, X), atol=1e-4)
    np.testing.assert_allclose(softmax(singles).sum(1), 1, atol=1e-6)
    assert softmax(np.zeros(0, np.float32)).shape == (0,)


# -- published by swap ------------------------------------------------------------------------------------------------


def test_swapping_gives_whole_versions_only(
    base: BaseModel, label: Label, raw: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even an answer that learning overtakes is one of a version: the one that it began with."""
    twin = ConventionalTwin(TwinStart.of_base(base), steps_per_example=3)
    before = twin.read(raw)
    assert before.state == "version" and twin.versions == 1 and twin.classes == (0, 1, 2)

    def learn_meanwhile(go_on: Callable[[], Any]) -> Any:
        twin.absorb(label(3, 4))
        return go_on()

    Interrupted(monkeypatch, learn_meanwhile)
    during = twin.read(raw)
    assert during.state == "version" and during.classes == (0, 1, 2)
    assert during.logits.tobytes() == before.logits.tobytes()
    after = twin.read(raw)
    assert after.state == "version" and after.classes == (0, 1, 2, 3)
    assert after.logits[:3].tobytes() != before.logits.tobytes()
    np.testing.assert_allclose(after.probabilities, softmax(after.logits))

    Interrupted(monkeypatch, learn_meanwhile)
    assert twin.read(raw).logits.tobytes() == after.logits.tobytes(), "no array that is served is written into"
    assert twin.read(raw).logits.tobytes() != after.logits.tobytes()
    assert twin.versions == 4, "the class was born, and two blocks were learned"
    assert twin.count_unattributed() == 0


def test_it_learns_the_new_class_and_disturbs_protected_answers(base: BaseModel, label: Label, inputs: Inputs) -> None:
    twin = ConventionalTwin(TwinStart.of_base(base), rate=0.01)
    assert twin.protected_change() == (len(base.protected), (), 0.0)
    changes = []
    for place in range(3):
        twin.absorb(label(3, 10, first=20 * place, seed=place))
        changes.append(twin.protected_change().largest)
    assert changes == sorted(changes) and changes[0] > 1e-3
    answers = [twin.read(row) for row in inputs(3, 20, seed=8)]
    assert np.mean([a.classes[int(a.logits.argmax())] == 3 for a in answers]) >= 0.9
    change = twin.protected_change()
    assert change.flips > 0 and 0.5 < change.largest <= 1


def test_replay_disturbs_less(base: BaseModel, label: Label) -> None:
    plain, replay = (
        ConventionalTwin(TwinStart.of_base(base), rate=0.03),
        ConventionalTwin(TwinStart.of_base(base), rate=0.03, replay=True),
    )
    for twin in (plain, replay):
        twin.absorb(label(3, 10))
    assert replay.protected_change().largest < plain.protected_change().largest
    assert replay.protected_change().flips < plain.protected_change().flips


def test_the_same_seed_gives_the_same_bytes(base: BaseModel, label: Label, raw: np.ndarray) -> None:
    def learned(kind: type[ConventionalTwin], seed: int) -> bytes:
        twin = kind(TwinStart.of_base(base), seed=seed, replay=True)
        twin.absorb(label(3, 5))
        return twin.read(raw).logits.tobytes()

    assert learned(ConventionalTwin, 1) == learned(ConventionalTwin, 1) == learned(InPlaceTwin, 1)
    assert learned(ConventionalTwin, 1) != learned(ConventionalTwin, 2)


def test_it_watches_the_inputs_that_it_is_given(base: BaseModel, label: Label, inputs: Inputs) -> None:
    few = ConventionalTwin(TwinStart.of_base(base, (inputs(0, 2), np.array([0, 0]))), replay=True)
    none = ConventionalTwin(TwinStart.of_base(base, (inputs(0, 2)[:0], np.zeros(0, np.int64))))
    for twin in (few, none):
        twin.absorb(label(3, 8))
    assert few.protected_change().flips <= 2 and few.protected_change().largest > 0
    assert none.protected_change() == (0, (), 0.0)


# -- in place ---------------------------------------------------------------------------------------------------------


def test_between_two_marks_the_states_were_never_versions(base: BaseModel, label: Label, raw: np.ndarray) -> None:
    twin = InPlaceTwin(TwinStart.of_base(base), steps_per_example=3)
    assert twin.read(raw).state == "version" and twin.state_number == 0
    twin.add_class(3)
    assert twin.read(raw).state == "version" and twin.versions == 2
    twin.absorb(label(3, 2))
    assert twin.read(raw).state == "unpublished" and twin.versions == 2
    assert twin.state_number == 1 + 6
    twin.mark_version()
    twin.mark_version()
    assert twin.read(raw).state == "version" and twin.versions == 3
    twin.absorb(label(3, 1, first=9))
    assert twin.read(raw).state == "unpublished"
    assert twin.count_unattributed() == 0 == twin.unjudged


def test_protected_answers_change_while_it_learns(base: BaseModel, label: Label) -> None:
    twin = InPlaceTwin(TwinStart.of_base(base))
    changes = [twin.protected_change().largest]
    for place in range(3):
        twin.absorb(label(3, 8, first=20 * place, seed=place))
        changes.append(twin.protected_change().largest)
    assert changes[0] == 0 and changes == sorted(changes) and changes[1] > 1e-3


def test_a_read_that_a_write_overtakes_is_torn_and_may_equal_a_state(
    base: BaseModel, label: Label, raw: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the write comes before the arrays are read: torn, yet byte for byte the state that was written."""
    twin = InPlaceTwin(TwinStart.of_base(base), steps_per_example=1)

    def write_then_read(go_on: Callable[[], Any]) -> Any:
        twin.absorb(label(0, 1))
        return go_on()

    Interrupted(monkeypatch, write_then_read)
    assert twin.read(raw).state == "torn"
    assert twin.count_unattributed() == 0 and twin.unjudged == 0


def test_a_read_that_mixes_two_states_is_unattributed(
    base: BaseModel, label: Label, raw: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hidden layer of one state meets the read-out of the next: an answer that no state ever gave."""
    twin = InPlaceTwin(TwinStart.of_base(base), steps_per_example=2)
    twin.add_class(3)
    x = base.normaliser(raw)

    def write_between_layers(go_on: Callable[[], Any]) -> Any:
        weights = twin._serving
        hidden = np.maximum(weights.W1 @ x + weights.b1, 0)
        twin.absorb(label(3, 1))
        return hidden @ weights.V + weights.b2

    for expected in (1, 2):
        Interrupted(monkeypatch, write_between_layers)
        torn = twin.read(raw)
        assert torn.state == "torn" and torn.logits.tobytes() != twin.read(raw).logits.tobytes()
        assert twin.count_unattributed() == expected == twin.count_unattributed()
    assert twin.unjudged == 0


def test_a_read_in_the_middle_of_a_write_is_torn(
    base: BaseModel, label: Label, raw: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some rows are written, others not yet; the reader begins and ends within that write."""
    twin = InPlaceTwin(TwinStart.of_base(base), steps_per_example=1)
    states: list[str] = []

    class Rows(list[np.ndarray]):
        """Displacements that let a reader in once the first array has been written."""

        def __iter__(self) -> Any:
            for place, array in enumerate(list.__iter__(self)):
                if place == 2:
                    states.append(twin.read(raw).state)
                yield array

    displacement = Adam.displacement
    monkeypatch.setattr(Adam, "displacement", lambda adam, slopes: Rows(displacement(adam, slopes)))
    twin.absorb(label(0, 1))
    assert states == ["torn"] and twin.read(raw).state == "unpublished"
    assert twin.count_unattributed() == 1


def test_a_torn_answer_whose_states_are_gone_is_counted_apart(
    base: BaseModel, label: Label, raw: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conventional, "STATES_BYTES", 1)
    twin = InPlaceTwin(TwinStart.of_base(base), steps_per_example=5)
    x = base.normaliser(raw)

    def write_between_layers(go_on: Callable[[], Any]) -> Any:
        weights = twin._serving
        hidden = np.maximum(weights.W1 @ x + weights.b1, 0)
        twin.absorb(label(0, 1))
        return hidden @ weights.V + weights.b2

    Interrupted(monkeypatch, write_between_layers)
    assert twin.read(raw).state == "torn"
    assert twin.count_unattributed() == 0 and twin.unjudged == 1


def test_a_class_that_is_born_during_a_read_tears_it(
    base: BaseModel, raw: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = InPlaceTwin(TwinStart.of_base(base))

    def grow_meanwhile(go_on: Callable[[], Any]) -> Any:
        twin.add_class(7)
        return go_on()

    Interrupted(monkeypatch, grow_meanwhile)
    torn = twin.read(raw)
    assert torn.state == "torn" and torn.classes == (0, 1, 2)
    assert twin.count_unattributed() == 0, "its arrays are those of the state before"
    assert twin.read(raw).classes == (0, 1, 2, 7) and twin.read(raw).state == "version"
