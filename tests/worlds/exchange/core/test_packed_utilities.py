"""Packed utilities are the list that was put in."""

from __future__ import annotations

from _exchange_specs import utilities
from hypothesis import given
from hypothesis import strategies as st

from scrai.worlds.exchange._spec import UtilitySpec
from scrai.worlds.exchange._utilities import Utilities


@given(
    st.lists(utilities(), max_size=6).flatmap(
        lambda few: st.lists(st.sampled_from(few or [LINEAR]))
    )
)
def test_packed_utilities_are_the_list_that_was_put_in(given_ones):
    packed = Utilities(given_ones)
    assert packed == given_ones
    assert list(packed) == given_ones
    assert packed == Utilities(list(packed))
    assert packed[1:4] == given_ones[1:4]
    assert len(packed) == len(given_ones)
    if given_ones:
        assert packed[-1] == given_ones[-1]
        assert packed != Utilities(given_ones[:-1])


LINEAR = UtilitySpec("linear", {"vA": 1.0, "vB": 2.0})


def test_one_parameter_or_the_type_tells_utilities_apart():
    other = UtilitySpec("linear", {"vA": 1.0, "vB": 2.5})
    assert Utilities([LINEAR]) != Utilities([other])
    assert Utilities([LINEAR]) != [other]
    assert Utilities([LINEAR]) != "linear"


def test_missing_parameters_have_their_defaults():
    given_one = {"A_star": 3.0, "B_star": 4.0, "sigma_A": 1.0, "sigma_B": 2.0}
    packed = Utilities([UtilitySpec("quadratic", given_one)])
    assert packed[0].params == given_one | {"gamma": 0.0}
