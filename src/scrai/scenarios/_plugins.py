"""Finding plug-ins: installed packages that name a scenario under `scrai.scenarios`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scrai.errors import ScenarioError
from scrai.scenarios._resolve import resolve_reference
from scrai.scenarios._scenario import Scenario

GROUP: Final = "scrai.scenarios"
DISABLE: Final = "SCRAI_DISABLE_PLUGINS"
BUILT_IN: Final = {
    "exchange": "scrai.worlds.exchange:ExchangeScenario",
    "simple_town": "scrai.worlds.simple_town:SimpleTownScenario",
}
"""By reference, as the core imports no world."""


class ScenarioPluginWarning(UserWarning):
    """A plug-in was left out."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A scenario that is not loaded yet.

    Attributes:
        key: what users call it.
        reference: `module:Class`.
        package: the distribution it comes from; empty for the built-in ones.
    """

    key: str
    reference: str
    package: str = ""

    def load(self) -> Scenario:
        """Import it and make it; raises ScenarioError with one line that names the plug-in."""
        try:
            return resolve_reference(self.reference)
        except ScenarioError as error:
            raise ScenarioError(f"{self} is broken: {error}", hint=error.hint) from error

    def __str__(self) -> str:
        return f"scenario {self.key!r}" + (f" of package {self.package}" if self.package else "")


def built_in() -> Iterator[Plugin]:
    """Yield the scenarios that come with ScrAI."""
    for key, reference in BUILT_IN.items():
        yield Plugin(key, reference)


def installed() -> Iterator[Plugin]:
    """Yield the plug-ins of installed packages, without importing any of them.

    SCRAI_DISABLE_PLUGINS switches them off: `1` all, or the names of some, with commas.
    """
    from importlib.metadata import entry_points

    switch = os.environ.get(DISABLE, "").strip()
    if switch.lower() in {"1", "true", "all", "__all__"}:
        return
    off = {name.strip() for name in switch.split(",")}
    for point in sorted(entry_points(group=GROUP), key=lambda item: (item.name, item.value)):
        # Ours are there already, also where ScrAI runs without being installed.
        if point.name not in off and BUILT_IN.get(point.name) != point.value:
            yield Plugin(point.name, point.value, point.dist.name if point.dist else "")
