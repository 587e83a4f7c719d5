"""Who takes part."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from scrai.models._base import JsonObject, LocalId, Model, WallDatetime, from_clock
from scrai.models._enums import ActorType


class Actor(Model):
    """A participant: a person at the keyboard, a simulated one, an organization, a thing.

    `visibility` lists the actor ids and affiliations that can see this actor; empty means all.
    """

    KIND: ClassVar[str] = "actor"

    id: LocalId
    simulation_id: LocalId | None = None
    name: str
    type: ActorType = ActorType.NPC
    attributes: JsonObject = Field(default_factory=dict)
    location: JsonObject = Field(default_factory=dict)
    visibility: list[str] = Field(default_factory=list)
    relationships: JsonObject = Field(default_factory=dict)
    affiliations: list[str] = Field(default_factory=list)
    active: bool = True
    created_at: WallDatetime = from_clock()
    updated_at: WallDatetime = from_clock()
    metadata: JsonObject = Field(default_factory=dict)

    def activate(self) -> None:
        """Take part (again)."""
        self.active = True

    def deactivate(self) -> None:
        """Take no further part, yet stay known."""
        self.active = False

    def move_to(self, location: JsonObject) -> None:
        """Be somewhere else; the old location is replaced as a whole."""
        self.location = location

    def set_relationship(self, other_id: str, relationship: Any) -> None:
        """Say what the actor `other_id` is to this one; None ends the relationship."""
        if relationship is None:
            self.relationships.pop(other_id, None)
        else:
            self.relationships[other_id] = relationship

    def visible_to(self, viewer: Actor) -> bool:
        """Say whether another actor can see this one."""
        if not self.visibility or viewer.id == self.id:
            return True
        return not {viewer.id, *viewer.affiliations}.isdisjoint(self.visibility)
