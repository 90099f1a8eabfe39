"""The command line: thin functions over the core, each importing what it needs only when it is called."""

from __future__ import annotations

import contextlib
import io
import sys

from astrobench.cli.stopping import Stopped, end, listen


def main() -> None:
    """Run the command line; an expected fault prints one line and exits with its code, and so does a signal."""
    listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no ± is shown a question mark
            stream.reconfigure(errors="replace")
    try:
        _main()
    except Stopped as stopped:
        with contextlib.suppress(OSError, ValueError):  # whoever read our words may be gone
            print(f"astrobench: ended by {stopped}: run the same command again to go on", file=sys.stderr)
            sys.stdout.flush()
        end(stopped.exit_code)


def _main() -> None:
    from astrobench.cli.app import app
    from astrobench.errors import AstrobenchError

    try:
        app(prog_name="astrobench")
    except AstrobenchError as error:
        print(f"astrobench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
