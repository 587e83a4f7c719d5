"""What an actor remembers, for people: all of it, or what bears on a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrai.data import ACTORS
from scrai.errors import LLMUnrecordedError
from scrai.models import Actor

if TYPE_CHECKING:
    from scrai.engine.minds import Meaning
    from scrai.models import SimulationState
    from scrai.runtime._entities import Entities
    from scrai.runtime._models import Models
    from scrai.runtime._reading import Reading


class Recollection:
    """Searches memories as minds do."""

    def __init__(self, reading: Reading, entities: Entities, models: Models) -> None:
        self._reading = reading
        self._entities = entities
        self._models = models

    async def recall(
        self, simulation_id: str, actor_id: str, question: str | None = None, most: int = 6
    ) -> dict[str, Any]:
        """Return the memories that matter most for a question, the first of them first.

        By meaning where the simulation's minds find them so: the question is then embedded, which
        is no part of the simulation, hence neither recorded nor booked. A recording holds no
        such question: with one they are found by words. Without a question all are returned,
        oldest first.

        Raises:
            InvalidInputError: there is no such actor; near ones are named.
            LLMError: the question could not be embedded.
        """
        from scrai.engine.minds import memories, ranked, summary_of

        actor = Actor.model_validate(await self._entities.show(simulation_id, ACTORS, actor_id))
        found: dict[str, Any] = {"actor": actor.id, "summary": summary_of(actor)}
        if question is None:
            rows = [(item, None) for item in memories(actor)]
            return found | {"by": None, "memories": [_row(*pair) for pair in rows]}
        state = await self._reading.state(simulation_id)
        meaning = await self._meaning(state, question)
        best = ranked(actor, question, cycle=state.phase_number, meaning=meaning)[:most]
        by = "words" if meaning is None else "meaning"
        return found | {"by": by, "memories": [_row(*pair) for pair in best]}

    async def _meaning(self, state: SimulationState, question: str) -> Meaning | None:
        from scrai.engine.minds import Meaning, minds_of

        config = minds_of(state.metadata)
        if config is None or config.embeddings is None or not question.strip():
            return None
        try:
            vectors = await self._models.service(config).embed([question])
        except LLMUnrecordedError:
            return None
        return Meaning(vectors.model, vectors.rows[0])


def _row(memory: Any, score: float | None) -> dict[str, Any]:
    row = {"cycle": memory.cycle, "importance": memory.importance, "text": memory.text}
    return row if score is None else row | {"score": score}
