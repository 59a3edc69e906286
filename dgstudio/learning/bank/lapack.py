"""LAPACK's Cholesky routines, called so that the interpreter runs on meanwhile.

scipy's own wrappers hold the interpreter's lock for the whole of a factorisation, during which nothing can be answered.
These call the very same routines through the pointers that scipy.linalg.cython_lapack offers to compiled code; ctypes
lets go of the lock during the call. The bits are those of scipy's wrappers.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

from dgstudio.learning.bank.lapack_pointers import lapack_pointers
from dgstudio.types import F64

_Int = ctypes.POINTER(ctypes.c_int)
_Real = ctypes.POINTER(ctypes.c_double)


_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "dpotrf": (_Int, _Real, _Int, _Int),
    "dpotri": (_Int, _Real, _Int, _Int),
    "dpotrs": (_Int, _Int, _Real, _Int, _Real, _Int, _Int),
    "dpocon": (_Int, _Real, _Int, _Real, _Real, _Real, _Int, _Int),
}
"""What each takes after the letter of the triangle."""


@cache
def _routine(name: str) -> Any:
    capsule = lapack_pointers()[name]
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer_of(capsule, name_of(capsule))
    return ctypes.CFUNCTYPE(None, ctypes.c_char_p, *_ARGUMENTS[name])(address)


# The lower triangle by rows is the upper one by columns, which is how LAPACK counts.
_UPPER, _LOWER = b"U", b"L"
_BLOCK = 128


def cholesky(S: F64) -> bool:
    """Factor S (n, n), C order, in place: S = L Lᵀ; only the lower triangle is read. False if S is not positive."""
    n, info = ctypes.c_int(len(S)), ctypes.c_int(0)
    _routine("dpotrf")(_UPPER, n, _pointer(S), n, info)
    return info.value == 0


def reciprocal_condition(factor: F64, norm: float) -> float:
    """Estimate 1/condition of the matrix that `cholesky` factored, from its 1-norm."""
    n, info, rcond = ctypes.c_int(len(factor)), ctypes.c_int(0), ctypes.c_double(0.0)
    work, whole = np.empty(3 * len(factor)), np.empty(len(factor), np.intc)
    size = ctypes.c_double(norm)
    _routine("dpocon")(_UPPER, n, _pointer(factor), n, size, rcond, _pointer(work), whole.ctypes.data_as(_Int), info)
    return rcond.value if info.value == 0 else 0.0


def solve_factored(factor: F64, sides: F64) -> F64:
    """S⁻¹ sides, (n, m), S as factored by `cholesky`; `sides` stays as it is."""
    result: F64 = np.array(sides, np.float64, order="F", copy=True)
    n, info, count = ctypes.c_int(len(factor)), ctypes.c_int(0), ctypes.c_int(result.shape[1])
    _routine("dpotrs")(_UPPER, n, count, _pointer(factor), n, _pointer(result), n, info)
    assert info.value == 0, "LAPACK was handed arguments of the wrong shape"
    return result


def symmetric_inverse(A: F64) -> F64 | None:
    """A⁻¹ (n, n) of a symmetric positive A, C order, symmetric to the last bit; None if A is not positive."""
    n, info = ctypes.c_int(len(A)), ctypes.c_int(0)
    inverse: F64 = np.array(A, np.float64, order="F", copy=True)
    _routine("dpotrf")(_LOWER, n, _pointer(inverse), n, info)
    if info.value == 0:
        _routine("dpotri")(_LOWER, n, _pointer(inverse), n, info)
    if info.value != 0:
        return None
    result: F64 = np.empty_like(inverse, order="C")
    # The upper triangle by mirroring the lower, in blocks that stay in the cache.
    for begin in range(0, len(A), _BLOCK):
        end = begin + _BLOCK
        corner = np.tril(inverse[begin:end, begin:end])
        result[begin:end, begin:end] = corner + np.tril(corner, -1).T
        result[end:, begin:end] = inverse[end:, begin:end]
        result[begin:end, end:] = inverse[end:, begin:end].T
    # No negative zero, whichever side it was on.
    result += 0.0
    return result


def _pointer(array: F64) -> Any:
    return array.ctypes.data_as(_Real)
