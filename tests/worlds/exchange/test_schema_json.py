"""The JSON Schema and the validator agree on all that a schema can say."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _exchange_files import TYPES, document, fits, preset, problems
from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange import exchange_json_schema
from scrai.worlds.exchange._generate_presets import PRESETS
from scrai.worlds.exchange._load import check_configuration

SCHEMA = exchange_json_schema()
GROUPS = {
    (): (*keys.TOP, *keys.RUN),
    ("resource_seed",): keys.RESOURCES,
    ("mode_schedule",): keys.SCHEDULE,
    ("params",): keys.PARAMS,
    ("params", "lambda_bounds"): keys.LAMBDA_BOUNDS,
    ("params", "liquidity_gate"): keys.LIQUIDITY_GATE,
}
EVERY = [((*path, key.name), key) for path, listed in GROUPS.items() for key in listed]
EVERY += [
    (("utilities", "mix", place, "params", key.name), key)
    for place, kind in enumerate(TYPES)
    for key in keys.UTILITIES[kind]
]
# What depends on other values is for the validator alone.
TOGETHER = ("sum to", "entries for", "do not fit", "2^53", "not above gamma", "must be below 2",
            "is above", "not nothing")  # fmt: skip


def full():
    """A document in which every group of keys is there."""
    made = document(mode_schedule={"type": "global_cycle", "forage_ticks": 1, "trade_ticks": 1})
    made["params"] |= {"lambda_bounds": {}, "liquidity_gate": {}}
    return made


def put(path, value):
    made = full()
    here = made
    for name in path[:-1]:
        here = here[name]
    here[path[-1]] = value
    return made


def agree(made):
    told = problems(check_configuration, made)
    local = [line for line in told if not any(words in line for words in TOGETHER)]
    assert fits(SCHEMA, made) == (local == []), told


@pytest.mark.parametrize("name", PRESETS)
def test_generated_files_fit(name):
    for given_too in ({}, {"per_type": True}):
        made = preset(name, **given_too)
        assert fits(SCHEMA, made)
        assert problems(check_configuration, made) == []


def around(key):
    """Values at and beyond the bounds of a key, and of every other kind."""
    ends = [end for end in (key.low, key.high, key.above, key.without) if end is not None]
    beside = [v for end in ends for v in (end, end - 1, end + 1, end + 0.5, int(end))]
    return [*beside, True, "x", [], {}, 0, 1, 1.5, "off", "", *key.choices]


@pytest.mark.parametrize(
    ("path", "key"), EVERY, ids=lambda v: ".".join(map(str, v)) if isinstance(v, tuple) else ""
)
def test_bounds_and_kinds_are_the_same(path, key):
    for value in around(key):
        agree(put(path, value))
    if not key.required:
        assert fits(SCHEMA, put(path, None))
        assert problems(check_configuration, put(path, None)) == []


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_key_may_be_gone_or_unknown(data):
    made = data.draw(st.sampled_from([full(), preset("mixed_economy"), preset("standard")]))
    made = copy.deepcopy(made)
    here = made
    while True:
        name = data.draw(st.sampled_from(sorted(here)))
        if isinstance(here[name], dict) and here[name] and data.draw(st.booleans()):
            here = here[name]
            continue
        break
    if data.draw(st.booleans()):
        del here[name]
    else:
        here[data.draw(st.sampled_from(["sprad", "n", "agents", "mix", "A", "type"]))] = data.draw(
            st.sampled_from([3, "x", [1, 2], {}, 1.5, True])
        )
    agree(made)


def test_the_schema_is_json_and_names_its_dialect():
    again = json.loads(json.dumps(SCHEMA))
    assert again == SCHEMA
    assert SCHEMA["$schema"].endswith("2020-12/schema")


def test_money_regimes_need_money_by_the_schema_too():
    made = document()
    del made["initial_inventories"]["M"]
    assert not fits(SCHEMA, made)
    made["params"]["exchange_regime"] = "barter_only"
    assert fits(SCHEMA, made)
