"""Replay: run a recorded simulation again, in memory, and compare every hash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scrai.data import (
    SIMULATIONS,
    Head,
    inbox_write,
)
from scrai.engine._branch import Beginning
from scrai.engine._config import PhaseResult, StepOutcome
from scrai.engine._journal import Journal, Segment, first_step
from scrai.errors import DivergenceError, PhaseExecutionError
from scrai.models import Command, SimulationPhase, StepKind
from scrai.store import DocumentStore, MemoryStore


class Replaying(Protocol):
    """What a replay needs of an engine."""

    @property
    def store(self) -> DocumentStore:
        """The store it works on."""
        ...

    async def step(
        self, simulation_id: str, *, force_phase: SimulationPhase | None = None
    ) -> PhaseResult:
        """Run one phase."""
        ...

    async def apply_commands(self, simulation_id: str) -> PhaseResult | None:
        """Apply waiting commands."""
        ...

    async def restore(self, simulation_id: str, step: int) -> PhaseResult:
        """Go back to a step."""
        ...

    async def record(self, simulation_id: str, entry: Mapping[str, Any]) -> str:
        """Commit a control step as an entry describes it."""
        ...


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """One step of a replay. The hashes agreed, or the replay would have stopped."""

    step: int
    kind: str
    phase: str | None
    cycle: int
    hash: str


async def replay(
    source: DocumentStore,
    simulation_id: str,
    engine_of: Callable[[DocumentStore], Replaying],
) -> AsyncIterator[ReplayedStep]:
    """Yield every step of a simulation as it is run again.

    Args:
        source: the store that holds the recording; it is only read.
        simulation_id: the simulation; of a branch, the steps from its fork on.
        engine_of: makes an engine with the simulation's scenario on another store.

    Raises:
        DivergenceError: naming the first step whose hash differs.
    """
    journal = Journal(source)
    head = await journal.head(simulation_id)
    first = first_step(head)
    store = MemoryStore()
    await store.open()
    try:
        yield await _begin(journal, simulation_id, first, store)
        engine = engine_of(store)
        async for entry in journal.entries(Segment(simulation_id, first + 1, head.step)):
            found = await _again(engine, simulation_id, entry)
            if found != entry["hash"]:
                raise _divergence(simulation_id, entry, f"hash {found[:12]}")
            yield _said(entry)
    finally:
        await store.close()


async def _begin(
    journal: Journal, simulation_id: str, first: int, store: DocumentStore
) -> ReplayedStep:
    """Put the recorded beginning into an empty store."""
    state = await journal.state_at(simulation_id, first)
    entry = state.entry
    path = f"{SIMULATIONS}/{simulation_id}"
    head = Head.read(entry["head"], f"step {first}")
    await Beginning(simulation_id, head, state, entry, journal.store, path).write(store)
    return _said(entry)


def _said(entry: dict[str, Any]) -> ReplayedStep:
    return ReplayedStep(
        entry["step"], entry["kind"], entry.get("phase"), entry.get("cycle", 0), entry["hash"]
    )


async def _again(engine: Replaying, simulation_id: str, entry: dict[str, Any]) -> str:
    """Do again what an entry recorded; return the hash."""
    await _feed(engine.store, simulation_id, entry)
    kind = StepKind(entry["kind"])
    if kind is StepKind.PHASE:
        return await _phase_again(engine, simulation_id, entry)
    if kind is StepKind.COMMANDS:
        result = await engine.apply_commands(simulation_id)
        return result.hash if result else ""
    if kind is StepKind.RESTORE:
        result = await engine.restore(simulation_id, entry["target"]["step"])
        return result.hash
    return await engine.record(simulation_id, entry)


async def _phase_again(engine: Replaying, simulation_id: str, entry: dict[str, Any]) -> str:
    phase = SimulationPhase(entry["phase"])
    try:
        result = await engine.step(simulation_id, force_phase=phase)
    except PhaseExecutionError as error:
        raise _divergence(simulation_id, entry, f"failure: {error}") from error
    if result.outcome is not StepOutcome.COMMITTED:
        raise _divergence(simulation_id, entry, result.outcome.value)
    return result.hash


async def _feed(store: DocumentStore, simulation_id: str, entry: dict[str, Any]) -> None:
    """Put an entry's commands back into the inbox, verbatim."""
    commands = [Command.model_validate(item) for item in entry.get("commands", [])]
    if commands:
        await store.commit([inbox_write(simulation_id, command) for command in commands])


def _divergence(simulation_id: str, entry: dict[str, Any], found: str) -> DivergenceError:
    return DivergenceError(
        f"simulation {simulation_id} diverges at step {entry['step']}:"
        f" {entry.get('phase') or entry['kind']} of cycle {entry.get('cycle')}"
        f" recorded {entry['hash'][:12]}, replayed {found}",
        hint="something in the scenario is not drawn from context.rng, now or new_id",
    )
