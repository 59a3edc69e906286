"""Which LSL stream a user means, and what is said where that is not clear."""

import pytest

from dgstudio.errors import BadInputError
from dgstudio.streams.lsl.query import ANY, LslQuery, LslStream, chosen, marker_stream, query_of

EEG = LslStream("BioSemi", "EEG", "lab-2", "b1", 8, 500.0, False, "u1")
OTHER = LslStream("Watch", "ACC", "lab-3", "w1", 3, 50.0, False, "u2")
CUES = LslStream("Cues", "Markers", "lab-2", "c1", 1, 0.0, True, "u3")
CODES = LslStream("Codes", "Markers", "lab-2", "d1", 1, 0.0, False, "u4")


@pytest.mark.parametrize(
    ("address", "query"),
    [
        ("", LslQuery()),
        ("BioSemi", LslQuery("BioSemi")),
        ("My Stream 2", LslQuery("My Stream 2")),
        ("type=EEG, host=lab-2", LslQuery(type="EEG", host="lab-2")),
        ("BioSemi,markers", LslQuery("BioSemi", markers=ANY)),
        ("name=BioSemi,id=b1,markers=Cues", LslQuery("BioSemi", id="b1", markers="Cues")),
    ],
)
def test_an_address_is_read(address: str, query: LslQuery) -> None:
    assert query_of(address) == query


@pytest.mark.parametrize("address", ["colour=red", "BioSemi,loud", "type=", "name=a,name=b", "=x"])
def test_what_cannot_be_read_is_refused(address: str) -> None:
    with pytest.raises(BadInputError, match="an LSL stream is named as in lsl:NAME"):
        query_of(address)


def test_the_only_stream_needs_no_name_and_markers_are_not_it() -> None:
    assert chosen(query_of(""), [EEG, CUES]) is EEG
    assert chosen(query_of(""), [CUES]) is None
    assert chosen(query_of("Watch"), [EEG, OTHER]) is OTHER
    assert chosen(query_of("host=lab-2"), [EEG, OTHER, CUES]) is EEG
    assert chosen(query_of("Nobody"), [EEG]) is None


def test_several_are_listed_and_texts_are_no_samples() -> None:
    with pytest.raises(BadInputError, match=r"2 LSL streams.*BioSemi \(EEG, 8 channels at 500 Hz, on lab-2\), Watch"):
        chosen(query_of(""), [EEG, OTHER, CUES])
    with pytest.raises(BadInputError, match=r"Cues .*has texts.*lsl:NAME,markers=Cues"):
        chosen(query_of("Cues"), [CUES])


def test_markers_are_found_by_their_name_or_as_the_only_ones() -> None:
    assert marker_stream(query_of("BioSemi,markers"), EEG, [EEG, OTHER, CUES]) is CUES
    assert marker_stream(query_of("BioSemi,markers=Codes"), EEG, [EEG, CODES, CUES]) is CODES
    assert marker_stream(query_of("BioSemi,markers=No"), EEG, [EEG, CUES]) is None
    with pytest.raises(BadInputError, match=r"2 LSL streams.*markers=NAME"):
        marker_stream(query_of("BioSemi,markers"), EEG, [EEG, CODES, CUES])
