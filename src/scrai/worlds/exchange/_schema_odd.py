"""Warnings: what is allowed, but can hardly be meant. The document has no errors here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._schema_cross import part, regime_of
from scrai.worlds.exchange._schema_report import Report

_DEFAULTS: Final = {key.name: key.default for key in (*keys.PARAMS, *keys.RUN)}
_MONEY_ONLY: Final = ("money_mode", "money_utility_form", "money_scale", "lambda_money", "M_0")
_KKT_ONLY: Final = ("lambda_update_rate", "lambda_bounds")


def note_oddities(report: Report, document: Mapping[str, Any], cycles: int) -> None:
    """Warn of what is odd."""
    _note_distances(report, document)
    _note_times(report, document, cycles)
    _note_unused(report, document)


def setting(document: Mapping[str, Any], name: str) -> Any:
    """Return a parameter, or what holds in its absence."""
    given = part(document, "params", name)
    return _DEFAULTS.get(name) if given is None else given


def _note_distances(report: Report, document: Mapping[str, Any]) -> None:
    side = document["N"]
    for name in ("vision_radius", "interaction_radius"):
        given = setting(document, name)
        if given > side and part(document, "params", name) is not None:
            report.warn(("params", name), f"{given:g} is more than the grid is wide, {side:g}")
    if setting(document, "interaction_radius") > setting(document, "vision_radius"):
        report.warn(("params",), "interaction_radius is more than vision_radius: agents that do"
                    " not see one another cannot pair")  # fmt: skip


def _note_times(report: Report, document: Mapping[str, Any], cycles: int) -> None:
    ticks = (document.get("ticks_per_cycle") or _DEFAULTS["ticks_per_cycle"]) * cycles
    for name in ("trade_cooldown_ticks", "resource_regen_cooldown"):
        given = setting(document, name)
        if given > ticks and part(document, "params", name) is not None:
            report.warn(
                ("params", name),
                f"{given:g} ticks are longer than a run of {cycles} cycles, {ticks:g} ticks",
            )
    schedule = document.get("mode_schedule")
    if schedule is not None:
        first = schedule.get("start_mode") or "forage"
        if schedule[f"{first}_ticks"] >= ticks:
            report.warn(
                ("mode_schedule",),
                f"a run of {cycles} cycles, {ticks:g} ticks, never leaves the {first} phase",
            )


def _note_unused(report: Report, document: Mapping[str, Any]) -> None:
    """Warn of settings that have nothing to act upon."""
    regime = regime_of(document)
    if regime not in keys.MONEY_REGIMES:
        _unused(report, document, (*_MONEY_ONLY, *_KKT_ONLY), f"{regime} has no money")
        for name in ("M", "lambda_money", "M_0"):
            if part(document, "initial_inventories", name) is not None:
                told = f"has no effect: {regime} has no money"
                report.warn(("initial_inventories", name), told)
    elif setting(document, "money_mode") != "kkt_lambda":
        _unused(report, document, _KKT_ONLY, "money_mode is not kkt_lambda")
    if regime != "mixed_liquidity_gated":
        _unused(report, document, ("liquidity_gate",), "the regime is not mixed_liquidity_gated")


def _unused(
    report: Report, document: Mapping[str, Any], names: tuple[str, ...], reason: str
) -> None:
    for name in names:
        if part(document, "params", name) is not None:
            report.warn(("params", name), f"has no effect: {reason}")
