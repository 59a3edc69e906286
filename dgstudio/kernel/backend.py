"""Which kernel serves: the compiled one for this processor, or the reference in numpy where there is none."""

from __future__ import annotations

import os
from functools import cache
from typing import Protocol

import numpy as np

from dgstudio.kernel import build
from dgstudio.kernel.library import Library, LibraryError
from dgstudio.kernel.parts import Audited, Network, Window
from dgstudio.kernel.reference import Reference
from dgstudio.types import F32, I32, U8

CHOICE = "DGSTUDIO_KERNEL"
"""Environment variable: "reference", or the level of an instruction set, to serve with that one."""


class NetworkKernel(Protocol):
    """The functions of one network; `reference.ReferenceNetwork` says what each is."""

    network: Network

    def answer(self, raw: F32) -> tuple[F32, I32, F32 | None]: ...
    def normalise(self, raw: F32) -> F32: ...
    def embed(self, raw: F32) -> F32: ...
    def embed_normalised(self, x: F32) -> F32: ...
    def router(self, bank: int, z: F32) -> np.float32: ...
    def decide(self, bank: int, z: F32, below: int) -> tuple[int, int]: ...
    def forced(self, raw: F32, active: I32, bank: int) -> F32: ...
    def answers(self, raw: F32) -> tuple[F32, I32]: ...
    def logits(self, raw: F32) -> F32: ...
    def active(self, raw: F32) -> I32: ...
    def knows(self, raw: F32) -> U8: ...
    def audit(self, raw: F32, reference: F32, columns: I32) -> Audited: ...
    def prove_closed(self, bank: int, z: F32, limit: float) -> tuple[int, F32]: ...


class WindowFeatures(Protocol):
    """Features of windows of one shape; None where a value is not within ±1e18."""

    def __call__(self, samples: F32) -> F32 | None: ...


class Backend(Protocol):
    """A way to compute what docs/kernel.md says. All give the same bytes. Any thread."""

    compiled: bool
    about: str

    def network(self, network: Network) -> NetworkKernel: ...
    def features(self, window: Window) -> WindowFeatures: ...
    def near_start(self, near: F32, reach: F32) -> F32: ...


@cache
def backend() -> Backend:
    """The fastest that works here; loaded once."""
    return choose()[0]


def why_not_compiled() -> str:
    """Why the reference serves, as a sentence; empty where a compiled kernel does."""
    return choose()[1]


@cache
def choose() -> tuple[Backend, str]:
    """The backend that serves, and why it is the reference if it is."""
    wanted = os.environ.get(CHOICE, "")
    if wanted == "reference":
        return Reference(), f"{CHOICE} asks for it."
    try:
        library = Library(build.LIBRARIES / build.library_name(1))
        best = int(wanted) if wanted.isdigit() else library.level
        for level in sorted((n for n in range(2, best + 1)), reverse=True):
            path = build.LIBRARIES / build.library_name(level)
            if path.exists():
                return Library(path), ""
    except LibraryError as error:
        return Reference(), str(error)
    return library, ""
