"""The scenarios that are known by a key."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from scrai.errors import ScenarioError
from scrai.scenarios._plugins import Plugin, ScenarioPluginWarning
from scrai.scenarios._resolve import check_name, is_reference, near
from scrai.scenarios._scenario import Scenario

_KEY: Final = re.compile(r"[^\s:/\\~]+")


class ScenarioRegistry:
    """Scenarios by key; a key is taken once.

    Plug-ins are imported when they are first asked for, so that a slow or broken one costs
    nothing to those who do not use it.

    Args:
        plugins: yields plug-ins; called when a key is not known yet, or all are asked for.
    """

    def __init__(self, plugins: Callable[[], Iterable[Plugin]] | None = None) -> None:
        self._entries: dict[str, Scenario | Plugin] = {}
        self._broken: dict[str, ScenarioError] = {}
        self._plugins = plugins

    def register(self, key: str, scenario: Scenario) -> None:
        """Add a scenario; raises ScenarioError if the key is taken or it is no scenario."""
        if not isinstance(scenario, Scenario):
            is_class = isinstance(scenario, type) and issubclass(scenario, Scenario)
            raise ScenarioError(
                f"cannot register {key!r}: {scenario!r:.80} is no scenario",
                hint="register an instance, not the class" if is_class else None,
            )
        check_name(scenario, f"cannot register {key!r}")
        self._claim(key)
        self._entries[key] = scenario

    def register_plugin(self, plugin: Plugin) -> None:
        """Add a scenario that is imported when it is first asked for."""
        self._claim(plugin.key)
        self._entries[plugin.key] = plugin

    def get(self, key: str) -> Scenario:
        """Return the scenario of a key; raises ScenarioError naming near ones."""
        if key not in self:
            raise self._unknown(key)
        return self._load(key)

    def unregister(self, key: str) -> None:
        """Forget a key; raises ScenarioError naming near ones."""
        if key not in self:
            raise self._unknown(key)
        self._broken.pop(key, None)
        del self._entries[key]

    def items(self) -> list[tuple[str, Scenario]]:
        """Return (key, scenario) in the order of keys. Broken plug-ins are warned of, once."""
        return list(self._working())

    def list_all(self) -> list[Scenario]:
        """Return all scenarios, in the order of their keys."""
        return [scenario for _, scenario in self._working()]

    def keys(self) -> list[str]:
        """Return all keys, those of broken plug-ins too; imports nothing."""
        self._discover()
        return sorted(self._entries)

    def __contains__(self, key: object) -> bool:
        if key not in self._entries:
            self._discover()
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def _unknown(self, key: str) -> ScenarioError:
        hint = near(key, self._entries)
        beside = bool(_KEY.fullmatch(key)) and os.path.isfile(f"{key}.py")  # noqa: PTH113 - any text
        return ScenarioError(
            f"unknown scenario {key!r:.80}", hint=f"for the file write {key}.py" if beside else hint
        )

    def _claim(self, key: str) -> None:
        if not _KEY.fullmatch(key) or is_reference(key):
            raise ScenarioError(
                f"{key!r:.80} cannot be the key of a scenario",
                hint="a key is a word without spaces, ':', '/', '~', and does not end in .py",
            )
        found = self._entries.get(key)
        if found is not None:
            whose = f" ({found})" if isinstance(found, Plugin) and found.package else ""
            raise ScenarioError(f"scenario {key!r} is registered already{whose}")

    def _discover(self) -> None:
        """Take in the plug-ins, the first time that they are needed."""
        plugins, self._plugins = self._plugins, None
        left_out = []
        for plugin in plugins() if plugins else ():
            try:
                self.register_plugin(plugin)
            except ScenarioError as error:
                left_out.append(f"{plugin} is left out: {error}")
        # Afterwards, as a warning may be turned into an error.
        for text in left_out:
            _warn(text)

    def _load(self, key: str) -> Scenario:
        entry = self._entries[key]
        if isinstance(entry, Plugin):
            entry = self._entries[key] = entry.load()
        return entry

    def _working(self) -> Iterator[tuple[str, Scenario]]:
        for key in self.keys():
            if key in self._broken:
                continue
            try:
                yield key, self._load(key)
            except ScenarioError as error:
                self._broken[key] = error
                _warn(str(error))


def _warn(text: str) -> None:
    warnings.warn(text, ScenarioPluginWarning, stacklevel=4)
