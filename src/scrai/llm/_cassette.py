"""A provider that plays a recording: the calls of an earlier run, from a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson

from scrai.errors import ConfigurationError
from scrai.llm._base import LLMClient
from scrai.llm._deadline import Deadline
from scrai.llm._failures import UNREACHED, error_of, usable_text
from scrai.llm._providers import REPLAY
from scrai.llm._types import CallKey, FailureKind, LLMFailure, LLMOutcome, LLMRequest

_HEAD: Final = "scrai_cassette"
_VERSION: Final = 1
_OUTAGE: Final = UNREACHED | {FailureKind.REJECTED, FailureKind.CANCELLED}


class ReplayClient(LLMClient):
    """Serves what `scrai simulation export --cassette` wrote, without any network.

    A call with a key is served its own record; one of an earlier try of the phase stands in, as
    it did in the run. An outage is not played again: where a later try got a reply, that is served.
    A call without a key is served the first record of the same request. What
    is not recorded is a failure `unrecorded`, never something else.

    Args:
        path: the file, read when the first call is asked.
    """

    label = REPLAY

    def __init__(self, path: str | Path) -> None:
        self.model = str(path)
        self._path = Path(path).expanduser()
        self._by_id: dict[str, LLMOutcome] = {}
        self._by_place: dict[tuple[Any, ...], dict[int, LLMOutcome]] = {}
        self._by_hash: dict[str, LLMOutcome] = {}
        self._read = False

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Return the recorded outcome of a call."""
        self._load()
        found = self._by_hash.get(request.hash) if key is None else self._of_key(key)
        if found is not None:
            return replace(
                found,
                provider=self.label,
                model=f"{found.provider}/{found.model}",
                attempts=(),
                latency_ms=0.0,
            )
        where = f"{key.phase} of cycle {key.cycle}, {key.slot}" if key else "such a request"
        return LLMOutcome.failed(
            FailureKind.UNRECORDED,
            f"{self._path.name} holds no reply for {where}",
            provider=self.label,
            model=self.model,
        )

    async def embed(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Return the recorded vectors; they are a record like any other."""
        return await self.complete(request, key=key, deadline=deadline)

    async def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        """Yield the recorded reply in one piece."""
        outcome = await self.complete(request)
        if outcome.failure is not None and not usable_text(outcome):
            raise error_of(outcome.failure, outcome)
        yield outcome.content or ""

    async def list_models(self) -> list[str]:
        """Return the models whose replies are recorded."""
        try:
            self._load()
        except ConfigurationError as error:
            raise error_of(LLMFailure(FailureKind.UNAVAILABLE, error.message)) from error
        return sorted({f"{item.provider}/{item.model}" for item in self._by_id.values()})

    def _of_key(self, key: CallKey) -> LLMOutcome | None:
        tries = self._by_place.get(_place(key), {})
        order = sorted(tries, key=lambda number: (number > key.attempt, abs(key.attempt - number)))
        reached = [tries[number] for number in order if _was_reached(tries[number])]
        return next(iter(reached or [tries[number] for number in order]), None)

    def _load(self) -> None:
        if self._read:
            return
        for number, line in enumerate(_lines(self._path), 1):
            try:
                self._add(orjson.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise _no_recording(self._path, number) from error
        self._read = True

    def _add(self, record: dict[str, Any]) -> None:
        if _HEAD in record:
            if record[_HEAD] != _VERSION:
                raise ConfigurationError(
                    f"{self._path} is a recording of version {record[_HEAD]!r:.20}; this ScrAI "
                    f"reads version {_VERSION}"
                )
            return
        key = CallKey.from_json(record["key"])
        outcome = LLMOutcome.from_json(record["outcome"])
        self._by_id[key.id] = outcome
        self._by_place.setdefault(_place(key), {})[key.attempt] = outcome
        self._by_hash.setdefault(key.request_hash, outcome)


def recorded_minds(path: str | Path) -> dict[str, Any] | None:
    """Return the settings of minds that a cassette brings, None if it has none.

    Raises:
        ConfigurationError: the file cannot be read, or is no cassette.
    """
    file = Path(path).expanduser()
    try:
        with file.open("rb") as handle:
            first = handle.readline()
        found = orjson.loads(first).get("minds")
    except OSError as error:
        raise _unreadable(file, error) from None
    except (ValueError, AttributeError):
        raise _no_recording(file, 1) from None
    if found is not None and not isinstance(found, dict):
        raise _no_recording(file, 1)
    return found


def _no_recording(path: Path, number: int) -> ConfigurationError:
    return ConfigurationError(
        f"{path}, line {number}: not of a recording",
        hint="recordings are written by `scrai simulation export --cassette`",
    )


def _unreadable(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the recording {path} cannot be read: {error.strerror}", hint="replay:FILE.jsonl"
    )


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise _unreadable(path, error) from None


def _was_reached(outcome: LLMOutcome) -> bool:
    return outcome.failure is None or outcome.failure.kind not in _OUTAGE


def _place(key: CallKey) -> tuple[Any, ...]:
    return (key.cycle, key.phase, key.passes, key.slot, key.turn, key.request_hash)
