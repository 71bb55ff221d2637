"""What all tests share: one thread per worker, so that two workers do not fight for a core."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Read when the libraries are loaded, which is after this file.
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(_variable, "1")
