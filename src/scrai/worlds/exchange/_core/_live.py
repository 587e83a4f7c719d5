"""Living ticks, and what is recorded of them."""

from __future__ import annotations

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core._draw import tick_words
from scrai.worlds.exchange._core._jit import Entry, entry
from scrai.worlds.exchange._core._records import (
    Columns,
    Records,
    agent_columns,
    aggregate_columns,
    decision_columns,
    quote_columns,
    trade_columns,
)
from scrai.worlds.exchange._core._room import made_room, recording, with_enough_cache
from scrai.worlds.exchange._core._state import State
from scrai.worlds.exchange._spec import TELEMETRY_LEVELS


def _live(state: State, ticks: int, run: Entry) -> None:
    """Live ticks, making room whenever the run asks for it."""
    goal = state.tick + ticks
    words = tick_words(state.seed, state.tick + 1, ticks, bool(state.world.ci[at.C_RANDOM]))
    while True:
        reason = run(state.world, words[ticks - (goal - state.tick) :])
        if reason == at.DONE:
            break
        state.world = made_room(state.world, reason)
    state.world = with_enough_cache(state.world)


def run_ticks(
    state: State, ticks: int, telemetry: str = "off", *, run: Entry | None = None
) -> Records:
    """Live `ticks` ticks in place and return what the telemetry level records of them.

    The level never changes the outcome. `run` is the kernel to use (default: compiled if
    possible, see `_jit`).

    Raises:
        InvalidInputError: unknown level or a negative number of ticks.
    """
    if telemetry not in TELEMETRY_LEVELS or ticks < 0:
        levels = ", ".join(TELEMETRY_LEVELS)
        raise InvalidInputError(
            f"cannot run {ticks} ticks with telemetry {telemetry!r}",
            hint=f"ticks are 0 or more; telemetry is one of {levels}",
        )
    level, records = TELEMETRY_LEVELS.index(telemetry), Records()
    chunk = 1 if telemetry == "full" else max(1, ticks)
    for _ in range(0, ticks, chunk):
        state.world = recording(state.world, level, chunk)
        _live(state, chunk, run or entry())
        _record(state, telemetry, records)
    return records


def _record(state: State, telemetry: str, records: Records) -> None:
    """Append what a level keeps of the chunk just lived."""
    world = state.world
    if telemetry == "off":
        return
    records.add("aggregates", aggregate_columns(world))
    records.add("agents", agent_columns(world))
    if telemetry != "summary":
        records.add("trades", trade_columns(world))
    if telemetry == "full":
        records.add("quotes", quote_columns(world))
        records.add("decisions", decision_columns(world))


def agents_now(state: State, *, run: Entry | None = None) -> Columns:
    """Return the table of agents as they stand, at whatever level the world runs."""
    state.world = recording(state.world, 0, 0)
    _live(state, 0, run or entry())
    return agent_columns(state.world)
