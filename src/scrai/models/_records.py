"""What the engine keeps beside the entities: commands, journal, lease, costs."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from scrai.models._base import DocumentId, JsonObject, Model, UtcDatetime, WallDatetime, from_clock
from scrai.models._enums import CommandKind, Decision, SimulationPhase, StepKind
from scrai.models._simulation import Count

ENTITY_COLLECTIONS = ("actors", "events", "actions")


class Command(Model):
    """A wish from outside, waiting in the inbox for the next step.

    Attributes:
        collection, entity_id: what it is about; None for commands about the simulation. The
            collection follows from the kind, except for `decide`.
        payload: inject: the entity; update: the new field values; decide: `decision` and what
            belongs to it; configure: the settings.
        expected_step: refuse the command if the simulation is not at this step any more.
    """

    model_config = ConfigDict(frozen=True)

    id: DocumentId
    kind: CommandKind
    collection: str | None = None
    entity_id: str | None = None
    payload: JsonObject = Field(default_factory=dict)
    submitted_at: WallDatetime = from_clock()
    by: str | None = None
    expected_step: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_collection(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and fields.get("collection") is None:
            collection = collection_of(str(fields.get("kind")))
            if collection is not None:
                return {**fields, "collection": collection}
        return fields

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind is CommandKind.DECIDE:
            self._check_decision()
        elif self.collection != collection_of(self.kind):
            raise ValueError(f"{self.kind} is not about {self.collection}")
        if (self.collection is None) is not (self.entity_id is None):
            raise ValueError(
                f"{self.kind} needs an entity_id" if self.collection else f"{self.kind} takes none"
            )
        return self

    def _check_decision(self) -> None:
        if self.collection not in {"events", "actions"}:
            raise ValueError("decide needs collection events or actions")
        if self.payload.get("decision") not in list(Decision):
            raise ValueError(f"decide needs payload.decision: {', '.join(Decision)}")

    @property
    def decision(self) -> Decision | None:
        """What was decided, for a `decide` command."""
        return Decision(self.payload["decision"]) if self.kind is CommandKind.DECIDE else None


def collection_of(kind: str) -> str | None:
    """Return the collection that a kind of command is about, if it follows from the kind."""
    plural = f"{kind.rpartition('_')[2]}s"
    return plural if plural in ENTITY_COLLECTIONS else None


class JournalEntry(Model):
    """One committed step, `simulations/{id}/steps/{n}`: all that it did and why.

    Attributes:
        passes: the number of this pass among the committed ones of its phase and cycle.
        patches: what changed, by part and entity.
        snapshot: where the snapshot taken with this step is, if one was.
        target: the step that a restore went back to.
        metrics: what the scenario measured, at Snapshot.
        head: the whole head, in the first entry of a simulation.
        forced: the phase was asked for out of its order.
        failure: why a try of the phase failed, in control entries.
        status: the simulation's new status, if the step changed it.
    """

    model_config = ConfigDict(frozen=True)

    step: Count
    commit_id: str
    kind: StepKind
    phase: SimulationPhase | None = None
    cycle: Count = 0
    passes: Count = 0
    next_phase: SimulationPhase | None = None
    hash: str = ""
    patches: JsonObject = Field(default_factory=dict)
    commands: list[Command] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    metrics: dict[str, float] = Field(default_factory=dict)
    generated_event_ids: list[str] = Field(default_factory=list)
    generated_action_ids: list[str] = Field(default_factory=list)
    started_at: UtcDatetime | None = None
    duration_ms: Annotated[float, Field(ge=0)] = 0.0
    versions: JsonObject = Field(default_factory=dict)
    position: JsonObject = Field(default_factory=dict)
    snapshot: JsonObject | None = None
    target: JsonObject | None = None
    head: JsonObject | None = None
    forced: bool = False
    failure: str | None = None
    status: str | None = None


class Lease(Model):
    """Who is stepping a simulation. Advisory: correctness comes from the fenced commit."""

    model_config = ConfigDict(frozen=True)

    owner: Annotated[str, Field(min_length=1)]
    token: Count
    ttl_seconds: Annotated[float, Field(gt=0)]
    host: str = ""
    pid: Count = 0
    process_start: str = ""


class CostRecord(Model):
    """What one turn of a model call cost.

    Attributes:
        step: the step that its phase made, or was to make.
        actor_id: on whose behalf it was made.
        input_tokens, output_tokens, cached_tokens: as the provider counted; cached ones are part
            of the input.
        cost: in US dollars, None where no price is known.
        latency_ms: from the first attempt to the end, waiting included.
        attempts: how often a provider was asked.
        cache_hit: served from the cache of an earlier run.
        flag: `lost` (asked, but what it cost is not known: booked at its worst case; either a
            request whose outcome nobody knows, or attempts that failed and may have been worked
            on all the same, beside the record of their turn), `orphan` (of
            a phase that was not run again), `overrun` (cost more than was reserved; `cost` is
            what was reserved), the kind of its failure, `estimated` (the provider did not say how
            many tokens it counted: the figures are upper bounds), or None.
        call_id: the record of the call, `simulations/{id}/calls/{call_id}`.
        slot, turn: which call of the phase, and which of its turns.
        prices: US dollars per million tokens: `input`, `output`, `cached`.
    """

    model_config = ConfigDict(frozen=True)

    step: Count
    cycle: Count
    phase: SimulationPhase
    actor_id: str | None = None
    provider: str
    model: str
    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_tokens: Count = 0
    cost: Annotated[float, Field(ge=0)] | None = None
    latency_ms: Annotated[float, Field(ge=0)] = 0.0
    attempts: Count = 1
    cache_hit: bool = False
    flag: str | None = None
    call_id: str | None = None
    slot: str | None = None
    turn: Count = 0
    prices: dict[str, float] | None = None
