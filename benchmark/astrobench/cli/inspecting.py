"""`astrobench list` and `astrobench check`."""

from __future__ import annotations

from astrobench.cli.output import plain_console
from astrobench.errors import PluginError, did_you_mean
from astrobench.registry import KINDS, Registry


def show_plugins(what: str | None) -> None:
    """Print the plugins of every kind, of one kind, or all that is known of one plugin."""
    from astrobench.catalogue import catalogue

    registry, console = Registry.load(), plain_console()
    if what is None or what in KINDS:
        console.print(catalogue(registry, kind=what))
        return
    names = [name for kind in KINDS for name in registry.names(kind)]
    if what not in names and ":" not in what:
        guess = did_you_mean(what, [*KINDS, *names])
        raise PluginError(f"no kind and no plugin is called {what!r}{guess}{registry.quarantined}")
    console.print(catalogue(registry, name=what))


def check_plugin(kind: str, name: str, sets: list[str]) -> int:
    """Print each check of one plugin; return 0 when none failed."""
    from astrobench.cli.overrides import tables_of
    from astrobench.conformance import check

    kinds = {k.rstrip("s"): k for k in KINDS} | {k: k for k in KINDS}
    if kind not in kinds:
        raise PluginError(f"unknown kind {kind!r}{did_you_mean(kind, KINDS)}")
    report = check(Registry.load(), kinds[kind], name, tables_of(sets))
    console = plain_console()
    console.print(report)
    return 0 if report.passed else 1
