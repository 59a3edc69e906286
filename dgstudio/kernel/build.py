"""Compiles kernel.c for this machine, one library an instruction set. Standard library only; can be run by its path.

A C compiler that is there is used, else the one that the `ziglang` package brings. The flags matter: no fused
multiply-add, no fast-math. `python dgstudio/kernel/build.py` compiles again after a change of kernel.c.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARIES = HERE / "compiled"
FLAGS = ("-std=c99", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden")
"""The last two of -f say that nobody reads errno or the flags of exceptions: no value depends on them."""
LEVELS = {"x86_64": {1: (), 3: ("-march=x86-64-v3",), 4: ("-march=x86-64-v4", "-mprefer-vector-width=256")}}
"""Instruction sets beside the plain one, by machine: level as `dg_level` counts → flags. The bits are the same."""
ZIG = [sys.executable, "-m", "ziglang", "cc"]
TIMEOUT_S = 300


class BuildError(Exception):
    """The kernel could not be compiled; the text says why, as a sentence."""


def machine() -> str:
    """Processor and system of this interpreter, as library names have them."""
    cpu = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return f"{sys.platform}-{cpu}" if sys.maxsize > 2**32 else f"{sys.platform}-{cpu}-32"


def specification() -> int:
    """The version of the arithmetic, as kernel.h has it."""
    found = re.search(r"#define DG_SPECIFICATION (\d+)", (HERE / "kernel.h").read_text("utf-8"))
    assert found is not None, "kernel.h names its specification"
    return int(found[1])


def library_name(level: int) -> str:
    """File name of the library of one instruction set: another specification has another name."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return f"dg{specification()}-{machine()}-{level}{suffix}"


def source_digest() -> str:
    """What the libraries were compiled from: 16 hex digits of kernel.c and kernel.h."""
    text = b"".join((HERE / name).read_bytes() for name in ("kernel.c", "kernel.h"))
    return hashlib.blake2b(text.replace(b"\r\n", b"\n"), digest_size=8).hexdigest()


def compiler() -> list[str] | None:
    """The command of a C compiler: $CC, the system's, or ziglang's; None where there is none."""
    named = os.environ.get("CC", "").split()
    for command in (named, ["cc"], ["gcc"], ["clang"]):
        if command and shutil.which(command[0]):
            return command
    return ZIG if find_spec("ziglang") else None


def level_flags(command: list[str], level: int) -> tuple[str, ...]:
    """The flags of an instruction set. Zig has names of its own, and unasked takes all that this processor can do."""
    flags = LEVELS.get(machine().partition("-")[2], {}).get(level, ())
    if command != ZIG:
        return flags
    return tuple(flag.replace("-march=x86-64-", "-mcpu=x86_64_") for flag in flags) or ("-mcpu=baseline",)


def build(folder: Path = LIBRARIES) -> list[Path]:
    """Compile all instruction sets into `folder`; what lay there is replaced only once all are made.

    Raises
    ------
    BuildError
        Without a compiler, or where it fails.
    """
    command = compiler()
    if command is None:
        raise BuildError(
            "there is no C compiler (cc, gcc or clang), and the ziglang package, which has one, is missing"
        )
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for level in LEVELS.get(machine().partition("-")[2], (1,)):
        new = folder / (library_name(level) + ".new")
        try:
            compile_library(command, (*FLAGS, *level_flags(command, level)), new)
        except BuildError:
            if level == 1:
                raise
            # A compiler too old for this instruction set: the plain one does.
            continue
        made.append((new, folder / library_name(level)))
    for old in folder.iterdir():
        if old.name.startswith("dg") and old.suffix != ".new":
            old.unlink()
    for new, name in made:
        new.replace(name)
    return [name for _, name in made]


def compile_library(command: list[str], flags: tuple[str, ...], target: Path) -> None:
    """Compile one library.

    Raises
    ------
    BuildError
        With what the compiler said first.
    """
    position = () if sys.platform == "win32" else ("-fPIC",)
    source = f'-DDG_SOURCE="{source_digest()}"'
    line = [*command, *flags, *position, source, "-shared", str(HERE / "kernel.c"), "-o", str(target)]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"{command[0]} could not be run: {error}") from error
    if done.returncode:
        said = [text for text in done.stderr.splitlines() if "error" in text] or done.stderr.splitlines() or ["nothing"]
        raise BuildError(f"{' '.join(command)} failed: {said[0].strip()}")


if __name__ == "__main__":
    try:
        for path in build():
            print(path.name)
    except BuildError as error:
        sys.exit(f"The kernel was not compiled: {error}.")
