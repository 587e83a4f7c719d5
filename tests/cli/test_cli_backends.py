"""Every command on every backend: the same JSON and the same hashes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from _program import Program, Result
from scrai.cli import app
from scrai.cli._lazy import World
from scrai.runtime import _runtime
from scrai.store import MemorySpace, MemoryStore
from scrai.store.emulator import Emulator

GATED = '{"id": "bath", "actor_id": "actor-ada", "requires_approval": true}'
FEAST = '{"id": "feast", "title": "A feast", "requires_approval": true}'

SCRIPT = """
    version
    scenario list
    scenario show well.py
    scenario validate well.py --cycles 2
    validate well.py --cycles 1 --set share=1
    scenario new garden
    config show
    run well.py --cycles 2 --id run --seed 5
    run --branch-from run --branch-at-turn 1 --cycles 3 --id branched
    simulation create well.py --id town --name Town --set share=2 --cycles 9
    run --branch-from town --at-step 0 --cycles 1 --id again
    simulation list
    simulation list --status created --limit 1
    simulation start town
    simulation advance town
    simulation advance town --phase action_collection
    simulation cycle town
    simulation show town
    actor list town
    actor show town actor-ada
    actor recall town actor-ada --about rain
    actor add town --id dora --name Dora
    actor update town dora --set attributes.x=1
    actor list town --where attributes.x=1
    actor remove town dora
    action inject town --data GATED
    event inject town --data FEAST
    action list town
    event list town --awaiting
    simulation show town
    simulation cycle town
    simulation advance town
    event escalate town feast --by ann
    event modify town feast --set scope=global --by eve
    event show town feast
    simulation cycle town
    action modify town bath --set intent=splash --by eve
    action show town bath
    !action approve town bath
    simulation cycle town
    action inject town --id tea --actor actor-ben
    action cancel town tea --reason late
    action inject town --id ball --actor actor-ben --requires-approval
    action reject town ball --by eve
    event inject town --id fair --title Fair --requires-approval
    event approve town fair --by eve
    event cancel town fair
    simulation pause town
    !simulation advance town
    simulation resume town
    simulation run town --cycles 2
    simulation log town
    simulation history town
    simulation history town --last 3
    simulation diff town 1:snapshot 2:snapshot
    simulation restore town --at 2:snapshot
    simulation cycle town
    simulation replay town
    simulation branch town --at 1:snapshot --id child --seed 3
    simulation cycle child
    compare town child run
    simulation create well.py --id fails --set fail_at=2
    !simulation run fails
    !simulation resume fails
    simulation resume fails --retry
    !simulation cycle fails
    simulation resume fails --roll-back
    !simulation cycle fails
    simulation resume fails --skip
    run --resume fails --cycles 3
    action inject child --id fete --actor actor-cleo --requires-approval
    action escalate child fete
    action inject child --id end --actor actor-ada --requires-approval
    action terminate child end
    event inject town --id dusk --title Dusk --requires-approval
    event reject town dusk
    event inject town --id dark --title Dark --requires-approval
    event terminate town dark
    simulation branch town --id copy --at-step 3
    simulation stop copy
    simulation export town --table actors
    simulation export town --table steps --format csv
    simulation export town --table metrics
    simulation export run --out run.jsonl
    simulation delete run --detach
    simulation import run.jsonl
    !simulation delete town
    simulation delete town --with-branches
    simulation create well.py --id watched --mediation {"rules":[{"kind":"actions","require":true}]}
    simulation configure watched --set name=Watched
    simulation run watched --cycles 1
    action inject watched --id chat --actor actor-ben
    review inbox watched
    review show watched chat
    review approve watched --all --by eve
    review log watched
    !review modify watched nothing --set intent=rest
    !review reject watched nothing
    !review escalate watched nothing
    !review terminate watched nothing
    run simple_town --cycles 2 --llm scripted --id minded --credit-limit 1
    simulation costs minded
    simulation replay minded
    simulation export minded --cassette --out calls.jsonl
    llm check scripted
    llm models scripted
    !llm serve-demo --port -1
    simulation list
    doctor
"""

MOVING = re.compile(
    r'"(?:revision|created_at|updated_at|started_at|completed_at|last_snapshot_at|at)":'
    r' (?:"[^"]*"|null)'
    r'|"(?:duration_ms|total_ms|latency_ms)": [-0-9.e]+'
    r"|(?:inject|update|remove|cancel|pause|resume|stop|retry|skip|configure)"
    r"(?:_actor|_event|_action)?-[0-9a-f]{16}"
    r"|202\d-\d\d-\d\dT[0-9:.]+Z"
)


def steps() -> list[str]:
    return [line.strip() for line in SCRIPT.strip().splitlines()]


def normal(result: Result, folder: Path) -> str:
    """Return what a command printed without what differs from run to run."""
    text = result.out + result.err
    if "duration_ms," in text:  # a CSV file: its times stand in fixed columns
        text = re.sub(r',[0-9.]+,("?)\{', r",_,\1{", text)
    return MOVING.sub("_", text).replace(str(folder), "HERE")


def play(program: Program) -> list[tuple[str, int, str]]:
    """Run the script; return every command, its exit code and what it printed."""
    found = []
    for line in steps():
        words = line.removeprefix("!").replace("GATED", "\0").replace("FEAST", "\1").split()
        words = [word.replace("\0", GATED).replace("\1", FEAST) for word in words]
        result = program.call("--json", *words)
        assert (result.code != 0) is line.startswith("!"), (line, result.err, result.out)
        found.append((line, result.code, normal(result, program.folder)))
    return found


@pytest.fixture
def expected(program: Program) -> list[tuple[str, int, str]]:
    return play(program)


@pytest.fixture
def fresh(program: Program) -> Iterator[None]:
    """Remove the files that the script made."""
    yield
    for name in ("garden.py", "run.jsonl", "calls.jsonl"):
        (program.folder / name).unlink(missing_ok=True)


def same(found: list[tuple[str, int, str]], expected: list[tuple[str, int, str]]) -> None:
    """Compare command by command; the first that differs is shown."""
    for (line, code, text), (_, other_code, other_text) in zip(found, expected, strict=True):
        if line in {"config show", "doctor"}:
            continue  # these say which backend it is
        assert (code, text) == (other_code, other_text), line


def test_memory_gives_what_sqlite_gives(
    program: Program, expected: list[tuple[str, int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One space serves all commands of this process, as a door that stays open would."""
    (program.folder / "garden.py").unlink()
    space = MemorySpace()
    monkeypatch.setattr(_runtime, "make_store", lambda _: MemoryStore(space))
    same(play(program), expected)


@pytest.mark.emulator
def test_firestore_gives_what_sqlite_gives(
    program: Program,
    expected: list[tuple[str, int, str]],
    emulator: Emulator,
    project: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (program.folder / "garden.py").unlink()
    monkeypatch.setenv("SCRAI_EMULATOR_HOST", emulator.host)
    remote = Program(program.folder, ("--backend", "firestore", "--project-id", project))
    same(play(remote), expected)


def test_the_script_has_every_command() -> None:
    root: Any = get_command(app)
    context = root.context_class(root, info_name="scrai")
    every = set()
    for name in root.list_commands(context):
        entry = root.own[name]
        if isinstance(entry, World) or "scrai.worlds" in getattr(entry, "target", ""):
            continue  # a world's own commands are tested with the world
        child = root.get_command(context, name)
        below = getattr(child, "list_commands", lambda _: [""])(context)
        every |= {f"{name} {sub}".strip() for sub in below}
    words = [line.removeprefix("!").split() for line in steps()]
    played = {word[0] for word in words} | {" ".join(word[:2]) for word in words}
    assert every - played == set()


def test_normalising_keeps_what_counts(program: Program) -> None:
    program.create()
    found = program.call("--json", "simulation", "show", "town")
    text = normal(found, program.folder)
    assert found.json["hash"] in text
    assert found.json["revision"] not in json.dumps(text) or found.json["revision"].isdecimal()
    assert "HERE/well.py" in text
