"""What is merely odd is warned of, with its line; what is usual is not."""

from __future__ import annotations

import warnings

import pytest

from _exchange_files import document, write
from scrai.worlds.exchange import OddScenarioWarning, load_exchange
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._load import read_document
from scrai.worlds.exchange._load_set import with_settings
from scrai.worlds.exchange._schema_check import check_document


def odd(*settings, cycles=10):
    report = check_document(with_settings(document(), settings), cycles)
    assert report.errors == []
    return [".".join(map(str, each.path)) for each in report.warnings]


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("params.vision_radius=6", "params.vision_radius"),
        ("params.interaction_radius=6", "params.interaction_radius"),
        ("params.trade_cooldown_ticks=101", "params.trade_cooldown_ticks"),
        ("params.resource_regen_cooldown=101", "params.resource_regen_cooldown"),
        ("mode_schedule={type: global_cycle, forage_ticks: 100, trade_ticks: 1}", "mode_schedule"),
        ("params.lambda_update_rate=.5", "params.lambda_update_rate"),
        ("params.liquidity_gate={min_quotes: 2}", "params.liquidity_gate"),
        ("params.exchange_regime=barter_only", "initial_inventories.M"),
    ],
)
def test_what_is_odd_is_said(setting, place):
    assert place in odd(setting)


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("params.vision_radius=5", "params.trade_cooldown_ticks=100"),
        ("params.trade_cooldown_ticks=101", "ticks_per_cycle=11"),
        ("params.money_mode=kkt_lambda", "params.lambda_update_rate=.5"),
        ("params.exchange_regime=mixed_liquidity_gated", "params.liquidity_gate={min_quotes: 2}"),
        ("mode_schedule={type: global_cycle, forage_ticks: 99, trade_ticks: 1}",),
    ],
)
def test_what_is_usual_is_not(settings):
    assert odd(*settings) == []


def test_how_long_a_run_is_counts():
    assert odd("params.trade_cooldown_ticks=50", cycles=4) == ["params.trade_cooldown_ticks"]
    assert odd("params.trade_cooldown_ticks=50", cycles=5) == []


def test_a_file_is_read_with_a_warning_that_has_its_line(tmp_path):
    path = write(tmp_path, emit(with_settings(document(), ["params.vision_radius=9"])))
    line = path.read_text().splitlines().index("  vision_radius: 9") + 1
    with pytest.warns(OddScenarioWarning) as caught:
        read_document(path)
    told = [str(each.message) for each in caught]
    assert told == [f"{path}:{line}: params.vision_radius: 9 is more than the grid is wide, 5"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OddScenarioWarning)
        assert load_exchange(path).params.vision_radius == 9
