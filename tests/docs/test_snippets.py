"""Every snippet that a page shows works as shown; the rules are in `_snippets`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from _snippets import Block, Page, blocks, cannot_run, commands, environment

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PROGRAMS = Path(sys.executable).parent
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    home = tmp_path / "home"
    folder = tmp_path / "page"
    home.mkdir()
    folder.mkdir()
    wanted = environment(home, PROGRAMS)
    for name in set(os.environ) - set(wanted):
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    new = Page(folder, wanted)
    monkeypatch.setitem(sys.modules, "__main__", new.module)
    yield new
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_snippets_of(path: Path, page: Page) -> None:
    found = blocks(str(path.relative_to(ROOT)), path.read_text("utf-8"))
    page.run(found)
    runnable = [block for block in found if _must_run(block)]
    assert page.ran >= len(runnable)


def _must_run(block: Block) -> bool:
    if block.skipped or block.title or block.language not in {"python", "console", "bash"}:
        return False
    if block.language == "python":
        return True
    return any(not cannot_run(command) for command, _ in commands(block))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_to_files_lead_somewhere(name: str) -> None:
    targets = [match["target"] for match in LINK.finditer((ROOT / name).read_text("utf-8"))]
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / target).exists()] == []


def test_the_first_screen_of_the_readme_has_exactly_two_commands() -> None:
    screen, _, _ = (ROOT / "README.md").read_text("utf-8").partition("\n## ")
    assert len(screen.splitlines()) <= 30
    shown = [command for block in blocks("README.md", screen) for command, _ in commands(block)]
    assert shown == [
        "pip install uv && uv run scrai run simple_town --cycles 3",
        "bash scripts/test",
    ]
