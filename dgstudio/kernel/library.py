"""The compiled kernel, loaded: an answer keeps the interpreter's lock, what goes over many inputs gives it up.

Measured where other threads paint and learn: an answer that is one call which keeps the lock takes at most .2 ms, one
that gives it up, or is made of several calls, 3 to 5 ms: whoever takes the lock meanwhile is waited for.
"""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import Any

import numpy as np

from dgstudio.errors import DgstudioError
from dgstudio.kernel import SPECIFICATION, parts
from dgstudio.kernel.parts import Audited, Network, Window, as_struct, plan_struct, struct_class
from dgstudio.types import F32, I32, U8


class LibraryError(DgstudioError):
    """A compiled kernel that cannot be used; the text says why."""


class _Audited(ctypes.Structure):
    """dg_audited."""

    _fields_ = (
        ("checked", ctypes.c_int32),
        ("first", ctypes.c_int32),
        ("bits", ctypes.c_int32),
        ("flips", ctypes.c_int32),
        ("largest", ctypes.c_float),
    )


_P, _I, _F = ctypes.c_void_p, ctypes.c_int32, ctypes.c_float
_F32, _I32 = np.dtype(np.float32), np.dtype(np.int32)
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    # name: result, arguments
    "dg_workspace": (ctypes.c_int64, _P),
    "dg_window_workspace": (ctypes.c_int64, _P),
    "dg_answer": (None, _P, _P, _P, _P, _P, _P),
    "dg_normalise": (None, _P, _P, _P),
    "dg_embed": (None, _P, _P, _I, _P, _P),
    "dg_embed_normalised": (None, _P, _P, _P, _P),
    "dg_router": (_F, _P, _I, _P),
    "dg_decide": (_I, _P, _I, _P, _P, _P),
    "dg_forced": (None, _P, _P, _P, _I, _I, _P, _P),
    "dg_answers": (None, _P, _P, _I, _P, _P, _P),
    "dg_logits": (None, _P, _P, _I, _P, _P),
    "dg_active": (None, _P, _P, _I, _P, _P),
    "dg_knows": (None, _P, _P, _I, _P, _P),
    "dg_audit": (None, _P, _P, _I, _P, _I, _P, _P, _P),
    "dg_prove_closed": (_I, _P, _I, _P, _I, _F, _P),
    "dg_near_start": (None, _P, _I, _I, _P, _P),
    "dg_features": (_I, _P, _P, _P, _P),
}
_MANY = (
    "dg_embed",
    "dg_answers",
    "dg_logits",
    "dg_active",
    "dg_knows",
    "dg_audit",
    "dg_prove_closed",
    "dg_near_start",
)
"""What goes over many inputs, and lets other threads run meanwhile."""


class Library:
    """A library that `build` made. Any thread.

    Parameters
    ----------
    path
        Its file.

    Raises
    ------
    LibraryError
        Where it cannot be loaded, or is of another specification or layout.
    """

    compiled = True

    def __init__(self, path: Path) -> None:
        try:
            keeps, gives = ctypes.PyDLL(str(path)), ctypes.CDLL(str(path))
            keeps.dg_specification.restype = _I
            found = int(keeps.dg_specification())
        except (OSError, AttributeError) as error:
            raise LibraryError(f"The compiled kernel {path.name} cannot be loaded: {error}") from error
        if found != SPECIFICATION:
            raise LibraryError(f"{path.name} computes by specification {found}; this program uses {SPECIFICATION}.")
        sizes = (_I * 7)()
        keeps.dg_sizes(sizes)
        own = [parts.Base, parts.Phi, parts.Near, parts.Bank, parts.Network, parts.Window]
        if list(sizes) != [*(ctypes.sizeof(struct_class(part)) for part in own), ctypes.sizeof(_Audited)]:
            raise LibraryError(f"{path.name} was compiled with another layout of its structs: set up again.")
        keeps.dg_source.restype, keeps.dg_level.restype = ctypes.c_char_p, _I
        self.about = path.stem
        self.source: str = keeps.dg_source().decode()
        """What it was compiled from (`build.source_digest`)."""
        self.level: int = keeps.dg_level()
        """The best instruction set that this processor has."""
        self.functions: dict[str, Any] = {}
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(gives if name in _MANY else keeps, name, None)
            if function is None:
                raise LibraryError(f"{path.name} was compiled before there was {name}: set up again.")
            function.restype, function.argtypes = result, arguments
            self.functions[name] = function
        self._features, self._near_start = self.functions["dg_features"], self.functions["dg_near_start"]

    def network(self, network: Network) -> CompiledNetwork:
        """The functions of a network."""
        return CompiledNetwork(self.functions, network)

    def near_start(self, near: F32, reach: F32) -> F32:
        """See `reference.near_start`."""
        rows, inputs = near.shape
        start = np.empty(rows, np.float32)
        self._near_start(near.ctypes.data, rows, inputs, reach.ctypes.data, start.ctypes.data)
        return start

    def features(self, window: Window) -> CompiledFeatures:
        """The features of windows of one shape."""
        return CompiledFeatures(self.functions, window)


class CompiledFeatures:
    """See `reference.ReferenceFeatures`. Any thread."""

    def __init__(self, functions: dict[str, Any], window: Window) -> None:
        self._window, self._struct = window, as_struct(window)
        self._address = ctypes.addressof(self._struct)
        self._room = int(functions["dg_window_workspace"](self._address))
        self._features = functions["dg_features"]

    def __call__(self, samples: F32) -> F32 | None:
        """Features of samples (n, channels), C order; None where a value is not within ±1e18."""
        out, room = np.empty(self._window.size, np.float32), np.empty(self._room)
        good = self._features(self._address, samples.ctypes.data, out.ctypes.data, room.ctypes.data)
        return out if good else None


class CompiledNetwork:
    """See `reference.ReferenceNetwork`, which has the same functions. Any number of threads at once.

    What is given must have the right shape and dtype, in C order: `model.plan` sees to that.
    """

    def __init__(self, functions: dict[str, Any], network: Network) -> None:
        self.network = network
        self._struct = plan_struct(network)
        self._plan = ctypes.addressof(self._struct)
        self._room = int(functions["dg_workspace"](self._plan))
        self._functions = functions
        self._answer = functions["dg_answer"]
        self._out = network.out_size
        self._has_z = bool(network.bank)
        self._outs, self._whos, self._zs = (network.out_size,), (network.who_size,), (network.z_size,)
        self._here = _Scratch(network, self._plan, self._room)

    def answer(self, raw: F32) -> tuple[F32, I32, F32 | None]:
        """One call that keeps the interpreter's lock."""
        here = self._here
        here.raw[:] = raw.data
        self._answer(*here.arguments)
        # Two copies: what is kept of an answer should not keep z, which is ten times as large.
        answer = here.answer[:]
        out, who = np.ndarray(self._outs, _F32, answer), np.ndarray(self._whos, _I32, answer, 4 * self._out)
        return out, who, np.ndarray(self._zs, _F32, here.z[:]) if self._has_z else None

    def normalise(self, raw: F32) -> F32:
        x = np.empty(self.network.inputs, np.float32)
        self._functions["dg_normalise"](self._plan, raw.ctypes.data, x.ctypes.data)
        return x

    def embed(self, raw: F32) -> F32:
        z, room = np.empty((len(raw), self.network.z_size), np.float32), self._workspace()
        self._functions["dg_embed"](self._plan, raw.ctypes.data, len(raw), z.ctypes.data, room.ctypes.data)
        return z

    def embed_normalised(self, x: F32) -> F32:
        z, room = np.empty(self.network.z_size, np.float32), self._workspace()
        self._functions["dg_embed_normalised"](self._plan, x.ctypes.data, z.ctypes.data, room.ctypes.data)
        return z

    def router(self, bank: int, z: F32) -> np.float32:
        return np.float32(self._functions["dg_router"](self._plan, bank, z.ctypes.data))

    def decide(self, bank: int, z: F32, below: int) -> tuple[int, int]:
        answers, room = np.array([below], np.int32), self._workspace()
        state = self._functions["dg_decide"](self._plan, bank, z.ctypes.data, answers.ctypes.data, room.ctypes.data)
        return int(state), int(answers[0])

    def forced(self, raw: F32, active: I32, bank: int) -> F32:
        logits, room = np.empty(self.network.living, np.float32), self._workspace()
        self._functions["dg_forced"](
            self._plan,
            raw.ctypes.data,
            active.ctypes.data,
            len(active),
            bank,
            logits.ctypes.data,
            room.ctypes.data,
        )
        return logits

    def answers(self, raw: F32) -> tuple[F32, I32]:
        rows, room = len(raw), self._workspace()
        out, who = np.empty((rows, self._out), np.float32), np.empty((rows, self.network.who_size), np.int32)
        addresses = (out.ctypes.data, who.ctypes.data, room.ctypes.data)
        self._functions["dg_answers"](self._plan, raw.ctypes.data, rows, *addresses)
        return out, who

    def logits(self, raw: F32) -> F32:
        logits, room = np.empty((len(raw), self.network.living), np.float32), self._workspace()
        self._functions["dg_logits"](self._plan, raw.ctypes.data, len(raw), logits.ctypes.data, room.ctypes.data)
        return logits

    def active(self, raw: F32) -> I32:
        assert self.network.base is not None
        active, room = np.empty((len(raw), self.network.base.active), np.int32), self._workspace()
        self._functions["dg_active"](self._plan, raw.ctypes.data, len(raw), active.ctypes.data, room.ctypes.data)
        return active

    def knows(self, raw: F32) -> U8:
        knows, room = np.zeros(len(raw), np.uint8), self._workspace()
        self._functions["dg_knows"](self._plan, raw.ctypes.data, len(raw), knows.ctypes.data, room.ctypes.data)
        return knows

    def audit(self, raw: F32, reference: F32, columns: I32) -> Audited:
        found, room = _Audited(), self._workspace()
        self._functions["dg_audit"](
            self._plan,
            raw.ctypes.data,
            len(raw),
            reference.ctypes.data,
            reference.shape[1],
            columns.ctypes.data,
            ctypes.addressof(found),
            room.ctypes.data,
        )
        return Audited(found.checked, found.first, found.bits, found.flips, found.largest)

    def prove_closed(self, bank: int, z: F32, limit: float) -> tuple[int, F32]:
        r = np.empty(len(z), np.float32)
        prove = self._functions["dg_prove_closed"]
        return int(prove(self._plan, bank, z.ctypes.data, len(z), limit, r.ctypes.data)), r

    def _workspace(self) -> F32:
        return np.empty(self._room, np.float32)


class _Scratch(threading.local):
    """What an answer is read from and written to, one for each thread: asking for addresses would take longer.

    Bytes are copied in and out, and no arrays: numpy gives up the interpreter's lock to copy more than 500 numbers.
    """

    def __init__(self, network: Network, plan: int, room: int) -> None:
        super().__init__()
        raw = np.empty(network.inputs, np.float32)
        self.raw = raw.data
        self.answer = bytearray(4 * (network.out_size + network.who_size))
        self.z = bytearray(4 * network.z_size if network.bank else 0)
        self._room = np.empty(room, np.float32)
        # Of arrays that stay: while there is one, a bytearray neither moves nor changes its size.
        self._held = np.frombuffer(self.answer, np.float32), np.frombuffer(self.z, np.float32)
        out, z = (array.ctypes.data for array in self._held)
        who = out + 4 * network.out_size
        addresses = (plan, raw.ctypes.data, out, who, z, self._room.ctypes.data)
        self.arguments = tuple(map(_P, addresses))
