"""The seven people of the town."""

from __future__ import annotations

from typing import Final

from scrai.models import Actor, ActorType

_PEOPLE: Final = (
    # role, name, works at, coins, who they know best
    ("baker", "Rosa Petrov", "bakery", 18, "farmer"),
    ("caretaker", "Bettina Marsh", "garden", 12, "doctor"),
    ("doctor", "Samuel Okafor", "clinic", 25, "caretaker"),
    ("farmer", "Gil Navarro", "farm", 14, "baker"),
    ("mayor", "Ines Halloran", "town_hall", 30, "teacher"),
    ("merchant", "Wen Achterberg", "market", 28, "mayor"),
    ("teacher", "Tomas Lindqvist", "school", 16, "merchant"),
)
ROLES: Final = tuple(row[0] for row in _PEOPLE)
ACQUAINTED: Final = 10
BEFRIENDED: Final = 40


def actor_id(role: str) -> str:
    """Return the id of the person of a role."""
    return f"actor-{role}"


def seven() -> list[Actor]:
    """Return the people as they are on the first morning."""
    return [_person(index, *row) for index, row in enumerate(_PEOPLE)]


def _person(index: int, role: str, name: str, place: str, coins: int, friend: str) -> Actor:
    return Actor(
        id=actor_id(role),
        name=name,
        type=ActorType.NPC,
        attributes={
            "role": role,
            "home": f"home-{role}",
            "work": place,
            "coins": coins,
            "energy": 70 + 3 * index,
            "health": 90,
            "mood": 50 + 2 * index,
        },
        location={"place": place},
        relationships={
            actor_id(other): BEFRIENDED if other == friend else ACQUAINTED
            for other in ROLES
            if other != role
        },
        affiliations=["town", "council"] if role in {"mayor", "doctor", "merchant"} else ["town"],
    )
