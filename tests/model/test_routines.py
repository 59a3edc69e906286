"""The routines that are loaded by themselves are those of scipy's public modules."""

from __future__ import annotations

import subprocess
import sys

from scipy.linalg import blas, cython_lapack

from dgstudio.model import routines


def test_they_are_the_very_objects_that_scipy_offers():
    for name in ("saxpy", "sdot", "sgemv", "sscal"):
        assert getattr(routines, name) is getattr(blas, name)
    assert set(routines.LAPACK_POINTERS) == set(cython_lapack.__pyx_capi__)


def test_the_package_is_left_out_and_can_be_imported_later():
    program = """
import sys
import dgstudio.engine.engine
assert "scipy.linalg" not in sys.modules
from dgstudio.model.plan import KERNEL
import scipy.linalg
import dgstudio.model.plan as plan
assert KERNEL == plan._kernel_name()
assert scipy.linalg.blas.sgemv is plan.sgemv
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
