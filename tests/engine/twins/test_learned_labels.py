"""Labels that a twin has learned and has not: the counts are those of the sets."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.twins.learned_labels import LearnedLabels
from dgstudio.learning.contract.protected import ProtectedSet
from dgstudio.learning.learner.training.training_state import Seal, TrainingState, id_array

IDS = st.sets(st.integers(0, 12), max_size=6)
NOTHING = TrainingState(id_array(()), id_array(()), ProtectedSet(), None, (), None)


@given(
    acts=st.lists(st.tuples(st.sampled_from(["want", "no more", "learn", "seal", "move the base"]), IDS), max_size=20)
)
def test_the_counts_are_those_of_the_sets(acts: list[tuple[str, set[int]]]) -> None:
    labels, wanted, training = LearnedLabels(), set(), NOTHING
    for what, ids in acts:
        if what == "want":
            labels.want(ids)
            wanted |= ids
        elif what == "no more":
            labels.want_no_more(ids)
            wanted -= ids
        elif what == "learn":
            training = replace(training, learned=id_array(ids), labels=id_array(ids))
        elif what == "seal":
            bank = Seal(len(training.seals), id_array(ids), id_array(ids), 0)
            training = replace(training, seals=(*training.seals, bank), learned=id_array(()), labels=id_array(()))
        else:
            training = replace(training, base_learned=id_array(ids), base_labels=id_array(ids))
        labels.count(training)
        assert labels.learned == len(training.every())
        assert labels.late == len(wanted - training.every())
        assert all(labels.wants(i) == (i in wanted) for i in range(13))
