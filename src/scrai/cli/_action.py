"""`scrai action ...`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scrai.cli import _entity
from scrai.cli._decisions import cancellation, decision, modification, showing
from scrai.cli._fields import gather
from scrai.cli._options import (
    ApprovalOption,
    AwaitingOption,
    ByOption,
    DataOption,
    DescriptionOption,
    FieldOption,
    FileOption,
    IdOption,
    LimitOption,
    ScheduledOption,
    SimulationArgument,
    WhereOption,
)

KIND = "actions"


def inject(
    ctx: typer.Context,
    simulation: SimulationArgument,
    *,
    file: FileOption = None,
    data: DataOption = None,
    id_: IdOption = None,
    actor: Annotated[
        str | None, typer.Option("--actor", "--actor-id", help="Who is to do it.")
    ] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="movement, communication, economic, ...")
    ] = None,
    intent: Annotated[str | None, typer.Option("--intent", help="What for.")] = None,
    description: DescriptionOption = None,
    priority: Annotated[
        str | None, typer.Option("--priority", help="low, normal, high or urgent.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="An actor it is aimed at. Repeat it.")
    ] = None,
    scheduled_for: ScheduledOption = None,
    requires_approval: ApprovalOption = False,
    assignments: FieldOption = None,
    by: ByOption = None,
) -> None:
    """Put an action into a simulation.

    Its fields come from a file or from options. It never disturbs a running worker: the next
    step takes it up.
    """
    options: dict[str, Any] = {
        "id": id_,
        "actor_id": actor,
        "type": type_,
        "intent": intent,
        "description": description,
        "priority": priority,
        "target_actor_ids": target or None,
        "scheduled_for": scheduled_for,
        "requires_approval": requires_approval or None,
    }
    _entity.inject(ctx, simulation, KIND, gather(file, data, options, assignments), by)


def list_actions(
    ctx: typer.Context,
    simulation: SimulationArgument,
    status: Annotated[
        str | None, typer.Option("--status", help="pending, approved, executing, ...")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", "--actor-id", help="Only of this actor.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", help="low, normal, high or urgent.")
    ] = None,
    awaiting: AwaitingOption = False,
    where: WhereOption = None,
    limit: LimitOption = None,
) -> None:
    """List the actions of a simulation.

    Finished ones too, and those that wait in the inbox for the next step.
    """
    filters = {
        "status": _entity.word("ActionStatus", status, "status"),
        "type": _entity.word("ActionType", type_, "type of action"),
        "actor_id": actor,
        "priority": _entity.word("ActionPriority", priority, "priority"),
    }
    _entity.list_entities(ctx, simulation, KIND, filters, where, awaiting=awaiting, limit=limit)


show = showing(KIND)
approve = decision(KIND, "approve", "Let an action that waits for approval pass.")
reject = decision(KIND, "reject", "Cancel an action that waits for approval.")
modify = modification(KIND, "Let an action that waits for approval pass, changed.")
escalate = decision(KIND, "escalate", "Let an action wait on, for somebody higher.")
terminate = decision(KIND, "terminate", "Cancel an action and end its simulation.")
cancel = cancellation(KIND, "Cancel an action that is not finished.")
