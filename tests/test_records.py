"""`dgstudio.records.dataclass` beside the standard one: the same classes behave the same."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from dgstudio.records import dataclass

OPTIONS: list[dict[str, Any]] = [
    {"frozen": frozen, "slots": slots, "eq": eq}
    for frozen in (False, True)
    for slots in (False, True)
    for eq in (True, False)
]


def made_by(decorate: Any, options: dict[str, Any]) -> tuple[Any, Any]:
    @decorate(**options)
    class Base:
        """A base."""

        kind: ClassVar[str] = "base"
        a: int
        b: str = "x"
        c: list[int] = field(default_factory=list, repr=False)
        d: float = field(default=0.5, compare=False)
        e: int = field(default=7, init=False)

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("negative")

    @decorate(**options)
    class Derived(Base):
        """One more."""

        f: tuple[int, ...] = ()

        @property
        def both(self) -> tuple[int, str]:
            return self.a, self.b

    return Base, Derived


def shown(value: object) -> str:
    return repr(value).replace("made_by.<locals>.", "")


@pytest.mark.parametrize("before", [0, 3, 20])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_they_are_alike_however_many_there_are(options, before):
    for ours, theirs in zip(made_by(dataclass, options), made_by(dataclasses.dataclass, options), strict=True):
        for _ in range(before):
            assert shown(ours(2, d=3.0)) == shown(theirs(2, d=3.0))
        one, other = ours(1), theirs(1)
        assert shown(one) == shown(other)
        assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(theirs)]
        assert ours.__match_args__ == theirs.__match_args__ and dataclasses.is_dataclass(ours)
        assert dataclasses.asdict(one) == dataclasses.asdict(other) and ours.__doc__ == theirs.__doc__
        for values, named in (((1,), {}), ((1, "y"), {"c": [2]}), ((), {"a": 1, "d": 9.0}), ((2, "x", [3], 1.5), {})):
            mine, its = ours(*values, **named), theirs(*values, **named)
            assert shown(mine) == shown(its)
            assert (mine == one) is (its == other) and (mine != one) is (its != other)
            changed = dataclasses.replace(mine, b="z"), dataclasses.replace(its, b="z")
            assert shown(changed[0]) == shown(changed[1])
        assert (one == other) is False and one != 1
        assert one.c is not ours(1).c, "each has a list of its own"
        wrong = [lambda cls: cls(), lambda cls: cls(1, 2, 3, 4, 5, 6, 7), lambda cls: cls(1, nothing=2)]
        for bad in (*wrong, lambda cls: cls(1, a=2), lambda cls: cls(1, e=2)):
            with pytest.raises(TypeError) as mine_said:
                bad(ours)
            with pytest.raises(TypeError) as its_said:
                bad(theirs)
            assert str(mine_said.value) == str(its_said.value).replace("dataclasses", "dgstudio.records")
        with pytest.raises(ValueError, match="negative"):
            ours(-1)
        assert (ours.__hash__ is None) is (theirs.__hash__ is None)
        if options["slots"]:
            assert not hasattr(one, "__dict__") and ours.__slots__ == theirs.__slots__
        if options["frozen"]:
            for act in (lambda it=one: setattr(it, "a", 2), lambda it=one: delattr(it, "a")):
                with pytest.raises(FrozenInstanceError):
                    act()
        else:
            one.a = other.a = 5
            assert shown(one) == shown(other)


@dataclass(frozen=True, slots=True)
class Frozen:
    """At the top of a module, as pickle needs it."""

    a: int
    b: tuple[str, ...] = ()


@dataclass(slots=True)
class Open:
    """The same, not frozen."""

    a: int
    b: list[int] = field(default_factory=list)


def test_they_are_pickled_copied_and_hashed():
    for value in (Frozen(1, ("x",)), Open(2, [3])):
        assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == copy.copy(value) == value
    assert len({Frozen(1), Frozen(1), Frozen(2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))
    match Frozen(4, ("y",)):
        case Frozen(a, (b,)):
            assert (a, b) == (4, "y")


@pytest.mark.parametrize("bad", [(), (1, 2, 3)], ids=str)
def test_what_the_first_says_of_wrong_arguments_is_what_all_say(bad):
    @dataclass(frozen=True)
    class Ours:
        """One."""

        a: int
        b: int = 2

    said = []
    for _ in range(10):
        with pytest.raises(TypeError) as error:
            Ours(*bad)
        said.append(str(error.value))
        assert Ours(1) == Ours(a=1, b=2)
    assert len(set(said)) == 1
