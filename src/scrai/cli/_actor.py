"""`scrai actor ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai.cli import _entity
from scrai.cli._decisions import showing
from scrai.cli._fields import gather
from scrai.cli._options import (
    ByOption,
    DataOption,
    EntityArgument,
    FieldOption,
    FileOption,
    IdOption,
    LimitOption,
    SimulationArgument,
    WhereOption,
    pair,
)
from scrai.cli._session import session_of

if TYPE_CHECKING:
    from scrai.runtime import Runtime


KIND = "actors"


def list_actors(
    ctx: typer.Context,
    simulation: SimulationArgument,
    type_: Annotated[
        str | None, typer.Option("--type", help="player, npc, organization or entity.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only of this name.")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only who takes part, or not.")
    ] = None,
    where: WhereOption = None,
    limit: LimitOption = None,
) -> None:
    """List the actors of a simulation."""
    filters = {
        "type": _entity.word("ActorType", type_, "type of actor"),
        "name": name,
        "active": active,
    }
    _entity.list_entities(ctx, simulation, KIND, filters, where, limit=limit)


show = showing(KIND)


def recall(
    ctx: typer.Context,
    simulation: SimulationArgument,
    actor: EntityArgument = None,
    about: Annotated[
        str | None,
        typer.Option("--about", metavar="TEXT", help="What bears on this. [default: all]"),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=32, help="So many of those.")] = 6,
) -> None:
    """Search what an actor remembers, as its own mind does.

    With embeddings the text is embedded for that; such a call is no part of the simulation.
    """
    session = session_of(ctx)
    owner, key = pair(simulation, actor, "actor")

    async def work(runtime: Runtime) -> dict[str, Any]:
        found: dict[str, Any] = await runtime.recollection.recall(owner, key, about, most)
        return found

    def show() -> None:
        from scrai.cli._screens_entities import show_memories

        show_memories(session.console, found)

    found = session.run(work)
    session.emit(found, show)


def add(
    ctx: typer.Context,
    simulation: SimulationArgument,
    file: FileOption = None,
    data: DataOption = None,
    id_: IdOption = None,
    name: Annotated[str | None, typer.Option("--name", help="What it is called.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="player, npc, organization or entity.")
    ] = None,
    assignments: FieldOption = None,
    by: ByOption = None,
) -> None:
    """Put an actor into a simulation."""
    options: dict[str, Any] = {"id": id_, "name": name, "type": type_}
    _entity.inject(ctx, simulation, KIND, gather(file, data, options, assignments), by)


def update(
    ctx: typer.Context,
    simulation: SimulationArgument,
    actor: EntityArgument = None,
    assignments: FieldOption = None,
    file: FileOption = None,
    data: DataOption = None,
    by: ByOption = None,
) -> None:
    """Change fields of an actor.

    Whole fields come from a file; --set reaches into them, such as --set attributes.coins=5.
    """
    owner, key = pair(simulation, actor, "actor")
    given = gather(file, data, {}, None)
    who = by or _entity.me()

    async def work(runtime: Runtime) -> tuple[dict[str, Any], Any]:
        with given.placing(KIND):
            found: tuple[dict[str, Any], Any] = await runtime.entities.update(
                owner, KIND, key, given.fields, assignments or (), by=who
            )
        return found

    _entity.change(ctx, "updated", work)


def remove(
    ctx: typer.Context,
    simulation: SimulationArgument,
    actor: EntityArgument = None,
    by: ByOption = None,
) -> None:
    """Take an actor out of a simulation.

    One whose actions are not finished is refused.
    """
    owner, key = pair(simulation, actor, "actor")
    who = by or _entity.me()

    async def work(runtime: Runtime) -> tuple[dict[str, Any], Any]:
        found: tuple[dict[str, Any], Any] = await runtime.entities.remove_actor(owner, key, by=who)
        return found

    _entity.change(ctx, "removed", work)
