"""Ids that a door makes up, and ids as people give them."""

from __future__ import annotations

import re
from typing import Final

from scrai import _wall
from scrai.data import SEPARATOR, split_id
from scrai.errors import AlreadyExistsError, InvalidInputError
from scrai.models import SimulationStatus

LARGEST: Final = 2**63 - 1
"""The largest integer that every store keeps."""

_LONGEST: Final = 40


def new_simulation_id(name: str) -> str:
    """Return a fresh id that reminds of a name."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-")
    return f"{word or 'simulation'}-{_wall.nonce(3)}"


def taken(simulation_id: str, error: AlreadyExistsError) -> AlreadyExistsError:
    """Return the error of a taken id with what can be done: go on with what is there, say."""
    if error.hint:  # it is in the making, or being deleted
        return error
    held = error.winner.value() if error.winner is not None else {}
    ended = held.get("status") == SimulationStatus.COMPLETED.value
    goes_on = "" if ended else f"scrai run --resume {simulation_id} goes on with it; or "
    return AlreadyExistsError(
        f"simulation {simulation_id!r} exists already",
        winner=error.winner,
        hint=f"{goes_on}choose another --id, or delete that one",
    )


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
