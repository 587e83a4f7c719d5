"""From a recipe, a name and a seed to the document of a scenario."""

from __future__ import annotations

import math
from typing import Any, Final

from scrai.worlds.exchange._generate_draws import dealt, inventories, range_of, stream, utility
from scrai.worlds.exchange._generate_presets import Recipe
from scrai.worlds.exchange._schema_keys import SCHEMA_VERSION

MOST_LISTED: Final = 50_000
"""With one utility for each type, more agents than these have a range of inventories, no list."""

_COOLDOWN: Final = 3
_SUBSISTENCE: Final = "stone_geary"


def build(recipe: Recipe, name: str, seed: int) -> dict[str, Any]:
    """Return the document of a scenario; the same for the same recipe, name and seed."""
    density, most, _ = recipe.resources
    kinds = dealt(recipe)
    return {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "N": recipe.grid,
        "agents": recipe.agents,
        "initial_inventories": _inventories(recipe, seed, kinds),
        "utilities": _mix(recipe, seed) if recipe.per_type else _each(recipe, seed, kinds),
        "resource_seed": {"density": density, "amount": most},
        "params": _params(recipe),
    }


def _inventories(recipe: Recipe, seed: int, kinds: list[str]) -> dict[str, Any]:
    goods = ("A", "B", "M") if recipe.has_money else ("A", "B")
    some = recipe.per_type and any(name == _SUBSISTENCE for name, _ in recipe.utilities)
    if some:
        # Who will be of which type is drawn when the file is run.
        kinds = [_SUBSISTENCE] * recipe.agents
    if recipe.per_type and recipe.agents > MOST_LISTED:
        return {good: _range(recipe, good, int(some)) for good in goods}
    return {good: inventories(recipe, seed, good, kinds) for good in goods}


def _range(recipe: Recipe, good: str, least: int) -> dict[str, list[int]]:
    low, high = range_of(recipe, good)
    return {"uniform_int": [low, high] if good == "M" else [max(low, least), max(high, least)]}


def _each(recipe: Recipe, seed: int, kinds: list[str]) -> dict[str, Any]:
    drawn = [utility(recipe, kind, stream(seed, f"agent.{i}")) for i, kind in enumerate(kinds)]
    return {"agents": drawn}


def _mix(recipe: Recipe, seed: int) -> dict[str, Any]:
    total = math.fsum(weight for _, weight in recipe.utilities)
    entries = []
    for name, weight in recipe.utilities:
        drawn = utility(recipe, name, stream(seed, f"type.{name}"))
        entries.append({"type": name, "weight": weight / total, "params": drawn["params"]})
    return {"mix": entries}


def _params(recipe: Recipe) -> dict[str, Any]:
    _, most, regrowth = recipe.resources
    made: dict[str, Any] = {"exchange_regime": recipe.exchange_regime}
    if recipe.has_money:
        made["money_mode"] = "quasilinear"
        made["money_scale"] = recipe.money_scale
        made["lambda_money"] = recipe.lambda_money
    made["vision_radius"] = recipe.vision
    if recipe.movement is not None:
        made["move_budget_per_tick"] = recipe.movement
    made["trade_cooldown_ticks"] = _COOLDOWN
    made["resource_growth_rate"] = regrowth
    made["resource_max_amount"] = most
    return made
