"""Texts of others: what is taken out of them, what a spreadsheet would run, and JSON within limits."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.errors import BadInputError
from dgstudio.guard import limits
from dgstudio.guard.terminal import PlainConsole
from dgstudio.guard.texts import cell_text, json_value, plain_text, text_of_cell

TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(text=st.text(), lines=st.booleans())
def test_no_control_character_is_left_and_a_plain_text_stays(text: str, lines: bool) -> None:
    plain = plain_text(text, lines=lines)
    left = {c for c in plain if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in TURNS}
    assert left <= ({"\n"} if lines else set())
    assert plain_text(plain, lines=lines) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("walk\tfast\r\nnow", "walk fast now"),
        ("\x1b]0;title\x07red\x1b[31m", "]0;titlered[31m"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("c1 \x9b31m", "c1 31m"),
        ("\ud83d", "?"),
        ("👩‍🔬 שלום", "👩‍🔬 שלום"),
    ],
)
def test_what_is_taken_out(text: str, plain: str) -> None:
    assert plain_text(text) == plain


def test_a_text_is_cut_where_it_is_too_long() -> None:
    assert plain_text("abcdef", 4) == "abc…" and plain_text("abcd", 4) == "abcd"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-walk", "@SUM(A1)", "'=1", "''-x", "'@", "=cmd|' /C calc'!A0"])
def test_a_formula_is_marked_and_comes_back(text: str) -> None:
    assert cell_text(text) == f"'{text}" and text_of_cell(cell_text(text)) == text


@given(st.text())
def test_any_text_comes_back_from_its_cell_and_none_is_a_formula(text: str) -> None:
    text = plain_text(text, lines=True)
    assert text_of_cell(cell_text(text)) == text
    assert not cell_text(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_what_is_no_formula_stays() -> None:
    for text in ("walk", "it's", "'quoted'", "'", "", "1-2"):
        assert cell_text(text) == text == text_of_cell(text)


def test_json_is_what_it_was() -> None:
    value = {"a": [1, 2.5, None, True, "Größe\nzwei"], "deep": [[[["x"]]]], "brackets": "[[[{{{" * 40}
    assert json_value(json.dumps(value)) == json_value(json.dumps(value).encode()) == value


@pytest.mark.parametrize("ascii_only", [True, False])
def test_texts_in_json_are_plain(ascii_only: bool) -> None:
    text = json.dumps({"na\u202eme": ["\x1b[2J", "tab\there", "\x85", "fine"]}, ensure_ascii=ascii_only)
    assert json_value(text) == {"name": ["[2J", "tab here", "\n", "fine"]}
    assert json_value(text, plain=False) == json.loads(text)


def test_json_that_is_too_deep_or_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100 + "1" + "}" * 100):
        with pytest.raises(ValueError, match="nested more than 64 deep"):
            json_value(text)
    assert json_value("[" * limits.JSON_DEPTH + "]" * limits.JSON_DEPTH)
    monkeypatch.setattr("dgstudio.guard.texts.JSON_CHARACTERS", 10)
    with pytest.raises(ValueError, match="12 characters: 10 is the most"):
        json_value('"0123456789"')
    with pytest.raises(TypeError):
        json_value(None)  # type: ignore[arg-type]


def test_an_error_and_the_terminal_show_names_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    error = BadInputError("There is no file \x1b]0;owned\x07a\u202e.csv: check the path.")
    assert str(error) == "There is no file ]0;owneda.csv: check the path."
    from rich.table import Table

    console, table = PlainConsole(), Table()
    table.add_row("ce\x9bll")
    console.print("na\x1b[31mme", table, markup=False)
    shown = capsys.readouterr().out
    assert "na[31mme" in shown and "cell" in shown and "\x1b" not in shown and "\x9b" not in shown
