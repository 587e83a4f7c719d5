"""Gates: what waits for a decision, under which name, and who may decide.

Nothing here asks a clock or a person: it follows from the entity, the policies and the cycle
alone, so that a replay finds the same.
"""

from __future__ import annotations

from typing import Any, Final

from scrai.data._mediation import Rule, mediation_of
from scrai.errors import CommandRefusedError, DecisionForbiddenError
from scrai.models import Action, ActionStatus, Event, EventStatus, SimulationState

ESCALATIONS: Final = "escalations"
WAITS_SINCE: Final = "waits_since"
"""The key of an entity's metadata that names the cycle in which its present gate opened."""

POLICY: Final = "policy"
AUTO: Final = "auto"
NOBODY: Final = frozenset({POLICY, AUTO})
"""Who approves where no person does; no person may go by these names."""

_SELF_MADE: Final = frozenset(
    {
        "approved_by",
        "llm_parsed",
        "modifications",
        "requires_approval",
        "source",
        "status",
        "type",
    }
)
"""Fields that decide about a gate: while it is open, only a decision changes them."""


def gate_name(entity: Event | Action) -> str:
    """Return the name of the entity's present gate: `approval`, later `approval-1` and so on."""
    level = entity.metadata.get(ESCALATIONS, 0)
    return f"approval-{level}" if level else "approval"


def rule_of(state: SimulationState, entity: Event | Action) -> Rule | None:
    """Return the rule of the simulation's policies that is about an entity, or None."""
    return mediation_of(state.metadata).rule_for(entity)


def is_undecided(entity: Event | Action) -> bool:
    """Return whether an entity is pending and nobody has approved it."""
    return entity.approved_by is None and entity.status.value == "pending"


def holds(state: SimulationState, entity: Event | Action) -> bool:
    """Return whether an entity has to wait for somebody, as things stand."""
    passing = state.auto_approve_events if isinstance(entity, Event) else state.auto_approve_actions
    if passing or not is_undecided(entity):
        return False
    rule = rule_of(state, entity)
    if rule is None:
        return entity.requires_approval
    if rule.require is False or rule.auto:
        return False
    return entity.requires_approval or rule.require is True


def mark(entity: Event | Action, state: SimulationState) -> None:
    """Let the policies speak about an entity that nobody has decided on."""
    rule = rule_of(state, entity)
    if rule is None or not is_undecided(entity):
        return
    if rule.require is not None and entity.requires_approval is not rule.require:
        entity.requires_approval = rule.require
    if not entity.requires_approval:
        return
    if rule.auto:
        entity.approved_by = POLICY
    elif rule.deadline_cycles and WAITS_SINCE not in entity.metadata:
        entity.metadata = entity.metadata | {WAITS_SINCE: state.cycle}


def admit(entity: Event | Action, state: SimulationState) -> None:
    """Take from a new entity what would carry it past a gate that a policy sets.

    It cannot pass by saying that it was approved before it came, nor that it has waited long.
    """
    known = {WAITS_SINCE, ESCALATIONS}.intersection(entity.metadata)
    if known:
        kept = {key: value for key, value in entity.metadata.items() if key not in known}
        entity.metadata = kept
    rule = rule_of(state, entity)
    if rule is not None and rule.require and not entity.is_terminal:
        first = EventStatus.PENDING if isinstance(entity, Event) else ActionStatus.PENDING
        entity.__dict__["status"] = first  # not a move of its life: it begins here
        entity.approved_by = None


def deadline(state: SimulationState, entity: Event | Action) -> int | None:
    """Return the first cycle in which an entity no longer waits, None if it waits for ever.

    What was escalated because its time was over waits until somebody decides.
    """
    rule = rule_of(state, entity)
    if rule is None or rule.deadline_cycles is None:
        return None
    if rule.then == "escalate" and entity.metadata.get(ESCALATIONS, 0):
        return None
    since: int = entity.metadata.get(WAITS_SINCE, state.cycle)
    return since + rule.deadline_cycles


def deciders(state: SimulationState, entity: Event | Action) -> tuple[str, ...]:
    """Return who alone may decide about an entity; nobody named means anybody."""
    rule = rule_of(state, entity)
    if rule is None:
        return ()
    escalated = bool(entity.metadata.get(ESCALATIONS, 0))
    return tuple(rule.escalate_to if escalated and rule.escalate_to else rule.who)


def check_decider(state: SimulationState, entity: Event | Action, by: str | None) -> None:
    """Refuse a decision of somebody who may not decide.

    Raises:
        DecisionForbiddenError: naming those who may.
    """
    word, names = entity.KIND, deciders(state, entity)
    if by in NOBODY:
        raise DecisionForbiddenError(f"{word} {entity.id}: {by!r} is not the name of a person")
    if names and by not in names:
        raise DecisionForbiddenError(
            f"{word} {entity.id}: {by or 'somebody unnamed'} may not decide about it",
            hint=f"{' or '.join(names)} may",
        )


def check_cancel(state: SimulationState, entity: Event | Action, by: str | None) -> None:
    """Refuse the cancelling of what waits for somebody else; raises DecisionForbiddenError."""
    if is_undecided(entity) and holds(state, entity):
        check_decider(state, entity, by)


def check_update(
    state: SimulationState, old: Event | Action, new: Event | Action, by: str | None
) -> None:
    """Refuse an update that would take an entity past a gate of the policies.

    Raises:
        CommandRefusedError: naming what only a decision changes.
    """
    rule = rule_of(state, old)
    gated = rule is not None and (old.requires_approval or rule.require is True)
    if gated and new.status.value == "cancelled":
        check_cancel(state, old, by)
    elif gated:
        _check_gated(old, new)
    elif not is_undecided(new) and not new.is_terminal:
        after = rule_of(state, new)
        if after is not None and after.require:
            raise CommandRefusedError(
                f"{old.id}: as that it would need approval, and it has passed its gate",
                hint=f"cancel it, and inject another {old.KIND}",
            )


def _check_gated(old: Event | Action, new: Event | Action) -> None:
    changed = _changed(old, new)
    if is_undecided(old):
        names = ", ".join(sorted(changed & (_SELF_MADE | {WAITS_SINCE, ESCALATIONS})))
        if names:
            raise CommandRefusedError(
                f"{old.id} waits for approval: only a decision changes {names}",
                hint=f"scrai {old.KIND} approve or modify",
            )
    elif changed:
        raise CommandRefusedError(
            f"{old.id} has passed its gate as it is: {', '.join(sorted(changed))} cannot change",
            hint=f"cancel it, and inject another {old.KIND}",
        )


def _changed(old: Any, new: Any) -> set[str]:
    names = set(type(old).model_fields)
    found = {name for name in names if getattr(old, name) != getattr(new, name)}
    reserved = (WAITS_SINCE, ESCALATIONS)
    return found | {k for k in reserved if old.metadata.get(k) != new.metadata.get(k)}
