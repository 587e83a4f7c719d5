"""A provider that is no model: it makes replies up from the request's hash.

Every world runs with it from end to end without a key and without a network. The same request at
the same place gives the same reply; a reply matches the schema that was asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import orjson

from scrai.errors import ConfigurationError
from scrai.llm._base import LLMClient
from scrai.llm._deadline import Deadline
from scrai.llm._draws import Source, sentence
from scrai.llm._letters import letters
from scrai.llm._made_up import made_up
from scrai.llm._providers import SCRIPTED
from scrai.llm._types import CallKey, LLMOutcome, LLMRequest, LLMUsage
from scrai.llm._vectors import Vectors

MODEL: Final = "scripted (not a model)"
_BYTES_PER_TOKEN: Final = 4

Canned: TypeAlias = Any
"""A text, a JSON value, an LLMOutcome, a function of (request, key), or a list of these by turn."""


class ScriptedClient(LLMClient):
    """Replies without a model, plainly labelled as such.

    Args:
        replies: what is said instead, by the slot of a call ("*" is every other call): a text, a
            JSON value, an `LLMOutcome`, or a function of (request, key) that gives one of these.
            A list holds one for each turn; the last stands for all later ones.
    """

    label = SCRIPTED
    model = MODEL

    def __init__(self, replies: Mapping[str, Canned] | None = None) -> None:
        self._replies = dict(replies or {})

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Make a reply up, or give the one that was laid down for the slot."""
        said = self._canned(request, key)
        if isinstance(said, LLMOutcome):
            return said
        content = said if isinstance(said, str) else orjson.dumps(said).decode()
        return LLMOutcome(
            content,
            provider=self.label,
            model=self.model,
            usage=_usage(request, content),
            finish_reason="stop",
        )

    async def embed(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Return vectors by spelling: they rank, but know nothing of meaning."""
        said = self._canned(request, key) if self._lays_down(key) else None
        if isinstance(said, LLMOutcome):
            return said
        rows = tuple(letters(message.content) for message in request.messages)
        content = Vectors(MODEL, rows).to_text() if said is None else str(said)
        usage = replace(_usage(request, ""), output_tokens=0)
        return LLMOutcome(content, provider=self.label, model=self.model, usage=usage)

    async def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        """Yield the made-up reply word by word."""
        outcome = await self.complete(request)
        for index, word in enumerate((outcome.content or "").split(" ")):
            yield word if index == 0 else f" {word}"

    async def list_models(self) -> list[str]:
        """Return the one name."""
        return [self.model]

    def with_model(self, model: str) -> LLMClient:
        """Return itself for its own name; there is no other.

        Raises:
            ConfigurationError: another model was asked for.
        """
        if model != self.model:
            raise ConfigurationError(f"the scripted provider has no model {model!r:.60}")
        return self

    def _lays_down(self, key: CallKey | None) -> bool:
        return "*" in self._replies or (key is not None and key.slot in self._replies)

    def _canned(self, request: LLMRequest, key: CallKey | None) -> Any:
        if not self._lays_down(key):
            return _made(request, key)
        slot = key.slot if key else ""
        said = self._replies.get(slot, self._replies.get("*"))
        if isinstance(said, Sequence) and not isinstance(said, str):
            said = said[min(key.turn if key else 0, len(said) - 1)]
        return said(request, key) if callable(said) else said


def _made(request: LLMRequest, key: CallKey | None) -> Any:
    source = Source(f"{request.hash}|{key.id if key else ''}")
    if request.schema is None:
        return f"[scripted, not a model] {sentence(source)}"
    return made_up(request.schema, source)


def _usage(request: LLMRequest, content: str) -> LLMUsage:
    asked = sum(len(message.content.encode()) for message in request.messages)
    said = len(content.encode())
    return LLMUsage(
        -(-asked // _BYTES_PER_TOKEN), min(-(-said // _BYTES_PER_TOKEN), request.max_tokens)
    )
