"""A short run of everything that `dgstudio bench --faults` does, and that it notices what it is there to notice."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from dgstudio.bench.faults.input_trials import prepare_inputs
from dgstudio.bench.faults.mutations import damaged_bytes, damaged_session, damaged_table
from dgstudio.bench.faults.pool import GOOD, Outcome
from dgstudio.bench.faults.run import HowMany
from dgstudio.bench.faults.samples import SESSION, make_session, make_tables
from dgstudio.bench.faults.session_trials import contents, prepare_sessions
from dgstudio.bench.faults.signals import run_signals
from dgstudio.errors import BadInputError
from dgstudio.session.file import Session

SEED = 7


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    make_session(folder / SESSION, with_base=False)
    make_tables(folder)
    return folder


def test_damaged_sessions_are_told_of_and_left_alone(sound, tmp_path):
    make = prepare_sessions(sound, tmp_path, SEED)
    # The first of them goes through the real command, every tenth to a learner.
    outcomes = [make(number) for number in range(31)]
    assert {outcome for outcome, _ in outcomes} == set(GOOD), outcomes


def test_damaged_tables_and_bases_are_read_or_refused(sound, tmp_path):
    make = prepare_inputs(sound, tmp_path, SEED)
    assert {make(number)[0] for number in range(160)} == {Outcome.FINE, Outcome.REFUSED}


def test_the_session_to_damage_has_a_row_of_every_kind(sound, tmp_path):
    path = tmp_path / "a.dgs"
    path.write_bytes((sound / SESSION).read_bytes())
    with Session.open(path) as session:
        assert session.report.problems == []
        empty = [table for table, size in session.table_bytes().items() if size == 0]
        first = contents(session)
    assert empty == ["ground_array"], "without a base model there is nothing that many versions share"
    with Session.open(path) as session:
        assert contents(session) == first


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_windows_end_in_order_when_they_are_told_to():
    ended = run_signals(1, SEED, print)
    assert ended.tried == 1 and ended.bad == []


def test_damage_follows_from_the_seed(sound, tmp_path):
    data, text = (sound / SESSION).read_bytes(), (sound / "table.csv").read_bytes()
    for damage, of in ((damaged_bytes, data), (damaged_table, text)):
        first, second, other = (damage(of, random.Random(seed)) for seed in (1, 1, 2))
        assert first == second != of and other != first
    kinds = set()
    for seed in range(40):
        path = tmp_path / "a.dgs"
        path.write_bytes(data)
        kinds.add(damaged_session(path, random.Random(seed)))
        assert path.exists()
    assert kinds == {True, False}


def test_a_share_of_it_is_at_least_one_of_each():
    assert HowMany().share(0.01) == HowMany(200, 1000, 1, 3, 1)
    for share in (0, -1, 1.5, float("nan")):
        with pytest.raises(BadInputError):
            HowMany().share(share)
