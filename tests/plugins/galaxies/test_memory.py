"""What a galaxy frees serves the next one."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from astrobench_galaxies.memory import keep_freed

if sys.argv[1:]:
    keep_freed()
for turn in range(21):
    if turn == 1:
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.ones(2**17) for _ in range(4)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun)
"""


def pages(*words: str) -> int:
    """Return how many pages the system had to give for twenty times the same four arrays of 1 MB."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have rules of their own")
def test_freed_memory_is_not_fetched_again():
    assert pages("kept") * 5 < pages()
