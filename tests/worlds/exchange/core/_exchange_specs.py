"""Generated exchange economies: every utility, regime, protocol, schedule and money mode."""

from __future__ import annotations

import hypothesis.strategies as st

from scrai.worlds.exchange import _spec
from scrai.worlds.exchange._spec import ExchangeSpec, ModeSchedule, Params, UtilitySpec


def number(low, high, digits=2):
    scale = 10**digits
    return st.integers(round(low * scale), round(high * scale)).map(lambda k: k / scale)


@st.composite
def utilities(draw, kind=None):
    kind = kind or draw(st.sampled_from(_spec.UTILITY_TYPES))
    if kind == "ces":
        rho = draw(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.3, 0.8]))
        params = {"rho": rho, "wA": draw(number(0.1, 2)), "wB": draw(number(0.1, 2))}
    elif kind == "linear":
        params = {"vA": draw(number(0.5, 3)), "vB": draw(number(0.5, 3))}
    elif kind == "quadratic":
        sa, sb = draw(number(1, 10)), draw(number(1, 10))
        params = {
            "A_star": draw(number(0, 15)), "B_star": draw(number(0, 15)), "sigma_A": sa,
            "sigma_B": sb, "gamma": draw(number(0, 0.9)) * 2 / (sa * sb),
        }  # fmt: skip
    elif kind == "translog":
        params = {
            "alpha_0": draw(number(-1, 1)), "alpha_A": draw(number(0.3, 0.7)),
            "alpha_B": draw(number(0.3, 0.7)), "beta_AA": draw(number(-0.1, 0.02)),
            "beta_BB": draw(number(-0.1, 0.02)), "beta_AB": draw(number(-0.03, 0.03)),
        }  # fmt: skip
    else:
        params = {
            "alpha_A": draw(number(0.2, 1)), "alpha_B": draw(number(0.2, 1)),
            "gamma_A": draw(number(0, 2)), "gamma_B": draw(number(0, 2)),
        }  # fmt: skip
    return UtilitySpec(kind, params)


@st.composite
def parameters(draw, regime=None):
    pick = lambda *values: draw(st.sampled_from(values))  # noqa: E731
    return Params(
        spread=pick(0.0, 0.0, 0.05, 0.2, 1.5),
        vision_radius=pick(0, 1, 3, 5, 9),
        interaction_radius=pick(0, 1, 1, 2),
        move_budget_per_tick=pick(1, 1, 2, 3),
        dA_max=pick(1, 3, 5),
        forage_rate=pick(1, 1, 2, 4),
        epsilon=pick(1e-12, 1e-12, 0.05),
        beta=pick(0.95, 0.95, 0.5, 1.0),
        resource_growth_rate=pick(0, 1, 2),
        resource_max_amount=pick(1, 3, 5),
        resource_regen_cooldown=pick(0, 2, 5),
        trade_cooldown_ticks=pick(0, 1, 3, 5),
        trade_execution_mode=pick(*_spec.EXECUTION_MODES),
        enable_resource_claiming=pick(True, True, False),
        enforce_single_harvester=pick(True, True, False),
        exchange_regime=regime or pick(*_spec.REGIMES),
        money_mode=pick(*_spec.MONEY_MODES),
        money_utility_form=pick(*_spec.MONEY_FORMS),
        money_scale=pick(1, 1, 10, 1000),
        lambda_update_rate=pick(0.2, 1.0),
        lambda_min=pick(1e-6, 0.5),
        lambda_max=pick(1e6, 2.0),
        min_quotes=pick(1, 2, 3, 5),
        search=pick(*_spec.SEARCHES),
        matching=pick(*_spec.MATCHINGS),
        bargaining=pick(*_spec.BARGAININGS),
    )


SCHEDULES = (
    None, None, None, ModeSchedule(3, 4), ModeSchedule(2, 5, "trade"), ModeSchedule(1, 1),
)  # fmt: skip


@st.composite
def economies(draw, regime=None):
    """An economy of 2 to 9 agents; few tastes among them, so that equals meet equals."""
    n, side = draw(st.integers(2, 9)), draw(st.integers(1, 8))
    params = draw(parameters(regime))
    tastes = draw(st.lists(utilities(), min_size=1, max_size=n))
    money = params.exchange_regime != "barter_only"
    listed = lambda strategy: draw(st.lists(strategy, min_size=n, max_size=n))  # noqa: E731
    most = 30 * params.money_scale if money else 0
    return ExchangeSpec(
        name="generated",
        N=side,
        agents=n,
        A=listed(st.integers(0, 20)),
        B=listed(st.integers(0, 20)),
        M=listed(st.integers(0, most)),
        lambda_money=listed(number(0.2, 2)),
        M_0=listed(number(0, 3)),
        utilities=[draw(st.sampled_from(tastes)) for _ in range(n)],
        resource_density=draw(st.sampled_from([0.0, 0.2, 0.6, 1.0])),
        resource_amount=draw(st.sampled_from([1, 3, 8])),
        mode_schedule=draw(st.sampled_from(SCHEDULES)),
        params=params,
        allow_colocation=side * side < n or draw(st.booleans()),
    )
