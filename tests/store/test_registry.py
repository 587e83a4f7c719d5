"""Declarations, and the Firestore indexes made from them."""

from __future__ import annotations

import pytest

from scrai import errors
from scrai.store import (
    CollectionSpec,
    Order,
    Query,
    Where,
    check_query,
    declare,
    firestore_indexes,
    groups,
    shape,
    spec_of,
)
from scrai.store._registry import built_in_groups, shapes_of, spec_of_group

TWICE = CollectionSpec("declared_twice", frozenset({"n"}), frozenset({"tags"}))


def test_declaring_the_same_again_is_harmless_and_otherwise_an_error() -> None:
    declare(TWICE, [shape("declared_twice", "tags", "n")])
    declare(TWICE, [shape("declared_twice", "", "-n")])
    assert len(shapes_of("declared_twice")) == 2
    assert "declared_twice" in groups()
    with pytest.raises(errors.ConfigurationError):
        declare(CollectionSpec("declared_twice", frozenset({"m"})))


@pytest.mark.parametrize(
    ("spec", "shapes"),
    [
        (CollectionSpec("Upper", frozenset()), []),
        (CollectionSpec("a b", frozenset()), []),
        (CollectionSpec("bad1", frozenset({"payload"})), []),
        (CollectionSpec("bad2", frozenset({"n;"})), []),
        (CollectionSpec("bad3", frozenset({"n"}), frozenset({"n"})), []),
        (CollectionSpec("bad4", frozenset({"n"}), shared=frozenset({"m"})), []),
        (CollectionSpec("bad5", frozenset({"n"})), [shape("bad5", "", "m")]),
        (CollectionSpec("bad6", frozenset({"n"})), [shape("bad6", "m", "n")]),
        (CollectionSpec("bad7", frozenset({"n"})), [shape("other", "", "n")]),
        (CollectionSpec("bad8", frozenset({"n"})), [shape("bad8", "", "")]),
        (
            CollectionSpec("bad9", frozenset({"n"}), shared=frozenset({"n"})),
            [shape("bad9", "", "n")],
        ),
    ],
)
def test_bad_declarations_are_refused_whole(spec: CollectionSpec, shapes: list) -> None:
    with pytest.raises(errors.ConfigurationError):
        declare(spec, shapes)
    assert spec.group not in groups()


def test_a_path_is_governed_by_its_last_part() -> None:
    assert spec_of("simulations/any~thing/steps") is spec_of_group("steps")
    with pytest.raises(errors.InvalidDocumentError) as caught:
        spec_of("simulations/x/nothing")
    assert "declare" in (caught.value.hint or "")


def test_a_refusal_names_the_declared_shapes() -> None:
    with pytest.raises(errors.UndeclaredQueryError) as caught:
        check_query(Query("snapshots", (), (Order("step"), Order("step"))))
    assert "[] ordered by step desc" in (caught.value.hint or "")


def test_the_plan_has_the_whole_order() -> None:
    plan = check_query(Query("steps", (Where("step", ">", 3),)))
    assert plan.order == (Order("step"),)
    assert not plan.ids_descending


def test_every_ordered_shape_of_several_columns_has_a_composite_index() -> None:
    made = firestore_indexes()["indexes"]
    wanted = [
        each
        for group in built_in_groups()
        for each in shapes_of(group)
        if len(each.equal) + len(each.order) > 1
    ]
    assert len(made) == len(wanted)
    step = {
        "collectionGroup": "steps",
        "queryScope": "COLLECTION",
        "fields": [
            {"fieldPath": "kind", "order": "ASCENDING"},
            {"fieldPath": "step", "order": "DESCENDING"},
        ],
    }
    assert step in made


def test_all_but_the_declared_columns_is_exempt_from_indexing() -> None:
    overrides = {
        (each["collectionGroup"], each["fieldPath"]): each["indexes"]
        for each in firestore_indexes()["fieldOverrides"]
    }
    for group in built_in_groups():
        spec = spec_of_group(group)
        assert overrides.pop((group, "*")) == []
        for column in spec.columns | spec.lists:
            assert overrides.pop((group, column))
    assert not overrides


def test_arrays_are_indexed_as_such_and_others_on_request() -> None:
    declare(TWICE, [shape("declared_twice", "tags", "n")])
    made = firestore_indexes(["declared_twice"])
    assert {"fieldPath": "tags", "arrayConfig": "CONTAINS"} in made["indexes"][0]["fields"]
    tags = next(each for each in made["fieldOverrides"] if each["fieldPath"] == "tags")
    assert tags["indexes"] == [{"arrayConfig": "CONTAINS", "queryScope": "COLLECTION"}]
