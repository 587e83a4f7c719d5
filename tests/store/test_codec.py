"""The canonical form, the order of keys, names."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrai import errors
from scrai.store import canonical_hash, checked, decode, encode, sort_key, stamp, trusted
from scrai.store._codec import from_sort_key, type_range
from scrai.store.conformance._c_generated import anything, column_values, is_fine, json_objects
from scrai.store.conformance._oracle import compare


@given(json_objects())
def test_encoding_is_canonical_and_reversible(value: dict) -> None:
    data = encode(value).data
    assert decode(data) == value
    assert encode(decode(data)).data == data
    shuffled = dict(reversed(value.items()))
    assert encode(shuffled).data == data
    assert canonical_hash(shuffled) == canonical_hash(trusted(data))


@given(anything())
def test_the_quick_check_refuses_what_the_plain_one_does(value: object) -> None:
    given_value = {"value": value}
    if is_fine(given_value):
        assert decode(encode(given_value).data) == given_value
    else:
        with pytest.raises(errors.InvalidDocumentError):
            encode(given_value)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {"b": [1, {"c": float("nan")}]}}, "payload.a.b[1].c: nan is not a finite number"),
        ({"a": [0, [1]]}, "payload.a: array directly in an array (at index 1)"),
        ({"a": {"b": 2**63}}, "payload.a.b: integer does not fit 64 bits"),
        ({"a": {"": 1}}, "payload.a: key is empty"),
        ({"a": {7: 1}}, "payload.a: key 7 is a int, not text"),
        ({"a": [b"x"]}, "payload.a[0]: bytes is not JSON"),
        ({"a": "\ud800"}, "payload.a: text has a lone surrogate"),
    ],
)
def test_a_refusal_names_the_place(value: dict, place: str) -> None:
    with pytest.raises(errors.InvalidDocumentError) as caught:
        encode(value)
    assert str(caught.value) == place


@pytest.mark.parametrize(
    ("value", "place"),
    [({"a": object()}, "world.a: object is not JSON"), ([], "world is a list, not an object")],
)
def test_a_refusal_calls_the_value_by_its_name(value: Any, place: str) -> None:
    with pytest.raises(errors.InvalidDocumentError) as caught:
        encode(value, "world")
    assert str(caught.value) == place


def test_a_loop_is_refused() -> None:
    loop: dict = {}
    loop["a"] = {"b": loop}
    with pytest.raises(errors.InvalidDocumentError, match="deeper"):
        encode(loop)


@given(column_values(), column_values())
def test_the_order_of_keys_is_the_order_of_values(one: object, two: object) -> None:
    first, second = sort_key(one), sort_key(two)  # type: ignore[arg-type]
    assert (first > second) - (first < second) == compare(one, two)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-600, 600))
def test_large_integers_close_to_each_other_keep_their_order(one: int, step: int) -> None:
    two = max(min(one + step, 2**63 - 1), -(2**63))
    assert (sort_key(one) < sort_key(two)) is (one < two)
    assert from_sort_key(sort_key(one)) == one


def test_keys_are_short_and_types_do_not_overlap() -> None:
    assert len(sort_key(5)) <= 3
    assert len(sort_key(2**53 + 1)) == 11
    ranges = [type_range(sort_key(value)) for value in (None, True, 1.5, "x")]
    assert all(one[1] <= two[0] for one, two in pairwise(ranges))


def test_times_have_one_form() -> None:
    east = timezone(timedelta(hours=2))
    assert stamp(datetime(2024, 1, 1, 2, tzinfo=east)) == "2024-01-01T00:00:00.000000Z"
    assert stamp(datetime(2024, 1, 1, 0, 0, 0, 1)) == "2024-01-01T00:00:00.000001Z"
    moments = [
        datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=each * 7) for each in range(9)
    ]
    assert sorted(map(stamp, moments)) == list(map(stamp, moments))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b'"a"', b"\xff", b"null"])
def test_what_is_no_object_is_corrupt(data: bytes) -> None:
    with pytest.raises(errors.StoreCorruptError):
        trusted(data).value()


def test_a_payload_gives_a_fresh_value_each_time() -> None:
    payload = encode({"a": [1]})
    payload.value()["a"].append(2)
    assert payload.value() == {"a": [1]}
    assert encode(payload) is payload
    assert orjson.loads(payload.data) == {"a": [1]}


@pytest.mark.parametrize(
    "wrap",
    [
        encode,
        lambda value: checked(orjson.dumps(value)),
        lambda value: trusted(orjson.dumps(value)),
    ],
    ids=["encode", "checked", "trusted"],
)
def test_a_payload_takes_no_more_room_than_its_bytes(wrap: object) -> None:
    values = [{"text": f"{number:0700d}"} for number in range(100)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        payloads = [wrap(value) for value in values]  # type: ignore[operator]
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < 1.5 * sum(len(payload.data) for payload in payloads)
