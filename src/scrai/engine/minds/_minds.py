"""The minds of one phase: they ask models, and take only usable replies for an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from scrai.engine.minds._config import MindsConfig, Subsystem
from scrai.engine.minds._prompts import Prompts
from scrai.errors import DivergenceError, LLMReplyError, LLMUnavailableError

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext
    from scrai.llm import Ask, Calls, LLMFailure, Reply, Structured

T = TypeVar("T")
_UNREACHED: Final = frozenset({"unavailable", "timeout", "rejected", "cancelled"})
UNRECORDED: Final = "unrecorded"
NO_MONEY: Final = "budget"


@dataclass(slots=True)
class Question(Generic[T]):
    """One question to a model.

    Attributes:
        slot: what makes it unique in its phase, and where its place among the others is.
        prompt: the name of the prompt.
        values: what is filled in.
        kind: the type of the answer: a pydantic model or a TypeAdapter.
        role: who speaks: decides which model is asked.
        actor_id: whose budget it is on.
        least_tokens: what a reply needs, if that is more than the simulation's `max_tokens`.
        salvage: makes what can be made of a faulty text that no repair has mended, or None.
    """

    slot: str
    prompt: str
    values: dict[str, str]
    kind: Any
    role: str
    actor_id: str | None = None
    least_tokens: int = 0
    salvage: Callable[[str], T | None] | None = None


class Minds:
    """What the handlers of one phase think with."""

    def __init__(
        self, context: PhaseContext, config: MindsConfig, calls: Calls, prompts: Prompts
    ) -> None:
        self.config = config
        self._context = context
        self._calls = calls
        self._prompts = prompts

    def does(self, subsystem: Subsystem) -> bool:
        """Say whether a model does this part of the work."""
        return subsystem in self.config.subsystems

    def role_of(self, actor_id: str) -> str:
        """Return the role that an actor speaks in."""
        own = f"actor:{actor_id}"
        return own if own in self.config.models else "actions"

    async def ask(self, question: Question[T]) -> T | None:
        """Return the answer to one question; see `ask_all`."""
        return (await self.ask_all([question]))[0]

    async def ask_all(self, questions: Sequence[Question[T]]) -> list[T | None]:
        """Ask at the same time; return the answers in the order of the questions.

        None stands for a reply that is of no use; it is noted.

        Raises:
            LLMUnavailableError: a model could not be reached: the phase is to be tried again.
            LLMReplyError: a reply is of no use and the simulation does not skip those.
            DivergenceError: a replay asks what was not asked before.
        """
        replies = await self._calls.ask_all([self._asked(each) for each in questions])
        return [self._judged(*pair) for pair in zip(questions, replies, strict=True)]

    def _asked(self, question: Question[T]) -> Ask:
        from scrai.llm import Ask, LLMMessage

        system = self._prompts.fill("system")
        text = self._prompts.fill(question.prompt, **question.values)
        name = self._prompts.version(question.prompt)
        return Ask(
            slot=question.slot,
            messages=(LLMMessage("system", system), LLMMessage("user", text)),
            structured=structured_of(question.kind, self.config, name),
            actor_id=question.actor_id,
            role=question.role,
            max_tokens=max(self.config.max_tokens, question.least_tokens),
            temperature=self.config.temperature,
        )

    def _judged(self, question: Question[T], reply: Reply[T]) -> T | None:
        failure = reply.failure
        if failure is None:
            return reply.value
        said = f"{question.slot}: no usable reply ({failure.kind}: {failure.message[:160]})"
        self._raise_if_fatal(failure, said)
        self._context.note(said)
        if failure.kind == NO_MONEY:
            self._context.hold("the budget does not cover the next calls")
            return None
        text = reply.outcomes[-1].content if reply.outcomes else None
        return question.salvage(text) if question.salvage and text else None

    def _raise_if_fatal(self, failure: LLMFailure, said: str) -> None:
        if failure.kind == UNRECORDED:
            raise DivergenceError(said, hint="the recording has no such call")
        if failure.kind in _UNREACHED:
            raise LLMUnavailableError(said)
        if failure.kind != NO_MONEY and self.config.on_bad_reply == "fail":
            raise LLMReplyError(said)


def structured_of(kind: Any, config: MindsConfig, name: str) -> Structured[Any]:
    """Return the shape of an answer; its name tells prompt and version, and is recorded."""
    if isinstance(kind, type):
        return _shape(kind, config.max_repairs, config.ascii, name)
    return _made(kind, config.max_repairs, config.ascii, name)


def _made(kind: Any, max_repairs: int, ascii_only: bool, name: str) -> Structured[Any]:
    from scrai.llm import Structured

    found = Structured[Any](kind, max_repairs, name=name)
    if ascii_only:
        found.schema = ascii_texts(found.schema)
    return found


_shape = lru_cache(maxsize=64)(_made)
"""Schemas of fixed types are made once, not for every actor."""


@cache
def plain_schema(kind: type) -> Any:
    """Return the JSON schema of a type, free of references."""
    from scrai.llm import Structured

    return Structured(kind).schema


def ascii_texts(schema: Any) -> Any:
    """Return a schema whose free texts are plain ASCII; grammars take that from a pattern."""
    if isinstance(schema, list):
        return [ascii_texts(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: ascii_texts(value) for name, value in schema.items()}
    if found.get("type") == "string" and not {"enum", "const", "pattern"} & found.keys():
        low, high = found.pop("minLength", 0), found.pop("maxLength", "")
        found["pattern"] = f"^[ -!#-\\[\\]-~]{{{low},{high}}}$"
    return found
