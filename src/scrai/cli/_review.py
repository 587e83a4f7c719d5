"""`scrai review`: the approval inbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from scrai.cli._complete import complete_simulations
from scrai.cli._entity import me
from scrai.cli._fields import gather
from scrai.cli._options import (
    ByOption,
    DataOption,
    EntityArgument,
    FieldOption,
    FileOption,
    LimitOption,
    ReasonOption,
    SimulationArgument,
    pair,
)
from scrai.cli._session import MOST_LISTED, Session, session_of
from scrai.errors import UsageError

if TYPE_CHECKING:
    from scrai.runtime import Runtime, Wanted

OneArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="SIMULATION",
        help="Only of this one. [default: all]",
        autocompletion=complete_simulations,
    ),
]
ItemsArgument: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="SIMULATION ID...", help="Which; or SIMULATION~ID, from several."),
]
AllOption: TypeAlias = Annotated[
    bool, typer.Option("--all", help="All that the filters let through.")
]
KindOption: TypeAlias = Annotated[
    str | None, typer.Option("--kind", metavar="KIND", help="events or actions.")
]
TypeOption: TypeAlias = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Of this type: social, combat, ...")
]
ActorOption: TypeAlias = Annotated[
    str | None, typer.Option("--actor", metavar="ID", help="That concern this actor.")
]
SourceOption: TypeAlias = Annotated[
    str | None, typer.Option("--source", metavar="SOURCE", help="From llm, npc, player or system.")
]
DueOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--due", min=0, metavar="N", help="Whose deadline comes within N cycles."),
]
Filters: TypeAlias = tuple[str | None, str | None, str | None, str | None, int | None]
KINDS = ("events", "actions")
NO_FILTERS: Filters = (None, None, None, None, None)
SOURCES = ("llm", "npc", "player", "system")


def _wanted(
    kind: str | None,
    type_: str | None,
    actor: str | None,
    source: str | None,
    due: int | None,
    ids: Sequence[str] = (),
) -> Wanted:
    """Return the filters; raises UsageError for words that nothing can match."""
    from scrai.models import ActionType, EventType
    from scrai.runtime import Wanted

    types = sorted({*map(str, EventType), *map(str, ActionType)})
    for option, given, known in (
        ("--kind", kind, KINDS),
        ("--type", type_, types),
        ("--source", source, SOURCES),
    ):
        if given is not None and given not in known:
            raise UsageError(f"{option} {given[:40]!r} is none of {', '.join(known)}")
    return Wanted(kind, type_, actor, source, due, ids)


def inbox(
    ctx: typer.Context,
    simulation: OneArgument = None,
    as_list: Annotated[
        bool, typer.Option("--list", help="List it, and decide nothing; --json does, too.")
    ] = False,
    kind: KindOption = None,
    type_: TypeOption = None,
    actor: ActorOption = None,
    source: SourceOption = None,
    due: DueOption = None,
    limit: LimitOption = None,
    by: ByOption = None,
) -> None:
    """Go through what waits for a decision, one after the other.

    On a terminal a key decides: a(pprove), m(odify), r(eject), t(erminate), e(scalate), s(kip),
    q(uit). From a pipe come lines: `a`, `r the reason`, `m priority=low`, ...
    """
    session, wanted = session_of(ctx), _wanted(kind, type_, actor, source, due)
    if as_list or session.json:
        session.run(lambda runtime: _list(session, runtime, simulation, wanted, limit))
        return
    from scrai.cli._review_walk import walk

    failed = session.run(
        lambda runtime: walk(session, runtime, simulation, wanted, by or me(), limit)
    )
    if failed:
        raise typer.Exit(1)


async def _list(
    session: Session, runtime: Runtime, simulation: str | None, wanted: Wanted, limit: int | None
) -> None:
    from scrai.cli._screens_review import show_inbox

    async def items() -> Any:
        left = limit
        async for item in runtime.review.inbox(simulation, wanted):
            if left == 0:
                return
            left = None if left is None else left - 1
            yield item

    await session.emit_list(
        items(),
        lambda found: show_inbox(session.console, found),
        most=None if limit is not None else MOST_LISTED,
    )


def show(
    ctx: typer.Context,
    simulation: SimulationArgument,
    entity: EntityArgument = None,
    assignments: FieldOption = None,
) -> None:
    """Show what waits, what surrounds it, and what it would change.

    With --set it is shown as that modification would leave it.
    """
    session = session_of(ctx)
    owner, key = _pair(simulation, entity)

    async def work(runtime: Runtime) -> dict[str, Any]:
        found: dict[str, Any] = await runtime.review.show(owner, key, assignments=assignments or ())
        return found

    found = session.run(work)

    def screen() -> None:
        from scrai.cli._screens_review import show_item

        show_item(session.console, found)

    session.emit(found, screen)


def _pair(simulation: str, entity: str | None) -> tuple[str, str]:
    try:
        return pair(simulation, entity, "item")
    except UsageError:
        raise UsageError(
            f"missing argument ID: which of {simulation}?",
            hint=f"scrai review {simulation} --list shows what waits",
        ) from None


def _deciding(word: str, told: str) -> Callable[..., None]:
    """Return the command that decides `word` about one or many."""

    def decide(
        ctx: typer.Context,
        items: ItemsArgument = None,
        every: AllOption = False,
        kind: KindOption = None,
        type_: TypeOption = None,
        actor: ActorOption = None,
        source: SourceOption = None,
        due: DueOption = None,
        by: ByOption = None,
        reason: ReasonOption = None,
    ) -> None:
        _bulk(ctx, word, items, every, (kind, type_, actor, source, due), by, reason)

    decide.__doc__ = told
    return decide


approve = _deciding(
    "approve",
    """Let what waits pass, one or many.

    Each is decided on its own: what somebody else decided first is told, and changes nothing for
    the others.
    """,
)
reject = _deciding("reject", "Cancel what waits, one or many.")
escalate = _deciding("escalate", "Let what waits wait on, for somebody higher.")


def terminate(
    ctx: typer.Context,
    simulation: SimulationArgument,
    entity: EntityArgument = None,
    by: ByOption = None,
    reason: ReasonOption = None,
) -> None:
    """Cancel one that waits, and end its simulation."""
    owner, key = _pair(simulation, entity)
    _bulk(ctx, "terminate", [owner, key], False, NO_FILTERS, by, reason)


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
    """Let one that waits pass, changed.

    Old and new values are recorded, with who changed them.
    """
    session = session_of(ctx)
    owner, key = _pair(simulation, entity)
    changes = gather(file, data, {}, None).fields

    async def work(runtime: Runtime) -> dict[str, Any]:
        from scrai.cli._review_work import decided

        item = await runtime.review.show(owner, key, changes=changes, assignments=assignments or ())
        return await decided(
            runtime, item, "modify", by or me(), reason, changes, assignments or ()
        )

    _tell(session, [session.run(work)])


def _bulk(
    ctx: typer.Context,
    word: str,
    items: Sequence[str] | None,
    every: bool,
    filters: Filters,
    by: str | None,
    reason: str | None,
) -> None:
    simulation, ids = _named(items or ())
    if not ids and not every:
        raise UsageError("which? Name them, or say --all", hint="scrai review --list shows them")
    if ids and (every or any(each is not None for each in filters)):
        raise UsageError("ids and --all or filters exclude each other")
    session, wanted = session_of(ctx), _wanted(*filters, ids)

    async def work(runtime: Runtime) -> list[dict[str, Any]]:
        from scrai.cli._review_work import decide_all

        return await decide_all(runtime, word, simulation, wanted, by or me(), reason)

    _tell(session, session.run(work))


def _named(items: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the simulation, if one is named, and the ids."""
    plain = [item for item in items if "~" not in item]
    qualified = [item for item in items if "~" in item]
    if qualified and plain:
        raise UsageError("name SIMULATION ID..., or SIMULATION~ID for each of them")
    return (None, qualified) if qualified else (plain[0] if plain else None, plain[1:])


def _tell(session: Session, found: Sequence[Mapping[str, Any]]) -> None:
    def screen() -> None:
        from scrai.cli._screens_review import show_outcomes

        show_outcomes(session.console, found)

    session.emit(found, screen)
    if any(each["error"] for each in found):
        raise typer.Exit(1)


def log(ctx: typer.Context, simulation: SimulationArgument, entity: EntityArgument = None) -> None:
    """List every decision of a simulation: who, when, what, why.

    What policies decided is there, what was refused, and changes of the policies themselves.
    """
    session = session_of(ctx)
    owner, _, key = simulation.partition("~")

    async def work(runtime: Runtime) -> None:
        from scrai.cli._screens_review import show_log

        await session.emit_list(
            runtime.review.log(owner, entity or key or None),
            lambda items: show_log(session.console, items),
        )

    session.run(work)
