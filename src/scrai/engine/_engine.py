"""The phase engine: the public face of stepping, commanding and travelling in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from scrai.data import (
    SIMULATIONS,
    delete_simulation,
    has_open_grants,
    store_simulation,
    submit,
)
from scrai.engine._branch import BranchOptions, branch
from scrai.engine._config import PhaseEngineConfig, PhaseResult, Probe, StepOutcome
from scrai.engine._hooks import ScenarioSource
from scrai.engine._journal import Journal, Segment, difference, first_step
from scrai.engine._loader import load
from scrai.engine._models import ModelSource, RecordedModels
from scrai.engine._packed import Vault, read_table
from scrai.engine._replay import ReplayedStep, replay
from scrai.engine._stepper import Stepper
from scrai.engine._workset import Workset, state_of
from scrai.engine.handlers import (
    ActionCollectionPhaseHandler,
    ActionResolutionPhaseHandler,
    BasePhaseHandler,
    EventGenerationPhaseHandler,
    InitializePhaseHandler,
    SnapshotPhaseHandler,
    WorldUpdatePhaseHandler,
)
from scrai.errors import PhaseExecutionError
from scrai.events import EventBus, Message, messages_of
from scrai.models import Command, SimulationPhase, SimulationState, SimulationStatus
from scrai.store import DocumentStore

Handlers: TypeAlias = Mapping[SimulationPhase, BasePhaseHandler | Sequence[BasePhaseHandler]]

DEFAULT_HANDLERS: Final[Mapping[SimulationPhase, type[BasePhaseHandler]]] = {
    SimulationPhase.INITIALIZE: InitializePhaseHandler,
    SimulationPhase.EVENT_GENERATION: EventGenerationPhaseHandler,
    SimulationPhase.ACTION_COLLECTION: ActionCollectionPhaseHandler,
    SimulationPhase.ACTION_RESOLUTION: ActionResolutionPhaseHandler,
    SimulationPhase.WORLD_UPDATE: WorldUpdatePhaseHandler,
    SimulationPhase.SNAPSHOT: SnapshotPhaseHandler,
}


class PhaseEngine:
    """Advances simulations. Every phase is one transaction on the store.

    Args:
        store: an open document store.
        scenario_service: finds a simulation's scenario; needed for those that name one.
        handlers: handlers that replace the default ones, by phase; several run in order.
        config: the engine's settings.
        bus: gets a message for everything that a step did, after its commit.
        models: makes the calls to language models; without it no simulation has minds.
        probe: called at every boundary of a step (for fault injection and tracing).
    """

    def __init__(
        self,
        store: DocumentStore,
        scenario_service: ScenarioSource | None = None,
        *,
        handlers: Handlers | None = None,
        config: PhaseEngineConfig | None = None,
        bus: EventBus | None = None,
        models: ModelSource | None = None,
        probe: Probe | None = None,
    ) -> None:
        self.store: DocumentStore = store
        self.config = config or PhaseEngineConfig()
        self.bus = bus or EventBus()
        self.scenario_service = scenario_service
        self._handlers = _complete(handlers or {})
        self._stepper = Stepper(
            store, scenario_service, self._handlers, self.config, probe, self.bus, models
        )

    async def create(self, state: SimulationState) -> SimulationState:
        """Store a new simulation; raises AlreadyExistsError if the id is taken."""
        if state.scenario_module and self.scenario_service is not None:
            self.scenario_service.hooks(state.scenario_module).configure(state.configuration)
        await store_simulation(self.store, state)
        return await self.get(state.id)

    async def get(self, simulation_id: str) -> SimulationState:
        """Return a simulation as it stands."""
        return state_of(await self.inspect(simulation_id))

    async def inspect(self, simulation_id: str) -> Workset:
        """Return a consistent working set of a simulation, for reading."""
        for _ in range(5):
            work = await load(self.store, simulation_id)
            again = await self.store.get(SIMULATIONS, simulation_id)
            if again is not None and again.revision == work.document.revision:
                return work
        return work

    async def step(
        self,
        simulation_id: str,
        *,
        force_phase: SimulationPhase | None = None,
    ) -> PhaseResult:
        """Run one phase.

        Waiting commands take effect first, in the same commit. If a gate is open the phase does
        not run and the result says `awaiting_approval`.

        Raises:
            PhaseExecutionError: a handler or hook failed; the failure is recorded, the state is
                as it was, and the phase can be stepped again.
            PhaseSequenceError: `force_phase` is out of order (see `enforce_phase_sequence`).
            StepConflictError: another worker ran this step first.
            SimulationEndedError, SimulationMissingError, PhaseEngineError, StoreError.
        """
        return await self._stepper.step(simulation_id, force_phase)

    async def run_cycle(self, simulation_id: str) -> list[PhaseResult]:
        """Run phases until the cycle is complete, a gate holds, or the simulation stops.

        The first cycle gives six results, later ones five; the passes of a phase that asked to
        run `again` are one result. Failed phases are tried again until the error policy stops.
        """
        results: list[PhaseResult] = []
        try:
            async for result in self._phases(simulation_id):
                if results and results[-1].executed_phase is result.executed_phase:
                    results.pop()
                results.append(result)
                if _closes(result):
                    break
        finally:
            await self._stepper.release(simulation_id)
        return results

    async def run(
        self, simulation_id: str, *, cycles: int | None = None
    ) -> AsyncIterator[PhaseResult]:
        """Run phase after phase, yielding each result.

        Ends when `cycles` more cycles are complete, a gate holds, or the simulation is
        completed, paused or in error.
        """
        left = cycles
        try:
            if left is not None and left < 1:
                return
            async for result in self._phases(simulation_id):
                yield result
                if left is not None and _closes(result):
                    left -= 1
                    if left == 0:
                        return
        finally:
            await self._stepper.release(simulation_id)

    async def _phases(self, simulation_id: str) -> AsyncIterator[PhaseResult]:
        while True:
            # Stores on this machine never wait: others get their turn here (heartbeats, Ctrl-C).
            await asyncio.sleep(0)
            try:
                result = await self._stepper.step(simulation_id, keep_lease=True)
            except PhaseExecutionError:
                if await self._gave_up(simulation_id):
                    raise
                continue
            yield result
            running = result.simulation.status is SimulationStatus.RUNNING
            if not running or result.outcome is StepOutcome.AWAITING_APPROVAL:
                return

    async def _gave_up(self, simulation_id: str) -> bool:
        head = await self.journal.head(simulation_id)
        return head.status != SimulationStatus.RUNNING.value

    async def unpack(self, simulation_id: str, name: str) -> bytes | None:
        """Return a packed value as it stands, None if there is none of that name."""
        work = await self.inspect(simulation_id)
        metadata = work.parts["metadata"].payload.value()
        return await Vault(self.store, work.path).get(metadata, name)

    async def tables(
        self, simulation_id: str, table: str
    ) -> AsyncIterator[tuple[Mapping[str, Any], bytes]]:
        """Yield (journal entry, packed columns) of every phase that recorded a table.

        Of a branch, the phases before its fork come first, while the parent exists.
        """
        head = await self.journal.head(simulation_id)
        for segment in await self.journal.line(simulation_id, head.step):
            path = f"{SIMULATIONS}/{segment.simulation_id}"
            async for entry in self.journal.entries(segment):
                data = await read_table(self.store, path, entry, table)
                if data is not None:
                    yield entry, data

    # -- commands -------------------------------------------------------------------------

    async def submit(self, simulation_id: str, command: Command) -> None:
        """Put a command into the inbox; the next step applies it. Never touches the head.

        Raises:
            AlreadyExistsError: a command of that id waits already (a second decision).
            SimulationMissingError, SimulationEndedError.
        """
        await submit(self.store, simulation_id, command)

    async def apply_commands(self, simulation_id: str) -> PhaseResult | None:
        """Apply waiting commands as a journalled step of their own; None if none wait.

        Raises:
            LeaseHeldError: a live worker holds the simulation and will apply them itself.
            StepConflictError: another worker moved on meanwhile.
        """
        return await self._stepper.digest(simulation_id)

    # -- time travel ----------------------------------------------------------------------

    @property
    def journal(self) -> Journal:
        """The journal: entries, lines of history, the state at any step."""
        return Journal(self.store)

    async def restore(self, simulation_id: str, step: int) -> PhaseResult:
        """Go back to the state after `step`, as a new step; nothing is truncated."""
        return await self._stepper.restore(simulation_id, step)

    async def branch(
        self,
        simulation_id: str,
        step: int,
        child_id: str,
        options: BranchOptions | None = None,
    ) -> SimulationState:
        """Create a simulation that continues another from `step`; the parent is only read."""
        await branch(self.store, simulation_id, step, child_id, options or BranchOptions())
        return await self.get(child_id)

    async def diff(self, simulation_id: str, before: int, after: int) -> dict[str, Any]:
        """Return what changed between two steps, by `collection/id` or `parts/name`."""
        journal = self.journal
        old = (await journal.state_at(simulation_id, before)).flat()
        new = (await journal.state_at(simulation_id, after)).flat()
        return difference(old, new)

    def replay(self, simulation_id: str) -> AsyncIterator[ReplayedStep]:
        """Run a simulation again in memory, comparing every hash; see `replay`."""
        config = replace(self.config, enforce_phase_sequence=False)

        def engine_of(store: DocumentStore) -> PhaseEngine:
            return PhaseEngine(
                store,
                self.scenario_service,
                handlers=self._handlers,
                config=config,
                models=RecordedModels(self.store),
            )

        return replay(self.store, simulation_id, engine_of)

    async def record(self, simulation_id: str, entry: Mapping[str, Any]) -> str:
        """Commit a control step that an entry of another journal describes; return the hash."""
        return await self._stepper.record(simulation_id, entry)

    async def feed(
        self, simulation_id: str, after: tuple[int, int] = (-1, 0)
    ) -> AsyncIterator[Message]:
        """Yield the messages after (step, index) from the journal: the feed that misses none."""
        journal = self.journal
        head = await journal.head(simulation_id)
        first = max(after[0], first_step(head))
        async for entry in journal.entries(Segment(simulation_id, first, head.step)):
            patches = await journal.patches(entry)
            for message in messages_of(simulation_id, entry | {"patches": patches}):
                if (message.step, message.index) > after:
                    yield message

    async def delete(
        self, simulation_id: str, *, detach: bool = False, with_branches: bool = False
    ) -> list[str]:
        """Delete a simulation; return all ids deleted. See `delete_simulation`."""
        self._stepper.forget(simulation_id)
        head = await self.journal.head(simulation_id)
        # Of one that is half gone, or half made, nobody can tell any more what it spent.
        if not head.deleting and await has_open_grants(self.store, simulation_id):
            from scrai.llm import recover

            await recover(self.store, simulation_id)  # what is open of a shared budget goes back
        return await delete_simulation(
            self.store, simulation_id, detach=detach, with_branches=with_branches
        )


def _closes(result: PhaseResult) -> bool:
    return (
        result.executed_phase is SimulationPhase.SNAPSHOT
        and result.outcome is StepOutcome.COMMITTED
        and result.simulation.phase_number >= result.cycle
    )


def _complete(given: Handlers) -> dict[SimulationPhase, tuple[BasePhaseHandler, ...]]:
    complete: dict[SimulationPhase, tuple[BasePhaseHandler, ...]] = {}
    for phase, default in DEFAULT_HANDLERS.items():
        found = given.get(phase, ())
        chosen = (found,) if isinstance(found, BasePhaseHandler) else tuple(found)
        complete[phase] = chosen or (default(),)
    return complete
