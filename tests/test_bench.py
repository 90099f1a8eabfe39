"""The machine that the cells of a training run on."""

from __future__ import annotations

import os
import subprocess
import sys

from astrobench.parallel import THREADS

THREADS_TAKEN = """
import numpy
from astrobench.stages.bench import steady
from threadpoolctl import threadpool_info

steady(1)
import scipy.linalg  # brings a BLAS of its own, after the rest
print({library["num_threads"] for library in threadpool_info()})
"""


def test_a_training_takes_as_many_threads_as_it_is_told_in_every_library() -> None:
    """Else NumPy's products of matrices wait for one another between two trainings on two cores."""
    shell = {name: value for name, value in os.environ.items() if name not in THREADS} | {"OPENBLAS_NUM_THREADS": "2"}
    words = [sys.executable, "-c", THREADS_TAKEN]
    assert subprocess.run(words, env=shell, capture_output=True, text=True, check=True).stdout == "{1}\n"
