"""What must never be checked in: places of one machine, registries, traces of how it was made."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from _tree import ROOT, tracked

SELF = Path(__file__).resolve()
BINARY = {".png", ".gz", ".db", ".parquet", ".woff2", ".ico"}

FORBIDDEN = {
    "a place on one machine": (
        r"(?<![\w.~$}/-])/(?:home|Users)/(?!app\b|nonroot\b|scrai\b)\w+"
        r"|(?<![\w.~$}/-])/root/"
        r"|(?<![\w.~$}/-])/work/(?:main|shared)"
        r"|(?<![\w.~$}/-])/tmp/(?:notes|bash_jobs)"
        r"|\b[A-Z]:\\Users\\"
    ),
    "a registry or an index": (
        r"pypi\.org/simple|files\.pythonhosted\.org|registry\.npmjs\.org|registry\.yarnpkg"
        r"|(?:^|\s)--(?:extra-)?index-url|(?:^|\s)--find-links|(?:^|\s)--trusted-host"
        r"|artifactory|nexus/repository|devpi"
    ),
    "a trace of how it was written": (
        r"co-authored-by|\bas an ai\b|\bai[- ]generated\b"
        r"|(?:written|generated|made|assisted)\s+(?:by|with)\s+(?:an?\s+)?"
        r"(?:ai|llm|claude|chatgpt|gpt|copilot|codex|gemini|coding\s+agent|assistant)\b"
        r"|\b(?:this|previous|earlier|next|last|my|our)\s+(?:coding\s+)?session\b"
        r"|\bsub-?agents?\b|\bhelper\s+session|\bmy\s+brief\b|\bthe\s+brief\b"
        r"|\bissues\s+show\b|\bdesign-notes\b|\bmain\s+session\b|\bcontext\s+window\b"
    ),
    "unfinished work": r"\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b",
}


def texts() -> list[tuple[str, str]]:
    """Return (name, text) of every tracked text file but this one."""
    files = [path for path in tracked() if path != SELF and path.suffix not in BINARY]
    return [(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in files]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_names(what: str) -> None:
    flags = re.MULTILINE if what == "unfinished work" else re.MULTILINE | re.IGNORECASE
    pattern = re.compile(FORBIDDEN[what], flags)
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "bad", "good"),
    [
        ("a place on one machine", "see /root/x", "path/root/x"),
        ("a place on one machine", '"/home/ann/scrai"', "${HOME}/home/ann"),
        ("a registry or an index", "--index-url x", "the index of a value"),
        ("a trace of how it was written", "Written by an AI", "written by an agent's rules"),
        ("a trace of how it was written", "in the previous session", "the ClientSession closes"),
        ("unfinished work", "# TODO later", "a todo list"),
    ],
)
def test_the_patterns_catch_what_they_should(what: str, bad: str, good: str) -> None:
    flags = 0 if what == "unfinished work" else re.IGNORECASE
    pattern = re.compile(FORBIDDEN[what], flags)
    assert pattern.search(bad)
    assert not pattern.search(good)


def test_no_lock_file_that_names_a_registry_is_tracked() -> None:
    names = {path.name for path in tracked()}
    assert names & {"uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json"} == set()
    assert "uv.lock" in (ROOT / ".gitignore").read_text("utf-8").split()


def test_nothing_large_or_generated_is_tracked() -> None:
    assert [path for path in tracked() if path.stat().st_size > 1_000_000] == []
    assert [path for path in tracked() if "__pycache__" in path.parts] == []


def test_test_modules_have_names_of_their_own() -> None:
    """Test folders are no packages, so two modules of one name would shadow each other."""
    folders = ROOT / "tests"
    stems = Counter(
        path.stem
        for path in folders.rglob("*.py")
        if path.stem != "conftest" and not (path.parent / "__init__.py").exists()
    )
    assert [stem for stem, count in stems.items() if count > 1] == []
