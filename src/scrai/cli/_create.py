"""`scrai simulation create`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai.cli._mediation import MediationOption, gather_mediation
from scrai.cli._minds import CreditOption, LlmOption, MindOption, gather_minds
from scrai.cli._options import (
    IdOption,
    NameOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
)
from scrai.cli._session import Session, session_of

if TYPE_CHECKING:
    from scrai.runtime import Runtime


CyclesOption = Annotated[
    int | None,
    typer.Option(
        "--cycles",
        "--max-turns",
        min=1,
        help="How many cycles it runs. [default: the scenario's own number, if it has one]",
    ),
]


def create(
    ctx: typer.Context,
    scenario: ScenarioArgument,
    *,
    id_: IdOption = None,
    name: NameOption = None,
    cycles: CyclesOption = None,
    seed: SeedOption = None,
    assignments: SetOption = None,
    llm: LlmOption = None,
    mind: MindOption = None,
    credit_limit: CreditOption = None,
    mediation: MediationOption = None,
    description: Annotated[
        str | None, typer.Option("--description", help="What it is about.")
    ] = None,
    approve_events: Annotated[
        bool, typer.Option("--auto-approve-events", help="No event waits for approval.")
    ] = False,
    approve_actions: Annotated[
        bool, typer.Option("--auto-approve-actions", help="No action waits for approval.")
    ] = False,
    researcher_mode: Annotated[
        bool,
        typer.Option("--researcher-mode", help="All that rules or models make waits for approval."),
    ] = False,
) -> None:
    """Create a simulation of a scenario.

    Nothing runs yet: `simulation advance` runs its first phase, `simulation run` all of it.
    """
    session = session_of(ctx)
    policies = gather_mediation(mediation)
    check_first(session, scenario, assignments)

    async def work(runtime: Runtime) -> dict[str, Any]:
        from scrai.runtime import parse_assignments

        state = await runtime.simulations.create(
            scenario,
            simulation_id=id_,
            name=name,
            description=description,
            cycles=cycles,
            seed=seed,
            configuration=parse_assignments(assignments or ()),
            minds=gather_minds(llm, mind, credit_limit),
            mediation=policies,
            auto_approve_events=approve_events,
            auto_approve_actions=approve_actions,
            researcher_mode=researcher_mode,
        )
        found: dict[str, Any] = await runtime.reading.summary(state.id)
        return found

    made = session.run(work, fresh=True)
    session.emit(made, lambda: session.say(f"created {made['simulation_id']} ({made['name']})"))


def check_first(session: Session, scenario: str, assignments: Sequence[str] | None) -> None:
    """Refuse a bad scenario before a database is made that would hold nothing.

    Where there is one already, it is checked once, when the simulation is created.
    """
    if session.settings.backend != "sqlite" or session.settings.db.exists():
        return
    import warnings

    from scrai.runtime import parse_assignments
    from scrai.scenarios import create_default_scenario_service

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever creates it is warned
        create_default_scenario_service().new_simulation(
            scenario, "checked", configuration=parse_assignments(assignments or ())
        )
