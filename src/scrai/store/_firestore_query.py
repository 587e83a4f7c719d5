"""Checked queries as Firestore's structured queries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.cloud.firestore_v1 import types

from scrai.store._firestore_codec import put_list, put_scalar
from scrai.store._ids import group_of, parent_of
from scrai.store._plan import Plan
from scrai.store._types import All, AnyOf, Condition, Where

_Query: Any = types.StructuredQuery.pb()
_FieldFilter: Any = types.StructuredQuery.FieldFilter.pb()
_UnaryFilter: Any = types.StructuredQuery.UnaryFilter.pb()
_CompositeFilter: Any = types.StructuredQuery.CompositeFilter.pb()
_RunQuery: Any = types.RunQueryRequest.pb()
_RunAggregation: Any = types.RunAggregationQueryRequest.pb()

_ASCENDING, _DESCENDING = _Query.ASCENDING, _Query.DESCENDING
_OPERATORS = {
    "==": _FieldFilter.EQUAL,
    "!=": _FieldFilter.NOT_EQUAL,
    "<": _FieldFilter.LESS_THAN,
    "<=": _FieldFilter.LESS_THAN_OR_EQUAL,
    ">": _FieldFilter.GREATER_THAN,
    ">=": _FieldFilter.GREATER_THAN_OR_EQUAL,
    "in": _FieldFilter.IN,
    "not-in": _FieldFilter.NOT_IN,
    "array-contains": _FieldFilter.ARRAY_CONTAINS,
    "array-contains-any": _FieldFilter.ARRAY_CONTAINS_ANY,
}
_ID = "__name__"
_MOST = 2**31 - 1
COUNT = "count"


def run_query(plan: Plan, root: str) -> Any:
    """Return the request for a listing; `root` is `projects/.../documents`."""
    request = _RunQuery(parent=_parent(plan, root))
    query = request.structured_query
    _put_source(query, plan)
    for key in plan.order:
        _put_order(query, field_path(key.column), descending=key.descending)
    _put_order(query, _ID, descending=plan.ids_descending)
    if plan.limit is not None:
        query.limit.value = min(plan.limit, _MOST)
    if plan.after is not None:
        for value in plan.after.values:
            put_scalar(query.start_at.values.add(), value)
        query.start_at.values.add().reference_value = f"{root}/{plan.collection}/{plan.after.id}"
    if plan.columns_only:
        _put_projection(query, sorted(plan.spec.columns | plan.spec.lists))
    return request


def count_query(plan: Plan, root: str) -> Any:
    """Return the request that counts."""
    request = _RunAggregation(parent=_parent(plan, root))
    aggregation = request.structured_aggregation_query
    _put_source(aggregation.structured_query, plan)
    count = aggregation.aggregations.add(alias=COUNT)
    count.count.SetInParent()
    return request


def below_query(path: str, root: str) -> Any:
    """Return the request for the names of all documents below a document, at any depth."""
    request = _RunQuery(parent=f"{root}/{path}")
    query = request.structured_query
    query.from_.add(all_descendants=True)
    _put_order(query, _ID, descending=False)
    _put_projection(query, [])
    return request


def counted(replies: Iterable[Any]) -> int:
    """Return the number in the answer to `count_query`."""
    return sum(
        reply.result.aggregate_fields[COUNT].integer_value
        for reply in replies
        if reply.HasField("result")
    )


def field_path(column: str) -> str:
    """Return a column's name as a field path; declared names are identifiers, maybe not ASCII."""
    return column if column.isascii() else f"`{column}`"


def _parent(plan: Plan, root: str) -> str:
    above = parent_of(plan.collection)
    return f"{root}/{above}" if above else root


def _put_source(query: Any, plan: Plan) -> None:
    query.from_.add(collection_id=group_of(plan.collection))
    if plan.where:
        _put_filter(query.where, All(plan.where))


def _put_order(query: Any, path: str, *, descending: bool) -> None:
    order = query.order_by.add(direction=_DESCENDING if descending else _ASCENDING)
    order.field.field_path = path


def _put_projection(query: Any, columns: list[str]) -> None:
    for column in columns or [_ID]:
        name = column if column == _ID else field_path(column)
        query.select.fields.add(field_path=name)


def _put_filter(target: Any, part: Condition) -> None:
    if isinstance(part, Where):
        _put_comparison(target, part)
    elif len(part.parts) == 1:
        _put_filter(target, part.parts[0])
    else:
        composite = target.composite_filter
        composite.op = _CompositeFilter.OR if isinstance(part, AnyOf) else _CompositeFilter.AND
        for each in part.parts:
            _put_filter(composite.filters.add(), each)


def _put_comparison(target: Any, part: Where) -> None:
    if part.value is None:
        unary = target.unary_filter
        unary.op = _UnaryFilter.IS_NULL if part.op == "==" else _UnaryFilter.IS_NOT_NULL
        unary.field.field_path = field_path(part.column)
        return
    comparison = target.field_filter
    comparison.field.field_path = field_path(part.column)
    comparison.op = _OPERATORS[part.op]
    if isinstance(part.value, tuple):
        put_list(comparison.value, part.value)
    else:
        put_scalar(comparison.value, part.value)
