"""Trade: every pair within reach tries one block; a failure parts it for a while."""

from __future__ import annotations

from scrai.worlds.exchange._core._cooldown import forbid
from scrai.worlds.exchange._core._layout import (
    A_CHANGED,
    A_PARTNER,
    A_WAS,
    A_X,
    A_Y,
    B_IN_A,
    C_AGENTS,
    C_COOLDOWN,
    C_REACH,
    C_RECORD,
    C_SALES,
    C_TALLIES,
    C_TICK,
    G_FAILED,
    G_GAIN,
    G_PRICE,
    G_TRADES,
    G_VOLUME,
    T_BUYER,
    T_BUYER_GAIN,
    T_MARKET,
    T_PAYMENT,
    T_PRICE,
    T_SELLER,
    T_SELLER_GAIN,
    T_TICK,
    T_UNITS,
    T_X,
    T_Y,
    World,
)
from scrai.worlds.exchange._core._near import distance, may_barter
from scrai.worlds.exchange._core._search import Block, good_of, means_of, search


def part(w: World, low: int, high: int) -> None:
    """End a pair that failed and forbid it for the cooldown."""
    w.ai[A_PARTNER, low] = -1
    w.ai[A_PARTNER, high] = -1
    forbid(w, low, high, w.ci[C_TICK] + w.ci[C_COOLDOWN])
    if w.ci[C_RECORD]:
        w.tally[w.ci[C_TALLIES], G_FAILED] += 1


def record_sale(w: World, buyer: int, block: Block) -> None:
    """Write a trade, at the seller's cell, to the record."""
    market, seller, units, payment, price, seller_gain, buyer_gain = block
    k = w.ci[C_SALES]
    w.ci[C_SALES] += 1
    w.sale[k, T_TICK] = w.ci[C_TICK]
    w.sale[k, T_X] = w.ai[A_X, seller]
    w.sale[k, T_Y] = w.ai[A_Y, seller]
    w.sale[k, T_BUYER] = buyer
    w.sale[k, T_SELLER] = seller
    w.sale[k, T_MARKET] = market
    w.sale[k, T_UNITS] = units
    w.sale[k, T_PAYMENT] = payment
    w.sale[k, T_PRICE] = price
    w.sale[k, T_BUYER_GAIN] = buyer_gain
    w.sale[k, T_SELLER_GAIN] = seller_gain


def tally_sale(w: World, block: Block) -> None:
    """Add a trade to the sums of its tick; barter prices count as units of B for one A."""
    market, _, units, payment, _, seller_gain, buyer_gain = block
    row, kind = w.ci[C_TALLIES], max(0, market - B_IN_A)
    traded, price = units, payment / units
    if market == B_IN_A:
        traded, price = payment, units / payment
    w.tally[row, G_TRADES + kind] += 1
    w.tally[row, G_VOLUME + kind] += traded
    w.tally[row, G_PRICE + kind] += price
    w.tally[row, G_GAIN] += seller_gain + buyer_gain


def execute(w: World, buyer: int, block: Block) -> None:
    """Exchange the block's units and payment."""
    market, seller, units, payment = block[0], block[1], block[2], block[3]
    good, means = good_of(market), means_of(market)
    w.ai[good, seller] -= units
    w.ai[good, buyer] += units
    w.ai[means, buyer] -= payment
    w.ai[means, seller] += payment
    w.ai[A_CHANGED, seller] = 1
    w.ai[A_CHANGED, buyer] = 1
    if w.ci[C_RECORD]:
        tally_sale(w, block)
    if w.ci[C_RECORD] > 1:
        record_sale(w, buyer, block)


def bargain(w: World, low: int, high: int) -> None:
    """Let a pair within reach trade one block, or part."""
    block = search(w, low, high, may_barter(w, low, high))
    if block[2] == 0:
        part(w, low, high)
    elif block[1] == low:
        execute(w, high, block)
    else:
        execute(w, low, block)


def trade(w: World) -> None:
    """Let every pair try once, in the order of lower ids."""
    for low in range(w.ci[C_AGENTS]):
        high = w.ai[A_PARTNER, low]
        if high <= low:
            continue
        away = distance(w, low, high)
        if away <= w.ci[C_REACH]:
            bargain(w, low, high)
        elif away >= w.ai[A_WAS, low]:
            part(w, low, high)
