"""Accounts: what a budget has settled, what it has lost, and what is granted and still open.

`settled + lost + open grants <= limit` holds in every stored state, because money is taken by
compare-and-set and only ever moves from a grant to settled, to lost, or back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from scrai.errors import StoreCorruptError

WARN_AT: Final = 80
"""Per cent of a limit from which a note warns."""


@dataclass(slots=True)
class Account:
    """One budget's figures, in nano-USD.

    Attributes:
        settled: spent for certain: what the usage of recorded outcomes says.
        lost: requests that may have been answered, but nobody knows: at their worst case.
        grants: what attempts that are not settled yet may spend, by the grant's id.
        limit: as of the last grant; None is no limit.
        warned: the warning of this limit has been given.
    """

    settled: int = 0
    lost: int = 0
    grants: dict[str, int] = field(default_factory=dict)
    limit: int | None = None
    warned: bool = False

    @property
    def open(self) -> int:
        """What is granted and not settled."""
        return sum(self.grants.values())

    @property
    def used(self) -> int:
        """What cannot be granted to anybody now."""
        return self.settled + self.lost + self.open

    def left(self, limit: int | None) -> int | None:
        """What may still be granted under a limit; None is any amount."""
        return None if limit is None else max(0, limit - self.used)

    def take(self, grant: str, amount: int) -> None:
        """Add to an open grant, or open it."""
        self.grants[grant] = self.grants.get(grant, 0) + amount

    def lose(self, grant: str, amount: int) -> None:
        """Book a part of a grant as lost."""
        self.grants[grant] -= amount
        self.lost += amount

    def settle(self, grant: str, amount: int) -> None:
        """Close a grant: so much was spent, the rest comes back."""
        self.grants.pop(grant, None)
        self.settled += amount

    def rename(self, old: str, new: str) -> None:
        """Let another grant have what one holds."""
        self.take(new, self.grants.pop(old, 0))

    def warns(self, limit: int | None) -> bool:
        """Whether the warning of a limit is due; it is given once per limit."""
        if limit != self.limit:
            self.limit, self.warned = limit, False
        due = bool(limit) and not self.warned and self.used * 100 >= WARN_AT * (limit or 0)
        self.warned = self.warned or due
        return due

    def value(self) -> dict[str, Any]:
        """Return the account as a JSON object."""
        return {
            "grants": self.grants,
            "limit": self.limit,
            "lost": self.lost,
            "settled": self.settled,
            "warned": self.warned,
        }

    @classmethod
    def read(cls, value: Mapping[str, Any], where: str) -> Account:
        """Return the account in a JSON object; StoreCorruptError if it is none."""
        try:
            return cls(
                settled=int(value["settled"]),
                lost=int(value["lost"]),
                grants={str(key): int(amount) for key, amount in value["grants"].items()},
                limit=value.get("limit"),
                warned=bool(value.get("warned")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreCorruptError(f"{where} is not an account of money: {error!r}") from error


@dataclass(slots=True)
class Grant:
    """What the ledger knows of an open grant besides its amount.

    Attributes:
        cycle, phase, passes, attempt: the attempt of a phase that it is for.
        step: the step that the phase was to make.
        names: the ids under which its calls are recorded: its own, and those of the grants of
            dead attempts that it took over.
        actors: those in whose accounts it has a part.
        batch: the batch budget in which it has a part.
    """

    cycle: int
    phase: str
    passes: int
    attempt: int
    step: int
    names: list[str]
    actors: list[str] = field(default_factory=list)
    batch: str | None = None

    @property
    def place(self) -> tuple[int, str, int]:
        """The pass that it is for."""
        return (self.cycle, self.phase, self.passes)

    def value(self) -> dict[str, Any]:
        """Return the grant as a JSON object."""
        return {
            "actors": self.actors,
            "attempt": self.attempt,
            "batch": self.batch,
            "cycle": self.cycle,
            "names": self.names,
            "passes": self.passes,
            "phase": self.phase,
            "step": self.step,
        }


@dataclass(slots=True)
class Ledger:
    """`simulations/{id}/money/ledger`: the money of one simulation.

    Attributes:
        total: the simulation's account.
        cycle: which cycle `of_cycle` is about.
        of_cycle: what that cycle has settled and lost; its grants are among the total's.
        details: the open grants.
        beat: counts the changes, so that each one is a change for every store.
        condemned: (cycle, phase, passes, attempt): the replies that this pass recorded up to
            that attempt are not served to later ones.
    """

    total: Account = field(default_factory=Account)
    cycle: int = 0
    of_cycle: Account = field(default_factory=Account)
    details: dict[str, Grant] = field(default_factory=dict)
    beat: int = 0
    condemned: tuple[int, str, int, int] | None = None

    def turn_to(self, cycle: int) -> None:
        """Begin the figures of another cycle; grants stay with the cycle they are for."""
        if cycle == self.cycle:
            return
        self.cycle = cycle
        mine = {key: grant for key, grant in self.details.items() if grant.cycle == cycle}
        self.of_cycle = Account(grants={key: self.total.grants[key] for key in mine})

    def accounts(self, grant: str) -> list[Account]:
        """Return the accounts of this document in which a grant is."""
        inside = self.details[grant].cycle == self.cycle
        return [self.total, self.of_cycle] if inside else [self.total]

    def value(self) -> dict[str, Any]:
        """Return the ledger as a JSON object."""
        return {
            "beat": self.beat,
            "condemned": list(self.condemned) if self.condemned else None,
            "cycle": self.cycle,
            "details": {key: grant.value() for key, grant in self.details.items()},
            "of_cycle": self.of_cycle.value(),
            "total": self.total.value(),
        }

    @classmethod
    def read(cls, value: Mapping[str, Any], where: str) -> Ledger:
        """Return the ledger in a JSON object; StoreCorruptError if it is none."""
        try:
            condemned = value.get("condemned")
            return cls(
                total=Account.read(value["total"], where),
                cycle=int(value["cycle"]),
                of_cycle=Account.read(value["of_cycle"], where),
                details={key: Grant(**found) for key, found in value["details"].items()},
                beat=int(value["beat"]),
                condemned=tuple(condemned) if condemned else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreCorruptError(f"{where} is not a ledger: {error!r}") from error
