"""From a checked document and a seed to an `ExchangeSpec`: everything drawn, one entry per agent.

Draws come from the engine's generator, each kind from a stream of its own, so that a change of one
inventory leaves the other draws as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from scrai._rng import Coordinates, Rng
from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._schema_keys import Key
from scrai.worlds.exchange._spec import ExchangeSpec, ModeSchedule, Params, UtilitySpec
from scrai.worlds.exchange._utilities import Utilities

_PHASE: Final = "exchange"
_INITIAL: Final = ("lambda_money", "M_0")


def spec_of(
    document: Mapping[str, Any], seed: int, listed: Utilities | None = None
) -> ExchangeSpec:
    """Return the economy that a document describes.

    Args:
        document: a scenario document without errors, as `read_document` gives it.
        seed: what chance depends on: ranges of inventories, and the mix of utilities.
        listed: what `listed_utilities` gave for the document, if that is known already.
    """
    agents = int(document["agents"])
    params = _filled(keys.PARAMS, document.get("params"))
    inventories = document["initial_inventories"]
    scale = params["money_scale"]
    return ExchangeSpec(
        name=document["name"],
        N=int(document["N"]),
        agents=agents,
        A=_units(inventories["A"], agents, seed, "A"),
        B=_units(inventories["B"], agents, seed, "B"),
        M=[units * scale for units in _units(inventories.get("M"), agents, seed, "M")],
        lambda_money=_tastes(inventories.get("lambda_money"), params["lambda_money"], agents),
        M_0=_tastes(inventories.get("M_0"), params["M_0"], agents),
        utilities=listed or listed_utilities(document) or _drawn(document, agents, seed),
        resource_density=float(document["resource_seed"]["density"]),
        resource_amount=int(document["resource_seed"]["amount"]),
        mode_schedule=_schedule(document.get("mode_schedule")),
        params=_params(params, document.get("params") or {}),
        **_filled(keys.RUN, document),
    )


def _stream(seed: int, name: str) -> Rng:
    return Rng(Coordinates(seed, 0, _PHASE, 0).key(name))


def _units(value: Any, agents: int, seed: int, good: str) -> list[int]:
    """Return a list of inventories; zeros where there is none."""
    if isinstance(value, Mapping):
        low, high = (int(each) for each in value["uniform_int"])
        draw = _stream(seed, f"inventories.{good}").integer
        return [draw(low, high) for _ in range(agents)]
    if isinstance(value, list):
        return [int(each) for each in value]
    return [int(value or 0)] * agents


def _tastes(value: Any, default: float, agents: int) -> list[float]:
    if isinstance(value, list):
        return [float(each) for each in value]
    return [float(default if value is None else value)] * agents


def listed_utilities(document: Mapping[str, Any]) -> Utilities | None:
    """Return the utilities that a document lists one by one; None if it has a mix to draw from."""
    listed = document["utilities"].get("agents")
    return None if listed is None else Utilities(map(_utility, listed))


def _drawn(document: Mapping[str, Any], agents: int, seed: int) -> Utilities:
    mix = document["utilities"]["mix"]
    kinds, weights = [_utility(each) for each in mix], [float(each["weight"]) for each in mix]
    draw = _stream(seed, "utilities").weighted
    return Utilities(draw(kinds, weights) for _ in range(agents))


def _utility(value: Mapping[str, Any]) -> UtilitySpec:
    listed = keys.UTILITIES[value["type"]]
    given = _filled(listed, value["params"])
    return UtilitySpec(value["type"], {name: float(number) for name, number in given.items()})


def _schedule(value: Mapping[str, Any] | None) -> ModeSchedule | None:
    if value is None:
        return None
    given = _filled(keys.SCHEDULE, value)
    return ModeSchedule(given["forage_ticks"], given["trade_ticks"], given["start_mode"])


def _params(params: dict[str, Any], given: Mapping[str, Any]) -> Params:
    """Return the parameters; those that lead deeper are laid flat."""
    # What every agent has its own of is not a parameter of the world.
    flat = {name: value for name, value in params.items() if name not in _INITIAL}
    flat |= _filled(keys.LAMBDA_BOUNDS, given.get("lambda_bounds"))
    flat |= _filled(keys.LIQUIDITY_GATE, given.get("liquidity_gate"))
    return Params(**flat)


def _filled(listed: Iterable[Key], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the values of simple keys, of their kinds, with defaults where there is none."""
    found = {}
    for key in listed:
        value = (given or {}).get(key.name)
        found[key.name] = _as(key, key.default if value is None else value)
    return found


def _as(key: Key, value: Any) -> Any:
    if key.kind == "int":
        return int(value)
    return float(value) if key.kind == "number" else value
