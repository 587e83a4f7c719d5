"""Concordia: its simulation prefab with a model that answers at once. Runs where Concordia is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import concordia.prefabs.entity.basic as entity
import concordia.prefabs.game_master.generic as game_master
import numpy as np
from concordia.environment.engines import sequential
from concordia.language_model.no_language_model import NoLanguageModel
from concordia.prefabs.simulation.generic import Simulation
from concordia.typing.prefab import Config, InstanceConfig, Role

from .serve import serve


class Endless(sequential.Sequential):
    """The sequential engine. It asks whether the game is over, but the answer is no."""

    def terminate(self, game_master: Any, verbose: bool = False) -> bool:
        """Ask, and go on: the model's answers are empty, and would end it by chance."""
        super().terminate(game_master, verbose)
        return False


class Silent(NoLanguageModel):
    """The library's own model for trying without one, under its present signature."""

    def sample_text(self, prompt: str, **options: Collection[str] | float | None) -> str:
        """Answer nothing, at once."""
        return ""

    def sample_choice(
        self, prompt: str, responses: Sequence[str], *, seed: int | None = None
    ) -> tuple[int, str, Mapping[str, Any]]:
        """Choose the first, at once."""
        return 0, responses[0], {}


def start(actors: int) -> Callable[[int], None]:
    """Return the function that runs so many steps."""
    people = [
        InstanceConfig(prefab="person", role=Role.ENTITY, params={"name": f"Person {number}"})
        for number in range(actors)
    ]
    rules = InstanceConfig(prefab="rules", role=Role.GAME_MASTER, params={"name": "rules"})
    config = Config(
        default_premise="A town.",
        default_max_steps=1,
        prefabs={"person": entity.Entity(), "rules": game_master.GameMaster()},
        instances=[*people, rules],
    )
    vector = np.ones(3)
    simulation = Simulation(
        config=config, model=Silent(), embedder=lambda _: vector, engine=Endless()
    )

    def run(steps: int) -> None:
        simulation.play(max_steps=steps, return_html_log=False)

    return run


if __name__ == "__main__":
    serve(start)
