"""What each regime trades, and that every preset does."""

from __future__ import annotations

from collections import Counter

import pytest

from _exchange_runs import lived, market, memory, rows, world_of
from scrai.worlds.exchange._generate_build import build
from scrai.worlds.exchange._generate_presets import recipe

PAIRS = {"A-B", "A-M", "B-M"}


async def kinds(document, cycles: int = 6) -> tuple[Counter, str]:
    async with memory() as store:
        engine = await lived(store, document, cycles)
        found = Counter(row["pair"] for row in await rows(engine, "trades"))
        return found, (await world_of(engine))["world_hash"]


def sparse(regime: str, **params):
    """A market where some agents see three sellers and some do not."""
    return market(regime, N=16, params={"vision_radius": 4, **params})


async def test_each_regime_trades_what_it_allows() -> None:
    found = {
        regime: await kinds(sparse(regime))
        for regime in ("barter_only", "money_only", "mixed", "mixed_liquidity_gated")
    }
    assert set(found["barter_only"][0]) == {"A-B"}
    assert set(found["money_only"][0]) == {"A-M", "B-M"}
    assert set(found["mixed"][0]) == PAIRS
    gated, mixed = found["mixed_liquidity_gated"][0], found["mixed"][0]
    assert {"A-M", "B-M"} <= set(gated)
    assert 0 < gated["A-B"] < mixed["A-B"]
    assert len({digest for _, digest in found.values()}) == 4


async def test_the_gate_is_open_where_few_sellers_are_seen_and_shut_where_many_are() -> None:
    def gated(quotes: int):
        return sparse("mixed_liquidity_gated", liquidity_gate={"min_quotes": quotes})

    assert await kinds(gated(1000)) == await kinds(sparse("mixed"))
    assert await kinds(gated(0)) == await kinds(sparse("money_only"))


@pytest.mark.parametrize(
    ("preset", "pairs"),
    [
        ("minimal", {"A-B"}),
        ("standard", {"A-B"}),
        ("large", {"A-B"}),
        ("money_demo", {"A-M", "B-M"}),
        ("mixed_economy", PAIRS),
    ],
)
async def test_every_preset_trades(preset: str, pairs: set[str]) -> None:
    document = build(recipe(preset, {}), "preset", 1) | {"telemetry": "trades"}
    found, _ = await kinds(document, 10)
    assert set(found) == pairs
