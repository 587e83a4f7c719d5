"""Money that a simulation holds of a budget that others share, when the simulation goes."""

from __future__ import annotations

from typing import Any, Final

from scrai.data._mapping import SIMULATIONS
from scrai.errors import ConflictError, DocumentMissingError
from scrai.store import DocumentStore, Write, update

_ROUNDS: Final = 200


async def forfeit_grants(store: DocumentStore, simulation_id: str) -> int:
    """Book what a simulation holds of batch budgets as lost; return it in nano-USD.

    Nobody can say any more what of it was spent. (`scrai.llm.recover`, called before, can.)
    """
    for _ in range(_ROUNDS):
        ledger = await store.get(f"{SIMULATIONS}/{simulation_id}/money", "ledger")
        if ledger is None:
            return 0
        value = ledger.value()
        held = _held(value)
        if not held:
            return 0
        closed = {**value, "details": {}, "beat": value["beat"] + 1}
        writes = [update(ledger.collection, ledger.id, closed, expected=ledger.revision)]
        lost = 0
        for batch, names in held.items():
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
