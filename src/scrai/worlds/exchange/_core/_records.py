"""What a run leaves behind: tables of packed columns, by telemetry level.

| level | tables |
|---|---|
| off | none |
| summary | aggregates of every tick, agents at the end of the run |
| trades | and every trade |
| full | and agents, quotes and decisions of every tick |

Names are kept as small codes; `CATEGORIES` says what they stand for. A price that no trade of the
tick made is nan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from scrai.worlds.exchange import _spec
from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core._layout import World

Columns: TypeAlias = dict[str, npt.NDArray[Any]]

CATEGORIES: dict[str, tuple[str, ...]] = {
    "pair": ("A-B", "A-M", "B-M"),
    "good": ("A", "B"),
    "type": _spec.UTILITY_TYPES,
    "mode": (*_spec.MODES, "both"),
    "market": ("A-in-B", "B-in-A", "A-in-M", "B-in-M"),
    "decision": ("home", "forage", "trade"),
}


@dataclass(slots=True)
class Records:
    """Tables of a run, each a dict of equally long columns in row order.

    `trades`: dA, dB, dM are what the buyer received (negative: paid; dM in minor units), price is
    the payment for one unit of `good`, (x, y) is the seller's cell, gains are in utility.
    `agents`: M in minor units, utility with money. `quotes`: ask and bid per market, -1 where there
    is none. `decisions`: partner -1 if there is none; scores 0 where none was weighed.
    `aggregates`: volume_* are units of the good traded (A for A-B), prices means over the tick's
    trades, price_AB in B for one A; gains is the sum of both sides; mrs_spread is the standard
    deviation of ln MRS.
    """

    tables: dict[str, Columns] = field(default_factory=dict)

    def add(self, table: str, columns: Columns) -> None:
        """Append rows to a table."""
        old = self.tables.get(table)
        if old is not None:
            columns = {name: np.concatenate((old[name], new)) for name, new in columns.items()}
        self.tables[table] = columns

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table with names for codes and None for nan."""
        columns = {name: decoded(name, values) for name, values in self.tables[table].items()}
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))


def decoded(name: str, values: npt.NDArray[Any]) -> list[Any]:
    """Return a column as plain values."""
    if name in CATEGORIES:
        names = CATEGORIES[name]
        return [names[code] for code in values.tolist()]
    if values.dtype.kind == "f":
        return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124
    return list(values.tolist())


def _stamped(world: World) -> Columns:
    """Return the columns that name tick and agent."""
    count = int(world.ci[at.C_AGENTS])
    return {
        "tick": np.full(count, world.ci[at.C_TICK], np.int64),
        "agent_id": np.arange(count, dtype=np.int64),
    }


def agent_columns(world: World) -> Columns:
    """Return the table of agents as they stand."""
    ai, af = world.ai, world.af
    return _stamped(world) | {
        "x": ai[at.A_X].copy(),
        "y": ai[at.A_Y].copy(),
        "A": ai[at.A_GOOD].copy(),
        "B": ai[at.A_GOOD_B].copy(),
        "M": ai[at.A_MONEY].copy(),
        "utility": af[at.N_TOTAL].copy(),
        "lambda": af[at.N_LAMBDA].copy(),
        "type": ai[at.A_TYPE].astype(np.uint8),
    }


def decision_columns(world: World) -> Columns:
    """Return what each agent decided in the last tick, and where that is."""
    ai, side = world.ai, int(world.ci[at.C_SIDE])
    partner = np.where(ai[at.A_DECISION] == at.GO_TRADE, ai[at.A_AIM], -1)
    goal = np.where(partner >= 0, ai[at.A_X][partner] * side + ai[at.A_Y][partner], ai[at.A_AIM])
    return _stamped(world) | {
        "decision": ai[at.A_DECISION].astype(np.uint8),
        "partner_id": partner,
        "target_x": goal // side,
        "target_y": goal % side,
        "pair_score": world.af[at.N_PAIR].copy(),
        "forage_score": world.af[at.N_FORAGE].copy(),
    }


def quote_columns(world: World) -> Columns:
    """Return what each agent asks and bids in the markets of the regime."""
    barter = [at.A_IN_B, at.B_IN_A] if world.ci[at.C_REGIME] != at.MONEY_ONLY else []
    money = [at.A_IN_M, at.B_IN_M] if world.ci[at.C_REGIME] != at.BARTER_ONLY else []
    markets = np.array(barter + money, np.int64)
    stamps = {name: np.tile(values, len(markets)) for name, values in _stamped(world).items()}
    return stamps | {
        "market": np.repeat(markets, world.ci[at.C_AGENTS]).astype(np.uint8),
        "ask": world.af[at.N_ASK + markets].ravel(),
        "bid": world.af[at.N_BID + markets].ravel(),
    }


def trade_columns(world: World) -> Columns:
    """Return the trades recorded in the last run."""
    used = int(world.ci[at.C_SALES])
    whole = world.sale[:used, : at.T_PRICE].T.astype(np.int64)
    terms = world.sale[:used, at.T_PRICE :].T.copy()
    market, units, payment = whole[at.T_MARKET], whole[at.T_UNITS], whole[at.T_PAYMENT]
    of_a, barter = market % 2 == 0, market <= at.B_IN_A
    return {
        "tick": whole[at.T_TICK],
        "x": whole[at.T_X],
        "y": whole[at.T_Y],
        "buyer_id": whole[at.T_BUYER],
        "seller_id": whole[at.T_SELLER],
        "pair": np.maximum(0, market - at.B_IN_A).astype(np.uint8),
        "good": (market % 2).astype(np.uint8),
        "dA": np.where(of_a, units, np.where(barter, -payment, 0)),
        "dB": np.where(~of_a, units, np.where(barter, -payment, 0)),
        "dM": np.where(barter, 0, -payment),
        "price": terms[0],
        "buyer_gain": terms[1],
        "seller_gain": terms[2],
    }


_SUMS = (
    "tick", "mode", "trades_AB", "trades_AM", "trades_BM", "volume_AB", "volume_AM", "volume_BM",
    "harvested_A", "harvested_B", "pairs", "failures", "foraging", "stock_A", "stock_B",
    "welfare", "gains", "price_AB", "price_AM", "price_BM", "mean_lambda", "mrs_spread",
)  # fmt: skip


def aggregate_columns(world: World) -> Columns:
    """Return the sums of the ticks of the last run."""
    used = int(world.ci[at.C_TALLIES])
    columns: Columns = {name: world.tally[:used, k].copy() for k, name in enumerate(_SUMS)}
    for name in _SUMS[: at.G_WELFARE]:
        columns[name] = columns[name].astype(np.uint8 if name == "mode" else np.int64)
    for kind in ("AB", "AM", "BM"):
        columns[f"price_{kind}"][columns[f"trades_{kind}"] == 0] = np.nan
    return columns
