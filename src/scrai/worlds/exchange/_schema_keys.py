"""Every key of a scenario file: kind, default, bounds, unit and meaning, said once.

The validator, the JSON Schema and the reference page are all made from these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scrai.worlds.exchange import _spec

MOST_AGENTS: Final = 1_000_000
MOST_CELLS_A_SIDE: Final = 10_000
MOST_UNITS: Final = 1_000_000_000
MOST_HELD: Final = 2**53
"""What all agents together may hold of one thing, in minor units: sums stay exact in floats."""
LARGEST: Final = 1e15
MOST_BYTES: Final = 1_000_000
"""What a document may take as JSON to be run: a simulation keeps it as one document."""
SCHEMA_VERSION: Final = 1
MONEY_REGIMES: Final = _spec.REGIMES[1:]


class Required:
    """The default of a key that has none."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key with a simple value.

    Attributes:
        name: as it is written.
        kind: int, number, flag, choice or text.
        meaning: one sentence.
        default: its value where it is absent; the class `Required` if it must be there.
        low, high: the least and largest value allowed, both included.
        above: a value that it must exceed.
        below: a value that it must stay below.
        without: a value that it must not have.
        choices: the words of a choice.
        unit: what it is counted in.
    """

    name: str
    kind: str
    meaning: str
    default: Any = Required
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    without: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be there."""
        return self.default is Required


def _count(name: str, default: Any, low: int, unit: str, meaning: str, high: float = 1e9) -> Key:
    return Key(name, "int", meaning, default, low=low, high=high, unit=unit)


def _number(name: str, default: Any, meaning: str, **bounds: Any) -> Key:
    return Key(name, "number", meaning, default, **{"low": -LARGEST, "high": LARGEST, **bounds})


def _choice(name: str, default: Any, choices: tuple[str, ...], meaning: str) -> Key:
    return Key(name, "choice", meaning, default, choices=choices)


def _positive(name: str, meaning: str) -> Key:
    return _number(name, Required, meaning, low=None, above=0)


TOP: Final = (
    Key("schema_version", "int", "Version of this format.", low=1, high=SCHEMA_VERSION),
    Key("name", "text", "What the economy is called, in at most 200 characters."),
    _count("N", Required, 1, "cells", "Side of the square grid.", MOST_CELLS_A_SIDE),
    _count("agents", Required, 1, "agents", "Number of agents.", MOST_AGENTS),
)
RUN: Final = (
    _count("ticks_per_cycle", 10, 1, "ticks", "Ticks in one cycle, committed at once; 1 to step.",
           1_000_000),
    _choice("telemetry", "summary", _spec.TELEMETRY_LEVELS,
            "What is recorded: nothing, totals, each trade, or everything."),
    Key("allow_colocation", "flag", "Whether agents may start on one cell.", False),
)  # fmt: skip
RESOURCES: Final = (
    _number("density", Required, "Chance that a cell bears a resource, A or B with equal chance.",
            low=0, high=1),
    _count("amount", Required, 1, "units",
           "Stock of a cell at the start, and its cap, unless resource_max_amount is less."),
)  # fmt: skip
SCHEDULE: Final = (
    _choice("type", Required, ("global_cycle",), "How modes alternate: for the whole world."),
    _count("forage_ticks", Required, 1, "ticks", "Length of a phase of foraging."),
    _count("trade_ticks", Required, 1, "ticks", "Length of a phase of trading."),
    _choice("start_mode", "forage", _spec.MODES, "The phase that comes first."),
)
LAMBDA_BOUNDS: Final = (
    _number("lambda_min", 1e-6, "Least value that an update gives lambda.", low=None, above=0),
    _number("lambda_max", 1e6, "Largest value that an update gives lambda.", low=None, above=0),
)
LIQUIDITY_GATE: Final = (
    _count("min_quotes", 3, 0, "sellers",
           "Barter is open while both agents see fewer distinct sellers than this."),
)  # fmt: skip
PARAMS: Final = (
    _number("spread", 0.0, "Relative gap of ask and bid around the reservation price.",
            low=0, high=1e6),
    _count("vision_radius", 5, 0, "cells", "How far agents see."),
    _count("interaction_radius", 1, 0, "cells", "How near two agents must be to trade."),
    _count("move_budget_per_tick", 1, 1, "cells", "Steps in a tick."),
    _count("dA_max", 5, 1, "units", "Largest block of a good in one trade.", 10_000),
    _count("forage_rate", 1, 1, "units", "Units harvested from a cell in a tick."),
    _number("epsilon", 1e-12, "Least gain that counts as an improvement (at least 1e-9 is used).",
            low=0),
    _number("beta", 0.95, "Discount of a gain for each cell of distance.",
            low=None, above=0, high=1),
    _count("resource_growth_rate", 0, 0, "units", "Regrowth of a cell in a tick."),
    _count("resource_max_amount", 5, 1, "units", "Most that a cell can hold."),
    _count("resource_regen_cooldown", 5, 0, "ticks", "Rest of a cell after a harvest."),
    _count("trade_cooldown_ticks", 5, 0, "ticks", "How long a pair that failed stays apart."),
    _choice("trade_execution_mode", "minimum", _spec.EXECUTION_MODES,
            "The smallest block that improves both, or the largest at that price."),
    Key("enable_resource_claiming", "flag", "Whether a cell is kept for who heads for it.", True),
    Key("enforce_single_harvester", "flag", "Whether one agent a tick harvests a cell.", True),
    _choice("exchange_regime", "barter_only", _spec.REGIMES, "Which kinds of trade there are."),
    _choice("money_mode", "quasilinear", _spec.MONEY_MODES,
            "Whether lambda is fixed, or follows prices."),
    _choice("money_utility_form", "linear", _spec.MONEY_FORMS,
            "Utility of money: lambda m, or lambda ln(m + M_0)."),
    _number("M_0", 0.0, "Money added within the logarithm, in major units.", low=0),
    _count("money_scale", 1, 1, "", "Minor units of money in a major one.", 1_000_000),
    _number("lambda_money", 1.0, "Marginal utility of money at the start.", low=None, above=0),
    _number("lambda_update_rate", 0.2, "Share of the way that lambda goes to its target in a tick.",
            low=0, high=1),
    _choice("search", "discounted_surplus", _spec.SEARCHES,
            "Protocol that ranks opportunities: gain x beta^distance, or the nearest."),
    _choice("matching", "greedy_surplus", _spec.MATCHINGS,
            "Protocol that orders pairs: by score, or at random."),
    _choice("bargaining", "compensating_block", _spec.BARGAININGS,
            "Protocol that sets the price: the first that improves both, the middle of ask and"
            " bid, or the highest that the buyer accepts."),
)  # fmt: skip
_A_B: Final = (("A", "first good"), ("B", "second good"))
UTILITIES: Final[Mapping[str, tuple[Key, ...]]] = {
    "ces": (
        _number("rho", Required, "Substitution: elasticity 1 / (1 - rho); 0 is Cobb-Douglas.",
                without=1),
        *(_positive(f"w{good}", f"Weight of the {words}.") for good, words in _A_B),
    ),
    "linear": tuple(_positive(f"v{good}", f"Value of a unit of the {words}.")
                    for good, words in _A_B),
    "quadratic": (
        *(_number(f"{good}_star", Required, f"Bliss point of the {words}, in units.")
          for good, words in _A_B),
        *(_positive(f"sigma_{good}", f"Tolerance of the {words}, in units.")
          for good, words in _A_B),
        _number("gamma", 0.0, "Interaction of the goods; less than 2 / (sigma_A sigma_B).", low=0),
    ),
    "translog": (
        _number("alpha_0", 0.0, "Logarithm of the scale.", low=-300, high=300),
        *(_positive(f"alpha_{good}", f"First-order term of the {words}.") for good, words in _A_B),
        *(_number(f"beta_{good}{good}", Required, f"Second-order term of the {words}.")
          for good, words in _A_B),
        _number("beta_AB", Required, "Cross term."),
    ),
    "stone_geary": (
        *(_positive(f"alpha_{good}", f"Weight of the {words}.") for good, words in _A_B),
        *(_number(f"gamma_{good}", Required,
                  f"Subsistence of the {words}, in units; every inventory is above it.", low=0)
          for good, words in _A_B),
    ),
}  # fmt: skip
TYPE: Final = _choice("type", Required, _spec.UTILITY_TYPES, "Form of the utility.")
WEIGHT: Final = _number("weight", Required, "Share of agents, by chance; they sum to 1.",
                        low=None, above=0, high=1)  # fmt: skip
GOODS: Final = {
    "A": "Units of good A at the start.",
    "B": "Units of good B at the start.",
    "M": "Money at the start, in major units; required by regimes with money.",
}
UNITS: Final = _count("units", Required, 0, "units", "An inventory.", MOST_UNITS)
MONEY_TASTES: Final = tuple(key for key in PARAMS if key.name in ("lambda_money", "M_0"))
