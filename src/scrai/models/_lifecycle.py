"""Statuses that only move along legal paths, by verb, assignment or copy alike."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from scrai.errors import IllegalTransitionError
from scrai.models._base import Model


class Lifecycle(Model):
    """A model with a `status` whose moves are declared in `TRANSITIONS`."""

    KIND: ClassVar[str]
    TRANSITIONS: ClassVar[Mapping[Any, frozenset[Any]]]

    if not TYPE_CHECKING:  # mypy would take any attribute name if it saw this

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "status":
                self._check_status(value)
            super().__setattr__(name, value)

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """Return a copy. The updates are validated, and a new status must be a legal move."""
        if update and "status" in update:
            self._check_status(update["status"])
        return super().model_copy(update=update, deep=deep)

    def can_become(self, target: StrEnum) -> bool:
        """Say whether one legal move leads to `target` (which is not the present status)."""
        return target in self.TRANSITIONS[self.__dict__["status"]]

    @property
    def is_terminal(self) -> bool:
        """Whether no move is left."""
        return not self.TRANSITIONS[self.__dict__["status"]]

    def _check_status(self, value: Any) -> None:
        """Refuse an illegal move. Staying is none; what is no status at all is pydantic's."""
        current = self.__dict__["status"]
        try:
            target = type(current)(value)
        except ValueError:
            return
        if target is not current:
            self._require(target)

    def _enter(self, target: StrEnum) -> None:
        """Take a status that `_require` allowed: nothing is left to validate."""
        self.__dict__["status"] = target
        self.__pydantic_fields_set__.add("status")

    def _require(self, target: StrEnum) -> None:
        """Refuse anything but a legal move to another status."""
        if not self.can_become(target):
            raise _illegal(self, target)


def _illegal(entity: Lifecycle, target: StrEnum) -> IllegalTransitionError:
    current = entity.__dict__["status"]
    who = f"{entity.KIND} {entity.__dict__['id']}"
    # In the order of the enum, so that the message is the same in every process.
    allowed = [str(status) for status in type(current) if entity.can_become(status)]
    if target is current:
        said = f"{who} is already {current}"
    else:
        said = f"{who} cannot go from {current} to {target}"
    may = f"from {current} it may go to {', '.join(allowed)}" if allowed else f"{current} is final"
    return IllegalTransitionError(f"{said}: {may}")


@cache
def _closure(cls: type[Lifecycle], old: str) -> frozenset[str]:
    found = {old}
    frontier = [old]
    while frontier:
        for status in cls.TRANSITIONS[frontier.pop()]:
            if status not in found:
                found.add(status)
                frontier.append(status)
    return frozenset(found)


def reachable(cls: type[Lifecycle], old: str, new: StrEnum) -> bool:
    """Say whether legal moves lead from `old` to `new`. Staying needs none and is always legal."""
    return new in _closure(cls, old)
