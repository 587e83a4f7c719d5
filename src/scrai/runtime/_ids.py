"""Ids that a door makes up, and ids as people give them."""

from __future__ import annotations

import re
from typing import Final

from scrai import _wall
from scrai.data import SEPARATOR, split_id
from scrai.errors import InvalidInputError

LARGEST: Final = 2**63 - 1
"""The largest integer that every store keeps."""

_LONGEST: Final = 40


def new_simulation_id(name: str) -> str:
    """Return a fresh id that reminds of a name."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-")
    return f"{word or 'simulation'}-{_wall.nonce(3)}"


def check_number(what: str, value: int | None, *, least: int) -> None:
    """Refuse a number that no store keeps, or that cannot be meant."""
    if value is not None and not least <= value <= LARGEST:
        raise InvalidInputError(f"{what} must be from {least} to {LARGEST}")


def new_entity_id(kind: str) -> str:
    """Return a fresh id for something that comes from outside."""
    return f"{kind}-{_wall.nonce(6)}"


def local_id(simulation_id: str, given: str) -> str:
    """Return the local id in what somebody gave, which may be qualified: `simulation~id`."""
    owner, local = split_id(given)
    if owner is not None and owner != simulation_id:
        raise InvalidInputError(
            f"{given!r} belongs to simulation {owner!r}, not to {simulation_id!r}",
            hint=f"ids before {SEPARATOR!r} name the simulation",
        )
    return local
