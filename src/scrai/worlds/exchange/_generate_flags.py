"""What is written after the flags of the generator, as values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from scrai.errors import InvalidInputError
from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._load import read_text, refusal
from scrai.worlds.exchange._schema_report import Report, around, near, shown
from scrai.worlds.exchange._schema_values import check_map, check_value, is_number
from scrai.worlds.exchange._yaml12 import Path as Place
from scrai.worlds.exchange._yaml12 import YamlError, parse, scalar

RANGES: Final[dict[str, tuple[str, ...]]] = {
    "ces": ("rho", "wA", "wB"),
    "linear": ("vA", "vB"),
    "quadratic": ("A_star", "B_star", "sigma_A", "sigma_B", "gamma"),
    "translog": ("alpha_0", "alpha_A", "alpha_B", "beta_AA", "beta_BB", "beta_AB"),
    "stone_geary": ("alpha_A", "alpha_B", "gamma_A", "gamma_B"),
}
"""What a file of ranges may hold. A quadratic's gamma is in shares of its bound."""

MOST_GAMMA: Final = 0.999
"""So that it stays below the bound when it is rounded."""


def whole(text: str, flag: str, low: int = 0, high: int = keys.MOST_UNITS) -> int:
    """Return a whole number within bounds; raises InvalidInputError."""
    value = scalar(text.strip())
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    raise InvalidInputError(
        f"{flag}: {text.strip()[:60]!r} is no whole number from {low:,} to {high:,}"
    )


def real(text: str, flag: str, low: float, high: float) -> float:
    """Return a number within bounds; raises InvalidInputError."""
    value = scalar(text.strip())
    if is_number(value) and low <= value <= high:
        return float(value)
    raise InvalidInputError(f"{flag}: {text.strip()[:60]!r} is no number from {low:g} to {high:g}")


def span(text: str | None, flag: str) -> tuple[int, int] | None:
    """Return MIN,MAX."""
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) != 2:  # noqa: PLR2004 - least and most
        raise InvalidInputError(f"{flag}: {text[:60]!r} is not MIN,MAX", hint=f"{flag} 10,50")
    low, high = (whole(part, flag) for part in parts)
    if low > high:
        raise InvalidInputError(f"{flag}: the least, {low}, is above the most, {high}")
    return low, high


def resources(text: str | None) -> tuple[float, int, int] | None:
    """Return DENSITY,MAX,REGEN."""
    if text is None:
        return None
    flag, parts = "--resources", text.split(",")
    if len(parts) != 3:  # noqa: PLR2004 - density, most, regrowth
        raise InvalidInputError(
            f"{flag}: {text[:60]!r} is not DENSITY,MAX,REGEN", hint=f"{flag} 0.3,5,1"
        )
    return (
        real(parts[0], f"{flag} DENSITY", 0, 1),
        whole(parts[1], f"{flag} MAX", 1),
        whole(parts[2], f"{flag} REGEN"),
    )


def utilities(text: str | None) -> tuple[tuple[str, float], ...] | None:
    """Return types and weights; weights of one size where none is given."""
    if text is None:
        return None
    found: dict[str, float | None] = {}
    for part in text.split(","):
        name, colon, weight = part.strip().partition(":")
        if name not in keys.UTILITIES:
            raise InvalidInputError(
                f"--utilities: unknown type {name[:60]!r}", hint=near(name, keys.UTILITIES)
            )
        if name in found:
            raise InvalidInputError(
                f"--utilities: {name} stands twice", hint=f"weights say how many: {name}:2"
            )
        found[name] = _weight(weight, name) if colon else None
    return _weighed(found)


def _weight(text: str, name: str) -> float:
    value = scalar(text.strip())
    if is_number(value) and math.isfinite(value) and 0 < value <= keys.MOST_AGENTS:
        return float(value)
    raise InvalidInputError(
        f"--utilities: the weight {text[:60]!r} of {name} is no number above 0, at most"
        f" {keys.MOST_AGENTS:,}"
    )


def _weighed(found: dict[str, float | None]) -> tuple[tuple[str, float], ...]:
    bare = [name for name, weight in found.items() if weight is None]
    if bare and len(bare) < len(found):
        raise InvalidInputError(
            f"--utilities: {', '.join(bare)} has no weight, others have one",
            hint="give every type a weight, or none",
        )
    return tuple((name, 1.0 if weight is None else weight) for name, weight in found.items())


def param_ranges(path: str | None) -> dict[str, dict[str, tuple[float, float]]] | None:
    """Return the ranges in a file: YAML or JSON, {type: {key: [low, high]}}.

    Raises:
        InvalidInputError: everything that is wrong with it.
    """
    if path is None:
        return None
    text = read_text(Path(path))
    try:
        found = parse(text)
    except YamlError as problem:
        raise InvalidInputError(f"{path}: {problem.message}") from None
    report = Report()
    check_map(report, (), found.value, dict.fromkeys(RANGES, _check_ranges))
    for place, _, words in found.doubled:
        report.error(place, words)
    if report.errors:
        raise refusal(path, report.errors, parse(text, around(report.errors)).lines)
    return _as_ranges(found.value)


def _as_ranges(value: dict[str, Any]) -> dict[str, dict[str, tuple[float, float]]]:
    return {
        name: {key: (float(pair[0]), float(pair[1])) for key, pair in listed.items() if pair}
        for name, listed in value.items()
        if listed
    }


def _check_ranges(report: Report, place: Place, value: Any) -> None:
    check_map(report, place, value, dict.fromkeys(RANGES[str(place[0])], _check_range))


def _check_range(report: Report, place: Place, value: Any) -> None:
    """Report a range that is none, or leaves what its parameter may be."""
    if not (isinstance(value, list) and len(value) == 2 and all(map(is_number, value))):  # noqa: PLR2004
        report.error(place, f"must be [low, high], two numbers, not {shown(value)}")
        return
    low, high = value
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        report.error(place, f"must go from low to high, not from {low} to {high}")
    elif place == ("quadratic", "gamma"):
        if not 0 <= low <= high <= MOST_GAMMA:
            report.error(place, f"is a share of 2 / (sigma_A sigma_B), from 0 to {MOST_GAMMA}")
    else:
        key = next(each for each in keys.UTILITIES[str(place[0])] if each.name == place[1])
        # What is drawn is rounded to two decimals; it must not become 0 where 0 is not allowed.
        _ = check_value(key, report, place, round(low, 2)) and check_value(
            key, report, place, round(high, 2)
        )
