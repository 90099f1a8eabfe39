"""Reading a file whole, in few calls: a sweep that is resumed reads some of each of its cells."""

from __future__ import annotations

import errno
import os

from astrobench.errors import InfraError

STALE_ATTEMPTS = 3
"""How often a file is opened that NFS knows by a handle which another machine has made stale."""

MOUTHFUL = 2**16  # bytes; a result is read in one, weights in a few


def bytes_of(path: str) -> bytes | None:
    """Return the bytes of a file, None where there is none. Raises InfraError when the disk does not give them."""
    for attempt in range(STALE_ATTEMPTS):
        try:
            return _read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno != errno.ESTALE or attempt == STALE_ATTEMPTS - 1:
                raise InfraError.of("read", path, error) from error
    raise AssertionError(path)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = mouthful = os.read(descriptor, MOUTHFUL)
        while mouthful:
            mouthful = os.read(descriptor, max(MOUTHFUL, len(data)))
            data += mouthful
        return data
    finally:
        os.close(descriptor)
