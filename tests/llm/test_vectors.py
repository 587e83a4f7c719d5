"""Vectors as they are kept: bounded, whole numbers, and as near to each other as they were."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrai.errors import InvalidInputError
from scrai.llm import MOST_TEXTS, Vectors, embedding_request, nearness, vector_of, vector_text
from scrai.llm._vectors import LONGEST, packed

finite = st.floats(allow_nan=False, allow_infinity=False)


def cosine(one: list[float], other: list[float]) -> float:
    dot = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return dot / math.sqrt(math.fsum(a * a for a in one) * math.fsum(b * b for b in other))


def wave(size: int, pitch: float) -> list[float]:
    return [math.sin(pitch * number * number) for number in range(size)]


def test_a_vector_becomes_a_byte_for_each_number() -> None:
    assert packed([0.5, -0.25, 0.0, 0.004]) == bytes([127, 256 - 64, 0, 1])
    assert packed([-3]) == bytes([129])


@settings(deadline=None)
@given(st.lists(finite, min_size=1, max_size=2 * LONGEST).filter(any))
def test_any_vector_is_kept_within_bounds(values: list[float]) -> None:
    row = packed(values)
    assert len(row) == min(len(values), LONGEST)
    assert vector_of(vector_text(row)) == row
    assert nearness(row, row) in ({0} if not any(row) else {999, 1000})


@pytest.mark.parametrize(("size", "off"), [(8, 0.02), (LONGEST, 0.01), (1536, 0.15), (4096, 0.15)])
def test_angles_stay_about_the_same(size: int, off: float) -> None:
    one, far = wave(size, 0.7), wave(size, 1.3)
    for share in (0.0, 0.3, 0.6, 0.9):
        other = [share * a + (1 - share) * b for a, b in zip(one, far, strict=True)]
        kept = nearness(packed(one), packed(other)) / 1000
        assert abs(kept - cosine(one, other)) < off


def test_folding_is_the_same_on_every_machine() -> None:
    found = packed([float(number % 7 - 3) for number in range(1000)])
    assert found[:12].hex() == "209110c0d0b1d0e0004f4030"


def test_opposite_and_unrelated() -> None:
    assert nearness(packed([1, 2]), packed([-1, -2])) in (-1000, -999)
    assert nearness(packed([1, 0]), packed([0, 1])) == 0
    assert nearness(bytes(3), packed([1, 2, 3])) == 0


def test_the_recorded_text_is_read_back() -> None:
    found = Vectors("a/b", (packed([1, 2]), packed([2, 1])))
    assert Vectors.from_text(found.to_text(), 2) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "NaN", '{"model": "m"}', '{"vectors": ["fwA="]}',
        '{"model": 3, "vectors": ["fwA="]}', '{"model": "m", "vectors": []}',
        '{"model": "m", "vectors": "fwA="}', '{"model": "m", "vectors": [["fwA="]]}',
        '{"model": "m", "vectors": [""]}', '{"model": "m", "vectors": ["?"]}',
        '{"model": "m", "vectors": [1]}', '{"model": "m", "vectors": ["fwA=", "fwA="]}',
        '{"model": "m", "vectors": ["' + "A" * 516 + '"]}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_so_written_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="vectors"):
        Vectors.from_text(text, 1)


def test_vectors_of_different_lengths_are_refused() -> None:
    text = Vectors("m", (packed([1, 2]), packed([1]))).to_text()
    with pytest.raises(InvalidInputError, match="of one model"):
        Vectors.from_text(text, 2)


def test_a_request_has_a_bound_and_a_hash_of_its_own() -> None:
    asked = embedding_request(["a", "b"])
    assert type(asked).from_json(asked.to_json()) == asked
    assert asked.hash != type(asked)(asked.messages).hash
    for wrong in ([], ["x"] * (MOST_TEXTS + 1)):
        with pytest.raises(InvalidInputError, match="1 to 64 texts"):
            embedding_request(wrong)
