"""Class names: what is refused, and with which sentence; ids, keys and colours."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgstudio.engine.runtime.class_table import ClassTable, clean_name
from dgstudio.errors import BadInputError
from dgstudio.guard.limits import NAME


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
    assert 0 < len(clean) <= NAME


def test_keys_and_ids_are_given_in_order_and_a_removed_name_is_free() -> None:
    table = ClassTable()
    infos = [table.add(f"class {i}") for i in range(11)]
    assert [info.key for info in infos] == [*"123456789", "01", "02"]
    table.put([replace(table.get(0), living=False)])
    again = table.add("class 0")
    assert again.id == 11 and again.key == "1"
    assert table.names[0] == "class 0"
    with pytest.raises(BadInputError, match="no class number 99"):
        table.get(99)


def test_editing_says_what_would_be_and_refuses_what_cannot() -> None:
    table = ClassTable()
    first, second = table.add("rest"), table.add("wave")
    renamed, *others = table.edited(first.id, name="  at   rest ", colour="#ABCDEF")
    assert (renamed.name, renamed.colour, others) == ("at rest", "#abcdef", [])
    assert table.get(first.id) == first, "nothing is changed before it is put"
    swapped = {info.id: info.key for info in table.edited(first.id, key="2")}
    assert swapped == {first.id: "2", second.id: "1"}
    assert [info.key for info in table.edited(first.id, key="")] == [""]
    for bad in ({"name": "WAVE"}, {"name": " "}, {"key": "ö"}, {"key": "12"}, {"key": "00"}, {"colour": "blue"}):
        with pytest.raises(BadInputError) as caught:
            table.edited(first.id, **bad)
        assert str(caught.value).endswith(".")
    table.put([renamed])
    assert table.by_name("at rest") == renamed and table.names[first.id] == "at rest"


def test_moving_gives_every_class_a_place() -> None:
    table = ClassTable()
    ids = [table.add(name).id for name in ("a", "b", "c")]
    table.put(table.moved(ids[2], 0))
    assert [info.name for info in table.living()] == ["c", "a", "b"]
    table.put(table.moved(ids[2], 99))
    assert [info.name for info in table.living()] == ["a", "b", "c"]
    assert table.add("d").name == table.living()[-1].name


def test_a_key_may_be_a_letter_or_a_chord_and_all_of_them_run_out() -> None:
    table = ClassTable()
    first = table.add("rest")
    assert [info.key for key in ("d", "0a", "09") for info in table.edited(first.id, key=key)] == ["D", "0A", "09"]
    infos = [table.add(f"class {i}") for i in range(45)]
    assert infos[-3].key == "0Z" and [info.key for info in infos[-2:]] == ["", ""]
    assert len({info.key for info in infos[:-2]}) == 43
