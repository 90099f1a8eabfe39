"""Checks of what a suite asks for."""

from __future__ import annotations

from astrobench import SuiteError

MOST_BINS = 10_000  # more than any test set can fill, few enough to hold
MOST_RESAMPLES, LEAST_RESAMPLES = 100_000, 100  # the ends of an interval rest on a fortieth of them each


def check_bins(bins: int) -> None:
    """Raise SuiteError unless the number of bins is from 1 to 10000."""
    if not 1 <= bins <= MOST_BINS:
        raise SuiteError(f"bins is {bins}: expected 1 to {MOST_BINS}")


def check_resamples(resamples: int) -> None:
    """Raise SuiteError unless the number of resamples is 0 (no interval) or from 100 to 100000."""
    if resamples != 0 and not LEAST_RESAMPLES <= resamples <= MOST_RESAMPLES:
        raise SuiteError(f"bootstrap is {resamples}: expected 0 or {LEAST_RESAMPLES} to {MOST_RESAMPLES} resamples")
