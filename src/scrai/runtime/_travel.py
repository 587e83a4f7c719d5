"""Time travel: branch, restore, roll back, replay, diff, compare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from typing import Any, Final

from scrai._words import plural
from scrai.data import check_local_id
from scrai.engine import BranchOptions, PhaseEngine, PhaseResult, ReplayedStep
from scrai.errors import AlreadyExistsError, InvalidInputError
from scrai.models import SimulationPhase
from scrai.runtime._ids import LARGEST, check_number, new_simulation_id, taken
from scrai.runtime._positions import At
from scrai.runtime._reading import Reading
from scrai.scenarios import merged, set_apart

NOW: Final = At()


class Travel:
    """Going back to, on from, and through what a simulation did."""

    def __init__(self, engine: PhaseEngine, reading: Reading) -> None:
        self._engine = engine
        self._reading = reading

    async def branch(
        self,
        simulation_id: str,
        at: At = NOW,
        *,
        child_id: str | None = None,
        name: str | None = None,
        seed: int | None = None,
        cycles: int | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> str:
        """Start a simulation that continues another from a step of its line; return its id.

        Raises:
            HistoryError: the line has no such step.
            InvalidInputError: the configuration does not fit the scenario.
            AlreadyExistsError: the id is taken.
        """
        check_number("seed", seed, least=-LARGEST)
        check_number("cycles", cycles, least=1)
        head = await self._reading.head(simulation_id)
        if child_id is not None:
            check_local_id(child_id, "simulation id")
        step = await at.find(self._reading.journal, simulation_id)
        state = await self._reading.journal.state_at(simulation_id, step)
        done = state.entry["position"]["cycles"]
        if cycles is not None and cycles <= done:
            raise InvalidInputError(
                f"--cycles {cycles} is not above the {plural(done, 'cycle')} complete at step"
                f" {step}",
                hint="it counts from the very beginning of the parent",
            )
        if configuration:
            before = state.parts["configuration"]
            after = merged(before, configuration)
            self._check_change(head.scenario, before, after)
            configuration = {key: after[key] for key in configuration}
        found = child_id or new_simulation_id(head.name)
        options = BranchOptions(name, seed, cycles, configuration)
        try:
            await self._engine.branch(simulation_id, step, found, options)
        except AlreadyExistsError as error:
            raise taken(found, error) from None
        return found

    def _check_change(
        self, scenario: str | None, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Refuse a configuration that the scenario does not take, or not in mid-run."""
        if scenario and self._engine.scenario_service:
            hooks: Any = self._engine.scenario_service.hooks(scenario)
            hooks.configure(after)
            if hasattr(hooks, "check_change"):
                hooks.check_change(before, after)

    async def restore(self, simulation_id: str, at: At) -> PhaseResult:
        """Stand again where the simulation stood after a step; nothing is cut off."""
        await self._reading.head(simulation_id)
        step = await at.find(self._reading.journal, simulation_id)
        return await self._engine.restore(simulation_id, step)

    async def roll_back(self, simulation_id: str) -> PhaseResult:
        """Restore the end of the last complete cycle, or the very beginning."""
        head = await self._reading.head(simulation_id)
        at = At(step=0)
        if head.cycles:
            at = At(cycle=head.cycles, phase=SimulationPhase.SNAPSHOT.value)
        return await self.restore(simulation_id, at)

    async def replay(self, simulation_id: str) -> AsyncIterator[ReplayedStep]:
        """Run a simulation again in memory and yield every step whose hash agreed.

        Raises:
            DivergenceError: naming the first step whose hash did not.
        """
        await self._reading.head(simulation_id)
        async for step in self._engine.replay(simulation_id):
            yield step
            await asyncio.sleep(0)  # so that Ctrl-C acts

    async def diff(self, simulation_id: str, before: At, after: At) -> dict[str, Any]:
        """Return what changed between two places: {from, to, changes}."""
        journal = self._reading.journal
        await self._reading.head(simulation_id)
        first = await before.find(journal, simulation_id)
        second = await after.find(journal, simulation_id)
        changes = await self._engine.diff(simulation_id, first, second)
        return {"simulation_id": simulation_id, "from": first, "to": second, "changes": changes}

    async def compare(self, simulation_ids: Sequence[str]) -> dict[str, Any]:
        """Return summaries side by side, what was set differently, and where histories part."""
        if len(simulation_ids) < 2:  # noqa: PLR2004 - it takes two
            raise InvalidInputError("compare needs at least two simulations")
        first, *others = simulation_ids
        shown = [await self._reading.show(each) for each in simulation_ids]
        divergences = [await self._divergence(first, other) for other in others]
        return {
            "simulations": [_compared(item) for item in shown],
            "settings": set_apart(self._engine.scenario_service, shown),
            "divergences": divergences,
        }

    async def _divergence(self, one: str, other: str) -> dict[str, Any]:
        """Return how many steps two lines share, and where they part or which goes on."""
        lines = self._reading.history(one), self._reading.history(other)
        for index in count():
            a, b = [await anext(line, None) for line in lines]
            if a is not None and b is not None and a["hash"] == b["hash"]:
                continue
            ahead = None if a and b else one if a else other if b else None
            first = {"a": _place(a), "b": _place(b)} if a and b else None
            return {"a": one, "b": other, "common_steps": index, "first": first, "ahead": ahead}
        raise AssertionError("a line ends")


_COMPARED: Final = (
    "simulation_id",
    "name",
    "scenario",
    "seed",
    "status",
    "current_phase",
    "phase_number",
    "step",
    "hash",
    "counts",
    "metrics",
)


def _compared(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: shown[name] for name in _COMPARED}


def _place(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("step", "kind", "cycle", "phase", "hash")}
