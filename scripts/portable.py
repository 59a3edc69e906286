"""Tries whether the kernel gives the same bytes on other processors: what `make portable` does.

kernel.c and portable.c are compiled for each platform and run on the cases of kernel/golden.py; what comes out must
have the digest that lies there. One line a platform, with the seconds that compiling and running took; other processors
are emulated by qemu and wasmtime. Exit code 1 where a digest differs or a platform could not be tried.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dgstudio.kernel import build, golden, parts
from dgstudio.kernel.library import Library, LibraryError
from dgstudio.types import F32

DRIVER = Path(__file__).with_suffix(".c")
SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
TIMEOUT_S = 600
_EXTRA = "the extra `portable`: .venv/bin/pip install -e '.[portable]'"
COMPILERS = {"gcc": ["gcc"], "clang": build.ZIG}
BRINGS = {"gcc": "Debian's gcc", "qemu": "Debian's qemu-user", "ziglang": _EXTRA, "wasmtime": _EXTRA}
"""Tool → what to install for it."""


class PlatformError(Exception):
    """What could not be compiled or run; the text says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A way to compile the kernel, and what runs the program."""

    name: str
    compiler: str
    """One of `COMPILERS`."""
    flags: tuple[str, ...] = ()
    """Beside `build.FLAGS`; the later ones count."""
    runner: str = ""
    """qemu-…, wasmtime, or nothing for this machine."""


EMULATED = (
    Platform("aarch64", "clang", ("-target", "aarch64-linux-musl"), "qemu-aarch64"),
    Platform("armhf", "clang", ("-target", "arm-linux-musleabihf"), "qemu-arm"),
    Platform("riscv64", "clang", ("-target", "riscv64-linux-musl"), "qemu-riscv64"),
    Platform("s390x", "clang", ("-target", "s390x-linux-musl"), "qemu-s390x"),
    Platform("wasm32", "clang", ("-target", "wasm32-wasi"), "wasmtime"),
)
"""Emulated ones; s390x has the high byte of a number first."""


def native() -> Iterator[Platform]:
    """Ways for this machine: two compilers, three optimisations, every instruction set that it has, and sanitizers."""
    cpu, best = build.machine().partition("-")[2], _best_level()
    for optimisation in ("-O0", "-O2"):
        yield Platform(f"{cpu} gcc {optimisation}", "gcc", (optimisation,))
    for level in build.LEVELS.get(cpu, (1,)):
        if level <= best:
            for name, command in COMPILERS.items():
                yield Platform(f"{cpu} {name} -O3 level {level}", name, build.level_flags(command, level))
    yield Platform(f"{cpu} gcc sanitizers", "gcc", ("-O1", *SANITIZE))


def _best_level() -> int:
    try:
        return Library(build.LIBRARIES / build.library_name(1)).level
    except LibraryError:
        return 1


def packed(value: Any) -> bytes:
    """A value as portable.c reads it."""
    if value is None:
        return packed(-1)
    if isinstance(value, int):
        return struct.pack("<i", value)
    if isinstance(value, float):
        return struct.pack("<f", value)
    if isinstance(value, np.ndarray):
        return packed(value.size) + golden.as_bytes(value)
    if isinstance(value, tuple):
        return packed(len(value)) + b"".join(map(packed, value))
    every = (getattr(value, field.name) for field in fields(value))
    # What may be missing is a list of one or none.
    return b"".join(packed((part,) if isinstance(part, parts.Base | parts.Phi) else part) for part in every)


def case_file(cases: Sequence[golden.Case], windows: Sequence[tuple[parts.Window, F32]]) -> bytes:
    """The input of portable.c."""
    pairs = b"".join(packed(window) + packed(samples) for window, samples in windows)
    return packed(golden.INPUTS) + packed(tuple(cases)) + packed(len(windows)) + pairs


def output(platform: Platform, data: bytes) -> bytes:
    """What portable.c gives from `data` on a platform.

    Raises
    ------
    PlatformError
        Where a tool is missing, or the compiler or the program fails.
    """
    compiler = COMPILERS[platform.compiler]
    for tool in ("ziglang" if compiler == build.ZIG else compiler[0], platform.runner):
        if tool:
            _require(tool)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, given, got = folder / "portable", folder / "in", folder / "out"
        given.write_bytes(data)
        flags = (*build.FLAGS, *platform.flags, f"-I{build.HERE}")
        sources = (str(DRIVER), str(build.HERE / "kernel.c"))
        _call([*compiler, *flags, *sources, "-o", str(program)], given, got)
        if platform.runner == "wasmtime":
            _run_wasm(program, given, got)
        else:
            _call([*filter(None, [platform.runner]), str(program)], given, got)
        return got.read_bytes()


def _require(tool: str) -> None:
    package = tool in ("ziglang", "wasmtime")
    if not (find_spec(tool) if package else shutil.which(tool)):
        raise PlatformError(f"{tool} is missing; it comes with {BRINGS[tool.partition('-')[0]]}")


def _call(command: list[str], given: Path, got: Path) -> None:
    """Run a command that reads `given` and writes `got`."""
    try:
        with given.open("rb") as stdin, got.open("wb") as stdout:
            done = subprocess.run(
                command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False
            )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlatformError(str(error)) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").splitlines()
        first = next((line for line in said if "error" in line.lower()), "nothing was said")
        raise PlatformError(f"{Path(command[0]).name} ended with {done.returncode}: {first.strip()}")


def _run_wasm(program: Path, given: Path, got: Path) -> None:
    import wasmtime  # in the extra `portable` only

    engine = wasmtime.Engine()
    linker, store, wasi = wasmtime.Linker(engine), wasmtime.Store(engine), wasmtime.WasiConfig()
    wasi.stdin_file, wasi.stdout_file = str(given), str(got)
    wasi.inherit_stderr()
    linker.define_wasi()
    store.set_wasi(wasi)
    try:
        instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(program)))
        start = instance.exports(store)["_start"]
        assert isinstance(start, wasmtime.Func)
        start(store)
    except wasmtime.ExitTrap as trap:
        if trap.code:
            raise PlatformError(f"wasmtime ended with {trap.code}") from trap
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        raise PlatformError(f"wasmtime: {error}") from error


def main() -> None:
    """Try every platform, and print a line each."""
    data = case_file(golden.cases(), golden.windows())
    good = True
    for platform in (*native(), *EMULATED):
        begin = time.monotonic()
        try:
            found = golden.digest_of(output(platform, data))
        except PlatformError as error:
            line, equal = str(error), False
        else:
            equal = found == golden.GOLDEN
            line = f"{found}  {'equal' if equal else 'DIFFERS':7}  {time.monotonic() - begin:5.1f} s"
        print(f"{platform.name:24}  {line}", flush=True)
        good = good and equal
    if not good:
        sys.exit(1)


if __name__ == "__main__":
    main()
