"""From a document to the expanded economy: every key arrives, draws depend on the seed alone."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import pytest

from _exchange_files import document, preset
from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._generate_draws import dealt
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._generate_presets import recipe
from scrai.worlds.exchange._load_set import with_settings
from scrai.worlds.exchange._load_spec import spec_of

SINGLE = [key for key in keys.PARAMS if key.name not in ("M_0", "lambda_money")]
DEEPER = [("lambda_bounds", key) for key in keys.LAMBDA_BOUNDS]
DEEPER += [("liquidity_gate", key) for key in keys.LIQUIDITY_GATE]


def spec(*settings, seed=1):
    return spec_of(with_settings(document(), settings), seed)


def other(key):
    """A value that is not the default."""
    if key.choices:
        return key.choices[-1] if key.choices[-1] != key.default else key.choices[0]
    if key.kind == "flag":
        return str(not key.default).lower()
    return key.default + 1 if key.kind == "int" else key.default / 2 + 0.01


@pytest.mark.parametrize("key", SINGLE, ids=lambda key: key.name)
def test_every_parameter_arrives(key):
    changed = asdict(spec(f"params.{key.name}={other(key)}").params)
    assert str(changed[key.name]).lower() == str(other(key))


@pytest.mark.parametrize(("group", "key"), DEEPER)
def test_what_leads_deeper_arrives(group, key):
    changed = spec(f"params.{group}.{key.name}={other(key)}").params
    assert getattr(changed, key.name) == other(key)


def test_money_is_in_minor_units_and_tastes_of_agents_win():
    assert spec("params.money_scale=100").M == [2000] * 4
    made = spec("params.lambda_money=3", "params.M_0=4")
    assert (made.lambda_money, made.M_0) == ([3.0] * 4, [4.0] * 4)
    made = spec("params.lambda_money=3", "initial_inventories.lambda_money=[1, 2, 3, 4]",
                "params.M_0=9", "initial_inventories.M_0=5")  # fmt: skip
    assert (made.lambda_money, made.M_0) == ([1.0, 2.0, 3.0, 4.0], [5.0] * 4)


def test_draws_are_within_range_independent_and_of_the_seed():
    wide = ("agents=20", "initial_inventories.A={uniform_int: [3, 90]}",
            "initial_inventories.B={uniform_int: [3, 90]}")  # fmt: skip
    made, again, another = spec(*wide), spec(*wide), spec(*wide, seed=2)
    assert made == again
    assert made.A != made.B
    assert made.A != another.A
    assert made.utilities != another.utilities
    assert all(3 <= units <= 90 for units in made.A + made.B)
    alone = spec(*wide[:2], "initial_inventories.B=50")
    assert (alone.A, alone.utilities) == (made.A, made.utilities)


def test_the_mix_is_drawn_by_weight():
    linear = "{type: linear, weight: .9, params: {vA: 1, vB: 1}}"
    ces = "{type: ces, weight: .1, params: {rho: 0, wA: 1, wB: 1}}"
    mix = f"utilities.mix=[{linear}, {ces}]"
    made = spec("agents=1000", "N=40", "initial_inventories.A=5", mix)
    assert 850 < sum(each.type == "linear" for each in made.utilities) < 950


def test_the_largest_remainder_wins_not_the_first():
    chosen = (("ces", 0.1), ("linear", 0.9))
    assert dealt(recipe("minimal", {"agents": 3, "utilities": chosen})) == ["linear"] * 3


def test_neighbours_in_id_differ():
    drawn = preset("money_demo")["utilities"]["agents"]
    assert all(one != two for one, two in pairwise(drawn))


def test_small_numbers_are_numbers_to_readers_of_yaml_1_1():
    assert emit({"epsilon": 1e-12}) == "epsilon: 1.0e-12\n"
