"""Creating, running, steering and deleting simulations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final

from scrai._words import plural
from scrai.data import check_local_id, with_mediation
from scrai.engine import PhaseEngine, PhaseResult
from scrai.errors import (
    AlreadyExistsError,
    CommandRefusedError,
    InvalidInputError,
    PhaseExecutionError,
    PhaseSequenceError,
    SimulationEndedError,
)
from scrai.models import CommandKind, SimulationPhase, SimulationState, SimulationStatus
from scrai.runtime._commands import Commands
from scrai.runtime._ids import LARGEST, check_number, new_simulation_id, taken
from scrai.runtime._models import Models, with_minds
from scrai.runtime._reading import Reading
from scrai.runtime._receipts import Receipt
from scrai.scenarios import ScenarioService

_NOTHING: Final[Mapping[str, Any]] = {}
_CAN_DO: Final = {
    SimulationStatus.CREATED: "scrai simulation run {0} lets it begin, stop {0} ends it",
    SimulationStatus.RUNNING: "scrai simulation run {0} goes on, pause {0} lets it rest,"
    " stop {0} ends it",
    SimulationStatus.PAUSED: "scrai simulation resume {0} lets it go on, stop {0} ends it",
    SimulationStatus.ERROR: "scrai simulation resume {0} --retry, --skip or --roll-back lets it"
    " go on, stop {0} ends it",
    SimulationStatus.COMPLETED: "scrai simulation branch {0} starts another line",
}
"""What can be done with a simulation of each status."""


class Simulations:
    """What is done with whole simulations."""

    def __init__(
        self,
        engine: PhaseEngine,
        scenarios: ScenarioService,
        reading: Reading,
        commands: Commands,
        models: Models,
    ) -> None:
        self._models = models
        self._engine = engine
        self._scenarios = scenarios
        self._reading = reading
        self._commands = commands

    async def create(
        self,
        scenario: str,
        *,
        simulation_id: str | None = None,
        name: str | None = None,
        description: str | None = None,
        cycles: int | None = None,
        seed: int | None = None,
        configuration: Mapping[str, Any] = _NOTHING,
        minds: Mapping[str, Any] = _NOTHING,
        mediation: Mapping[str, Any] = _NOTHING,
        **flags: bool | None,
    ) -> SimulationState:
        """Create a simulation of a scenario.

        Args:
            scenario: a key, `module:Class`, `file.py` or `file.py:Class`, as text: other processes
                must find the scenario by it.
            simulation_id: default made up from the scenario's name.
            cycles: how many cycles it runs; default the scenario's, which may be without end.
            seed: what chance depends on; default 0, so that two runs are alike unless told.
            configuration: what the scenario's Config takes.
            minds: which models drive it, see `scrai.engine.minds.MindsConfig`; none by default.
            mediation: who has to decide about what, see `scrai.data.Mediation`.
            flags: auto_approve_events, auto_approve_actions, researcher_mode.

        Raises:
            ScenarioError, InvalidInputError: nothing is created.
            AlreadyExistsError: the id is taken.
        """
        if simulation_id is not None:
            check_local_id(simulation_id, "simulation id")
        if minds:
            from scrai.engine.minds import Prompts

            Prompts.of(self._scenarios.select(scenario).prompts())
        check_number("seed", seed, least=-LARGEST)
        check_number("cycles", cycles, least=1)
        found = simulation_id or new_simulation_id(name or self._scenarios.select(scenario).name)
        metadata = self._checked(minds, None) if minds else {}
        metadata |= with_mediation(mediation, {}) if mediation else {}
        state = self._scenarios.new_simulation(
            scenario,
            found,
            configuration=configuration,
            name=name,
            description=description,
            max_phases=cycles,
            seed=seed,
            metadata=metadata or None,
            **flags,
        )
        try:
            return await self._engine.create(state)
        except AlreadyExistsError as error:
            raise taken(found, error) from None

    def _checked(
        self, minds: Mapping[str, Any], present: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        metadata = with_minds(minds, present)
        self._models.check(metadata)
        return metadata

    # -- steps -------------------------------------------------------------------------------

    async def start(self, simulation_id: str) -> PhaseResult:
        """Run the first phase of a simulation that has just been created."""
        head = await self._reading.head(simulation_id)
        if head.status != SimulationStatus.CREATED.value:
            raise CommandRefusedError(
                f"simulation {simulation_id} is {head.status}: it was started already",
                hint=f"scrai simulation advance {simulation_id} runs its next phase",
            )
        return await self._engine.step(simulation_id, force_phase=SimulationPhase.INITIALIZE)

    async def advance(
        self, simulation_id: str, *, phase: SimulationPhase | None = None, force: bool = False
    ) -> PhaseResult:
        """Run one phase.

        Args:
            phase: the phase that must be due.
            force: run `phase` even if another is due.

        Raises:
            PhaseSequenceError: another phase is due; nothing was run.
            PhaseEngineError: see `PhaseEngine.step`.
        """
        await self._reading.head(simulation_id)
        if force:
            config = replace(self._engine.config, enforce_phase_sequence=False)
            loose = PhaseEngine(
                self._engine.store,
                self._scenarios,
                config=config,
                bus=self._engine.bus,
                models=self._models,
            )
            return await loose.step(simulation_id, force_phase=phase)
        try:
            return await self._engine.step(simulation_id, force_phase=phase)
        except PhaseSequenceError as error:
            raise PhaseSequenceError(
                error.message, hint="--force runs a phase out of its order"
            ) from None
        except PhaseExecutionError as error:
            raise await self._with_remedy(simulation_id, error) from error

    async def cycle(self, simulation_id: str) -> list[PhaseResult]:
        """Run phases until the cycle is complete, a gate holds, or the simulation stops."""
        await self._reading.head(simulation_id)
        try:
            return await self._engine.run_cycle(simulation_id)
        except PhaseExecutionError as error:
            raise await self._with_remedy(simulation_id, error) from error

    async def run(
        self, simulation_id: str, *, cycles: int | None = None
    ) -> AsyncIterator[PhaseResult]:
        """Run so many more cycles, or to the end; yield every phase. See `PhaseEngine.run`."""
        await self._reading.head(simulation_id)
        results = self._engine.run(simulation_id, cycles=cycles)
        try:
            async for result in results:
                yield result
                # Stores on this machine answer without a pause in which Ctrl-C could act.
                await asyncio.sleep(0)
        except PhaseExecutionError as error:
            raise await self._with_remedy(simulation_id, error) from error
        finally:
            await results.aclose()  # type: ignore[attr-defined]  # gives the lease back

    async def _with_remedy(
        self, simulation_id: str, error: PhaseExecutionError
    ) -> PhaseExecutionError:
        """Return the error of a failed phase with what can be done about it."""
        head = await self._reading.head(simulation_id)
        hint = error.hint or "the state is as it was; stepping again tries it again"
        if head.status == SimulationStatus.ERROR.value:
            hint = f"scrai simulation resume {simulation_id} --retry, --skip or --roll-back"
        return PhaseExecutionError(error.message, hint=hint)

    # -- steering ----------------------------------------------------------------------------

    async def pause(self, simulation_id: str, *, by: str | None = None) -> Receipt:
        """Let it rest where it stands; its phase stays."""
        return await self._steer(simulation_id, CommandKind.PAUSE, by)

    async def stop(self, simulation_id: str, *, by: str | None = None) -> Receipt:
        """End it for good."""
        return await self._steer(simulation_id, CommandKind.STOP, by)

    async def resume(self, simulation_id: str, *, by: str | None = None) -> Receipt:
        """Let a paused simulation go on."""
        await self._refuse_error(simulation_id)
        return await self._steer(simulation_id, CommandKind.RESUME, by)

    async def retry(self, simulation_id: str, *, by: str | None = None) -> Receipt:
        """After an error: let the phase that failed be tried again."""
        return await self._steer(simulation_id, CommandKind.RETRY, by)

    async def skip(self, simulation_id: str, *, by: str | None = None) -> Receipt:
        """Leave the phase that is due out."""
        return await self._steer(simulation_id, CommandKind.SKIP, by)

    async def configure(
        self, simulation_id: str, settings: Mapping[str, Any], *, by: str | None = None
    ) -> Receipt:
        """Change the simulation's own settings: max_phases, name, auto_approve_events and so on.

        Raises:
            InvalidInputError, ConfigurationError: they fit no simulation, or its models are none
                that could be asked here.
            CommandRefusedError, SimulationEndedError: they do not fit this one.
        """
        await self._reading.head(simulation_id)
        metadata = settings.get("metadata")
        if isinstance(metadata, Mapping):
            self._models.check(metadata)
        return await self._commands.send(
            simulation_id, CommandKind.CONFIGURE, payload=settings, by=by
        )

    async def _steer(self, simulation_id: str, kind: CommandKind, by: str | None) -> Receipt:
        await self._reading.head(simulation_id)
        try:
            return await self._commands.send(simulation_id, kind, by=by)
        except CommandRefusedError as refusal:
            state = await self._reading.state(simulation_id)
            raise CommandRefusedError(
                f"simulation {simulation_id} is {state.status.value}: {kind.value} does not apply",
                hint=_CAN_DO[state.status].format(simulation_id),
            ) from refusal

    async def _refuse_error(self, simulation_id: str) -> None:
        head = await self._reading.head(simulation_id)
        if head.status == SimulationStatus.ERROR.value:
            raise CommandRefusedError(
                f"simulation {simulation_id} is in error: {head.last_error}",
                hint=f"scrai simulation resume {simulation_id} --retry, --skip or --roll-back",
            )

    async def make_ready(
        self,
        simulation_id: str,
        *,
        cycles: int | None = None,
        minds: Mapping[str, Any] = _NOTHING,
        mediation: Mapping[str, Any] = _NOTHING,
    ) -> None:
        """Bring it to where it can run: resume it, retry it, set its end, minds and policies.

        Raises:
            SimulationEndedError: it is completed.
        """
        head = await self._reading.head(simulation_id)
        done = plural(head.cycles, "cycle")
        if head.status == SimulationStatus.COMPLETED.value:
            raise SimulationEndedError(
                f"simulation {simulation_id} is completed after {done}",
                hint=f"--branch-from {simulation_id} --cycles N goes on from its end",
            )
        check_number("cycles", cycles, least=1)
        if cycles is not None and cycles <= head.cycles:
            raise InvalidInputError(
                f"--cycles {cycles} is not above the {done} already complete",
                hint="it counts from the very beginning",
            )
        if cycles is not None and cycles != head.max_phases:
            await self.configure(simulation_id, {"max_phases": cycles})
        if minds:
            present = (await self._engine.get(simulation_id)).metadata.get("minds")
            await self.configure(simulation_id, {"metadata": self._checked(minds, present)})
        if mediation:
            await self.configure(simulation_id, {"mediation": dict(mediation)})
        if head.status == SimulationStatus.PAUSED.value:
            await self.resume(simulation_id)
        elif head.status == SimulationStatus.ERROR.value:
            await self.retry(simulation_id)

    async def delete(
        self, simulation_id: str, *, detach: bool = False, with_branches: bool = False
    ) -> list[str]:
        """Delete a simulation with all that belongs to it; return the ids of all deleted.

        Raises:
            PhaseEngineError: it has branches and nothing says what is to become of them.
        """
        await self._reading.head(simulation_id)
        return await self._engine.delete(simulation_id, detach=detach, with_branches=with_branches)
