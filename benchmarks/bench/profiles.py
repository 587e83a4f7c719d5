"""Where the time goes, and who holds memory. For those who optimise, not part of a usual run."""

from __future__ import annotations

import cProfile
import gc
import pstats
import time
import tracemalloc
from pathlib import Path
from typing import Any

from .subject import Subject


async def profile(subject: Subject, cycles: int, top: int) -> dict[str, Any]:
    """Return the functions with the largest own time over some cycles."""
    # CPU time: the usual clock counts what the rest of the machine takes, too.
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    await subject.advance(cycles)
    profiler.disable()
    stats: Any = pstats.Stats(profiler)
    rows = sorted(stats.stats.items(), key=lambda item: item[1][2], reverse=True)[:top]
    return {
        "calls_per_cycle": stats.total_calls / cycles,
        "total_ms_per_cycle": stats.total_tt * 1000 / cycles,
        "rows": [
            {
                "function": _place(place),
                "calls": figures[1] / cycles,
                "own_ms": figures[2] * 1000 / cycles,
                "total_ms": figures[3] * 1000 / cycles,
            }
            for place, figures in rows
        ],
    }


def _place(place: tuple[str, int, str]) -> str:
    file, line, name = place
    return name if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{line} {name}"


async def growth(subject: Subject, cycles: int, top: int) -> dict[str, Any]:
    """Return the lines of code that hold more memory after some cycles than before."""
    tracemalloc.start()
    gc.collect()
    before, first = tracemalloc.take_snapshot(), tracemalloc.get_traced_memory()[0]
    await subject.advance(cycles)
    gc.collect()
    after, last = tracemalloc.take_snapshot(), tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    rows = after.compare_to(before, "lineno")[:top]
    return {
        "bytes_per_cycle": (last - first) / cycles,
        "rows": [
            {
                "line": f"{'/'.join(Path(row.traceback[0].filename).parts[-3:])}"
                f":{row.traceback[0].lineno}",
                "bytes_per_cycle": row.size_diff / cycles,
                "blocks_per_cycle": row.count_diff / cycles,
            }
            for row in rows
        ],
    }
