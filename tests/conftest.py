"""Ctrl-C reaches the runs that tests start, even where the tests themselves run in the background of a shell.

Such a shell has them ignore SIGINT, and what they start would inherit that.
"""

from __future__ import annotations

import signal

from astrobench.environment import processor

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Name the processor: what rounds otherwise on another one fails there only."""
    return f"processor: {processor()}"
