"""`scrai event ...`."""

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

KIND = "events"


def inject(
    ctx: typer.Context,
    simulation: SimulationArgument,
    *,
    file: FileOption = None,
    data: DataOption = None,
    id_: IdOption = None,
    title: Annotated[str | None, typer.Option("--title", help="What happens.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="environmental, social, economic, ...")
    ] = None,
    description: DescriptionOption = None,
    affects: Annotated[
        list[str] | None, typer.Option("--affects", help="An actor it is about. Repeat it.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="local, regional or global.")] = None,
    scheduled_for: ScheduledOption = None,
    requires_approval: ApprovalOption = False,
    assignments: FieldOption = None,
    by: ByOption = None,
) -> None:
    """Put an event into a simulation.

    Its fields come from a file or from options. It never disturbs a running worker: the next
    step takes it up.
    """
    options: dict[str, Any] = {
        "id": id_,
        "title": title,
        "type": type_,
        "description": description,
        "affected_actors": affects or None,
        "scope": scope,
        "scheduled_for": scheduled_for,
        "requires_approval": requires_approval or None,
    }
    _entity.inject(ctx, simulation, KIND, gather(file, data, options, assignments), by)


def list_events(
    ctx: typer.Context,
    simulation: SimulationArgument,
    status: Annotated[
        str | None, typer.Option("--status", help="pending, confirmed, resolved or cancelled.")
    ] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only of this type.")] = None,
    awaiting: AwaitingOption = False,
    where: WhereOption = None,
    limit: LimitOption = None,
) -> None:
    """List the events of a simulation.

    Finished ones too, and those that wait in the inbox for the next step.
    """
    filters = {
        "status": _entity.word("EventStatus", status, "status"),
        "type": _entity.word("EventType", type_, "type of event"),
    }
    _entity.list_entities(ctx, simulation, KIND, filters, where, awaiting=awaiting, limit=limit)


show = showing(KIND)
approve = decision(KIND, "approve", "Let an event that waits for approval pass.")
reject = decision(KIND, "reject", "Cancel an event that waits for approval.")
modify = modification(KIND, "Let an event that waits for approval pass, changed.")
escalate = decision(KIND, "escalate", "Let an event wait on, for somebody higher.")
terminate = decision(KIND, "terminate", "Cancel an event and end its simulation.")
cancel = cancellation(KIND, "Cancel an event that is not finished.")
