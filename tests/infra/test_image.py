"""The image: what goes into it, and the script that its tasks run."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
INFRA = ROOT / "infra"


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's (word, rest), lines joined, comments left out."""
    text = re.sub(r"\\\n\s*", " ", (INFRA / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_it_runs_scrai_and_not_as_root() -> None:
    said = instructions()
    last = len(said) - 1 - [word for word, _ in reversed(said)].index("FROM")
    final = dict(said[last:])
    assert final["ENTRYPOINT"] == '["scrai"]'
    assert int(final["USER"]) > 0
    assert f"--uid {final['USER']} " in final["RUN"]


def test_dependencies_are_installed_before_the_source_is_copied() -> None:
    said = instructions()
    install = next(i for i, (word, rest) in enumerate(said) if "--requirement" in rest)
    copy = said.index(("COPY", "src src"))
    assert install < copy


def test_what_it_copies_exists_and_is_sent_to_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    assert "*" in ignore
    for word, rest in instructions():
        if word != "COPY" or "--from" in rest:
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists()
            assert any(fnmatch.fnmatch(source, pattern) for pattern in kept), source


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A `scrai` that writes down what it was asked, and fails for `broken`."""
    program = tmp_path / "scrai"
    program.write_text('#!/bin/sh\necho "$@" >> "$RECORD"\n[ "$6" != broken ]\n')
    program.chmod(0o755)
    return tmp_path


def run_task(recorder: Path, index: int, count: int, *simulations: str) -> tuple[int, list[str]]:
    record = recorder / f"record-{index}"
    done = subprocess.run(
        [str(INFRA / "scrai-task"), *simulations],
        check=False,
        env={
            "PATH": f"{recorder}{os.pathsep}{os.environ['PATH']}",
            "RECORD": str(record),
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": str(count),
        },
    )
    lines = record.read_text().splitlines() if record.exists() else []
    return done.returncode, [line.split()[-1] for line in lines]


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_tasks_share_the_simulations_among_them(recorder: Path, count: int) -> None:
    names = ["a", "b", "c", "d", "e"]
    shares = [run_task(recorder, index, count, *names) for index in range(count)]
    assert sorted(name for _, share in shares for name in share) == names
    assert [code for code, _ in shares] == [0] * count


def test_a_task_goes_on_after_a_failure_and_reports_it(recorder: Path) -> None:
    assert run_task(recorder, 0, 1, "a", "broken", "c") == (1, ["a", "broken", "c"])


def test_a_name_is_passed_as_one_word(recorder: Path) -> None:
    code, _ = run_task(recorder, 0, 1, "two words; rm")
    assert code == 0
    assert (recorder / "record-0").read_text().endswith("run two words; rm\n")
