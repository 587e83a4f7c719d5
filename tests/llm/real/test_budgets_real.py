"""Budgets from the command line: a warning, a wall that says so, and more money to go on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from _counting_model import COST, PRICES, CountingModel
from _real_runs import HERE, Place, recorded

from _server import Server, serving

ENV = {**PRICES, "SCRAI_LLM_CONCURRENCY": "4"}


@pytest.fixture
async def model() -> CountingModel:
    return CountingModel()


@pytest.fixture
async def server(model: CountingModel) -> AsyncIterator[Server]:
    async with serving(model) as running:
        yield running


def run(server: Server, limit: object, *, people: int, cycles: int, name: str = "m") -> list[Any]:
    crowd = ["run", HERE / "_crowd.py", "--cycles", cycles, "--id", "crowd"]
    llm = ["--llm", f"{server.url}#{name}", "--credit-limit", limit]
    return [*crowd, "--set", f"people={people}", *llm]


async def told(here: Place, *args: object) -> Any:
    """Return what a command prints, which must succeed."""
    code, out, err = await here.ended(*args)
    assert code == 0, err
    return json.loads(out)


async def notes_of(here: Place) -> list[str]:
    return [
        note
        for step in await told(here, "simulation", "history", "crowd")
        for note in step["notes"]
    ]


async def test_warning_then_wall_then_more_money(
    model: CountingModel, server: Server, place: Callable[..., Place]
) -> None:
    here = place(**ENV)
    model.usage |= {"prompt_tokens": 400, "completion_tokens": 500}
    each = 0.0029
    ended = await told(here, *run(server, 0.2, people=1, cycles=20))
    assert ended["status"] == "paused"
    notes = await notes_of(here)
    warnings = [n for n, note in enumerate(notes) if "% of the 0.20 USD" in note]
    wall = notes.index("paused: the budget does not cover the next calls")
    assert len(warnings) == 1
    assert warnings[0] < wall
    booked = await told(here, "simulation", "costs", "crowd")
    assert 0.16 <= booked["settled_usd"] <= 0.2
    assert (booked["open_usd"], booked["lost_usd"]) == (0, 0)
    assert booked["settled_usd"] == pytest.approx(each * len(model.order))
    ended = await told(here, "run", "--resume", "crowd", "--credit-limit", 1)
    assert (ended["status"], ended["phase_number"]) == ("completed", 20)
    booked = await told(here, "simulation", "costs", "crowd")
    assert booked["limit_usd"] == 1
    assert booked["settled_usd"] == pytest.approx(each * len(model.order))


async def test_a_person_is_told_why_it_stands_still(
    server: Server, place: Callable[..., Place]
) -> None:
    here = place(**ENV)
    process = await here.spawn(*run(server, 0.06, people=5, cycles=3), as_json=False)
    out, _ = await process.communicate()
    assert process.returncode == 0
    lines = [line.strip() for line in out.decode().splitlines()]
    assert "paused: the budget does not cover the next calls" in lines
    assert "scrai run --resume crowd --credit-limit USD goes on with more" in lines
    assert any(line.startswith("budget: calls not made: 3 (act/p002") for line in lines)


async def test_the_same_calls_meet_the_wall_in_every_run(
    model: CountingModel, server: Server, place: Callable[..., Place]
) -> None:
    seen = []
    for name, concurrency in (("one", "1"), ("many", "16")):
        here = place(name, **(ENV | {"SCRAI_LLM_CONCURRENCY": concurrency}))
        ended = await told(here, *run(server, 0.1, people=12, cycles=2))
        async with here.store() as store:
            calls = await recorded(store, "crowd")
        refused = {
            c["key"]["slot"] for c in calls if (c["outcome"]["failure"] or [""])[0] == "budget"
        }
        seen.append((ended["hash"], refused))
    assert seen[0] == seen[1]
    refused = seen[0][1]
    assert 0 < len(refused) < 12
    assert min(refused) > max({f"act/p{n:03d}" for n in range(12)} - refused), "in slot order"


async def test_an_unknown_price_with_a_limit_is_refused_at_once(
    model: CountingModel, server: Server, place: Callable[..., Place]
) -> None:
    here = place(**ENV)
    code, out, err = await here.ended(*run(server, 1, people=1, cycles=1, name="other"))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    error = json.loads(err)["error"]
    assert error["type"] == "ConfigurationError"
    assert "no price is known for openai-compatible/other" in error["message"]
    assert "SCRAI_LLM_PRICES" in error["hint"]
    assert model.order == []
    assert await told(here, "simulation", "list") == []


async def test_what_a_server_may_charge_for_is_in_the_costs(
    model: CountingModel, server: Server, place: Callable[..., Place]
) -> None:
    def hang_up(number: int) -> None:
        if number in (2, 6, 7):
            raise ConnectionResetError

    model.strike = hang_up
    here = place(**ENV)
    ended = await told(here, *run(server, 5, people=3, cycles=2))
    assert ended["status"] == "completed"
    booked = await told(here, "simulation", "costs", "crowd")
    total = booked["total"]
    assert total["attempts"] == len(model.order)
    assert total["calls"] == len(model.order) - 3
    assert booked["settled_usd"] == pytest.approx(COST * total["calls"])
    assert booked["lost_usd"] == total["lost_usd"] > 3 * COST
    notes = await notes_of(here)
    assert any(note.startswith("attempts that may have been worked on in vain") for note in notes)
    code, out, _ = await here.ended("simulation", "costs", "crowd")
    assert code == 0
    assert json.loads(out)["lost_usd"] == booked["lost_usd"]
    again = await told(here, "simulation", "replay", "crowd")
    assert again["hash"] == ended["hash"]
    process = await here.spawn("simulation", "costs", "crowd", as_json=False)
    shown = (await process.communicate())[0].decode()
    assert " lost" in shown.splitlines()[0]
    assert "lost" in shown.splitlines()[2]


async def test_no_attempt_is_made_that_the_limit_does_not_allow(
    model: CountingModel, server: Server, place: Callable[..., Place]
) -> None:
    def hang_up(number: int) -> None:
        if number > 3:
            raise ConnectionResetError

    model.strike = hang_up
    here = place(**ENV | {"SCRAI_LLM_MAX_RETRIES": "20"})
    short = ("--mind", "max_repairs=0", "--mind", "max_tokens=2000")
    ended = await told(here, *run(server, 0.03, people=1, cycles=3), *short)
    assert ended["status"] == "paused"
    booked = await told(here, "simulation", "costs", "crowd")
    assert booked["settled_usd"] + booked["lost_usd"] <= 0.03
    assert booked["lost_usd"] > 0
    assert booked["total"]["attempts"] == len(model.order)
    assert any("budget: calls not tried again: 1" in note for note in await notes_of(here))
