"""Memory: what an actor remembers, bounded, in its metadata, and found again by what matters.

The score of a memory is the sum of three parts, each from 0 to 1, as in Park et al. 2023
(Generative Agents, arXiv:2304.03442): recency decays by the cycle, importance was given when it
was laid down, relevance is how near it is to a question: by the meaning of both where that is
known, else by the share of the question's words that it contains.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scrai.models import Actor

MEMORY: Final = "memory"
CAPACITY: Final = 32
LONGEST: Final = 200
LONGEST_SUMMARY: Final = 600
MOST_IMPORTANT: Final = 10
_DECAY: Final = 0.98
_DIGITS: Final = 6
_LEAST_SPREAD: Final = 200
_WORD: Final = re.compile(r"\w{3,}")
_VECTOR: Final = "vector"
_EMBEDDER: Final = "embedder"


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing remembered.

    Attributes:
        cycle: when it was laid down.
        importance: from 1, a trifle, to 10.
        text: at most 200 characters.
        vector: what it means, None where nobody was asked.
    """

    cycle: int
    importance: int
    text: str
    vector: bytes | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text means to a model.

    Attributes:
        model: whose vector it is; those of others say nothing beside it.
        vector: signed bytes, as `scrai.llm.Vectors` holds them.
    """

    model: str
    vector: bytes


def remember(actor: Actor, text: str, *, cycle: int, importance: int = 3) -> None:
    """Lay down a memory; when there is no room, the least of the old go into the summary."""
    line = " ".join(text.split())[:LONGEST]
    if not line:
        return
    found = memories(actor)
    known = next((item.vector for item in found if item.text == line), None)
    found.append(Memory(cycle, max(1, min(MOST_IMPORTANT, importance)), line, known))
    summary = summary_of(actor)
    while len(found) > CAPACITY:
        least = min(found[:-1], key=lambda item: (item.importance, item.cycle))
        found.remove(least)
        if least.importance > 1:
            summary = f"{summary} {least.text}".strip()[-LONGEST_SUMMARY:]
    _write(actor, found, summary, embedder_of(actor))


def understand(actor: Actor, meanings: dict[str, Meaning]) -> None:
    """Keep with an actor's memories what they mean, by their texts.

    Vectors of another model than the one that speaks now are forgotten.
    """
    found = memories(actor)
    new = next((meanings[item.text].model for item in found if item.text in meanings), None)
    if new is None:
        return
    same = new == embedder_of(actor)
    told = []
    for item in found:
        meaning = meanings.get(item.text)
        if meaning is not None and meaning.model == new:
            told.append(replace(item, vector=meaning.vector))
        else:
            told.append(item if same else replace(item, vector=None))
    _write(actor, told, summary_of(actor), new)


def memories(actor: Actor) -> list[Memory]:
    """Return all memories, oldest first; what is not a memory (an edit gone wrong) is left out."""
    found = _record(actor).get("items")
    rows = found if isinstance(found, list) else []
    return [_memory(row) for row in rows if isinstance(row, dict) and _is_memory(row)]


def summary_of(actor: Actor) -> str:
    """Return the summary of what has faded."""
    found = _record(actor).get("summary")
    return found if isinstance(found, str) else ""


def embedder_of(actor: Actor) -> str | None:
    """Return the model whose vectors an actor's memories have, None if they have none."""
    found = _record(actor).get(_EMBEDDER)
    return found if isinstance(found, str) else None


def recall(
    actor: Actor, question: str, *, cycle: int, most: int = 6, meaning: Meaning | None = None
) -> list[Memory]:
    """Return the memories that matter most for a question, oldest first.

    Args:
        actor: who remembers.
        question: what is asked for.
        cycle: now.
        most: how many.
        meaning: what the question means; then memories that have a vector of the same model are
            weighed by that, and the others by words.
    """
    best = _order(actor, question, cycle, meaning)[:most]
    return [item for _, item, _ in sorted(best, key=lambda each: each[0])]


def ranked(
    actor: Actor, question: str, *, cycle: int, meaning: Meaning | None = None
) -> list[tuple[Memory, float]]:
    """Return all memories with their scores, those first that matter most; see `recall`."""
    return [(item, points) for _, item, points in _order(actor, question, cycle, meaning)]


def score(memory: Memory, relevance: float, cycle: int) -> float:
    """Return how much a memory matters, from 0 to 3, the same on every machine."""
    recency = _DECAY ** max(0, cycle - memory.cycle)
    return round(float(recency + memory.importance / MOST_IMPORTANT + relevance), _DIGITS)


def words(text: str) -> frozenset[str]:
    """Return the words of three letters and more, in lower case."""
    return frozenset(_WORD.findall(text.lower()))


def _order(
    actor: Actor, question: str, cycle: int, meaning: Meaning | None
) -> list[tuple[int, Memory, float]]:
    """Return memories with their places and scores, best first, the older of equal ones first."""
    found = memories(actor)
    near = _relevance(actor, found, question, meaning)
    rows = [
        (place, item, score(item, relevance, cycle))
        for place, (item, relevance) in enumerate(zip(found, near, strict=True))
    ]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _relevance(
    actor: Actor, found: Sequence[Memory], question: str, meaning: Meaning | None
) -> list[float]:
    asked = words(question)
    shares = [len(asked & words(item.text)) / len(asked) if asked else 0.0 for item in found]
    if meaning is None or meaning.model != embedder_of(actor):
        return shares
    return [
        by_words if by_meaning is None else by_meaning
        for by_words, by_meaning in zip(shares, _stretched(found, meaning.vector), strict=True)
    ]


def _stretched(found: Sequence[Memory], asked: bytes) -> list[float | None]:
    """Return how near memories are, from the farthest, 0, to the nearest, 1.

    Models differ in how near they put what has nothing in common, so only the distances between
    memories count; if all are about equally near, little of that is left.
    """
    from scrai.llm import nearness

    near = [
        nearness(item.vector, asked) if item.vector and len(item.vector) == len(asked) else None
        for item in found
    ]
    known = [value for value in near if value is not None]
    if not known:
        return [None] * len(near)
    low = min(known)
    spread = max(max(known) - low, _LEAST_SPREAD)
    return [None if value is None else (value - low) / spread for value in near]


def _write(actor: Actor, found: Sequence[Memory], summary: str, embedder: str | None) -> None:
    record: dict[str, Any] = {"items": [_row(item) for item in found], "summary": summary}
    if embedder is not None:
        record[_EMBEDDER] = embedder
    actor.metadata[MEMORY] = record


def _row(item: Memory) -> dict[str, Any]:
    row: dict[str, Any] = {
        "cycle": item.cycle,
        "importance": item.importance,
        "text": item.text,
    }
    if item.vector is not None:
        from scrai.llm import vector_text

        row[_VECTOR] = vector_text(item.vector)
    return row


def _memory(row: dict[str, Any]) -> Memory:
    return Memory(row["cycle"], row["importance"], row["text"], _vector(row.get(_VECTOR)))


def _vector(text: Any) -> bytes | None:
    if text is None:
        return None
    from scrai.llm import vector_of

    try:
        return vector_of(text)
    except ValueError:
        return None


def _record(actor: Actor) -> dict[str, Any]:
    found = actor.metadata.get(MEMORY)
    return found if isinstance(found, dict) else {}


def _is_memory(row: dict[str, Any]) -> bool:
    return row.keys() - {_VECTOR} == _KINDS.keys() and all(
        type(row[name]) is kind for name, kind in _KINDS.items()
    )


_KINDS: Final = {"cycle": int, "importance": int, "text": str}
