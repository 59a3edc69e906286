"""Where panels stand, as plain data: splits within splits down to stacks of panels. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from itertools import accumulate, pairwise
from math import inf, isfinite
from typing import Any, Final, TypeAlias

from dgstudio.errors import BadInputError
from dgstudio.records import dataclass

MOST_DEEP = 12
"""Splits within splits that a stored layout may have."""


class Way(StrEnum):
    """How the parts of a split follow each other."""

    ACROSS = "across"
    DOWN = "down"


MOST_FITTED: Final = 0.5
"""The most of its split that a part takes which fits its panel, whatever that asks for."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much of its split a part takes: a share, within limits in logical pixels.

    Parameters
    ----------
    grows
        Whether it takes what the others leave, whatever its share.
    fits
        Whether it takes what its panel asks for in place of a share; `share` is then what the panel is offered, and
        `MOST_FITTED` what it gets at most.
    """

    share: float = 0.0
    least: float = 0.0
    most: float = inf
    grows: bool = False
    fits: bool = False


REST = Room(grows=True)
"""What the others leave."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Panels in one place, one behind the other; `front` is the one that is seen."""

    names: tuple[str, ...]
    front: str = ""
    room: Room = REST


@dataclass(frozen=True, slots=True)
class Split:
    """Parts that follow each other, at least two."""

    way: Way
    parts: tuple[Node, ...]
    room: Room = REST


Node: TypeAlias = Stack | Split


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in logical pixels."""

    x: int
    y: int
    wide: int
    tall: int

    def span(self, way: Way) -> tuple[int, int]:
        """Return where it begins and ends, to the right or downwards."""
        return (self.x, self.x + self.wide) if way == Way.ACROSS else (self.y, self.y + self.tall)

    def cut(self, way: Way, begin: int, extent: int) -> Box:
        """Return the part of it that begins so far in and is so long."""
        if way == Way.ACROSS:
            return Box(self.x + begin, self.y, extent, self.tall)
        return Box(self.x, self.y + begin, self.wide, extent)


def place(name: str, room: Room = REST) -> Stack:
    """Return the place of one panel."""
    return Stack((name,), name, room)


def names_of(node: Node | None) -> Iterator[str]:
    """Return the names of all panels, from the left and from above."""
    if isinstance(node, Stack):
        yield from node.names
    elif node is not None:
        for part in node.parts:
            yield from names_of(part)


def stacks_of(node: Node | None) -> Iterator[Stack]:
    """Return all stacks, from the left and from above."""
    if isinstance(node, Stack):
        yield node
    elif node is not None:
        for part in node.parts:
            yield from stacks_of(part)


def with_room(node: Node, room: Room) -> Node:
    """Return the same with another share of its split."""
    if isinstance(node, Stack):
        return Stack(node.names, node.front, room)
    return Split(node.way, node.parts, room)


# -- moving panels about ---------------------------------------------------------------------------------------------


def only(node: Node | None, names: set[str]) -> Node | None:
    """Return what is left where only these panels stand; None for nothing."""
    if node is None:
        return None
    if isinstance(node, Stack):
        left = tuple(name for name in node.names if name in names)
        return Stack(left, node.front if node.front in left else left[0], node.room) if left else None
    parts = tuple(part for part in (only(part, names) for part in node.parts) if part is not None)
    return _split(node.way, parts, node.room)


def _split(way: Way, parts: Sequence[Node], room: Room) -> Node | None:
    """Return a split of these parts; those of a split within it that goes the same way follow each other in it."""
    flat: list[Node] = []
    for part in parts:
        if isinstance(part, Split) and part.way == way:
            inner = part.room.share if not part.room.grows else 0.0
            flat += [
                with_room(each, Room(share=each.room.share * inner)) if inner and not each.room.grows else each
                for each in part.parts
            ]
        else:
            flat.append(part)
    if len(flat) < 2:
        return with_room(flat[0], room) if flat else None
    return Split(way, tuple(flat), room)


def beside(node: Node | None, anchors: set[str], name: str, way: Way, *, after: bool) -> Node:
    """Put a panel beside the smallest part in which all of `anchors` stand; at the edge where none of them does."""
    if node is None:
        return place(name)
    if isinstance(node, Split):
        parts = [*node.parts]
        at = next((at for at, part in enumerate(parts) if anchors and anchors <= set(names_of(part))), None)
        if at is not None and (node.way != way or not _tight(parts[at], anchors)):
            parts[at] = beside(parts[at], anchors, name, way, after=after)
            return Split(node.way, tuple(parts), node.room)
        if node.way == way:
            # One more in the row.
            new = place(name, Room(share=1.0 / (len(parts) + 1)))
            parts.insert((len(parts) if after else 0) if at is None else at + after, new)
            return Split(way, tuple(parts), node.room)
    both = (with_room(node, Room(share=0.5)), place(name, Room(share=0.5)))
    return Split(way, both if after else both[::-1], node.room)


def _tight(node: Node, anchors: set[str]) -> bool:
    """Whether no smaller part than this has all anchors in it."""
    return isinstance(node, Stack) or not any(anchors <= set(names_of(part)) for part in node.parts)


def stacked(node: Node, anchor: str, name: str) -> Node:
    """Put a panel in front of the stack in which `anchor` is."""
    if isinstance(node, Stack):
        return Stack((*node.names, name), name, node.room) if anchor in node.names else node
    return Split(node.way, tuple(stacked(part, anchor, name) for part in node.parts), node.room)


def neighbours(node: Node, name: str, known: set[str]) -> tuple[set[str], Way | None, bool]:
    """Return beside which of the `known` panels one stands, in which way and whether after them; way None: with them.

    Empty where it stands alone.
    """
    if isinstance(node, Stack):
        return set(node.names) & known, None, True
    at = next(at for at, part in enumerate(node.parts) if name in names_of(part))
    inner = neighbours(node.parts[at], name, known)
    if inner[0]:
        return inner
    befores = [set(names_of(part)) & known for part in node.parts[:at][::-1]]
    afters = [set(names_of(part)) & known for part in node.parts[at + 1 :]]
    for after, sides in ((True, befores), (False, afters)):
        found = next(filter(None, sides), None)
        if found:
            return found, node.way, after
    return set(), node.way, True


def merged(seen: Node | None, before: Node | None, keep: set[str]) -> Node | None:
    """Return what is `seen` with those of `keep` that it lacks, each beside what it stood beside `before`."""
    for name in names_of(before):
        if before is None or name not in keep or name in set(names_of(seen)):
            continue
        found, way, after = neighbours(before, name, set(names_of(seen)))
        if way is None and found and seen is not None:
            front = next(stack.front for stack in stacks_of(seen) if found & set(stack.names))
            seen = _fronted(stacked(seen, next(iter(found)), name), front)
        else:
            seen = beside(seen, found, name, way or Way.DOWN, after=after)
    return seen


def _fronted(node: Node, front: str) -> Node:
    if isinstance(node, Stack):
        return Stack(node.names, front, node.room) if front in node.names else node
    return Split(node.way, tuple(_fronted(part, front) for part in node.parts), node.room)


def fronted(node: Node, seen: set[str]) -> Node:
    """Let those of `seen` be in front that stand behind others."""
    for name in seen:
        node = _fronted(node, name)
    return node


# -- sharing out the room --------------------------------------------------------------------------------------------


def share_out(
    node: Node, box: Box, shown: set[str], line: int, needs: Callable[[str, int], int], scale: float = 1.0
) -> dict[str, Box]:
    """Return the box of each panel that is shown.

    Parameters
    ----------
    line
        Logical pixels between two parts.
    needs
        How tall a panel must be for all that is in it, given its name and how tall it may be without crowding others.
    scale
        Of type: the limits of rooms are those of its usual size.
    """
    if isinstance(node, Stack):
        return {name: box for name in node.names if name in shown}
    parts = [part for part in node.parts if shown & set(names_of(part))]
    begin, end = box.span(node.way)
    extents = _extents(parts, end - begin, shown, line, needs, scale)
    boxes: dict[str, Box] = {}
    at = 0
    for part, extent in zip(parts, extents, strict=True):
        boxes |= share_out(part, box.cut(node.way, at, extent), shown, line, needs, scale)
        at += extent + line
    return boxes


def _extents(
    parts: Sequence[Node], whole: int, shown: set[str], line: int, needs: Callable[[str, int], int], scale: float
) -> list[int]:
    free = whole - line * (len(parts) - 1)
    if len(parts) == 1:
        return [whole]
    wanted = [_wanted(part, whole, shown, needs, scale) for part in parts]
    growing = [at for at, part in enumerate(parts) if part.room.grows]
    if growing:
        left = free - sum(round(extent) for at, extent in enumerate(wanted) if at not in growing)
        for at in growing:
            wanted[at] = max(1.0, left / len(growing))
    else:
        total = sum(wanted)
        wanted = [extent * free / total if total > 0 else free / len(parts) for extent in wanted]
    ends = [0, *map(round, accumulate(wanted))]
    return [max(1, end - begin) for begin, end in pairwise(ends)]


def _wanted(part: Node, whole: int, shown: set[str], needs: Callable[[str, int], int], scale: float) -> float:
    room, least, most = part.room, part.room.least * scale, part.room.most * scale
    if room.fits:
        name = next(name for name in names_of(part) if name in shown)
        return round(min(max(needs(name, round(room.share * whole)), least), MOST_FITTED * whole))
    extent = min(max(room.share * whole, least), most)
    return round(extent) if (room.least, room.most) != (0.0, inf) else extent


# -- reading what is seen --------------------------------------------------------------------------------------------


def seen(boxes: dict[str, Box], stacks: dict[str, tuple[str, ...]], first: Way = Way.DOWN) -> Node | None:
    """Return the tree of what is seen: the boxes are cut apart where no panel is in the way.

    Parameters
    ----------
    boxes
        Of the panels that are in front.
    stacks
        For each of them all that stand in its place, itself among them.
    first
        The way in which to cut first where both are possible.
    """
    return _cut([*boxes.items()], stacks, first, Room(share=1.0))


def _cut(
    boxes: list[tuple[str, Box]], stacks: dict[str, tuple[str, ...]], first: Way, room: Room, tried: bool = False
) -> Node | None:
    if not boxes:
        return None
    if len(boxes) == 1:
        name = boxes[0][0]
        return Stack(stacks.get(name, (name,)), name, room)
    other = Way.DOWN if first == Way.ACROSS else Way.ACROSS
    groups = runs(boxes, first)
    if len(groups) == 1:
        if tried:
            # No cut goes through: whatever they are, they are not lost.
            return Stack(tuple(name for own, _ in boxes for name in stacks.get(own, (own,))), boxes[0][0], room)
        return _cut(boxes, stacks, other, room, True)
    spans = [_hull(group, first) for group in groups]
    whole = max(1, spans[-1][1] - spans[0][0])
    parts = [
        _cut(group, stacks, other, Room(share=(end - begin) / whole))
        for group, (begin, end) in zip(groups, spans, strict=True)
    ]
    return _split(first, [part for part in parts if part is not None], room)


def runs(boxes: Sequence[tuple[str, Box]], way: Way) -> list[list[tuple[str, Box]]]:
    """Return the boxes in groups that follow each other in this way, without one reaching into another's."""
    groups: list[list[tuple[str, Box]]] = []
    edge = -inf
    for item in sorted(boxes, key=lambda item: item[1].span(way)):
        begin, end = item[1].span(way)
        if not groups or begin >= edge:
            groups.append([])
        groups[-1].append(item)
        edge = max(edge, end)
    return groups


def _inside(node: Node, boxes: dict[str, Box]) -> list[tuple[str, Box]]:
    """The boxes of panels that are part of a tree, by name."""
    names = set(names_of(node))
    return [item for item in boxes.items() if item[0] in names]


def _hull(boxes: Sequence[tuple[str, Box]], way: Way) -> tuple[int, int]:
    spans = [box.span(way) for _, box in boxes]
    return min(begin for begin, _ in spans), max(end for _, end in spans)


def fits(node: Node | None, boxes: dict[str, Box], stacks: dict[str, tuple[str, ...]]) -> bool:
    """Whether panels that are seen so stand as the tree says, whatever their sizes; it names no others.

    The same picture may be cut in more than one way, so that comparing it with `seen` would not do.
    """
    there = {frozenset(stacks.get(name, (name,))) for name in boxes}
    return there == {frozenset(stack.names) for stack in stacks_of(node)} and _in_order(node, boxes)


def _in_order(node: Node | None, boxes: dict[str, Box]) -> bool:
    if node is None or isinstance(node, Stack):
        return True
    inside = [_inside(part, boxes) for part in node.parts]
    if not all(inside):
        return False
    spans = [_hull(found, node.way) for found in inside]
    follow = all(one[1] <= two[0] for one, two in pairwise(spans))
    return follow and all(_in_order(part, boxes) for part in node.parts)


@dataclass(frozen=True, slots=True)
class Seam:
    """The line between two parts that follow each other in this way."""

    way: Way
    line: Box


def seams(node: Node | None, boxes: dict[str, Box]) -> Iterator[Seam]:
    """Return the lines between the parts of which something is seen."""
    if node is None or isinstance(node, Stack):
        return
    inside = [_inside(part, boxes) for part in node.parts]
    other = Way.DOWN if node.way == Way.ACROSS else Way.ACROSS
    found = [items for items in inside if items]
    for before, behind in pairwise(found):
        begin, end = _hull(before, node.way)[1], _hull(behind, node.way)[0]
        low, high = _hull([*before, *behind], other)
        if node.way == Way.ACROSS:
            yield Seam(node.way, Box(begin, low, end - begin, high - low))
        else:
            yield Seam(node.way, Box(low, begin, high - low, end - begin))
    for part in node.parts:
        yield from seams(part, boxes)


def sized(node: Node, boxes: dict[str, Box]) -> Node:
    """Return the tree with the sizes that are seen; parts of which nothing is seen keep theirs."""
    if isinstance(node, Stack):
        return node
    inside = [_inside(part, boxes) for part in node.parts]
    spans = [_hull(found, node.way) if found else (0, 0) for found in inside]
    whole = max(1, sum(end - begin for begin, end in spans))
    parts = [
        sized(with_room(part, Room(share=(end - begin) / whole)) if end > begin else part, boxes)
        for part, (begin, end) in zip(node.parts, spans, strict=True)
    ]
    return Split(node.way, tuple(parts), node.room)


# -- as plain data ---------------------------------------------------------------------------------------------------


def to_data(node: Node) -> dict[str, Any]:
    """Return a tree as JSON takes it."""
    data: dict[str, Any] = {}
    if isinstance(node, Stack):
        data = {"panels": [*node.names], "front": node.front}
    else:
        data = {"split": node.way.value, "parts": [to_data(part) for part in node.parts]}
    room = node.room
    data["share"] = round(room.share, 6)
    if isfinite(room.most) and not room.fits:
        data |= {"least": room.least, "most": room.most}
    if room.grows:
        data["grows"] = True
    if room.fits:
        data |= {"fits": True, "least": room.least}
    return data


def from_data(data: object) -> Node:
    """Return the tree that `to_data` wrote.

    Raises
    ------
    BadInputError
        If it is none, or a panel stands in it twice.
    """
    node = _from_data(data, 0)
    names = [*names_of(node)]
    if len(names) != len(set(names)):
        raise BadInputError("a panel stands in it twice")
    return node


def _from_data(data: object, deep: int) -> Node:
    if not isinstance(data, dict):
        raise BadInputError("a part of it is missing")
    if deep > MOST_DEEP:
        raise BadInputError(f"its splits are nested deeper than {MOST_DEEP}")
    room = _room(data)
    if "panels" in data:
        names = data["panels"]
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise BadInputError("a place in it names no panels")
        front = next((name for name in names if name == data.get("front")), names[0])
        return Stack(tuple(names), front, room)
    parts = data.get("parts")
    if data.get("split") not in [*Way] or not isinstance(parts, list) or len(parts) < 2:
        raise BadInputError("a split in it has no parts")
    return Split(Way(data["split"]), tuple(_from_data(part, deep + 1) for part in parts), room)


def _room(data: dict[str, Any]) -> Room:
    values = [data.get(key, default) for key, default in (("share", 0.0), ("least", 0.0), ("most", None))]
    share, least, most = (inf if value is None else value for value in values)
    numbers = (share, least, most)
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        raise BadInputError("a size in it is no number")
    if not (0 <= share <= 1 and 0 <= least <= most and least < 1e5):
        raise BadInputError("a size in it is out of range")
    return Room(share, least, most, data.get("grows") is True, data.get("fits") is True)
