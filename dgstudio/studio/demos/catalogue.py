"""The demos that ship, and those that a speaker has written: by name, or by the path of a file."""

from __future__ import annotations

from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.guard.texts import plain_text
from dgstudio.paths import asset
from dgstudio.reasons.reason import shortened
from dgstudio.studio.demos.reading import read_script
from dgstudio.studio.demos.script import Script

ENDING = ".toml"
SHIPPED = ("haywire", "new-gesture", "drift", "partial-update", "mouse", "why", "modes", "webcam")
"""Names of the demos in assets/demos/, in the order in which a talk shows them."""


def script_path(name: str) -> Path:
    """Return the file of a demo.

    Raises
    ------
    BadInputError
        Where there is neither a demo of this name nor such a file.
    """
    if name in SHIPPED:
        return asset(f"demos/{name}{ENDING}")
    try:
        path = Path(name).expanduser()
        if name.strip() and path.suffix == ENDING and path.exists():
            return path
    except (OSError, ValueError, RuntimeError):  # what no file can be called, or a home that is not there
        pass
    said = shortened(plain_text(name))
    raise BadInputError(f"There is no demo “{said}”: choose {', '.join(SHIPPED)}, or the path of a {ENDING} file.")


def shipped() -> list[Script]:
    """Read all demos that ship."""
    return [read_script(script_path(name)) for name in SHIPPED]
