"""Scripts as files: TOML, read into `Script`; what is wrong is told with file, step and key."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from dgstudio.errors import BadInputError
from dgstudio.guard.files import read_regular
from dgstudio.guard.limits import MB, NAME
from dgstudio.guard.texts import plain_text
from dgstudio.studio.actions.ids import ActionId
from dgstudio.studio.demos.claims.conditions import Condition, read_condition
from dgstudio.studio.demos.claims.figures import check_figure
from dgstudio.studio.demos.deeds import DEEDS, Deed
from dgstudio.studio.demos.script import FIELD, Claim, Script, Setting, Step, TimedDeed, Until
from dgstudio.types import Mode, TwinKind

CAPTION: Final = 90
"""Characters of a caption, so that the last row reads it; a figure counts as `FIGURE`."""
FIGURE: Final = 5
STEP_S: Final = 2.5
"""Seconds of a step that does not say how long it is."""
PATIENCE_S: Final = 15.0
"""Seconds that a step waits for its condition where it does not say how long."""
LONGEST_S: Final = 600.0
STEPS: Final = 100

T = TypeVar("T")
Table = Mapping[str, Any]


def read_script(path: Path) -> Script:
    """Read a script; `BadInputError` says what is wrong with it, and where."""
    try:
        text = read_regular(path, MB).decode("utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        raise BadInputError(f"{path} is no text: a demo is a TOML file in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(f"{path} is no TOML: {error}.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadInputError(f"The demo {path} cannot be read: {why}.") from None
    return script_of(table, path)


def script_of(table: Table, path: Path) -> Script:
    """Return what the tables of a file say; `BadInputError` as `read_script`."""
    with _within(path.name):
        _only(table, ("title", "summary", "setting", "step"))
        steps = _get(table, "step", _tables, required=True)
        if not 1 <= len(steps) <= STEPS:
            raise BadInputError(f"a demo has 1 to {STEPS} steps ([[step]]), this one has {len(steps)}")
        title = _get(table, "title", _text, required=True)
        summary = _get(table, "summary", _text, "")
        setting = _setting(_get(table, "setting", _table, {}))
        read = []
        for number, step in enumerate(steps, 1):
            name = plain_text(str(step.get("name", "")), NAME)
            with _within(f"step {number}" + (f" “{name}”" if name else "")):
                read.append(_step(step, number))
    return Script(path.stem, title, summary, setting, tuple(read), path)


def _setting(table: Table) -> Setting:
    with _within("setting"):
        _only(table, [field.name for field in fields(Setting)])
        usual = Setting()
        return Setting(
            _get(table, "source", _text, usual.source),
            _get(table, "base", _text, usual.base),
            _get(table, "seed", _whole, usual.seed),
            _get(table, "speed", _above_0, usual.speed),
        )


def _step(table: Table, number: int) -> Step:
    _only(table, ("name", "caption", "do", "until", "claims", "wait"))
    caption = _get(table, "caption", _caption, required=True)
    deeds = []
    for place, deed in enumerate(_get(table, "do", _tables, ()), 1):
        with _within(f"do {place}"):
            deeds.append(_deed(deed))
    claims = []
    for place, claim in enumerate(_get(table, "claims", _tables, ()), 1):
        with _within(f"claims {place}"):
            claims.append(_claim(claim, caption))
    return Step(
        _get(table, "name", _text, f"step {number}"),
        caption,
        tuple(sorted(deeds, key=lambda timed: timed.after)),
        _until(_get(table, "until", _table, {})),
        tuple(claims),
        _get(table, "wait", _yes_or_no, False),
    )


def _until(table: Table) -> Until:
    with _within("until"):
        _only(table, ("seconds", "when", "at_most"))
        when = _get(table, "when", _condition, None)
        seconds = _get(table, "seconds", _seconds, STEP_S if when is None else 0.0)
        at_most = _get(table, "at_most", _above_0, max(PATIENCE_S, seconds))
        if at_most < seconds:
            raise BadInputError(f"at_most: {at_most:g} s are less than the {seconds:g} s that it takes")
        return Until(seconds, when, at_most)


def _claim(table: Table, caption: str) -> Claim:
    _only(table, ("words", "holds", "always"))
    words = _get(table, "words", _text, required=True)
    if words not in caption:
        raise BadInputError(f"words: “{words}” do not stand in the caption “{caption}”")
    always = "always" in table
    if always == ("holds" in table):
        raise BadInputError("a claim has either holds, looked at when the step ends, or always, at every moment")
    return Claim(words, _get(table, "always" if always else "holds", _condition, required=True), always)


def _deed(table: Table) -> TimedDeed:
    kinds = {_keys_of(kind)[0]: kind for kind in DEEDS}
    kind = next((kinds[key] for key in table if key in kinds), None)
    if kind is None:
        raise BadInputError(f"nothing to do is named; there are {', '.join(kinds)}")
    keys = _keys_of(kind)
    _only(table, (*keys, "after"))
    values = [_get(table, key, CONVERT[key], required=True) for key in keys]
    return TimedDeed(kind(*values), _get(table, "after", _seconds, 0.0))


def _keys_of(kind: type[Deed]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))  # type: ignore[arg-type]  # all of them are dataclasses


# -- what a value must be ------------------------------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadInputError(f"a text was expected, not {value!r}")
    return plain_text(value)


def _caption(value: object) -> str:
    caption = _text(value)
    for name in FIELD.findall(caption):
        check_figure(name.strip())
    bare = FIELD.sub("", caption)
    if "{" in bare or "}" in bare:
        raise BadInputError(f"“{caption}” has a brace that is not closed: a figure is written as {{twin.lost}}")
    length = len(bare) + FIGURE * len(FIELD.findall(caption))
    if length > CAPTION:
        raise BadInputError(f"“{caption}” is too long for the last row: {length} characters, at most {CAPTION}")
    return caption


def _condition(value: object) -> Condition:
    return read_condition(_text(value), check_figure)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInputError(f"a number was expected, not {value!r}")
    return float(value)


def _seconds(value: object) -> float:
    number = _number(value)
    if not 0 <= number <= LONGEST_S:
        raise BadInputError(f"0 to {LONGEST_S:g} seconds were expected, not {value}")
    return number


def _above_0(value: object) -> float:
    number = _number(value)
    if not 0 < number <= LONGEST_S:
        raise BadInputError(f"a number above 0 and at most {LONGEST_S:g} was expected, not {value}")
    return number


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BadInputError(f"a whole number from 0 on was expected, not {value!r}")
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadInputError(f"true or false was expected, not {value!r}")
    return value


def _knob_value(value: object) -> float | str | bool:
    return value if isinstance(value, str | bool) else _number(value)


def _table(value: object) -> Table:
    if not isinstance(value, dict):
        raise BadInputError(f"a table was expected, not {value!r}")
    return value


def _tables(value: object) -> tuple[Table, ...]:
    if not isinstance(value, list):
        raise BadInputError(f"a list of tables was expected, not {value!r}")
    return tuple(map(_table, value))


def _places(value: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, list) or len(value) < 2:
        raise BadInputError("at least two places [x, y] were expected")
    found = []
    for place in value:
        if not isinstance(place, list) or len(place) != 2:
            raise BadInputError(f"a place is [x, y], not {place!r}")
        x, y = map(_number, place)
        if max(abs(x), abs(y)) > 1:
            raise BadInputError(f"x and y go from −1 to 1; {place} lies beside the pad")
        found.append((x, y))
    return tuple(found)


def _one_of(kind: type[StrEnum], value: object) -> Any:
    try:
        return kind(_text(value))
    except ValueError:
        near = get_close_matches(str(value), [str(member) for member in kind], 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(kind)}"
        raise BadInputError(f"“{plain_text(str(value))}” is none of them; {hint}") from None


def _mode(value: object) -> Mode:
    found: Mode = _one_of(Mode, value)
    return found


def _action(value: object) -> ActionId:
    found: ActionId = _one_of(ActionId, value)
    return found


def _twins(value: object) -> tuple[TwinKind, ...]:
    if not isinstance(value, list):
        raise BadInputError(f"a list was expected, not {value!r}; there are {', '.join(TwinKind)}")
    return tuple(_one_of(TwinKind, entry) for entry in value)


def _inspected(value: object) -> str:
    if value not in ("answer", "versions"):
        raise BadInputError(f"answer or versions was expected, not {value!r}")
    return str(value)


CONVERT: Final[dict[str, Callable[[object], Any]]] = {
    "perform": _text,
    "knob": _text,
    "to": _knob_value,
    "add_class": _text,
    "hold": _text,
    "seconds": _above_0,
    "draw": _places,
    "mode": _mode,
    "rule": _text,
    "compare": _twins,
    "parts_apart": _yes_or_no,
    "action": _action,
    "present": _yes_or_no,
    "look_back": _seconds,
    "inspect": _inspected,
}
"""What the value of each key of a deed must be."""


# -- where something is wrong ----------------------------------------------------------------------------------------


def _get(table: Table, key: str, convert: Callable[[object], T], usual: Any = None, *, required: bool = False) -> Any:
    if key not in table:
        if required:
            raise BadInputError(f"{key} is missing")
        return usual
    with _within(key):
        return convert(table[key])


def _only(table: Table, keys: Sequence[str]) -> None:
    for key in table:
        if key not in keys:
            near = get_close_matches(key, keys, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
            raise BadInputError(f"{plain_text(key)}: there is no such key; {hint}")


class _ScriptError(BadInputError):
    """What is wrong, and the places that it is in, the outermost first."""

    def __init__(self, places: tuple[str, ...], what: str) -> None:
        super().__init__(f"{', '.join(places)}: {what}.")
        self.places, self.what = places, what


@contextmanager
def _within(place: str) -> Iterator[None]:
    """Name this place too where something is wrong."""
    try:
        yield
    except _ScriptError as error:
        raise _ScriptError((place, *error.places), error.what) from None
    except BadInputError as error:
        raise _ScriptError((place,), str(error).rstrip(".")) from None
