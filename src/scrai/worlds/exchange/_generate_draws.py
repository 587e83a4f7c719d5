"""The draws of the generator: inventories and the parameters of utilities.

Everything is rounded to two decimals (a quadratic's gamma to four significant digits), so that a
file is easily read and the same on every version of Python.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from scrai._rng import Coordinates, Rng
from scrai.errors import InvalidInputError
from scrai.worlds.exchange._generate_presets import Recipe

_TRIES: Final = 100_000
_PHASE: Final = "generate"
_CORNER: Final = 5
"""A translog is monotone from 1 to so many times the largest inventory."""


def stream(seed: int, name: str) -> Rng:
    """Return the stream of draws for one thing."""
    return Rng(Coordinates(seed, 0, _PHASE, 0).key(name))


def range_of(recipe: Recipe, good: str) -> tuple[int, int]:
    """Return the least and most of a good, or of money, that an agent begins with."""
    money = recipe.money_range if good == "M" else None
    return recipe.inventory_range if money is None else money


def inventories(recipe: Recipe, seed: int, good: str, kinds: list[str]) -> list[int]:
    """Return the units, or the money in major units, of every agent.

    Stone-Geary utilities need some of each good: their agents have one unit at least.
    """
    low, high = range_of(recipe, good)
    rng = stream(seed, f"inventories.{good}")
    drawn = [rng.integer(low, high) for _ in kinds]
    if good == "M" or low > 0:
        return drawn
    return [
        max(units, int(kind == "stone_geary")) for units, kind in zip(drawn, kinds, strict=True)
    ]


def dealt(recipe: Recipe) -> list[str]:
    """Return the type of each agent: in turn, as often as the weights say.

    Shares are rounded by largest remainder; equal ones go to the type that is named first.
    """
    total = math.fsum(weight for _, weight in recipe.utilities)
    shares = [recipe.agents * weight / total for _, weight in recipe.utilities]
    left = [math.floor(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda k: (left[k] - shares[k], k))
    for k in by_remainder[: recipe.agents - sum(left)]:
        left[k] += 1
    order: list[str] = []
    while len(order) < recipe.agents:
        for k, (name, _) in enumerate(recipe.utilities):
            if left[k]:
                left[k] -= 1
                order.append(name)
    return order


def utility(recipe: Recipe, name: str, rng: Rng) -> dict[str, Any]:
    """Return type and parameters of a utility."""
    return {"type": name, "params": _DRAWS[name](Draws(recipe, name, rng))}


class Draws:
    """The draws for one utility."""

    def __init__(self, recipe: Recipe, name: str, rng: Rng) -> None:
        self.recipe = recipe
        self.given = recipe.ranges.get(name, {})
        self.rng = rng

    def __call__(self, key: str, low: float, high: float) -> float:
        """Draw a parameter, from the range that the user gave for it if there is one."""
        low, high = self.given.get(key, (low, high))
        return round(self.rng.uniform(low, high), 2)

    def apart(self, key: str, low: float, high: float, ok: Callable[[float], bool]) -> float:
        """Draw a parameter until it is as it should be; raises InvalidInputError if it never is."""
        for _ in range(_TRIES):
            value = self(key, low, high)
            if ok(value):
                return value
        raise InvalidInputError(f"--param-ranges: no {key} within its range can be used")


def _ces(draw: Draws) -> dict[str, float]:
    w_a = draw("wA", 0.3, 0.7)
    w_b = draw("wB", 0, 0) if "wB" in draw.given else round(1 - w_a, 2)
    # Near 0 the power form loses digits; 1 is excluded.
    rho = draw.apart("rho", -1, 0.8, lambda value: abs(value) >= 0.05 and value != 1)  # noqa: PLR2004
    return {"rho": rho, "wA": w_a, "wB": w_b}


def _linear(draw: Draws) -> dict[str, float]:
    return {"vA": draw("vA", 0.5, 3), "vB": draw("vB", 0.5, 3)}


def _quadratic(draw: Draws) -> dict[str, float]:
    least, most = draw.recipe.inventory_range
    found = {}
    for good in ("A", "B"):
        # Narrow ranges would put the bliss point at nothing; some tolerance must remain.
        found[f"{good}_star"] = max(
            draw(f"{good}_star", 1.2 * least, 0.8 * most), _least(draw, good)
        )
    for good in ("A", "B"):
        bliss = abs(found[f"{good}_star"])
        found[f"sigma_{good}"] = max(draw(f"sigma_{good}", 0.4 * bliss, 0.8 * bliss), 0.01)
    low, high = draw.given.get("gamma", (0.0, 0.9))
    bound = 2 / (found["sigma_A"] * found["sigma_B"])
    found["gamma"] = float(f"{draw.rng.uniform(low, high) * bound:.4g}")
    return found


def _least(draw: Draws, good: str) -> float:
    return -math.inf if f"{good}_star" in draw.given else 1.0


def _translog(draw: Draws) -> dict[str, float]:
    corners = (0.0, math.log(max(1, _CORNER * draw.recipe.inventory_range[1])))
    for _ in range(_TRIES):
        found = {
            "alpha_0": draw("alpha_0", 0, 0) if "alpha_0" in draw.given else 0.0,
            "alpha_A": draw("alpha_A", 0.4, 0.6),
            "alpha_B": draw("alpha_B", 0.4, 0.6),
            "beta_AA": draw("beta_AA", -0.10, -0.02),
            "beta_BB": draw("beta_BB", -0.10, -0.02),
            "beta_AB": draw("beta_AB", -0.03, 0.03),
        }
        if all(_rising(found, x, y) for x in corners for y in corners):
            return found
    raise InvalidInputError(
        "no translog utility within the ranges is monotone up to"
        f" {_CORNER} x {draw.recipe.inventory_range[1]:,} units",
        hint="a smaller --inventory-range, or smaller beta in --param-ranges",
    )


def _rising(p: dict[str, float], ln_a: float, ln_b: float) -> bool:
    """Say whether more of either good is better where the logarithms are these."""
    return (
        p["alpha_A"] + p["beta_AA"] * ln_a + p["beta_AB"] * ln_b > 0
        and p["alpha_B"] + p["beta_BB"] * ln_b + p["beta_AB"] * ln_a > 0
    )


def _stone_geary(draw: Draws) -> dict[str, float]:
    least = draw.recipe.inventory_range[0]
    alpha_a = draw("alpha_A", 0.4, 0.6)
    alpha_b = draw("alpha_B", 0, 0) if "alpha_B" in draw.given else round(1 - alpha_a, 2)
    return {
        "alpha_A": alpha_a,
        "alpha_B": alpha_b,
        "gamma_A": draw("gamma_A", 0, 0.5 * least),
        "gamma_B": draw("gamma_B", 0, 0.5 * least),
    }


_DRAWS: Final[dict[str, Callable[[Draws], dict[str, float]]]] = {
    "ces": _ces,
    "linear": _linear,
    "quadratic": _quadratic,
    "translog": _translog,
    "stone_geary": _stone_geary,
}
