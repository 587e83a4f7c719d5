"""`scrai run`: a scenario from nothing to its end, or on from an earlier run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai.cli._complete import complete_scenarios, complete_simulations
from scrai.cli._create import check_first
from scrai.cli._mediation import MediationOption, gather_mediation
from scrai.cli._minds import CreditOption, LlmOption, MindOption, gather_minds
from scrai.cli._options import AtOption, AtStepOption, IdOption, NameOption, SeedOption, SetOption
from scrai.cli._session import Session, session_of
from scrai.errors import UsageError

if TYPE_CHECKING:
    from scrai.runtime import Runtime


UNTOLD = 10
"""Cycles of a run whose scenario has no number of its own and that was not told one."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    scenario: str | None
    cycles: int | None
    seed: int | None
    assignments: list[str]
    name: str | None
    id: str | None
    resume: str | None
    branch_from: str | None
    at: str | None
    minds: dict[str, Any]
    mediation: dict[str, Any]

    def check(self) -> None:
        """Refuse what cannot be meant together; raises UsageError."""
        if self.resume and self.branch_from:
            raise UsageError("--resume and --branch-from exclude each other")
        if self.at and not self.branch_from:
            raise UsageError("--at, --at-step and --branch-at-turn need --branch-from")
        if not (self.scenario or self.resume or self.branch_from):
            raise UsageError("missing argument SCENARIO", hint="scrai scenario list shows some")
        chosen = {"--seed": self.seed, "--set": self.assignments or None, "--name": self.name}
        idle = [flag for flag, given in (chosen | {"--id": self.id}).items() if given is not None]
        if self.resume and idle:
            raise UsageError(
                f"{idle[0]} has no effect with --resume", hint="--branch-from starts another line"
            )


ScenarioArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SCENARIO",
        help="A name, module:Class, file.py, file.py:Class or FILE.yaml. None to go on from a run.",
        autocompletion=complete_scenarios,
    ),
]
ResumeOption = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Go on with this simulation.",
        autocompletion=complete_simulations,
    ),
]
BranchFromOption = Annotated[
    str | None,
    typer.Option(
        "--branch-from",
        metavar="RUN",
        help="Start a branch of this simulation, and run that.",
        autocompletion=complete_simulations,
    ),
]
TurnOption = Annotated[
    int | None,
    typer.Option("--branch-at-turn", min=1, metavar="N", help="Branch at the end of cycle N."),
]


def run(
    ctx: typer.Context,
    scenario: ScenarioArgument = None,
    *,
    cycles: Annotated[
        int | None,
        typer.Option(
            "--cycles",
            "--max-turns",
            min=1,
            help="How many in all. [default: the scenario's own number, else 10]",
        ),
    ] = None,
    seed: SeedOption = None,
    assignments: SetOption = None,
    llm: LlmOption = None,
    mind: MindOption = None,
    credit_limit: CreditOption = None,
    mediation: MediationOption = None,
    name: NameOption = None,
    id_: IdOption = None,
    resume: ResumeOption = None,
    branch_from: BranchFromOption = None,
    turn: TurnOption = None,
    at: AtOption = None,
    at_step: AtStepOption = None,
) -> None:
    """Create a simulation of a scenario and run it to its end.

    Interrupted with Ctrl-C or killed, it goes on with --resume RUN. With --cycles N it ends after
    N cycles in all, those of the earlier run included. A completed run stays as it is:
    --branch-from RUN --cycles N makes a longer one of it, with an id of its own.
    """
    session = session_of(ctx)
    wanted = Wanted(
        scenario,
        cycles,
        seed,
        assignments or [],
        name,
        id_,
        resume,
        branch_from,
        one_place(at, at_step, turn),
        gather_minds(llm, mind, credit_limit),
        gather_mediation(mediation),
    )
    wanted.check()
    fresh = not (resume or branch_from)
    if fresh:
        check_first(session, scenario or "", assignments)
    last, found = session.run(lambda runtime: _work(session, runtime, wanted), fresh=fresh)

    def show() -> None:
        from scrai.cli._screens_steps import show_end

        show_end(session.console, found, last)

    session.emit(found, show)


def one_place(at: str | None, at_step: int | None, turn: int | None = None) -> str | None:
    """Return the one place in a history that was named, as text; raises UsageError for two."""
    given = [
        at,
        None if at_step is None else str(at_step),
        None if turn is None else f"{turn}:snapshot",
    ]
    found = [place for place in given if place is not None]
    if len(found) > 1:
        raise UsageError("name one place: --at, --at-step or --branch-at-turn")
    return found[0] if found else None


async def _work(session: Session, runtime: Runtime, wanted: Wanted) -> tuple[Any, dict[str, Any]]:
    from scrai.cli._asides import aside
    from scrai.cli._progress import follow

    simulation = await _prepared(session, runtime, wanted)
    head = await runtime.reading.head(simulation)
    if runtime.settings.backend != "memory":
        session.resume_hint = f"scrai run --resume {simulation}"
    scenario = runtime.scenarios.select(head.scenario) if head.scenario else None
    if scenario and (notice := aside("notice", scenario.notice)):
        session.say(notice)
    last = await follow(
        session,
        runtime.simulations.run(simulation),
        begun=head.cycles,
        end=head.max_phases,
        of=simulation,
        headline=scenario.headline if scenario else dict,
    )
    from scrai.runtime import ended

    return last, ended(await runtime.reading.summary(simulation), last)


async def _prepared(session: Session, runtime: Runtime, wanted: Wanted) -> str:
    """Return the id of the simulation to run, created, branched or made ready."""
    if wanted.resume:
        await _check_scenario(runtime, wanted.resume, wanted.scenario)
        await runtime.simulations.make_ready(
            wanted.resume, cycles=wanted.cycles, minds=wanted.minds, mediation=wanted.mediation
        )
        return wanted.resume
    if wanted.branch_from:
        await _check_scenario(runtime, wanted.branch_from, wanted.scenario)
        return await _branched(runtime, wanted.branch_from, wanted)
    return await _created(session, runtime, wanted.scenario or "", wanted)


async def _created(session: Session, runtime: Runtime, scenario: str, wanted: Wanted) -> str:
    from scrai.runtime import parse_assignments

    cycles = wanted.cycles or runtime.scenarios.select(scenario).default_cycles
    state = await runtime.simulations.create(
        scenario,
        simulation_id=wanted.id,
        name=wanted.name,
        cycles=cycles or UNTOLD,
        seed=wanted.seed,
        configuration=parse_assignments(wanted.assignments),
        minds=wanted.minds,
        mediation=wanted.mediation,
    )
    if cycles is None:
        session.say(f"{UNTOLD} cycles, as --cycles was not given")
    return state.id


async def _branched(runtime: Runtime, parent: str, wanted: Wanted) -> str:
    from scrai.runtime import At, parse_assignments, parse_at

    child = await runtime.travel.branch(
        parent,
        parse_at(wanted.at) if wanted.at else At(),
        child_id=wanted.id,
        name=wanted.name,
        seed=wanted.seed,
        cycles=wanted.cycles,
        configuration=parse_assignments(wanted.assignments),
    )
    await runtime.simulations.make_ready(child, minds=wanted.minds, mediation=wanted.mediation)
    return child


async def _check_scenario(runtime: Runtime, simulation: str, scenario: str | None) -> None:
    """Refuse a scenario that is not the simulation's own."""
    if scenario is None:
        return
    head = await runtime.reading.head(simulation)
    if head.scenario != runtime.scenarios.key_of(scenario):
        raise UsageError(
            f"simulation {simulation} is of scenario {head.scenario}, not {scenario}",
            hint="leave the scenario out",
        )
