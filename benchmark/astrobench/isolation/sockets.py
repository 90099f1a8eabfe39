"""A short folder for the fork server's socket, whose path has at most 107 bytes: clusters have long TMPDIRs."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from multiprocessing import util

from astrobench.errors import InfraError

LONGEST = 103
"""Bytes of a socket's path: 107 on Linux, 103 on macOS."""

OWN = "/pymp-12345678/listener-12345678"
"""What Python puts behind the folder for temporary files."""

PLACES = ("/tmp", "/var/tmp", "/dev/shm")

_one_at_a_time = threading.Lock()


def keep_socket_short() -> None:
    """Have this process, and those it starts, keep sockets in a folder of mode 0700 whose path is short enough.

    Temporary files stay where TMPDIR says. Raises InfraError, naming TMPDIR, where no short folder can be written.
    """
    usual = tempfile.gettempdir()
    if len(os.fsencode(usual + OWN)) <= LONGEST:
        return
    with _one_at_a_time:
        try:
            for tempfile.tempdir in PLACES:
                with suppress(OSError):
                    util.get_temp_dir()  # made once in a process, which remembers it and removes it when it ends
                    return
        finally:
            tempfile.tempdir = usual
    told = f"TMPDIR has {len(os.fsencode(usual))} bytes ({usual}), a socket's folder at most {LONGEST - len(OWN)}"
    raise InfraError(f"{told}, and none of {', '.join(PLACES)} can be written: set TMPDIR to a shorter folder")
