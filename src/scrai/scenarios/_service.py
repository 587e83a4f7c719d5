"""The service that finds a simulation's scenario and calls its hooks."""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Mapping
from pathlib import Path
from typing import Any

from scrai.engine import ScenarioContext
from scrai.errors import ScenarioError
from scrai.models import SimulationState
from scrai.scenarios._files import is_file_spec, merged, recognise
from scrai.scenarios._plugins import built_in, installed
from scrai.scenarios._registry import ScenarioRegistry
from scrai.scenarios._resolve import canonical, check_is_text, is_reference, resolve_reference
from scrai.scenarios._scenario import Scenario


class ScenarioService:
    """Selects scenarios by key or reference, seeds, and calls the hooks.

    The hooks of a plain scenario have run when the call returns; the result may be awaited all
    the same. Those of an `async` one run when it is awaited.
    """

    def __init__(self, registry: ScenarioRegistry | None = None) -> None:
        self.registry = registry if registry is not None else ScenarioRegistry()
        self._resolved: dict[str, Scenario] = {}

    def select(self, key: str) -> Scenario:
        """Return the scenario of a key, `module:Class`, `file.py`, `file.py:Class` or a file of it.

        References are resolved when they are asked for, so a process that resumes a simulation
        needs nothing but what the simulation stores.

        Raises:
            ScenarioError: it is unknown (near ones are named) or broken, in one line.
        """
        check_is_text(key)
        if is_file_spec(key):
            return recognise(key, self.registry.items())[1]
        if not is_reference(key):
            return self.registry.get(key)
        spec = canonical(key)
        found = self._resolved.get(spec)
        if found is None:
            found = self._resolved[spec] = resolve_reference(spec)
        return found

    def key_of(self, spec: str) -> str:
        """Return what a simulation stores of what a user wrote: the key of a file's world, say.

        Raises:
            ScenarioError: no world, or more than one, takes the file.
        """
        if is_file_spec(spec):
            return recognise(spec, self.registry.items())[0]
        return canonical(spec)

    def open(self, spec: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
        """Return a whole configuration: that of the file, if `spec` is one, with changes to it.

        Raises:
            InvalidInputError, ScenarioError: everything that is wrong with the file.
        """
        if not is_file_spec(spec):
            return dict(configuration)
        found: dict[str, Any] = merged(self.select(spec).read(Path(spec)), configuration)
        return found

    def hooks(self, key: str) -> Scenario:
        """Return what the engine calls; see `select`."""
        # The engine asks at every step.
        return self._resolved.get(key) or self.select(key)

    def new_simulation(
        self,
        scenario: str,
        simulation_id: str,
        *,
        configuration: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> SimulationState:
        """Return the state of a new simulation, for `PhaseEngine.create`.

        The scenario gives its times and its number of cycles, unless `fields` say otherwise.

        Raises:
            InvalidInputError: the configuration does not fit, in one line.
            ScenarioError: see `select`.
        """
        found = self.select(scenario)
        given = self.open(scenario, configuration or {})
        found.configure(given)
        values: dict[str, Any] = {
            "name": found.title(given),
            "description": found.description,
            "epoch": found.epoch,
            "cycle_seconds": found.cycle_seconds,
            "max_phases": found.default_cycles,
        }
        chosen = {key: value for key, value in fields.items() if value is not None}
        fixed = {"scenario_module": self.key_of(scenario), "configuration": given}
        return SimulationState(id=simulation_id, **(values | chosen | fixed))

    def seed_scenario(self, context: ScenarioContext) -> Awaitable[None]:
        """Let the scenario of the context's simulation add its first entities."""
        return _awaitable(self._of(context).seed(context))

    def before_phase(self, context: ScenarioContext) -> Awaitable[None]:
        """Call the hook of that name."""
        return _awaitable(self._of(context).before_phase(context))

    def after_phase(self, context: ScenarioContext) -> Awaitable[None]:
        """Call the hook of that name."""
        return _awaitable(self._of(context).after_phase(context))

    def on_snapshot(self, context: ScenarioContext) -> Awaitable[None]:
        """Call the hook of that name."""
        return _awaitable(self._of(context).on_snapshot(context))

    def _of(self, context: ScenarioContext) -> Scenario:
        key = context.state.scenario_module
        if not key:
            raise ScenarioError(f"simulation {context.state.id} has no scenario")
        return self.hooks(key)


class _Done:
    """What a hook that has run already gives to `await`."""

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


def _awaitable(result: Awaitable[None] | None) -> Awaitable[None]:
    return _Done() if result is None else result


def create_default_scenario_service() -> ScenarioService:
    """Return a service that knows the built-in scenarios and those of installed packages."""
    registry = ScenarioRegistry(installed)
    for plugin in built_in():
        registry.register_plugin(plugin)
    return ScenarioService(registry)


def resolve(spec: str) -> Scenario:
    """Return the scenario of a key, `module:Class`, `file.py` or `file.py:Class`.

    Raises:
        ScenarioError: it is unknown (near ones are named) or broken, in one line.
    """
    return create_default_scenario_service().select(spec)
