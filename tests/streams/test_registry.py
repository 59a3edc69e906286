"""The registry: what a user types becomes a source, or a sentence that lists the sources."""

from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import BadInputError
from dgstudio.paths import sample
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.registry import kinds, open_source, shipped_recordings, source_list
from dgstudio.streams.simulation.simulator import SimulatorSource


def test_the_simulator_takes_rate_speed_and_seed() -> None:
    source = open_source("simulator", rate=100, speed=0, seed=7)
    assert isinstance(source, SimulatorSource)
    assert source.spec.rate == 100 and source.spec.speed == 0
    assert open_source("simulator").spec.rate == 200
    source.open()
    other = open_source("simulator", rate=100, speed=0, seed=8)
    other.open()
    one, two = source.read(1.0), other.read(1.0)
    assert one is not None and two is not None and not np.array_equal(one.values, two.values)


def test_the_simulator_knows_its_labels_by_one_name() -> None:
    assert open_source("simulator", labels_column="gesture").spec.truth_names
    with pytest.raises(BadInputError, match=r"no column “label”.*gesture"):
        open_source("simulator", labels_column="label")


@pytest.mark.parametrize("name", ["basic_motions", "basic_motions.csv", str(sample("basic_motions.csv"))])
def test_a_shipped_recording_opens_by_name_and_by_path(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = open_source(name, speed=3, loop=False)
    assert isinstance(source, RecordingSource)
    assert source.spec.name == "basic_motions" and source.spec.speed == 3


def test_a_file_opens_whatever_its_ending_and_its_own_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "x,who\n" + "1,a\n" * 100
    for name in ("mine.txt", "basic_motions.csv"):
        Path(name).write_text(rows)
        source = open_source(name, rate=25, labels_column="who")
        assert source.spec.channels == ("x",) and source.spec.rate == 25 and source.spec.truth_names == ("a",)
    np.savez("mine.npz", X=np.zeros((100, 2)))
    assert open_source("mine.npz").spec.channels == ("ch1", "ch2")


@pytest.mark.parametrize("name", ["", " ", "simulater", "webcams", "x" * 4000, "a\0b", "../basic_motions"])
def test_an_unknown_source_lists_what_there_is(name: str) -> None:
    with pytest.raises(BadInputError) as caught:
        open_source(name)
    text = str(caught.value)
    assert "\n" not in text and "There is no source" in text
    assert all(usage in text for usage, _ in source_list()) and "basic_motions" in text
    assert len(text) < 500


def test_a_recording_that_is_not_there_is_a_missing_file(tmp_path: Path) -> None:
    for name in (tmp_path / "none.csv", tmp_path / "none.NPZ"):
        with pytest.raises(BadInputError, match="no file"):
            open_source(str(name))
    with pytest.raises(BadInputError, match="holds no recording"):
        open_source(str(tmp_path))


def test_the_list_has_a_sentence_for_each_kind() -> None:
    assert len(source_list()) == len(list(kinds())) == len({kind.name for kind in kinds()})
    assert all(summary.endswith(".") and usage for usage, summary in source_list())
    assert shipped_recordings() == ("basic_motions", "prints")
