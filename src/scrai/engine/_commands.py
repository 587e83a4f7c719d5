"""Commands: everything that comes from outside, applied inside a step.

A command is applied whole or refused with a reason; either way it is journaled verbatim and
gone from the inbox with the same commit, so it takes effect exactly once. What each kind does is
in `scrai.data`, because those who look ahead of a step must see the same.
"""

from __future__ import annotations

from typing import Any

from scrai.data import carry_out
from scrai.engine._context import ScenarioContext
from scrai.engine._draft import Draft
from scrai.engine._gates import settle_waiting
from scrai.models import Command, SimulationState


class _DraftDesk:
    """The draft of a step, as a desk for commands."""

    def __init__(self, draft: Draft, context: ScenarioContext) -> None:
        self._draft = draft
        self._context = context

    @property
    def state(self) -> SimulationState:
        return self._draft.state

    def find(self, kind: str, key: str) -> Any:
        return self._draft.table(kind).find(key)

    def add(self, kind: str, entity: Any) -> None:
        self._context.add(kind, entity)

    def replace(self, kind: str, old: Any, new: Any) -> None:
        self._draft.table(kind).replace(old, new)

    def remove(self, kind: str, entity: Any) -> None:
        self._draft.table(kind).remove(entity)

    def users_of(self, actor_id: str) -> list[str]:
        actions = self._draft.actions.items
        return [x.id for x in actions if x.actor_id == actor_id and not x.is_terminal]


def apply_command(command: Command, draft: Draft, context: ScenarioContext, step: int) -> str:
    """Apply one command to the draft and return a line for the journal.

    Args:
        command: what is asked for.
        draft, context: what it is applied to.
        step: how many steps are committed; a command may have been meant for one of them only.

    Raises:
        CommandRefusedError: it does not fit the present state; the draft is as it was.
    """
    return carry_out(command, _DraftDesk(draft, context), step)


def apply_policies(draft: Draft, context: ScenarioContext) -> None:
    """Do with all that waits what the simulation's policies say, and note it."""
    for line in settle_waiting(draft, _DraftDesk(draft, context)):
        context.note(line)
