"""The packed world: a few plain arrays, and the numbers of their rows.

All state lives in arrays that compiled and uncompiled code share. Rows are fields, columns are
agents or cells, so that a field of all agents is contiguous.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Shorts: TypeAlias = npt.NDArray[np.int32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float64]


class World(NamedTuple):
    """Everything that a tick reads or writes.

    Attributes:
        ci: integers of the world, by the C_ names; from C_HEADS on the first agent of each square
            of the spatial index, -1 if none.
        cf: numbers of the world, by the F_ names; from F_SCRATCH on working space, from F_BETA on
            beta^0 to beta^vision.
        ai: integers of the agents, rows by the A_ names.
        af: numbers of the agents, rows by the N_ names.
        stock: (3, cells) rows S_UNITS, S_LAST, and S_BELOW, whose first C_BELOW entries are the
            cells that regrow; cells are x-major: x * side + y.
        cell: (2, cells) rows K_GOOD (0 none, 1 A, 2 B), K_CLAIMED.
        cool: (3, room) pairs in cooldown, rows L_OTHER, L_UNTIL, L_LINK; a list per lower id.
        cache: (4, slots) known joint gains: key of the pair, both versions, the gain.
        meet: (3, room) candidate pairs of this tick: lower id, other id, score.
        sale: (room, 11) the recorded trades, by the T_ names.
        tally: (room, 22) the recorded ticks, by the G_ names.

    Ids in tables of floats are whole numbers far below 2^53, so they are exact.
    """

    ci: Ints
    cf: Floats
    ai: Ints
    af: Floats
    stock: Shorts
    cell: Bytes
    cool: Ints
    cache: Floats
    meet: Floats
    sale: Floats
    tally: Floats


(
    C_SIDE, C_AGENTS, C_VISION, C_REACH, C_BUDGET, C_BLOCK, C_RATE, C_GROWTH, C_CAP, C_REGROW,
    C_COOLDOWN, C_MAXIMUM, C_CLAIMING, C_SINGLE, C_REGIME, C_KKT, C_LOG, C_QUOTES, C_NEAREST,
    C_RANDOM, C_BARGAIN, C_SQUARE, C_SQUARES, C_FORAGE_TICKS, C_TRADE_TICKS, C_START,
    C_TICK, C_MODE, C_BELOW, C_FREE, C_ROOM, C_SALES, C_TALLIES, C_RECORD, C_STOCK_A, C_STOCK_B,
    C_STREAM, C_MET, C_HEADS,
) = range(39)  # fmt: skip

(F_SPREAD, F_THRESHOLD, F_SCALE, F_LAMBDA_MIN, F_LAMBDA_MAX, F_RATE, F_SCRATCH) = range(7)
F_BETA = F_SCRATCH + 24

(
    A_X, A_Y, A_HOME_X, A_HOME_Y, A_GOOD, A_GOOD_B, A_MONEY, A_PARTNER, A_CELL, A_TYPE, A_VERSION,
    A_CHANGED, A_NEXT, A_COOL, A_SELLERS, A_DECISION, A_AIM, A_WAS, A_OPEN,
    A_CONVEX, A_BOUNDED, A_MEETS,
) = range(22)  # fmt: skip
AGENT_INTS = 22

(
    N_LAMBDA, N_M0, N_P, N_P1, N_P2, N_P3, N_P4, N_P5, N_U, N_MU, N_MU_B, N_MU_M, N_ASK, N_ASK_1,
    N_ASK_2, N_ASK_3, N_BID, N_BID_1, N_BID_2, N_BID_3, N_GAIN, N_GAIN_B, N_GAIN_MAX, N_PAIR,
    N_FORAGE, N_TOTAL, N_NEXT,
) = range(27)  # fmt: skip
AGENT_FLOATS = 27

S_UNITS, S_LAST, S_BELOW = range(3)
K_GOOD, K_CLAIMED = range(2)
L_OTHER, L_UNTIL, L_LINK = range(3)
(
    T_TICK, T_X, T_Y, T_BUYER, T_SELLER, T_MARKET, T_UNITS, T_PAYMENT, T_PRICE, T_BUYER_GAIN,
    T_SELLER_GAIN,
) = range(11)  # fmt: skip
SALE_ROW = 11
(
    G_TICK, G_MODE, G_TRADES, G_TRADES_AM, G_TRADES_BM, G_VOLUME, G_VOLUME_AM, G_VOLUME_BM,
    G_HARVEST, G_HARVEST_B, G_PAIRS, G_FAILED, G_FORAGING, G_STOCK, G_STOCK_B, G_WELFARE, G_GAIN,
    G_PRICE, G_PRICE_AM, G_PRICE_BM, G_LAMBDA, G_SPREAD,
) = range(22)  # fmt: skip
TALLY_ROW = 22

# Markets: a good and what it is paid in. Quotes of market m stand in rows N_ASK + m, N_BID + m.
A_IN_B, B_IN_A, A_IN_M, B_IN_M = range(4)
CES, LINEAR, QUADRATIC, TRANSLOG, STONE_GEARY = range(5)
BARTER_ONLY, MONEY_ONLY, MIXED, GATED = range(4)
COMPENSATING, SPLIT, TAKE_OR_LEAVE = range(3)
FORAGE, TRADE, BOTH = range(3)
GO_HOME, GO_FORAGE, GO_TRADE = range(3)
RECORD_ALL = 3  # C_RECORD: 0 nothing, 1 sums, 2 trades as well, 3 scores as well
DONE, MORE_PAIRS, MORE_ROOM, MORE_SALES = range(4)
EPS = 1e-12
TOLERANCE = 1e-9
