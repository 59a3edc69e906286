"""The kernel gives the same bytes, whatever computes it."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from random_networks import inputs, network

from dgstudio.kernel import KERNEL, SPECIFICATION, backend, build, golden, library, parts, reference, tables
from dgstudio.kernel.library import Library, LibraryError
from dgstudio.kernel.reference import Reference, ReferenceNetwork
from dgstudio.types import F32


def levels() -> list[int]:
    best = Library(build.LIBRARIES / build.library_name(1)).level
    return [n for n in range(1, best + 1) if (build.LIBRARIES / build.library_name(n)).exists()]


@pytest.fixture(scope="module")
def libraries() -> list[Library]:
    return [Library(build.LIBRARIES / build.library_name(level)) for level in levels()]


def drawn(seed: int) -> Iterator[tuple[parts.Network, F32]]:
    """Networks of all shapes, and inputs, many of them extreme."""
    rng = np.random.default_rng(seed)
    for _ in range(12):
        hidden = int(rng.choice([0, 3, 40, 128]))
        found = network(
            rng,
            inputs=int(rng.integers(1, 40)),
            hidden=hidden,
            active=int(rng.integers(1, hidden + 1)) if hidden else 0,
            projected=int(rng.choice([0, 0, 5])) if hidden else 0,
            waves=int(rng.choice([1, 15, 16, 100, 256])),
            banks=int(rng.integers(0 if hidden else 1, 4)),
            dense=bool(rng.random() < 0.3),
            extreme=bool(rng.random() < 0.4),
        )
        yield found, inputs(rng, 6, found.inputs, 0.5)


@pytest.mark.parametrize("seed", range(8))
def test_every_library_equals_the_reference_in_every_byte(libraries: list[Library], seed: int) -> None:
    for net, rows in drawn(seed):
        wanted = ReferenceNetwork(net)
        kernels = [lib.network(net) for lib in libraries]
        for raw in rows:
            expected = wanted.answer(raw)
            for kernel in kernels:
                for got, want in zip(kernel.answer(raw), expected, strict=True):
                    assert (got is None) == (want is None)
                    assert got is None or got.tobytes() == want.tobytes()


@pytest.mark.parametrize("seed", range(100, 103))
def test_the_batch_functions_equal_the_reference(libraries: list[Library], seed: int) -> None:
    rng = np.random.default_rng(seed)
    for net, rows in drawn(seed):
        want, kernel = ReferenceNetwork(net), libraries[seed % len(libraries)].network(net)
        for got, wanted in zip(kernel.answers(rows), want.answers(rows), strict=True):
            assert got.shape == wanted.shape and got.tobytes() == wanted.tobytes()
        for row, out, who in zip(rows, *kernel.answers(rows), strict=True):
            alone = kernel.answer(row)
            assert out.tobytes() == alone[0].tobytes() and who.tobytes() == alone[1].tobytes()
        assert [len(part) for part in kernel.answers(rows[:0])] == [0, 0]
        assert kernel.logits(rows).tobytes() == want.logits(rows).tobytes()
        assert kernel.normalise(rows[0]).tobytes() == want.normalise(rows[0]).tobytes()
        if net.base is not None:
            active = want.active(rows)
            assert kernel.active(rows).tobytes() == active.tobytes()
            assert kernel.forced(rows[1], active[0], -1).tobytes() == want.forced(rows[1], active[0], -1).tobytes()
        if net.weights is not None and net.near.rows:
            assert kernel.knows(rows).tobytes() == want.knows(rows).tobytes()
        if net.phi is not None:
            z = want.embed(rows)
            assert kernel.embed(rows).tobytes() == z.tobytes()
            assert kernel.embed_normalised(rows[2]).tobytes() == want.embed_normalised(rows[2]).tobytes()
            for bank in range(len(net.bank)):
                assert kernel.router(bank, z[0]).tobytes() == want.router(bank, z[0]).tobytes()
                assert kernel.decide(bank, z[0], 2) == want.decide(bank, z[0], 2)
                none = np.zeros(0, np.int32)
                assert kernel.forced(rows[1], none, bank).tobytes() == want.forced(rows[1], none, bank).tobytes()
                (first, r), (first_too, r_too) = kernel.prove_closed(bank, z, 0.5), want.prove_closed(bank, z, 0.5)
                assert first == first_too and r.tobytes() == r_too.tobytes()
        logits, columns = want.logits(rows), np.arange(net.living, dtype=np.int32)
        moved = logits.copy()
        moved[3, 0] += 1
        columns[-1] = -1 if net.living > 1 else 0
        for stored in (logits, moved):
            assert kernel.audit(rows, stored, columns) == want.audit(rows, stored, columns)
        near, reach = inputs(rng, 5, net.inputs), np.abs(rng.normal(size=5)).astype(np.float32)
        assert libraries[0].near_start(near, reach).tobytes() == Reference().near_start(near, reach).tobytes()


@pytest.mark.parametrize(("samples", "channels"), [(2, 1), (3, 2), (32, 3), (35, 6), (97, 1), (154, 2), (200, 6)])
def test_features_equal_the_reference_and_are_what_numpy_finds(
    libraries: list[Library], samples: int, channels: int
) -> None:
    rng = np.random.default_rng(samples)
    bins = samples // 2
    bands = np.minimum(np.array([1, 1, 2, 5, 9, bins + 1]), bins + 1)
    bands[:-1] = np.minimum(bands[:-1], bins)
    pairs = np.array(list(combinations(range(channels), 2)), np.int32).reshape(-1, 2)
    window = tables.window(samples, channels, bands.astype(np.int32), pairs)
    values = (rng.normal(size=(samples, channels)) * 10.0 ** rng.integers(-3, 4, channels)).astype(np.float32)
    want = Reference().features(window)(values)
    assert want is not None and len(want) == window.size
    for lib in libraries:
        got = lib.features(window)(values)
        assert got is not None and got.tobytes() == want.tobytes()
    x = values.astype(np.float64)
    spectrum = np.fft.rfft((x - x.mean(0)) * window.taper[:, None], axis=0)
    power = np.abs(spectrum) ** 2
    for number, (first, end) in enumerate(pairwise(bands)):
        expected = np.log10(power[first : max(end, first + 1)].sum(0) + 1e-10)
        place = (5 + number) * channels
        np.testing.assert_allclose(want[place : place + channels], expected, rtol=2e-6, atol=2e-6)


def test_samples_beyond_all_bounds_have_no_features(libraries: list[Library]) -> None:
    window = tables.window(8, 2, np.array([1, 5], np.int32), np.zeros((0, 2), np.int32))
    for bad in (np.nan, np.inf, -np.inf, 2e18):
        samples = np.ones((8, 2), np.float32)
        samples[3, 1] = bad
        assert Reference().features(window)(samples) is None
        assert all(lib.features(window)(samples) is None for lib in libraries)


@pytest.mark.parametrize("which", ["reference", *map(str, levels())])
def test_the_golden_digest_comes_out(which: str) -> None:
    used = Reference() if which == "reference" else Library(build.LIBRARIES / build.library_name(int(which)))
    assert golden.digest(used) == golden.GOLDEN


def test_cosine_and_exponential_are_as_near_as_the_specification_says() -> None:
    a = np.linspace(-1, 1, 400_001).astype(np.float32)
    assert np.abs(reference.cosine(a) - np.cos(2 * np.pi * a.astype(np.float64))).max() <= 2.1e-7
    x = -np.geomspace(1e-8, 86.9, 400_001).astype(np.float32)
    true = np.exp(x.astype(np.float64))
    assert (np.abs(reference.exponential(x) - true) / true).max() <= 8.1e-8
    ends = reference.exponential(np.array([0.0, -0.0, 5.0, -87.1, -np.inf, np.nan], np.float32))
    assert ends[:5].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0] and np.isnan(ends[5])


def test_tables_are_the_cosines_and_logarithms_that_they_stand_for() -> None:
    for count in (1, 2, 7, 100, 201):
        angle = 2 * np.pi * np.arange(count) / count
        np.testing.assert_allclose(tables.turns(count), np.stack([np.cos(angle), np.sin(angle)], 1), atol=4e-15)
    v = np.geomspace(1e-300, 1e300, 10_001)
    np.testing.assert_allclose(reference.log_10(v), np.log10(v), rtol=4e-15, atol=4e-15)
    assert [tables.factors(n) for n in (2, 4, 8, 200, 97, 45)] == [[2], [4], [4, 2], [4, 2, 5, 5], [97], [3, 3, 5]]


def test_denormals_that_another_library_flushes_are_kept_during_a_call() -> None:
    torch = pytest.importorskip("torch")
    net = parts.Network(1, 0, 1.0, None, None, None, None, (), np.ones(1, np.float32), parts.NOTHING_NEAR, 0.0)
    kernel = backend.backend().network(
        parts.Network(
            1, 0, 1.0, np.zeros(1, np.float32), np.full(1, 4.0, np.float32), None, None, (), None, net.near, 0
        )
    )
    tiny = np.array([2e-38], np.float32)
    wanted, found = kernel.normalise(tiny)[0], []

    def flushed() -> None:
        assert torch.set_flush_denormal(True)
        found.append(kernel.normalise(tiny)[0].tobytes())
        found.append(bool(torch.tensor([2e-38]).div(4).eq(0).item()))
        torch.set_flush_denormal(False)

    thread = threading.Thread(target=flushed)
    thread.start()
    thread.join()
    assert 0 < wanted < 1.2e-38
    # Still flushed outside of the call, as the other library wants it.
    assert found == [wanted.tobytes(), True]


def test_many_threads_answer_with_one_network_at_once(libraries: list[Library]) -> None:
    net, rows = next(iter(drawn(7)))
    kernel = libraries[-1].network(net)
    wanted = [kernel.answer(raw)[0].tobytes() for raw in rows]
    wrong: list[int] = []

    def answers() -> None:
        for _ in range(300):
            for number, raw in enumerate(rows):
                if kernel.answer(raw)[0].tobytes() != wanted[number]:
                    wrong.append(number)

    threads = [threading.Thread(target=answers) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_libraries_are_of_this_source(libraries: list[Library]) -> None:
    """Fails after a change of kernel.c until `python dgstudio/kernel/build.py` or `make setup` has compiled it."""
    assert {lib.source for lib in libraries} == {build.source_digest()}
    assert build.specification() == SPECIFICATION
    assert f"dg{SPECIFICATION}" == KERNEL


def test_a_library_of_another_version_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "dg3-linux-x86_64-1.so"
    shutil.copy(build.LIBRARIES / build.library_name(1), path)
    monkeypatch.setattr(library, "SPECIFICATION", SPECIFICATION + 1)
    with pytest.raises(LibraryError, match=r"dg3-linux-x86_64-1\.so computes by specification"):
        Library(path)


@pytest.mark.parametrize("text", ["", "no library"])
def test_a_file_that_is_no_library_leaves_the_reference_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / build.library_name(1)).write_text(text)
    monkeypatch.setattr(build, "LIBRARIES", tmp_path)
    monkeypatch.delenv(backend.CHOICE, raising=False)
    used, why = backend.choose.__wrapped__()
    assert not used.compiled and "cannot be loaded" in why


def test_without_a_compiler_the_build_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "compiler", lambda: None)
    with pytest.raises(build.BuildError, match="no C compiler"):
        build.build(tmp_path)
    monkeypatch.setattr(build, "compiler", lambda: ["false"])
    with pytest.raises(build.BuildError, match="failed"):
        build.build(tmp_path / "other")


def test_zig_is_asked_for_an_instruction_set_by_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "machine", lambda: "linux-x86_64")
    assert build.level_flags(["cc"], 1) == ()
    assert build.level_flags(["cc"], 3) == ("-march=x86-64-v3",)
    assert build.level_flags(build.ZIG, 3) == ("-mcpu=x86_64_v3",)
    # Unasked it would compile for all that the processor of the builder can do.
    assert build.level_flags(build.ZIG, 1) == ("-mcpu=baseline",)


def test_an_answer_keeps_the_interpreters_lock(libraries: list[Library]) -> None:
    rng = np.random.default_rng(3)
    net = network(rng, inputs=600, hidden=40, active=20, projected=0, waves=2048, banks=1, dense=False, extreme=False)
    assert net.out_size > 500 and net.z_size > 500, "numpy keeps the lock for less"
    kernel, (raw,) = libraries[-1].network(net), inputs(rng, 1, 600, 0.0)
    go, ran, before = threading.Lock(), threading.Event(), sys.getswitchinterval()

    def other() -> None:
        with go:
            ran.set()

    with go:
        thread = threading.Thread(target=other)
        thread.start()
        # It runs as soon as anybody gives up the lock, and else never.
        sys.setswitchinterval(100.0)
    try:
        for _ in range(2000):
            kernel.answer(raw)
        kept = not ran.is_set()
    finally:
        sys.setswitchinterval(before)
        thread.join()
    assert kept
