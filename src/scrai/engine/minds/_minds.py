"""The minds of one phase: they ask models, and take only usable replies for an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from scrai.data.minds import MindsConfig, Subsystem, minds_of
from scrai.engine.minds._fence import clean
from scrai.engine.minds._memory import Meaning
from scrai.engine.minds._prompts import Prompts
from scrai.errors import DivergenceError, InvalidInputError, LLMReplyError, LLMUnavailableError

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext
    from scrai.llm import Ask, Calls, LLMFailure, Reply, Structured

T = TypeVar("T")
_UNREACHED: Final = frozenset({"unavailable", "timeout", "rejected", "cancelled"})
UNRECORDED: Final = "unrecorded"
NO_MONEY: Final = "budget"
LONGEST_EMBEDDED: Final = 600
MOST_ITEMS: Final = 1
LONGEST_TEXT: Final = 40
"""What `brief` leaves of lists and texts: then no answer has more characters than tokens it may
have, and a small model that rambles, one digit a token, comes to its end."""


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

    @classmethod
    def of(cls, context: PhaseContext) -> Minds | None:
        """Return the minds of a simulation for one phase, None if it goes by rule.

        Raises:
            ConfigurationError: it has minds, but no model is configured.
        """
        config = minds_of(context.state.metadata)
        if config is None:
            return None
        return cls(context, config, context.calls, Prompts.of(context.hooks.prompts()))

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

    async def embed(self, texts: Sequence[str]) -> dict[str, Meaning]:
        """Return what texts mean, by text; those without a usable vector are left out and noted.

        Raises:
            LLMUnavailableError, LLMReplyError, DivergenceError: as for `ask_all`.
        """
        from scrai.llm import MOST_TEXTS

        starts = range(0, len(texts), MOST_TEXTS)
        batches = [texts[start : start + MOST_TEXTS] for start in starts]
        asks = [_embedding(index, batch) for index, batch in enumerate(batches)]
        replies = await self._calls.ask_all(asks)
        found: dict[str, Meaning] = {}
        for ask, batch, reply in zip(asks, batches, replies, strict=True):
            failure = reply.failure or _problem(reply.value, len(batch))
            if failure is None:
                found |= _meanings(batch, reply.value)
            else:
                self._failed(ask.slot, failure)
        return found

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
        self._failed(question.slot, failure)
        text = reply.outcomes[-1].content if reply.outcomes else None
        if question.salvage is None or not text or failure.kind == NO_MONEY:
            return None
        return question.salvage(text)

    def _failed(self, slot: str, failure: LLMFailure) -> None:
        said = f"{slot}: no usable reply ({failure.kind}: {failure.message[:160]})"
        self._raise_if_fatal(failure, said)
        self._context.note(said)
        if failure.kind == NO_MONEY:
            self._context.hold("the budget does not cover the next calls")

    def _raise_if_fatal(self, failure: LLMFailure, said: str) -> None:
        if failure.kind == UNRECORDED:
            raise DivergenceError(said, hint="the recording has no such call")
        if failure.kind in _UNREACHED:
            raise LLMUnavailableError(said)
        if failure.kind != NO_MONEY and self.config.on_bad_reply == "fail":
            raise LLMReplyError(said)


def _embedding(index: int, texts: Sequence[str]) -> Ask:
    from scrai.llm import EMBEDDINGS, Ask, LLMMessage

    said = tuple(LLMMessage("user", clean(text, LONGEST_EMBEDDED)) for text in texts)
    return Ask(slot=f"embed/{index:04d}", messages=said, role=EMBEDDINGS, embeds=True)


def _problem(content: Any, count: int) -> LLMFailure | None:
    from scrai.llm import FailureKind, LLMFailure, Vectors

    try:
        Vectors.from_text(content, count)
    except InvalidInputError as error:
        return LLMFailure(FailureKind.MALFORMED, error.message)
    return None


def _meanings(texts: Sequence[str], content: Any) -> dict[str, Meaning]:
    from scrai.llm import Vectors

    found = Vectors.from_text(content, len(texts))
    return {text: Meaning(found.model, row) for text, row in zip(texts, found.rows, strict=True)}


def structured_of(kind: Any, config: MindsConfig, name: str) -> Structured[Any]:
    """Return the shape of an answer; its name tells prompt and version, and is recorded."""
    if isinstance(kind, type):
        return _shape(kind, config.max_repairs, config.brief, config.ascii, name)
    return _made(kind, config.max_repairs, config.brief, config.ascii, name)


def _made(kind: Any, max_repairs: int, brief: bool, ascii_only: bool, name: str) -> Structured[Any]:
    from scrai.llm import Structured

    found = Structured[Any](kind, max_repairs, name=name)
    if brief:
        found.schema = brief_texts(found.schema)
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


def brief_texts(schema: Any) -> Any:
    """Return a schema of short texts and lists; what it allows, the whole one allows, too."""
    if isinstance(schema, list):
        return [brief_texts(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: brief_texts(value) for name, value in schema.items()}
    for name, most in (("maxItems", MOST_ITEMS), ("maxLength", LONGEST_TEXT)):
        if isinstance(found.get(name), int):
            least = found.get(name.replace("max", "min"), 0)
            found[name] = max(least, min(most, found[name]))
    return found


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
