"""Who is near whom: agents in squares of the grid, each square a linked list in id order."""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import (
    A_GOOD,
    A_GOOD_B,
    A_IN_M,
    A_NEXT,
    A_SELLERS,
    A_X,
    A_Y,
    B_IN_M,
    C_AGENTS,
    C_HEADS,
    C_QUOTES,
    C_REGIME,
    C_SQUARE,
    C_SQUARES,
    C_VISION,
    GATED,
    N_ASK,
    World,
)


def index_agents(w: World) -> None:
    """Put every agent into its square; squares are at least as wide as vision reaches."""
    size, side = w.ci[C_SQUARE], w.ci[C_SQUARES]
    for square in range(side * side):
        w.ci[C_HEADS + square] = -1
    for i in range(w.ci[C_AGENTS] - 1, -1, -1):
        square = (w.ai[A_X, i] // size) * side + w.ai[A_Y, i] // size
        w.ai[A_NEXT, i] = w.ci[C_HEADS + square]
        w.ci[C_HEADS + square] = i


def distance(w: World, i: int, j: int) -> int:
    """Return the Manhattan distance of two agents."""
    steps: int = abs(w.ai[A_X, i] - w.ai[A_X, j]) + abs(w.ai[A_Y, i] - w.ai[A_Y, j])
    return steps


def first_square(w: World, place: int) -> int:
    """Return the first row (or column) of squares to look at from a coordinate."""
    square: int = max(0, place // w.ci[C_SQUARE] - 1)
    return square


def end_square(w: World, place: int) -> int:
    """Return the row (or column) of squares after the last one to look at."""
    square: int = min(w.ci[C_SQUARES], place // w.ci[C_SQUARE] + 2)
    return square


def sells(w: World, i: int) -> bool:
    """Tell whether agent i holds a good for which it asks a positive money price."""
    of_a: bool = w.ai[A_GOOD, i] > 0 and w.af[N_ASK + A_IN_M, i] > 0.0
    of_b: bool = w.ai[A_GOOD_B, i] > 0 and w.af[N_ASK + B_IN_M, i] > 0.0
    return of_a or of_b


def count_sellers(w: World, i: int) -> int:
    """Return how many sellers agent i sees, itself included, counting no further than needed."""
    enough, vision, seen = w.ci[C_QUOTES], w.ci[C_VISION], 0
    for row in range(first_square(w, w.ai[A_X, i]), end_square(w, w.ai[A_X, i])):
        for column in range(first_square(w, w.ai[A_Y, i]), end_square(w, w.ai[A_Y, i])):
            j = w.ci[C_HEADS + row * w.ci[C_SQUARES] + column]
            while j >= 0 and seen < enough:
                if distance(w, i, j) <= vision and sells(w, j):
                    seen += 1
                j = w.ai[A_NEXT, j]
    return seen


def see_sellers(w: World) -> None:
    """Let every agent count the sellers it perceives in this tick."""
    for i in range(w.ci[C_AGENTS]):
        w.ai[A_SELLERS, i] = count_sellers(w, i)


def may_barter(w: World, i: int, j: int) -> bool:
    """Tell whether barter is open to two agents: behind a gate, if both see too few sellers."""
    if w.ci[C_REGIME] != GATED:
        return True
    enough = w.ci[C_QUOTES]
    thin: bool = w.ai[A_SELLERS, i] < enough and w.ai[A_SELLERS, j] < enough
    return thin
