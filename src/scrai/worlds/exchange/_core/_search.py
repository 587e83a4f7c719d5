"""The search for a block: sizes from one up, candidate prices in the protocol's order.

A block is a tuple (market, seller, units, payment, price, seller's gain, buyer's gain); units 0
means that there is none.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from scrai.worlds.exchange._core._layout import (
    A_BOUNDED,
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
from scrai.worlds.exchange._core._utility import goods_gain, marginals, money_gain

Block: TypeAlias = tuple[int, int, int, int, float, float, float]
_MOST_STEPS = 19
_SPACED = 5
_MOST_PAYMENT = 4e18  # more than anybody holds, and an integer of 64 bits
_NARROW = 1e-8
_CLEARLY = 1e-6
_UNBOUNDED = 1e308


def payment_of(price: float, units: int) -> int:
    """Return what `units` cost at a price, rounded half up."""
    return math.floor(min(price * units + 0.5 + TOLERANCE, _MOST_PAYMENT))


def gain(w: World, i: int, market: int, units: int, payment: int) -> float:
    """Return what agent i gains by buying units for a payment (both negative: by selling)."""
    if market == A_IN_B:
        return goods_gain(w, i, units, -payment)
    if market == B_IN_A:
        return goods_gain(w, i, -payment, units)
    if market == A_IN_M:
        return goods_gain(w, i, units, 0) + money_gain(w, i, -payment)
    return goods_gain(w, i, 0, units) + money_gain(w, i, -payment)


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


def craves(w: World, i: int, market: int, units: int, payment: int) -> bool:
    """Tell whether agent i would rather pay less than a payment, or rather get more than one.

    It buys the units for the payment; both are negative if it sells. The same holds for all
    payments above the one, or below the other.
    """
    if market >= A_IN_M or w.ai[A_CONVEX, i]:
        return True
    if w.ai[A_TYPE, i] != QUADRATIC:
        return False
    good, means = (
        float(w.ai[good_of(market), i] + units),
        float(w.ai[means_of(market), i] - payment),
    )
    if market == A_IN_B:
        return marginals(w.af, i, QUADRATIC, good, means)[1] > _CLEARLY
    return marginals(w.af, i, QUADRATIC, means, good)[0] > _CLEARLY


def hopeless(
    w: World, market: int, seller: int, buyer: int, units: int, payment: int, most: int
) -> bool:
    """Tell whether no payment from `payment` to `most` suits both, looking at the two alone.

    The seller gains more and the buyer less by every higher payment, where both crave means: all
    is lost if the lowest does not suit the buyer, or the highest not the seller.
    """
    least = w.cf[F_THRESHOLD]
    if not gain(w, buyer, market, units, payment) > least:
        return True
    return most > payment and not gain(w, seller, market, -units, -most) > least


def by_payment(
    w: World, market: int, seller: int, buyer: int, units: int, low: float, high: float
) -> Block:
    """Return what `any_offer` finds among rising candidate prices, without listing them.

    Prices of one payment are one offer, made at the lowest of them. Payments up to `low`, or above
    `high`, suit nobody.
    """
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    whole, last_whole = whole_payments(ask, bid, units)
    most = math.floor(min(high, float(max(payment_of(bid, units), last_whole))))
    least, spaced, last, rising = w.cf[F_THRESHOLD], 0, 0, False
    while whole <= last_whole or spaced < _SPACED:
        price = ask + (bid - ask) * (min(spaced, _SPACED - 1) / 4.0)
        payment = payment_of(price, units)
        if whole <= last_whole and (whole <= payment or spaced == _SPACED):
            price = whole / units if whole != payment else min(price, whole / units)
            payment = whole
            whole += 1
        else:
            spaced += 1
        if payment == last or payment <= low:
            continue
        if payment > most:
            return no_block()
        if last == 0:
            rising = craves(w, seller, market, -units, -most) and craves(
                w, buyer, market, units, payment
            )
            if rising and hopeless(w, market, seller, buyer, units, payment, most):
                return no_block()
        seller_gain = gain(w, seller, market, -units, -payment)
        last = payment
        if seller_gain > least:
            buyer_gain = gain(w, buyer, market, units, payment)
            if buyer_gain > least:
                found = market, seller, units, payment, price, seller_gain, buyer_gain
                return agreed(w, buyer, found)
            if rising:
                return no_block()
    return no_block()


def fair_payments(w: World, market: int, seller: int, buyer: int) -> tuple[float, float]:
    """Return between which payments for a unit both may gain; the first is not less if none.

    Concave tastes gain no more than marginal utilities promise. The range is wider by a little
    than floats may err.
    """
    good, means = N_MU + market % 2, N_MU + means_of(market) - A_GOOD
    low, high = 0.0, _MOST_PAYMENT
    if w.ai[A_BOUNDED, seller]:
        if w.af[means, seller] > 0.0:
            low = max(0.0, w.af[good, seller] / w.af[means, seller] * (1.0 - TOLERANCE))
        elif w.af[good, seller] >= 0.0:
            return 0.0, 0.0
    if w.ai[A_BOUNDED, buyer]:
        if w.af[means, buyer] > 0.0:
            worth = w.af[good, buyer] / w.af[means, buyer] * (1.0 + TOLERANCE)
            high = max(0.0, min(worth, _MOST_PAYMENT))
        elif w.af[means, buyer] == 0.0 and w.af[good, buyer] <= 0.0:
            return 0.0, 0.0
    return low, high


def quotes_meet(w: World, market: int, seller: int, buyer: int) -> bool:
    """Tell whether a seller asks no more than a buyer bids."""
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    return ask >= 0.0 and bid >= 0.0 and at_most(ask, bid)


def sell(w: World, market: int, seller: int, buyer: int) -> Block:
    """Return the first block that two agents whose quotes meet agree on in a market."""
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    low, high = fair_payments(w, market, seller, buyer)
    # Prices that are nearly one are told apart with a tolerance: then they must be listed.
    listed = w.ci[C_BARGAIN] != COMPENSATING or bid - ask <= _NARROW * bid
    means = float(w.ai[means_of(market), buyer])
    for units in range(1, min(w.ci[C_BLOCK], w.ai[good_of(market), seller]) + 1):
        most = min(high * units, means)
        if low * units >= means:
            break
        if most < 1.0 or math.floor(low * units) + 1 > most:
            continue
        if listed:
            count = offers(w, ask, bid, units)
            block = any_offer(w, market, seller, buyer, units, count)
        else:
            block = by_payment(w, market, seller, buyer, units, low * units, most)
        if block[2] > 0:
            return block
    return no_block()


def either_sells(w: World, market: int, first: int, second: int) -> Block:
    """Search one market both ways, one of the two as the seller first."""
    if quotes_meet(w, market, first, second):
        block = sell(w, market, first, second)
        if block[2] > 0:
            return block
    if quotes_meet(w, market, second, first):
        return sell(w, market, second, first)
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
    return either_sells(w, market, first, second)


def barter(w: World, low: int, high: int) -> Block:
    """Return the first barter block: A paid in B, else B paid in A."""
    block = barter_market(w, low, high, A_IN_B)
    if block[2] > 0:
        return block
    return barter_market(w, low, high, B_IN_A)


def money_market(w: World, low: int, high: int, market: int) -> Block:
    """Return the first block of a good for money, the lower id as the seller first."""
    return either_sells(w, market, low, high)


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


def promised(w: World, market: int, seller: int, buyer: int, units: int, payment: float) -> float:
    """Return what marginal utilities promise two agents together for a block."""
    good, means = N_MU + market % 2, N_MU + means_of(market) - A_GOOD
    of_good = w.af[good, buyer] - w.af[good, seller]
    of_means = w.af[means, seller] - w.af[means, buyer]
    sum_of_both: float = units * of_good + payment * of_means
    return sum_of_both


def middle_promise(w: World, market: int, seller: int, buyer: int, best: float) -> float:
    """Return a bound of what `middle_gain` returns of two agents whose gains are bounded."""
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    low, high = fair_payments(w, market, seller, buyer)
    if ask < 0.0 or bid < 0.0 or low >= high:
        return best
    for units in range(min(w.ci[C_BLOCK], w.ai[good_of(market), seller]), 0, -1):
        paid = payment_of((ask + bid) / 2.0, units)
        if low * units < paid <= high * units:
            best = max(best, promised(w, market, seller, buyer, units, paid))
    return best


def middle_gain(w: World, market: int, seller: int, buyer: int, best: float) -> float:
    """Return the best summed gain over block sizes at the middle of ask and bid, or `best`.

    Concave tastes gain no more than marginal utilities promise, so most sizes need no look.
    """
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    low, high = fair_payments(w, market, seller, buyer)
    if ask < 0.0 or bid < 0.0 or low >= high:
        return best
    bounded = w.ai[A_BOUNDED, seller] and w.ai[A_BOUNDED, buyer]
    for units in range(min(w.ci[C_BLOCK], w.ai[good_of(market), seller]), 0, -1):
        paid = payment_of((ask + bid) / 2.0, units)
        if not low * units < paid <= high * units:
            continue
        promise = promised(w, market, seller, buyer, units, paid)
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


def block_promise(w: World, market: int, seller: int, buyer: int) -> float:
    """Return a bound of what the search may find where quotes meet; 0 if nothing.

    Of each number of units it is what is promised for the least or the most that may be offered,
    fair and payable.
    """
    if not (w.ai[A_BOUNDED, seller] and w.ai[A_BOUNDED, buyer]):
        return _UNBOUNDED
    low, high = fair_payments(w, market, seller, buyer)
    if low >= high:
        return 0.0
    good, means = N_MU + market % 2, N_MU + means_of(market) - A_GOOD
    of_good = w.af[good, buyer] - w.af[good, seller]
    of_means = w.af[means, seller] - w.af[means, buyer]
    ask, bid = w.af[N_ASK + market, seller], w.af[N_BID + market, buyer]
    payable, promise = float(w.ai[means_of(market), buyer]), 0.0
    for units in range(1, min(w.ci[C_BLOCK], w.ai[good_of(market), seller]) + 1):
        least = max(payment_of(ask, units), math.floor(min(low * units, payable)) + 1)
        most = min(payment_of(bid, units), math.floor(min(high * units, payable)))
        if least <= most:
            of_payment = max(least * of_means, most * of_means)
            promise = max(promise, units * of_good + of_payment)
    return promise


def joint_promise(w: World, low: int, high: int, open_barter: bool) -> float:
    """Return a bound of the joint gain of two agents; 0 if there can be none."""
    first, end = A_IN_B, B_IN_M + 1
    if w.ci[C_REGIME] == BARTER_ONLY:
        end = A_IN_M
    if w.ci[C_REGIME] == MONEY_ONLY or not open_barter:
        first = A_IN_M
    most = 0.0
    for market in range(first, end):
        if quotes_meet(w, market, low, high):
            most = max(most, block_promise(w, market, low, high))
        if quotes_meet(w, market, high, low):
            most = max(most, block_promise(w, market, high, low))
    if not most > 0.0 or most >= _UNBOUNDED:
        return most
    for market in range(first, end):
        if market != B_IN_A:
            most = middle_promise(w, market, low, high, most)
            most = middle_promise(w, market, high, low, most)
    return most * (1.0 + TOLERANCE)
