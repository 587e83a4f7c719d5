"""Structured replies: a type in, an instance or a typed failure out, with bounded repair."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeAlias, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from scrai.errors import InvalidInputError
from scrai.llm._parse import MAX_STRING, ParseError, parse_reply
from scrai.llm._schema import MOST_CHARACTERS, longest_string, wire_schema
from scrai.llm._types import FailureKind, Json, LLMFailure, LLMMessage, LLMOutcome, LLMRequest

T = TypeVar("T")

ECHO_BYTES: Final = 2000
"""How much of an unusable reply a repair turn shows to the model."""
_COMPLAINT_BYTES: Final = 1500
_SHOWN_PROBLEMS: Final = 4
_WRAPPED: Final = "value"

_REPAIRABLE: Final = frozenset(
    {
        FailureKind.MALFORMED,
        FailureKind.SCHEMA,
        FailureKind.EMPTY,
        FailureKind.TRUNCATED,
        FailureKind.TOO_LARGE,
    }
)


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """How a conversation for one value ended.

    Attributes:
        value: the instance, None with a failure (or if None is what the type allows).
        failure: why there is no value; None means that `value` is valid.
        outcomes: one for each turn, in order.
    """

    value: T | None
    failure: LLMFailure | None
    outcomes: tuple[LLMOutcome, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.failure is None


Send: TypeAlias = Callable[[LLMRequest, int], Awaitable[LLMOutcome]]


class Structured(Generic[T]):
    """What a reply must be.

    Args:
        kind: a pydantic model, any type that pydantic knows, or a TypeAdapter.
        max_repairs: how many further turns may be spent on a reply that does not fit.
        max_string: the most characters of a string whose schema names no bound.
        name: what the schema is called; by default after the type.

    Raises:
        InvalidInputError: pydantic makes no JSON schema of the type, or a bound is out of range.
    """

    __slots__ = ("_adapter", "_max_string", "_wrapped", "max_repairs", "name", "schema")

    def __init__(
        self,
        kind: type[T] | TypeAdapter[T] | Any,
        max_repairs: int = 2,
        *,
        max_string: int = MAX_STRING,
        name: str | None = None,
    ) -> None:
        if not 0 <= max_repairs <= 10:  # noqa: PLR2004
            raise InvalidInputError(f"max_repairs must be from 0 to 10, not {max_repairs!r:.40}")
        if not 1 <= max_string <= MOST_CHARACTERS:
            raise InvalidInputError(
                f"max_string must be from 1 to {MOST_CHARACTERS}, not {max_string!r:.40}"
            )
        self._adapter: TypeAdapter[T]
        self._adapter, schema = _adapted(kind)
        self.name = name or _name_of(schema)
        self._wrapped = schema.get("type") != "object" and not _refers_to_object(schema)
        if self._wrapped:
            definitions = schema.pop("$defs", None)
            schema = {"type": "object", "properties": {_WRAPPED: schema}}
            if definitions:
                schema["$defs"] = definitions
        self.schema: Json = wire_schema(schema, max_string=max_string)
        self._max_string = max(max_string, longest_string(self.schema))
        self.max_repairs = max_repairs

    def request(
        self, messages: Iterable[LLMMessage | Mapping[str, str]], **sampling: Any
    ) -> LLMRequest:
        """Return the request that asks for such a reply; `sampling` as for LLMRequest."""
        return LLMRequest(
            tuple(LLMMessage.of(message) for message in messages),
            schema=self.schema,
            schema_name=self.name,
            **sampling,
        )

    def judge(self, outcome: LLMOutcome) -> T | LLMFailure:
        """Return the instance that an outcome's content is, or why it is none."""
        if outcome.failure is not None:
            return outcome.failure
        try:
            value = parse_reply(outcome.content or "", max_string=self._max_string)
        except ParseError as error:
            return LLMFailure(error.kind, error.message)
        if self._wrapped and isinstance(value, dict) and set(value) == {_WRAPPED}:
            value = value[_WRAPPED]
        try:
            # From JSON again: strict, yet enumerations and dates may be strings.
            return self._adapter.validate_json(orjson.dumps(value), strict=True)
        except ValidationError as error:
            return LLMFailure(FailureKind.SCHEMA, _problems(error))

    def repair(
        self, request: LLMRequest, outcome: LLMOutcome, failure: LLMFailure
    ) -> LLMRequest | None:
        """Return the turn that shows a model what was wrong, None if that would not help.

        Args:
            request: the first request; repairs do not pile up.
            outcome: the last turn's.
            failure: what `judge` said of it.
        """
        if failure.kind not in _REPAIRABLE:
            return None
        said = _clip(outcome.content or "", ECHO_BYTES) or "(no reply)"
        complaint = _clip(
            f"That reply cannot be used ({failure.kind.value}): {failure.message}\n"
            "Reply again, with JSON alone that matches the schema, and as briefly as it allows.",
            _COMPLAINT_BYTES,
        )
        return _extended(request, said, complaint)

    def worst_repair(self, request: LLMRequest) -> LLMRequest:
        """Return a request at least as long as any that `repair` makes of this one."""
        return _extended(request, "x" * ECHO_BYTES, "x" * _COMPLAINT_BYTES)

    def __repr__(self) -> str:
        return f"Structured({self.name}, max_repairs={self.max_repairs})"


async def converse(structured: Structured[T], request: LLMRequest, send: Send) -> Reply[T]:
    """Ask for a value, and again where repair may help; `send(request, turn)` asks one turn."""
    outcomes: list[LLMOutcome] = []
    turn_request: LLMRequest | None = request
    failure: LLMFailure | None = None
    while turn_request is not None:
        outcome = await send(turn_request, len(outcomes))
        outcomes.append(outcome)
        judged = structured.judge(outcome)
        if not isinstance(judged, LLMFailure):
            return Reply(judged, None, tuple(outcomes))
        failure = judged
        more = len(outcomes) <= structured.max_repairs
        turn_request = structured.repair(request, outcome, failure) if more else None
    return Reply(None, failure, tuple(outcomes))


def _extended(request: LLMRequest, said: str, complaint: str) -> LLMRequest:
    turns = (LLMMessage("assistant", said), LLMMessage("user", complaint))
    return replace(request, messages=(*request.messages, *turns))


def _clip(text: str, size: int) -> str:
    data = text.encode("utf-8", "replace")
    return data[:size].decode("utf-8", "ignore")


def _adapted(kind: Any) -> tuple[TypeAdapter[Any], Json]:
    try:
        adapter = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
        return adapter, adapter.json_schema()
    except Exception as error:  # pydantic has several, one for each way to have no schema
        why = str(error).partition("\n")[0]
        raise InvalidInputError(f"a reply's type has no JSON schema: {why:.200}") from error


def _refers_to_object(schema: Json) -> bool:
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    found = schema.get("$defs", {}).get(name)
    return isinstance(found, dict) and found.get("type") == "object"


def _name_of(schema: Json) -> str:
    title = schema.get("title") or str(schema.get("$ref", "")).removeprefix("#/$defs/")
    name = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in str(title))
    return name[:64] or "reply"


def _problems(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"{'.'.join(filter(None, map(_step, item['loc']))) or 'the reply'}: {item['msg']}"
        for item in found[:_SHOWN_PROBLEMS]
    ]
    more = len(found) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


def _step(part: int | str) -> str:
    """Return a part of a path; what pydantic puts there of its own, addresses in it, is none.

    A complaint is asked again in a replay, so it must be the same in every process.
    """
    text = str(part)
    return "" if "[" in text or "(" in text else text
