"""What is said to a model and what comes back, as plain values that can be recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, TypeAlias

import orjson

from scrai.errors import InvalidInputError

Json: TypeAlias = dict[str, Any]

ROLES: Final = ("system", "user", "assistant")
MAX_FAILURE: Final = 500
_ID_LENGTH = 40


class FailureKind(StrEnum):
    """Why there is no usable reply."""

    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    SCHEMA = "schema"
    EMPTY = "empty"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    BUDGET = "budget"
    UNRECORDED = "unrecorded"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LLMMessage:
    """One message of a conversation.

    Attributes:
        role: system, user or assistant.
        content: its text; untrusted text is the caller's to fence.

    Raises:
        InvalidInputError: the role is unknown, or the content is not valid Unicode text.
    """

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InvalidInputError(
                f"message role {self.role!r:.60} is unknown", hint=f"one of {', '.join(ROLES)}"
            )
        _check_text(self.content, f"the content of a {self.role} message")

    @classmethod
    def of(cls, value: LLMMessage | Mapping[str, str]) -> LLMMessage:
        """Return a message of a message or of a mapping with `role` and `content`."""
        if isinstance(value, LLMMessage):
            return value
        given: Any = value
        if not isinstance(given, Mapping) or set(given) != {"role", "content"}:
            raise InvalidInputError(
                f"a message is an LLMMessage or has role and content, not {value!r:.80}"
            )
        return cls(value["role"], value["content"])


@dataclass(frozen=True, slots=True)
class LLMUsage:
    """What a provider says it counted, in tokens; cached ones are part of the input.

    `estimated` is set where the provider did not say: then the figures are upper bounds.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: LLMUsage) -> LLMUsage:
        return LLMUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.estimated or other.estimated,
        )


@dataclass(frozen=True, slots=True)
class LLMFailure:
    """A reply that cannot be used, or none: its kind, and one line without secrets."""

    kind: FailureKind
    message: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", FailureKind(self.kind))
        text = self.message.encode("utf-8", "replace").decode()
        object.__setattr__(self, "message", text[:MAX_FAILURE])


@dataclass(frozen=True, slots=True)
class LLMRequest:
    """One turn to be asked, free of provider, URL and key.

    Attributes:
        messages: the conversation so far, at least one message.
        schema: the JSON schema that the reply must match; None for free text.
        schema_name: what the schema is called where a provider wants a name.
        role: which assignment of models answers ("default", "events", "actor:ID", ...).
        max_tokens: the most tokens of the reply, part of what a call may cost.
        temperature, top_p, seed, stop: sampling; None or empty leaves it to the provider.
        embeds: vectors of the messages' texts are asked for, and no reply; see
            `embedding_request`.

    Raises:
        InvalidInputError: a value is out of its range, or the schema is no JSON.
    """

    messages: tuple[LLMMessage, ...]
    schema: Json | None = None
    schema_name: str = "reply"
    role: str = "default"
    max_tokens: int = 512
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    embeds: bool = False
    _hash: str = field(default="", init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", tuple(self.messages))
        object.__setattr__(self, "stop", tuple(self.stop))
        _check_request(self)
        for name in ("temperature", "top_p"):
            if (value := getattr(self, name)) is not None:
                # 0 and 0.0 are one request, so they are one hash.
                object.__setattr__(self, name, float(value))

    @property
    def hash(self) -> str:
        """The sha256, in hex, of messages, schema, sampling and role."""
        if not self._hash:
            object.__setattr__(self, "_hash", sha256(canonical(self.to_json())).hexdigest())
        return self._hash

    @property
    def schema_bytes(self) -> int:
        """The length of the schema as JSON, 0 without one."""
        return len(canonical(self.schema)) if self.schema is not None else 0

    def to_json(self) -> Json:
        """Return the request as JSON values; what is at its default is left out."""
        value: Json = {"messages": [[item.role, item.content] for item in self.messages]}
        for name in _PLAIN:
            if (given := getattr(self, name)) != _DEFAULTS[name]:
                value[name] = list(given) if name == "stop" else given
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LLMRequest:
        """Return the request that `to_json` wrote."""
        rest = {name: value[name] for name in _PLAIN if name in value}
        return cls(tuple(LLMMessage(*item) for item in value["messages"]), **rest)


_DEFAULTS: Final[Json] = {
    "schema": None,
    "schema_name": "reply",
    "role": "default",
    "max_tokens": 512,
    "temperature": None,
    "top_p": None,
    "seed": None,
    "stop": (),
    "embeds": False,
}
_PLAIN: Final = tuple(_DEFAULTS)


@dataclass(frozen=True, slots=True)
class LLMAttempt:
    """One try to reach one provider.

    Attributes:
        provider, model: who was asked for what.
        status: the HTTP status, None if no reply came.
        error: what went wrong in one line, None if nothing did.
        latency_ms: how long it took.
        usage: what the provider counted, where a failed attempt says so, too; of one that is
            lost, the most that it can have been.
        lost: it failed, but a model may have worked on it and may be charged for.
    """

    provider: str
    model: str
    status: int | None
    error: str | None
    latency_ms: float
    usage: LLMUsage | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class LLMOutcome:
    """How one turn ended: with words, or with a typed failure.

    Attributes:
        content: what the model said; with a failure, what there is of it.
        failure: why the content cannot be used; None means that it can.
        provider, model: who answered, or was asked last; empty if nobody was.
        usage: tokens of the attempt that ended the turn.
        finish_reason: the provider's word for why it stopped.
        attempts: every try that was made, in order.
        latency_ms: from the first try to the end, waiting included.
    """

    content: str | None
    failure: LLMFailure | None = None
    provider: str = ""
    model: str = ""
    usage: LLMUsage = LLMUsage()
    finish_reason: str | None = None
    attempts: tuple[LLMAttempt, ...] = ()
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        if self.content is None and self.failure is None:
            raise InvalidInputError("an outcome has a content or a failure")

    @property
    def ok(self) -> bool:
        """Whether the content can be used."""
        return self.failure is None

    @classmethod
    def failed(cls, kind: FailureKind, message: str, **rest: Any) -> LLMOutcome:
        """Return an outcome without content."""
        return cls(None, LLMFailure(kind, message), **rest)

    def to_json(self) -> Json:
        """Return the outcome as JSON values."""
        return {
            "content": self.content,
            "failure": [self.failure.kind.value, self.failure.message] if self.failure else None,
            "provider": self.provider,
            "model": self.model,
            "usage": _usage_json(self.usage),
            "finish_reason": self.finish_reason,
            "attempts": [_attempt_json(item) for item in self.attempts],
            "latency_ms": self.latency_ms,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LLMOutcome:
        """Return the outcome that `to_json` wrote."""
        failure = value["failure"]
        return cls(
            value["content"],
            LLMFailure(FailureKind(failure[0]), failure[1]) if failure else None,
            value["provider"],
            value["model"],
            LLMUsage(**value["usage"]),
            value["finish_reason"],
            tuple(_attempt_of(item) for item in value["attempts"]),
            value["latency_ms"],
        )


@dataclass(frozen=True, slots=True)
class LLMResponse:
    """What `LLMService.complete` returns.

    Attributes:
        content: the model's words.
        model, provider: who said them.
        usage: tokens counted.
        finish_reason: why it stopped, in the provider's word.
        latency_ms: from asking to having it.
        parsed: an instance of the type that was asked for, None if none was.
        attempts: every try that was made.
    """

    content: str
    model: str
    provider: str
    usage: LLMUsage = LLMUsage()
    finish_reason: str | None = None
    latency_ms: float = 0.0
    parsed: Any = None
    attempts: tuple[LLMAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class CallKey:
    """Where in a simulation a call is made; the simulation's own id is no part of it.

    Attributes:
        cycle, phase, passes: the phase's place in history.
        slot: which call of the phase, such as `act~actor-mayor`.
        attempt: the phase's try: how often its handler has failed so far.
        turn: 0 for the first request, then one for each repair turn.
        request_hash: `LLMRequest.hash`.
    """

    cycle: int
    phase: str
    passes: int
    slot: str
    attempt: int
    turn: int
    request_hash: str

    @property
    def id(self) -> str:
        """A name of 40 hex digits that follows from the fields alone."""
        return sha256(canonical(self.to_json())).hexdigest()[:_ID_LENGTH]

    def to_json(self) -> Json:
        """Return the fields as JSON values."""
        return {
            "cycle": self.cycle,
            "phase": self.phase,
            "passes": self.passes,
            "slot": self.slot,
            "attempt": self.attempt,
            "turn": self.turn,
            "request_hash": self.request_hash,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> CallKey:
        """Return the key that `to_json` wrote."""
        return cls(**value)


def canonical(value: Any) -> bytes:
    """Return the one JSON form of a value that is hashed: sorted keys, no spaces."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise InvalidInputError(f"not a JSON value: {error}") from error


def _usage_json(usage: LLMUsage) -> Json:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "estimated": usage.estimated,
    }


def _attempt_json(item: LLMAttempt) -> Json:
    value: Json = {
        "provider": item.provider,
        "model": item.model,
        "status": item.status,
        "error": item.error,
        "latency_ms": item.latency_ms,
        "usage": _usage_json(item.usage) if item.usage else None,
    }
    return value | {"lost": True} if item.lost else value


def _attempt_of(value: Mapping[str, Any]) -> LLMAttempt:
    usage = value.get("usage")
    return LLMAttempt(**{**value, "usage": LLMUsage(**usage) if usage else None})


def _check_text(text: Any, what: str) -> None:
    if not isinstance(text, str):
        raise InvalidInputError(f"{what} must be text, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"{what} is not valid Unicode at {error.start}") from None


def _check_request(request: LLMRequest) -> None:
    if not request.messages:
        raise InvalidInputError("a request needs at least one message")
    for message in request.messages:
        if not isinstance(message, LLMMessage):
            raise InvalidInputError(f"a request is made of LLMMessage, not {message!r:.80}")
    if isinstance(request.max_tokens, bool) or not isinstance(request.max_tokens, int):
        raise InvalidInputError(
            f"max_tokens must be a whole number, not {request.max_tokens!r:.40}"
        )
    if not 1 <= request.max_tokens <= 1 << 24:
        raise InvalidInputError(f"max_tokens must be from 1 to 2^24, not {request.max_tokens}")
    _check_number("temperature", request.temperature, 0.0, 2.0)
    _check_number("top_p", request.top_p, 0.0, 1.0)
    if request.seed is not None and not isinstance(request.seed, int):
        raise InvalidInputError(f"seed must be a whole number, not {request.seed!r:.40}")
    if request.seed is not None and not -(1 << 63) <= request.seed < 1 << 63:
        raise InvalidInputError("seed must fit into 64 bits")
    for text in (request.role, request.schema_name, *request.stop):
        _check_text(text, "role, schema_name and stop")


def _check_number(name: str, value: Any, low: float, high: float) -> None:
    if value is None:
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise InvalidInputError(f"{name} must be from {low:g} to {high:g}, not {value!r:.40}")
