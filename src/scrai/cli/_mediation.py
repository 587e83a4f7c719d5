"""The policies of mediation: given at the start, changed later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from scrai.cli._fields import gather
from scrai.cli._options import ByOption, SimulationArgument
from scrai.cli._session import session_of
from scrai.errors import UsageError

if TYPE_CHECKING:
    from scrai.runtime import Runtime

MediationOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--mediation",
        metavar="FILE|JSON",
        help="Who has to decide about what: a file, - for stdin, or {rules: [...]} itself.",
    ),
]


def gather_mediation(given: str | None) -> dict[str, Any]:
    """Return the policies that were given, empty if none were; see `scrai.data.Mediation`."""
    if given is None:
        return {}
    if not given.lstrip().startswith("{"):
        return gather(given, None, {}, None).fields
    from scrai.runtime import parse_value

    found: dict[str, Any] = parse_value(given, "--mediation")
    return found


def configure(
    ctx: typer.Context,
    simulation: SimulationArgument,
    mediation: MediationOption = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="name, description, max_phases, researcher_mode, auto_approve_events or"
            " auto_approve_actions. Repeat it for more.",
        ),
    ] = None,
    by: ByOption = None,
) -> None:
    """Change a simulation's own settings and policies.

    Of the policies, `events`, `actions` and `rules` are each replaced whole. What waits already
    goes by the new ones from the next step on.
    """
    from scrai.cli._entity import me
    from scrai.runtime import parse_assignments

    session = session_of(ctx)
    settings: dict[str, Any] = parse_assignments(assignments or ())
    policies = gather_mediation(mediation)
    if policies:
        settings["mediation"] = policies
    if not settings:
        raise UsageError("nothing to change", hint="such as --set researcher_mode=true")

    async def work(runtime: Runtime) -> tuple[Any, dict[str, Any]]:
        receipt = await runtime.simulations.configure(simulation, settings, by=by or me())
        found: dict[str, Any] = await runtime.reading.show(simulation)
        return receipt, found

    receipt, found = session.run(work)
    done = "configured" if receipt.applied else "will be configured with the next step"
    session.emit(found, lambda: session.say(f"{simulation} {done}: {', '.join(sorted(settings))}"))
