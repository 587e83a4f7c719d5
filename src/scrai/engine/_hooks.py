"""What the engine asks of a scenario. It knows this protocol, never a world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from scrai.models import SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import ScenarioContext
    from scrai.engine.handlers import BasePhaseHandler


class ScenarioHooks(Protocol):
    """A scenario as the engine sees it. Hooks may be plain functions or coroutines."""

    @property
    def phases(self) -> Collection[SimulationPhase]:
        """The phases at which `before_phase` and `after_phase` fire."""
        ...

    @property
    def shares_configuration(self) -> bool:
        """Whether a worker makes the typed configuration once, as hooks only read that."""
        ...

    def configure(self, configuration: Mapping[str, Any]) -> Any:
        """Return the typed configuration; raises InvalidInputError listing every problem."""
        ...

    def handlers(self) -> Mapping[SimulationPhase, Sequence[BasePhaseHandler]]:
        """Return handlers that run after the engine's own, by phase."""
        ...

    def prompts(self) -> Mapping[str, str]:
        """Return prompts of the scenario's own, by name, in place of the default ones."""
        ...

    def prepare(self, context: ScenarioContext) -> Any:
        """Make ready; called once, at Initialize."""
        ...

    def seed(self, context: ScenarioContext) -> Any:
        """Add the first entities; called once, at the first Event Generation."""
        ...

    def before_phase(self, context: ScenarioContext) -> Any:
        """Act before the handlers of a phase."""
        ...

    def after_phase(self, context: ScenarioContext) -> Any:
        """Act after the handlers of a phase."""
        ...

    def on_snapshot(self, context: ScenarioContext) -> Any:
        """Act at Snapshot."""
        ...

    def metrics(self, context: ScenarioContext) -> Any:
        """Return named numbers (a mapping), recorded at Snapshot."""
        ...

    def finished(self, context: ScenarioContext) -> Any:
        """Return why the simulation is over, or None to go on; asked at Snapshot."""
        ...


class ScenarioSource(Protocol):
    """Finds the hooks of a simulation by its scenario's key."""

    def hooks(self, key: str) -> ScenarioHooks:
        """Return the hooks; raises ScenarioError naming near ones."""
        ...


class NoScenario:
    """Hooks that do nothing, for simulations without a scenario."""

    phases: frozenset[SimulationPhase] = frozenset()
    shares_configuration = False

    def configure(self, configuration: Mapping[str, Any]) -> Any:
        """Return the configuration as it is."""
        return configuration

    def handlers(self) -> Mapping[SimulationPhase, Sequence[BasePhaseHandler]]:
        """Return none."""
        return {}

    def prompts(self) -> Mapping[str, str]:
        """Return none."""
        return {}

    def prepare(self, context: ScenarioContext) -> None:
        """Do nothing."""

    seed = before_phase = after_phase = on_snapshot = prepare

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return none."""
        return {}

    def finished(self, context: ScenarioContext) -> str | None:
        """Go on until the cycles are used up."""
        return None
