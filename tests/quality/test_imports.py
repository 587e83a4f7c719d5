"""What an import costs: nothing heavy, nothing read from outside, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "click", "fastapi", "google", "grpc", "httpcore", "httpx", "numpy", "polars",
    "pydantic_settings", "requests", "rich", "tenacity", "typer", "yaml",
}  # fmt: skip
CORE = ("scrai.models", "scrai.store", "scrai.data", "scrai.events", "scrai.engine")
OUTER = ("scrai.scenarios", "scrai.runtime", "scrai.worlds")

LOADED = (
    "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
)

WATCH = """
import sys
seen = []
CODE = tuple(path for path in {sys.prefix, sys.base_prefix, *sys.path} if path)
WRITES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.truncate"}

def hook(event, args):
    if event == "open":
        path, mode, flags = args
        if isinstance(path, (str, bytes)) and (set(str(mode or "")) & set("wax+") or flags & 3):
            seen.append(f"write {path}")
        elif isinstance(path, str) and not path.startswith(CODE):
            seen.append(f"read {path}")
    elif event.startswith(("socket.", "subprocess.", "os.fork", "os.exec", "sqlite3.")):
        seen.append(event)
    elif event in WRITES:
        seen.append(f"{event} {args[0]}")

sys.addaudithook(hook)
import MODULE
import threading, json
if threading.active_count() != 1:
    seen.append("a thread")
print(json.dumps(seen))
"""


def run(code: str, cwd: Path | None = None) -> list[str]:
    """Run `code` in a fresh interpreter and return the JSON list that it prints last."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], check=False, capture_output=True, text=True, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


def test_import_scrai_loads_nothing_heavy() -> None:
    loaded = set(run(f"import scrai\n{LOADED}"))
    assert loaded & HEAVY == set()
    assert "scrai" in loaded


def test_import_scrai_loads_no_pydantic_extras() -> None:
    code = "import scrai, sys, json; print(json.dumps([n for n in sys.modules if 'pydantic' in n]))"
    heavy = ("pydantic.v1", "pydantic.mypy", "pydantic_settings", "pydantic.networks.email")
    assert [name for name in run(code) if name.startswith(heavy)] == []


@pytest.mark.parametrize("module", CORE + OUTER)
def test_no_package_loads_a_client_or_a_terminal_library(module: str) -> None:
    loaded = set(run(f"import {module}\n{LOADED}"))
    assert loaded & (HEAVY - {"tenacity", "yaml"}) == set()


@pytest.mark.parametrize("module", ["scrai", *CORE, *OUTER, "scrai.cli"])
def test_an_import_has_no_side_effects(module: str, tmp_path: Path) -> None:
    assert run(WATCH.replace("MODULE", module), tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_help_loads_no_store_client_and_no_data_library() -> None:
    code = f"""
import sys
from scrai.cli import main
sys.argv = ["scrai", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
{LOADED}
"""
    loaded = set(run(code))
    assert loaded & {"google", "grpc", "polars", "numpy", "httpx", "requests"} == set()


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_simulation_without_models_is_created_run_and_deleted_without_them() -> None:
    code = """
import asyncio, json, sys
from scrai.engine import PhaseEngine
from scrai.models import SimulationState
from scrai.store import MemoryStore

async def main():
    store = MemoryStore()
    await store.open()
    engine = PhaseEngine(store)
    await engine.create(SimulationState(id="a", name="A"))
    await engine.step("a")
    await engine.delete("a")

asyncio.run(main())
print(json.dumps([name for name in sys.modules if name.startswith("scrai.llm")]))
"""
    assert run(code) == []
