"""An HTTP answer as the readers of replies see it, whoever fetched it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; of a stream the head alone, with an empty body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
