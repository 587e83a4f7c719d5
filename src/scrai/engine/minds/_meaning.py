"""What memories and questions mean: asked of a model that embeds, many texts at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scrai.engine.minds._fence import clean
from scrai.engine.minds._memory import Meaning, memories, understand

if TYPE_CHECKING:
    from scrai.engine.minds._minds import Minds
    from scrai.models import Actor


async def meanings_of(minds: Minds, texts: Iterable[str]) -> dict[str, Meaning]:
    """Return what texts mean, by text; empty if memories are found by words alone.

    Texts whose vectors could not be used are left out, and that is noted.
    """
    if minds.config.embeddings is None:
        return {}
    wanted = sorted({text for text in texts if clean(text).strip()})
    return await minds.embed(wanted)


async def learn_meanings(minds: Minds, actors: Sequence[Actor]) -> None:
    """Find out what memories mean that nobody was asked about yet."""
    new = {actor.id: _unknown(actor) for actor in actors} if minds.config.embeddings else {}
    found = await meanings_of(minds, (text for texts in new.values() for text in texts))
    for actor in actors:
        if new.get(actor.id) and found:
            understand(actor, found)


def _unknown(actor: Actor) -> list[str]:
    return [item.text for item in memories(actor) if item.vector is None]
