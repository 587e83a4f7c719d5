"""What calls to models did cost, as plain values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from scrai.store import DocumentStore

if TYPE_CHECKING:
    from scrai.llm import CostTotal


async def read_costs(store: DocumentStore, simulation_id: str) -> dict[str, Any]:
    """Return the costs of a simulation: the total, and by actor, phase, model and cycle.

    Money is in US dollars. `settled_usd` and `lost_usd` are what the ledger says, `open_usd` is
    reserved by a phase that is under way (or was, when its worker died).
    """
    from scrai.llm import costs_of, usd

    report = await costs_of(store, simulation_id)
    parts = {
        name: {key: _total(each) for key, each in getattr(report, name).items()}
        for name in ("by_actor", "by_phase", "by_model", "by_cycle")
    }
    return {
        "simulation_id": simulation_id,
        "total": _total(report.total),
        **parts,
        "settled_usd": usd(report.settled),
        "lost_usd": usd(report.lost),
        "open_usd": usd(report.open),
        "limit_usd": None if report.limit is None else usd(report.limit),
    }


def _total(total: CostTotal) -> dict[str, Any]:
    from scrai.llm import usd

    found = asdict(total)
    found["cost_usd"], found["lost_usd"] = usd(found.pop("cost")), usd(found.pop("lost"))
    found["latency_ms"] = round(found["latency_ms"], 3)
    return found
