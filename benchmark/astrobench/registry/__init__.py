"""Names → plugins, with their origin; and the faults of those that are broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from astrobench.errors import PluginError, did_you_mean
from astrobench.registry.discovery import Fault, discover
from astrobench.registry.plugin import KINDS, Plugin, one

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["KINDS", "Fault", "Plugin", "Registry", "one"]


@dataclass(frozen=True)
class Registry:
    """What is installed: plugins by kind and name, and what is quarantined."""

    plugins: tuple[Plugin, ...] = ()
    faults: tuple[Fault, ...] = ()

    @classmethod
    def load(cls, only: Iterable[str] | None = None) -> Registry:
        """Return the plugins of all installed distributions. A broken one becomes a fault, never an error.

        only: names of distributions; no code of any other is then imported.
        """
        return cls(*discover(None if only is None else frozenset(only)))

    @classmethod
    def of_plugins(cls, plugins: Iterable[Plugin], faults: Iterable[Fault] = ()) -> Registry:
        """Return a registry of these plugins and no others."""
        return cls(tuple(plugins), tuple(faults))

    def get(self, kind: str, name: str) -> Plugin:
        """Return the one plugin of this kind and name; "family:member" gives the family with its argument.

        Raises PluginError for a name that is unknown, or given by two distributions.
        """
        _check_kind(kind)
        family, colon, argument = name.partition(":")
        known = self._known[kind]
        found = known.get(name) or (known.get(family + colon) if colon else None)
        if not found:
            raise PluginError(f"unknown {one(kind)} {name!r}{did_you_mean(name, known)}{self.quarantined}")
        if len(found) > 1:
            raise PluginError(f"{one(kind)} {name!r} is given by two plugins, {_origins(found)}; uninstall one of them")
        if not found[0].family:
            return found[0]
        if not argument:
            raise PluginError(f"{name!r} is a family of {kind}: name a member after the colon")
        return replace(found[0], name=name, argument=argument)

    def of(self, kind: str) -> tuple[Plugin, ...]:
        """Return all plugins of a kind by name, those among them that share one."""
        _check_kind(kind)
        return tuple(plugin for found in self._known[kind].values() for plugin in found)

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names of a kind, sorted."""
        _check_kind(kind)
        return tuple(self._known[kind])

    @cached_property
    def _known(self) -> Mapping[str, Mapping[str, tuple[Plugin, ...]]]:
        known: dict[str, dict[str, tuple[Plugin, ...]]] = {kind: {} for kind in KINDS}
        for plugin in sorted(self.plugins, key=lambda plugin: (plugin.name, plugin.origin, plugin.entry_point)):
            found = known[plugin.kind]
            found[plugin.name] = (*found.get(plugin.name, ()), plugin)
        return known

    @property
    def quarantined(self) -> str:
        """What is quarantined and why, ready to append to a message."""
        return "".join(f"; quarantined: {fault.sentence}" for fault in self.faults)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise PluginError(f"unknown kind of plugin {kind!r}{did_you_mean(kind, KINDS)}")


def _origins(found: Iterable[Plugin]) -> str:
    return " and ".join(f"{plugin.origin} (entry point {plugin.entry_point!r})" for plugin in found)
