"""How much `pip install dgstudio` puts on a disk: dgstudio, and the packages that it demands without any extra."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from typing import Any

from dgstudio.errors import DgstudioError
from dgstudio.paths import asset, sample

PACKAGE = Path(__file__).resolve().parents[2]
MB = 1e6


def core_figures(seconds: float) -> dict[str, Any]:
    """Return the size in MB, compiled modules not counted; `seconds` are of no use here.

    Raises
    ------
    DgstudioError
        If a package that is demanded is not installed, so that its size is not known.
    """
    sizes = {name: _size_of(name) for name in _demanded()}
    own = sum(_folder_size(folder) for folder in {PACKAGE, asset(""), sample("")})
    largest = sorted(sizes, key=lambda name: -sizes[name])[:2]
    return {
        "install_mb": (own + sum(sizes.values())) / MB,
        "own_mb": own / MB,
        "largest": {name: sizes[name] / MB for name in largest},
    }


def _demanded() -> list[str]:
    """Names of the packages that come without an extra: as a checkout says, else as the installed package does."""
    project = PACKAGE.parent / "pyproject.toml"
    if project.is_file():
        rows: list[str] = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        rows = [row for row in requires("dgstudio") or [] if "extra ==" not in row]
    return [row.partition("==")[0].strip() for row in rows]


def _size_of(name: str) -> int:
    try:
        files = distribution(name).files or ()
    except PackageNotFoundError as error:
        raise DgstudioError(f"{name} is not installed, so that nobody knows how large it is.") from error
    paths = (Path(str(file.locate())) for file in files if file.suffix != ".pyc")
    return sum(path.stat().st_size for path in paths if path.is_file())


def _folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
