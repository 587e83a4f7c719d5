"""Real servers, each a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from _real_runs import HERE, Place

sys.path.append(str(HERE.parent))  # `_server` is there


def _missing(what: str, *, must: bool) -> None:
    if must and os.environ.get("CI") == "true":
        pytest.fail(f"CI must test this, but {what}", pytrace=False)
    pytest.skip(f"NOT TESTED: {what}")


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Place]:
    """Make places: `place("name", VARIABLE=value, ...)`."""

    def made(name: str = "here", **env: str) -> Place:
        folder = tmp_path / name
        folder.mkdir()
        return Place(folder, env)

    return made


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a model with random weights."""
    for name in ("xllamacpp", "gguf"):
        if find_spec(name) is None:
            _missing(f"{name} is not installed: NO REAL MODEL SERVER", must=True)
    from _tiny_model import write_tiny_model

    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_tiny_model(path)
    return path


class ModelServer:
    """llama.cpp's server with the tiny model."""

    def __init__(self, model: Path, log: Path, *options: str) -> None:
        self._log = log.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "_llama_server.py"), str(model), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, log.read_text()[-2000:]
        self.url = json.loads(line)["url"] + "/v1"

    def kill(self) -> None:
        """Let it be gone, however often that is asked for."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._log):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def model_server(tiny_model: Path, tmp_path: Path) -> Iterator[ModelServer]:
    """A running server."""
    running = ModelServer(tiny_model, tmp_path / "llama.log")
    yield running
    running.kill()


@pytest.fixture
def embedding_server(tiny_model: Path, tmp_path: Path) -> Iterator[ModelServer]:
    """A running server that talks and embeds."""
    running = ModelServer(tiny_model, tmp_path / "llama.log", "--embeddings")
    yield running
    running.kill()


@pytest.fixture(scope="session")
def aimock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which npm has put aimock."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        _missing("there is no node with npm: NO CHAOS BY AIMOCK", must=False)
    folder = tmp_path_factory.mktemp("aimock")
    done = subprocess.run(
        [str(npm), "install", "--no-audit", "--no-fund", "--no-save", "@copilotkit/aimock@1"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    if done.returncode:
        _missing(f"npm does not install aimock: {done.stderr.strip()[-300:]}", must=True)
    return folder
