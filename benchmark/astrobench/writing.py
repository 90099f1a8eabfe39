"""Writing a file so that it is whole or absent, whenever the machine stops and whatever the disk says."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import TYPE_CHECKING

from astrobench.errors import InfraError, UnwritableError

if TYPE_CHECKING:
    from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a disk says that could be written to and cannot just now."""

NOT_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""What a file system says that cannot sync a folder; its own rename is then all there is."""


def write_atomically(path: Path, data: bytes, *, replace: bool = False) -> bool:
    """Write a file so that it is whole or absent; return False where it was there already.

    replace: put the new one in place of the old (a checkpoint), instead of keeping the first. Raises InfraError when
    the disk is full, read-only or failing; what was there before is there still.
    """
    try:
        return _write(path, data, replace=replace)
    except OSError as error:
        raise InfraError.of("write", path, error) from error


def prove_writable(folder: Path, option: str) -> None:
    """Make a folder and prove that files can be written, synced and named in it. option: what names another folder.

    Raises UnwritableError where they cannot, InfraError where the disk is full or failing.
    """
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(probe, b"ok", replace=True)
        probe.unlink()
        for place in folder.iterdir():
            if place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, f"{os.strerror(errno.EACCES)}: {place.name}")
    except (OSError, InfraError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and cause.errno in FULL:
            raise InfraError.of("write", folder, cause) from None
        told = getattr(cause, "strerror", None) or cause
        raise UnwritableError(f"cannot write to {folder}: {told}; choose another with {option}") from None


def _write(path: Path, data: bytes, *, replace: bool) -> bool:
    _make_folder(path.parent)
    part = path.with_name(f".tmp-{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        _write_synced(part, data)
        new = _into_place(part, path, replace=replace)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)
    _sync_folder(path.parent)
    return new


def _make_folder(folder: Path) -> None:
    """Make a folder that a power cut does not unmake."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _write_synced(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        view = memoryview(data)
        while view:  # a full disk may write less than it was given without an error
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _into_place(part: Path, path: Path, *, replace: bool) -> bool:
    if replace:
        os.replace(part, path)
        return True
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if path.exists():
            return False
        os.replace(part, path)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NOT_SYNCED:
            raise
    finally:
        os.close(descriptor)
