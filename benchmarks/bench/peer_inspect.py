"""Inspect: one sample, one call to its mock model, scored and logged. Runs where Inspect is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from itertools import repeat

import inspect_ai
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

from .serve import serve


def start() -> Callable[[int], None]:
    """Return the function that runs so many samples."""
    os.environ["INSPECT_DISPLAY"] = "none"
    folder = tempfile.mkdtemp(prefix="inspect-")
    # With its usage given, the model need not fetch a tokenizer to count.
    said = ModelOutput.from_content("mockllm/model", "bakes bread")
    said.usage = ModelUsage(input_tokens=300, output_tokens=20, total_tokens=320)
    model = get_model("mockllm/model", custom_outputs=repeat(said))

    def run(samples: int) -> None:
        task = inspect_ai.Task(
            dataset=[
                Sample(input=f"You are {number}.", target="bread") for number in range(samples)
            ],
            solver=generate(),
            scorer=includes(),
        )
        found = inspect_ai.eval(
            task, model=model, log_dir=folder, display="none", max_connections=32
        )
        if found[0].status != "success":
            raise RuntimeError(str(found[0].error)[:200])

    return run


if __name__ == "__main__":
    serve(start)
