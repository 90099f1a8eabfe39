"""Expected faults: each prints as one line that says what, which value, what is allowed, the nearest name.

    AstrobenchError          exit code 2: the input can be mended and nothing was run
    ├── SuiteError           a suite, profile, override or parameter
    ├── PluginError          a plugin that is unknown, broken, or named twice
    ├── DataError            images, labels or catalogues that cannot be used
    ├── NoLabelsError        labels were asked for of a domain that has none; what asked for them is left out
    ├── DeviceError          a device that is not there
    └── StoreError           a results directory that cannot be used
        ├── UnwritableError  exit code 73: a folder that cannot be written; nothing was run
        └── InfraError       exit code 75: the machine is at fault; nothing was recorded, and the run goes on from there

Anything else keeps its traceback: it is a fault of the program, not of the person.
"""

from __future__ import annotations

import difflib
import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.ENFILE, errno.ESTALE})
"""What an OSError says when the machine is at fault. Too many open files of one process (EMFILE) is not among them."""


LONGEST = 2000
"""Letters of a message: a screen."""


class AstrobenchError(Exception):
    """A fault that the reader of the message can mend. Its text is one line that a terminal shows as it is.

    What it quotes may be a stranger's: what cannot be seen becomes "�", and the middle of a long text is left out.
    """

    exit_code = 2

    def __str__(self) -> str:
        told = " ".join(super().__str__().split())
        if len(told) > LONGEST:
            told = f"{told[: LONGEST // 2]} […] {told[-LONGEST // 2 :]}"
        return "".join(letter if letter.isprintable() else "�" for letter in told)


class SuiteError(AstrobenchError):
    """A suite, profile, override or parameter that cannot be run."""


class PluginError(AstrobenchError):
    """A plugin that is unknown, broken, or named by two distributions."""


class DataError(AstrobenchError):
    """Images, labels or a catalogue that cannot be used."""


class NoLabelsError(AstrobenchError):
    """Labels of images that have none: a metric that meets it is skipped, and its record says so."""


class DeviceError(AstrobenchError):
    """A device that this machine does not have."""


class StoreError(AstrobenchError):
    """A results directory or stored file that cannot be used."""


class UnwritableError(StoreError):
    """A folder that nothing can be written to."""

    exit_code = 73  # EX_CANTCREAT of sysexits.h


class InfraError(StoreError):
    """A full disk, a dying one, a lost worker: no result of a plugin, and never recorded as one."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later

    @classmethod
    def of(cls, action: str, path: Path | str, error: OSError) -> InfraError:
        """Return the fault of an action ("write") on a path, saying that the run can go on."""
        told = error.strerror or error
        return cls(
            f"cannot {action} ({path}): {told}; nothing is lost: mend it and run the same command again to go on"
        )


def is_infra(error: BaseException) -> bool:
    """Say whether an exception tells of the machine rather than of the code that met it."""
    return isinstance(error, InfraError) or (isinstance(error, OSError) and error.errno in MACHINE)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'? known: …" for an unknown name, ready to append to a message."""
    choices = sorted({str(choice) for choice in known})
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    guess = f"; did you mean '{close[0]}'?" if close else ";"
    return f"{guess} known: {', '.join(choices) or 'none'}"
