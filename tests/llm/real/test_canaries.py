"""A key in every variable: it reaches its own provider, and no file, line or other server."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from _counting_model import CountingModel
from _real_runs import HERE, Place

from _server import Exchange, serving

KEYS = ("OPENROUTER", "OPENAI", "LM_STUDIO", "LM_PROXY", "OLLAMA")
CANARY = "canary-of-"
SECRET_HEADER = f"{CANARY}header"


class Provider:
    """A server that tells what it heard: in an error, or in what it answers."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.model = CountingModel()
        self.heard: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, exchange: Exchange) -> None:
        self.heard.append(exchange.headers)
        self.bodies.append(exchange.body)
        if exchange.method == "GET":
            await exchange.json({"data": [{"id": "m"}]})
        elif self.answers:
            await self.model(exchange)
        else:
            heard = " ".join(f"{name}={value}" for name, value in exchange.headers.items())
            await exchange.json({"error": {"message": f"refused: {heard}"}}, status=401)


def told(exchange_headers: dict[str, str]) -> set[str]:
    return {value for value in exchange_headers.values() if CANARY in value}


async def chain(
    stack: AsyncExitStack, *, answers: bool
) -> tuple[dict[str, Provider], dict[str, str]]:
    """Return a server for each provider, the last of which may answer, and the variables."""
    servers: dict[str, Provider] = {}
    env: dict[str, str] = {}
    for name in ("SCRAI_LLM", *KEYS):
        servers[name] = Provider(answers=answers and name == KEYS[-1])
        running = await stack.enter_async_context(serving(servers[name]))
        env |= {f"{name}_BASE_URL": running.url, f"{name}_MODEL": "m"}
        env[f"{name}_API_KEY"] = f"{CANARY}{name}"
    env |= {
        "SCRAI_LLM_PROVIDER": "openai-compatible",
        "SCRAI_LLM_PROVIDER_LABEL": "own",
        "SCRAI_LLM_EXTRA_HEADERS": json.dumps({"X-Token": SECRET_HEADER}),
        "SCRAI_LLM_MAX_RETRIES": "0",
        "SCRAI_LLM_FALLBACKS": "openrouter, openai, lmstudio, lm_proxy, ollama",
    }
    return servers, env


def settled_place(made: Place, env: dict[str, str]) -> Place:
    """Put half of the keys into `.env`, and one there that the environment outdoes."""
    lines = [f"{name}={env.pop(name)}" for name in ("OPENAI_API_KEY", "LM_PROXY_API_KEY")]
    lines.append(f"OPENROUTER_API_KEY={CANARY}outdone")
    (made.folder / ".env").write_text("\n".join(lines) + "\n", "utf-8")
    return Place(made.folder, env)


async def everything_said(here: Place) -> list[str]:
    """Return all that commands print about a run, the first ones for people, too."""
    said = []
    run = ("run", HERE / "_crowd.py", "--cycles", 2, "--id", "crowd", "--set", "people=3")
    commands: list[tuple[Any, ...]] = [
        ("--verbose", *run, "--llm", "env"),
        ("simulation", "show", "crowd"),
        ("simulation", "history", "crowd", "--all"),
        ("simulation", "costs", "crowd"),
        ("simulation", "export", "crowd"),
        ("simulation", "export", "crowd", "--cassette"),
        ("simulation", "export", "crowd", "--table", "costs"),
        ("simulation", "replay", "crowd"),
        ("event", "list", "crowd"),
        ("actor", "list", "crowd"),
        ("config", "show"),
        ("llm", "check"),
        ("llm", "models"),
    ]
    for number, command in enumerate(commands):
        for as_json in (True, False) if number < 2 else (True,):
            process = await here.spawn(*command, as_json=as_json)
            out, err = await process.communicate()
            said.append((out + err).decode())
    return said


def in_files(folder: Path) -> list[str]:
    """Return the files with a canary in them, but for `.env`."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".env"]
    assert any(path.name == "scrai.db" for path in files)
    return [path.name for path in files if CANARY.encode() in path.read_bytes()]


@pytest.mark.parametrize("answers", [True, False])
async def test_no_key_is_told(place: Callable[..., Place], answers: bool) -> None:
    async with AsyncExitStack() as stack:
        servers, env = await chain(stack, answers=answers)
        here = settled_place(place(), env)
        said = await everything_said(here)
    assert [text[:300] for text in said if CANARY in text] == []
    assert in_files(here.folder) == []
    own = {name: {f"Bearer {CANARY}{name}"} for name in servers}
    own["SCRAI_LLM"].add(SECRET_HEADER)
    for name, server in servers.items():
        assert server.heard, name
        for headers in server.heard:
            assert told(headers) == own[name], name
        assert not any(CANARY.encode() in body for body in server.bodies)
    assert ("completed" in said[0]) is answers
    assert "********" in "".join(said), "what a server echoes is masked, not lost"
