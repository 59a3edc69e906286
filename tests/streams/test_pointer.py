"""The pointer: where it is, steadily, within the pad; and how fast it moves, where that is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from waiting import DEADLINE_S

from dgstudio.errors import BadInputError
from dgstudio.streams.features import SignalFeatures
from dgstudio.streams.pointer import PointerSource
from dgstudio.streams.registry import open_source
from dgstudio.types import F32, StreamKind


def sample(source: PointerSource) -> F32:
    block = source.read(DEADLINE_S)
    assert block is not None and len(block.values) == 1
    return block.values[0]


def test_it_begins_in_the_middle_and_is_where_it_was_put_last() -> None:
    source = open_source("pointer")
    assert isinstance(source, PointerSource) and source.spec.kind is StreamKind.POINTER
    assert source.spec.rate == 60 and source.spec.hop == 1
    source.open()
    np.testing.assert_array_equal(sample(source), (0, 0))
    source.point(0.5, -0.25)
    np.testing.assert_array_equal(sample(source), (0.5, -0.25))
    source.point(7.0, -7.0)
    for _ in range(2):
        np.testing.assert_array_equal(sample(source), (1, -1))
    source.close()


def test_what_the_model_sees_is_the_position_itself() -> None:
    source = open_source("pointer")
    features = SignalFeatures(source.spec)
    assert features.names == ("x", "y")
    window = np.array([[0.0, 0.0], [0.25, -0.75]], np.float32)
    assert len(window) == source.spec.window
    assert features(window).tobytes() == window[-1].tobytes()


def test_with_velocity_it_says_how_fast_it_moves_and_rest_is_zero() -> None:
    source = PointerSource(velocity=True, rate=100.0)
    assert SignalFeatures(source.spec).names == ("x", "y", "x velocity", "y velocity")
    source.open()
    np.testing.assert_array_equal(sample(source), (0, 0, 0, 0))
    for k in range(1, 8):
        source.point(0.01 * k, -0.02 * k)
        row = sample(source)
    np.testing.assert_allclose(row, (0.07, -0.14, 1.0, -2.0), rtol=1e-5)
    for _ in range(6):
        row = sample(source)
    np.testing.assert_array_equal(row[2:], (0, 0))
    source.close()
    source.point(-1.0, 1.0)
    source.open()
    # Across a break nothing has moved.
    np.testing.assert_array_equal(sample(source)[2:], (0, 0))
    source.close()


@pytest.mark.parametrize(
    ("asked", "why"), [({"rate": 1000.0}, "20 to 240"), ({"speed": 2.0}, "--speed"), ({"labels_column": "y"}, "hold")]
)
def test_what_makes_no_sense_for_a_pointer_is_refused(asked: dict[str, float | str], why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        open_source("pointer+velocity", **asked)
