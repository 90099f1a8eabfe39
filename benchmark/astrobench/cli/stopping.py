"""Ctrl-C and SIGTERM: the first ends a run in order, within seconds; the second ends it at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

SHOW_CURSOR = b"\x1b[?25h"
GO_ON = "run the same command again to go on"


class Stopped(BaseException):
    """A signal asked the program to end. No Exception and no KeyboardInterrupt, so that no library takes it for one.

    exit_code: 130 for Ctrl-C, 143 for SIGTERM, as a shell tells the end by a signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def listen() -> None:
    """Raise Stopped in the main thread at the first signal; end the process at the second.

    What the process started dies with it: a fork server sees its driver go, and takes the tasks along. A script's
    shell starts what it runs in the background deaf to Ctrl-C; a run hears it there too, for otherwise it would hold
    the cores unseen when the script is gone, and a run that ends has lost nothing. Who ignores SIGTERM means it.
    """
    heard: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if heard:
            end(128 + heard[0], signal.Signals(number).name)
        heard.append(number)
        raise Stopped(number)

    signal.signal(signal.SIGINT, stop)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, stop)


def end(code: int, name: str) -> None:
    """Say how to go on and end the process now, whatever its threads wait for; leave the terminal as it should be."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):  # whoever read it may be gone
            os.write(2, SHOW_CURSOR * sys.stderr.isatty() + f"astrobench: ended by {name}: {GO_ON}\n".encode("ascii"))
    os._exit(code)
