"""A source of a package that misbehaves: each thing it does wrong is a sentence, and it can be tried again."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from dgstudio.errors import BadInputError, StreamEnded, StreamError
from dgstudio.streams.condition import Lamp, Reporting, SourceCondition
from dgstudio.streams.plugins.plugin_source import PluginSource
from dgstudio.streams.source import Knob, KnobKind, Listening
from dgstudio.types import Block, StreamKind, StreamSpec

KNOB = Knob("gain", "Gain", KnobKind.FLOAT, 1.0)


class Own:
    """Does what a test gives it to do; an error is raised."""

    def __init__(self, **does: Any) -> None:
        self.spec = StreamSpec("own", StreamKind.SIGNAL, 100.0, ("x", "y"), 1.0, 0.02)
        self.does = does

    def _do(self, name: str) -> Any:
        found = self.does.get(name)
        if isinstance(found, Exception):
            raise found
        return found

    def open(self) -> None:
        self._do("open")

    def read(self, timeout: float) -> Any:
        return self._do("read")

    def close(self) -> None:
        self._do("close")

    def knobs(self) -> Any:
        return self._do("knobs") or ()

    def set_knob(self, name: str, value: float | str | bool) -> None:
        self._do("set_knob")


def block(times: Any = (0.1, 0.2), width: int = 2) -> Block:
    return Block(np.asarray(times), np.zeros((len(times), width)))  # type: ignore[arg-type]


def test_what_is_right_passes_as_it_is_with_the_types_that_it_must_have() -> None:
    own = Own(read=block(), knobs=[KNOB])
    source = PluginSource("own", own)
    source.open()
    found = source.read(0.1)
    assert found is not None and found.values.dtype == np.float32 and found.times.tolist() == [0.1, 0.2]
    assert source.knobs() == (KNOB,) and source.notes == ()
    own.does = {"read": StreamEnded("It is over.")}
    with pytest.raises(StreamEnded):
        source.read(0.1)
    own.does = {}
    assert source.read(0.1) is None
    source.close()


@pytest.mark.parametrize(
    ("gives", "told"),
    [
        (ZeroDivisionError("oh"), r"“own” cannot be read: ZeroDivisionError"),
        ("a text", r"“own” cannot be read: AttributeError"),
        (block(width=3), r"gives \(2, 3\) values at \(2,\) times: it must be a row of 2"),
        (block(times=()), "must be a row of 2"),
        (block(times=(0.2, 0.1)), "times that do not rise"),
        (block(times=(0.1, float("nan"))), "times that do not rise"),
    ],
)
def test_a_block_that_cannot_be_is_said(gives: Any, told: str) -> None:
    with pytest.raises(StreamError, match=told):
        PluginSource("own", Own(read=gives)).read(0.1)


def test_times_rise_from_block_to_block() -> None:
    source = PluginSource("own", Own(read=block()))
    source.read(0.1)
    with pytest.raises(StreamError, match="do not rise"):
        source.read(0.1)


def test_every_other_failure_is_a_sentence_too() -> None:
    failing = PluginSource("own", Own(**dict.fromkeys(("open", "close", "set_knob", "knobs"), KeyError("gone"))))
    for told, deed in {"be opened": failing.open, "be closed": failing.close}.items():
        with pytest.raises(StreamError, match=f"“own” cannot {told}: KeyError"):
            deed()
    with pytest.raises(BadInputError, match="cannot set “gain”"):
        failing.set_knob("gain", 1.0)
    assert failing.knobs() == ()
    with pytest.raises(BadInputError, match="no source: it has no open"):
        PluginSource("own", object())


def test_what_else_it_has_is_to_be_had() -> None:
    own = Own()
    assert not isinstance(PluginSource("own", own), Reporting | Listening)
    own.condition = lambda: SourceCondition(Lamp.WAITING)  # type: ignore[attr-defined]
    own.listen = lambda: None  # type: ignore[attr-defined]
    own.notes = ("It hears.",)  # type: ignore[attr-defined]
    source = PluginSource("own", own)
    assert isinstance(source, Reporting) and isinstance(source, Listening)
    # As Python 3.12 looks for what a protocol asks for.
    assert callable(inspect.getattr_static(source, "listen"))
    assert source.condition().lamp is Lamp.WAITING
    assert [note.sentence for note in source.notes] == ["It hears."]
    own.condition = lambda: 1 / 0  # type: ignore[attr-defined]
    assert source.condition().lamp is Lamp.WRONG
