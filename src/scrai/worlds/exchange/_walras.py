"""The Walrasian benchmark: prices at which nobody wants to trade any more, found by bisection.

Goods are divisible here and everybody takes prices as given, so a market of agents who meet one
another and trade whole units reaches about as much, rarely more. See Mas-Colell, Whinston & Green
(1995), chapters 15 and 17. Where demand jumps (linear utilities) the price is where excess demand
changes its sign; agents there are indifferent between the bundles, so welfare is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from scrai.worlds.exchange._demand import demand
from scrai.worlds.exchange._tastes import EPS, Floats, Tastes

_ROUNDS: Final = 60
_LEAST, _MOST = 1e-6, 1e6


@dataclass(frozen=True, slots=True)
class Purse:
    """The money of some agents: how much (major units), and what it is worth to them.

    Worth is lam x m, or lam x ln(m + base) if `log`.
    """

    money: Floats
    lam: Floats
    base: Floats
    log: bool

    def worth(self, money: Floats) -> Floats:
        """Return the utility of some money."""
        return self.lam * (np.log(np.maximum(money + self.base, EPS)) if self.log else money)

    def marginal(self, money: Floats) -> Floats:
        """Return what one more unit would be worth."""
        if not self.log:
            return self.lam + 0.0 * money
        return self.lam / np.maximum(money + self.base, EPS)


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Prices that clear the markets, and what they would bring.

    Attributes:
        prices: of A in B for barter; of A and of B in major units for money.
        bundles: what each agent would hold: A, B (and money).
        excess: demand less supply of A and of B, as shares of supply; not 0 where demand jumps or
            agents are satiated.
        welfare: the sum of utilities there.
    """

    prices: tuple[float, ...]
    bundles: tuple[Floats, ...]
    excess: tuple[float, float]
    welfare: float


def barter(tastes: Tastes, a: Floats, b: Floats) -> Equilibrium:
    """Return the equilibrium of an exchange of A for B from endowments a and b."""

    def wanted(price: float) -> tuple[Floats, Floats]:
        each = np.full(tastes.size, price)
        return demand(tastes, each, price * a + b)

    low, high = np.log(_LEAST), np.log(_MOST)
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        if wanted(float(np.exp(middle)))[0].sum() > a.sum():
            low = middle
        else:
            high = middle
    price = float(np.exp((low + high) / 2.0))
    bundle = wanted(price)
    welfare = float(tastes.utility(*bundle).sum())
    return Equilibrium((price,), bundle, _excess(bundle, (a, b)), welfare)


def spending(
    tastes: Tastes, purse: Purse, prices: tuple[Floats, Floats], wealth: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the best A, B and money for wealth in money at these prices."""
    price_a, price_b = prices
    low, high = np.zeros(wealth.shape), wealth
    for _ in range(_MONEY_ROUNDS):
        middle = (low + high) / 2.0
        a, b = demand(tastes, price_a / price_b, middle / price_b)
        of_a, of_b = tastes.marginal(a, b)
        gain = np.maximum(of_a / price_a, of_b / price_b)
        more = gain > purse.marginal(wealth - middle)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    spent = (low + high) / 2.0
    a, b = demand(tastes, price_a / price_b, spent / price_b)
    return a, b, wealth - price_a * a - price_b * b


_MONEY_ROUNDS: Final = 36
_BRACKET: Final = (1e-4, 1e4)
_PRICE_ROUNDS: Final = 40
_CLOSE: Final = 1e-5


def money(tastes: Tastes, purse: Purse, a: Floats, b: Floats) -> Equilibrium:
    """Return the equilibrium of an economy with money from endowments a and b and the purses.

    For each price of A the price of B that clears its market is found, until A's clears as well.
    """

    def wanted(price_a: float, price_b: float) -> tuple[Floats, Floats, Floats]:
        each = np.full(tastes.size, price_a), np.full(tastes.size, price_b)
        return spending(tastes, purse, each, price_a * a + price_b * b + purse.money)

    def price_of_b(price_a: float) -> float:
        return _root(lambda price: float(wanted(price_a, price)[1].sum() - b.sum()))

    price_a = _root(lambda price: float(wanted(price, price_of_b(price))[0].sum() - a.sum()))
    price_b = price_of_b(price_a)
    bundle = wanted(price_a, price_b)
    welfare = float((tastes.utility(*bundle[:2]) + purse.worth(bundle[2])).sum())
    return Equilibrium((price_a, price_b), bundle, _excess(bundle, (a, b)), welfare)


def _root(excess: Callable[[float], float]) -> float:
    """Return the price at which an excess demand that falls with it changes its sign.

    False position by the Illinois rule on the logarithm of the price; a step of bisection
    wherever that does not halve the interval, as demand may jump.
    """
    low, high = np.log(_BRACKET)
    at_low, at_high = excess(_BRACKET[0]), excess(_BRACKET[1])
    if at_low <= 0.0 or at_high >= 0.0:
        return _BRACKET[0] if at_low <= 0.0 else _BRACKET[1]
    for turn in range(_PRICE_ROUNDS):
        if high - low < _CLOSE:
            break
        share = 0.5 if turn % 2 else at_low / (at_low - at_high)
        middle = low + (high - low) * min(max(share, 0.02), 0.98)
        found = excess(float(np.exp(middle)))
        if found > 0.0:
            low, at_low = middle, found
        else:
            high, at_high = middle, found
    return float(np.exp((low + high) / 2.0))


def _excess(bundle: tuple[Floats, ...], supply: tuple[Floats, Floats]) -> tuple[float, float]:
    a, b = (
        float((wanted.sum() - there.sum()) / max(there.sum(), 1.0))
        for wanted, there in zip(bundle, supply, strict=False)
    )
    return a, b
