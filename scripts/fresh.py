"""Builds fresh Debian machines and tries on them what the README promises. Root, debootstrap and Xvfb are needed.

    make fresh                                  # everything; about an hour and 12 GB, less the second time
    make fresh PARTS="12-root-run 13-user-run"  # some of it
    python3 scripts/fresh.py --list

A machine is a folder made by debootstrap with Python and make and nothing else, entered by chroot in namespaces of its
own. It sees the network and, where a window is shown, a virtual screen of this machine; no pip configuration, no
wheels, no environment variables of this one but what its network needs. The source is that of HEAD.

    run     `make run` without a display, twice, and once on a screen; as root, or as a user who may not install
            anything: then root runs the lines that are printed
    test    `bash .ci/run`
    pipx    `pipx install '.[studio]'`, the doctor, the window
    bad     `make setup` without a network, on a full disk, interrupted at many moments, twice at once, with a broken
            .venv, with no Python that fits: a sentence each time, and the next try goes on
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASES = {"12": "bookworm", "13": "trixie"}
NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
"""What a machine needs to know of this one's network."""
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
ADVISED = re.compile(r"(?:sudo )?(apt-get update && (?:sudo )?apt-get install -y --no-install-recommends [\w .+-]+)")
"""The line that the set-up prints for whoever may install packages."""
SECONDS = 10
"""How long a window is shown."""
OF_PYTHON = "libssl3 libffi8 libsqlite3-0 libbz2-1.0 liblzma5 libreadline8 libncursesw6 libuuid1 zlib1g libexpat1"
"""What a Python that was copied from this machine needs of Debian."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to try: on which Debian, as whom, with which Python (None is Debian's own)."""

    release: str
    who: str
    what: str
    python: str | None = None

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        python = f"-python{self.python}" if self.python else ""
        return f"{self.release}-{self.who}-{self.what}{python}"


PARTS = [
    Part("12", "root", "run"),
    Part("12", "user", "run"),
    Part("13", "root", "run"),
    Part("13", "user", "run"),
    Part("12", "root", "bad"),
    Part("12", "root", "pipx"),
    Part("13", "root", "pipx"),
    Part("12", "root", "test"),
    Part("12", "root", "test", "3.12"),
    Part("13", "root", "test"),
]


class Failed(Exception):
    """A command on a machine did not do what it should; the text names its log."""


class Machine:
    """A folder with a Debian in it. Commands run in it one after the other; all they print goes to one log."""

    def __init__(self, folder: Path, log: Path, cache: Path) -> None:
        self.folder, self.log, self._cache = folder, log, cache

    def run(self, command: str, *, user: str = "root", display: str = "", check: bool = True) -> str:
        """Run a shell command in the checkout, return what it printed."""
        home = "/root" if user == "root" else f"/home/{user}"
        variables = {"PATH": f"/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:{home}/.local/bin", "HOME": home}
        variables |= {"LANG": "C.UTF-8", "PIP_CACHE_DIR": "/var/cache/pip"}
        variables |= {name: os.environ[name] for name in NETWORK if name in os.environ}
        if display:
            variables["DISPLAY"] = display
        if (self.folder / "etc/ssl/certs/of-this-network.crt").exists():
            variables["PIP_CERT"] = variables["SSL_CERT_FILE"] = "/etc/ssl/certs/of-this-network.crt"
        inside = f"cd {home}/dgstudio 2>/dev/null || cd {home}; {command}"
        become = ["su", user, "-s", "/bin/bash", "-c", inside] if user != "root" else ["/bin/bash", "-c", inside]
        d = self.folder
        prepare = (
            f"mount --bind {self._cache} {d}/var/cache/pip; mount -t proc proc {d}/proc; "
            f"mount --rbind /dev {d}/dev; mount -t tmpfs tmpfs {d}/dev/shm; "
            f"mount --bind /tmp/.X11-unix {d}/tmp/.X11-unix; "
            f'exec chroot {d} /usr/bin/env -i "$@"'
        )
        given = [f"{name}={value}" for name, value in variables.items()]
        entering = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "bash",
            "-ec",
            prepare,
            "-",
            *given,
            *become,
        ]
        with self.log.open("a+") as log:
            log.write(f"\n$ {command}   ({user})\n")
            log.flush()
            at = log.tell()
            status = subprocess.run(entering, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode
            log.seek(at)
            said = log.read()
        if check and status:
            raise Failed(f"`{command}` ended with {status}: {self.log}")
        return said

    def megabytes(self, path: str) -> int:
        """Size of a folder of the machine on disk."""
        done = subprocess.run(["du", "-sm", str(self.folder / path)], capture_output=True, text=True, check=False)
        return int(done.stdout.split()[0]) if done.returncode == 0 else 0


class Workshop:
    """Makes machines under one folder: a template for each release, a copy for each part."""

    def __init__(self, folder: Path, keep: bool) -> None:
        self._folder, self._keep = folder, keep
        self.cache = folder / "pip-cache"
        for part in (folder, self.cache, folder / "logs"):
            part.mkdir(parents=True, exist_ok=True)
        self.cache.chmod(0o777)
        Path("/tmp/.X11-unix").mkdir(mode=0o1777, exist_ok=True)

    def template(self, release: str) -> Path:
        """A Debian with Python and make, made once."""
        place = self._folder / f"debian-{release}"
        if not (place / "made").exists():
            shutil.rmtree(place, ignore_errors=True)
            say(f"debian {release}: debootstrap")
            log = self._folder / "logs" / f"debootstrap-{release}.log"
            command = ["debootstrap", "--variant=minbase", "--include=python3,make", RELEASES[release], str(place)]
            with log.open("w") as out:
                if subprocess.run(command, stdout=out, stderr=out, check=False).returncode:
                    raise Failed(f"debootstrap failed: {log}")
            # Fresh machines have no package lists, and packages are not kept.
            for old in (place / "var/lib/apt/lists").iterdir():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            for old in (place / "var/cache/apt/archives").glob("*.deb"):
                old.unlink()
            (place / "made").touch()
        return place

    @contextlib.contextmanager
    def machine(self, part: Part) -> Iterator[Machine]:
        """A machine of its own for one part; it goes when the part is over."""
        folder = self._folder / part.name
        log = self._folder / "logs" / f"{part.name}.log"
        log.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["cp", "-a", str(self.template(part.release)), str(folder)], check=True)
        for place in ("var/cache/pip", "tmp/.X11-unix"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
        if os.environ.get("PIP_CERT") and CERTIFICATES.exists():
            (folder / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
            shutil.copy(CERTIFICATES, folder / "etc/ssl/certs/of-this-network.crt")
        made = Machine(folder, log, self.cache)
        try:
            home = "root" if part.who == "root" else f"home/{part.who}"
            if part.who != "root":
                made.run(f"useradd --create-home --shell /bin/bash {part.who}")
            source = folder / home / "dgstudio"
            source.mkdir()
            with subprocess.Popen(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE) as archive:
                subprocess.run(["tar", "-x", "-C", str(source)], stdin=archive.stdout, check=True)
            made.run(f"chown -R {part.who}: /{home}")
            if part.python:
                bring_python(made, part.python)
            yield made
        finally:
            if not self._keep:
                shutil.rmtree(folder, ignore_errors=True)


def bring_python(machine: Machine, version: str) -> None:
    """Copy a Python of this machine into another, at the same place."""
    asked = "import sys; print(sys.base_prefix)"
    # pyenv's own, too: what it puts on the path works only where that version is chosen.
    named = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
    for candidate in (f"python{version}", *map(str, named)):
        if shutil.which(candidate) is None:
            continue
        told = subprocess.run([candidate, "-c", asked], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            break
    else:
        raise Failed(f"there is no python{version} on this machine to copy")
    prefix = Path(told.stdout.strip())
    if prefix == Path("/usr"):
        raise Failed(f"python{version} of this machine is the system's own and cannot be copied")
    target = machine.folder / prefix.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(prefix), str(target)], check=True)
    machine.run(f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {OF_PYTHON}")
    # Debian's own goes out of the way: the set-up takes the lowest version that fits.
    machine.run("rm -rf /var/lib/apt/lists/*; rm /usr/bin/python3 /usr/bin/python3.*")
    for name in (f"python{version}", "python3"):
        machine.run(f"ln -s {prefix}/bin/python{version} /usr/local/bin/{name}")


def following_advice(machine: Machine, command: str, user: str, display: str = "") -> tuple[str, int]:
    """Run a command; as long as it fails and prints a line for root, root runs that line and it is tried again.

    Returns what the last try printed and how many lines root had to run.
    """
    for lines in range(4):
        said = machine.run(f"{command}; echo status $?", user=user, display=display)
        if said.rstrip().endswith("status 0"):
            return said, lines
        advised = ADVISED.search(said)
        if advised is None:
            break
        machine.run(advised[1].replace("sudo ", ""))
    raise Failed(f"`{command}` failed: {machine.log}")


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """A virtual screen of this machine, for windows of the others."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-ac", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            number = os.read(reading, 16).decode().strip()
            if not number:
                raise Failed("Xvfb did not start")
            yield f":{number}"
        finally:
            os.close(reading)
            server.terminate()


def timed(machine: Machine, command: str, user: str, display: str = "") -> tuple[float, int]:
    """(seconds, lines that root had to run)."""
    begin = time.monotonic()
    _, lines = following_advice(machine, command, user, display)
    return time.monotonic() - begin, lines


def picture_of(machine: Machine, part: Part, path: str, out: Path) -> str:
    """Take a picture of a window along; says so."""
    shown = machine.folder / path.lstrip("/")
    if not shown.exists() or shown.stat().st_size < 10_000:
        raise Failed(f"no window was drawn: {machine.log}")
    kept = out / f"{part.name}.png"
    shutil.copy(shown, kept)
    return f"picture {kept}"


def try_run(machine: Machine, part: Part, out: Path) -> str:
    """`make run`, three times."""
    first, lines = timed(machine, "make run", part.who)
    second, _ = timed(machine, "make run", part.who)
    home = "/root" if part.who == "root" else f"/home/{part.who}"
    with screen() as display:
        command = f'make run ARGS="--quit-after {SECONDS} --screenshot /tmp/window.png"'
        window, _ = timed(machine, command, part.who, display)
    size = machine.megabytes(f"{home}/dgstudio/.venv".lstrip("/"))
    by_root = f", {lines} lines run by root" if part.who != "root" else ""
    picture = picture_of(machine, part, "/tmp/window.png", out)
    return (
        f"first {first:.0f} s{by_root}, again {second:.0f} s, with a window shown for {SECONDS} s {window:.1f} s; "
        f".venv {size} MB; {picture}"
    )


def try_test(machine: Machine, part: Part, out: Path) -> str:
    """`bash .ci/run`."""
    seconds, _ = timed(machine, "bash .ci/run", part.who)
    closing = re.findall(r"^=+ (.*passed.*) =+$", machine.log.read_text(errors="replace"), re.MULTILINE)
    size = machine.megabytes("root/dgstudio/.venv")
    return f"{closing[-1] if closing else 'no closing line'}; all of it {seconds:.0f} s, .venv {size} MB"


def try_pipx(machine: Machine, part: Part, out: Path) -> str:
    """`pipx install '.[studio]'`, then the window."""
    machine.run(
        "apt-get update -qq && apt-get install -y -qq --no-install-recommends pipx && rm -rf /var/lib/apt/lists/*"
    )
    seconds, _ = timed(machine, "pipx install '.[studio]'", part.who)
    with screen() as display:
        command = f"cd /tmp && dgstudio --quit-after {SECONDS} --screenshot /tmp/window.png"
        window, lines = timed(machine, command, part.who, display)
    machine.run("cd /tmp && dgstudio doctor")
    size = machine.megabytes("root/.local") or machine.megabytes("root/.local/share/pipx")
    picture = picture_of(machine, part, "/tmp/window.png", out)
    return (
        f"installed in {seconds:.0f} s, {size} MB; {lines} line(s) of advice followed, window {window:.0f} s; {picture}"
    )


def try_bad(machine: Machine, part: Part, out: Path) -> str:
    """What goes wrong on the way: each time a sentence, no traceback, and the next try goes on."""

    def refused(command: str, sentence: str) -> None:
        said = machine.run(f"{command}; echo status $?")
        if said.rstrip().endswith("status 0") or sentence not in said or "Traceback" in said:
            raise Failed(f"`{command}` did not say “{sentence}”: {machine.log}")

    hidden = "mkdir -p /hidden; mv /usr/bin/python3* /hidden/"
    refused(f"{hidden}; make setup", "needs Python 3.11, 3.12 or 3.13, and none was found")
    older = """printf '#!/bin/sh\\n[ "$1" = --version ] && echo Python 3.9.2\\n' >/usr/bin/python3"""
    older += "; chmod +x /usr/bin/python3"
    refused(f"{older}; make setup", "/usr/bin/python3 is Python 3.9.2")
    machine.run("rm /usr/bin/python3; mv /hidden/* /usr/bin/")
    refused("unshare --net make setup", "Debian's packages cannot be reached")
    lock = "open('/var/lib/apt/lists/lock', 'w')"
    hold = f"import fcntl, time; f = {lock}; fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(8)"
    version = machine.run("python3 -c 'import sys; print(*sys.version_info[:2], sep=\".\")'").strip()
    install = f"python3 -B -m dgstudio.system_packages python{version}-venv"
    if "waiting for it" not in machine.run(f'python3 -c "{hold}" & sleep 2; {install}'):
        raise Failed(f"another program's lock was not waited for: {machine.log}")
    machine.run("rm -rf /var/lib/apt/lists/*")
    refused("unshare --net make setup", "The package index cannot be reached")
    small = "mkdir -p .venv && mount -t tmpfs -o size=200m tmpfs .venv"
    refused(f"{small} && make setup", "The disk is full")
    machine.run("rm -rf .venv")
    moments = [2, 4, 6, 8, 10, 12, 15, 18, 22]
    for number, seconds in enumerate(moments):
        signal = ("INT", "TERM", "KILL")[number % 3]
        machine.run(f"timeout --signal={signal} --kill-after=5 {seconds} make setup; true")
    machine.run("rm -f .venv/.set-up-*")
    said = machine.run("(make setup >/tmp/first 2>&1 & make setup >/tmp/second 2>&1; wait); cat /tmp/first /tmp/second")
    if said.count("waiting for it") != 1 or said.count("Set up in") != 1:
        raise Failed(f"two set-ups at once did not wait for each other: {machine.log}")
    machine.run(".venv/bin/python -m pip check && .venv/bin/python -m dgstudio doctor")
    machine.run("rm .venv/bin/python && make setup && .venv/bin/python -m dgstudio --version")
    tried = "no Python, an old one, no network, a held lock, a full disk, two at once, a broken .venv"
    return f"{tried}, {len(moments)} interruptions"


TRIES = {"run": try_run, "test": try_test, "pipx": try_pipx, "bad": try_bad}


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def main() -> None:
    """Try the chosen parts, a line each; exit 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="which parts; all of them if none is named")
    parser.add_argument("--list", action="store_true", help="name the parts and stop")
    parser.add_argument("--keep", action="store_true", help="leave the machines where they are")
    place = Path(tempfile.gettempdir()) / "dgstudio-fresh"
    parser.add_argument("--folder", type=Path, default=place, help=f"where they are made; {place}")
    options = parser.parse_args()
    names = {part.name: part for part in PARTS}
    if options.list:
        say("\n".join(names))
        return
    unknown = [name for name in options.parts if name not in names]
    if unknown:
        sys.exit(f"There is no part {', '.join(unknown)}; there are {', '.join(names)}.")
    lacking = [name for name in ("debootstrap", "unshare", "chroot", "Xvfb", "git") if shutil.which(name) is None]
    if os.geteuid() != 0 or lacking:
        sys.exit(f"Fresh machines are made by root with debootstrap and Xvfb; missing: {', '.join(lacking) or 'root'}.")
    workshop = Workshop(options.folder.resolve(), options.keep)
    failed = 0
    for part in [names[name] for name in options.parts] or PARTS:
        begin = time.monotonic()
        try:
            with workshop.machine(part) as machine:
                told = TRIES[part.what](machine, part, options.folder / "logs")
            say(f"ok      {part.name}: {told}")
        except (Failed, OSError, subprocess.CalledProcessError) as error:
            failed += 1
            say(f"FAILED  {part.name} after {time.monotonic() - begin:.0f} s: {error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
