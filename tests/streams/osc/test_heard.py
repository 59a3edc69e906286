"""What comes to a port is told by address, for as long as it comes."""

from __future__ import annotations

from dgstudio.streams.osc import heard
from dgstudio.streams.osc.heard import HeardTable
from dgstudio.streams.osc.packets import OscMessage


def test_addresses_are_told_with_sender_rate_and_values() -> None:
    table = HeardTable()
    for number in range(100):
        table.note(OscMessage("/b", (number, 2.5, "a\x07text", True)), "10.0.0.2", 100 + number / 50)
    table.note(OscMessage("/a", ()), "10.0.0.3", 101.9)
    first, second = table.lately(102.1)
    assert (first.address, first.sender, first.count, first.newest) == ("/a", "10.0.0.3", 0, ())
    assert (second.address, second.sender, second.count) == ("/b", "10.0.0.2", 4)
    assert second.newest == (99.0, 2.5, "atext", "True") and 45 < second.rate <= 50
    assert table.lately(101.9 + heard.LATELY_S + 1) == ()


def test_no_more_addresses_are_remembered_than_are_silent() -> None:
    table = HeardTable()
    for number in range(heard.MOST + 9):
        table.note(OscMessage(f"/{number}", (1.0,)), "10.0.0.2", 100.0)
    assert len(table.lately(100.0)) == heard.MOST
    table.note(OscMessage("/late", (1.0,)), "10.0.0.2", 100.0 + heard.LATELY_S + 1)
    assert [each.address for each in table.lately(106.0)] == ["/late"]
