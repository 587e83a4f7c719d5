"""The advisory lease: it saves duplicate work; correctness comes from the fenced commit.

A worker takes the lease with its first commit, or by heartbeat when a phase takes long, and
renews it with every further commit. A lease is over when its head has not been written for its
time to live, by the store's own clock, or at once when its process on this host is dead.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from scrai import _wall
from scrai.data import SIMULATIONS, Head
from scrai.engine._workset import Workset
from scrai.errors import ConflictError, LeaseHeldError, StepConflictError, StoreError
from scrai.models import Lease
from scrai.store import DocumentStore, update

BEATS_PER_LEASE = 3
ZOMBIE = ("X", "Z")
START_TIME = 19  # of the fields after the command's name in /proc/PID/stat


class LeaseKeeper:
    """One worker's identity, and what it does about leases."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.owner = _wall.nonce()
        self._host = socket.gethostname()
        self._pid = os.getpid()
        self._start = process_start(self._pid)
        self._lost: set[str] = set()

    def check(self, work: Workset) -> None:
        """Raise LeaseHeldError if another live worker holds the simulation."""
        if work.head.lease is None or self.is_ours(work.head):
            return
        holder = holder_of(work)
        if holder is not None:
            raise LeaseHeldError(
                f"simulation {work.simulation_id} is being run by process {holder.pid}"
                f" on {holder.host}",
                hint="wait for it, or stop it; its lease runs out by itself",
            )

    def hold(self, head: Head) -> None:
        """Write our lease into a head that is about to be committed."""
        if self.is_ours(head):
            return
        head.token += 1
        head.lease = Lease(
            owner=self.owner,
            token=head.token,
            ttl_seconds=self.seconds,
            host=self._host,
            pid=self._pid,
            process_start=self._start,
        ).model_dump(mode="json")

    def is_ours(self, head: Head) -> bool:
        """Whether a head carries our lease."""
        return head.lease is not None and head.lease.get("owner") == self.owner

    def is_of_this_process(self, lease: Lease) -> bool:
        """Whether the holder of a lease is, or was, in this very process."""
        whole = (lease.host, lease.pid, lease.process_start)
        return whole == (self._host, self._pid, self._start)

    def is_anothers(self, head: Head) -> bool:
        """Whether a head carries the lease of another worker, who must be dead or late."""
        return head.lease is not None and not self.is_ours(head)

    def confirm(self, simulation_id: str) -> None:
        """Raise StepConflictError if a beat found that another worker took the simulation over.

        Asked by what costs money in the middle of a phase, whose commit would come too late.
        """
        if simulation_id in self._lost:
            raise StepConflictError(f"simulation {simulation_id}: another worker took it over")

    def beating(self, store: DocumentStore, work: Workset) -> AbstractAsyncContextManager[None]:
        """Keep the lease alive while a phase runs; quick phases cost no write."""
        self._lost.discard(work.simulation_id)
        return _Beating(self.seconds / BEATS_PER_LEASE, partial(self._beat, store, work))

    async def _beat(self, store: DocumentStore, work: Workset) -> None:
        while True:
            # A lost beat is no harm: the commit is fenced and will tell.
            try:
                await self.write(store, work, hold=True)
            except ConflictError:
                self._lost.add(work.simulation_id)
                return
            except StoreError:
                pass
            await asyncio.sleep(self.seconds / BEATS_PER_LEASE)

    async def write(self, store: DocumentStore, work: Workset, *, hold: bool) -> None:
        """Write the head with our lease, or without one; raises ConflictError if it moved."""
        head = work.head.copy()
        head.beat += 1
        if hold:
            self.hold(head)
        else:
            head.lease = None
        sending = asyncio.ensure_future(_send(store, work, head))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            # A beat cut half-way would leave its revision unknown to the commit: it is ended first.
            await asyncio.wait([sending])
            sending.exception()
            raise


class _Beating:
    """Beats while it is entered. (As a generator it would cost every phase two thirds more.)"""

    __slots__ = ("_beat", "_first", "_task", "_timer")

    def __init__(self, first: float, beat: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._first = first
        self._beat = beat
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        # A timer costs next to nothing; the task is made only for phases that take long.
        self._timer = asyncio.get_running_loop().call_later(self._first, self._begin)

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._beat())

    async def __aexit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task


async def _send(store: DocumentStore, work: Workset, head: Head) -> None:
    payload = head.payload()
    expected = work.document.revision
    write = update(SIMULATIONS, work.simulation_id, payload, head.columns(), expected=expected)
    result = await store.commit([write])
    work.head = head
    work.document = replace(
        work.document, payload=payload, revision=result.revisions[0] or expected
    )


def holder_of(work: Workset) -> Lease | None:
    """Return the lease of a live worker, or None if the simulation is free."""
    return live_lease(work.head, (work.document.read_at - work.document.updated_at).total_seconds())


def live_lease(head: Head, age: float) -> Lease | None:
    """Return the lease in a head written `age` seconds ago, if it is still good."""
    if head.lease is None:
        return None
    lease = Lease.model_validate(head.lease)
    if age > lease.ttl_seconds or _is_dead(lease):
        return None
    return lease


def _is_dead(lease: Lease) -> bool:
    if lease.host != socket.gethostname() or not lease.pid:
        return False
    try:
        os.kill(lease.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # A process that was killed and not yet waited for has a pid, and no start time here.
    return bool(lease.process_start) and process_start(lease.pid) != lease.process_start


def process_start(pid: int) -> str:
    """Return when a live process began (kernel ticks), which tells a reused pid apart, or ""."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The command's name may hold spaces and brackets; the fields after it do not.
    fields = stat.rpartition(")")[2].split()
    if fields and fields[0] in ZOMBIE:
        return ""
    return fields[START_TIME] if len(fields) > START_TIME else ""


def describe(lease: Lease | None) -> dict[str, Any] | None:
    """Return who holds a simulation, for people."""
    return None if lease is None else {"host": lease.host, "pid": lease.pid, "token": lease.token}
