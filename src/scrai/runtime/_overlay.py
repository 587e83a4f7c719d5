"""A simulation as it will be once the commands that wait in its inbox are applied.

Lists and `show` look at this, so that what somebody has just asked for can be seen at once, while
the step that carries it out is still to come.
"""

from __future__ import annotations

from typing import Any

from scrai.data import ACTIONS, ACTORS, EVENTS, KINDS, holds, mediation_of
from scrai.engine import ScenarioContext, Workset, apply_command
from scrai.errors import CommandRefusedError
from scrai.models import Command, SimulationState

ACTIVE = "active"
PENDING = "pending"


class Overlay:
    """A draft with the waiting commands applied; what would be refused is left out.

    Attributes:
        work: the committed state and its inbox.
        touched: (collection, id) of every entity that a waiting command is about.
    """

    def __init__(self, work: Workset) -> None:
        self.work = work
        self.touched: set[tuple[str, str]] = set()
        self._draft = work.draft()
        self._context = ScenarioContext(self._draft.state, draft=self._draft)
        for command in work.inbox:
            try:
                self.apply(command)
            except CommandRefusedError:
                continue  # the step will say so in the journal

    def apply(self, command: Command) -> None:
        """Apply one more command to the draft; raises CommandRefusedError."""
        apply_command(command, self._draft, self._context, self.work.head.step)
        if command.collection is not None and command.entity_id is not None:
            self.touched.add((command.collection, command.entity_id))

    def find(self, kind: str, entity_id: str) -> Any:
        """Return an entity of the draft, or None."""
        return self._draft.table(kind).find(entity_id)

    def ids(self, kind: str) -> list[str]:
        """Return the ids of all live entities of a kind."""
        return [item.id for item in self._draft.table(kind).items]

    @property
    def state(self) -> SimulationState:
        """The simulation's state, with its lists of ids as they will be."""
        state = self._draft.state
        if self.touched:
            lists = state.__dict__
            lists["active_actor_ids"] = self._having(ACTORS, lambda item: item.active)
            for kind, name in ((EVENTS, "pending_event_ids"), (ACTIONS, "pending_action_ids")):
                lists[name] = self._having(kind, lambda item: item.status.value == PENDING)
        return state

    def _having(self, kind: str, test: Any) -> list[str]:
        return sorted(item.id for item in self._draft.table(kind).items if test(item))

    def counts(self) -> dict[str, int]:
        """Return how much there is of everything: live entities, gates, steps, commands."""
        live = {kind: self._live(kind) for kind in KINDS}
        head = self.work.head
        return {
            "actors": live[ACTORS],
            "events": live[EVENTS],
            "actions": live[ACTIONS],
            "retired": head.counts.get("retired", 0),
            "open_gates": len(self.gates()),
            "waiting_commands": len(self.work.inbox),
            "steps": head.step,
            "snapshots": head.snapshot_count,
        }

    def _live(self, kind: str) -> int:
        if not self.touched:
            return len(self.work.rows[kind])
        items = self._draft.table(kind).items
        return sum(1 for item in items if kind == ACTORS or not item.is_terminal)

    def gates(self) -> list[tuple[str, str]]:
        """Return (collection, id) of everything that waits for somebody's decision."""
        state = self._draft.state
        opened = {EVENTS: state.auto_approve_events, ACTIONS: state.auto_approve_actions}
        return [
            (kind, key) for kind, passes in opened.items() if not passes for key in self._held(kind)
        ]

    def _held(self, kind: str) -> list[str]:
        if not self.touched and not mediation_of(self._draft.state.metadata).rules:
            rows = self.work.rows[kind]
            return [key for key in sorted(rows) if rows[key].awaiting]
        return [item.id for item in self.waiting(kind)]

    def waiting(self, kind: str) -> list[Any]:
        """Return the events or actions that wait for somebody's decision, in id order."""
        state, table = self._draft.state, self._draft.table(kind)
        if not self.touched and not mediation_of(state.metadata).rules:
            rows = self.work.rows[kind]
            keys = sorted(key for key, row in rows.items() if row.awaiting)
        else:
            keys = sorted(item.id for item in table.items)
        found = (table.find(key) for key in keys)
        return [item for item in found if item is not None and holds(state, item)]

    @property
    def context(self) -> ScenarioContext:
        """The draft as handlers see it."""
        return self._context
