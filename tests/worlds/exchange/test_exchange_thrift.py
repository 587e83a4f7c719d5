"""Big worlds: a document is checked and expanded once, and what is kept of it is small."""

from __future__ import annotations

import json

import pytest

from _exchange_files import preset
from _exchange_runs import create, engine_on, lived, market, memory, world_of
from scrai.engine import BranchOptions
from scrai.models import Unread, dump_bytes
from scrai.worlds.exchange import _economy
from scrai.worlds.exchange._core import set_up
from scrai.worlds.exchange._economy import Economy
from scrai.worlds.exchange._live import Lives, _size
from scrai.worlds.exchange._load_spec import spec_of

FEW = 8


@pytest.fixture
def calls(monkeypatch):
    """How often a document was checked and expanded, from an empty cache on."""
    counts = {"check_configuration": 0, "spec_of": 0}

    def counting(name):
        original = getattr(_economy, name)

        def counted(*args):
            counts[name] += 1
            return original(*args)

        monkeypatch.setattr(_economy, name, counted)

    for name in counts:
        counting(name)
    _economy._KNOWN.clear()
    yield counts
    _economy._KNOWN.clear()


async def test_a_worker_checks_and_expands_a_document_once(calls):
    async with memory() as store:
        await lived(store, market(telemetry="off", ticks_per_cycle=3), 2)
        assert calls == {"check_configuration": 1, "spec_of": 1}
        _economy._KNOWN.clear()  # as in another process
        other = engine_on(store)
        step = (await other.journal.head("run")).step
        await other.branch("run", step, "more", BranchOptions(max_phases=4))
        async for _ in other.run("more"):
            pass
        assert (await world_of(other, "more"))["tick"] == 12
        assert calls == {"check_configuration": 2, "spec_of": 2}
        third = engine_on(store)  # of the same process, with no world at hand
        await third.branch("run", step, "most", BranchOptions(max_phases=3))
        async for _ in third.run("most"):
            pass
        assert (await world_of(third, "most"))["tick"] == 9
        assert calls == {"check_configuration": 2, "spec_of": 2}


async def test_what_is_done_to_the_configuration_of_a_result_changes_nothing():
    async with memory() as store:
        document = market(telemetry="off")
        engine = await create(store, document, 2)
        results = [await engine.step("run") for _ in range(3)]
        assert results[0].simulation.configuration == document
        results[0].simulation.configuration["params"]["spread"] = 0.5
        after = await engine.step("run")
        assert after.simulation.configuration == document
        assert (await engine.get("run")).configuration == document


async def test_a_worker_decodes_no_configuration_that_nobody_looks_into(monkeypatch):
    async with memory() as store:
        engine = await create(store, market(telemetry="off"), 2)
        monkeypatch.delattr(Unread, "read")
        result = await engine.step("run")
        monkeypatch.undo()
        assert type(result.simulation.configuration) is Unread


async def test_a_result_is_serialised_with_its_configuration():
    async with memory() as store:
        document = market(telemetry="off") | {"name": "null"}
        engine = await create(store, document, 2)
        state = (await engine.step("run")).simulation
        assert state.model_dump(mode="json")["configuration"] == document
        assert json.loads(state.model_dump_json())["configuration"] == document
        assert json.loads(dump_bytes(state))["configuration"] == document
        copied = state.model_copy(update={"name": "other"})
        assert (type(copied.configuration), copied.configuration) == (dict, document)


def test_equal_utilities_of_many_agents_are_kept_once():
    document = preset("standard", agents=40, grid=20)
    listed = document["utilities"]["agents"]
    document["utilities"]["agents"] = [listed[i % FEW] for i in range(40)]
    spec = spec_of(document, 0)
    assert len(spec.utilities._types) <= FEW
    assert [each.type for each in spec.utilities] == [
        each["type"] for each in document["utilities"]["agents"]
    ]
    assert all(
        given["params"].items() <= found.params.items()
        for given, found in zip(document["utilities"]["agents"], spec.utilities, strict=True)
    )


def test_big_worlds_that_ended_do_not_add_up():
    worlds = [set_up(Economy.of(market()).spec(seed), seed) for seed in range(6)]
    small = Lives()
    tight = Lives(room=2 * _size(worlds[0]))
    none = Lives(room=0)
    for key, world in enumerate(worlds):
        for lives in (small, tight, none):
            lives.keep(key, world)
    assert [key for key in range(6) if small.take(key)] == [2, 3, 4, 5]
    assert [key for key in range(6) if tight.take(key)] == [4, 5]
    assert [key for key in range(6) if none.take(key)] == [5]
