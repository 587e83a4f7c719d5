"""The search for a block: sizes from one up, candidate prices in the protocol's order.

A block is a tuple (market, seller, units, payment, price, seller's gain, buyer's gain); units 0
means that there is none.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from scrai.worlds.exchange._core._layout import (
    A_CONVEX,
    A_GOOD,
    A_IN_B,
    A_IN_M,
    A_MONEY,
    A_TYPE,
    B_IN_A,
    B_IN_M,
    BARTER_ONLY,
    C_BARGAIN,
    C_BLOCK,
    C_MAXIMUM,
    C_REGIME,
    COMPENSATING,
    F_SCALE,
    F_SCRATCH,
    F_THRESHOLD,
    MONEY_ONLY,
    N_ASK,
    N_BID,
    N_MU,
    QUADRATIC,
    SPLIT,
    TOLERANCE,
    World,
)
from scrai.worlds.exchange._core._quotes import at_most
from scrai.worlds.exchange._core._utility import goods_gain, money_gain, money_marginal

Block: TypeAlias = tuple[int, int, int, int, float, float, float]
_MOST_STEPS = 19
_SPACED = 5
_MOST_PAYMENT = 4e18  # more than anybody holds, and an integer of 64 bits
_NARROW = 1e-8


def payment_of(price: float, units: int) -> int:
    """Return what `units` cost at a price, rounded half up."""
    return math.floor(min(price * units + 0.5 + TOLERANCE, _MOST_PAYMENT))


def gain(w: World, i: int, market: int, units: int, payment: int) -> float:
    """Return what agent i gains by buying units for a payment (both negative: by selling)."""
    if market == A_IN_B:
        return goods_gain(w, i, units, -payment)
    if market == B_IN_A:
        return goods_gain(w, i, -payment, units)
    return goods_part(w, i, market, units) + money_gain(w, i, -payment)


def goods_part(w: World, i: int, market: int, units: int) -> float:
    """Return what the units alone add to agent i's utility in a money market."""
    if market == A_IN_M:
        return goods_gain(w, i, units, 0)
    return goods_gain(w, i, 0, units)


def with_means(w: World, i: int, market: int, units: int, payment: int, part: float) -> float:
    """Return what `gain` does; `part` is the goods' part of it in a money market."""
    if market >= A_IN_M:
        return part + money_gain(w, i, -payment)
    return gain(w, i, market, units, payment)


def good_of(market: int) -> int:
    """Return the row of the good that a market trades."""
    return A_GOOD + market % 2


def means_of(market: int) -> int:
    """Return the row of what a market pays in."""
    if market >= A_IN_M:
        return A_MONEY
    return A_GOOD + 1 - market


def candidates(w: World, ask: float, bid: float, units: int) -> int:
    """Write the candidate prices of a block from F_SCRATCH on, ascending; return how many.

    They are all t/units between ask and bid with t to 19, and five evenly spaced ones, without
    repeats.
    """
    count, step, spaced = 0, 1, 0
    last_step = int(min(bid * units + 1.0, float(_MOST_STEPS)))
    while step <= last_step or spaced < 5:  # noqa: PLR2004 - five evenly spaced prices
        even = ask + (bid - ask) * (spaced / 4.0)
        whole = step / units
        if step <= last_step and (spaced > 4 or whole <= even):  # noqa: PLR2004
            step += 1
            price = whole
            if not (at_most(ask, whole) and at_most(whole, bid)):
                continue
        else:
            spaced += 1
            price = even
        if count == 0 or not at_most(price, w.cf[F_SCRATCH + count - 1]):
            w.cf[F_SCRATCH + count] = price
            count += 1
    return count


def offers(w: World, ask: float, bid: float, units: int) -> int:
    """Write the prices that the bargaining protocol tries, in its order; return how many."""
    if w.ci[C_BARGAIN] == SPLIT:
        w.cf[F_SCRATCH] = (ask + bid) / 2.0
        return 1
    count = candidates(w, ask, bid, units)
    if w.ci[C_BARGAIN] != COMPENSATING:
        for k in range(count // 2):
            price = w.cf[F_SCRATCH + k]
            w.cf[F_SCRATCH + k] = w.cf[F_SCRATCH + count - 1 - k]
            w.cf[F_SCRATCH + count - 1 - k] = price
    return count


def sale(
    w: World, market: int, seller: int, buyer: int, units: int, payment: int
) -> tuple[int, float, float]:
    """Return payment and both gains; payment 0 if it cannot be, or not both improve."""
    least = w.cf[F_THRESHOLD]
    payable = w.ai[good_of(market), seller] >= units and w.ai[means_of(market), buyer] >= payment
    if payment < 1 or not payable:
        return 0, 0.0, 0.0
    buyer_gain = gain(w, buyer, market, units, payment)
    if not buyer_gain > least:
        return 0, 0.0, 0.0
    seller_gain = gain(w, seller, market, -units, -payment)
    if not seller_gain > least:
        return 0, 0.0, 0.0
    return payment, seller_gain, buyer_gain


def largest(w: World, market: int, seller: int, buyer: int, units: int, price: float) -> Block:
    """Return the largest block above `units` that suits both at a price, if there is one."""
    for size in range(w.ci[C_BLOCK], units, -1):
        paid = payment_of(price, size)
        payment, seller_gain, buyer_gain = sale(w, market, seller, buyer, size, paid)
        if payment > 0:
            return market, seller, size, payment, payment / size, seller_gain, buyer_gain
    return no_block()


def no_block() -> Block:
    """Return the block that is none."""
    return 0, -1, 0, 0, 0.0, 0.0, 0.0


def agreed(w: World, buyer: int, found: Block) -> Block:
    """Return a block that both agree on, enlarged at its candidate price under `maximum`.

    `found` carries the candidate price; what is returned has the price that is paid.
    """
    market, seller, units, payment, price, seller_gain, buyer_gain = found
    if w.ci[C_MAXIMUM]:
        block = largest(w, market, seller, buyer, units, price)
        if block[2] > 0:
            return block
    return market, seller, units, payment, payment / units, seller_gain, buyer_gain


def any_offer(w: World, market: int, seller: int, buyer: int, units: int, count: int) -> Block:
    """Return the first of `count` offers that both agree on."""
    last = 0
    for k in range(count):
        price = w.cf[F_SCRATCH + k]
        if payment_of(price, units) == last:
            continue
        last = payment_of(price, units)
        payment, seller_gain, buyer_gain = sale(w, market, seller, buyer, units, last)
        if payment > 0:
            found = market, seller, units, payment, price, seller_gain, buyer_gain
            return agreed(w, buyer, found)
    return no_block()


def whole_payments(ask: float, bid: float, units: int) -> tuple[int, int]:
    """Return the first and the last t of the candidate prices t/units; last < first if none."""
    first = max(1, int(min(ask * units, _MOST_STEPS + 1.0)))
    last = int(min(bid * units + 1.0, float(_MOST_STEPS)))
    while first <= last and not at_most(ask, first / units):
        first += 1
    while first <= last and not at_most(last / units, bid):
        last -= 1
    return first, last


def by_payment(
    w: World, market: int, seller: int, buyer: int, units: int, ask: float, bid: float
) -> Block:
    """Return what `any_offer` finds among rising candidate prices, without listing them.

    Prices of one payment are one offer, made at the lowest of them. In money, and with convex
    tastes, the seller gains more and the buyer less by every higher payment: the search ends where
    the buyer drops out, or where not even the last offer suits the seller.
    """
    money = market >= A_IN_M
    rising = money or (w.ai[A_CONVEX, seller] and w.ai[A_CONVEX, buyer])
    least, means = w.cf[F_THRESHOLD], w.ai[means_of(market), buyer]
    sold = goods_part(w, seller, market, -units) if money else 0.0
    bought = 0.0
    whole, last_whole = whole_payments(ask, bid, units)
    most, spaced, last = max(payment_of(bid, units), last_whole), 0, 0
    while whole <= last_whole or spaced < _SPACED:
        price = ask + (bid - ask) * (min(spaced, _SPACED - 1) / 4.0)
        payment = payment_of(price, units)
        if whole <= last_whole and (whole <= payment or spaced == _SPACED):
            price = whole / units if whole != payment else min(price, whole / units)
            payment = whole
            whole += 1
        else:
            spaced += 1
        if payment == last:
            continue
        if payment > means:
            return no_block()
        seller_gain = with_means(w, seller, market, -units, -payment, sold)
        if seller_gain > least:
            if money and bought == 0.0:
                bought = goods_part(w, buyer, market, units)
            buyer_gain = with_means(w, buyer, market, units, payment, bought)
            if buyer_gain > least:
                found = market, seller, units, payment, price, seller_gain, buyer_gain
                return agreed(w, buyer, found)
            if rising:
                return no_block()
        elif (
            rising and last == 0 and not with_means(w, seller, market, -units, -most, sold) > least
        ):
            return no_block()
        last = payment
    return no_block()


def sell(w: World, market: int, seller: int, buyer: int) -> Block:
    """Return the first block that a seller and a buyer agree on in a market."""
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    if ask < 0.0 or bid < 0.0 or not at_most(ask, bid):
        return no_block()
    # Prices that are nearly one are told apart with a tolerance: then they must be listed.
    listed = w.ci[C_BARGAIN] != COMPENSATING or bid - ask <= _NARROW * bid
    for units in range(1, min(w.ci[C_BLOCK], w.ai[good_of(market), seller]) + 1):
        if listed:
            count = offers(w, ask, bid, units)
            block = any_offer(w, market, seller, buyer, units, count)
        else:
            block = by_payment(w, market, seller, buyer, units, ask, bid)
        if block[2] > 0:
            return block
    return no_block()


def barter_market(w: World, low: int, high: int, market: int) -> Block:
    """Search one barter market both ways, the larger overlap first (tie: the lower id sells)."""
    ask, bid = N_ASK + market, N_BID + market
    if w.af[ask, low] < 0.0 or w.af[ask, high] < 0.0:
        return no_block()
    # bid_high - ask_low < bid_low - ask_high, written without differences: prices decide ties.
    first, second = low, high
    if not at_most(w.af[bid, low] + w.af[ask, low], w.af[bid, high] + w.af[ask, high]):
        first, second = high, low
    block = sell(w, market, first, second)
    if block[2] > 0:
        return block
    return sell(w, market, second, first)


def barter(w: World, low: int, high: int) -> Block:
    """Return the first barter block: A paid in B, else B paid in A."""
    block = barter_market(w, low, high, A_IN_B)
    if block[2] > 0:
        return block
    return barter_market(w, low, high, B_IN_A)


def money_market(w: World, low: int, high: int, market: int) -> Block:
    """Return the first block of a good for money, the lower id as the seller first."""
    block = sell(w, market, low, high)
    if block[2] > 0:
        return block
    return sell(w, market, high, low)


def better(first: Block, second: Block) -> Block:
    """Return the block of the greater sum of gains, the first if they are equal."""
    if second[2] > 0 and (first[2] == 0 or not at_most(second[5] + second[6], first[5] + first[6])):
        return second
    return first


def search(w: World, low: int, high: int, open_barter: bool) -> Block:
    """Return the block that two agents would trade now, by the order of the regime."""
    regime = w.ci[C_REGIME]
    if regime == BARTER_ONLY:
        return barter(w, low, high)
    if regime == MONEY_ONLY or not open_barter:
        block = money_market(w, low, high, A_IN_M)
        if block[2] > 0:
            return block
        return money_market(w, low, high, B_IN_M)
    block = better(barter(w, low, high), money_market(w, low, high, A_IN_M))
    return better(block, money_market(w, low, high, B_IN_M))


def means_marginal(w: World, i: int, market: int) -> float:
    """Return agent i's marginal utility of one unit of what a market pays in."""
    if market >= A_IN_M:
        worth: float = money_marginal(w, i) / w.cf[F_SCALE]
    else:
        worth = w.af[N_MU + 1 - market, i]
    return worth


def concave(w: World, i: int) -> bool:
    """Tell whether agent i gains no more by any trade than its marginal utilities promise."""
    # Marginal utilities below 0 are kept as 0: where one is, a quadratic may gain by giving.
    unsated = w.af[N_MU, i] > 0.0 and w.af[N_MU + 1, i] > 0.0
    bounded: bool = w.ai[A_CONVEX, i] != 0 or (w.ai[A_TYPE, i] == QUADRATIC and unsated)
    return bounded


def middle_gain(w: World, market: int, seller: int, buyer: int, best: float) -> float:
    """Return the best summed gain over block sizes at the middle of ask and bid, or `best`.

    Concave tastes gain no more than marginal utilities promise, so most sizes need no look.
    """
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    if ask < 0.0 or bid < 0.0:
        return best
    # A seller that values the good more than the buyer does: no payment suits both.
    bounded = concave(w, seller) and concave(w, buyer)
    if bounded and not at_most(ask, w.af[N_ASK + market, buyer]):
        return best
    good = N_MU + market % 2
    of_good = w.af[good, buyer] - w.af[good, seller]
    of_means = means_marginal(w, seller, market) - means_marginal(w, buyer, market)
    for units in range(w.ci[C_BLOCK], 0, -1):
        paid = payment_of((ask + bid) / 2.0, units)
        promise = units * of_good + paid * of_means
        if bounded and promise < best - TOLERANCE * abs(promise):
            continue
        payment, seller_gain, buyer_gain = sale(w, market, seller, buyer, units, paid)
        if payment > 0:
            best = max(best, seller_gain + buyer_gain)
    return best


def joint_gain(w: World, low: int, high: int, open_barter: bool) -> float:
    """Return what two agents may gain together: that of the block now or of a middle price.

    0 if the search finds no block. Permitted kinds are A for B, and goods for money.
    """
    block = search(w, low, high, open_barter)
    if block[2] == 0:
        return 0.0
    best = block[5] + block[6]
    first, end = A_IN_M, B_IN_M + 1
    if w.ci[C_REGIME] == BARTER_ONLY:
        end = A_IN_M
    if w.ci[C_REGIME] != MONEY_ONLY and open_barter:
        best = middle_gain(w, A_IN_B, low, high, best)
        best = middle_gain(w, A_IN_B, high, low, best)
    for market in range(first, end):
        best = middle_gain(w, market, low, high, best)
        best = middle_gain(w, market, high, low, best)
    return best
