"""Checks of what a suite asks for."""

from __future__ import annotations

from astrobench import SuiteError

MOST_BINS = 10_000  # more than any test set can fill, few enough to hold


def check_bins(bins: int) -> None:
    """Raise SuiteError unless the number of bins is from 1 to 10000."""
    if not 1 <= bins <= MOST_BINS:
        raise SuiteError(f"bins is {bins}: expected 1 to {MOST_BINS}")
