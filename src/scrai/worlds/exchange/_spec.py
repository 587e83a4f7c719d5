"""What an exchange economy is made of: a scenario with everything drawn and expanded per agent.

Plain frozen data, no I/O. The loader turns a scenario file and a seed into an `ExchangeSpec`; the
numeric core turns an `ExchangeSpec` and a seed into a world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

UTILITY_TYPES = ("ces", "linear", "quadratic", "translog", "stone_geary")
REGIMES = ("barter_only", "money_only", "mixed", "mixed_liquidity_gated")
MODES = ("forage", "trade")
MONEY_MODES = ("quasilinear", "kkt_lambda")
MONEY_FORMS = ("linear", "log")
EXECUTION_MODES = ("minimum", "maximum")
TELEMETRY_LEVELS = ("off", "summary", "trades", "full")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "ces": ("rho", "wA", "wB"),
    "linear": ("vA", "vB"),
    "quadratic": ("A_star", "B_star", "sigma_A", "sigma_B", "gamma"),
    "translog": ("alpha_0", "alpha_A", "alpha_B", "beta_AA", "beta_BB", "beta_AB"),
    "stone_geary": ("alpha_A", "alpha_B", "gamma_A", "gamma_B"),
}
"""The parameters of each type of utility, in the order of the rows that hold them packed."""

SEARCHES = ("discounted_surplus", "nearest")
MATCHINGS = ("greedy_surplus", "random")
BARGAININGS = ("compensating_block", "split_difference", "take_it_or_leave_it")


@dataclass(frozen=True, slots=True)
class UtilitySpec:
    """The utility function of one agent.

    `type` is one of `UTILITY_TYPES`; `params` are that type's keys:
    ces rho, wA, wB; linear vA, vB; quadratic A_star, B_star, sigma_A, sigma_B, gamma (0);
    translog alpha_0 (0), alpha_A, alpha_B, beta_AA, beta_BB, beta_AB;
    stone_geary alpha_A, alpha_B, gamma_A, gamma_B. Keys with a default may be absent.
    """

    type: str
    params: dict[str, float]


@dataclass(frozen=True, slots=True)
class ModeSchedule:
    """Forage and trade phases that alternate for the whole world, `start_mode` first.

    Both lengths are in ticks. The world forages and trades in every tick when there is none.
    """

    forage_ticks: int
    trade_ticks: int
    start_mode: str = "forage"


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of the economy; distances in cells, times in ticks.

    Protocols, by name:
        search: how opportunities are ranked. `discounted_surplus`: gain x beta^distance.
            `nearest`: every gain counts as 1, so that the nearest one wins.
        matching: the order of the greedy pass that forms pairs. `greedy_surplus`: by descending
            score. `random`: in an order drawn anew every tick.
        bargaining: the price of a block. `compensating_block`: the first candidate price, going
            up from the ask, that makes both better off. `split_difference`: only the middle of
            ask and bid. `take_it_or_leave_it`: the seller names the highest candidate price
            that the buyer still accepts.
    """

    spread: float = 0.0
    vision_radius: int = 5
    interaction_radius: int = 1
    move_budget_per_tick: int = 1
    dA_max: int = 5  # noqa: N815 - the scenario file's name
    forage_rate: int = 1
    epsilon: float = 1e-12
    beta: float = 0.95
    resource_growth_rate: int = 0
    resource_max_amount: int = 5
    resource_regen_cooldown: int = 5
    trade_cooldown_ticks: int = 5
    trade_execution_mode: str = "minimum"
    enable_resource_claiming: bool = True
    enforce_single_harvester: bool = True
    exchange_regime: str = "barter_only"
    money_mode: str = "quasilinear"
    money_utility_form: str = "linear"
    money_scale: int = 1
    lambda_update_rate: float = 0.2
    lambda_min: float = 1e-6
    lambda_max: float = 1e6
    min_quotes: int = 3
    search: str = "discounted_surplus"
    matching: str = "greedy_surplus"
    bargaining: str = "compensating_block"


@dataclass(frozen=True, slots=True)
class ExchangeSpec:
    """A whole economy, all lists one entry per agent in id order.

    `N` is the side of the grid. `A`, `B` are units, `M` is money in minor units (major units x
    money_scale; zeros where there is no money), `M_0` is in major units. A cell bears a resource
    with chance `resource_density`, `resource_amount` units of it unless the parameters cap it.
    `telemetry` is one of `TELEMETRY_LEVELS`.
    """

    name: str
    N: int
    agents: int
    A: list[int]
    B: list[int]
    M: list[int]
    lambda_money: list[float]
    M_0: list[float]
    utilities: Sequence[UtilitySpec]
    resource_density: float = 0.0
    resource_amount: int = 1
    mode_schedule: ModeSchedule | None = None
    params: Params = field(default_factory=Params)
    ticks_per_cycle: int = 10
    telemetry: str = "summary"
    allow_colocation: bool = False
