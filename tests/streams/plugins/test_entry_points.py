"""What installed packages bring is found by name; what is broken is named, left out, and harms nothing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.streams import registry
from dgstudio.streams.plugins import entry_points as plugins
from dgstudio.streams.plugins.entry_points import FEATURES, SINKS, SOURCES
from dgstudio.streams.plugins.own_features import FeatureKind, features_of
from dgstudio.streams.registry import open_source, source_list
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.streams.sinks.registry import open_sink, sink_list
from dgstudio.types import StreamKind, StreamSpec

_spec = importlib.util.spec_from_file_location("plugin_packages", Path(__file__).with_name("plugin_packages.py"))
assert _spec is not None and _spec.loader is not None
packages = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(packages)

GOOD = """
from dgstudio.streams.simulation.simulator import SimulatorSource
from dgstudio.streams.sinks.sink import SinkKind
from dgstudio.streams.source import SourceKind, address_in
from dgstudio.streams.plugins.own_features import FeatureKind

class Sink:
    name = "nowhere"
    figure = ("answers into nothing", 0)
    def __init__(self, request): self.request = request
    def __call__(self, reading): pass
    def close(self): pass

class Means:
    def __init__(self, spec): self.names = tuple(f"{name} middle" for name in spec.channels)
    def __call__(self, window): return window.mean(axis=0)

def claims(typed): return address_in(typed, "dance") is not None
def nowhere(typed): return typed == "nowhere"

source = SourceKind("dance", "dance[:NAME]", "A dance.", claims, lambda request: SimulatorSource(seed=request.seed))
sink = SinkKind("nowhere", "nowhere", "Nothing.", nowhere, Sink)
features = FeatureKind("middles", "The middle of each channel.", Means)
ENTRIES = None
"""
BAD = """
from dgstudio.streams.source import SourceKind
from dgstudio.streams.plugins.own_features import FeatureKind

def fails(*_): raise ZeroDivisionError("nobody thought of it")

class Odd:
    names = ("one", "two")
    def __init__(self, gives): self.gives = gives
    def __call__(self, window): return self.gives()

taken = SourceKind("simulator", "simulator", "Another one.", lambda typed: True, fails)
unsure = SourceKind("unsure", "unsure", "Cannot say what it claims.", fails, fails)
faulty = SourceKind("faulty", "faulty", "Cannot be opened.", lambda typed: typed == "faulty", fails)
hollow = SourceKind("hollow", "hollow", "Gives nothing.", lambda typed: typed == "hollow", lambda request: object())
nameless = SourceKind("", "", "", lambda typed: True, fails)
number = 7
raising = FeatureKind("raising", "Raises.", lambda spec: Odd(fails))
short = FeatureKind("short", "Too few.", lambda spec: Odd(lambda: [1.0]))
endless = FeatureKind("endless", "Not finite.", lambda spec: Odd(lambda: [1.0, float("inf")]))
unmade = FeatureKind("unmade", "Cannot be made.", fails)
"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What is installed is looked up anew."""
    plugins._entries.cache_clear()
    plugins._imported.cache_clear()
    yield
    plugins._entries.cache_clear()
    plugins._imported.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("good_ones", "bad_ones", "gone_ones", "quitting_ones"):
        sys.modules.pop(name, None)


@pytest.fixture
def good(site: Path) -> Path:
    entries = {SOURCES: {"dance": "source"}, SINKS: {"nowhere": "sink"}, FEATURES: {"middles": "features"}}
    packages.write_package(site, "good-ones", GOOD, entries)
    return site


@pytest.fixture
def bad(site: Path) -> Path:
    names = ("taken", "unsure", "faulty", "hollow", "nameless", "number")
    features = ("raising", "short", "endless", "unmade")
    entries = {SOURCES: {name: name for name in names}, FEATURES: {name: name for name in features}}
    packages.write_package(site, "bad-ones", BAD, entries)
    packages.write_package(site, "gone-ones", "import nothing_of_this_name", {SOURCES: {"gone": "source"}})
    packages.write_package(site, "quitting-ones", "import sys\nsys.exit('no licence')", {SINKS: {"quits": "sink"}})
    return site


def spec(**more: object) -> StreamSpec:
    return StreamSpec("board", StreamKind.SIGNAL, 100.0, ("x", "y"), 1.0, 0.02, **more)  # type: ignore[arg-type]


def test_a_source_of_a_package_is_opened_by_its_name(good: Path) -> None:
    source = open_source("dance:slow", seed=3, features="middles")
    assert source.spec.name == "simulator" and source.spec.features == "middles" and source.knobs()
    source.open()
    assert source.read(5.0) is not None
    source.close()
    assert ("dance[:NAME]", "A dance.") in source_list()
    with pytest.raises(BadInputError, match="no use for --inputs"):
        open_source("dance", inputs=3)


def test_a_sink_of_a_package_is_opened_by_its_name(good: Path) -> None:
    assert open_sink("nowhere", dict).name == "nowhere"
    assert ("nowhere", "Nothing.") in sink_list()


def test_features_of_a_package_stand_in_the_place_of_ours(good: Path) -> None:
    features = features_of(spec(features="middles"))
    assert features.names == ("x middle", "y middle") and features.dim == 2
    window = np.arange(20, dtype=np.float32).reshape(10, 2)
    window[3, 0] = np.nan
    found = features(window)
    assert found.dtype == np.float32 and found.tolist() == pytest.approx([8.8, 10.0])
    assert features.repaired == 1
    with pytest.raises(BadInputError, match="features as they are"):
        features_of(StreamSpec("osc", StreamKind.VALUES, 100.0, ("x",), 0.01, 0.01, features="middles"))
    with pytest.raises(BadInputError, match=r"no features “other”.*installed: middles"):
        open_source("simulator", features="other")


def test_what_is_broken_is_named_with_its_package_and_left_out(good: Path, bad: Path) -> None:
    there = registry.plugin_kinds()
    assert [kind.name for kind in there.found] == ["dance", "faulty", "hollow", "unsure"]
    said = {broken.entry: broken.sentence for broken in there.broken}
    assert "package bad-ones is left out: its name “simulator” is taken" in said["taken"]
    assert "it is no SourceKind, but int" in said["number"]
    assert "its “name” is no text" in said["nameless"]
    assert "gone-ones" in said["gone"] and "No module named" in said["gone"]
    assert len(said) == 4
    with pytest.raises(BadInputError, match=r"no source “nonsense”.*package gone-ones is left out"):
        open_source("nonsense")
    with pytest.raises(BadInputError, match=r"no output “nonsense”.*quitting-ones is left out: SystemExit: no licence"):
        open_sink("nonsense", dict)


def test_what_is_broken_harms_nothing(good: Path, bad: Path) -> None:
    assert isinstance(open_source("simulator"), SimulatorSource)
    assert open_source("dance").spec.name == "simulator"
    with pytest.raises(BadInputError, match=r"plug-in “faulty” cannot open “faulty”: ZeroDivisionError"):
        open_source("faulty")
    with pytest.raises(BadInputError, match=r"“hollow” gives something that is no source: it has no open"):
        open_source("hollow")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raising", "have failed: ZeroDivisionError"),
        ("short", r"of shape \(1,\): there are 2"),
        ("endless", "not finite"),
    ],
)
def test_features_that_fail_say_so(bad: Path, name: str, told: str) -> None:
    features = features_of(spec(features=name))
    with pytest.raises(DgstudioError, match=told):
        features(np.zeros((10, 2), np.float32))


def test_features_that_cannot_be_made_are_refused_at_once(bad: Path) -> None:
    with pytest.raises(BadInputError, match=r"“unmade” cannot be made for board: ZeroDivisionError"):
        features_of(spec(features="unmade"))
    assert {kind.name for kind in plugins.plugins(FEATURES, FeatureKind).found} == {
        "raising", "short", "endless", "unmade",
    }  # fmt: skip
