"""A short run of everything that `dgstudio bench --faults` does, and that it notices what it is there to notice."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest

from dgstudio.bench.faults.input_trials import prepare_inputs
from dgstudio.bench.faults.live import FAULTS, run_faults
from dgstudio.bench.faults.mutations import damaged_bytes, damaged_session, damaged_table
from dgstudio.bench.faults.pool import Outcome, Tally, run_trials
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


def none_bad(tally: Tally) -> None:
    assert tally.examples == []


def test_damaged_sessions_are_told_of_and_left_alone(sound):
    none_bad(run_trials(prepare_sessions, sound, 60, SEED, lambda text: None))


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


@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes")
@pytest.mark.parametrize("name", FAULTS)
def test_what_a_running_engine_stands_on_may_break(name, monkeypatch):
    for other in [fault for fault in FAULTS if fault != name]:
        monkeypatch.delitem(FAULTS, other)
    assert run_faults(1, print).uncontained == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_windows_end_in_order_when_they_are_told_to():
    ended = run_signals(2, SEED, print)
    assert ended.tried == 2 and ended.bad == []


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


# -- trials that go wrong: at the top of a module, for the processes that import them --------------------------------


def prepare_bad(sound: Path, folder: Path, seed: int):
    def make(number: int) -> tuple[Outcome, str]:
        if number == 0:
            raise ValueError("a traceback")
        if number == 1:
            bytearray(3 * 10**9)
        if number == 2:
            os._exit(3)
        if number == 3:
            raise MemoryError
        return Outcome.FINE, ""

    return make


def prepare_slow(sound: Path, folder: Path, seed: int):
    from dgstudio.bench.faults import pool

    pool.TRIAL_S = 0.2

    def make(number: int) -> tuple[Outcome, str]:
        while True:
            time.sleep(0.01)

    return make


@pytest.mark.skipif(sys.platform != "linux", reason="limits of processes")
def test_what_goes_wrong_in_a_trial_is_a_result(tmp_path):
    tally = run_trials(prepare_bad, tmp_path, 6, 0, print, processes=1)
    found = {number: outcome for number, outcome, _ in tally.examples}
    assert found == {
        0: Outcome.TRACEBACK,
        1: Outcome.OVER_MEMORY,
        2: Outcome.TRACEBACK,
        3: Outcome.OVER_MEMORY,
    }
    assert tally.tried == 6 and tally.counts[Outcome.FINE] == 2
    assert run_trials(prepare_slow, tmp_path, 1, 0, print, processes=1).counts == {Outcome.HANG: 1}


def test_a_share_of_it_is_at_least_one_of_each():
    assert HowMany().share(0.01) == HowMany(200, 1000, 1, 3, 1)
    for share in (0, -1, 1.5, float("nan")):
        with pytest.raises(BadInputError):
            HowMany().share(share)
