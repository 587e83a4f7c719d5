"""What a scenario says to people beside its run. If that fails, nothing but the words is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeVar

from scrai.cli._errors import warn

T = TypeVar("T")
Headline: TypeAlias = Callable[[Mapping[str, float]], Mapping[str, float]]
SHORT_HASH: Final = 12


def aside(hook: str, ask: Callable[[], T]) -> T | None:
    """Return what a hook says; None, and a warning, if it fails."""
    try:
        return ask()
    except (Exception, SystemExit) as error:  # exit() in a hook is a failure, too
        from scrai.engine import brief

        warn(f"the scenario's {hook} failed and is left out: {brief(error)}")
        return None


class CycleLines:
    """Makes the lines of cycles that are complete.

    Args:
        end: the number of the last cycle, None if that is not known.
        headline: chooses among the metrics of a cycle; not asked again once it has failed.
    """

    def __init__(self, end: int | None, headline: Headline) -> None:
        self._end = end
        self._headline: Headline | None = headline

    def line(self, result: Any) -> str:
        """Return what to say of a cycle that is complete, and some figures of it."""
        of = f" of {self._end}" if self._end else ""
        numbers = self._figures(result.metrics)
        return f"cycle {result.cycle}{of}  {result.hash[:SHORT_HASH]}  {numbers}".rstrip()

    def _figures(self, metrics: Mapping[str, float]) -> str:
        headline = self._headline
        if headline is None:
            return ""
        figures = aside("headline", lambda: _written(headline(metrics)))
        if figures is None:
            self._headline = None
        return figures or ""


def _written(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{name}={value:g}" for name, value in figures.items())
