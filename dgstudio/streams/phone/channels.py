"""What a phone sends to several addresses, put together into one vector: which channel each value is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from dgstudio.guard.limits import LABEL
from dgstudio.guard.texts import plain_text

AXES = {1: ("",), 2: ("x", "y"), 3: ("x", "y", "z"), 4: ("x", "y", "z", "w")}
ANGLES = ("pitch", "roll", "yaw")
OF_ANGLES = frozenset({"gyrosc/gyro"})
"""Addresses that tell how the phone is turned, not how fast: GyrOSC calls its attitude so."""
QUATERNIONS = frozenset({"gyrosc/quat"})
"""Quaternions that begin with their real part; those of others end with it."""
ONE_OF_SEVERAL = re.compile(r"[xyzw]|\d{1,2}", re.IGNORECASE)
"""The last part of an address that names one value of a sensor."""
DEPTH = 3
"""Parts of an address that a name has at most."""

Counts = Mapping[str, int]
"""Address → values in its messages."""
Layout = dict[str, tuple[int, ...]]
"""Address → the channel of each of its values."""


def named_layout(counts: Counts) -> tuple[tuple[str, ...], Layout]:
    """Return the names of all values, and where each address has them: in order of the addresses.

    Names are the end of an address, as long as need be to tell two apart, and the axis.
    """
    addresses = sorted(counts)
    for depth in range(1, DEPTH + 1):
        names = [name for address in addresses for name in names_of(address, counts[address], depth)]
        if len(set(names)) == len(names):
            break
    else:
        names = [f"{number + 1} {name}"[:LABEL] for number, name in enumerate(names)]
    layout, begin = Layout(), 0
    for address in addresses:
        layout[address] = tuple(range(begin, begin + counts[address]))
        begin += counts[address]
    return tuple(names), layout


def layout_of(channels: Sequence[str], counts: Counts, *, whole: bool) -> Layout | None:
    """Return where the values of these addresses are among channels that are given; None where they do not fit (yet).

    Channels are found by their names; addresses that have none are left out. Where nothing is called as they are, and
    `whole` says that all addresses are known by now, the values are taken in order, if there are as many.
    """
    place = {name: number for number, name in enumerate(channels)}
    for depth in range(1, DEPTH + 1):
        layout = Layout()
        for address in sorted(counts):
            names = names_of(address, counts[address], depth)
            if all(name in place for name in names):
                layout[address] = tuple(place[name] for name in names)
        taken = [number for numbers in layout.values() for number in numbers]
        if len(taken) == len(channels) == len(set(taken)):
            return layout
    names, layout = named_layout(counts)
    return layout if whole and len(names) == len(channels) else None


def names_of(address: str, count: int, depth: int = 1) -> tuple[str, ...]:
    """Return what the values of an address are called, as in ("accel x", "accel y", "accel z")."""
    parts = [part for part in address.split("/") if part]
    axis = ""
    if len(parts) > 1 and ONE_OF_SEVERAL.fullmatch(parts[-1]):
        axis = parts.pop().lower()
    where = "/".join(parts[-2:]).lower()
    word = plain_text(" ".join(parts[-depth:]) or "value")
    axes: Iterable[str] = AXES.get(count, tuple(str(number + 1) for number in range(count)))
    if count == len(ANGLES) and where in OF_ANGLES:
        axes = ANGLES
    elif count == 4 and where in QUATERNIONS:
        axes = ("w", "x", "y", "z")
    return tuple(" ".join(filter(None, (word, axis, each)))[:LABEL] for each in axes)
