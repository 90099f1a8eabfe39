"""The command line: thin functions over the core, each importing what it needs only when it is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; an expected fault prints one line and exits with its code."""
    from astrobench.cli.app import app
    from astrobench.errors import AstrobenchError

    try:
        app(prog_name="astrobench")
    except AstrobenchError as error:
        print(f"astrobench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
