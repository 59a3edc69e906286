"""The routines that are loaded by themselves are those of scipy's public module."""

from __future__ import annotations

import subprocess
import sys

from scipy.linalg import cython_lapack

from dgstudio.learning.bank.lapack_pointers import lapack_pointers


def test_they_are_the_routines_that_scipy_offers():
    assert set(lapack_pointers()) == set(cython_lapack.__pyx_capi__)


def test_the_package_is_left_out_and_can_be_imported_later():
    program = """
import sys
import dgstudio.engine.engine
assert "scipy.linalg" not in sys.modules
from scipy.linalg import cython_lapack
from dgstudio.learning.bank.lapack_pointers import lapack_pointers
assert set(lapack_pointers()) == set(cython_lapack.__pyx_capi__)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
