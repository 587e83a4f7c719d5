"""The ledger of a simulation: it is there from the first to the last, and fences what is spent.

Whatever is written about calls to models changes the ledger in the same commit, under its
revision. So once the ledger is gone nothing of that kind can appear any more.
"""

from __future__ import annotations

from typing import Any, Final

from scrai.data._mapping import SIMULATIONS
from scrai.errors import ConflictError, DocumentMissingError
from scrai.store import DocumentStore, Write, create, delete, update

LEDGER: Final = "ledger"
_ROUNDS: Final = 200


def money_of(simulation_id: str) -> str:
    """Return the collection of a simulation's accounts."""
    return f"{SIMULATIONS}/{simulation_id}/money"


def ledger_write(simulation_id: str) -> Write:
    """Return the write that gives a new simulation its ledger, in which there is nothing."""
    nothing: dict[str, Any] = {
        "grants": {},
        "limit": None,
        "lost": 0,
        "settled": 0,
        "warned": False,
    }
    value = {
        "beat": 0,
        "condemned": None,
        "cycle": 0,
        "details": {},
        "of_cycle": nothing,
        "total": nothing,
    }
    return create(money_of(simulation_id), LEDGER, value)


async def has_open_grants(store: DocumentStore, simulation_id: str) -> bool:
    """Whether an attempt of a phase holds money that is not settled."""
    ledger = await store.get(money_of(simulation_id), LEDGER)
    return ledger is not None and bool(ledger.value()["details"])


async def close_ledger(store: DocumentStore, simulation_id: str) -> int:
    """Delete the ledger of a simulation that is being deleted.

    What it holds of batch budgets is booked there as lost in the same commit: nobody can say any
    more what of it was spent. (`scrai.llm.recover`, called before, can.) Returns it in nano-USD.
    """
    for _ in range(_ROUNDS):
        ledger = await store.get(money_of(simulation_id), LEDGER)
        if ledger is None:
            return 0
        writes = [delete(ledger.collection, ledger.id, expected=ledger.revision)]
        lost = 0
        for batch, names in _held(ledger.value()).items():
            write, amount = await _forfeit(store, batch, names)
            writes += [write] if write else []
            lost += amount
        try:
            await store.commit(writes)
        except (ConflictError, DocumentMissingError):
            continue
        return lost
    raise ConflictError(f"the money of simulation {simulation_id} keeps changing")


def _held(value: dict[str, Any]) -> dict[str, list[str]]:
    """Return the names of open grants, by batch budget."""
    held: dict[str, list[str]] = {}
    for name, grant in value["details"].items():
        if grant["batch"] is not None:
            held.setdefault(grant["batch"], []).append(name)
    return held


async def _forfeit(store: DocumentStore, batch: str, names: list[str]) -> tuple[Write | None, int]:
    document = await store.get("budgets", batch)
    if document is None:
        return None, 0
    value = document.value()
    lost = sum(value["grants"].pop(name, 0) for name in names)
    value["lost"] += lost
    return update("budgets", batch, value, expected=document.revision), lost
