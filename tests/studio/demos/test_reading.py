"""Scripts of demos: what ships is sound, and what is wrong is told with file, step and key."""

import re
import tomllib
from pathlib import Path

import pytest

from dgstudio.errors import BadInputError
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.demos.catalogue import SHIPPED, script_path
from dgstudio.studio.demos.claims.figures import OF_ALL, OURS_ONLY, OWNERS, PLAIN
from dgstudio.studio.demos.deeds import Act, Compare, Draw, Hold, Perform, SetMode, Turn
from dgstudio.studio.demos.reading import CAPTION, CONVERT, read_script, script_of
from dgstudio.types import Mode, TwinKind

HEAD = 'title = "Mine"\n[[step]]\nname = "first"\n'


def own(tmp_path, text, name="own.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_can_be_read_and_claims_something(name):
    script = read_script(script_path(name))
    assert script.name == name and script.title and script.summary.endswith(".")
    assert sum(len(step.claims) for step in script.steps) >= 3
    # Every caption that states a figure of a model has that claimed, or the figure stands in it.
    assert all(step.caption.endswith((".", "?", "…")) for step in script.steps)


def test_a_script_is_read_as_it_stands(tmp_path):
    path = own(
        tmp_path,
        HEAD
        + """
caption = "It has lost {twin.lost} of {protected}."
wait = true
do = [
    { hold = "circle", seconds = 2, after = 1 },
    { perform = "walk" },
    { knob = "rotation", to = 90 },
    { mode = "weights" },
    { compare = ["swap", "in_place"] },
    { action = "undo", after = 3 },
    { draw = [[0, 0], [0.5, -1]], seconds = 2 },
]
until = { seconds = 2, when = "twin.lost >= 5 and ours.lost == 0", at_most = 9 }
claims = [
    { words = "lost {twin.lost}", holds = "twin.lost >= 5" },
    { words = "It", always = "ours.lost == 0" },
]
""",
    )
    script = read_script(path)
    (step,) = script.steps
    assert (script.name, script.title, script.path, step.name, step.waits) == ("own", "Mine", path, "first", True)
    assert [timed.deed for timed in step.deeds] == [
        Perform("walk"),
        Turn("rotation", 90.0),
        SetMode(Mode.WEIGHTS),
        Compare((TwinKind.SWAP, TwinKind.IN_PLACE)),
        Draw(((0.0, 0.0), (0.5, -1.0)), 2.0),
        Hold("circle", 2.0),
        Act(ActionId.UNDO),
    ]
    assert (step.until.seconds, step.until.at_most) == (2.0, 9.0)
    assert [claim.always for claim in step.claims] == [False, True]
    assert script.figures == ("twin.lost", "protected", "ours.lost")
    assert step.said({"twin.lost": "7", "protected": "400"}.get) == "It has lost 7 of 400."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "is no TOML"),
        ('title = "Mine"', "own.toml: step is missing"),
        ('title = "Mine"\nstep = []', "1 to 100 steps"),
        ('titel = "Mine"\n[[step]]\ncaption = "a"', "own.toml: titel: there is no such key; did you mean title?"),
        (HEAD, "own.toml, step 1 “first”: caption is missing"),
        (HEAD + 'caption = ""', "step 1 “first”, caption: a text was expected"),
        (HEAD + f'caption = "{"x" * (CAPTION + 1)}"', "too long for the last row: 91 characters, at most 90"),
        (HEAD + 'caption = "{twin.lots}"', "caption: “twin.lots” is no figure; did you mean twin.lost?"),
        (HEAD + 'caption = "{twin.lost"', "brace that is not closed"),
        (HEAD + 'caption = "a"\nuntil = { when = "twin.lots > 3" }', "until, when: “twin.lots” is no figure"),
        (HEAD + 'caption = "a"\nuntil = { when = "import os" }', "until, when: “import os” is no condition"),
        (HEAD + 'caption = "a"\nuntil = { seconds = 20, at_most = 5 }', "at_most: 5 s are less than the 20 s"),
        (HEAD + 'caption = "a"\nuntil = { seconds = -1 }', "until, seconds: 0 to 600 seconds were expected"),
        (HEAD + 'caption = "a"\nuntil = 3', "until: a table was expected, not 3"),
        (HEAD + 'caption = "a"\ndo = [{ dance = "walk" }]', "do 1: nothing to do is named; there are perform"),
        (HEAD + 'caption = "a"\ndo = [{ hold = "circle" }]', "do 1: seconds is missing"),
        (HEAD + 'caption = "a"\ndo = [{ hold = "circle", seconds = "2" }]', "do 1, seconds: a number was expected"),
        (
            HEAD + 'caption = "a"\ndo = [{ mode = "wieghts" }]',
            "do 1, mode: “wieghts” is none of them; did you mean weights?",
        ),
        (HEAD + 'caption = "a"\ndo = [{ action = "quitt" }]', "did you mean quit?"),
        (HEAD + 'caption = "a"\ndo = [{ compare = "swap" }]', "do 1, compare: a list was expected"),
        (HEAD + 'caption = "a"\ndo = [{ draw = [[0, 2], [0, 0]], seconds = 1 }]', "lies beside the pad"),
        (HEAD + 'caption = "a"\ndo = [{ perform = "walk", when = 3 }]', "do 1: when: there is no such key"),
        (HEAD + 'caption = "It walks"\nclaims = [{ words = "runs", holds = "ours.lost == 0" }]', "do not stand in the"),
        (HEAD + 'caption = "It walks"\nclaims = [{ words = "walks" }]', "claims 1: a claim has either holds"),
        (HEAD + 'caption = "a"\n[setting]\nspeed = 0', "setting, speed: a number above 0"),
        (HEAD + 'caption = "a"\n[setting]\nseed = 1.5', "setting, seed: a whole number from 0 on"),
    ],
)
def test_what_is_wrong_is_told_with_file_step_and_key(tmp_path, text, said):
    with pytest.raises(BadInputError) as told:
        read_script(own(tmp_path, text))
    assert said in str(told.value) and "own.toml" in str(told.value) and str(told.value).endswith(".")
    assert "\n" not in str(told.value)


def test_what_is_no_text_and_what_is_not_there_is_told(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="is no text"):
        read_script(path)
    with pytest.raises(BadInputError, match="cannot be read"):
        read_script(tmp_path / "none.toml")
    with pytest.raises(BadInputError, match="cannot be read: it is a folder"):
        read_script(tmp_path)


def test_a_demo_is_named_or_a_file(tmp_path):
    path = own(tmp_path, HEAD + 'caption = "a"')
    assert script_path(str(path)) == path
    for name in ("haywires", "", "\0", str(tmp_path), "none.toml"):
        with pytest.raises(BadInputError, match="There is no demo"):
            script_path(name)


def test_what_a_demo_can_do_and_say_is_in_the_document():
    text = (Path(__file__).resolve().parents[3] / "docs" / "demos.md").read_text(encoding="utf-8")
    assert [key for key in CONVERT if f"`{key}`" not in text] == []
    told = {*re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE)}
    named = {*OF_ALL, *OURS_ONLY, *PLAIN}
    named |= {f"{owner}.{key}" for owner in ("because", "moved", "plane") for key in OWNERS[owner]}
    assert named <= told
    assert all(figure.words in text for figures in OWNERS.values() for figure in figures.values())
    # And the example in it is a demo.
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    script_of(tomllib.loads(example.group(1)), Path("mine.toml"))
