"""What a provider is to everybody else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from scrai.llm._deadline import Deadline
from scrai.llm._types import CallKey, FailureKind, LLMOutcome, LLMRequest


class LLMClient(ABC):
    """One provider with one model. Subclass it for a provider of another kind.

    Attributes:
        label: what the provider is called in outcomes, records and errors.
        model: the model that is asked, empty if it is not known yet.
    """

    label: str = ""
    model: str = ""

    @abstractmethod
    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Ask one turn, with whatever retries the provider deserves.

        Args:
            request: what is asked.
            key: where in a simulation it is asked, None outside of one.
            deadline: by when the outcome is wanted, None for no bound.

        Returns:
            The reply or a typed failure. Only cancellation and programmers' errors are raised.
        """

    async def embed(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Return vectors of a request's texts, as `Vectors.to_text` writes them.

        Args:
            request: as `embedding_request` makes it.
            key, deadline: as for `complete`.

        Returns:
            The vectors or a typed failure: that it embeds nothing, unless a subclass does.
        """
        return LLMOutcome.failed(
            FailureKind.REJECTED,
            f"{self.label}: it embeds no texts",
            provider=self.label,
            model=self.model,
        )

    @abstractmethod
    def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        """Yield the reply piece by piece as it comes.

        Raises:
            LLMError: it could not be had, or broke off; what was yielded stands.
        """

    @abstractmethod
    async def list_models(self) -> list[str]:
        """Ask for the names of the models there are, sorted.

        Raises:
            LLMError: the provider could not be reached or refused.
        """

    async def validate(self) -> bool:
        """Ask whether the provider is there and takes our key.

        Raises:
            LLMError: it is not, or does not; says why.
        """
        await self.list_models()
        return True

    def with_model(self, model: str) -> LLMClient:
        """Return a client of the same provider, sharing its connections, for another model."""
        raise NotImplementedError(f"{type(self).__name__} has one model only")

    async def close(self) -> None:  # noqa: B027 - many have nothing to release
        """Release what is held open; the client is not used again."""
