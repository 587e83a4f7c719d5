"""Records of calls: `simulations/{id}/calls/{key}`, one for each turn of each logical call.

The payload holds the figures; the request and the outcome are opaque bytes beside it, so that
no text of a model or a schema can clash with what stores refuse in JSON, and nothing is encoded
twice. Texts that would make the document long go to blobs of their own collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from scrai.errors import StoreCorruptError
from scrai.llm._losses import Loss
from scrai.llm._types import CallKey, LLMOutcome, LLMRequest, canonical
from scrai.models import CostRecord, SimulationPhase
from scrai.store import (
    BlobRef,
    Column,
    Document,
    DocumentStore,
    Payload,
    Write,
    create,
    encode,
    get_blob,
    put_blob,
    update,
    upsert,
)

REQUESTED: Final = "requested"
DONE: Final = "done"
LOST: Final = "lost"
INLINE: Final = 40_000
"""Bytes of a request, and of an outcome, above which they are blobs."""


@dataclass(slots=True)
class Entry:
    """One turn of a logical call, on its way from `requested` to `done`.

    Attributes:
        key, id: which call it is; `id` is `key.id`.
        role, actor: of the request.
        step: the step that its phase makes.
        grant: the grant that pays for it.
        worst: the most that this turn can cost, in nano-USD; None where no price is known. It
            rises before another attempt is made after a lost one.
        request, outcome: canonical JSON.
        state: requested, done or lost.
        cost: what it did cost in nano-USD, None where no price is known.
        booked: what the budgets pay: the cost, but never more than was reserved.
        losses: its attempts that may have been worked on in vain, at their worst case.
        figures: what a cost record says besides.
        blobs: references of those of `request` and `outcome` that are too long for a document.
        revision: of the stored document; None before there is one.
        stored: this very entry has been written.
    """

    key: CallKey
    id: str
    role: str
    actor: str | None
    step: int
    grant: str
    worst: int | None
    request: bytes
    outcome: bytes = b""
    state: str = REQUESTED
    cost: int | None = None
    booked: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    blobs: dict[str, Any] = field(default_factory=dict)
    revision: str | None = None
    stored: bool = False

    @classmethod
    def of(
        cls,
        key: CallKey,
        request: LLMRequest,
        actor: str | None,
        step: int,
        grant: str,
        worst: int | None,
    ) -> Entry:
        """Return the entry of a request that is to be sent."""
        text = canonical(request.to_json())
        return cls(key, key.id, request.role, actor, step, grant, worst, text)

    def forget_texts(self) -> None:
        """Keep the figures only, once the document is stored."""
        self.request = self.outcome = b""

    def finish(
        self,
        outcome: LLMOutcome,
        cost: int | None,
        reserved: int | None,
        losses: Sequence[Loss] = (),
    ) -> None:
        """Take the outcome in.

        Args:
            outcome: how the turn ended.
            cost: what its counted tokens cost.
            reserved: bounds what is booked, None where nothing was.
            losses: what its lost attempts may have cost.
        """
        self.state = DONE
        self.outcome = canonical(outcome.to_json())
        self.cost = cost
        self.losses = list(losses)
        left = None if reserved is None else max(0, reserved - self.lost)
        self.booked = cost or 0 if left is None else min(cost or 0, left)
        self.figures |= figures_of(outcome)
        if self.booked < (cost or 0):
            self.figures["flag"] = "overrun"

    @property
    def lost(self) -> int:
        """What its lost attempts are booked at, in nano-USD."""
        return sum(loss.amount or 0 for loss in self.losses)

    @property
    def paid(self) -> bool:
        """Whether somebody was asked: then there is a record of its cost."""
        return bool(self.figures.get("provider"))

    def write(self, collection: str) -> Write:
        """Return the write that brings the stored document up to this."""
        columns: dict[str, Column] = {
            "cycle": self.key.cycle,
            "phase": self.key.phase,
            "passes": self.key.passes,
            "grant": self.grant,
            "state": self.state,
        }
        data = _joined(self.request, self.outcome, self.blobs)
        payload = self._payload()
        if self.revision is None:
            return create(collection, self.id, payload, columns, data=data)
        return update(collection, self.id, payload, columns, data=data, expected=self.revision)

    def _payload(self) -> Payload:
        key = self.key
        return encode(
            {
                "actor": self.actor,
                "attempt": key.attempt,
                "blobs": self.blobs,
                "booked": self.booked,
                "cost": self.cost,
                "figures": self.figures,
                "hash": key.request_hash,
                **({"losses": [loss.value() for loss in self.losses]} if self.losses else {}),
                "role": self.role,
                "slot": key.slot,
                "step": self.step,
                "turn": key.turn,
                "worst": self.worst,
            }
        )

    def cost_record(self, flag: str | None = None) -> CostRecord:
        """Return what the journal of costs says of this turn."""
        figures = self.figures
        cost = self.booked if self.cost is not None else None
        estimated = "estimated" if figures.get("estimated") else None
        return CostRecord(
            step=self.step,
            cycle=self.key.cycle,
            phase=SimulationPhase(self.key.phase),
            actor_id=self.actor,
            provider=figures.get("provider", ""),
            model=figures.get("model", ""),
            input_tokens=figures.get("input", 0),
            output_tokens=figures.get("output", 0),
            cached_tokens=figures.get("cached", 0),
            cost=None if cost is None else cost / 1e9,
            latency_ms=figures.get("latency_ms", 0.0),
            attempts=figures.get("attempts", 0) - sum(loss.attempts for loss in self.losses),
            cache_hit=figures.get("cache_hit", False),
            flag=flag or figures.get("flag") or figures.get("failure") or estimated,
            call_id=self.id,
            slot=self.key.slot,
            turn=self.key.turn,
            prices=figures.get("prices"),
        )

    def lost_record(self) -> CostRecord:
        """Return what is booked for a request whose outcome nobody knows: its worst case."""
        worst = None if self.worst is None else self.worst / 1e9
        record = self.cost_record("lost")
        return record.model_copy(update={"cost": worst})

    def loss_records(self) -> list[CostRecord]:
        """Return what the journal of costs says of its lost attempts, besides the turn's own."""
        record = self.cost_record("lost")
        counted = {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "latency_ms": 0.0}
        return [
            record.model_copy(
                update={
                    **counted,
                    "provider": loss.provider,
                    "model": loss.model,
                    "attempts": loss.attempts,
                    "cost": None if loss.amount is None else loss.amount / 1e9,
                    "prices": None,
                }
            )
            for loss in self.losses
        ]


def figures_of(outcome: LLMOutcome) -> dict[str, Any]:
    """Return the figures of an outcome that its document's payload holds."""
    counted = [each.usage for each in outcome.attempts if each.usage and not each.lost]
    usage = sum(counted, outcome.usage)
    return {
        "attempts": len(outcome.attempts),
        "cached": usage.cached_tokens,
        "estimated": usage.estimated,
        "failure": outcome.failure.kind.value if outcome.failure else None,
        "input": usage.input_tokens,
        "latency_ms": round(outcome.latency_ms, 3),
        "model": outcome.model,
        "output": usage.output_tokens,
        "provider": outcome.provider,
    }


def cost_write(path: str, name: str, record: CostRecord) -> Write:
    """Return the write of a cost record that no step brings; `path` is the simulation's."""
    columns: dict[str, Column] = {
        "step": record.step,
        "cycle": record.cycle,
        "phase": record.phase.value,
        "actor": record.actor_id,
        "model": record.model,
    }
    return upsert(f"{path}/costs", name, record.model_dump(mode="json"), columns)


async def move_long_texts(store: DocumentStore, path: str, entry: Entry) -> None:
    """Upload what is too long for the document; `path` is the simulation's."""
    for name, text in (("request", entry.request), ("outcome", entry.outcome)):
        if len(text) > INLINE and name not in entry.blobs:
            ref = await put_blob(store, f"{path}/texts", text)
            entry.blobs = entry.blobs | {name: ref.value()}


def _joined(request: bytes, outcome: bytes, blobs: dict[str, Any]) -> bytes:
    first = b"" if "request" in blobs else request
    second = b"" if "outcome" in blobs else outcome
    return first + b"\n" + second


def read_entry(document: Document) -> Entry:
    """Return the entry in a document; texts in blobs are left empty.

    Raises:
        StoreCorruptError: the document is no record of a call.
    """
    value, columns = document.value(), document.columns
    try:
        key = CallKey(
            cycle=columns["cycle"],  # type: ignore[arg-type]
            phase=columns["phase"],  # type: ignore[arg-type]
            passes=columns["passes"],  # type: ignore[arg-type]
            slot=value["slot"],
            attempt=value["attempt"],
            turn=value["turn"],
            request_hash=value["hash"],
        )
        request, _, outcome = (document.data or b"").partition(b"\n")
        return Entry(
            key=key,
            id=document.id,
            role=value["role"],
            actor=value["actor"],
            step=value["step"],
            grant=str(columns["grant"]),
            worst=value["worst"],
            request=request,
            outcome=outcome,
            state=str(columns["state"]),
            cost=value["cost"],
            booked=value["booked"],
            figures=value["figures"],
            losses=[Loss(**item) for item in value.get("losses", ())],
            blobs=value["blobs"],
            revision=document.revision,
        )
    except KeyError as error:
        raise StoreCorruptError(f"{document.path} is no record of a call: no {error}") from error


async def request_of(store: DocumentStore, entry: Entry) -> LLMRequest:
    """Return the recorded request."""
    return LLMRequest.from_json(await _text(store, entry, "request", entry.request))


async def outcome_of(store: DocumentStore, entry: Entry) -> LLMOutcome:
    """Return the recorded outcome."""
    return LLMOutcome.from_json(await _text(store, entry, "outcome", entry.outcome))


async def _text(store: DocumentStore, entry: Entry, name: str, inline: bytes) -> Any:
    ref = entry.blobs.get(name)
    data = inline if ref is None else await get_blob(store, BlobRef.read(ref))
    try:
        return orjson.loads(data)
    except ValueError as error:
        raise StoreCorruptError(f"the {name} of call {entry.id} is not JSON: {error}") from error
