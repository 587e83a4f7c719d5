"""References between entities must lead somewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from scrai.models._action import Action
from scrai.models._actor import Actor
from scrai.models._event import Event
from scrai.models._explain import near
from scrai.models._operations import Targeted

Entity: TypeAlias = Actor | Event | Action

Exists: TypeAlias = Callable[[str, str], bool]
"""`exists(kind, id)` with kind actor, event or action."""


def references(entity: Entity) -> Iterator[tuple[str, str, str]]:
    """Yield (field, kind, id) for every reference that an entity makes."""
    if isinstance(entity, Action):
        yield "actor_id", "actor", entity.actor_id
        yield from _listed("target_actor_ids", "actor", entity.target_actor_ids)
        yield from _listed("generated_events", "event", entity.generated_events)
        yield from _targets("prerequisites", entity.prerequisites)
    elif isinstance(entity, Event):
        yield from _listed("affected_actors", "actor", entity.affected_actors)
        if entity.trigger_event_id is not None:
            yield "trigger_event_id", "event", entity.trigger_event_id
        if entity.trigger_action_id is not None:
            yield "trigger_action_id", "action", entity.trigger_action_id
        yield from _targets("effects", entity.effects)


def _listed(field: str, kind: str, ids: list[str]) -> Iterator[tuple[str, str, str]]:
    for index, id_ in enumerate(ids):
        yield f"{field}[{index}]", kind, id_


def _targets(field: str, parts: Iterable[Targeted]) -> Iterator[tuple[str, str, str]]:
    for index, part in enumerate(parts):
        if part.actor_id is not None:
            yield f"{field}[{index}].target", "actor", part.actor_id


def check_references(
    entities: Iterable[Entity],
    exists: Exists,
    known: Mapping[str, Iterable[str]] | None = None,
) -> list[str]:
    """Return one line for every reference that leads nowhere; near ids are named from `known`."""
    return [
        f"{entity.KIND} {entity.id}: {field}: there is no {kind} {id_}"
        + near(id_, (known or {}).get(kind, ()))
        for entity in entities
        for field, kind, id_ in references(entity)
        if not exists(kind, id_)
    ]
