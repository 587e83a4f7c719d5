"""How long and how much at once the Firestore backend may take, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Bounds:
    """Time bounds in seconds, and the number of calls in flight.

    Attributes:
        attempt: one try of a read: until its first reply, and between replies of a long one.
        commit: the one try of a commit; it is never sent again blindly, so it may take longer.
        total: an operation altogether without any progress, waiting for its turn included.
        probe: the question that `open` asks, once.
        retrying: reads are tried again until so long after their start.
        in_flight: more do not help one client and starve others.
    """

    attempt: float = 4.0
    commit: float = 8.0
    total: float = 9.0
    probe: float = 4.0
    retrying: float = 7.0
    in_flight: int = 24


@dataclass(slots=True)
class StoreStats:
    """What a client asked of the server so far.

    Attributes:
        round_trips: calls sent, retries included.
        read_waves: groups of reads in flight together: the sequential waits of a reader.
        commits: commits sent.
        retries: calls sent again.
        documents_read: documents returned or found missing.
        documents_written: creates, updates, upserts and deletes that were applied.
    """

    round_trips: int = 0
    read_waves: int = 0
    commits: int = 0
    retries: int = 0
    documents_read: int = 0
    documents_written: int = 0

    def copy(self) -> StoreStats:
        """Return the figures as they stand."""
        return StoreStats(**self.as_dict())

    def since(self, earlier: StoreStats) -> StoreStats:
        """Return what was added after `earlier`."""
        before = earlier.as_dict()
        return StoreStats(**{name: now - before[name] for name, now in self.as_dict().items()})

    def as_dict(self) -> dict[str, int]:
        """Return the figures by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
