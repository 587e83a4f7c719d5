"""Mesa: its example of Boltzmann's exchange of wealth. Runs where Mesa is."""

from __future__ import annotations

from collections.abc import Callable

from mesa.examples.basic.boltzmann_wealth_model.model import BoltzmannWealth

from .serve import serve


def start(actors: int) -> Callable[[int], None]:
    """Return the function that runs so many steps."""
    model = BoltzmannWealth(n=actors)

    def run(steps: int) -> None:
        for _ in range(steps):
            model.step()

    return run


if __name__ == "__main__":
    serve(start)
