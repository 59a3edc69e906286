"""Class names: what is refused, and with which sentence; ids, keys and colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.classes import MAX_NAME, ClassTable, clean_name
from dgstudio.errors import BadInputError


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "\u202e"])
def test_an_empty_name_is_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="needs a name"):
        ClassTable().add(name)


def test_a_repeated_name_is_refused_whatever_its_case() -> None:
    table = ClassTable()
    table.add("Circle")
    with pytest.raises(BadInputError, match="already a class “circle”"):
        table.add(" circle ")


def test_a_very_long_name_is_refused_with_its_length() -> None:
    with pytest.raises(BadInputError, match="300 characters"):
        ClassTable().add("x" * 300)


@pytest.mark.parametrize("name", ["👋🏽 wave", "دائرة", "圆", "a b"])
def test_emoji_and_right_to_left_names_are_kept(name: str) -> None:
    assert ClassTable().add(name).name == name


@given(st.text(max_size=80))
def test_a_clean_name_is_stable_or_refused(name: str) -> None:
    try:
        clean = clean_name(name)
    except BadInputError:
        return
    assert clean_name(clean) == clean
    assert 0 < len(clean) <= MAX_NAME


def test_keys_and_ids_are_given_in_order_and_a_removed_name_is_free() -> None:
    table = ClassTable()
    infos = [table.add(f"class {i}") for i in range(11)]
    assert [info.key for info in infos] == [*"123456789", "", ""]
    table.set_living(0, False)
    again = table.add("class 0")
    assert again.id == 11 and again.key == "1"
    assert table.names[0] == "class 0"
    with pytest.raises(BadInputError, match="no class number 99"):
        table.get(99)
