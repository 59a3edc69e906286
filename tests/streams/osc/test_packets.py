"""What packets hold; and that whatever else comes is refused, quickly and without a word in a log."""

from __future__ import annotations

import logging
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams.osc.sender import bundle, message, timed

from dgstudio.streams.osc.packets import DEEPEST, LARGEST, MOST, MalformedError, OscMessage, messages_of


def test_a_message_with_floats_ints_doubles_and_texts() -> None:
    double = b"/d\0\0,dh\0" + struct.pack(">dq", 1e300, 1 << 40)
    assert messages_of(message("/wek/inputs", 0.5, 3, "a")) == [OscMessage("/wek/inputs", (0.5, 3, "a"))]
    assert messages_of(double) == [OscMessage("/d", (1e300, 1 << 40))]
    assert messages_of(message("/train")) == [OscMessage("/train", ())]
    assert messages_of(b"/old\0\0\0\0") == [OscMessage("/old", ())]


def test_bundles_and_bundles_in_bundles_are_for_now() -> None:
    inner = bundle(message("/c", 3.0), message("/d", 4.0))
    found = messages_of(bundle(message("/a", 1.0), message("/b", 2.0), inner))
    assert [m.address for m in found] == ["/a", "/b", "/c", "/d"]
    assert messages_of(timed(1000.0, "/later", 1)) == [OscMessage("/later", (1,))]
    assert messages_of(bundle()) == []


def deep(levels: int) -> bytes:
    packet = message("/a", 1.0)
    for _ in range(levels):
        packet = bundle(packet)
    return packet


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\0\0\0",
        b"hello wo",
        b"/abc",
        b"/a\0",
        b"/a\0\0,f\0\0",
        b"/a\0\0,f\0\0\0\0",
        b"/a\0\0,x\0\0\0\0\0\0",
        b"/a\0\0f\0\0\0\0\0\0\0",
        b"/a\0\0,[f\0\0\0\0\0",
        b"/\xff\xfe\0,\0\0\0",
        b"/a\0\0," + b"x" * 8_003,
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\xff\xff\xff\xfc",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\x08/a\0\0",
        b"#bundle\0\0\0\0",
        bundle(b"what?\0\0\0"),
        deep(DEEPEST + 1),
        deep(3000)[: LARGEST - LARGEST % 4],
        bundle(*[b"/a\0\0,\0\0\0"] * (MOST + 1)),
        message("/a", *[1.0] * 5000),
    ],
    ids=lambda packet: repr(packet[:24]),
)
def test_what_is_no_osc_is_refused(packet: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(MalformedError):
        messages_of(packet)
    assert not caplog.records


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"#bundle\0\0\0\0\0\0\0\0\1" + tail))
def test_any_bytes_are_messages_or_refused(packet: bytes) -> None:
    tell_or_refuse(packet)


@given(st.data())
def test_any_sound_packet_with_some_bytes_changed_is_messages_or_refused(data: st.DataObject) -> None:
    sound = bytearray(bundle(message("/wek/inputs", 1.0, 2, "three", b"four"), bundle(message("/a", [1.0, [2]]))))
    for _ in range(data.draw(st.integers(1, 4))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    tell_or_refuse(bytes(sound[: data.draw(st.integers(0, len(sound)))]))


def tell_or_refuse(packet: bytes) -> None:
    quiet, logging.root.disabled = logging.root.disabled, False
    before = len(logging.root.handlers)
    try:
        messages_of(packet)
    except MalformedError:
        pass
    finally:
        logging.root.disabled = quiet
    # The library's way to warn of what it does not know would have put one there.
    assert len(logging.root.handlers) == before
