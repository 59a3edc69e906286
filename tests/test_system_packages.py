"""System libraries of Qt: what the linker misses, the packages that hold it, and who may install them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dgstudio import system_packages
from dgstudio.errors import DgstudioError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere Qt's wheels bring everything")
NAME = re.compile(rb"\0(lib[\w.+-]+\.so(?:\.\d+)*)(?=\0)")
"""A library in the table of names of another."""
TOLD = """
/qt/libqxcb.so:
\tlibxcb-cursor.so.0 => not found
\tlibglib-2.0.so.0 => not found
\tlibc.so.6 => /lib/libc.so.6 (0x1)
/qt/libqoffscreen.so:
\tlibglib-2.0.so.0 => not found
"""


class Shell:
    """A folder of commands of our own, first on the path; each appends its arguments to a log."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.log = folder, folder / "log"
        self.log.touch()
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        self.has("dpkg", "true")

    def has(self, name: str, does: str) -> None:
        script = self.folder / name
        script.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.log}\n{does}\n')
        script.chmod(0o755)

    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def release(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    read = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self, *a, **k: text if str(self) == "/etc/os-release" else read(self, *a, **k)
    )


def test_here_nothing_is_missing() -> None:
    assert system_packages.missing_libraries() == []


def test_what_the_linker_misses_is_named_once_and_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    def told(command: list[str], **_: Any) -> Any:
        assert command[0] == "ldd" and any("libqxcb" in path for path in command)
        return subprocess.CompletedProcess(command, 0, TOLD, "")

    monkeypatch.setattr(subprocess, "run", told)
    assert system_packages.missing_libraries() == ["libglib-2.0.so.0", "libxcb-cursor.so.0"]


def test_every_library_that_the_files_of_qt_name_has_a_package() -> None:
    """So that a newer Qt that needs another library is noticed here and not on a fresh machine."""
    qt = system_packages.qt_folder()
    assert qt is not None
    patterns = (*system_packages.PLUGINS, *system_packages.WAYLAND)
    files = [str(path) for pattern in patterns for path in (qt / "Qt/plugins").glob(pattern)]
    files += [str(path) for name in system_packages.MODULES for path in qt.glob(f"{name}.*so")]
    assert len(files) > 15
    told = subprocess.run(["ldd", *files], capture_output=True, text=True, check=True).stdout
    found = {tuple(line.split("=>")) for line in told.splitlines() if "=>" in line}
    own = {name.strip() for name, place in found if str(qt.parent) in place}
    of_libc = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1"}
    of_libc.add("libresolv.so.2")
    needed = {name.strip() for name, _ in found} - own - of_libc
    # What only libraries of the system need comes with their packages.
    inside = [str(path) for path in (qt / "Qt/lib").glob("*.so*") if path.name in own]
    named = {name for path in (*files, *inside) for name in re.findall(NAME, Path(path).read_bytes())}
    asked_for = {name for name in needed if name.encode() in named}
    assert asked_for == set(system_packages.PACKAGES)
    assert all("wayland" in name for name in system_packages.likely_missing())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('ID=debian\nVERSION_ID="12"', "libglib2.0-0"),
        ('ID=debian\nVERSION_ID="13"', "libglib2.0-0t64"),
        ("ID=debian", "libglib2.0-0t64"),
        ('ID=ubuntu\nVERSION_ID="22.04"', "libglib2.0-0"),
        ('ID=ubuntu\nVERSION_ID="24.04"', "libglib2.0-0t64"),
    ],
)
def test_packages_carry_the_names_of_the_release(monkeypatch: pytest.MonkeyPatch, text: str, name: str) -> None:
    release(monkeypatch, text)
    libraries = ["libglib-2.0.so.0", "libgthread-2.0.so.0", "libodd.so.3"]
    assert system_packages.packages_of(libraries) == ([name], ["libodd.so.3"])


def test_what_another_package_brings_is_not_asked_for() -> None:
    libraries = ["libGL.so.1", "libxcb.so.1", "libX11.so.6", "libxcb-shape.so.0"]
    assert system_packages.packages_of(libraries)[0] == ["libgl1", "libxcb-shape0"]


def test_the_line_is_for_whoever_reads_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.has("apt-get", "true")
    monkeypatch.setenv("PATH", str(shell.folder))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    plain = "apt-get update && apt-get install -y --no-install-recommends libegl1"
    assert system_packages.advice(["libEGL.so.1"]) == f"Run: {plain}"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert system_packages.advice(["libEGL.so.1"]).startswith("Ask whoever administers this machine")
    assert system_packages.advice(["libEGL.so.1"]).endswith(plain)
    shell.has("sudo", "exit 1")
    with_sudo = "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1"
    assert system_packages.advice(["libEGL.so.1"]) == f"Run: {with_sudo}"
    assert "libodd.so.3" in system_packages.advice(["libEGL.so.1", "libodd.so.3"])


def test_elsewhere_than_on_debian_the_libraries_are_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.folder / "dpkg").unlink()
    monkeypatch.setenv("PATH", str(shell.folder))
    assert system_packages.advice(["libEGL.so.1"]) == "Install the packages of your system that hold libEGL.so.1."
    with pytest.raises(DgstudioError, match="not Debian"):
        system_packages.install(["libegl1"], lambda _: None)


def test_root_installs_without_asking(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    shell.has("apt-get", "true")
    system_packages.install(["libegl1"], lambda _: None)
    assert shell.calls() == ["apt-get update -qq", "apt-get install -y -qq --no-install-recommends libegl1"]


def test_sudo_is_used_where_it_asks_for_no_password(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    shell.has("apt-get", "true")
    shell.has("sudo", 'shift; exec "$@"')
    system_packages.install(["libegl1"], lambda _: None)
    assert "apt-get install -y -qq --no-install-recommends libegl1" in shell.calls()
    shell.has("sudo", "exit 1")
    with pytest.raises(DgstudioError, match=r"Run this line.*\n\n    sudo apt-get update && sudo apt-get install"):
        system_packages.install(["libegl1"], lambda _: None)


def test_a_held_lock_is_waited_for(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_packages.time, "sleep", lambda _: (shell.folder / "free").touch())
    shell.has("apt-get", f"[ -e {shell.folder}/free ] || {{ echo 'E: Could not get lock /x' >&2; exit 100; }}")
    said: list[str] = []
    system_packages.install(["libegl1"], said.append)
    assert "Another program is installing packages: waiting for it." in said
    assert shell.calls()[-1].endswith("libegl1")


def test_an_installation_that_was_cut_off_is_finished_first(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    shell.has("dpkg", f"touch {shell.folder}/whole")
    shell.has("apt-get", f"[ -e {shell.folder}/whole ] || {{ echo 'E: dpkg was interrupted, run x' >&2; exit 100; }}")
    said: list[str] = []
    system_packages.install(["libegl1"], said.append)
    assert "dpkg --configure -a" in shell.calls() and shell.calls()[-1].endswith("libegl1")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("E: write error (28: No space left on device)", "disk is full"),
        ("W: Failed to fetch x  Could not resolve 'x'", "check the network"),
        ("E: Unable to locate package libegl1", "Unable to locate package libegl1"),
    ],
)
def test_what_apt_says_becomes_a_sentence(shell: Shell, monkeypatch: pytest.MonkeyPatch, said: str, told: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    shell.has("apt-get", f'echo "{said}" >&2; exit 100')
    with pytest.raises(DgstudioError, match=told):
        system_packages.install(["libegl1"], lambda _: None)


def test_an_update_that_reached_nothing_is_told_when_a_package_is_not_known(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    update, install = "echo 'W: Failed to fetch x' >&2; exit 0", "echo 'E: Unable to locate package y' >&2; exit 100"
    shell.has("apt-get", f"if [ $1 = update ]; then {update}; else {install}; fi")
    with pytest.raises(DgstudioError, match="check the network"):
        system_packages.install(["libegl1"], lambda _: None)


def test_only_what_wayland_lacks_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {False: [], True: ["libwayland-cursor.so.0"]}
    monkeypatch.setattr(system_packages, "missing_libraries", lambda *, wayland=False: lacking[wayland])

    def refused(*_: Any) -> None:
        raise DgstudioError("no")

    monkeypatch.setattr(system_packages, "install", refused)
    said: list[str] = []
    system_packages.ensure(said.append)
    assert "libwayland-cursor0" in said[0]
    lacking[False] = ["libEGL.so.1"]
    with pytest.raises(DgstudioError, match="no"):
        system_packages.ensure(said.append)


def test_a_plugin_that_does_not_load_is_told_before_qt_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    system_packages.refuse_if_no_platform()
    plugin = tmp_path / "Qt/plugins/platforms/libqxcb.so"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("not a library")
    monkeypatch.setattr(system_packages, "qt_folder", lambda: tmp_path)
    monkeypatch.setattr(system_packages, "missing_libraries", lambda **_: ["libxcb-cursor.so.0"])
    with pytest.raises(DgstudioError, match=r"libxcb-cursor0"):
        system_packages.refuse_if_no_platform()
