"""The snippet tests fail when a snippet is wrong, and run what they say they run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from _snippets import Page, SnippetError, blocks, commands, environment

FENCE = "`" * 3


def fenced(info: str, code: str, above: str = "") -> str:
    return f"{above}\n{FENCE}{info}\n{code}\n{FENCE}\n"


def run(text: str, folder: Path) -> Page:
    page = Page(folder, environment(folder, Path(sys.executable).parent))
    page.run(blocks("page.md", text))
    return page


@pytest.mark.parametrize(
    "text",
    [
        fenced("python", "assert 1 == 2"),
        fenced("python", "import asyncio\nawait asyncio.sleep(0)\nraise ValueError"),
        fenced("console", "$ false"),
        fenced("console", "$ true && true\n$ false"),
        fenced("bash", "true\nfalse"),
        fenced("console", "$ echo one\ntwo"),
        fenced("console", "$ true", "<!-- snippet: exit=2 -->"),
        fenced("console", "an output without a command"),
        fenced("python", "print('a')") + fenced("text", "b", "<!-- snippet: output -->"),
        fenced("python", "raise ValueError", "<!-- snippet: skip -->"),
        fenced("", "no language"),
        fenced("pyhton", "no such language"),
        f"{FENCE}python\nnever closed",
    ],
)
def test_a_page_that_is_wrong_fails(text: str, tmp_path: Path) -> None:
    with pytest.raises(SnippetError, match=r"page\.md:\d+: "):
        run(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "ran"),
    [
        (fenced("python", "a = 1") + fenced("python", "assert a == 1"), 2),
        (fenced("python", "import asyncio\nawait asyncio.sleep(0)"), 1),
        (fenced("console", "$ echo one two three\none ... three"), 1),
        (fenced("console", "$ echo one \\\n>   two\none two"), 1),
        (fenced("console", "$ (exit 2)", "<!-- snippet: exit=2 -->"), 1),
        (fenced("console", "$ date\nyesterday", "<!-- snippet: output=any -->"), 1),
        (fenced("bash", "# a comment\n\necho a > file\ngrep a file"), 2),
        (fenced("python", "raise ValueError", "<!-- snippet: skip cannot be run -->"), 0),
        (fenced("console", "$ pip install x\n$ git clone y"), 0),
        (fenced("console", "$ pip install uv && uv run python --version\nPython 3..."), 1),
        (fenced("python", "print('a')") + fenced("text", "a", "<!-- snippet: output -->"), 1),
        (fenced('python title="m.py"', "X = 1") + fenced("bash", "python -c 'import m'"), 1),
        ("    - item\n\n" + "    " + fenced("bash", "true").strip().replace("\n", "\n    "), 1),
    ],
)
def test_a_page_that_is_right_passes(text: str, ran: int, tmp_path: Path) -> None:
    assert run(text, tmp_path).ran == ran


def test_commands_see_nothing_of_the_developers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRAI_BACKEND", "nowhere")
    page = fenced("bash", 'test -z "$SCRAI_BACKEND"\ntest "$HOME" = "$PWD"')
    assert run(page, tmp_path).ran == 2


def test_an_error_names_the_line_of_the_page(tmp_path: Path) -> None:
    with pytest.raises(SnippetError, match=r"page\.md:2: ValueError: here") as caught:
        run(fenced("python", "a = 1\nraise ValueError('here')"), tmp_path)
    trace = caught.value.__cause__.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    assert trace.tb_lineno == 4


def test_a_command_keeps_its_continuation_lines() -> None:
    (block,) = blocks("page.md", fenced("bash", "echo a \\\n  b\necho c"))
    assert [command for command, _ in commands(block)] == ["echo a \\\n  b", "echo c"]
