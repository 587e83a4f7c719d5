"""The commands that kinds of entities share: showing, decisions at a gate, cancelling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from scrai.cli import _entity
from scrai.cli._fields import gather
from scrai.cli._options import (
    ByOption,
    DataOption,
    EntityArgument,
    FieldOption,
    FileOption,
    ReasonOption,
    SimulationArgument,
)

Made = Callable[..., Any]


def decision(kind: str, word: str, text: str) -> Made:
    """Return the command that decides `word` about an entity of a kind."""

    def decide(
        ctx: typer.Context,
        simulation: SimulationArgument,
        entity: EntityArgument = None,
        by: ByOption = None,
        reason: ReasonOption = None,
    ) -> None:
        _entity.decide(ctx, simulation, entity, kind, word, by=by, reason=reason)

    decide.__doc__ = text
    return decide


def modification(kind: str, text: str) -> Made:
    """Return the command that lets an entity of a kind pass, changed."""

    def modify(
        ctx: typer.Context,
        simulation: SimulationArgument,
        entity: EntityArgument = None,
        assignments: FieldOption = None,
        file: FileOption = None,
        data: DataOption = None,
        by: ByOption = None,
        reason: ReasonOption = None,
    ) -> None:
        _entity.decide(
            ctx,
            simulation,
            entity,
            kind,
            "modify",
            by=by,
            reason=reason,
            given=gather(file, data, {}, None),
            assignments=assignments,
        )

    modify.__doc__ = f"{text}\n\nOld and new values are recorded, with who changed them."
    return modify


def showing(kind: str) -> Made:
    """Return the command that shows an entity of a kind."""

    def show(
        ctx: typer.Context,
        simulation: SimulationArgument,
        entity: EntityArgument = None,
        full: Annotated[
            bool, typer.Option("--full", help="All of long values too; else they are cut.")
        ] = False,
    ) -> None:
        _entity.show_entity(ctx, simulation, entity, kind, full=full)

    show.__doc__ = f"Show one {kind[:-1]}."
    return show


def cancellation(kind: str, text: str) -> Made:
    """Return the command that cancels an entity of a kind."""

    def cancel(
        ctx: typer.Context,
        simulation: SimulationArgument,
        entity: EntityArgument = None,
        by: ByOption = None,
        reason: ReasonOption = None,
    ) -> None:
        _entity.cancel(ctx, simulation, entity, kind, by, reason)

    cancel.__doc__ = text
    return cancel
