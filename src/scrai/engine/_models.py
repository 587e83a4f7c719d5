"""Where a phase's calls to language models come from: the engine knows this protocol only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from scrai.errors import ConflictError, DivergenceError, LLMError
from scrai.models import SimulationState

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext
    from scrai.llm import Calls, CallSite
    from scrai.store import DocumentStore


class ModelSource(Protocol):
    """Makes the recorded, metered calls of one phase."""

    def calls(
        self,
        store: DocumentStore,
        state: SimulationState,
        site: CallSite,
        check: Callable[[], None],
    ) -> Calls:
        """Return the calls of the phase at `site`.

        Args:
            check: raises StepConflictError once another worker has taken the simulation over.

        Raises:
            ConfigurationError: there is no model for this simulation.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecordedModels:
    """Serves what a simulation recorded, and nothing else: for its replay."""

    source: DocumentStore

    def calls(
        self,
        store: DocumentStore,
        state: SimulationState,
        site: CallSite,
        check: Callable[[], None],
    ) -> Calls:
        """Return calls that are answered from the records of the simulation of that id."""
        from scrai.llm import ReplayedCalls

        return ReplayedCalls(self.source, state.id, site)


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes the calls of a phase when it first asks for them."""

    store: DocumentStore
    models: ModelSource | None
    confirm: Callable[[str], None]

    def __call__(self, context: PhaseContext) -> Calls | None:
        """Return the calls of the phase of `context`, None if there are no models."""
        if self.models is None:
            return None
        from scrai.llm import CallSite

        state = context.state
        site = CallSite(
            cycle=state.cycle,
            phase=context.phase.value,
            passes=context.passes,
            attempt=state.error_count,
            seed=state.seed,
            step=state.step + 1,
        )
        return self.models.calls(self.store, state, site, partial(self.confirm, state.id))


async def settle_calls(context: PhaseContext) -> dict[str, Any]:
    """Return what the commit of a phase must bring for the calls it made, as of a step's plan."""
    if context.used_calls is None:
        return {}
    missed = context.used_calls.unrecorded
    if missed:
        raise DivergenceError(f"calls that were never recorded: {', '.join(missed)[:200]}")
    found = context.settlement = await context.used_calls.settlement()
    for note in found.notes:
        context.note(note)
    return {"costs": [*context.costs, *found.costs], "settles": found.writes}


async def settle_again(context: PhaseContext, error: ConflictError) -> dict[str, Any] | None:
    """Return a fresh settlement if a commit failed because an account had moved, else None.

    Others may draw on the same batch budget: that is no rival of this phase.
    """
    stale, calls = context.settlement, context.used_calls
    if stale is None or calls is None or not stale.is_stale(error):
        return None
    found = context.settlement = await calls.settlement()
    return {"costs": [*context.costs, *found.costs], "settles": found.writes}


async def settle_failure(context: PhaseContext, error: BaseException) -> dict[str, Any]:
    """Return the same for a phase that failed; its replies are not served to the next try.

    Where a model could not be reached, the replies of the others are good: they are kept.
    """
    if context.used_calls is None:
        return {}
    if not isinstance(error, LLMError):
        await context.used_calls.condemn()
    found = context.settlement = await context.used_calls.settlement()
    return {"costs": found.costs, "settles": found.writes}
