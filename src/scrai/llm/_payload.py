"""Requests as chat completions: the body that is sent, and how a schema is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b
from typing import Any, Final

import orjson

from scrai.llm._attempt import AttemptError
from scrai.llm._schema import is_strict
from scrai.llm._types import FailureKind, Json, LLMRequest, canonical

_CACHED: Final = 256
_SERVER_ERROR: Final = 500
_WORDS: Final = re.compile(
    r"response_format|json|schema|grammar|format|structured|extra|"
    r"unknown (field|param)|unrecognized|unsupported|not support",
    re.IGNORECASE,
)
_WHOLE: Final = re.compile(r"response_format|json_schema|json_object", re.IGNORECASE)
_RENAMED: Final = "max_completion_tokens"


class Mode(IntEnum):
    """How a provider is asked to keep to a schema, from the surest way down."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    PROMPT = 2


@dataclass(frozen=True, slots=True)
class Prepared:
    """A schema made ready to be sent, once."""

    digest: bytes
    text: str
    strict: bool


class Payloads:
    """Writes the bodies for one provider, and remembers what its models do not take."""

    def __init__(self) -> None:
        self._prepared: dict[int, tuple[Json, Prepared]] = {}
        self._modes: dict[tuple[str, bytes], Mode] = {}
        self._renamed: set[str] = set()

    def mode(self, request: LLMRequest, model: str) -> Mode:
        """Return the surest way that is not known to be refused."""
        if request.schema is None:
            return Mode.JSON_SCHEMA
        digest = self._ready(request.schema).digest
        return max(
            self._modes.get((model, b""), Mode.JSON_SCHEMA),
            self._modes.get((model, digest), Mode.JSON_SCHEMA),
        )

    def body(self, request: LLMRequest, model: str, mode: Mode, *, stream: bool = False) -> bytes:
        """Return the JSON body of a request."""
        messages = [{"role": item.role, "content": item.content} for item in request.messages]
        body: Json = {"model": model, "messages": messages}
        body[_RENAMED if model in self._renamed else "max_tokens"] = request.max_tokens
        for name in ("temperature", "top_p", "seed"):
            if (value := getattr(request, name)) is not None:
                body[name] = value
        if request.stop:
            body["stop"] = request.stop
        if stream:
            body["stream"] = True
        if request.schema is not None:
            self._ask_for_schema(body, request, mode)
        return orjson.dumps(body)

    def _ask_for_schema(self, body: Json, request: LLMRequest, mode: Mode) -> None:
        ready = self._ready(request.schema or {})
        if mode is Mode.JSON_SCHEMA:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": request.schema_name,
                    "schema": orjson.Fragment(ready.text),
                    "strict": ready.strict,
                },
            }
            return
        if mode is Mode.JSON_OBJECT:
            body["response_format"] = {"type": "json_object"}
        body["messages"] = _instructed(body["messages"], ready.text)

    def learn(
        self, error: AttemptError, request: LLMRequest, model: str, mode: Mode
    ) -> Mode | None:
        """Return the next way after a refusal, None if the way was not what was refused.

        What is returned is remembered: for the model where the refusal names the response
        format, otherwise for this schema.
        """
        if error.status is None or error.kind is FailureKind.TOO_LARGE:
            return None
        if _RENAMED in error.message:
            self._renamed.add(model)
            return mode
        if request.schema is None or mode is Mode.PROMPT or not _about_format(error):
            return None
        whole = _WHOLE.search(error.message)
        place = (model, b"" if whole else self._ready(request.schema).digest)
        # Calls that were under way at once may have come further already.
        self._modes[place] = max(Mode(mode + 1), self._modes.get(place, Mode.JSON_SCHEMA))
        return self.mode(request, model)

    def _ready(self, schema: Json) -> Prepared:
        # By identity: a Structured has one schema for life, and writing it out costs more than
        # all the rest of a request.
        found = self._prepared.get(id(schema))
        if found is None or found[0] is not schema:
            data = canonical(schema)
            digest = blake2b(data, digest_size=16).digest()
            found = (schema, Prepared(digest, orjson.dumps(schema).decode(), is_strict(schema)))
            if len(self._prepared) >= _CACHED:
                self._prepared.pop(next(iter(self._prepared)))
            self._prepared[id(schema)] = found
        return found[1]


def refuses_format(error: AttemptError) -> bool:
    """Say whether a server error comes of the schema, so that to repeat it is no use."""
    return (
        error.status is not None
        and error.status >= _SERVER_ERROR
        and re.search(r"grammar|response_format|json_schema", error.message) is not None
    )


def _about_format(error: AttemptError) -> bool:
    bare = error.message == f"HTTP {error.status}"
    refused = error.kind is FailureKind.REJECTED and error.status not in (401, 402, 403)
    return (refused and (bare or _WORDS.search(error.message) is not None)) or refuses_format(error)


def _instructed(messages: list[Any], schema: str) -> list[Any]:
    """Put the schema into the first system message; templates of chats often allow but one."""
    text = (
        "Reply with one JSON value that matches this JSON schema, and with nothing else: no "
        f"prose, no code fence.\n{schema}"
    )
    first = messages[0]
    if first["role"] == "system":
        return [{"role": "system", "content": f"{first['content']}\n\n{text}"}, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]
