"""The check of a whole document: keys, kinds and bounds first, then what depends on several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._schema_cross import check_together
from scrai.worlds.exchange._schema_keys import Key
from scrai.worlds.exchange._schema_odd import note_oddities
from scrai.worlds.exchange._schema_report import Report, shown
from scrai.worlds.exchange._schema_values import (
    Check,
    check_map,
    check_value,
    checks,
    map_of,
    required,
    simple,
)
from scrai.worlds.exchange._yaml12 import Path


def check_document(document: Any, cycles: int = 10) -> Report:
    """Return everything that is wrong or odd with a scenario document.

    Args:
        document: what the file holds, as plain values.
        cycles: how long a run is thought to be, for what is odd.
    """
    report = Report()
    if check_map(report, (), document, _TOP, _NEEDED):
        check_together(report, document)
    if not report.errors:
        note_oddities(report, document, cycles)
    return report


def _check_params(report: Report, path: Path, value: Any) -> None:
    check_map(report, path, value, _PARAMS)


def _check_inventories(report: Report, path: Path, value: Any) -> None:
    check_map(report, path, value, _INVENTORIES, ("A", "B"))


def _check_inventory(report: Report, path: Path, value: Any) -> None:
    """Units: a number, a list of them, or a range to draw from."""
    if isinstance(value, list):
        _check_list(keys.UNITS, report, path, value)
    elif isinstance(value, Mapping):
        check_map(report, path, value, {"uniform_int": _check_range}, ("uniform_int",))
    else:
        check_value(keys.UNITS, report, path, value)


def _check_range(report: Report, path: Path, value: Any) -> None:
    if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004 - low and high
        report.error(path, f"must be [lowest, highest], not {shown(value)}")
        return
    _check_list(keys.UNITS, report, path, value)
    if not report.spoilt(*path) and value[0] > value[1]:
        report.error(path, f"the lowest, {value[0]}, is above the highest, {value[1]}")


def _check_list(key: Key, report: Report, path: Path, value: list[Any]) -> None:
    for place, item in enumerate(value):
        check_value(key, report, (*path, place), item)


def _number_or_list(key: Key) -> Check:
    def check(report: Report, path: Path, value: Any) -> None:
        if isinstance(value, list):
            _check_list(key, report, path, value)
        else:
            check_value(key, report, path, value)

    return check


def _check_utilities(report: Report, path: Path, value: Any) -> None:
    if not check_map(report, path, value, {"mix": _check_mix, "agents": _check_each}):
        return
    given = [name for name in ("mix", "agents") if value.get(name) is not None]
    if not given:
        report.error(path, "mix or agents is missing")
    if len(given) > 1:
        report.error((*path, "agents"), "there is a mix as well; keep one of the two")


def _check_mix(report: Report, path: Path, value: Any) -> None:
    _check_entries(report, path, value, {"weight": simple(keys.WEIGHT)})


def _check_each(report: Report, path: Path, value: Any) -> None:
    _check_entries(report, path, value, {})


def _check_entries(report: Report, path: Path, value: Any, more: dict[str, Check]) -> None:
    if not isinstance(value, list) or not value:
        what = "an empty list" if value == [] else shown(value)
        report.error(path, f"must be a list of utilities, not {what}")
        return
    for place, item in enumerate(value):
        _check_utility(report, (*path, place), item, more)


def _check_utility(report: Report, path: Path, value: Any, more: dict[str, Check]) -> None:
    """A type, and the parameters of that type."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    known = kind if isinstance(kind, str) and kind in keys.UTILITIES else None
    check = _OF_TYPE[known] if known else _anything
    check_map(report, path, value, {"type": _TYPE, **more, "params": check}, [*_HAS, *more])


def _anything(report: Report, path: Path, value: Any) -> None:
    """What the parameters are cannot be said while the type is unknown."""


_HAS: Final = ("type", "params")
_TYPE: Final = simple(keys.TYPE)
_OF_TYPE: Final = {name: map_of(listed) for name, listed in keys.UTILITIES.items()}
_PARAMS: Final = {
    **checks(keys.PARAMS),
    "lambda_bounds": map_of(keys.LAMBDA_BOUNDS),
    "liquidity_gate": map_of(keys.LIQUIDITY_GATE),
}
_INVENTORIES: Final = {
    **dict.fromkeys(keys.GOODS, _check_inventory),
    **{key.name: _number_or_list(key) for key in keys.MONEY_TASTES},
}
_TOP: Final = {
    **checks(keys.TOP),
    "initial_inventories": _check_inventories,
    "utilities": _check_utilities,
    "resource_seed": map_of(keys.RESOURCES),
    "mode_schedule": map_of(keys.SCHEDULE),
    "params": _check_params,
    **checks(keys.RUN),
}
_NEEDED: Final = (*required(keys.TOP), "initial_inventories", "utilities", "resource_seed")
