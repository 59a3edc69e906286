"""dgstudio: a live studio for the DynamicGate MLP, which learns while it answers and proves what it left alone."""

import os

# Bits depend on how a product is split over threads, and two threads that compute starve the window: one BLAS thread,
# set before numpy is imported anywhere in the package.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")

__version__ = "0.1.0"
