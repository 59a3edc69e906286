"""The system libraries that Qt needs on Linux: which are missing, which Debian packages hold them, and their set-up.

The list is computed from the files that are loaded, never kept by hand: the dynamic linker is asked what each of them
lacks. Standard library only, so that the set-up can run this before anything is installed. Elsewhere than on Linux,
the wheels of Qt bring all that they need.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dgstudio.errors import DgstudioError

if TYPE_CHECKING:
    import subprocess

MODULES = ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtTest", "QtOpenGL", "QtOpenGLWidgets", "QtMultimedia")
"""The modules of Qt that the program, or a library that it uses, imports."""
PLUGINS = (
    "platforms/libqoffscreen.so",
    "platforms/libqxcb.so",
    "xcbglintegrations/*.so",
    "iconengines/*.so",
    "imageformats/libqsvg.so",
    "platforminputcontexts/libcompose*.so",
    "platforminputcontexts/libibus*.so",
    "multimedia/*.so",
)
"""Plugins that Qt loads for a window on X11, or off screen; those for cameras and videos where they are installed."""
WAYLAND = ("platforms/libqwayland*.so", "wayland-*-client/*.so", "wayland-shell-integration/*.so")
"""Plugins for a window on a Wayland screen."""
PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXrandr.so.2": "libxrandr2",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libbz2.so.1": "libbz2-1.0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libpulse.so.0": "libpulse0",
    "libstdc++.so.6": "libstdc++6",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
"""Which package of Debian and Ubuntu holds a library, by the library's name."""
OPTIONAL = frozenset(
    {
        "libXext.so.6",
        "libXrandr.so.2",
        "libbrotlicommon.so.1",
        "libbrotlidec.so.1",
        "libbz2.so.1",
        "libdrm.so.2",
        "libgssapi_krb5.so.2",
        "libpulse.so.0",
    }
)
"""Libraries of what is not installed with the window: cameras and videos."""
RENAMED = {"libglib2.0-0": "libglib2.0-0t64"}
"""Names since Debian 13 and Ubuntu 24.04."""
COME_ALONG = {
    "libgl1": ("libx11-6", "libxcb1", "libxcb-glx0", "libxcb-shm0", "libxcb-sync1", "libxcb-xfixes0"),
    "libxcb-cursor0": ("libxcb-image0", "libxcb-render-util0", "libxcb-render0", "libxcb-util1", "libxcb-shm0"),
    "libfontconfig1": ("libfreetype6",),
    "libxkbcommon-x11-0": ("libxkbcommon0", "libxcb-xkb1"),
    "libegl1": ("libxcb-randr0", "libx11-xcb1", "libwayland-client0"),
    "libwayland-cursor0": ("libwayland-client0",),
}
"""What a package installs besides itself: it need not be asked for. A wrong entry costs a second look, nothing else."""
WAIT_S = 600
"""How long to wait for another program that installs packages."""
UNREACHED = ("could not resolve", "temporary failure resolving", "failed to fetch", "could not connect")
LOCKED = ("could not get lock", "is another process using it")


def missing_libraries(*, wayland: bool = False) -> list[str]:
    """Names of the libraries that the files of Qt need and the dynamic linker does not find, sorted.

    Parameters
    ----------
    wayland
        Look at what a Wayland screen needs instead of X11.

    Raises
    ------
    DgstudioError
        PySide6 is not installed, or the linker cannot be asked.
    """
    if not sys.platform.startswith("linux"):
        return []
    qt = qt_folder()
    if qt is None:
        raise DgstudioError("PySide6 is not installed: run make setup, or pip install “dgstudio[studio]”.")
    if shutil.which("ldd") is None:
        raise DgstudioError("There is no ldd on this machine, so that missing libraries cannot be named.")
    plugins = (path for pattern in (WAYLAND if wayland else PLUGINS) for path in (qt / "Qt/plugins").glob(pattern))
    modules = () if wayland else (path for name in MODULES for path in qt.glob(f"{name}.*so"))
    files = [str(path) for path in (*modules, *plugins)]
    told = _told(["ldd", *files])
    lines = (line.split("=>") for line in told.stdout.splitlines() if "=> not found" in line)
    return sorted({parts[0].strip() for parts in lines})


def likely_missing() -> list[str]:
    """The same for X11 and Wayland, guessed before Qt is installed from what is known of this Qt."""
    linker = shutil.which("ldconfig") or shutil.which("ldconfig", path="/sbin:/usr/sbin")
    if not sys.platform.startswith("linux") or linker is None:
        return []
    known = _told([linker, "-p"]).stdout
    return sorted(name for name in PACKAGES if name not in OPTIONAL and f"{name} " not in known)


def qt_folder() -> Path | None:
    """Where PySide6 lies, found without importing it; None where it is not installed."""
    found = importlib.util.find_spec("PySide6")
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) if places else None


def packages_of(libraries: Iterable[str]) -> tuple[list[str], list[str]]:
    """(packages that bring the libraries, libraries of which no package is known), each sorted."""
    libraries = set(libraries)
    wanted = {PACKAGES[name] for name in libraries if name in PACKAGES}
    along = {other for name in wanted for other in COME_ALONG.get(name, ())}
    renamed = _has_new_names()
    return (
        sorted(RENAMED.get(name, name) if renamed else name for name in wanted - along),
        sorted(name for name in libraries if name not in PACKAGES),
    )


def install_line(packages: Sequence[str]) -> str:
    """The line that a person runs as root; it works where no package list was ever loaded."""
    listed = " ".join(packages)
    sudo = "" if os.geteuid() == 0 or shutil.which("sudo") is None else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y --no-install-recommends {listed}"


def advice(libraries: Sequence[str]) -> str:
    """What to do about missing libraries, in a sentence or two that end with the line to run where there is one."""
    packages, unknown = packages_of(libraries)
    if not _is_debian() or not packages:
        return f"Install the packages of your system that hold {', '.join(libraries)}."
    rest = f" No package is known for {', '.join(unknown)}." if unknown else ""
    if os.geteuid() != 0 and shutil.which("sudo") is None:
        return f"{rest} Ask whoever administers this machine to run, as root: {install_line(packages)}".strip()
    return f"{rest} Run: {install_line(packages)}".strip()


def refuse_if_no_platform() -> None:
    """Raise where Qt would end the process because the plugin for this screen lacks a library.

    It loads the plugin, as Qt is going to do anyway.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    qt = qt_folder()
    if qt is None:
        return
    on_wayland = not os.environ.get("DISPLAY")
    plugin = qt / "Qt/plugins/platforms" / ("libqwayland.so" if on_wayland else "libqxcb.so")
    try:
        if plugin.exists():
            ctypes.CDLL(str(plugin))
    except OSError:
        lacking = missing_libraries(wayland=on_wayland)
        if lacking:
            raise DgstudioError(f"The window needs system libraries that are missing. {advice(lacking)}") from None


def install(packages: Sequence[str], say: Callable[[str], None]) -> None:
    """Install Debian packages: as root, or by sudo where it asks for no password.

    Another program that holds the lock is waited for.

    Raises
    ------
    DgstudioError
        It may not, or apt-get failed: says what to run or what apt-get said.
    """
    if not _is_debian():
        raise DgstudioError(f"This is not Debian or Ubuntu: install the counterparts of {' '.join(packages)}.")
    if os.geteuid() == 0:
        as_root: list[str] = []
    elif shutil.which("sudo") and _told(["sudo", "-n", "true"]).returncode == 0:
        as_root = ["sudo", "-n"]
    else:
        whom = (
            "Run this line" if shutil.which("sudo") else "Ask whoever administers this machine to run this line as root"
        )
        raise DgstudioError(f"System packages are missing. {whom}, then try again:\n\n    {install_line(packages)}\n")
    say(f"Installing system packages: {' '.join(packages)}")
    told = _apt([*as_root, "apt-get", "update", "-qq"], say)
    names = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq"]
    _apt([*names, "--no-install-recommends", *packages], say, told)


def _apt(command: list[str], say: Callable[[str], None], before: str = "") -> str:
    """Run it, again and again while another program holds the lock; returns what it complained of.

    `before` is what the command before complained of: an update without a network only warns.
    """
    begin, told, mended = time.monotonic(), False, False
    while True:
        done = _told(command)
        said = done.stderr.strip()
        if done.returncode == 0:
            return said
        if "dpkg was interrupted" in said and not mended:
            say("An earlier installation was cut off: finishing it.")
            _told([*command[: command.index("apt-get")], "dpkg", "--configure", "-a"])
            mended = True
            continue
        if not any(text in said.lower() for text in LOCKED):
            break
        if time.monotonic() - begin > WAIT_S:
            raise DgstudioError(
                f"Another program has been installing packages for {WAIT_S // 60} minutes: let it end, then try again."
            )
        if not told:
            say("Another program is installing packages: waiting for it.")
            told = True
        time.sleep(2)  # apt-get has no way to wait for the lock of its lists
    if "no space left" in said.lower():
        raise DgstudioError("The disk is full: free some space, then try again.")
    if any(text in f"{before}{said}".lower() for text in UNREACHED):
        raise DgstudioError("Debian's packages cannot be reached: check the network, then try again.")
    last = said.splitlines()[-1] if said else f"it ended with status {done.returncode}"
    raise DgstudioError(f"apt-get could not install what is needed ({last}). Run: {' '.join(command)}")


def _told(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command, its words in English."""
    import subprocess  # a start asks nobody

    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})


def _is_debian() -> bool:
    return shutil.which("dpkg") is not None and shutil.which("apt-get") is not None


def _has_new_names() -> bool:
    """Whether this release calls packages by the names of the 64-bit time transition."""
    facts: dict[str, str] = {}
    try:
        for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            facts[name] = value.strip('"')
    except OSError:
        return False
    number = facts.get("VERSION_ID", "")
    if facts.get("ID") == "ubuntu":
        return number >= "24.04"
    # Testing and unstable have no number.
    return not number or (number.isdigit() and int(number) >= 13)


def ensure(say: Callable[[str], None]) -> None:
    """Install what Qt lacks on this machine for a window on X11 or Wayland. Quick where nothing is missing.

    What only a Wayland screen would need stops nothing where it may not be installed.

    Raises
    ------
    DgstudioError
        Libraries are missing that could not be installed: says the line to run, and who has to run it.
    """
    for _ in range(2):  # the linker sees what a missing library needs itself only once that one is there
        needed, wayland = missing_libraries(), missing_libraries(wayland=True)
        packages, _unknown = packages_of({*needed, *wayland})
        if not packages:
            break
        try:
            install(packages, say)
        except DgstudioError:
            if needed:
                raise
            say(f"On a Wayland screen the window would need {' '.join(packages)}; on X11 nothing is missing.")
            return
    if needed:
        raise DgstudioError(f"Qt lacks system libraries. {advice(needed)}")


def main() -> None:
    """See to the system libraries of Qt, or with names of packages to these; the set-up calls it."""
    import argparse  # for this only

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("packages", nargs="*", help="Debian packages to install instead of what Qt lacks")
    wanted = parser.parse_args().packages
    try:
        if wanted:
            install(wanted, _say)
        else:
            ensure(_say)
    except DgstudioError as error:
        sys.exit(str(error))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
