"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from scrai.cli._complete import complete_scenarios, complete_simulations
from scrai.errors import UsageError

SimulationArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SIMULATION", help="The simulation's id.", autocompletion=complete_simulations
    ),
]
EntityArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="The id; or give SIMULATION~ID as one argument."),
]
ScenarioArgument: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO",
        help="A name, module:Class, file.py, file.py:Class or FILE.yaml.",
        autocompletion=complete_scenarios,
    ),
]
IdOption: TypeAlias = Annotated[str | None, typer.Option("--id", help="Its id. [default: made up]")]
NameOption: TypeAlias = Annotated[str | None, typer.Option("--name", help="What it is called.")]
SeedOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--seed", help="What chance in the run depends on. [default: 0, or the parent's]"),
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A value of the scenario's configuration; dots lead deeper. Repeat it for more.",
    ),
]
FieldOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A field; dots lead deeper, numbers into lists. Repeat it for more.",
    ),
]
FileOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--file", "-f", metavar="FILE", help="Fields as JSON or YAML; - is stdin."),
]
DataOption: TypeAlias = Annotated[
    str | None, typer.Option("--data", metavar="JSON", help="Fields as JSON or YAML.")
]
DescriptionOption: TypeAlias = Annotated[
    str | None, typer.Option("--description", help="More about it.")
]
ScheduledOption: TypeAlias = Annotated[
    str | None, typer.Option("--scheduled-for", help="When, in simulated time (ISO 8601).")
]
ApprovalOption: TypeAlias = Annotated[
    bool, typer.Option("--requires-approval", help="Somebody has to approve it first.")
]
AwaitingOption: TypeAlias = Annotated[
    bool, typer.Option("--awaiting", help="Only what waits for approval.")
]
ByOption: TypeAlias = Annotated[str | None, typer.Option("--by", help="Who asks for it.")]
ReasonOption: TypeAlias = Annotated[str | None, typer.Option("--reason", help="Why.")]
AtOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="CYCLE:PHASE", help="The last step that ran this phase of this cycle."
    ),
]
AtStepOption: TypeAlias = Annotated[
    int | None, typer.Option("--at-step", min=0, metavar="N", help="Exactly this step.")
]
LimitOption: TypeAlias = Annotated[
    int | None, typer.Option("--limit", "-n", min=0, help="At most so many.")
]
WhereOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--where", metavar="FIELD=VALUE", help="Only where a field has this value. Repeat it."
    ),
]


def pair(simulation: str, entity: str | None, what: str) -> tuple[str, str]:
    """Return simulation and entity id from `SIMULATION ID`, or from `SIMULATION~ID`.

    Raises:
        UsageError: there is no id.
    """
    if entity is not None:
        return simulation, entity
    owner, found, local = simulation.partition("~")
    if not found:
        raise UsageError(
            f"missing argument ID: which {what} of {simulation}?",
            hint=f"scrai {what} list {simulation} shows those there are",
        )
    return owner, local
