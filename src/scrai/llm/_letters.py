"""Vectors of texts without a model: counts of the runs of letters that they are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from scrai.llm._vectors import packed

SIZE: Final = 256
_RUN: Final = 3
_LONGEST: Final = 4000
_WORD: Final = re.compile(r"\w+")


def letters(text: str) -> bytes:
    """Return a vector by which texts are near whose words are spelled alike."""
    found = [0.0] * SIZE
    for run, times in Counter(_runs(text[:_LONGEST].lower())).items():
        digest = blake2b(run.encode(), digest_size=4).digest()
        place = int.from_bytes(digest[:2], "big") % SIZE
        found[place] += times if digest[2] & 1 else -times
    return packed(found if any(found) else [1.0, *found[1:]])


def _runs(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        marked = f"<{word}>"
        yield from (marked[at : at + _RUN] for at in range(len(marked) - _RUN + 1))
