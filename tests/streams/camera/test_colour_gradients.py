"""The light description: finite for any picture, other for other colours and outlines."""

from __future__ import annotations

import numpy as np

from dgstudio.streams.camera.colour_gradients import SIZE, ColourGradients

describe = ColourGradients()


def picture(colour: tuple[int, int, int]) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (SIZE, SIZE, 3)).copy()


def test_every_feature_has_a_name_and_is_a_number() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8)
    for pixels in (picture((0, 0, 0)), picture((255, 255, 255)), noise):
        features = describe(pixels)
        assert features.shape == (len(ColourGradients.names()),) and features.dtype == np.float32
        assert np.isfinite(features).all()
    assert len(set(ColourGradients.names())) == len(ColourGradients.names()) == 224


def test_it_tells_colours_apart_and_where_they_are() -> None:
    red, blue = describe(picture((200, 30, 30))), describe(picture((30, 30, 200)))
    assert np.abs(red - blue).max() > 0.3
    half = picture((30, 30, 200))
    half[:, : SIZE // 2] = (200, 30, 30)
    assert np.abs(describe(half) - describe(half[:, ::-1])).max() > 0.3


def test_edges_count_by_their_direction_and_not_by_the_light() -> None:
    upright, level = picture((60, 60, 60)), picture((60, 60, 60))
    upright[:, SIZE // 2 + 3 :] = 120
    level[SIZE // 2 + 3 :] = 120
    names = ColourGradients.names()
    edges = [place for place, name in enumerate(names) if name.startswith("edge")]
    one, other = describe(upright)[edges], describe(level)[edges]
    assert np.abs(one - other).max() > 0.2
    np.testing.assert_allclose(describe((upright // 2).astype(np.uint8))[edges], one, atol=0.05)
