"""`scrai simulation costs`: what the calls to models did cost, and who spent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from scrai.cli._options import SimulationArgument
from scrai.cli._session import session_of
from scrai.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from scrai.runtime import Runtime

BREAKDOWNS: Final = ("actor", "phase", "model", "cycle")


def costs(
    ctx: typer.Context,
    simulation: SimulationArgument,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="actor, phase, model or cycle; repeat it. [default: all]"),
    ] = None,
) -> None:
    """Show what a simulation's calls to models did cost, taken apart.

    `lost` is the worst case of what may be charged for though nobody told what it cost: calls that
    were under way when a worker died, and attempts that timed out or broke off.
    """
    chosen = tuple(by or BREAKDOWNS)
    for word in chosen:
        if word not in BREAKDOWNS:
            raise UsageError(f"--by {word[:40]!r} is none of {', '.join(BREAKDOWNS)}")
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        found: dict[str, Any] = await runtime.costs(simulation)
        return found

    found = session.run(work)
    session.emit(found, lambda: _show(session.console, found, chosen))


def _show(console: Console, found: Mapping[str, Any], chosen: tuple[str, ...]) -> None:
    from scrai.cli._style import text

    total = found["total"]
    if not total["calls"]:
        console.print(text(f"{found['simulation_id']} has asked no model"))
        return
    console.print(text(_headline(found)))
    for word in chosen:
        console.print(_table(word, found[f"by_{word}"]))


def _headline(found: Mapping[str, Any]) -> str:
    total, limit = found["total"], found["limit_usd"]
    parts = [f"{found['simulation_id']}: {total['calls']} calls, {_usd(total['cost_usd'])}"]
    if limit is not None:
        parts.append(f"of {_usd(limit)} allowed")
    if total["lost_usd"]:
        parts.append(f"{_usd(total['lost_usd'])} lost")
    if found["open_usd"]:
        parts.append(f"{_usd(found['open_usd'])} reserved")
    if total["unpriced"]:
        parts.append(f"{total['unpriced']} of unknown price")
    return ", ".join(parts)


def _table(word: str, rows: Mapping[str, Mapping[str, Any]]) -> Any:
    from scrai.cli._style import number, table, text

    lost = any(row["lost_usd"] for row in rows.values())
    last = ("cost", "lost") if lost else ("cost",)
    made = table(word, "calls", "failed", "tokens in", "tokens out", *last)
    for column in made.columns[1:]:
        column.justify = "right"
    for key, row in rows.items():
        made.add_row(
            text(key or "(none)"),
            number(row["calls"]),
            number(row["failures"]),
            number(row["input_tokens"]),
            number(row["output_tokens"]),
            *(_usd(row[f"{name}_usd"]) for name in last),
        )
    return made


def _usd(amount: float) -> str:
    return f"{amount:.6f}".rstrip("0").rstrip(".") + " USD"
