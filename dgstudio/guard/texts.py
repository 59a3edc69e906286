"""Texts of others, made harmless: what a name, a note, a cell or JSON may hold before it is shown, kept or used."""

from __future__ import annotations

import json
import re
from typing import Any

from dgstudio.guard.limits import JSON_CHARACTERS, JSON_DEPTH

_BREAKS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""All of C0, C1 and the marks that turn the direction of what follows, but for the line feed; half characters."""
_ANY = re.compile(f"{_CONTROLS.pattern}|[\n\u2028\u2029]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is run by spreadsheets."""
_QUOTE = "'"

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_WRITTEN = re.compile(r"\\[bfrt]|\\u(?:00[01789]|20[26]|d[89a-f])", re.IGNORECASE)
"""How JSON may write what `plain_text` takes out; other texts that look like it are looked at, too."""


def plain_text(text: str, most: int | None = None, *, lines: bool = False) -> str:
    """Return a text without control characters and marks that turn its direction.

    Tabs and, unless `lines`, line breaks become spaces; half a surrogate pair becomes "?". Emoji and right-to-left
    writing stay as they are.

    Parameters
    ----------
    most
        Characters it may have; the rest is cut off, with "…" in its place.
    lines
        Line breaks stay, each as a line feed.
    """
    if _ANY.search(text) is not None:
        text = _BREAKS.sub("\n" if lines else " ", text)
        text = _CONTROLS.sub(_instead, text)
    return text if most is None or len(text) <= most else f"{text[: most - 1]}…"


def _instead(found: re.Match[str]) -> str:
    character = found[0]
    return " " if character == "\t" else "?" if "\ud800" <= character <= "\udfff" else ""


def cell_text(text: str) -> str:
    """Return a text as a CSV cell holds it: plain, with ' before it where a spreadsheet would take it for a formula.

    `text_of_cell` takes that away again; so a text that begins with ' and then such a sign gets one more.
    """
    text = plain_text(text, lines=True)
    return _QUOTE + text if text.lstrip(_QUOTE).startswith(_FORMULA) else text


def text_of_cell(cell: str) -> str:
    """Return the text that `cell_text` made a cell of; any other cell as it is."""
    if cell.startswith(_QUOTE) and cell.lstrip(_QUOTE).startswith(_FORMULA):
        return cell[1:]
    return cell


def json_value(text: str | bytes, *, plain: bool = True) -> Any:
    """Return what a JSON text of others says; its strings are made plain, but for line breaks, unless told otherwise.

    Raises
    ------
    ValueError
        If it is no JSON, is too long, or is nested deeper than `JSON_DEPTH`.
    TypeError
        If it is neither text nor bytes.
    """
    if isinstance(text, bytes | bytearray):
        text = text.decode("utf-8")
    if not isinstance(text, str):
        raise TypeError(f"a {type(text).__name__} is no JSON")
    if len(text) > JSON_CHARACTERS:
        raise ValueError(f"its JSON has {len(text):,} characters: {JSON_CHARACTERS:,} is the most")
    if text.count("[") + text.count("{") > JSON_DEPTH and _depth(text) > JSON_DEPTH:
        raise ValueError(f"its JSON is nested more than {JSON_DEPTH} deep")
    value = json.loads(text)
    # Ours is written without any of these: most texts are looked at once, by a regular expression.
    return _plain(value) if plain and _looks_written(text) else value


def _looks_written(text: str) -> bool:
    return _WRITTEN.search(text) is not None or _CONTROLS.search(text) is not None


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _BRACKETS.finditer(_STRING.sub("", text)):
        depth += 1 if found[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value, lines=True)
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    return value
