"""`scrai generate`: writes a scenario of the exchange, or many."""

from __future__ import annotations

import sys
from typing import Any

import typer

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._generate_flags import param_ranges, real, resources, span, utilities
from scrai.worlds.exchange._generate_options import (
    AgentsOption,
    CountOption,
    DryRunOption,
    ForceOption,
    GridOption,
    InventoryOption,
    LambdaOption,
    MoneyOption,
    MovementOption,
    NameArgument,
    OutputOption,
    PerTypeOption,
    PresetOption,
    RangesOption,
    RegimeOption,
    ResourcesOption,
    ScaleOption,
    SeedOption,
    SetOption,
    UtilitiesOption,
    ValidateOption,
    VisionOption,
)
from scrai.worlds.exchange._generate_presets import recipe
from scrai.worlds.exchange._generate_run import make, read_back
from scrai.worlds.exchange._generate_write import Made, checked_name, refuse_existing, write_all
from scrai.worlds.exchange._schema_keys import LARGEST
from scrai.worlds.exchange._schema_report import near
from scrai.worlds.exchange._spec import REGIMES


def generate(  # noqa: PLR0917 - one for each flag; Typer gives them by name
    ctx: typer.Context,
    name: NameArgument,
    preset: PresetOption = None,
    agents: AgentsOption = None,
    grid: GridOption = None,
    inventory_range: InventoryOption = None,
    utility_types: UtilitiesOption = None,
    resource_seed: ResourcesOption = None,
    exchange_regime: RegimeOption = None,
    seed: SeedOption = 0,
    output: OutputOption = None,
    count: CountOption = 1,
    money_range: MoneyOption = None,
    lambda_money: LambdaOption = None,
    money_scale: ScaleOption = None,
    vision: VisionOption = None,
    movement: MovementOption = None,
    ranges: RangesOption = None,
    per_type: PerTypeOption = False,
    assignments: SetOption = None,
    validate: ValidateOption = False,
    dry_run: DryRunOption = False,
    force: ForceOption = False,
) -> None:
    """Write a scenario of the exchange economy, or many.

    Without --preset the five sizes are needed: --agents, --grid, --inventory-range, --utilities
    and --resources. Flags beat the preset, --set beats both. The same seed gives the same bytes.
    """
    given = {
        "agents": agents,
        "grid": grid,
        "inventory_range": span(inventory_range, "--inventory-range"),
        "utilities": utilities(utility_types),
        "resources": resources(resource_seed),
        "exchange_regime": _regime(exchange_regime),
        "money_range": span(money_range, "--money-range"),
        "lambda_money": _lambda(lambda_money),
        "money_scale": money_scale,
        "vision": vision,
        "movement": movement,
        "ranges": param_ranges(ranges),
        "per_type": per_type,
    }
    bare = checked_name(name)
    made = make(recipe(preset, given), bare, seed, count, assignments or (), output)
    _finish(ctx, made, validate=validate, dry_run=dry_run, force=force)


def _regime(name: str | None) -> str | None:
    if name is not None and name not in REGIMES:
        raise InvalidInputError(
            f"--exchange-regime: unknown regime {name[:60]!r}", hint=near(name, REGIMES)
        )
    return name


def _lambda(text: str | None) -> float | None:
    if text is None:
        return None
    value = real(text, "--lambda-money", 0, LARGEST)
    if value <= 0:
        raise InvalidInputError("--lambda-money must be above 0")
    return value


def _finish(
    ctx: typer.Context, made: list[Made], *, validate: bool, dry_run: bool, force: bool
) -> None:
    """Read back, write and tell, as far as each was asked for."""
    if not dry_run and not force:
        refuse_existing(made)
    if validate:
        read_back(made)
    if not dry_run:
        write_all(made, force=force)
    found = [_row(each, dry_run=dry_run) for each in made]
    _door(ctx).emit(found, lambda: _show(made, validate=validate, dry_run=dry_run))


def _row(made: Made, *, dry_run: bool) -> dict[str, Any]:
    """Return what scripts are told of a file."""
    document = made.document
    row = {
        "file": str(made.path),
        "name": document["name"],
        "seed": made.seed,
        "agents": document["agents"],
        "N": document["N"],
        "exchange_regime": document["params"]["exchange_regime"],
        "written": not dry_run,
    }
    return row | {"yaml": made.text} if dry_run else row


def _show(made: list[Made], *, validate: bool, dry_run: bool) -> None:
    """Tell people: the text of a dry run, else where the files are."""
    if dry_run:
        sys.stdout.write("---\n".join(each.text for each in made))
        return
    last = made[-1]
    what = (
        f"{last.path} is written"
        if len(made) == 1
        else (f"{len(made):,} files are written, {made[0].path} to {last.path}")
    )
    checked = ", read back and valid" if validate else ""
    drawn = f"seed {last.seed}" if len(made) == 1 else f"seeds {made[0].seed} to {last.seed}"
    sys.stdout.write(f"{what}{checked}; agents are drawn from {drawn}. Try scrai run {last.path}\n")


class _Terminal:
    """Where results go without the program around the command."""

    def emit(self, value: Any, show: Any) -> None:
        """Print for people."""
        show()


def _door(ctx: typer.Context) -> Any:
    return ctx.find_root().obj or _Terminal()
