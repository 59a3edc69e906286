"""A few of all screens, quickly: what is clipped in them would be clipped in others."""

from __future__ import annotations

import pytest

from dgstudio.bench.stage.gallery import write_gallery
from dgstudio.bench.stage.one_scale import Seen, shots
from dgstudio.bench.stage.scenes import Scene, all_scenes
from dgstudio.bench.stage.screens import SCALES, SIZES, THEMES, ScreenOptions, look_at_screens, size_of
from dgstudio.bench.stage.worlds import LONG_NAME, World, streamed
from dgstudio.bench.ui_script import Until
from dgstudio.errors import BadInputError, DgstudioError

SMALL, LARGE = (1280, 720), (3840, 2160)


def _quickly(window):
    """Some classes, one of them with a long name, and a take."""
    engine = window.commands.engine
    for name in (LONG_NAME, "circle"):
        engine.labels.add_class(name)
    yield Until(lambda: len(window.state.classes) == 6, "the classes")
    # Before the first window is full a take has no example: where all is imported already, the hand is that quick.
    yield Until(lambda: engine.lane.readings.newest is not None, "an answer")
    engine.labels.press_class(5)
    yield streamed(window, 0.9)
    engine.labels.release_class()
    yield Until(lambda: len(engine.book.as_arrays().ids) > 0, "the examples of the take")
    yield Until(lambda: engine.store.idle and engine.learn.idle, "all to be learned")


def _nothing_taken(window):
    """A class, and no take."""
    engine = window.commands.engine
    engine.labels.add_class("circle")
    yield Until(lambda: len(window.state.classes) == 5, "the class")


QUICK = World("a quick evening", "simulator", _quickly)
EMPTY = World("an evening without a take", "simulator", _nothing_taken)


def _scenes() -> list[Scene]:
    """Those of the real list that show most, in a world that is there at once."""
    wanted = ("layout", "quality", "learning", "shortcuts", "stage", "hint 2", "told", "menu", "examples")
    found = [
        scene for scene in all_scenes() if scene.world.name == "evening gestures" and scene.name.startswith(wanted)
    ]
    assert len(found) >= 10
    return [
        Scene(scene.name, QUICK, scene.layout, scene.show, scene.leave, scene.everywhere, scene.anew)
        for scene in found
        if "twin" not in scene.name
    ]


def test_nothing_is_clipped_in_the_smallest_and_the_largest_window(qapp, tmp_path) -> None:
    made = [*shots(_scenes(), Seen(("dark",), (SMALL, LARGE), (SMALL,)), 1.0, tmp_path)]
    assert {(shot.scene, finding.sentence) for shot in made for finding in shot.found} == set()
    assert {shot.size for shot in made} == {SMALL, LARGE}
    assert len([*tmp_path.glob("*.png")]) == len(made) >= 15


def test_a_sheet_without_an_example_says_so_and_nothing_lies_under_it(qapp, tmp_path) -> None:
    found = next(scene for scene in all_scenes() if scene.name == "nothing, examples")
    scene = Scene(found.name, EMPTY, found.layout, found.show, found.leave)
    made = [*shots([scene], Seen(("dark",), (SMALL,), (SMALL,)), 1.0, None)]
    assert [finding.sentence for shot in made for finding in shot.found] == [] and len(made) == 1


def test_a_scale_factor_has_a_process_of_its_own_and_its_pictures_a_page(tmp_path) -> None:
    options = ScreenOptions(tmp_path, sizes=(SMALL,), scales=(2.0,), themes=("light",), scenes=("nothing, Label",))
    figures = look_at_screens(options)
    assert (figures["checked"], figures["clipped"], figures["shots"][0]["found"]) == (1, 0, [])
    page = write_gallery(figures, tmp_path).read_text()
    assert "nothing-Label-1280x720-2-light.png" in page and "nothing clipped" in page
    assert "1280 × 720 at 2, light" in page


def test_what_is_found_stands_on_the_page_and_is_counted(tmp_path) -> None:
    finding = {"what": "clipped", "where": "Answer", "words": "“<b>cir”"}
    shot = {"scene": "x", "size": [1, 2], "scale": 1.0, "theme": "dark", "file": "x.png", "found": [finding]}
    page = write_gallery({"checked": 1, "clipped": 1, "shots": [shot]}, tmp_path).read_text()
    assert "clipped: Answer: “&lt;b&gt;cir”" in page and "off screen in 1" in page


def test_every_layout_is_looked_at_in_every_combination() -> None:
    everywhere = [scene for scene in all_scenes() if scene.everywhere]
    assert {"layout Talk", "layout Label", "layout Pad", "layout Debug", "stage", "compare"} <= {
        s.name for s in everywhere
    }
    seen = Seen(THEMES, SIZES, (SMALL,))
    assert len(seen.of(everywhere[0], 1.5)) == len(THEMES) * len(SIZES)
    other = next(scene for scene in all_scenes() if not scene.everywhere)
    assert seen.of(other, 1.0) == [("dark", SMALL), ("light", SMALL)] and seen.of(other, 2.0) == [("dark", SMALL)]
    assert set(SCALES) == {1.0, 1.5, 2.0}


@pytest.mark.parametrize("text", ["1280", "1280x", "axb", "10x10", "99999x720"])
def test_what_is_no_size_is_refused(text) -> None:
    with pytest.raises(BadInputError, match=text):
        size_of(text)


def test_what_cannot_be_looked_at_is_refused(tmp_path) -> None:
    for options in (ScreenOptions(scales=(9.0,)), ScreenOptions(themes=("pink",))):
        with pytest.raises(BadInputError):
            look_at_screens(options)
    (tmp_path / "file").write_text("")
    with pytest.raises(DgstudioError, match="no folder"):
        look_at_screens(ScreenOptions(out=tmp_path / "file"))
