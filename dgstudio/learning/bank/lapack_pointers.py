"""The compiled module of scipy.linalg that holds LAPACK, by itself.

Importing the package brings 150 modules of scipy and numpy along, numpy's Fortran parser among them: 80 ms of the 400
before the first picture. The routines are the very same objects.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any


def _compiled(name: str) -> Any:
    import scipy  # with the first solution, not with the first picture

    folder = Path(scipy.__file__).parent / "linalg"
    spec = PathFinder.find_spec(f"scipy.linalg.{name}", [str(folder)])
    if spec is None or spec.loader is None:
        # Another layout than that of the releases we know.
        return import_module(f"scipy.linalg.{name}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_LOADING = threading.Lock()


def lapack_pointers() -> dict[str, Any]:
    """Return what scipy.linalg.cython_lapack offers to compiled code: a capsule for each routine. Any thread."""
    with _LOADING:
        return _pointers()


@cache
def _pointers() -> dict[str, Any]:
    pointers: dict[str, Any] = _compiled("cython_lapack").__pyx_capi__
    return pointers
