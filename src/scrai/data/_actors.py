"""The repository of actors."""

from __future__ import annotations

from typing import Any

from scrai.data._conditions import field_equals
from scrai.data._entities import EntityRepository
from scrai.data._mapping import ACTORS
from scrai.models import Actor, ActorType


class ActorRepository(EntityRepository[Actor]):
    """Keeps actors, in the collection `actors`. See `Repository` for ids and simulations."""

    entity_type = "Actor"
    kind = ACTORS

    async def find_by_type(
        self, actor_type: ActorType, *, simulation_id: str | None = None
    ) -> list[Actor]:
        """Return the actors of a type."""
        return await self._where("find_by_type", simulation_id, type=actor_type)

    async def find_by_name(self, name: str, *, simulation_id: str | None = None) -> Actor | None:
        """Return the actor of that name, the first by id if there are several, or None."""
        condition = field_equals(self.kind, "name", name)
        found = await self._find("find_by_name", [condition], simulation_id, limit=1)
        return found[0] if found else None

    async def find_active(self, *, simulation_id: str | None = None) -> list[Actor]:
        """Return the actors that take part."""
        return await self._where("find_active", simulation_id, active=True)

    async def find_in_location(
        self, location_field: str, location_value: Any, *, simulation_id: str | None = None
    ) -> list[Actor]:
        """Return the actors whose location has a value in a field; dots lead into nested maps."""
        condition = field_equals(self.kind, f"location.{location_field}", location_value)
        return await self._find("find_in_location", [condition], simulation_id)

    async def find_by_affiliation(
        self, affiliation: str, *, simulation_id: str | None = None
    ) -> list[Actor]:
        """Return the actors that have an affiliation."""
        return await self._where("find_by_affiliation", simulation_id, affiliations=affiliation)
