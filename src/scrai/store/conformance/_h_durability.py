"""H. What was acknowledged is there afterwards; damage is named and nothing overwritten."""

from __future__ import annotations

from collections.abc import Sequence

from scrai.errors import AlreadyExistsError, InvalidInputError
from scrai.store._memory import MemoryStore
from scrai.store._transfer import export_documents, import_documents
from scrai.store._types import DocumentStore, Order, Query, Where, create, delete, upsert
from scrai.store.conformance._d_queries import TABLE
from scrai.store.conformance._kit import DOCS, PARTS, Feature, Hazard, Kit, case, content
from scrai.store.conformance._processes import killable

_KILLS = 8


async def write_fixture(store: DocumentStore) -> None:
    """Write what the stored fixtures of every schema version hold."""
    rows = [create(DOCS, name, {"is": name, "é": [1, None]}, TABLE[name]) for name in TABLE]
    await store.commit([*rows, create(DOCS, "dropped", {})])
    await store.commit(
        [delete(DOCS, "dropped"), create(f"{DOCS}/a/blobs", "x", {}, data=b"\xff\0")]
    )


async def check_fixture(kit: Kit, store: DocumentStore) -> None:
    """Demand that a store holds what `write_fixture` wrote, indexes included."""
    found = await store.query(Query(DOCS))
    kit.equal([each.id for each in found], list(TABLE), "every document of the fixture")
    for each in found:
        tags = {"tags": tuple(TABLE[each.id]["tags"])} if "tags" in TABLE[each.id] else {}
        kit.equal(dict(each.columns), {**TABLE[each.id], **tags}, f"the columns of {each.id}")
        kit.equal(each.value(), {"is": each.id, "é": [1, None]}, f"the payload of {each.id}")
    ordered = await store.query(Query(DOCS, (Where("n", ">", 0),), (Order("n", True),)))
    kit.equal([each.id for each in ordered], list("fjicba"), "an ordered question")
    tagged = await kit.ids(store, Where("tags", "array-contains", "r"))
    kit.equal(tagged, ["a", "d"], "an array question")
    kit.equal((await kit.read(store, "x", f"{DOCS}/a/blobs")).data, b"\xff\0", "opaque bytes")


@case(Feature.REOPEN)
async def a_reopened_store_has_all_that_was_acknowledged(kit: Kit) -> None:
    store = await kit.store()
    await write_fixture(store)
    before = [(content(each), each.revision) for each in await store.query(Query(DOCS))]
    for _ in range(2):
        store = await kit.factory.reopen(store)
        await check_fixture(kit, store)
        after = [(content(each), each.revision) for each in await store.query(Query(DOCS))]
        kit.equal(after, before, "revisions too")
    revision = (await kit.read(store, "a")).revision
    await store.commit([upsert(DOCS, "a", {"v": 2})])
    kit.expect((await kit.read(store, "a")).revision != revision, "and goes on from there")


@case(Feature.EARLIER)
async def stored_data_of_every_earlier_version_are_read(kit: Kit) -> None:
    stores = await kit.factory.earlier()
    kit.expect(stores, "there is a fixture of at least one version")
    for store in stores:
        await check_fixture(kit, store)
        await store.commit([create(DOCS, "new", {"v": 1}, {"n": 7, "tags": ["r"]})])
        found = await kit.ids(store, Where("tags", "array-contains", "r"))
        kit.equal(found, ["a", "d", "new"], "and written")


@case(Feature.PROCESSES, Feature.REOPEN)
async def a_killed_process_tears_nothing_and_loses_nothing(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "head", {"step": 0}, {"n": 0})])
    opener = kit.factory.opener(store)
    acknowledged = 0
    for kill in range(_KILLS):
        async with killable(opener, "step", {"start": kill}) as worker:
            if worker.stdout is None:
                raise AssertionError("a worker has a standard output")
            for _ in range(3 + 5 * kill):  # killed at another place each time
                line = await worker.stdout.readline()
                if not line:
                    errors = (await worker.communicate())[1]
                    raise AssertionError(f"the worker ended: {errors.decode()}")
                acknowledged = int(line)
            worker.kill()
        store = await kit.factory.reopen(store)
        await _check_steps(kit, store, acknowledged)


async def _check_steps(kit: Kit, store: DocumentStore, acknowledged: int) -> None:
    last = (await kit.read(store, "head")).value()["step"]
    kit.expect(last >= acknowledged, f"step {acknowledged} was acknowledged, the head has {last}")
    steps = await store.query(Query(f"{DOCS}/head/steps", order=(Order("step"),)))
    kit.equal([each.columns["step"] for each in steps], list(range(1, last + 1)), "every step once")
    parts = await kit.ids(store, collection=f"{DOCS}/head/{PARTS}")
    wanted = [f"{number:06d}-{part}" for number in range(1, last + 1) for part in "abc"]
    kit.equal(parts, wanted, "each step with all its parts, none torn")


@case(Feature.HAZARDS)
async def damage_is_named_with_the_remedy_and_nothing_overwritten(kit: Kit) -> None:
    hazards: Sequence[Hazard] = kit.factory.hazards()
    kit.expect(hazards, "the factory knows a hazard")
    for hazard in hazards:
        before = hazard.content()
        store = hazard.make()
        async with kit.refuses(hazard.error, demand=hazard.name) as refusal:
            await _use(store)
        kit.expect(refusal.error.hint, f"{hazard.name}: the error names a remedy")
        kit.equal(hazard.content(), before, f"{hazard.name}: what is there is left alone")


async def _use(store: DocumentStore) -> None:
    try:
        await store.open()
        for number in range(64):  # a full disk shows when something is to be written
            await store.commit([create(DOCS, f"{number}", {}, data=b"x" * 100_000)])
    finally:
        await store.close()


async def _export(store: DocumentStore) -> list[bytes]:
    return [line async for line in export_documents(store, DOCS)]


@case()
async def export_and_import_lose_nothing(kit: Kit) -> None:
    store = await kit.store()
    await write_fixture(store)
    lines = await _export(store)
    kit.equal(len(lines), len(TABLE) + 1, "a line for each document, those below included")
    memory = MemoryStore()
    await memory.open()
    kit.equal(await import_documents(memory, lines), len(lines), "into another backend")
    await check_fixture(kit, memory)
    kit.equal(await _export(memory), lines, "out of it again")
    other = await kit.store()
    await import_documents(other, await _export(memory))
    await check_fixture(kit, other)
    kit.equal(await _export(other), lines, "and back: the same bytes")
    await import_documents(other, lines, replace=True)
    kit.equal(await _export(other), lines, "importing again with replace changes nothing")
    async with kit.refuses(AlreadyExistsError, demand="importing again without replace"):
        await import_documents(other, lines)
    await memory.close()


@case()
async def parts_of_a_collection_are_exported(kit: Kit) -> None:
    store = await kit.store()
    await write_fixture(store)
    lines = [line async for line in export_documents(store, DOCS, ["a", "nobody", "c"])]
    kit.equal(len(lines), 3, "two documents and what is below one of them")
    try:
        await import_documents(await kit.store(), [lines[0], b'{"id": "x"}\n'])
    except InvalidInputError as error:
        kit.expect("line 2" in str(error), "a malformed line is named by its number")
    else:
        kit.expect(False, "a malformed line is refused")
