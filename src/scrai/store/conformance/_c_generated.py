"""C, generated: values and entities that nobody would think of (needs hypothesis)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from scrai.errors import InvalidDocumentError
from scrai.store._codec import encode, from_sort_key, scalar, sort_key
from scrai.store._types import DocumentStore, upsert
from scrai.store.conformance._generated import check_each
from scrai.store.conformance._kit import DOCS, Kit, case

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_DEPTH = 20


def json_objects() -> SearchStrategy[dict[str, Any]]:
    """Objects that every store must keep."""
    from hypothesis import strategies as st

    text = st.text(st.characters(codec="utf-8"), max_size=20)
    keys = text.filter(lambda key: key and not (key.startswith("__") and key.endswith("__")))
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | text
    )
    values = st.recursive(
        leaves,
        lambda inner: (
            st.dictionaries(keys, inner, max_size=4)
            | st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=4)
        ),
        max_leaves=20,
    )
    return st.dictionaries(keys, values, max_size=6)


@case()
async def generated_objects_read_back(kit: Kit) -> None:
    store = await kit.store()

    async def check(value: dict[str, Any]) -> None:
        await store.commit([upsert(DOCS, "a", value)])
        found = await kit.read(store, "a")
        kit.equal(found.value(), value, "a generated object")
        kit.equal(found.payload, encode(value), "its canonical bytes")
        kit.equal(repr(found.value()), repr(_sorted(value)), "types and signs")

    await check_each(json_objects(), check)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def column_values() -> SearchStrategy[Any]:
    """Scalars that every store must index."""
    from hypothesis import strategies as st

    return (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8"), max_size=30)
    )


@case()
async def generated_columns_read_back(kit: Kit) -> None:
    store = await kit.store()

    async def check(value: Any) -> None:
        await store.commit([upsert(DOCS, "a", {}, {"mixed": value, "owner": value})])
        found = (await kit.read(store, "a")).columns
        wanted = scalar(value)
        kit.equal(repr(found["mixed"]), repr(wanted), "a generated column")
        kit.equal(repr(found["owner"]), repr(wanted), "a generated shared column")
        kit.equal(repr(from_sort_key(sort_key(wanted))), repr(wanted), "its key")

    await check_each(column_values(), check)


def anything() -> SearchStrategy[Any]:
    """Objects of which many must be refused."""
    from hypothesis import strategies as st

    leaves = (
        st.none()
        | st.integers(-(2**70), 2**70)
        | st.floats()
        | st.text(max_size=6)
        | st.binary(max_size=3)
        | st.just("\ud800")
    )
    keys = st.sampled_from(["a", "", "__x__", "__", "a.b", "\ud800"]) | st.text(max_size=4)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=12,
    )


def is_fine(value: Any, depth: int = 1) -> bool:
    """Say in the plainest words whether a value may be kept: the oracle of the fast check."""
    if isinstance(value, dict):
        return depth <= _DEPTH and all(
            _is_fine_key(key) and is_fine(item, depth + 1) for key, item in value.items()
        )
    if isinstance(value, list):
        return depth <= _DEPTH and all(
            not isinstance(item, list) and is_fine(item, depth + 1) for item in value
        )
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")  # noqa: PLR0124 - NaN differs
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or (isinstance(value, str) and _is_text(value))


def _is_fine_key(key: Any) -> bool:
    reserved = key.startswith("__") and key.endswith("__") and len(key) >= 4  # noqa: PLR2004
    return key != "" and not reserved and _is_text(key) and len(key.encode()) <= 1500  # noqa: PLR2004


def _is_text(value: str) -> bool:
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in value)  # noqa: PLR2004


@case()
async def generated_rubbish_is_refused_and_only_rubbish(kit: Kit) -> None:
    store = await kit.store()

    async def check(value: Any) -> None:
        given = {"value": value}
        if is_fine(given):
            await _accepts(kit, store, given)
        else:
            async with kit.refuses(InvalidDocumentError, demand=f"the value {value!r:.200}"):
                await store.commit([upsert(DOCS, "a", given)])

    await check_each(anything(), check)


async def _accepts(kit: Kit, store: DocumentStore, given: dict[str, Any]) -> None:
    await store.commit([upsert(DOCS, "a", given)])
    kit.equal((await kit.read(store, "a")).value(), given, "a value that is fine")


def entities() -> dict[str, SearchStrategy[Any]]:
    """Entities as the models allow them, by name."""
    from hypothesis import strategies as st

    from scrai.models import Action, Actor, Event

    names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
    ids = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
    common = {"id": ids, "metadata": json_objects(), "created_at": _moments()}
    return {
        "Actor": st.builds(Actor, name=names, attributes=json_objects(), **common),
        "Event": st.builds(Event, title=names, parameters=json_objects(), **common),
        "Action": st.builds(
            Action, actor_id=ids, intent=names, parameters=json_objects(), **common
        ),
    }


def _moments() -> SearchStrategy[Any]:
    from datetime import UTC

    from hypothesis import strategies as st

    return st.datetimes(timezones=st.just(UTC) | st.timezones()).filter(
        lambda moment: 2 < moment.year < 9998  # noqa: PLR2004
    )


def _entity_check(kit: Kit, store: DocumentStore) -> Callable[[Any], Awaitable[None]]:
    async def check(entity: Any) -> None:
        await store.commit([upsert(DOCS, entity.id, entity.model_dump())])
        found = await kit.read(store, entity.id)
        kit.equal(type(entity).model_validate(found.value()), entity, "an entity reads back")

    return check


@case()
async def generated_entities_read_back(kit: Kit) -> None:
    store = await kit.store()
    for strategy in entities().values():
        await check_each(strategy, _entity_check(kit, store))
