"""How fast the machine is just now, in units that do not depend on ScrAI.

Shared machines change their speed by a factor of two or three within seconds, for everything, but
not for everything alike: a loop that fits into the processor's first cache notices little. The unit
is therefore a mixture like the engine's own work: copying and serialising a hundred small records.
"""

from __future__ import annotations

import copy
import json
import statistics
import time
from typing import Any

REFERENCE = 2.15
"""Milliseconds of `unit_ms` on a machine that copies 100 pydantic records of 400 bytes in 1.26 ms,
which is the speed that the bounds were set for."""


def unit_ms() -> float:
    """Return the CPU time of a fixed piece of work in the standard library."""
    begun = time.process_time()
    json.loads(json.dumps(copy.deepcopy(RECORDS)))
    return (time.process_time() - begun) * 1000


def _record(number: int) -> dict[str, Any]:
    return {
        "name": f"Person {number}",
        "attributes": {f"attribute-{index}": number / 7 for index in range(6)},
        "relationships": {f"person-{index:04d}": index for index in range(6)},
        "location": {"place": "square", "district": "north"},
        "tags": ["town", "north"],
    }


RECORDS = [_record(number) for number in range(100)]


class Stopwatch:
    """CPU and wall time of a piece of work, with the machine's speed before and after it."""

    def __init__(self) -> None:
        self._unit = unit_ms()
        self._wall = time.perf_counter()
        self._cpu = time.process_time()  # of the whole process: all of its threads

    def stop(self, pieces: int) -> dict[str, float]:
        """Return milliseconds for each of so many pieces of work."""
        cpu = (time.process_time() - self._cpu) * 1000 / pieces
        wall = (time.perf_counter() - self._wall) * 1000 / pieces
        unit = (self._unit + unit_ms()) / 2
        return {"cpu": cpu, "wall": wall, "unit": unit, "at_reference": cpu * REFERENCE / unit}


def calibration(rounds: int = 20) -> dict[str, dict[str, float]]:
    """Return (fastest and median) how long some fixed pieces of work take now, in CPU ms."""
    from pydantic import create_model

    fields: Any = {key: (type(value), ...) for key, value in RECORDS[0].items()}
    kind = create_model("Record", **fields)
    models = [kind(**record) for record in RECORDS]
    pieces = {
        "loop of 100,000": lambda: sum(number for number in range(100_000)),
        "unit (copy and JSON of 100 records)": unit_ms,
        "100 pydantic dumps": lambda: [model.model_dump() for model in models],
        "100 pydantic validations": lambda: [kind.model_validate(record) for record in RECORDS],
        "100 pydantic copies": lambda: copy.deepcopy(models),
    }
    return {name: _timed(piece, rounds) for name, piece in pieces.items()}


def _timed(piece: Any, rounds: int) -> dict[str, float]:
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        piece()
        found.append((time.process_time() - begun) * 1000)
    return {"fastest": min(found), "median": statistics.median(found)}
