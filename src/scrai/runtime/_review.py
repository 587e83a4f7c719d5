"""The approval inbox: what waits for somebody's decision, in one simulation or in all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import ValidationError

from scrai.data import (
    ACTIONS,
    ACTORS,
    EVENTS,
    PASS,
    changed,
    deadline,
    deciders,
    gate_name,
    mediation_of,
    rule_of,
    sources_of,
)
from scrai.engine import foresee
from scrai.errors import InvalidInputError, SimulationMissingError
from scrai.models import (
    Action,
    Event,
    SimulationState,
    SimulationStatus,
    explain,
    format_time,
)
from scrai.runtime._entities import changed_fields
from scrai.runtime._ids import local_id
from scrai.runtime._overlay import Overlay
from scrai.runtime._reading import Reading
from scrai.runtime._review_log import decisions

_NOTHING: Final[Mapping[str, Any]] = {}
MOST_AROUND: Final = 12


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the inbox is looked at; None for all of it.

    Attributes:
        kind: `events` or `actions`.
        type: the type of event or action.
        actor: the local id of an actor that acts or is affected.
        source: who made it, as rules of mediation name it: llm, npc, player, system.
        due: only what a deadline ends within so many cycles.
        ids: only these, local or qualified.
    """

    kind: str | None = None
    type: str | None = None
    actor: str | None = None
    source: str | None = None
    due: int | None = None
    ids: Sequence[str] = ()

    def has(self, item: Mapping[str, Any]) -> bool:
        """Say whether an item of the inbox is wanted."""
        own = {item["id"], f"{item['simulation_id']}~{item['id']}"}
        return (
            self.kind in (None, item["collection"])
            and self.type in (None, item["type"])
            and (self.actor is None or self.actor in item["actors"])
            and (self.source is None or self.source in item["sources"])
            and (self.due is None or _within(item, self.due))
            and (not self.ids or not own.isdisjoint(self.ids))
        )


def _within(item: Mapping[str, Any], cycles: int) -> bool:
    return item["due_cycle"] is not None and item["due_cycle"] - item["cycle"] <= cycles


class Review:
    """What waits for a decision, what it would do, and what was decided before."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    async def inbox(
        self, simulation_id: str | None = None, wanted: Wanted | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield what waits, simulation by simulation, events first, in id order.

        Args:
            simulation_id: only of this one; default all that are not completed.
            wanted: which part of it.
        """
        chosen = wanted or Wanted()
        async for overlay in self._overlays(simulation_id):
            for kind in (EVENTS, ACTIONS):
                for entity in overlay.waiting(kind):
                    item = _item(overlay.state, kind, entity)
                    if chosen.has(item):
                        yield item

    async def _overlays(self, simulation_id: str | None) -> AsyncIterator[Overlay]:
        """Yield the simulations in which something can still be decided."""
        if simulation_id is not None:
            overlay = await self._reading.overlay(simulation_id)
            if overlay.state.status is not SimulationStatus.COMPLETED:
                yield overlay
            return
        async for line in self._reading.listing():
            if line["status"] != SimulationStatus.COMPLETED.value and not line["deleting"]:
                with suppress(SimulationMissingError):  # deleted since it was listed
                    yield await self._reading.overlay(line["simulation_id"])

    async def show(
        self,
        simulation_id: str,
        entity_id: str,
        *,
        changes: Mapping[str, Any] = _NOTHING,
        assignments: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Return one item of the inbox with what surrounds it and what it would change.

        Args:
            changes, assignments: as a modification would have them; shown as old and new.

        Raises:
            InvalidInputError: it does not wait for anybody.
        """
        overlay = await self._reading.overlay(simulation_id)
        kind, entity = _waiting(overlay, local_id(simulation_id, entity_id))
        found = _item(overlay.state, kind, entity)
        values = dict(changes) | changed_fields(entity, assignments)
        new = _changed(entity, values) if values else entity
        foreseen, problem = foresee(overlay.context, new)
        context = await self._reading.overlay(simulation_id)  # the other draft has been used up
        return found | {
            "entity": entity.model_dump(mode="json"),
            "actors_now": _actors(context, found["actors"]),
            "around": _around(context, entity, found["actors"]),
            "modified": _modified(entity, new, values),
            "changes": [asdict(each) for each in foreseen],
            "problem": problem,
        }

    def log(
        self, simulation_id: str, entity_id: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield every decision of a simulation, oldest first; see `decisions`."""
        return decisions(self._reading, simulation_id, entity_id)

    async def policies(self, simulation_id: str) -> dict[str, Any]:
        """Return the policies of mediation that hold for a simulation, defaults filled in."""
        overlay = await self._reading.overlay(simulation_id)
        return mediation_of(overlay.state.metadata).model_dump(mode="json")


def _waiting(overlay: Overlay, key: str) -> tuple[str, Any]:
    """Return the collection and the entity of that id that waits."""
    from difflib import get_close_matches

    known: dict[str, tuple[str, Any]] = {}
    for kind in (EVENTS, ACTIONS):
        known |= {item.id: (kind, item) for item in overlay.waiting(kind)}
    if key not in known:
        near = get_close_matches(key, known, n=3)
        owner = overlay.work.simulation_id
        raise InvalidInputError(
            f"nothing of the id {key[:80]!r} waits for a decision in simulation {owner}",
            hint=f"did you mean {' or '.join(near)}?"
            if near
            else f"scrai review {owner} --list shows what does",
        )
    return known[key]


def _item(state: SimulationState, kind: str, entity: Event | Action) -> dict[str, Any]:
    due, rule = deadline(state, entity), rule_of(state, entity)
    return {
        "simulation_id": state.id,
        "collection": kind,
        "id": entity.id,
        "gate": gate_name(entity),
        "type": entity.type.value,
        "sources": sorted(sources_of(entity)),
        "title": _title(entity),
        "actors": _concerned(entity),
        "created_at": format_time(entity.created_at),
        "scheduled_for": entity.scheduled_for and format_time(entity.scheduled_for),
        "cycle": state.cycle,
        "due_cycle": due,
        "then": rule.then if rule is not None and due is not None else None,
        "who": list(deciders(state, entity)),
        "holds": due is None
        and getattr(mediation_of(state.metadata), kind) != PASS
        and (entity.scheduled_for is None or entity.scheduled_for <= state.now),
    }


def _title(entity: Event | Action) -> str:
    if isinstance(entity, Event):
        return entity.title
    return entity.intent or entity.description or entity.type.value


def _concerned(entity: Event | Action) -> list[str]:
    if isinstance(entity, Event):
        return list(entity.affected_actors)
    return list(dict.fromkeys([entity.actor_id, *entity.target_actor_ids]))


def _actors(overlay: Overlay, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the actors concerned, as they are."""
    found = (overlay.find(ACTORS, key) for key in ids)
    fields = {"id", "name", "type", "active", "attributes", "location", "relationships"}
    return [actor.model_dump(mode="json", include=fields) for actor in found if actor is not None]


def _around(overlay: Overlay, entity: Event | Action, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the live events and actions that concern the same actors or the same place."""
    near: list[dict[str, Any]] = []
    for kind in (EVENTS, ACTIONS):
        for other in getattr(overlay.context, kind):
            same = set(ids).intersection(_concerned(other)) or _same_place(entity, other)
            if other.id != entity.id and same:
                line = {"collection": kind, "id": other.id, "title": _title(other)}
                near.append(line | {"status": other.status.value, "actors": _concerned(other)})
    return near[:MOST_AROUND]


def _same_place(one: Event | Action, other: Event | Action) -> bool:
    place = _place(one)
    return bool(place) and place == _place(other)


def _place(entity: Event | Action) -> Any:
    return entity.location if isinstance(entity, Event) else entity.target_location


def _changed(entity: Event | Action, values: Mapping[str, Any]) -> Any:
    try:
        return changed(entity, values)
    except ValidationError as error:
        raise InvalidInputError("; ".join(explain(error, entity.id, type(entity)))) from error


def _modified(
    old: Event | Action, new: Event | Action, names: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return {name: {"old": before[name], "new": after[name]} for name in names}
