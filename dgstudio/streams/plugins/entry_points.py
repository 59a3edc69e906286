"""What installed packages bring: sources, sinks, features. One that is broken is named and left out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dgstudio.guard.texts import plain_text
from dgstudio.reasons.reason import shortened
from dgstudio.records import dataclass

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

SOURCES, SINKS, FEATURES = "dgstudio.sources", "dgstudio.sinks", "dgstudio.features"
"""Groups of entry points; each entry is a `SourceKind`, a `SinkKind`, a `FeatureKind`."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """An entry of a package that cannot be used, and why."""

    package: str
    entry: str
    why: str

    @property
    def sentence(self) -> str:
        """Naming the package."""
        return f"The plug-in “{self.entry}” of the package {self.package} is left out: {self.why}."


@dataclass(frozen=True, slots=True)
class Plugins(Generic[T]):
    """Those of one group that can be used, in order of their names, and those that cannot."""

    found: tuple[T, ...] = ()
    broken: tuple[BrokenPlugin, ...] = ()

    @property
    def words(self) -> str:
        """What is broken, as sentences after another one; "" where nothing is."""
        return "".join(f" {broken.sentence}" for broken in self.broken)


def plugins(group: str, kind: type[T], ours: frozenset[str] = frozenset()) -> Plugins[T]:
    """Return what installed packages bring of a group.

    Parameters
    ----------
    kind
        What each entry must be.
    ours
        Names that are taken.
    """
    found: dict[str, T] = {}
    broken: list[BrokenPlugin] = []
    for entry in sorted(_entries(group), key=lambda entry: (entry.name, _package(entry))):
        loaded, why = _loaded(entry, kind)
        name = str(getattr(loaded, "name", ""))
        if loaded is not None and (name in ours or name in found):
            loaded, why = None, f"its name “{shortened(name)}” is taken"
        if loaded is None:
            broken.append(BrokenPlugin(_package(entry), shortened(entry.name), why))
        else:
            found[name] = loaded
    return Plugins(tuple(found.values()), tuple(broken))


@cache
def _entries(group: str) -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # reads mail; the first picture needs no plug-in

    return tuple(entry_points(group=group))


@cache
def _imported(entry: EntryPoint) -> tuple[Any, str]:
    """What an entry stands for, or why it cannot be imported; tried once."""
    try:
        return entry.load(), ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a package may even call sys.exit while it is imported
        said = plain_text(str(error)).strip().partition("\n")[0]
        return None, f"{type(error).__name__}{f': {shortened(said, 120)}' if said else ''}"


def _loaded(entry: EntryPoint, kind: type[T]) -> tuple[T | None, str]:
    found, why = _imported(entry)
    if why:
        return None, why
    if not isinstance(found, kind):
        return None, f"it is no {kind.__name__}, but {shortened(type(found).__name__)}"
    for field, wanted in kind.__annotations__.items():
        value = getattr(found, field, None)
        if wanted == "str" and (not isinstance(value, str) or not value.strip() or len(value) > 200):
            return None, f"its “{field}” is no text of one line"
        if wanted.startswith("Callable") and not callable(value):
            return None, f"its “{field}” cannot be called"
    return found, ""


def _package(entry: EntryPoint) -> str:
    return shortened(entry.dist.name if entry.dist is not None else entry.value)
