"""What a generated economy is made from: sizes, regimes, presets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from scrai.errors import InvalidInputError, UsageError
from scrai.worlds.exchange._schema_keys import MONEY_REGIMES
from scrai.worlds.exchange._schema_report import near


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to generate.

    Attributes:
        agents: their number.
        grid: side of the grid, in cells.
        inventory_range: least and most units of a good at the start.
        utilities: types and their weights; all weights are equal where none were given.
        resources: density, most units of a cell, units that regrow in a tick.
        exchange_regime: which kinds of trade there are.
        money_range: least and most money, in major units; as the goods if None.
        lambda_money: marginal utility of money.
        money_scale: minor units of money in a major one.
        vision: how far agents see, in cells.
        movement: steps in a tick; None for the default.
        ranges: the ranges to draw the parameters of utilities from, where not the usual.
        per_type: draw the parameters once for each type, not for each agent.
    """

    agents: int
    grid: int
    inventory_range: tuple[int, int]
    utilities: tuple[tuple[str, float], ...]
    resources: tuple[float, int, int]
    exchange_regime: str = "barter_only"
    money_range: tuple[int, int] | None = None
    lambda_money: float = 1.0
    money_scale: int = 1
    vision: int = 8
    movement: int | None = None
    ranges: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    per_type: bool = False

    @property
    def has_money(self) -> bool:
        """Whether the regime trades for money."""
        return self.exchange_regime in MONEY_REGIMES


def _equal(*names: str) -> tuple[tuple[str, float], ...]:
    return tuple((name, 1.0) for name in names)


PRESETS: Final[dict[str, dict[str, Any]]] = {
    "minimal": {
        "agents": 10,
        "grid": 20,
        "inventory_range": (10, 50),
        "utilities": _equal("ces", "linear"),
        "resources": (0.3, 5, 1),
        "exchange_regime": "barter_only",
    },
    "standard": {
        "agents": 30,
        "grid": 40,
        "inventory_range": (15, 60),
        "utilities": _equal("ces", "linear", "quadratic", "translog", "stone_geary"),
        "resources": (0.35, 6, 2),
        "exchange_regime": "barter_only",
    },
    "large": {
        "agents": 80,
        "grid": 80,
        "inventory_range": (10, 100),
        "utilities": _equal("ces", "linear"),
        "resources": (0.4, 8, 3),
        "exchange_regime": "barter_only",
    },
    "money_demo": {
        "agents": 20,
        "grid": 30,
        "inventory_range": (10, 50),
        "utilities": _equal("linear"),
        "resources": (0.2, 5, 1),
        "exchange_regime": "money_only",
    },
    "mixed_economy": {
        "agents": 40,
        "grid": 50,
        "inventory_range": (20, 80),
        "utilities": _equal("ces", "linear", "quadratic"),
        "resources": (0.3, 6, 2),
        "exchange_regime": "mixed",
    },
}
_SIZES: Final = ("agents", "grid", "inventory_range", "utilities", "resources")
_OF_MONEY: Final = ("money_range", "lambda_money", "money_scale")


def recipe(preset: str | None, given: dict[str, Any]) -> Recipe:
    """Return the recipe of a preset with everything that was given laid over it.

    Args:
        preset: its name; None for none, and then all five sizes must be given.
        given: fields of `Recipe`; None where nothing was given.

    Raises:
        UsageError: sizes are missing, or a setting of money has nothing to act upon.
        InvalidInputError: there is no such preset.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    made = Recipe(**{**_preset(preset, chosen), **chosen})
    stray = [_flag(name) for name in _OF_MONEY if name in chosen]
    if stray and not made.has_money:
        raise UsageError(
            f"{', '.join(stray)}: {made.exchange_regime} has no money",
            hint=f"--exchange-regime {'|'.join(MONEY_REGIMES)}",
        )
    return made


def _preset(name: str | None, chosen: dict[str, Any]) -> dict[str, Any]:
    if name is not None:
        if name not in PRESETS:
            raise InvalidInputError(
                f"--preset: unknown preset {name[:60]!r}", hint=near(name, PRESETS)
            )
        return PRESETS[name]
    missing = [_flag(size) for size in _SIZES if size not in chosen]
    if missing:
        raise UsageError(
            f"missing {', '.join(missing)}",
            hint=f"or start from --preset {'|'.join(PRESETS)}",
        )
    return {}


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
