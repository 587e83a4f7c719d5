"""What dead attempts left behind: their open grants, their unanswered requests, their replies.

A request without an outcome may have been answered and charged for: it is booked as lost at its
worst case, which its record says; so are the lost attempts of one with an outcome. A recorded
outcome is paid for once: by the attempt that takes the phase over, or at once where the phase is
not run again. The rest of a grant comes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scrai.data import SIMULATIONS
from scrai.llm._books import Books, Draft
from scrai.llm._ledger import Grant
from scrai.llm._records import DONE, LOST, REQUESTED, Entry, cost_write, read_entry
from scrai.store import DocumentStore, Query, Where, Write, stream

_CHUNK_WRITES = 100
_CHUNK_BYTES = 1_000_000
_PAGE = 200


@dataclass(slots=True)
class Recovered:
    """What was put right.

    Attributes:
        grants: how many open grants of dead attempts were closed.
        lost: what was booked as lost, in nano-USD, and for how many requests.
        settled: what recorded outcomes of phases that were not run again did cost.
    """

    grants: int = 0
    lost: int = 0
    lost_calls: int = 0
    settled: int = 0
    settled_calls: int = 0


async def load_pass(
    store: DocumentStore, path: str, place: tuple[int, str, int]
) -> dict[str, Entry]:
    """Return all records of a pass, by id; `path` is the simulation's."""
    cycle, phase, passes = place
    where = (
        Where("cycle", "==", cycle),
        Where("phase", "==", phase),
        Where("passes", "==", passes),
    )
    query = Query(f"{path}/calls", where)
    return {each.id: read_entry(each) async for each in stream(store, query, page=_PAGE)}


async def recover(store: DocumentStore, simulation_id: str) -> Recovered:
    """Close every open grant of a simulation that nobody is stepping.

    A worker that steps it all the same finds its grant closed and stops (StepConflictError); what
    it had asked for is booked as lost.
    """
    path = f"{SIMULATIONS}/{simulation_id}"
    books = Books(store, path)
    await books.load()
    return await close_grants(store, path, books, keep=None)


async def close_grants(
    store: DocumentStore, path: str, books: Books, keep: tuple[int, str, int] | None
) -> Recovered:
    """Close the open grants of dead attempts, but those that a new one of `keep` can take over."""
    found = Recovered()
    for name, grant in list(books.ledger.details.items()):
        if grant.place == keep and grant.batch == books.batch_name:
            continue
        await _close(store, path, name, grant, found)
    return found


async def _close(
    store: DocumentStore, path: str, name: str, grant: Grant, found: Recovered
) -> None:
    books = Books(store, path, grant.batch)
    await books.load(grant.actors)
    if name not in books.ledger.details:
        return
    entries = _of_grant(await load_pass(store, path, grant.place), grant.names)
    await lose_entries(books, path, name, _in_state(entries, REQUESTED), found)
    done = [entry for entry in _in_state(entries, DONE) if entry.paid]
    writes = [cost_write(path, f"orphan-{each.id}", each.cost_record("orphan")) for each in done]
    writes += [
        cost_write(path, f"lost-{each.id}-{number}", record)
        for each in done
        for number, record in enumerate(each.loss_records())
    ]
    spent, by_actor = _spent(done)
    cut = max(0, len(writes) - _CHUNK_WRITES)
    for start in range(0, cut, _CHUNK_WRITES):
        chunk = writes[start : min(cut, start + _CHUNK_WRITES)]
        await _fenced(books, name, chunk)

    def change(draft: Draft) -> list[Write]:
        draft.lose_attempts(name, done)
        draft.settle(name, spent, by_actor)
        return writes[cut:]

    await books.commit(change, grant=name)
    found.grants += 1
    found.lost += sum(each.lost for each in done)
    found.lost_calls += sum(loss.attempts for each in done for loss in each.losses)
    found.settled += spent
    found.settled_calls += len(done)


async def _fenced(books: Books, name: str, writes: Sequence[Write]) -> None:
    """Make writes that only count while a grant is open."""

    def change(_: Draft) -> Sequence[Write]:
        return writes

    await books.commit(change, grant=name)


async def take_over(
    store: DocumentStore,
    path: str,
    books: Books,
    name: str,
    grant: Grant,
    entries: dict[str, Entry],
) -> tuple[list[Entry], Recovered]:
    """Let a new attempt have what dead attempts of the same pass were granted.

    Returns the recorded outcomes that the new attempt has to settle, and what was lost.
    """
    found = Recovered()
    place = grant.place
    mine = [
        old
        for old, detail in books.ledger.details.items()
        if detail.place == place and detail.batch == books.batch_name
    ]
    if not mine:
        return [], found
    await books.know(actor for old in mine for actor in books.ledger.details[old].actors)

    def change(draft: Draft) -> list[Write]:
        draft.open(name, grant)
        for old in mine:
            draft.hand_over(old, name)
        return []

    await books.commit(change, grant=mine[0])
    names = books.ledger.details[name].names
    taken = _of_grant(entries, names)
    await lose_entries(books, path, name, _in_state(taken, REQUESTED), found)
    return _in_state(taken, DONE), found


async def lose_entries(
    books: Books, path: str, name: str, entries: Sequence[Entry], found: Recovered
) -> None:
    """Book requests whose outcome nobody knows at their worst case, out of an open grant."""
    for chunk in _chunks(entries):
        for entry in chunk:
            entry.state = LOST

        def change(draft: Draft, chunk: list[Entry] = chunk) -> list[Write]:
            for entry in chunk:
                draft.lose(name, entry.worst or 0, entry.actor)
            records = [
                cost_write(path, f"lost-{entry.grant}-{entry.id}", entry.lost_record())
                for entry in chunk
            ]
            return [*(entry.write(f"{path}/calls") for entry in chunk), *records]

        revisions = await books.commit(change, grant=name)
        for entry, revision in zip(chunk, revisions, strict=False):
            entry.revision = revision
            found.lost += entry.worst or 0
            found.lost_calls += 1


def _chunks(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        length = len(entry.request) + len(entry.outcome)
        if chunk and (size + length > _CHUNK_BYTES or len(chunk) >= _CHUNK_WRITES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += length
    if chunk:
        yield chunk


def _of_grant(entries: dict[str, Entry], names: Sequence[str]) -> list[Entry]:
    return [entry for entry in entries.values() if entry.grant in names]


def _in_state(entries: Sequence[Entry], state: str) -> list[Entry]:
    return [entry for entry in entries if entry.state == state]


def _spent(entries: Sequence[Entry]) -> tuple[int, Counter[str]]:
    by_actor: Counter[str] = Counter()
    for entry in entries:
        if entry.actor is not None:
            by_actor[entry.actor] += entry.booked
    return sum(entry.booked for entry in entries), by_actor
