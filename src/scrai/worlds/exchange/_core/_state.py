"""A world in memory: set up from a specification and a seed, then lived tick by tick."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scrai.worlds.exchange import _spec
from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core._draw import places, resources
from scrai.worlds.exchange._core._layout import Floats, Ints, World
from scrai.worlds.exchange._spec import ExchangeSpec, Params, UtilitySpec
from scrai.worlds.exchange._utilities import utility_row

_LEAST_THRESHOLD = 1e-9


@dataclass(slots=True)
class State:
    """A world at the end of a tick.

    Attributes:
        spec: what it was set up from.
        seed: the seed of its draws.
        world: its packed arrays; private to the core.
    """

    spec: ExchangeSpec
    seed: int
    world: World

    @property
    def tick(self) -> int:
        """The number of ticks lived."""
        return int(self.world.ci[at.C_TICK])

    def column(self, name: str) -> Ints:
        """Return a copy of an integer column, one entry per agent: x, y, A, B, M, partner, ..."""
        values: Ints = self.world.ai[COLUMNS[name]].copy()
        return values

    @property
    def lambdas(self) -> Floats:
        """A copy of the marginal utilities of money."""
        values: Floats = self.world.af[at.N_LAMBDA].copy()
        return values


COLUMNS = {
    "x": at.A_X, "y": at.A_Y, "home_x": at.A_HOME_X, "home_y": at.A_HOME_Y, "A": at.A_GOOD,
    "B": at.A_GOOD_B, "M": at.A_MONEY, "partner": at.A_PARTNER, "cell": at.A_CELL,
    "type": at.A_TYPE,
}  # fmt: skip


def convex(spec: UtilitySpec) -> bool:
    """Tell whether more is never worse and indifference curves bend the usual way everywhere.

    The search may then stop at the first price that is too high or too low.
    """
    if spec.type == "ces":
        return spec.params["rho"] < 1.0
    return spec.type in ("linear", "stone_geary")


def world_numbers(spec: ExchangeSpec) -> Floats:
    """Return the numbers of the world, then the powers of beta that vision needs."""
    p = spec.params
    fixed = (
        p.spread, max(p.epsilon, _LEAST_THRESHOLD), float(p.money_scale), p.lambda_min,
        p.lambda_max, p.lambda_update_rate,
    )  # fmt: skip
    powers = [float(p.beta) ** away for away in range(sight(spec) + 1)]
    return np.array([*fixed, *[0.0] * (at.F_BETA - at.F_SCRATCH), *powers], np.float64)


def sight(spec: ExchangeSpec) -> int:
    """Return the vision radius, no larger than the grid has use for."""
    return min(spec.params.vision_radius, 2 * spec.N)


def _squares(spec: ExchangeSpec) -> tuple[int, int]:
    """Return side and number per axis of the squares of the spatial index."""
    coarse = int(spec.N / (2 * spec.agents) ** 0.5) + 1
    size = max(1, sight(spec), coarse)
    return size, (spec.N + size - 1) // size


def _rules(ci: Ints, p: Params) -> None:
    """Write the parameters that are integers or names."""
    ci[at.C_REACH], ci[at.C_BUDGET] = p.interaction_radius, p.move_budget_per_tick
    ci[at.C_BLOCK], ci[at.C_RATE] = p.dA_max, p.forage_rate
    ci[at.C_GROWTH], ci[at.C_REGROW] = p.resource_growth_rate, p.resource_regen_cooldown
    ci[at.C_COOLDOWN], ci[at.C_QUOTES] = p.trade_cooldown_ticks, p.min_quotes
    ci[at.C_MAXIMUM] = _spec.EXECUTION_MODES.index(p.trade_execution_mode)
    ci[at.C_CLAIMING], ci[at.C_SINGLE] = p.enable_resource_claiming, p.enforce_single_harvester
    ci[at.C_REGIME] = _spec.REGIMES.index(p.exchange_regime)
    has_money = p.exchange_regime != "barter_only"
    ci[at.C_KKT] = has_money and p.money_mode == "kkt_lambda"
    ci[at.C_LOG] = _spec.MONEY_FORMS.index(p.money_utility_form)
    ci[at.C_NEAREST] = _spec.SEARCHES.index(p.search)
    ci[at.C_RANDOM] = _spec.MATCHINGS.index(p.matching)
    ci[at.C_BARGAIN] = _spec.BARGAININGS.index(p.bargaining)


def _world_ints(spec: ExchangeSpec) -> Ints:
    """Return the integers of the world."""
    size, squares = _squares(spec)
    ci = np.zeros(at.C_HEADS + squares * squares, np.int64)
    _rules(ci, spec.params)
    ci[at.C_SIDE], ci[at.C_AGENTS], ci[at.C_VISION] = spec.N, spec.agents, sight(spec)
    ci[at.C_CAP] = min(spec.resource_amount, spec.params.resource_max_amount)
    ci[at.C_SQUARE], ci[at.C_SQUARES] = size, squares
    ci[at.C_MODE] = at.BOTH
    if spec.mode_schedule is not None:
        schedule = spec.mode_schedule
        ci[at.C_FORAGE_TICKS] = schedule.forage_ticks
        ci[at.C_TRADE_TICKS] = schedule.trade_ticks
        ci[at.C_START] = ci[at.C_MODE] = _spec.MODES.index(schedule.start_mode)
    ci[at.C_FREE] = -1
    return ci


def _agents(spec: ExchangeSpec, seed: int) -> tuple[Ints, Floats]:
    """Return the packed agents, at home and with nothing decided."""
    ai = np.zeros((at.AGENT_INTS, spec.agents), np.int64)
    af = np.zeros((at.AGENT_FLOATS, spec.agents), np.float64)
    cells = places(seed, spec.agents, spec.N * spec.N, spec.allow_colocation)
    ai[at.A_X] = ai[at.A_HOME_X] = cells // spec.N
    ai[at.A_Y] = ai[at.A_HOME_Y] = cells % spec.N
    ai[at.A_GOOD], ai[at.A_GOOD_B], ai[at.A_MONEY] = spec.A, spec.B, spec.M
    ai[at.A_PARTNER] = ai[at.A_CELL] = ai[at.A_COOL] = -1
    ai[at.A_CHANGED] = 1
    af[at.N_LAMBDA], af[at.N_M0] = spec.lambda_money, spec.M_0
    for i, utility in enumerate(spec.utilities):
        ai[at.A_CONVEX, i] = convex(utility)
        ai[at.A_TYPE, i] = _spec.UTILITY_TYPES.index(utility.type)
        row = utility_row(utility)
        af[at.N_P : at.N_P + len(row), i] = row
    return ai, af


def set_up(spec: ExchangeSpec, seed: int) -> State:
    """Return the world at tick 0: places and resources are drawn from the seed."""
    ci, (ai, af) = _world_ints(spec), _agents(spec, seed)
    cells, agents = spec.N * spec.N, spec.agents
    cell = np.zeros((2, cells), np.uint8)
    stock = np.zeros((3, cells), np.int32)
    cell[at.K_GOOD] = resources(seed, cells, spec.resource_density)
    stock[at.S_UNITS, cell[at.K_GOOD] > 0] = ci[at.C_CAP]
    for good in (1, 2):
        bearing = np.count_nonzero(cell[at.K_GOOD] == good)
        ci[at.C_STOCK_A + good - 1] = bearing * ci[at.C_CAP]
    slots = 1 << max(6, (2 * agents - 1).bit_length())
    world = World(
        ci=ci, cf=world_numbers(spec), ai=ai, af=af, stock=stock, cell=cell,
        cool=np.zeros((3, 0), np.int64), cache=np.full((4, slots), -1.0),
        meet=np.zeros((3, agents // 2 + 64)), sale=np.zeros((0, at.SALE_ROW)),
        tally=np.zeros((0, at.TALLY_ROW)),
    )  # fmt: skip
    return State(spec, seed, world)
