"""Messages on their way: who attends hears each of them first, and in its order."""

from __future__ import annotations

from dgstudio.streams.osc.control_queue import CAPACITY, ControlMessage, ControlQueue


def test_who_attends_hears_what_waits_and_then_each_message_before_it_is_put() -> None:
    queue, heard = ControlQueue(), list[str]()
    queue.put(ControlMessage("/a", ()))
    queue.attend(lambda message: heard.append(message.address))
    assert heard == ["/a"] and queue.arrived.is_set()
    queue.put(ControlMessage("/b", ()))
    assert heard == ["/a", "/b"] and [message.address for message in queue.take()] == heard


def test_what_finds_no_room_is_not_heard_either() -> None:
    queue, heard = ControlQueue(), list[str]()
    queue.attend(lambda message: heard.append(message.address))
    for number in range(CAPACITY + 2):
        queue.put(ControlMessage(f"/{number}", ()))
    assert len(heard) == CAPACITY == len(queue.take()) and queue.dropped == 2
