"""`dataclass` as in the standard library, made eight times as fast: most of three hundred have no instance at first.

The standard one writes and compiles five functions for each class at once: a quarter of a second for all. Here what
compares, prints and freezes is the same for all classes, and `__init__` is compiled only for those of which there are
more than a few instances. Whoever checks types sees the standard one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    from operator import attrgetter

    FEW = 4
    """Instances that are filled in by what can fill in any: to compile takes as long as fifty of them."""

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True):
        """See `dataclasses.dataclass`, of which this takes these options only."""

        def make(cls):
            own = "__init__" in cls.__dict__
            cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            if not own:
                cls.__init__ = _first_init(cls, frozen)
            if "__repr__" not in cls.__dict__:
                cls.__repr__ = _repr
            if eq:
                if "__eq__" not in cls.__dict__:
                    cls.__eq__ = _eq
                if "__hash__" not in cls.__dict__ or cls.__dict__["__hash__"] is None:
                    cls.__hash__ = _hash if frozen else None
            if frozen:
                cls.__setattr__, cls.__delattr__ = _refuse, _refuse
                if slots and "__setstate__" not in cls.__dict__:
                    cls.__getstate__, cls.__setstate__ = _state, _set_state
            return cls

        return make if cls is None else make(cls)

    def _first_init(cls, frozen):
        """An `__init__` that puts the compiled one into its place once there are more than a few instances."""
        made = 0

        def __init__(self, *values, **named):  # noqa: N807
            nonlocal made
            made += 1
            if made > FEW or not _filled(cls, self, values, named):
                cls.__init__ = _compiled_init(cls, frozen)
                cls.__init__(self, *values, **named)

        return __init__

    def _filled(cls, record, values, named):
        """Fill a record in as the compiled `__init__` would; False where the arguments do not fit."""
        fields = dataclasses.fields(cls)
        taken = [field.name for field in fields if field.init]
        given = {**named, **dict(zip(taken, values, strict=False))}
        if len(values) > len(taken) or len(given) < len(values) + len(named) or not given.keys() <= set(taken):
            return False
        found = []
        for field in fields:
            if field.name in given:
                value = given[field.name]
            elif field.default is not dataclasses.MISSING:
                value = field.default
            elif field.default_factory is not dataclasses.MISSING:
                value = field.default_factory()
            else:
                return False
            found.append((field.name, value))
        for name, value in found:
            object.__setattr__(record, name, value)
        if hasattr(cls, "__post_init__"):
            record.__post_init__()
        return True

    def _compiled_init(cls, frozen):
        """What the standard library would compile, without the class around it that it would take for that."""
        taken, lines = [], []
        known = {"_set": object.__setattr__, "_made": object()}
        for field in dataclasses.fields(cls):
            name = value = field.name
            if field.default is not dataclasses.MISSING:
                known[f"_of_{name}"], default = field.default, f"=_of_{name}"
            elif field.default_factory is not dataclasses.MISSING:
                known[f"_of_{name}"], default = field.default_factory, "=_made"
                value = f"_of_{name}() if {name} is _made else {name}" if field.init else f"_of_{name}()"
            else:
                default = ""
            if field.init:
                taken.append(name + default)
            elif default == f"=_of_{name}":
                value = f"_of_{name}"
            lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
        if hasattr(cls, "__post_init__"):
            lines.append("self.__post_init__()")
        exec(f"def __init__(self, {', '.join(taken)}):\n " + "\n ".join(lines or ["pass"]), known)
        init = known["__init__"]
        init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
        return init

    _getters = {}

    def _values(record):
        """The values by which a record is compared."""
        cls = record.__class__
        getter = _getters.get(cls)
        if getter is None:
            names = [f.name for f in dataclasses.fields(cls) if f.compare]
            getter = _getters[cls] = attrgetter(*names) if names else lambda record: ()
        return getter(record)

    def _repr(self):
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def _eq(self, other):
        return _values(self) == _values(other) if other.__class__ is self.__class__ else NotImplemented

    def _hash(self):
        return hash(_values(self))

    def _refuse(self, name, *value):
        raise dataclasses.FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")

    def _state(self):
        return [getattr(self, f.name) for f in dataclasses.fields(self)]

    def _set_state(self, state):
        for field, value in zip(dataclasses.fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)
