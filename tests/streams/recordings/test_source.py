"""Playback of recordings: order, breaks, time, truth, takes, loops and the end."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.paths import sample
from dgstudio.streams.condition import Lamp
from dgstudio.streams.recordings.source import RecordingSource
from dgstudio.streams.source import Knob
from dgstudio.streams.windows import Windower
from dgstudio.types import UNKNOWN_TRUTH, Block


def written(tmp_path: Path, columns: dict[str, list[object]]) -> Path:
    path = tmp_path / "walks.csv"
    rows = zip(*columns.values(), strict=True)
    path.write_text(",".join(columns) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def numbered(tmp_path: Path, times: list[float] | None = None, rows: int = 100, **columns: list[object]) -> Path:
    """A file whose one channel is the number of the row."""
    rows = rows if times is None else len(times)
    time_column: dict[str, list[object]] = {} if times is None else {"time": list(times)}
    return written(tmp_path, {**time_column, "x": list(range(rows)), **columns})


def play(source: RecordingSource, samples: int | None = None) -> list[Block]:
    """Blocks until the end, or until there are `samples`."""
    source.open()
    blocks: list[Block] = []
    try:
        while samples is None or sum(len(b.times) for b in blocks) < samples:
            block = source.read(1.0)
            assert block is not None
            blocks.append(block)
    except StreamEnded:
        assert samples is None
    finally:
        source.close()
    return blocks


def rows_of(blocks: list[Block]) -> list[int]:
    return np.concatenate([b.values[:, 0] for b in blocks]).astype(int).tolist()


def times_of(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([b.times for b in blocks])


def breaks_of(blocks: list[Block]) -> list[int]:
    """Numbers of the samples before which there is a break."""
    starts = np.cumsum([0, *(len(b.times) for b in blocks)])
    return [int(start) for start, block in zip(starts, blocks, strict=False) if block.break_before]


def once(path: Path, **options: object) -> RecordingSource:
    return RecordingSource(path, **{"speed": 0, "loop": False, **options})  # type: ignore[arg-type]


def knob_of(source: RecordingSource, name: str) -> Knob:
    return next(knob for knob in source.knobs() if knob.name == name)


def said(source: RecordingSource) -> str:
    return "\n".join(note.sentence for note in source.notes)


# -- order and time -------------------------------------------------------------------------------------------


def test_rows_come_once_in_order_at_the_rate_of_the_file(tmp_path: Path) -> None:
    source = once(numbered(tmp_path, [0.02 * i for i in range(700)]))
    assert source.spec.name == "walks" and source.spec.rate == 50.0 and source.spec.kind == "signal"
    blocks = play(source)
    assert rows_of(blocks) == list(range(700))
    np.testing.assert_allclose(times_of(blocks), np.arange(700) / 50, atol=1e-9)
    assert breaks_of(blocks) == []
    assert source.sent == 700
    assert all(b.truth is None for b in blocks)
    with pytest.raises(StreamError):
        source.read(0.0)


def test_the_end_stays_the_end(tmp_path: Path) -> None:
    source = once(numbered(tmp_path))
    play(source)
    source.open()
    for _ in range(2):
        with pytest.raises(StreamEnded, match="walks"):
            source.read(0.0)
    source.close()


def test_times_that_wobble_give_an_even_stream(tmp_path: Path) -> None:
    wobble = np.random.default_rng(0).uniform(-0.004, 0.004, 300)
    source = once(numbered(tmp_path, (np.arange(300) / 50 + wobble).tolist()))
    assert source.spec.rate == pytest.approx(50, rel=0.02)
    blocks = play(source)
    np.testing.assert_allclose(np.diff(times_of(blocks)), 1 / source.spec.rate, atol=1e-9)
    assert breaks_of(blocks) == []


def test_samples_that_came_in_packets_have_the_rate_of_their_mean(tmp_path: Path) -> None:
    source = once(numbered(tmp_path, [0.1 * (i // 10) for i in range(500)]))
    assert source.spec.rate == pytest.approx(100, rel=0.03)
    assert breaks_of(play(source)) == []


def test_a_gap_is_a_break_and_keeps_its_length(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(50)] + [100 + 0.02 * i for i in range(50)]
    source = once(numbered(tmp_path, times))
    assert "1 gap" in said(source)
    blocks = play(source)
    assert breaks_of(blocks) == [50]
    np.testing.assert_allclose(times_of(blocks), times, atol=1e-6)


def test_a_few_lost_samples_are_no_gap(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(100) if i not in (40, 41)]
    assert breaks_of(play(once(numbered(tmp_path, times)))) == []


def test_time_that_runs_backwards_is_a_break_and_stream_time_goes_on(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(50)] * 2
    source = once(numbered(tmp_path, times))
    assert "backwards once" in said(source)
    blocks = play(source)
    assert breaks_of(blocks) == [50]
    np.testing.assert_allclose(times_of(blocks), np.arange(100) / 50, atol=1e-9)


def test_a_change_of_take_is_a_break_whatever_the_times_say(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(40)] + [500 + 0.02 * i for i in range(60)]
    blocks = play(once(numbered(tmp_path, times, take=[3] * 40 + [4] * 60)))
    assert breaks_of(blocks) == [40]
    np.testing.assert_allclose(times_of(blocks), np.arange(100) / 50, atol=1e-9)


@pytest.mark.parametrize("takes", [[4], [0, 1, 2], [9, 9, 3, 70]])
def test_no_window_straddles_a_take_or_a_loop(takes: list[int]) -> None:
    source = RecordingSource(sample("basic_motions.csv"), speed=0, takes=takes)
    total = 100 * len(takes) * 3
    ends = Windower(source.spec).due(total, breaks_of(play(source, total)))
    first, last = 32, 100
    assert ends == [start + end for start in range(0, total, 100) for end in range(first, last + 1)]


# -- the rate -------------------------------------------------------------------------------------------------


def test_without_times_the_rate_is_the_one_given_or_50_and_said(tmp_path: Path) -> None:
    path = numbered(tmp_path)
    assert once(path, rate=25).spec.rate == 25 and said(once(path, rate=25)) == ""
    assert once(path).spec.rate == 50 and "50 samples a second are assumed" in said(once(path))


def test_a_rate_that_the_times_contradict_is_not_used_and_said(tmp_path: Path) -> None:
    source = once(numbered(tmp_path, [0.1 * i for i in range(100)]), rate=50)
    assert source.spec.rate == 10 and "rate 50 is not used" in said(source)


@pytest.mark.parametrize("times", [[1.0] * 100, [-0.1 * i for i in range(100)], [1e-9 * i for i in range(100)]])
def test_times_that_cannot_be_are_not_used_and_said(tmp_path: Path, times: list[float]) -> None:
    source = once(numbered(tmp_path, times))
    assert source.spec.rate == 50 and "so they are not used" in said(source)
    assert rows_of(play(source)) == list(range(100))


def test_missing_times_are_no_breaks(tmp_path: Path) -> None:
    times: list[object] = [0.02 * i for i in range(100)]
    times[30:34] = ["", "nan", "oops", ""]
    source = once(written(tmp_path, {"time": times, "x": list(range(100))}))
    assert source.spec.rate == 50
    assert breaks_of(play(source)) == []
    # The header is line 1, so row 30 stands on line 32.
    assert "4 times are missing, NaN or infinite, first on line 32: they are interpolated" in said(source)


def test_one_missing_time_is_told_with_its_line(tmp_path: Path) -> None:
    times: list[object] = [0.02 * i for i in range(100)]
    times[7] = "NaN"
    source = once(written(tmp_path, {"time": times, "x": list(range(100))}))
    assert "1 time is missing, NaN or infinite, on line 9: it is interpolated" in said(source)
    np.testing.assert_allclose(times_of(play(source)), np.arange(100) / 50, atol=1e-9)


def test_a_single_time_gives_no_rate_and_that_is_why_times_are_not_used(tmp_path: Path) -> None:
    times: list[object] = [0.5, *["nan"] * 99]
    source = once(written(tmp_path, {"time": times, "x": list(range(100))}))
    assert source.spec.rate == 50
    assert "99 times are missing, NaN or infinite, first on line 3: too few are left" in said(source)
    assert "do not rise" not in said(source)


def test_a_time_that_an_npz_lacks_is_told_with_its_row(tmp_path: Path) -> None:
    times = np.arange(100) / 50
    times[3] = np.inf
    np.savez(tmp_path / "a.npz", X=np.ones((100, 1)), time=times)
    assert "on row 4: it is interpolated" in said(once(tmp_path / "a.npz"))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(BadInputError, match="rate"):
        once(numbered(tmp_path), rate=rate)


# -- loops ----------------------------------------------------------------------------------------------------


def test_a_loop_begins_with_a_break_and_time_keeps_rising(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=60), speed=0, rate=20)
    blocks = play(source, 180)
    assert rows_of(blocks) == list(range(60)) * 3
    assert breaks_of(blocks) == [60, 120]
    np.testing.assert_allclose(times_of(blocks), np.arange(180) / 20, atol=1e-9)


def test_a_gap_is_kept_in_every_loop(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(40)] + [10 + 0.02 * i for i in range(40)]
    blocks = play(RecordingSource(numbered(tmp_path, times), speed=0), 160)
    got = times_of(blocks)
    np.testing.assert_allclose(got[80:] - got[80], got[:80] - got[0], atol=1e-6)
    assert got[80] - got[79] == pytest.approx(0.02)


# -- truth and takes ------------------------------------------------------------------------------------------


def test_truth_indexes_the_labels_in_the_order_in_which_they_come(tmp_path: Path) -> None:
    labels: list[object] = ["run"] * 30 + [""] * 10 + ["rest"] * 30 + ["nan"] * 10 + ["run"] * 20
    blocks = play(source := once(numbered(tmp_path, label=labels)))
    assert source.spec.truth_names == ("run", "rest")
    truth = np.concatenate([b.truth for b in blocks if b.truth is not None])
    assert truth.dtype == np.int16
    names = ["" if t == UNKNOWN_TRUTH else source.spec.truth_names[t] for t in truth]
    assert names == ["" if label == "nan" else label for label in labels]


def test_a_column_of_numbers_is_no_set_of_classes(tmp_path: Path) -> None:
    values: list[object] = [i / 7 for i in range(2000)]
    path = numbered(tmp_path, rows=2000, label=values)
    with pytest.raises(BadInputError, match="2000 different values"):
        once(path, labels_column="label")
    source = once(path)
    assert source.spec.truth_names == () and "not used" in said(source)


def test_the_table_of_takes(tmp_path: Path) -> None:
    path = numbered(
        tmp_path,
        rows=100,
        take=[5] * 40 + [2] * 60,
        split=["train"] * 40 + ["test"] * 60,
        label=["a"] * 30 + ["b"] * 10 + [""] * 50 + ["c"] * 10,
    )
    source = once(path)
    got = [(t.take, t.split, t.label, t.start_row, t.n_rows) for t in source.take_table()]
    assert got == [(5, "train", "a", 0, 40), (2, "test", "c", 40, 60)]
    assert source.values[40, 0] == 40 and not source.values.flags.writeable


def test_takes_that_have_no_numbers_of_their_own_are_counted(tmp_path: Path) -> None:
    for column in (["mon"] * 40 + ["tue"] * 60, [1] * 30 + [2] * 40 + [1] * 30):
        source = once(numbered(tmp_path, rows=100, take=column))  # type: ignore[arg-type]
        assert [t.take for t in source.take_table()] == list(range(len(source.take_table())))
    times = [0.02 * i for i in range(50)] + [90 + 0.02 * i for i in range(50)]
    assert [(t.take, t.start_row) for t in once(numbered(tmp_path, times)).take_table()] == [(0, 0), (1, 50)]


def test_chosen_takes_play_in_the_order_given(tmp_path: Path) -> None:
    path = numbered(tmp_path, [0.02 * i for i in range(120)], take=[0] * 40 + [1] * 40 + [2] * 40)
    blocks = play(once(path, takes=[2, 0, 2]))
    assert rows_of(blocks) == [*range(80, 120), *range(40), *range(80, 120)]
    assert breaks_of(blocks) == [40, 80]
    np.testing.assert_allclose(times_of(blocks), np.arange(120) / 50, atol=1e-9)


def test_a_gap_between_takes_is_kept_only_where_they_follow_each_other_in_the_file(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(40)] + [100 + 0.02 * i for i in range(40)]
    path = numbered(tmp_path, times)
    np.testing.assert_allclose(times_of(play(once(path, takes=[0, 1]))), times, atol=1e-6)
    np.testing.assert_allclose(times_of(play(once(path, takes=[1, 1, 0]))), np.arange(120) / 50, atol=1e-9)


@pytest.mark.parametrize(("takes", "part"), [([0, 7], "no take 7"), ([], "No take")])
def test_takes_that_are_not_there_are_refused(tmp_path: Path, takes: list[int], part: str) -> None:
    with pytest.raises(BadInputError, match=f"{part}.*it has 1, numbered 0 to 0"):
        once(numbered(tmp_path), takes=takes)


def test_missing_values_pass_through(tmp_path: Path) -> None:
    x: list[object] = ["", "nan", *range(98)]
    source = once(written(tmp_path, {"x": x, "y": list(range(100))}))
    assert np.isnan(play(source)[0].values[:2, 0]).all()
    assert "2 of 200 values are missing" in said(source)


# -- what is too short ----------------------------------------------------------------------------------------


def test_what_is_too_short_for_a_window_is_said(tmp_path: Path) -> None:
    one = once(numbered(tmp_path, rows=1), rate=20)
    assert "has 1 row, fewer than a window of 32 samples" in said(one)
    assert rows_of(play(one)) == [0]
    assert "has 31 rows" in said(once(numbered(tmp_path, rows=31), rate=20))
    assert said(once(numbered(tmp_path, rows=32), rate=20)) == ""
    assert "All 5 stretches" in said(once(numbered(tmp_path, rows=100, take=sorted([*range(5)] * 20)), rate=20))
    assert "1 of 2 stretches" in said(once(numbered(tmp_path, rows=100, take=[0] * 10 + [1] * 90), rate=20))


# -- pace and knobs -------------------------------------------------------------------------------------------


def test_playback_keeps_its_pace(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=200), speed=5, loop=False, rate=200)
    begin = time.perf_counter()
    blocks = play(source)
    # The last block is due when its last sample is: 199 samples after the first, at 1,000 a second.
    assert time.perf_counter() - begin >= 0.199
    assert len(blocks) == 20
    slow = RecordingSource(numbered(tmp_path), speed=0.1, rate=1)
    slow.open()
    assert slow.read(0.0) is not None and slow.read(0.0) is None
    slow.close()


def test_the_speed_can_be_changed_while_it_plays(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=1000), speed=0.1, rate=1)
    knob = knob_of(source, "speed")
    assert (knob.kind, knob.value, knob.high) == ("float", 0.1, 20)
    source.open()
    first = source.read(0.0)
    assert first is not None and source.read(0.0) is None, "the next sample is ten seconds away"
    source.set_knob("speed", 1000)
    assert knob_of(source, "speed").value == knob.high == source.spec.speed
    second = source.read(5.0)
    source.close()
    assert second is not None and not second.break_before
    assert second.times[0] == pytest.approx(first.times[-1] + 1.0)


def test_a_long_gap_is_not_waited_for(tmp_path: Path) -> None:
    times = [0.001 * i for i in range(50)] + [3600 + 0.001 * i for i in range(50)]
    source = RecordingSource(numbered(tmp_path, times), speed=1, loop=False)
    source.open()
    blocks = [source.read(5.0) for _ in range(10)]
    source.close()
    assert all(block is not None for block in blocks)
    assert blocks[5] is not None and blocks[5].break_before and blocks[5].times[0] == pytest.approx(3600)


def test_wrong_knobs_are_refused(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path))
    for name, value in (("pitch", 1.0), ("speed", "fast"), ("speed", True), ("speed", float("nan"))):
        with pytest.raises(BadInputError):
            source.set_knob(name, value)
    assert source.spec.speed == 1.0
    free = once(numbered(tmp_path))
    assert free.knobs() == ()
    with pytest.raises(BadInputError, match="no knob"):
        free.set_knob("speed", 2.0)


def test_reopening_goes_on_after_a_break(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=1000), speed=0, loop=False)
    head = play(source, 256)
    tail = play(source)
    assert rows_of(head + tail) == list(range(1000))
    assert breaks_of(head + tail) == [256]
    assert source.sent == 1000


# -- played, paused, sought in --------------------------------------------------------------------------------


def test_a_pause_stands_still_and_goes_on_without_a_break(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=1000), speed=20, rate=100)
    source.open()
    first = source.read(5.0)
    source.set_knob("playing", False)
    assert source.read(0.05) is None and source.condition().lamp is Lamp.PAUSED
    assert knob_of(source, "playing").value is False
    source.set_knob("playing", True)
    second = source.read(5.0)
    source.close()
    assert first is not None and second is not None and not second.break_before
    assert rows_of([first, second]) == list(range(len(first.times) + len(second.times)))
    np.testing.assert_allclose(np.diff(times_of([first, second])), 0.01)


def test_a_waiting_read_notices_a_pause_and_a_seek_at_once(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=1000), speed=0.1, rate=1)
    source.open()
    assert source.read(0.0) is not None
    begin = time.perf_counter()
    thread = threading.Timer(0.05, source.set_knob, args=("position", 500.0))
    thread.start()
    block = None
    while block is None:
        block = source.read(60.0)
    thread.join()
    source.close()
    assert time.perf_counter() - begin < 5 and rows_of([block]) == [500] and block.break_before


def test_a_seek_is_a_break_and_stream_time_goes_on_by_one_step(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=1000), speed=20, rate=100)
    source.open()
    blocks = [source.read(5.0)]
    for position, row in ((5.0, 500), (0.0, 0), (9.994, 999), (99.0, 999)):
        source.set_knob("position", position)
        assert knob_of(source, "position").value == min(position, 10.0)
        block = source.read(5.0)
        assert block is not None and block.break_before and block.values[0, 0] == row
        blocks.append(block)
    source.close()
    assert all(block is not None for block in blocks)
    np.testing.assert_allclose(np.diff(times_of([b for b in blocks if b is not None])), 0.01)


def test_what_has_come_to_its_end_is_played_again_or_sought_in(tmp_path: Path) -> None:
    source = RecordingSource(numbered(tmp_path, rows=40), speed=20, rate=100, loop=False)
    source.open()

    def to_end() -> list[Block]:
        blocks: list[Block] = []
        try:
            while True:
                block = source.read(5.0)
                blocks += [] if block is None else [block]
        except StreamEnded:
            return blocks

    assert rows_of(to_end()) == list(range(40)) and source.condition().lamp is Lamp.ENDED
    assert knob_of(source, "position").value == pytest.approx(0.4)
    source.set_knob("playing", True)
    again = to_end()
    assert rows_of(again) == list(range(40)) and again[0].break_before
    source.set_knob("position", 0.3)
    assert rows_of(to_end()) == list(range(30, 40))
    source.set_knob("loop", True)
    block = source.read(5.0)
    assert block is not None and block.values[0, 0] == 0 and block.break_before
    source.set_knob("loop", False)
    assert rows_of([block, *to_end()]) == list(range(40))
    source.close()


def test_the_line_of_positions_has_the_gaps_of_the_file(tmp_path: Path) -> None:
    times = [0.02 * i for i in range(50)] + [100 + 0.02 * i for i in range(50)]
    source = RecordingSource(numbered(tmp_path, times), speed=20)
    assert knob_of(source, "position").high == pytest.approx(101.0)
    source.open()
    for position, row in ((50.0, 50), (100.5, 75), (0.5, 25)):
        source.set_knob("position", position)
        block = source.read(5.0)
        assert block is not None and block.values[0, 0] == row
    source.close()


# -- a stream that was recorded -------------------------------------------------------------------------------


def recorded(tmp_path: Path, **other: object) -> Path:
    arrays: dict[str, object] = {
        "X": np.arange(12, dtype=np.float32)[:, None],
        "time": [5.0, 5.011, 5.019, 5.032, 5.040, 5.05, 8.0, 8.013, 8.02, 8.02, 8.04, 8.05],
        "channels": ["x"],
        "kind": "signal",
        "rate": 100.0,
        "window_s": 0.04,
        "hop_s": 0.02,
        "breaks": np.arange(12) == 6,
    }
    np.savez(tmp_path / "told.npz", **{**arrays, **other})  # type: ignore[arg-type]
    return tmp_path / "told.npz"


def test_a_recorded_stream_is_played_as_it_was(tmp_path: Path) -> None:
    source = once(recorded(tmp_path), rate=50.0)
    spec = source.spec
    assert (spec.rate, spec.window, spec.hop, spec.channels) == (100, 4, 2, ("x",))
    assert "rate 50 is not used" in said(source)
    blocks = play(source)
    assert rows_of(blocks) == list(range(12)) and breaks_of(blocks) == [6]
    np.testing.assert_allclose(times_of(blocks), np.array(np.load(tmp_path / "told.npz")["time"]) - 5.0, atol=1e-9)


def test_values_that_came_when_they_liked_come_so_again(tmp_path: Path) -> None:
    source = RecordingSource(recorded(tmp_path, kind="values", window_s=0.01, hop_s=0.01), speed=20, loop=False)
    assert source.spec.kind == "values" and source.spec.window == source.spec.hop == 1
    source.open()
    source.set_knob("position", 0.019)
    block = source.read(5.0)
    source.close()
    assert block is not None and block.values[0, 0] == 2


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"kind": "smell"}, "smell"),
        ({"rate": -1.0}, "damaged"),
        ({"rate": "fast"}, "a number each"),
        ({"window_s": 1e5, "rate": 1e5}, "damaged"),
        ({"breaks": np.zeros(3, bool)}, "breaks"),
        ({"time": np.arange(12)[::-1] * 1.0}, "seconds that rise"),
    ],
)
def test_a_recorded_stream_that_cannot_be_is_refused(tmp_path: Path, other: dict[str, object], told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        once(recorded(tmp_path, **other))


# -- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [-1.0, float("nan")])
def test_impossible_speeds_are_refused(tmp_path: Path, speed: float) -> None:
    with pytest.raises(BadInputError, match="speed"):
        RecordingSource(numbered(tmp_path), speed=speed)


# -- the recording that comes along ---------------------------------------------------------------------------


def test_basic_motions_is_what_its_readme_says() -> None:
    source = once(sample("basic_motions.csv"), labels_column="label")
    assert source.spec.rate == 10 and source.spec.channels == ("ax", "ay", "az", "gx", "gy", "gz")
    assert source.spec.truth_names == ("Standing", "Running", "Walking", "Badminton")
    assert source.notes == ()
    table = source.take_table()
    assert [t.take for t in table] == list(range(80))
    assert all(t.n_rows == 100 for t in table)
    assert [t.split for t in table] == ["train"] * 40 + ["test"] * 40
    assert [t.label for t in table] == list(source.spec.truth_names) * 20
    blocks = play(source)
    assert breaks_of(blocks) == list(range(100, 8000, 100))
    np.testing.assert_allclose(times_of(blocks), np.arange(8000) / 10, atol=1e-6)
    assert np.isfinite(source.values).all()
    # The first take of the archive's training file begins so.
    np.testing.assert_allclose(source.values[0], [0.079106, 0.394032, 0.551444, 0.351565, 0.02397, 0.633883], rtol=1e-6)
