"""The page of commands holds what the program has, tried on a program made for it."""

from __future__ import annotations

import importlib.util
import sys
import types
from importlib.machinery import SourceFileLoader
from typing import Annotated

import pytest
import typer

from _tree import ROOT


def render(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the page of a small program."""
    fake = types.ModuleType("scrai.cli")
    fake.app = program()
    monkeypatch.setitem(sys.modules, "scrai.cli", fake)
    monkeypatch.syspath_prepend(ROOT / "scripts")
    script = str(ROOT / "scripts" / "generate-cli-docs")
    loader = SourceFileLoader("generate_cli_docs", script)
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    text: str = module.build()
    return text


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> str:
    return render(monkeypatch)


def program() -> typer.Typer:
    app = typer.Typer(help="All of it.")
    group = typer.Typer(help="Things.")
    app.add_typer(group, name="thing")

    @app.callback()
    def top(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
        """Run it."""

    @group.command()
    def make(
        name: Annotated[str, typer.Argument(help="What to call it.")],
        kind: Annotated[str, typer.Option(help="One of [bold]a|b[/bold].")] = "a",
        secret: Annotated[bool, typer.Option(hidden=True)] = False,
    ) -> None:
        """Make a thing.

        It is made at once.
        """

    @group.command(hidden=True)
    def unmake() -> None:
        """Not to be seen."""

    return app


def test_every_visible_command_has_a_section(page: str) -> None:
    heads = [line for line in page.splitlines() if line.startswith("#")]
    assert heads == ["# Command line", "## `scrai`", "### `scrai thing`", "#### `scrai thing make`"]


def test_a_section_has_help_usage_and_parameters(page: str) -> None:
    section = page.partition("#### ")[2]
    assert "Make a thing.\n\nIt is made at once.\n" in section
    assert "```text\nscrai thing make [OPTIONS] " in section
    assert "What to call it." in section
    assert "| One of a\\|b. [default: a] |" in section
    assert "secret" not in section
    assert "| `--json` | Print JSON. |" in page


def test_the_page_is_the_same_on_any_terminal(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in ("30", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        assert render(monkeypatch) == page
