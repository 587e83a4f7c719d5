"""The repository of simulations."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from scrai import _wall
from scrai.data._conditions import check_mapping
from scrai.data._creation import store_simulation
from scrai.data._delete import delete_simulation
from scrai.data._inbox import waiting
from scrai.data._mapping import SIMULATIONS
from scrai.data._overlay import rehearse
from scrai.data._reporting import reporting
from scrai.data._repository import Repository, Updates, check_id, check_limit
from scrai.data._simulation_search import SimulationSearch, run, search_of, total
from scrai.data._simulation_updates import apply_ahead, change_simulation
from scrai.data._state import load_state
from scrai.data._together import together
from scrai.errors import AlreadyExistsError, SimulationMissingError
from scrai.models import SimulationState, SimulationStatus, stamp


class SimulationRepository(Repository[SimulationState]):
    """Keeps simulations, in the collection `simulations`.

    The lists of ids in a state are derived: `get` fills them wholly, lists of states up to 1,000
    ids each and say in `metadata["entity_counts"]` how many there are. `get` shows a simulation
    as it will be when its inbox is empty, lists as it is.

    With `simulation_id`, in the constructor or a call, only that simulation is looked at.
    """

    entity_type = "SimulationState"

    def _key(self, entity_id: Any, simulation_id: str | None) -> str | None:
        """Return an id, or None if it lies outside of the repository's simulation."""
        key = check_id(entity_id, "simulation id")
        return key if self._scope(simulation_id) in (None, key) else None

    async def create(self, entity: SimulationState) -> str:
        """Store a new simulation: its head, its parts and step 0 of its journal."""
        with reporting("create", self.entity_type, getattr(entity, "id", None)):
            new = entity.model_copy()
            stamp(new, _wall.now())
            self._scope(new.id)
            try:
                await store_simulation(self.store, new)
            except AlreadyExistsError as error:
                raise AlreadyExistsError("it exists already", winner=error.winner) from error
            return new.id

    async def get(
        self, entity_id: str, *, simulation_id: str | None = None
    ) -> SimulationState | None:
        """Return a simulation as it will be when the waiting commands are applied, or None."""
        with reporting("get", self.entity_type, entity_id):
            return await self._get(self._key(entity_id, simulation_id))

    async def _get(self, key: str | None) -> SimulationState | None:
        if key is None:
            return None
        # The inbox first: what is taken from it meanwhile is in the state that follows.
        commands = await waiting(self.store, key)
        state = await load_state(self.store, key)
        if state is not None and commands:
            apply_ahead(state, await rehearse(self.store, key, commands, state))
        return state

    async def exists(self, entity_id: str, *, simulation_id: str | None = None) -> bool:
        """Return whether there is a simulation of that id."""
        with reporting("exists", self.entity_type, entity_id):
            key = self._key(entity_id, simulation_id)
            return key is not None and await self.store.get(SIMULATIONS, key) is not None

    async def get_many(
        self, entity_ids: Sequence[str], *, simulation_id: str | None = None
    ) -> list[SimulationState | None]:
        """Return simulations in the order asked, None where there is none."""
        with reporting("get_many", self.entity_type):
            keys = [self._key(each, simulation_id) for each in entity_ids]
            return await together(self.store, *map(self._get, keys))

    async def update(
        self, entity_id: str, updates: Updates, *, simulation_id: str | None = None
    ) -> bool:
        """Ask for other settings or another status; return whether there is such a simulation.

        The next step makes the change. It takes the name, the description, max_phases, the
        auto_approve flags, researcher_mode and entries of metadata; and `status`: paused,
        running (again) or completed. All else is changed by steps alone.
        """
        with reporting("update", self.entity_type, entity_id):
            state = await self._get(self._key(entity_id, simulation_id))
            if state is None:
                return False
            await change_simulation(self.store, state, updates)
            return True

    async def delete(
        self,
        entity_id: str,
        *,
        simulation_id: str | None = None,
        detach: bool = False,
        with_branches: bool = False,
    ) -> bool:
        """Delete a simulation and all that belongs to it; return whether there was one.

        Args:
            entity_id: its id.
            simulation_id: look at this simulation only.
            detach: let its branches stand alone; without either flag they forbid the deletion.
            with_branches: delete the branches, too.
        """
        with reporting("delete", self.entity_type, entity_id):
            key = self._key(entity_id, simulation_id)
            if key is None:
                return False
            try:
                await delete_simulation(self.store, key, detach=detach, with_branches=with_branches)
            except SimulationMissingError:
                return False
            return True

    # -- many simulations -----------------------------------------------------------------

    async def list_all(
        self, limit: int | None = None, *, simulation_id: str | None = None
    ) -> list[SimulationState]:
        """Return all simulations, the newest first."""
        return await self._find("list_all", None, simulation_id, limit)

    async def query(
        self,
        filters: Mapping[str, Any],
        limit: int | None = None,
        *,
        simulation_id: str | None = None,
    ) -> list[SimulationState]:
        """Return the simulations whose fields equal the given values; see `Repository.query`.

        One of the fields must be an indexed one: id, name, status, scenario_module, created_at or
        parent.simulation_id. The newest come first, or by id if another index than that of status
        and scenario_module is used.
        """
        with reporting("query", self.entity_type):
            check_mapping(filters, "filters")
        return await self._find("query", filters, simulation_id, limit)

    async def stream(
        self, filters: Mapping[str, Any] | None = None, *, simulation_id: str | None = None
    ) -> AsyncGenerator[SimulationState, None]:
        """Yield all simulations, or those that `query` would return, page by page."""
        with reporting("stream", self.entity_type):
            search = self._search(filters, simulation_id, None)
            async with aclosing(run(self.store, search)) as states:
                async for state in states:
                    yield state

    async def count(
        self, filters: Mapping[str, Any] | None = None, *, simulation_id: str | None = None
    ) -> int:
        """Return how many simulations there are, or how many `query` would return."""
        with reporting("count", self.entity_type):
            return await total(self.store, self._search(filters, simulation_id, None))

    def _search(
        self, filters: Mapping[str, Any] | None, simulation_id: str | None, limit: int | None
    ) -> SimulationSearch:
        return search_of(filters, self._scope(simulation_id), check_limit(limit))

    async def _find(
        self,
        operation: str,
        filters: Mapping[str, Any] | None,
        simulation_id: str | None,
        limit: int | None = None,
    ) -> list[SimulationState]:
        with reporting(operation, self.entity_type):
            search = self._search(filters, simulation_id, limit)
            found: list[SimulationState] = []
            if limit == 0:
                return found
            async with aclosing(run(self.store, search)) as states:
                async for state in states:
                    found.append(state)
                    if len(found) == limit:
                        break
            return found

    # -- finders --------------------------------------------------------------------------

    async def find_by_status(
        self, status: SimulationStatus, *, simulation_id: str | None = None
    ) -> list[SimulationState]:
        """Return the simulations in a status, the newest first."""
        return await self._find("find_by_status", {"status": status}, simulation_id)

    async def find_by_scenario(
        self, scenario_module: str, *, simulation_id: str | None = None
    ) -> list[SimulationState]:
        """Return the simulations of a scenario, the newest first."""
        filters = {"scenario_module": scenario_module}
        return await self._find("find_by_scenario", filters, simulation_id)

    async def find_running(self, *, simulation_id: str | None = None) -> list[SimulationState]:
        """Return the simulations that are running, the newest first."""
        filters = {"status": SimulationStatus.RUNNING}
        return await self._find("find_running", filters, simulation_id)

    async def find_completed(self, *, simulation_id: str | None = None) -> list[SimulationState]:
        """Return the simulations that are over, the newest first."""
        filters = {"status": SimulationStatus.COMPLETED}
        return await self._find("find_completed", filters, simulation_id)

    async def find_by_name(
        self, name: str, *, simulation_id: str | None = None
    ) -> SimulationState | None:
        """Return the simulation of that name, the first by id if there are several, or None."""
        found = await self._find("find_by_name", {"name": name}, simulation_id, 1)
        return found[0] if found else None
