"""Which examples a version has learned: the same of a training and of its arrays, part by part."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.training.learned_examples import SETS, LearnedExamples, LearnedPart, common
from dgstudio.learning.learner.training.training_state import Seal, TrainingState, id_array


def ids(*values):
    return id_array(values)


def training():
    seals = (Seal(4, ids(1, 2, 3), np.array([0, 0, 1]), 7), Seal(5, ids(5, 6), np.array([1, 1]), 9))
    learned, labels = ids(3, 8, 9), np.array([2, 2, 0])
    return TrainingState(learned, labels, ProtectedSet(), None, seals, 9, ids(1, 20), np.array([3, 3]))


def test_what_lies_higher_overrides_and_banks_are_counted_by_their_places():
    contents = LearnedExamples.of(12, training())
    assert contents.version == 12 and [part.bank for part in contents.parts] == [None, 0, 1, None]
    assert contents.labels() == {1: 0, 2: 0, 3: 2, 5: 1, 6: 1, 8: 2, 9: 0, 20: 3}
    assert contents.counts() == {0: 3, 1: 2, 2: 2, 3: 1}
    assert contents.sealed(ids(2, 3, 6, 8, 99)) == {0: 2, 1: 1} and contents.sealed(ids(8, 20)) == {}


def test_the_arrays_of_a_training_state_give_the_same():
    stood = training()
    arrays, meta = stood.to_arrays()
    kept = {name: array for name, array in arrays.items() if name in SETS or name.startswith("seal.")}
    again = LearnedExamples.from_arrays(12, kept, meta)
    assert again.labels() == LearnedExamples.of(12, stood).labels()
    assert [part.bank for part in again.parts] == [None, 0, 1, None]


def test_in_half_the_memory_it_is_the_same():
    contents = LearnedExamples.of(12, training())
    compact = contents.compact()
    assert compact.labels() == contents.labels() and compact.counts() == contents.counts()
    assert [part.ids.dtype for part in compact.parts] == [np.int32, np.int64, np.int64, np.int32]
    assert compact.parts[1].ids is contents.parts[1].ids, "what is sealed stays shared"
    assert compact.compact().parts[0] is compact.parts[0]
    big = LearnedExamples(1, (LearnedPart(None, ids(3, 2**40), np.array([0, 1])),)).compact()
    assert big.labels() == {3: 0, 2**40: 1}
    assert common(compact.parts[3].ids, ids(8, 9, 11)).tolist() == [8, 9]


def test_nothing_learned_is_nothing():
    contents = LearnedExamples.of(0, TrainingState(ids(), ids(), ProtectedSet(), None, (), None))
    assert contents.parts == () and contents.counts() == {} and contents.sealed(ids(1)) == {}


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_what_is_in_both(some, others):
    assert common(ids(*some), ids(*others)).tolist() == sorted(some & others)
