"""Outputs by KIND:ADDRESS, and sentences for what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dgstudio.errors import BadInputError
from dgstudio.station.options import RunOptions
from dgstudio.streams.osc.endpoint import Endpoint
from dgstudio.streams.sinks.jsonl import JsonLines
from dgstudio.streams.sinks.osc import OscSink
from dgstudio.streams.sinks.registry import check_sink, open_sink, sink_list


def test_a_sink_is_asked_for_by_kind_and_address(tmp_path: Path) -> None:
    lines = open_sink(f"jsonl:{tmp_path / 'a.jsonl'}", dict)
    assert isinstance(lines, JsonLines) and lines.figure == ("JSON lines", 0)
    lines.close()
    lines.close()
    usual, other = open_sink("osc", dict), open_sink("osc:127.0.0.1:9000/answers", dict)
    assert isinstance(usual, OscSink) and usual.to == Endpoint("127.0.0.1", 12000, "/wek/outputs")
    assert isinstance(other, OscSink) and other.to == Endpoint("127.0.0.1", 9000, "/answers")
    assert other.name == "OSC to 127.0.0.1:9000"
    for sink in (usual, other):
        sink.close()
        sink.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere", "no output “nowhere”: the outputs are jsonl:FILE, osc"),
        ("", "no output"),
        ("jsonl", "name it"),
        ("osc:x:y", "names no port"),
        ("osc:no.such.machine.invalid:9000", "No OSC can be sent to"),
    ],
)
def test_what_is_no_output_is_refused_in_a_sentence(name: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        open_sink(name, dict)


def test_what_can_be_no_output_is_refused_before_a_stream_is_waited_for() -> None:
    for name in ("osc", "osc:lights.local:9000", "jsonl:answers.jsonl", "lsl:mine"):
        check_sink(name)
    for name, why in (("nowhere", "no output “nowhere”"), ("osc:x:y", "names no port")):
        with pytest.raises(BadInputError, match=why):
            check_sink(name)
        with pytest.raises(BadInputError, match=why):
            RunOptions(source="osc", outs=(name,)).check()


def test_the_outputs_are_listed_with_what_to_type() -> None:
    assert [usage.partition(":")[0].partition("[")[0] for usage, _ in sink_list()] == ["jsonl", "osc", "lsl"]
    assert json.dumps(sink_list())
