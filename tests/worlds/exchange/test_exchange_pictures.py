"""What pictures show and say: how far lines go, numbers at axes, colours, room for headings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrai.worlds.exchange import ExchangeSpec, Params, UtilitySpec
from scrai.worlds.exchange._plots import beside, heat_map, prices
from scrai.worlds.exchange._plots._lines import moving_mean, round_numbers
from scrai.worlds.exchange._plots._paper import SERIES, plain
from scrai.worlds.exchange._view import View


def view_with(trades: list[int], name: str = "one") -> View:
    """Return a barter of two agents with so many trades in each tick, at prices 1, 2, 3, ..."""
    count = len(trades)
    tastes = [UtilitySpec("linear", {"vA": 1.0, "vB": 2.0})] * 2
    spec = ExchangeSpec(
        "pair", 4, 2, [5, 5], [5, 5], [0, 0], [1.0, 1.0], [0.0, 0.0], tastes,
        params=Params(exchange_regime="barter_only"),
    )  # fmt: skip
    number = np.array(trades)
    paid = np.where(number > 0, np.arange(1.0, count + 1), np.nan)
    ticks = {
        "tick": np.arange(1, count + 1),
        "mode": np.array(["both"] * count, dtype=object),
        "mrs_spread": np.ones(count),
        "gains": number * 1e6,
    }
    for kind in ("AB", "AM", "BM"):
        here = number if kind == "AB" else 0 * number
        ticks |= {f"trades_{kind}": here, f"volume_{kind}": here, f"price_{kind}": paid}
    where = np.repeat(np.arange(count) % 4, number)
    agents = {
        "tick": np.array([0, 0, count, count]),
        **{key: np.array([5, 5, 5, 5]) for key in ("A", "B", "x", "y", "utility")},
    }
    tables = {
        "aggregates": ticks,
        "agents": agents,
        "trades": {"tick": where, "x": where, "y": where},
    }
    now = {key: values[-2:] for key, values in agents.items()}
    return View(name, spec, 1, now, tables)


def test_a_picture_of_prices_ends_with_the_last_trade_and_says_so() -> None:
    top, _, bottom = prices(view_with([1] * 30 + [0] * 2970)).axes
    assert top.get_xlim()[1] < 35
    assert bottom.get_xlabel() == "tick (no trade after 30, up to the end at 3,000)"
    line = top.get_lines()[0]
    assert line.get_xdata()[-1] == 30
    assert line.get_label() == "A for B (B for one A), mean of 3 ticks with trade"


@pytest.mark.parametrize("trades", [[1] * 96 + [0] * 4, [0] * 100])
def test_a_picture_of_prices_has_the_whole_run_where_little_or_all_is_idle(
    trades: list[int],
) -> None:
    top, _, bottom = prices(view_with(trades)).axes
    assert top.get_xlim()[1] > 100
    assert bottom.get_xlabel() == "tick"


def test_a_mean_is_of_ticks_with_trade_and_broken_where_there_were_none() -> None:
    ticks = np.array([1, 2, 4, 50, 51])
    paid, trades = np.array([1.0, 2.0, 6.0, 10.0, 20.0]), np.array([1, 1, 2, 1, 3])
    across, up = moving_mean(ticks, paid, trades, 3, gap=10)
    assert across == pytest.approx([1, 2, 4, np.nan, 50, 51], nan_ok=True)
    assert up[:3] == pytest.approx([1.5, 15 / 4, 14 / 3])
    assert math.isnan(up[3])
    assert up[4:].min() >= 10  # none of before the gap


@given(st.floats(1e-4, 1e4), st.floats(1.02, 1e6))
def test_a_log_scale_has_a_few_round_numbers_across_it(low: float, times: float) -> None:
    high = low * times
    found = round_numbers(low, high)
    assert 4 <= len(found) <= 12
    assert found == sorted(set(found))
    assert low * (1 - 1e-9) <= found[0]
    assert found[-1] <= high * (1 + 1e-9)
    assert all(value == float(f"{value:.5g}") for value in found)


def test_numbers_of_common_prices() -> None:
    assert round_numbers(0.19, 3.2) == [0.2, 0.3, 0.5, 1, 2, 3]
    assert round_numbers(0.98, 1.27) == [1, 1.05, 1.1, 1.15, 1.2, 1.25]


@pytest.mark.parametrize(
    ("value", "told"),
    [(3e6, "3,000,000"), (0.30000000000000004, "0.3"), (-20, "\N{MINUS SIGN}20"), (15, "15")],
)
def test_a_number_at_an_axis_is_written_in_full(value: float, told: str) -> None:
    assert plain(value) == told


def drawn(view: View, other: View) -> Any:
    made = beside([view, other], {"one": "one", "two": "two"}, ["A note. " * 60])
    made.canvas.draw()
    return made


def test_runs_and_kinds_of_trade_have_no_colour_in_common() -> None:
    bars = drawn(view_with([1, 1, 1]), view_with([2, 2, 2], "two")).axes[1].patches
    from matplotlib.colors import to_hex

    assert {to_hex(bar.get_facecolor()) for bar in bars}.isdisjoint(SERIES)


def test_sums_of_millions_are_written_without_an_offset() -> None:
    gains = drawn(view_with([1, 1, 1]), view_with([2, 2, 2], "two")).axes[0]
    assert gains.yaxis.get_offset_text().get_text() == ""
    assert "2,000,000" in [label.get_text() for label in gains.get_yticklabels()]


@pytest.mark.parametrize("draw", [prices, heat_map])
def test_there_is_room_between_a_heading_and_what_is_beneath(draw: Any) -> None:
    made = draw(view_with([1, 1, 1]))
    made.canvas.draw()
    room_of(made)


def test_long_notes_have_lines_enough_and_room() -> None:
    room_of(drawn(view_with([1, 1, 1]), view_with([2, 2, 2], "two")))


def room_of(made: Any) -> None:
    """Assert that the heading lies within the picture, and a tenth of an inch above the rest."""
    beneath = made.texts[-1].get_window_extent()
    assert beneath.x1 < made.bbox.x1
    highest = max(axes.get_tightbbox().y1 for axes in made.axes)
    assert beneath.y0 - highest > 0.1 * made.dpi


def test_a_cell_with_one_trade_is_seen_on_paper() -> None:
    picture = heat_map(view_with([1] + [40] * 3)).axes[0].images[0]
    red, green, blue, _ = picture.cmap(picture.norm(1))
    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.8
