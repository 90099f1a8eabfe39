"""Ctrl-C and SIGTERM: the first ends a run in order, within seconds; the second ends it at once."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

SHOW_CURSOR = b"\x1b[?25h"


class Stopped(BaseException):
    """A signal asked the program to end. No Exception and no KeyboardInterrupt, so that no library takes it for one.

    exit_code: 130 for Ctrl-C, 143 for SIGTERM, as a shell tells the end by a signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def listen() -> None:
    """Raise Stopped in the main thread at the first signal; end the process at the second.

    What the process started dies with it: a fork server sees its driver go, and takes the tasks along.
    """
    heard: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if heard:
            end(128 + heard[0])
        heard.append(number)
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # a shell may have started us in the background
            signal.signal(number, stop)


def end(code: int) -> None:
    """End the process now, whatever its threads are waiting for; leave the terminal as it should be."""
    if sys.stderr is not None and sys.stderr.isatty():
        os.write(2, SHOW_CURSOR)
    os._exit(code)
