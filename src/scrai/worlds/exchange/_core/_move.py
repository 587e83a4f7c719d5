"""Movement: in id order, one after the other, along the larger axis."""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import (
    A_AIM,
    A_DECISION,
    A_PARTNER,
    A_WAS,
    A_X,
    A_Y,
    C_AGENTS,
    C_BUDGET,
    C_REACH,
    C_SIDE,
    GO_TRADE,
    World,
)
from scrai.worlds.exchange._core._near import distance


def sign(value: int) -> int:
    """Return -1, 0 or 1."""
    return int(value > 0) - int(value < 0)


def walk(w: World, i: int, x: int, y: int, reach: int) -> None:
    """Take up to the budget of steps toward (x, y), ending within reach of it."""
    for _ in range(w.ci[C_BUDGET]):
        right, up = x - w.ai[A_X, i], y - w.ai[A_Y, i]
        if abs(right) + abs(up) <= reach:
            return
        if abs(right) >= abs(up):
            w.ai[A_X, i] += sign(right)
        else:
            w.ai[A_Y, i] += sign(up)


def approach(w: World, i: int, partner: int) -> None:
    """Go to where the partner stands now; of two diagonal neighbours the lower id waits."""
    right, up = w.ai[A_X, partner] - w.ai[A_X, i], w.ai[A_Y, partner] - w.ai[A_Y, i]
    if i < partner and abs(right) == 1 and abs(up) == 1:
        return
    walk(w, i, w.ai[A_X, partner], w.ai[A_Y, partner], w.ci[C_REACH])


def move(w: World) -> None:
    """Move every agent toward its target; remember how far apart partners were."""
    for i in range(w.ci[C_AGENTS]):
        if w.ai[A_DECISION, i] == GO_TRADE:
            w.ai[A_WAS, i] = distance(w, i, w.ai[A_PARTNER, i])
    for i in range(w.ci[C_AGENTS]):
        aim = w.ai[A_AIM, i]
        if w.ai[A_DECISION, i] == GO_TRADE:
            approach(w, i, aim)
        else:
            walk(w, i, aim // w.ci[C_SIDE], aim % w.ci[C_SIDE], 0)
