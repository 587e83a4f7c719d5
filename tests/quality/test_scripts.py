"""`scripts/test` and `.ci/run`, tried in a scratch checkout whose tools are stand-ins."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from _tree import ROOT

STEPS = {
    "ruff format": "ruff format --check .",
    "ruff check": "ruff check .",
    "mypy": "mypy --strict",
    "layers": "lint-imports",
    "docs": "mkdocs build",
    "pytest": "python -m pytest",
}

UV = """#!/usr/bin/env bash
echo "uv $*" >>"$LOG"
case "$1" in
    --version) echo uv 0 ;;
    python) echo "$REAL_PYTHON" ;;
    venv)
        for place; do :; done
        mkdir -p "$place/bin"
        for name in ruff mypy lint-imports mkdocs python; do
            cp "$TOOL" "$place/bin/$name"
        done ;;
    pip) [ "$BREAK" != install ] ;;
esac
"""

TOOL = """#!/usr/bin/env bash
if [ "$1" = -c ]; then exec "$REAL_PYTHON" "$@"; fi
echo "$(basename "$0") $*" >>"$LOG"
if [ -n "$BREAK" ] && [[ "$(basename "$0") $*" == "$BREAK"* ]]; then exit 3; fi
if [ "$1 $2" = "-m pytest" ]; then echo "7 passed in 0.01s"; fi
"""


class Checkout:
    """A scratch checkout with the real scripts and stand-ins for all that they call."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.log = folder / "log"
        self.bin = folder / "bin"
        for path in (self.root, self.bin):
            path.mkdir()
        shutil.copytree(ROOT / "scripts", self.root / "scripts")
        shutil.copytree(ROOT / ".ci", self.root / ".ci")
        self.write(self.bin / "uv", UV)
        self.write(folder / "tool", TOOL)
        self.environment = os.environ | {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "LOG": str(self.log),
            "TOOL": str(folder / "tool"),
            "REAL_PYTHON": sys.executable,
            "BREAK": "",
            "CI": "true",
        }

    def write(self, path: Path, text: str) -> None:
        """Write an executable file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def run(self, *arguments: str, script: str = "scripts/test", breaks: str = "") -> int:
        """Run a script from a folder outside; keep what it printed; return the exit code."""
        done = subprocess.run(
            ["bash", str(self.root / script), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.bin,
            env=self.environment | {"BREAK": breaks},
        )
        self.printed = done.stdout
        self.said = done.stderr
        return done.returncode

    @property
    def calls(self) -> list[str]:
        """Return every call of a stand-in, in order."""
        return self.log.read_text("utf-8").splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("script", ["scripts/test", ".ci/run"])
def test_all_steps_run_in_order_and_pass(checkout: Checkout, script: str) -> None:
    assert checkout.run(script=script) == 0, checkout.said
    assert [call for call in checkout.calls if not call.startswith("uv")] == [
        call for start in STEPS.values() for call in checkout.calls if call.startswith(start)
    ]
    assert len([call for call in checkout.calls if not call.startswith("uv")]) == len(STEPS)
    assert checkout.printed.splitlines()[-1] == "7 passed in 0.01s"


@pytest.mark.parametrize("script", ["scripts/test", ".ci/run"])
@pytest.mark.parametrize("name", STEPS)
def test_any_failing_step_fails_the_whole(checkout: Checkout, script: str, name: str) -> None:
    assert checkout.run(script=script, breaks=STEPS[name]) == 1
    assert f"did not pass: {name};" in checkout.said
    for start in STEPS.values():
        assert any(call.startswith(start) for call in checkout.calls), start


def test_a_failing_install_ends_it(checkout: Checkout) -> None:
    assert checkout.run(breaks="install") != 0
    assert all(call.startswith("uv") for call in checkout.calls)


def test_the_long_runs_are_left_out_unless_asked_for(checkout: Checkout) -> None:
    checkout.run()
    assert "-m not soak" in checkout.calls[-1]
    checkout.run("--all")
    assert "not soak" not in checkout.calls[-1]


def test_arguments_after_the_dashes_go_to_pytest(checkout: Checkout) -> None:
    assert checkout.run("--all", "--", "-k", "one two", "--", "-x") == 0
    assert checkout.calls[-1].endswith(" -k one two -- -x")
    before = len(checkout.calls)
    assert checkout.run("-k") == 1
    assert "unknown argument -k" in checkout.said
    assert len(checkout.calls) == before


def test_the_documentation_is_built_strictly(checkout: Checkout) -> None:
    checkout.run()
    (call,) = [call for call in checkout.calls if call.startswith("mkdocs")]
    assert "--strict" in call
    assert "--quiet" not in call, "mkdocs counts no warnings then"


def test_help_runs_nothing(checkout: Checkout) -> None:
    assert checkout.run("--help") == 0
    assert "scripts/test --all" in checkout.printed
    assert checkout.calls == []


def test_a_developers_venv_is_used_and_not_made_anew(checkout: Checkout) -> None:
    for name in ("ruff", "mypy", "lint-imports", "mkdocs", "python"):
        checkout.write(checkout.root / ".venv" / "bin" / name, TOOL)
    assert checkout.run() == 0
    assert not any(call.startswith("uv venv") for call in checkout.calls)


def test_a_venv_that_cannot_be_used_is_left_alone(checkout: Checkout) -> None:
    old = checkout.root / ".venv" / "bin" / "python"
    checkout.write(old, "#!/usr/bin/env bash\nexit 1\n")
    assert checkout.run() == 0
    assert "leaving .venv alone" in checkout.said
    assert [path.name for path in old.parent.iterdir()] == ["python"]
    assert (checkout.root / ".venv-test" / "bin" / "ruff").exists()
    pip = next(call for call in checkout.calls if call.startswith("uv pip install"))
    assert "--python .venv-test/bin/python" in pip
