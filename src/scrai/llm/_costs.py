"""What a simulation's calls did cost, and who or what it was spent on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from scrai.data import LEDGER, SIMULATIONS
from scrai.llm._budget import NANO
from scrai.llm._ledger import Ledger
from scrai.models import CostRecord
from scrai.store import DocumentStore, Order, Query, stream

_PAGE = 500


@dataclass(slots=True)
class CostTotal:
    """A sum over turns of calls.

    Attributes:
        calls: how many turns, those without an outcome included.
        attempts: how often providers were asked.
        input_tokens, output_tokens, cached_tokens: as counted by the providers.
        cost: what is known to be spent, in nano-USD.
        lost: worst cases of requests and attempts that may have been worked on without telling
            what they cost, in nano-USD; not in `cost`.
        unpriced: turns of which no price is known, so that `cost` is too low.
        cache_hits: turns that were served from the cache of earlier runs.
        failures: turns that ended with a failure.
        latency_ms: the sum of waiting.
    """

    calls: int = 0
    attempts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost: int = 0
    lost: int = 0
    unpriced: int = 0
    cache_hits: int = 0
    failures: int = 0
    latency_ms: float = 0.0

    def add(self, record: CostRecord) -> None:
        """Count a turn."""
        amount = round((record.cost or 0.0) * NANO)
        lost = record.flag == "lost"
        # The lost attempts of a turn with an outcome have a record beside the turn's own.
        self.calls += not (lost and record.attempts)
        self.attempts += record.attempts
        self.input_tokens += record.input_tokens
        self.output_tokens += record.output_tokens
        self.cached_tokens += record.cached_tokens
        self.cost += 0 if lost else amount
        self.lost += amount if lost else 0
        self.unpriced += record.cost is None
        self.cache_hits += record.cache_hit
        self.failures += record.flag not in _NO_FAILURE
        self.latency_ms += record.latency_ms


_NO_FAILURE = frozenset({None, "lost", "orphan", "overrun", "estimated"})


@dataclass(slots=True)
class CostReport:
    """The costs of a simulation.

    Attributes:
        rows: one for each turn that was paid for or lost, in the order of steps.
        total: the sum of all.
        by_actor, by_phase, by_model, by_cycle: the same, taken apart; `""` is no actor.
        settled, lost, open: what the ledger says, in nano-USD; open is granted to an attempt that
            is under way, or that died (`recover` closes it).
        limit: of the simulation, as of the last call; None is no limit.
    """

    rows: list[CostRecord] = field(default_factory=list)
    total: CostTotal = field(default_factory=CostTotal)
    by_actor: dict[str, CostTotal] = field(default_factory=dict)
    by_phase: dict[str, CostTotal] = field(default_factory=dict)
    by_model: dict[str, CostTotal] = field(default_factory=dict)
    by_cycle: dict[str, CostTotal] = field(default_factory=dict)
    settled: int = 0
    lost: int = 0
    open: int = 0
    limit: int | None = None

    def add(self, record: CostRecord) -> None:
        """Count a turn in all tables."""
        self.rows.append(record)
        self.total.add(record)
        for name, key in _KEYS.items():
            getattr(self, name).setdefault(key(record), CostTotal()).add(record)


_KEYS: dict[str, Callable[[CostRecord], str]] = {
    "by_actor": lambda record: record.actor_id or "",
    "by_phase": lambda record: record.phase.value,
    "by_model": lambda record: f"{record.provider}/{record.model}".strip("/"),
    "by_cycle": lambda record: str(record.cycle),
}


async def costs_of(store: DocumentStore, simulation_id: str) -> CostReport:
    """Return what the calls of a simulation did cost; empty for one that never made a call."""
    path = f"{SIMULATIONS}/{simulation_id}"
    report = CostReport()
    query = Query(f"{path}/costs", order=(Order("step"),))
    async for document in stream(store, query, page=_PAGE):
        report.add(CostRecord.model_validate(document.value()))
    found = await store.get(f"{path}/money", LEDGER)
    if found is not None:
        account = Ledger.read(found.value(), found.path).total
        report.settled, report.lost = account.settled, account.lost
        report.open, report.limit = account.open, account.limit
    return report
