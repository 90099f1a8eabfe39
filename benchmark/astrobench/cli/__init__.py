"""The command line: thin functions over the core, each importing what it needs only when it is called."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, NoReturn

from astrobench.cli.stopping import Stopped, end, listen
from astrobench.cli.streams import guard_streams

if TYPE_CHECKING:
    from astrobench.errors import AstrobenchError


def main() -> None:
    """Run the command line; an expected fault prints one line and exits with its code, and so does a signal."""
    listen()
    guard_streams()
    try:
        _main()
    except Stopped as stopped:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        end(stopped.exit_code, str(stopped))


def _main() -> None:
    from astrobench.cli.app import app
    from astrobench.errors import AstrobenchError, DataError, cannot_name, is_of_names

    try:
        try:
            app(prog_name="astrobench")
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where a full disk still has a sentence
    except AstrobenchError as error:
        _refuse(error)
    except UnicodeEncodeError as error:
        if not is_of_names(error):
            raise
        _refuse(DataError(cannot_name(error)))


def _refuse(error: AstrobenchError) -> NoReturn:
    from astrobench.errors import may_be_hidden

    told = str(error)
    print(f"astrobench: {told}{may_be_hidden(told)}", file=sys.stderr)
    sys.exit(error.exit_code)
