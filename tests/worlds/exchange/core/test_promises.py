"""What spares the search work: bounds that may never be below what they bound."""

from __future__ import annotations

from itertools import combinations

import pytest
from _exchange_specs import economies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_search_examples import linear, meeting

from scrai.worlds.exchange._core import _tick, agents_now, run_ticks, set_up
from scrai.worlds.exchange._core._near import may_barter
from scrai.worlds.exchange._core._search import joint_gain, joint_promise


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=economies(), seed=st.integers(0, 9), ticks=st.integers(0, 8))
def test_no_pair_gains_more_than_it_promises(spec, seed, ticks):
    state = set_up(spec, seed)
    run_ticks(state, ticks, run=_tick.run)
    agents_now(state, run=_tick.run)
    for low, high in combinations(range(spec.agents), 2):
        barter = may_barter(state.world, low, high)
        gained = joint_gain(state.world, low, high, barter)
        assert gained <= joint_promise(state.world, low, high, barter)


def test_equals_promise_each_other_nothing():
    state = set_up(meeting([linear(2, 1)] * 2, [(5, 5)] * 2), 1)
    agents_now(state, run=_tick.run)
    assert joint_promise(state.world, 0, 1, True) == 0.0


def test_constant_marginal_utilities_keep_what_they_promise():
    state = set_up(meeting([linear(3, 1), linear(1, 3)], [(10, 10)] * 2), 1)
    agents_now(state, run=_tick.run)
    gained = joint_gain(state.world, 0, 1, True)
    assert 0.0 < gained <= joint_promise(state.world, 0, 1, True)
    assert joint_promise(state.world, 0, 1, True) == pytest.approx(30.0, rel=1e-6)
