"""What `astrobench list` shows: every plugin with origin, parameters and defaults, read without importing one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from astrobench.errors import PluginError, did_you_mean
from astrobench.intervals import plainly
from astrobench.needs import Needs
from astrobench.registry import KINDS, one

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from astrobench.registry import Fault, Plugin, Registry
    from astrobench.severities import Severity
    from astrobench.signatures import Parameter


def catalogue(registry: Registry, kind: str | None = None, name: str | None = None) -> RenderableType:
    """Return tables of all plugins, of one kind, or the whole word on one name; then what is quarantined.

    Raises PluginError for a kind or name that is unknown.
    """
    kinds = KINDS if kind is None else (kind,)
    if name is not None:
        return Group(*(part for plugin in _named(registry, kinds, name) for part in _page(plugin)))
    tables = [_table(kind, plugins) for kind in kinds if (plugins := registry.of(kind))]
    empty = [Text(f"no {kind} installed") for kind in kinds if not registry.of(kind) and len(kinds) == 1]
    return Group(*tables, *empty, *_quarantined(registry.faults))


def _named(registry: Registry, kinds: Iterable[str], name: str) -> list[Plugin]:
    known = {kind: registry.names(kind) for kind in kinds}
    family = name.partition(":")[0] + ":"
    found = [kind for kind, names in known.items() if name in names or (":" in name and family in names)]
    if found:
        return [plugin for kind in found for plugin in registry.of(kind) if plugin.name in (name, family)]
    if len(known) == 1:
        registry.get(next(iter(known)), name)
    everything = [other for names in known.values() for other in names]
    raise PluginError(f"unknown plugin {name!r}{did_you_mean(name, everything)}{registry.quarantined}")


def _table(kind: str, plugins: tuple[Plugin, ...]) -> Table:
    table = Table(title=kind, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in (one(kind), "what it is", "parameters", "from"):
        table.add_column(heading, header_style="dim", overflow="fold", no_wrap=heading == "from")
    names = [plugin.name for plugin in plugins]
    for plugin in plugins:
        table.add_row(Text(plugin.name, "bold"), *_row(plugin, twice=names.count(plugin.name) > 1))
    table.add_section()
    table.add_row()
    return table


def _row(plugin: Plugin, *, twice: bool) -> tuple[Text, Text, Text]:
    origin = Text(plugin.origin, "dim")
    if twice:
        return Text("refused: another plugin has the same name", "red"), Text(), origin
    try:
        signature = plugin.signature
    except PluginError as error:
        return Text(str(error), "red"), Text(), origin
    told = "\n".join(_short(parameter) for parameter in signature.parameters)
    return Text(signature.summary or "(no docstring)"), Text(told), origin


def _short(parameter: Parameter) -> str:
    return f"{parameter.name} (required)" if parameter.required else f"{parameter.name}={parameter.default!r}"


def _page(plugin: Plugin) -> list[RenderableType]:
    """Return all that one plugin says of itself: its docstring whole, with licence and caveats."""
    title = Text.assemble((plugin.name, "bold"), f"  {one(plugin.kind)} from {plugin.origin}", style="dim")
    try:
        signature = plugin.signature
    except PluginError as error:
        return [title, Padding(Text(str(error), "red"), (1, 0, 1, 2))]
    parts: list[RenderableType] = [title, Padding(Text(_flowing(signature.doc) or "(no docstring)"), (1, 0, 1, 2))]
    if isinstance(plugin.target, Path):
        parts.append(Padding(Text(str(plugin.target), "dim"), (0, 0, 1, 2)))
    if signature.parameters:
        parts.append(Padding(_parameters(signature.parameters), (0, 0, 1, 2)))
    if signature.severity is not None:
        parts.append(Padding(Text(_severity(signature.severity)), (0, 0, 1, 2)))
    if signature.needs != Needs():
        parts.append(Padding(Text(_needs(signature.needs)), (0, 0, 1, 2)))
    return parts


def _needs(needs: Needs) -> str:
    within = [f"{name} in {interval}" for name, interval in needs.within.items()]
    return f"needs of a dataset: {', '.join([*needs.facts, *within])}"


def _severity(told: Severity) -> str:
    unit = f" in {told.unit}" if told.unit else ""
    harmless = "" if told.harmless is None else f", harmless at {told.harmless:g}"
    return f"severity: {told.parameter}{unit}, harder the {told.harder}{harmless}"


def _flowing(doc: str) -> str:
    """Return a docstring with its hard line breaks undone, but for those before an indent or a "word:"."""
    flowing = [""]
    for line in doc.splitlines():
        goes_on = flowing[-1] and line and not line.startswith(" ") and not re.match(r"[\w*`-]+:( |$)", line)
        flowing[-1:] = [f"{flowing[-1]} {line}"] if goes_on else [flowing[-1], line]
    return "\n".join(flowing).strip()


def _parameters(parameters: tuple[Parameter, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("parameter", "type", "default"):
        table.add_column(heading, header_style="dim", overflow="fold")
    for parameter in parameters:
        default = "required" if parameter.required else repr(parameter.default)
        table.add_row(Text(parameter.name, "bold"), Text(plainly(parameter.annotation) or "any"), Text(default))
    return table


def _quarantined(faults: tuple[Fault, ...]) -> list[RenderableType]:
    if not faults:
        return []
    return [Text("quarantined", "bold red"), *(Padding(Text(fault.sentence), (0, 0, 0, 2)) for fault in faults)]
