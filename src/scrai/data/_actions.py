"""The repository of actions."""

from __future__ import annotations

from scrai.data._conditions import Condition
from scrai.data._entities import EntityRepository, column_is
from scrai.data._mapping import ACTIONS, is_awaiting
from scrai.data._reporting import reporting
from scrai.models import Action, ActionPriority, ActionStatus, ActionType
from scrai.store import Where

_ACTIVE = (ActionStatus.APPROVED, ActionStatus.EXECUTING)


class ActionRepository(EntityRepository[Action]):
    """Keeps actions, in the collection `actions`. See `Repository` for ids and simulations."""

    entity_type = "Action"
    kind = ACTIONS

    async def find_by_actor(
        self, actor_id: str, *, simulation_id: str | None = None
    ) -> list[Action]:
        """Return the actions of an actor.

        Without a simulation, `{simulation_id}~{id}` means the actor of that simulation, and a
        plain id means the actors of that id everywhere.
        """
        with reporting("find_by_actor", self.entity_type):
            simulation_id, actor_id = self._actor(actor_id, simulation_id)
        return await self._where("find_by_actor", simulation_id, actor_id=actor_id)

    async def find_by_status(
        self, status: ActionStatus, *, simulation_id: str | None = None
    ) -> list[Action]:
        """Return the actions in a status."""
        return await self._where("find_by_status", simulation_id, status=status)

    async def find_by_type(
        self, action_type: ActionType, *, simulation_id: str | None = None
    ) -> list[Action]:
        """Return the actions of a type."""
        return await self._where("find_by_type", simulation_id, type=action_type)

    async def find_by_priority(
        self, priority: ActionPriority, *, simulation_id: str | None = None
    ) -> list[Action]:
        """Return the actions of a priority."""
        return await self._where("find_by_priority", simulation_id, priority=priority)

    async def find_pending_approval(self, *, simulation_id: str | None = None) -> list[Action]:
        """Return the actions that wait for somebody's approval."""
        condition = column_is("awaiting", True, is_awaiting)
        return await self._find("find_pending_approval", [condition], simulation_id)

    async def find_pending_execution(self, *, simulation_id: str | None = None) -> list[Action]:
        """Return the actions that are approved and not yet begun."""
        return await self._where(
            "find_pending_execution", simulation_id, status=ActionStatus.APPROVED
        )

    async def find_active(self, *, simulation_id: str | None = None) -> list[Action]:
        """Return the actions under way: approved or executing."""
        values = tuple(status.value for status in _ACTIVE)
        condition = Condition(
            lambda action: action.status in _ACTIVE, Where("status", "in", values)
        )
        return await self._find("find_active", [condition], simulation_id)
