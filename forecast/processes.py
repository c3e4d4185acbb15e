"""How a process that forecasts or fits is set up: one thread for small matrices, and no warning nobody can act on."""

from __future__ import annotations

import os
import warnings

from threadpoolctl import threadpool_limits


def settle() -> None:
    """Set this process up; called first by the command line and by the processes it starts."""
    # Sampling runs compiled code of its own and needs no BLAS from PyTensor.
    warnings.filterwarnings("ignore", message="PyTensor could not link to a BLAS")
    # Matrices here are small: threads for each cost more than they bring, and on a busy machine ten times as much.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for SciPy's, which is loaded later
    threadpool_limits(limits=1, user_api="blas")
