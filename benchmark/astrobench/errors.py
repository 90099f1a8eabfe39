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

import codecs
import difflib
import errno
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.ENFILE, errno.ESTALE})
"""What an OSError says when the machine is at fault. Too many open files of one process (EMFILE) is not among them."""


REMEDY = "mend it and run the same command again to go on"
"""What to do about a fault of the machine. Whether anything is lost is known to nobody before it was looked up."""

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
        """Return the fault of an action ("write") on a path, with what to do."""
        return cls(f"cannot {action} ({path}): {error.strerror or error}; {REMEDY}")


def is_infra(error: BaseException) -> bool:
    """Say whether an exception tells of the machine rather than of the code that met it."""
    return isinstance(error, InfraError) or (isinstance(error, OSError) and error.errno in MACHINE)


def cannot_name(error: UnicodeEncodeError) -> str:
    """Return the sentence for a file whose name the locale's encoding of file names cannot spell."""
    name = error.object if len(error.object) < 200 else error.object[error.start : error.end]
    return f"{name!r} cannot be opened under the file-system encoding {error.encoding!r}: set PYTHONUTF8=1"


def is_of_names(error: BaseException) -> bool:
    """Say whether an exception tells of a file's name that the locale cannot spell, rather than of its reader."""
    encodings = {sys.getfilesystemencoding(), getattr(error, "encoding", "utf-8")}
    names = {codecs.lookup(encoding).name for encoding in encodings}
    return isinstance(error, UnicodeEncodeError) and len(names) == 1 and names != {"utf-8"}


def may_be_hidden(message: str) -> str:
    """Return a hint, ready to append to a message, where the locale may hide the files that it names."""
    encoding = sys.getfilesystemencoding()
    if encoding == "utf-8" or "PYTHONUTF8" in message or not any(a.isalpha() and not a.isascii() for a in message):
        return ""
    return f" (the file-system encoding {encoding!r} may hide a file of this name: set PYTHONUTF8=1)"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'? known: …" for an unknown name, ready to append to a message."""
    choices = sorted({str(choice) for choice in known})
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    guess = f"; did you mean '{close[0]}'?" if close else ";"
    return f"{guess} known: {', '.join(choices) or 'none'}"
