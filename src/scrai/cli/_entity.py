"""What the commands about actors, events and actions have in common."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from scrai.cli._fields import Given
from scrai.cli._options import pair
from scrai.cli._session import MOST_LISTED, Session, session_of

if TYPE_CHECKING:
    from scrai.runtime import Runtime

NOTHING = Given({})


def list_entities(
    ctx: typer.Context,
    simulation: str,
    kind: str,
    filters: Mapping[str, Any],
    where: Sequence[str] | None,
    *,
    awaiting: bool = False,
    limit: int | None = None,
) -> None:
    """List entities of a simulation."""
    from scrai.runtime import parse_assignment

    session = session_of(ctx)
    wanted = {name: value for name, value in filters.items() if value is not None}
    for text in where or ():
        path, value = parse_assignment(text, "--where")
        wanted[".".join(path)] = value

    async def work(runtime: Runtime) -> None:
        from scrai.cli._screens_entities import show_entities

        found = runtime.entities.listing(simulation, kind, wanted, awaiting=awaiting, limit=limit)
        await session.emit_list(
            found,
            lambda items: show_entities(session.console, kind, items),
            most=None if limit is not None else MOST_LISTED,
        )

    session.run(work)


def word(name: str, given: str | None, what: str) -> str | None:
    """Return one of the words of an enum of the models, as it is written; None stays None."""
    if given is None:
        return None
    from scrai import models
    from scrai.cli._look import one_of

    return str(one_of(getattr(models, name), given, what).value)


def show_entity(
    ctx: typer.Context, simulation: str, entity: str | None, kind: str, *, full: bool
) -> None:
    """Show one entity with all its fields, and who decided about it."""
    session = session_of(ctx)
    owner, key = pair(simulation, entity, kind[:-1])

    async def work(runtime: Runtime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        found = await runtime.entities.show(owner, kind, key)
        if session.json or not found.get("requires_approval"):
            return found, []
        return found, [line async for line in runtime.review.log(owner, found["id"])]

    found, decisions = session.run(work)

    def screen() -> None:
        from scrai.cli._screens_entities import show_one

        show_one(session.console, found, full=full)
        if decisions:
            from scrai.cli._screens_review import show_log

            show_log(session.console, decisions)

    session.emit(found, screen)


def change(
    ctx: typer.Context,
    verb: str,
    work: Callable[[Any], Coroutine[Any, Any, tuple[dict[str, Any], Any]]],
) -> None:
    """Carry out a change, and print the entity as it is with it."""
    session = session_of(ctx)
    found, receipt = session.run(work)
    session.emit(found, lambda: _say(session, found, verb, receipt))


def _say(session: Session, found: Mapping[str, Any], verb: str, receipt: Any) -> None:
    status = found.get("status", verb)
    status = "" if status == verb else f", {status}"
    if receipt.applied:
        session.say(f"{found['id']} {verb}{status}")
    else:
        who = receipt.holder or "another worker is at it"
        session.say(f"{found['id']} will be {verb} with the next step: {who}")


def decide(
    ctx: typer.Context,
    simulation: str,
    entity: str | None,
    kind: str,
    decision: str,
    *,
    by: str | None,
    reason: str | None,
    given: Given = NOTHING,
    assignments: Sequence[str] | None = None,
) -> None:
    """Decide at the gate of an event or action."""
    from scrai.models import Decision

    owner, key = pair(simulation, entity, kind[:-1])
    chosen = Decision(decision)

    async def work(runtime: Runtime) -> tuple[dict[str, Any], Any]:
        with given.placing(kind):
            found: tuple[dict[str, Any], Any] = await runtime.entities.decide(
                owner,
                kind,
                key,
                chosen,
                by=by or me(),
                reason=reason,
                changes=given.fields,
                assignments=assignments or (),
            )
        return found

    change(ctx, _DECIDED[decision], work)


_DECIDED = {
    "approve": "approved",
    "modify": "modified",
    "reject": "rejected",
    "terminate": "rejected, and the simulation ended",
    "escalate": "escalated",
}


def cancel(
    ctx: typer.Context,
    simulation: str,
    entity: str | None,
    kind: str,
    by: str | None,
    reason: str | None,
) -> None:
    """Cancel an event or action."""
    owner, key = pair(simulation, entity, kind[:-1])

    async def work(runtime: Runtime) -> tuple[dict[str, Any], Any]:
        found: tuple[dict[str, Any], Any] = await runtime.entities.cancel(
            owner, kind, key, by=by or me(), reason=reason
        )
        return found

    change(ctx, "cancelled", work)


def inject(ctx: typer.Context, simulation: str, kind: str, given: Given, by: str | None) -> None:
    """Put an entity into a simulation."""
    source = {} if kind == "actors" else {"source": "player"}

    async def work(runtime: Runtime) -> tuple[dict[str, Any], Any]:
        with given.placing(kind):
            found: tuple[dict[str, Any], Any] = await runtime.entities.inject(
                simulation, kind, source | given.fields, by=by or me()
            )
        return found

    change(ctx, "injected" if kind != "actors" else "added", work)


def me() -> str:
    """Return who asks when nobody is named: the user of this machine."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "command line"
