"""Settling an attempt: what it spent, what it lost, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence

from scrai.llm._books import Draft
from scrai.llm._budget import Budget, in_words
from scrai.llm._desk import Desk
from scrai.llm._ledger import Account
from scrai.llm._records import Entry
from scrai.llm._recovery import Recovered, lose_entries
from scrai.llm._sites import Settlement

Condemned = tuple[int, str, int, int]


async def settle(
    desk: Desk,
    path: str,
    budget: Budget,
    paid: Sequence[Entry],
    unanswered: Sequence[Entry],
    condemned: Condemned | None,
) -> tuple[Settlement, list[str]]:
    """Return what closes the grant of an attempt, and what is to be noted once.

    Requests that were cut off are booked as lost first, in a commit of their own.
    """
    books = desk.books
    lost = Recovered()
    await books.refresh(desk.name if desk.opened else None)
    await lose_entries(books, path, desk.name, unanswered, lost)
    found = Settlement()
    for entry in sorted(paid, key=_by_slot):
        found.costs += [entry.cost_record(), *entry.loss_records()]
    notes = []
    if lost.lost_calls:
        notes.append(f"calls cut off: {lost.lost_calls}, booked as lost: {in_words(lost.lost)}")
    if not desk.opened and condemned is None:
        return found, notes
    draft = books.draft()
    if condemned is not None:
        draft.ledger.condemned = condemned
    if desk.opened:
        found.notes += _lost_attempts(paid)
        spent = desk.purse.spent + desk.purse.booked
        spent.subtract(draft.lose_attempts(desk.name, paid))
        draft.settle(desk.name, spent[""], +spent)
        found.notes += _warnings(draft, budget)
    found.writes = draft.writes()
    return found, notes


def _by_slot(entry: Entry) -> tuple[str, int]:
    return entry.key.slot, entry.key.turn


def _lost_attempts(paid: Sequence[Entry]) -> list[str]:
    count = sum(loss.attempts for entry in paid for loss in entry.losses)
    if not count:
        return []
    lost = in_words(sum(entry.lost for entry in paid))
    return [f"attempts that may have been worked on in vain: {count}, booked as lost: {lost}"]


def _warnings(draft: Draft, budget: Budget) -> list[str]:
    ledger = draft.ledger
    accounts: list[tuple[str, Account | None, int | None]] = [
        ("the simulation", ledger.total, budget.simulation),
        (f"cycle {ledger.cycle}", ledger.of_cycle, budget.cycle),
        (f"batch {budget.batch}", draft.shared(), budget.batch_limit),
    ]
    accounts += [
        (f"actor {name}", account, budget.of_actor(name)) for name, account in draft.actors.items()
    ]
    return [
        f"budget: {account.used * 100 // limit} % of the {in_words(limit)} of {what} is used"
        for what, account, limit in accounts
        if account is not None and account.warns(limit) and limit
    ]
