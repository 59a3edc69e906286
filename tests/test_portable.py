"""`make portable`: the kernel compiled without Python around it gives the golden bytes, and says where it cannot."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from random_networks import inputs, network

from dgstudio.kernel import golden, parts
from dgstudio.kernel.reference import Reference

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "portable.py"


@pytest.fixture
def portable(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("portable", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "portable", module)
    spec.loader.exec_module(module)
    return module


needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")


@needs_gcc
def test_c_alone_gives_the_golden_bytes(portable: ModuleType) -> None:
    plain = portable.Platform("plain", "gcc", ("-O0",))
    given = portable.output(plain, portable.case_file(golden.cases(), golden.windows()))
    assert golden.digest_of(given) == golden.GOLDEN


@needs_gcc
def test_no_function_leaves_its_memory_whatever_the_numbers(portable: ModuleType) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for hidden, active, projected, waves, banks, dense in (
        (1, 1, 0, 1, 1, False),
        (33, 5, 3, 31, 3, False),
        (0, 0, 0, 40, 2, True),
        (40, 40, 0, 16, 0, False),
    ):
        net = network(
            rng, hidden=hidden, active=active, projected=projected, waves=waves, banks=banks, dense=dense, extreme=True
        )
        columns, reach = np.arange(net.living, dtype=np.int32), inputs(rng, 1, golden.INPUTS, 1.0)[0]
        cases.append(golden.Case(net, inputs(rng, golden.INPUTS, net.inputs, 0.5), columns, reach, 0.5))
    checked = portable.Platform("sanitizers", "gcc", ("-O1", *portable.SANITIZE))
    try:
        given = portable.output(checked, portable.case_file(cases, []))
    except portable.PlatformError as error:
        if "cannot find" in str(error):
            pytest.skip("gcc has no sanitizers here")
        raise
    assert given == b"".join(golden.as_bytes(part) for case in cases for part in golden.of_case(Reference(), case))


def test_a_file_of_cases_is_little_endian_without_gaps(portable: ModuleType) -> None:
    assert portable.packed(parts.Near(32, np.array([1.0], np.float32), None)).hex() == (
        "20000000" + "01000000" + "0000803f" + "ffffffff"
    )
    assert portable.packed((0.5, np.array([2], ">i4"))).hex() == "02000000" + "0000003f" + "01000000" + "02000000"


@pytest.mark.parametrize(
    ("compiler", "runner", "missing", "wanted"),
    [
        ("gcc", "", "gcc", "gcc is missing; it comes with Debian's gcc"),
        ("gcc", "qemu-arm", "qemu-arm", "qemu-arm is missing; it comes with Debian's qemu-user"),
        ("gcc", "wasmtime", "wasmtime", "wasmtime is missing; it comes with the extra `portable`"),
        ("clang", "", "ziglang", "ziglang is missing; it comes with the extra `portable`"),
    ],
)
def test_a_missing_tool_is_named_with_what_brings_it(
    portable: ModuleType, monkeypatch: pytest.MonkeyPatch, compiler: str, runner: str, missing: str, wanted: str
) -> None:
    monkeypatch.setattr(portable.shutil, "which", lambda tool: None if tool == missing else tool)
    monkeypatch.setattr(portable, "find_spec", lambda tool: None if tool == missing else tool)
    with pytest.raises(portable.PlatformError, match=wanted):
        portable.output(portable.Platform("some", compiler, (), runner), b"")


def test_a_difference_and_a_failure_are_lines_and_an_exit_code(
    portable: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def output(platform: Any, data: bytes) -> bytes:
        if platform.name == "broken":
            raise portable.PlatformError("it broke")
        return b"other bytes"

    monkeypatch.setattr(portable, "native", lambda: [portable.Platform("broken", "gcc")])
    monkeypatch.setattr(portable, "EMULATED", (portable.Platform("other", "gcc"),))
    monkeypatch.setattr(portable, "output", output)
    with pytest.raises(SystemExit, match="1"):
        portable.main()
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["broken", "it", "broke"] and "DIFFERS" in second
    monkeypatch.setattr(golden, "digest_of", lambda data: golden.GOLDEN)
    monkeypatch.setattr(portable, "native", list)
    portable.main()
    assert "equal" in capsys.readouterr().out
