"""A small model of meaning on this machine: the package `wordllama`, without any network.

Its wheel carries the weights and the tokenizer (18 MB together), and needs no torch.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from scrai._words import extra
from scrai.errors import ConfigurationError
from scrai.llm._base import LLMClient
from scrai.llm._deadline import Deadline
from scrai.llm._failures import error_of
from scrai.llm._providers import WORDLLAMA
from scrai.llm._types import CallKey, FailureKind, LLMFailure, LLMOutcome, LLMRequest, LLMUsage
from scrai.llm._vectors import Vectors, packed

MODEL: Final = "l2_supercat_256"
_SPEECHLESS: Final = f"{WORDLLAMA}: it embeds texts and does not talk"


class WordLlamaClient(LLMClient):
    """Vectors of the model that the package brings.

    Raises:
        ConfigurationError: the extra is not installed.
    """

    label = WORDLLAMA
    model = MODEL

    def __init__(self) -> None:
        if find_spec(WORDLLAMA) is None:
            raise ConfigurationError(
                "wordllama is not installed",
                hint=extra("embeddings"),
            )
        self._loaded: Any = None

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Return that it cannot talk."""
        return LLMOutcome.failed(
            FailureKind.REJECTED, _SPEECHLESS, provider=self.label, model=self.model
        )

    async def embed(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Return what the texts mean; it takes about a millisecond for sixteen of them."""
        texts = [message.content for message in request.messages]
        try:
            model = self._model()
        except (OSError, ValueError) as error:
            said = f"{self.label}: this version does not bring its model ({error})"
            return LLMOutcome.failed(
                FailureKind.REJECTED, said, provider=self.label, model=self.model
            )
        rows = tuple(packed(_some(row)) for row in model.embed(texts, norm=False).tolist())
        tokens = sum(len(each.ids) for each in model.tokenizer.encode_batch(texts))
        return LLMOutcome(
            Vectors(f"{self.label}/{self.model}", rows).to_text(),
            provider=self.label,
            model=self.model,
            usage=LLMUsage(tokens, 0),
        )

    async def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        """Raise that it cannot talk."""
        raise error_of(LLMFailure(FailureKind.REJECTED, _SPEECHLESS))
        yield ""  # which makes this a generator

    async def list_models(self) -> list[str]:
        """Return the one name."""
        return [self.model]

    def with_model(self, model: str) -> LLMClient:
        """Return itself for its own name; there is no other.

        Raises:
            ConfigurationError: another model was asked for.
        """
        if model != self.model:
            raise ConfigurationError(f"wordllama has no model {model!r:.60}", hint=self.model)
        return self

    def _model(self) -> Any:
        if self._loaded is None:
            import wordllama

            # Its loader looks for the tokenizer beside the weights only in what it takes for a
            # cache of downloads: the package's own folder is one.
            here = Path(wordllama.__file__).parent
            self._loaded = wordllama.WordLlama.load(cache_dir=here, disable_download=True)
        return self._loaded


def _some(row: list[float]) -> list[float]:
    """Return a vector that is not all zeros: of a text without any token it would be."""
    usable = any(row) and all(map(math.isfinite, row))
    return row if usable else [1.0, *[0.0] * (len(row) - 1)]
