"""Errors that several keys make together. What has an error of its own is left out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scrai._words import plural
from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._schema_report import Report
from scrai.worlds.exchange._yaml12 import Path

_WEIGHT_TOLERANCE: Final = 1e-6


def check_together(report: Report, document: Mapping[str, Any]) -> None:
    """Report what does not go together in a document that is a map."""
    for check in (_room, _money, _bounds, _weights, _concave, _subsistence, _sums, _lengths):
        check(report, document)


def part(document: Mapping[str, Any], *path: str) -> Any:
    """Return what stands at a path of maps; None if there is nothing."""
    here: Any = document
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def regime_of(document: Mapping[str, Any]) -> Any:
    """Return the exchange regime, by default barter_only."""
    return part(document, "params", "exchange_regime") or "barter_only"


def _params_of(
    report: Report, document: Mapping[str, Any], kind: str
) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield place and parameters of every utility of a type, without those that have errors."""
    for way in ("mix", "agents"):
        listed = part(document, "utilities", way)
        for place, item in enumerate(listed if isinstance(listed, list) else ()):
            path: Path = ("utilities", way, place, "params")
            if not isinstance(item, Mapping) or item.get("type") != kind:
                continue
            if item.get("params") is not None and not report.spoilt(*path):
                yield path, item["params"]


def _room(report: Report, document: Mapping[str, Any]) -> None:
    if report.spoilt("N") or report.spoilt("agents") or document.get("allow_colocation") is True:
        return
    side, agents = document.get("N"), document.get("agents")
    if side is not None and agents is not None and agents > side * side:
        report.error(
            ("agents",),
            f"{agents:,.0f} agents do not fit on {plural(int(side * side), 'cell')} of their own"
            " (allow_colocation: true lets them share)",
        )


def _lengths(report: Report, document: Mapping[str, Any]) -> None:
    agents = document.get("agents")
    if agents is None or report.spoilt("agents"):
        return
    places = [("initial_inventories", name) for name in ("A", "B", "M", "lambda_money", "M_0")]
    for path in (*places, ("utilities", "agents")):
        value = part(document, *path)
        told = path[0] == "utilities" and not value  # an empty list of them is an error already
        if isinstance(value, list) and len(value) != agents and not told:
            report.error(path, f"has {len(value):,} entries for {agents:,.0f} agents")


def _money(report: Report, document: Mapping[str, Any]) -> None:
    regime = regime_of(document)
    inventories = part(document, "initial_inventories")
    if not isinstance(inventories, Mapping) or inventories.get("M") is not None:
        return
    if regime in keys.MONEY_REGIMES:
        report.error(("initial_inventories",), f"M is missing: {regime} trades for money")


def _bounds(report: Report, document: Mapping[str, Any]) -> None:
    path = ("params", "lambda_bounds")
    given = part(document, *path)
    if not isinstance(given, Mapping) or report.spoilt(*path):
        return
    low, high = (given.get(key.name, key.default) for key in keys.LAMBDA_BOUNDS)
    if low is not None and high is not None and low > high:
        report.error(path, f"lambda_min {low:g} is above lambda_max {high:g}")


def _weights(report: Report, document: Mapping[str, Any]) -> None:
    path = ("utilities", "mix")
    mix = part(document, *path)
    if not isinstance(mix, list) or not mix:
        return
    found = [item.get("weight") if isinstance(item, Mapping) else None for item in mix]
    weights = [weight for weight in found if weight is not None]
    if len(weights) < len(mix) or any(report.spoilt(*path, i, "weight") for i in range(len(mix))):
        return
    total = math.fsum(weights)
    if abs(total - 1) > _WEIGHT_TOLERANCE:
        report.error(path, f"weights sum to {total:.6g}, not 1")


def _concave(report: Report, document: Mapping[str, Any]) -> None:
    for path, params in _params_of(report, document, "quadratic"):
        bound = 2 / params["sigma_A"] / params["sigma_B"]
        gamma = params.get("gamma") or 0.0
        if not gamma < bound:
            report.error(
                (*path, "gamma"),
                f"must be below 2 / (sigma_A sigma_B) = {bound:.6g}, not {gamma:g}",
            )


def _subsistence(report: Report, document: Mapping[str, Any]) -> None:
    """Each inventory that an agent of a Stone-Geary utility may have is above subsistence."""
    right = [good for good in ("A", "B") if not report.spoilt("initial_inventories", good)]
    for path, params in _params_of(report, document, "stone_geary"):
        agent = path[2] if path[1] == "agents" else None
        for good in right:
            _above(report, document, good, params[f"gamma_{good}"], agent)


def _above(
    report: Report, document: Mapping[str, Any], good: str, least: float, agent: Any
) -> None:
    value = part(document, "initial_inventories", good)
    path: Path = ("initial_inventories", good)
    whose = "stone_geary in the mix" if agent is None else f"agent {agent}"
    for place, units in _possible(value, agent):
        if units <= least:
            report.error((*path, *place), f"{units} is not above gamma_{good} {least:g} of {whose}")


def _possible(value: Any, agent: int | None) -> Iterator[tuple[Path, float]]:
    """Yield place and units of the least that an agent, or any for None, may have."""
    if isinstance(value, list):
        wanted = range(len(value)) if agent is None else range(agent, min(agent + 1, len(value)))
        yield from (((place,), value[place]) for place in wanted)
    elif value is not None:
        yield (), value["uniform_int"][0] if isinstance(value, Mapping) else value


def _sums(report: Report, document: Mapping[str, Any]) -> None:
    """All that is held stays a whole number that floats can hold."""
    agents, scale = document.get("agents"), part(document, "params", "money_scale")
    if agents is None or report.spoilt("agents") or report.spoilt("params", "money_scale"):
        return
    for name, times in (("A", 1), ("B", 1), ("M", 1 if scale is None else scale)):
        value = part(document, "initial_inventories", name)
        if value is None or report.spoilt("initial_inventories", name):
            continue
        if isinstance(value, list):
            total = sum(value)
        else:
            total = agents * (value["uniform_int"][1] if isinstance(value, Mapping) else value)
        if total * times > keys.MOST_HELD:
            report.error(
                ("initial_inventories", name),
                f"the agents hold {total * times:.3g} of it together, over 2^53",
            )
