"""The commands as they are listed, helped with and completed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from _program import Program
from scrai.cli import app
from scrai.cli._catalog import COMMANDS
from scrai.cli._lazy import Branch, Leaf

HEAVY = {"rich", "pydantic", "orjson", "yaml", "google", "grpc", "polars", "sqlite3", "asyncio"}


def leaves() -> Iterator[tuple[str, Leaf]]:
    for name, entry in COMMANDS.items():
        if isinstance(entry, Branch):
            yield from ((f"{name} {sub}", leaf) for sub, leaf in entry.entries.items())
        elif isinstance(entry, Leaf):  # the commands that a world adds are tested with the world
            yield name, entry


@pytest.mark.parametrize(("path", "leaf"), list(leaves()))
def test_the_list_says_what_the_command_says(path: str, leaf: Leaf) -> None:
    module, _, name = leaf.target.partition(":")
    place = module if "." in module else f"scrai.cli.{module}"
    function: Any = getattr(import_module(place), name)
    assert (function.__doc__ or "").strip().splitlines()[0] == leaf.help


@pytest.mark.parametrize(("path", "leaf"), list(leaves()))
def test_every_command_has_help(program: Program, path: str, leaf: Leaf) -> None:
    text = program(*path.split(), "--help")
    assert text.startswith(f"Usage: scrai {path} ")
    assert leaf.help in " ".join(text.split())


def test_every_option_of_every_command_is_explained() -> None:
    root: Any = get_command(app)
    context = root.context_class(root, info_name="scrai")
    bare = []
    for path, _ in leaves():
        command = root
        for name in path.split():
            command = command.get_command(context, name)
        bare += [f"{path} {param.name}" for param in command.params if not param.help]
    assert bare == []


def test_help_loads_no_command_and_nothing_heavy() -> None:
    code = (
        "import sys, json\nsys.argv = ['scrai', '--help']\nfrom scrai.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    ours = {name for name in loaded if name.startswith("scrai.")}
    assert ours == {
        "scrai.cli",
        "scrai.cli._catalog",
        "scrai.cli._errors",
        "scrai.cli._lazy",
        "scrai.cli._output",
        "scrai.cli._root",
        "scrai.cli._session",
        "scrai.errors",
    }


def complete(words: str, *, shell: str = "bash") -> list[str]:
    """Return what the shell is told for a line of which the last word is being typed."""
    environment = os.environ | {
        "_SCRAI_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "_TYPER_COMPLETE_ARGS": words,
    }
    done = subprocess.run(
        [sys.executable, "-c", "from scrai.cli import main; main()"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_knows_commands_options_simulations_and_scenarios(program: Program) -> None:
    for name in ("town-1", "town-2", "village"):
        program.create(name)
    assert complete("scrai sim") == ["simulation"]
    assert complete("scrai simulation sh") == ["show"]
    assert complete("scrai simulation show to") == ["town-1", "town-2"]
    assert complete("scrai simulation advance vil") == ["village"]
    assert complete("scrai run --resume town-") == ["town-1", "town-2"]
    assert complete("scrai run simple") == ["simple_town"]
    assert "well.py" in complete("scrai simulation create ")
    assert complete("scrai simulation create --se") == ["--seed", "--set"]
    assert complete("scrai --db other.db simulation show to") == []
    assert not (program.folder / "other.db").exists()


def test_completion_never_says_an_error(program: Program) -> None:
    (program.folder / "scrai.toml").write_text("nonsense")
    assert complete("scrai simulation show to") == []
    (program.folder / "scrai.toml").unlink()
    (program.folder / "scrai.db").write_text("nonsense " * 100)
    assert complete("scrai simulation show to") == []


def test_completion_can_be_installed(program: Program) -> None:
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-c", "from scrai.cli import main; main()"],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"_SCRAI_COMPLETE": f"source_{shell}"},
        )
        assert "_SCRAI_COMPLETE" in done.stdout
