"""Reproducible numbers and ids of the engine; they are made in `scrai._rng`."""

from scrai._rng import Coordinates, IdMaker, Rng

__all__ = ["Coordinates", "IdMaker", "Rng"]
