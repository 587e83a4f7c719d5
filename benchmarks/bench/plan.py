"""How much is measured: three sizes, and what can be set by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

BACKENDS = ("memory", "sqlite", "emulator")
WEEK = 28  # cycles of simple_town: what happens there repeats by the week


@dataclass(frozen=True)
class Plan:
    """The amounts of one run.

    Attributes:
        backends: which stores.
        actors: sizes of the populations whose cycles are timed.
        repetitions: windows that are timed of every case, in turns.
        effort: a window has as many cycles as this pays for, an actor being one and a cycle ten.
        ages: the cycles at which an old simulation is compared with a young one, by backend.
        window: cycles in a window of that comparison.
        stored: cycles over which bytes are counted.
        calls: calls to a model in a window; the largest phase makes so many at once.
        trips: cycles over which calls to Firestore are counted.
        peers: whether other libraries are installed and measured.
        peer_folder: where their environments are kept; None: made anew, and removed.
        folder: for all that is written; removed at the end.
        host: the emulator's address.
    """

    folder: Path
    backends: tuple[str, ...] = BACKENDS
    actors: tuple[int, ...] = (0, 10, 100, 1000)
    repetitions: int = 7
    effort: int = 2000
    ages: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {
            "memory": (1000, 10_000),
            "sqlite": (1000, 10_000),
            "emulator": (1000,),
        }
    )
    window: int = WEEK
    stored: int = 1000
    trips: int = 20
    calls: int = 1000
    peers: bool = True
    peer_folder: Path | None = None
    host: str = ""

    def window_of(self, actors: int) -> int:
        """Return how many cycles of such a population make a window."""
        return max(3, self.effort // (10 + actors))


QUICK = {
    "repetitions": 3,
    "effort": 600,
    "ages": {"memory": (1000,), "sqlite": (1000,), "emulator": (1000,)},
    "stored": 300,
    "trips": 8,
}
FULL = {
    "repetitions": 9,
    "ages": dict.fromkeys(BACKENDS, (1000, 10_000)),
}


def scaled(sizes: dict, scale: float) -> dict:
    """Return the sizes of a plan multiplied, for trying the benchmarks themselves out."""

    def less(number: int) -> int:
        return max(2, round(number * scale))

    return {
        **sizes,
        "effort": less(sizes.get("effort", Plan.effort)),
        "ages": {key: tuple(map(less, ages)) for key, ages in sizes["ages"].items()},
        "window": less(Plan.window),
        "stored": less(sizes.get("stored", Plan.stored)),
        "trips": less(sizes.get("trips", Plan.trips)),
        "calls": less(Plan.calls),
    }
