"""The rule of exit codes, over every command that takes arguments.

2: what was asked for cannot be meant: arguments, or the content of files. 1: it could be, and the
present state refuses it, or it failed. docs/errors.md states it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from _program import Program
from scrai.cli._catalog import COMMANDS
from scrai.cli._lazy import Branch, Leaf

MISTAKES = """
action inject nowhere --actor actor-ada
action inject town --data {"bogus":1}
action inject town --data {"id":
action inject town --actor nobody
action inject town --actor actor-ada --target nobody
action inject town --actor actor-ada --priority urgnt
action inject town --actor actor-ada --set parameters.effects.0=1
action inject town --actor actor-ada --data {"parameters":{"effects":[{"op":"ad"}]}}
action inject town --actor actor-ada --id a/b
action inject town --file missing.yaml
action inject town
event inject nowhere --title X
event inject town --data {"bogus":1}
event inject town --title X --type sozial
event inject town --title X --affects nobody
event inject town --title X --set effects=[{}]
event inject town --file missing.yaml
actor add nowhere --name X
actor add town --data {"bogus":1}
actor add town --name X --type dragon
actor update nowhere actor-ada --set active=false
actor update town nobody --set active=false
actor update town actor-ada --set bogus=1
actor update town actor-ada --set active=perhaps
actor update town actor-ada --set id=x
actor update town actor-ada --set name.x=1
actor update town actor-ada
actor remove nowhere actor-ada
actor remove town nobody
actor list town --type dragon
actor show town nobody
actor recall town nobody
actor recall nowhere actor-ada --about rain
actor recall town actor-ada --most 0
action modify nowhere gated --set priority=low
action modify town nothing --set priority=low
action modify town gated --set priority=urgnt
action modify town gated --set bogus=1
action modify town gated --set id=x
action modify town gated --set actor_id=nobody
action modify town gated --set parameters.effects=[{"op":"ad"}]
action modify town gated
event modify town nothing --set scope=local
event modify town gate --set scope=worldwide
event modify town gate --set bogus=1
event modify town gate --data {"affected_actors":["nobody"]}
action approve town nothing
action reject town nothing
action escalate town nothing
action terminate town nothing
action cancel town nothing
action list town --status pendng
action show town nothing
event approve town nothing
event reject town nothing
event escalate town nothing
event terminate town nothing
event cancel town nothing
event list town --type sozial
event show town nothing
simulation create nothing.py
simulation create well.py --set rain=-1
simulation create well.py --id a/b
simulation list --status asleep
simulation show nowhere
simulation start nowhere
simulation advance nowhere
simulation advance town --phase snapshoot
simulation advance town --force
simulation cycle nowhere
simulation run nowhere
simulation run town --cycles 0
simulation pause nowhere
simulation resume nowhere
simulation resume town --retry --skip
simulation stop nowhere
simulation log nowhere
simulation history nowhere
simulation history town --last 0
simulation diff nowhere 1
simulation diff town yesterday
simulation diff town 1 99
simulation branch nowhere
simulation branch town --at 9:snapshot
simulation branch town --at-step 99
simulation branch town --cycles 1
simulation branch town --set rain=-1
simulation restore nowhere --at-step 1
simulation restore town --at 9:snapshot
simulation restore town
simulation replay nowhere
simulation delete nowhere
simulation costs nowhere
simulation costs town --by colour
simulation export nowhere
simulation export town --table actorz
simulation export town --out no/where
simulation import missing.jsonl
simulation import well.py
run
run nothing.py
run well.py --cycles 0
run well.py --set rain=-1
run --resume nowhere
run --resume town --cycles 1
run --branch-from town --at 9:snapshot
run --branch-from town --cycles 1
scenario show nothing
scenario validate nothing
scenario new 0
validate nothing
compare town
compare town nowhere
llm check nothing
llm models nothing
llm serve-demo --port -1
--backend oracle simulation list
"""

REFUSALS = """
action inject done --actor actor-ada
action inject town --actor actor-ada --id gated
event inject done --title X
event inject town --title X --id gate
actor add done --name X
actor add town --id actor-ada --name X
actor update done actor-ada --set active=false
actor remove done actor-ada
actor remove town actor-ada
action modify done gated --set priority=low
action modify town free --set priority=low
action modify town gated --set status=completed
event modify town told --set scope=regional
action approve town free
action approve town cancelled
action reject town cancelled
action cancel town cancelled
event approve town told
event cancel town told
simulation create well.py --id town
simulation start town
simulation advance done
simulation advance town --phase snapshot
simulation advance rests
simulation cycle done
simulation cycle flop
simulation run done
simulation run flop
simulation pause rests
simulation pause done
simulation resume town
simulation resume flop
simulation resume town --retry
simulation stop done
simulation restore done --at-step 2
simulation delete town
simulation import town.jsonl
run well.py --id town
run well.py --id fails --set fail_at=2
run --resume done
--db bad.db simulation list
--db no/where.db simulation list
scenario validate broken.py
"""


def rows(table: str) -> list[str]:
    """Return the lines of a table."""
    return table.strip().splitlines()


def paths(entries: Any, before: str = "") -> list[str]:
    """Return the words that lead to every command."""
    found: list[str] = []
    for name, entry in entries.items():
        path = f"{before} {name}".strip()
        if isinstance(entry, Branch):
            found += paths(entry.entries, path)
        elif isinstance(entry, Leaf):  # commands of worlds have tests of their own
            found.append(path)
    return found


@pytest.fixture(scope="module")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with simulations in all kinds of states."""
    folder = tmp_path_factory.mktemp("towns")
    program = Program(folder, ("--db", str(folder / "scrai.db")))
    scenario = str(folder / "well.py")
    for name in ("town", "done", "rests", "flop"):
        more = ("--set", "fail_at=2") if name == "flop" else ()
        program("simulation", "create", scenario, "--id", name, *more)
        program("simulation", "cycle", name)
    program("action", "inject", "town", "--actor", "actor-ada", "--id", "cancelled")
    program("action", "cancel", "town", "cancelled")
    program("action", "inject", "town", "--actor", "actor-ada", "--id", "free")
    program("action", "inject", "town", "--actor", "actor-ada", "--id", "gated",
            "--requires-approval")  # fmt: skip
    program("event", "inject", "town", "--title", "Gate", "--id", "gate", "--requires-approval")
    program("event", "inject", "town", "--title", "Told", "--id", "told")
    program("event", "cancel", "town", "told")
    program("action", "inject", "done", "--actor", "actor-ada", "--id", "gated",
            "--requires-approval")  # fmt: skip
    program("simulation", "stop", "done")
    program("simulation", "pause", "rests")
    for _ in range(3):
        program.call("simulation", "advance", "flop")
    program("simulation", "branch", "town", "--id", "child")
    program("simulation", "export", "town", "--out", str(folder / "town.jsonl"))
    (folder / "bad.db").write_bytes(b"garbage " * 1000)
    broken = (folder / "well.py").read_text("utf-8").replace("int = Field(0,", "int = Field(2,")
    (folder / "broken.py").write_text(broken, "utf-8")
    return folder


@pytest.fixture
def there(towns: Path, program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program in that folder; nothing that the tables ask for changes anything there."""
    monkeypatch.chdir(towns)
    return program


@pytest.mark.parametrize("words", rows(MISTAKES))
def test_a_mistake_ends_with_two(there: Program, words: str) -> None:
    there.fails(*words.split(), code=2)


@pytest.mark.parametrize("words", rows(REFUSALS))
def test_a_refusal_or_failure_ends_with_one(there: Program, words: str) -> None:
    found = there.call(*words.split())
    assert found.code == 1, (found.err, found.out)
    lines = found.err.splitlines()
    # `validate` prints what is wrong as its result.
    assert (len(lines) == 1 and lines[0].startswith("error: ")) or "does not work" in found.out


@pytest.mark.parametrize("path", paths(COMMANDS))
def test_an_option_that_no_command_has(there: Program, path: str) -> None:
    there.fails(*path.split(), "--no-such-option", code=2)
