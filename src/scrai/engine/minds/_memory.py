"""Memory: what an actor remembers, bounded, in its metadata, and found again by what matters.

The score of a memory is the sum of three parts, each from 0 to 1, as in Park et al. 2023
(Generative Agents, arXiv:2304.03442): recency decays by the cycle, importance was given when it
was laid down, relevance is the share of a question's words that it contains.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from scrai.models import Actor

MEMORY: Final = "memory"
CAPACITY: Final = 32
LONGEST: Final = 200
LONGEST_SUMMARY: Final = 600
MOST_IMPORTANT: Final = 10
_DECAY: Final = 0.98
_WORD: Final = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Memory:
    """One thing remembered.

    Attributes:
        cycle: when it was laid down.
        importance: from 1, a trifle, to 10.
        text: at most 200 characters.
    """

    cycle: int
    importance: int
    text: str


def remember(actor: Actor, text: str, *, cycle: int, importance: int = 3) -> None:
    """Lay down a memory; when there is no room, the least of the old go into the summary."""
    line = " ".join(text.split())[:LONGEST]
    if not line:
        return
    found = memories(actor)
    found.append(Memory(cycle, max(1, min(MOST_IMPORTANT, importance)), line))
    summary = summary_of(actor)
    while len(found) > CAPACITY:
        least = min(found[:-1], key=lambda item: (item.importance, item.cycle))
        found.remove(least)
        if least.importance > 1:
            summary = f"{summary} {least.text}".strip()[-LONGEST_SUMMARY:]
    actor.metadata[MEMORY] = {
        "items": [asdict(item) for item in found],
        "summary": summary,
    }


def memories(actor: Actor) -> list[Memory]:
    """Return all memories, oldest first; what is not a memory (an edit gone wrong) is left out."""
    found = _record(actor).get("items")
    rows = found if isinstance(found, list) else []
    return [Memory(**row) for row in rows if isinstance(row, dict) and _is_memory(row)]


def summary_of(actor: Actor) -> str:
    """Return the summary of what has faded."""
    found = _record(actor).get("summary")
    return found if isinstance(found, str) else ""


def recall(actor: Actor, question: str, *, cycle: int, most: int = 6) -> list[Memory]:
    """Return the memories that matter most for a question, oldest first."""
    asked = words(question)
    found = memories(actor)
    ranked = sorted(
        range(len(found)), key=lambda index: (-score(found[index], asked, cycle), index)
    )
    return [found[index] for index in sorted(ranked[:most])]


def score(memory: Memory, asked: frozenset[str], cycle: int) -> float:
    """Return how much a memory matters, from 0 to 3."""
    recency = _DECAY ** max(0, cycle - memory.cycle)
    relevance = len(asked & words(memory.text)) / len(asked) if asked else 0.0
    return float(recency + memory.importance / MOST_IMPORTANT + relevance)


def words(text: str) -> frozenset[str]:
    """Return the words of three letters and more, in lower case."""
    return frozenset(_WORD.findall(text.lower()))


def _record(actor: Actor) -> dict[str, Any]:
    found = actor.metadata.get(MEMORY)
    return found if isinstance(found, dict) else {}


def _is_memory(row: dict[str, Any]) -> bool:
    return row.keys() == _KINDS.keys() and all(
        type(row[name]) is kind for name, kind in _KINDS.items()
    )


_KINDS: Final = {"cycle": int, "importance": int, "text": str}
