"""The flags of the generator."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from scrai.worlds.exchange._generate_presets import PRESETS
from scrai.worlds.exchange._schema_keys import MOST_AGENTS, MOST_CELLS_A_SIDE
from scrai.worlds.exchange._spec import REGIMES

NameArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="NAME", help="What the economy is called.")
]
PresetOption: TypeAlias = Annotated[
    str | None, typer.Option("--preset", metavar="|".join(PRESETS), help="Where to start from.")
]
AgentsOption: TypeAlias = Annotated[
    int | None, typer.Option("--agents", min=1, max=MOST_AGENTS, help="How many.")
]
GridOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--grid", min=1, max=MOST_CELLS_A_SIDE, help="Side of the grid, in cells."),
]
InventoryOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--inventory-range", metavar="MIN,MAX", help="Units of each good."),
]
UtilitiesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--utilities",
        metavar="A,B[:WEIGHT,...]",
        help="ces, linear, quadratic, translog, stone_geary; ces:3,linear:1 weighs them.",
    ),
]
ResourcesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--resources",
        metavar="DENSITY,MAX,REGEN",
        help="Share of cells with a resource, most units in one, units that regrow in a tick.",
    ),
]
RegimeOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--exchange-regime",
        metavar="|".join(REGIMES),
        help="Which trades there are. [default: barter_only]",
    ),
]
SeedOption: TypeAlias = Annotated[
    int, typer.Option("--seed", help="What agents are drawn from. A run has its own.")
]
OutputOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="PATH", help="A .yaml file, or a folder. [default: NAME.yaml]"
    ),
]
CountOption: TypeAlias = Annotated[
    int,
    typer.Option("--count", min=1, max=100_000, help="So many files, of consecutive seeds."),
]
MoneyOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--money-range", metavar="MIN,MAX", help="Money, in major units. [default: as goods]"
    ),
]
LambdaOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--lambda-money", metavar="X", help="Marginal utility of money. [default: 1.0]"),
]
ScaleOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--money-scale", min=1, max=1_000_000, help="Minor units in a major one. [default: 1]"
    ),
]
VisionOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--vision", min=0, max=1_000_000, help="How far agents see, in cells. [default: 8]"
    ),
]
MovementOption: TypeAlias = Annotated[
    int | None,
    typer.Option("--movement", min=1, max=1_000_000, help="Steps in a tick. [default: 1]"),
]
RangesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--param-ranges",
        metavar="FILE",
        help="Ranges to draw parameters of utilities from: {ces: {rho: [-1, 0.5]}}.",
    ),
]
PerTypeOption: TypeAlias = Annotated[
    bool, typer.Option("--per-type", help="Draw once for each type, and write a mix.")
]
SetOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Any key of the file; dots lead deeper. Repeat it."
    ),
]
ValidateOption: TypeAlias = Annotated[
    bool, typer.Option("--validate", help="Read the finished text back before it is written.")
]
DryRunOption: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be written, and write nothing.")
]
ForceOption: TypeAlias = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
