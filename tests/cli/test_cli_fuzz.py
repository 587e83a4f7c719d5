"""Whatever is typed: no traceback, an exit code that means something, at most one line of error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from _program import Program
from scrai.cli._catalog import COMMANDS
from scrai.cli._lazy import Branch

PATHS = [
    (name, sub)
    for name, entry in COMMANDS.items()
    for sub in (entry.entries if isinstance(entry, Branch) else [""])
]
OPTIONS = [
    "--all", "--at", "--at-step", "--actor", "--awaiting", "--branch-at-turn", "--branch-from",
    "--by", "--cycles", "--data", "--description", "--detach", "--file", "--force", "--format",
    "--help", "--id", "--intent", "--last", "--limit", "--name", "--out", "--phase", "--priority",
    "--reason", "--resume", "--retry", "--roll-back", "--seed", "--set", "--skip", "--status",
    "--table", "--title", "--type", "--where", "--with-branches", "-n", "-o", "-f", "--", "-",
]  # fmt: skip
WORDS = [
    "town", "child", "nobody", "well.py", "simple_town", "actor-ada", "town~actor-ada", "1", "0",
    "-1", "99999999999999999999", "1:snapshot", "9:paused", ":", "a=b", "share=3", "share=[",
    "attributes.x=1", "=", "{}", '{"id": 1}', '{"actor_id": "actor-ada"}', '{"title": "T"}', "[]",
    "x.jsonl", "csv", "actors", "snapshot", "pending", "", " ", "~", "..", "/", "\x1b[31m", "☃",
    "\udcff", "a\nb", "null", "1e999", "%s", "{0}", "simulations/town",
]  # fmt: skip
GLOBALS = [["--json"], ["--quiet"], ["--backend", "memory"], ["--backend", "x"], ["--db", "x.db"]]

word = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
tail = st.lists(st.one_of(st.sampled_from(OPTIONS), word), max_size=6)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A folder with two simulations, for this module alone."""
    folder = tmp_path_factory.mktemp("fuzz")
    before = Path.cwd()
    os.chdir(folder)
    program = Program(folder)
    program.create("town", "--cycles", 3)
    program("simulation", "cycle", "town")
    program("simulation", "branch", "town", "--id", "child")
    yield program
    os.chdir(before)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.sampled_from([[], [], [], *GLOBALS]),
    path=st.sampled_from(PATHS),
    name=word,
    rest=tail,
)
def test_no_arguments_let_a_traceback_through(
    fuzzed: Program, before: list[str], path: tuple[str, str], name: str, rest: list[str]
) -> None:
    words = [*before, *filter(None, path), name, *rest]
    found = fuzzed.call(*words)
    assert found.code in {0, 1, 2}, (words, found.err)
    assert "Traceback" not in found.err, words
    assert "please report" not in found.err, (words, found.err)
    errors = [line for line in found.err.splitlines() if not line.startswith("warning:")]
    if found.code and not (path[0] in {"doctor", "validate"} or path[1] == "validate"):
        assert len(errors) == 1 or "Usage:" in found.err, (words, found.err)
    if found.code == 0:
        assert errors == [], (words, found.err)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.text(max_size=20), max_size=5))
def test_no_words_at_all_let_a_traceback_through(fuzzed: Program, words: list[str]) -> None:
    found = fuzzed.call(*words)
    assert found.code in {0, 1, 2}
    assert "please report" not in found.err, (words, found.err)
