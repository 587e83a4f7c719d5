"""What became of a command that was submitted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command.

    Attributes:
        command_id: its id in the inbox and in the journal.
        applied: whether it has taken effect; if not, the worker's next step takes it up.
        step: the step that applied it, if this call did so itself.
        holder: who runs the simulation and will apply it, if somebody does.
    """

    command_id: str
    applied: bool
    step: int | None = None
    holder: str | None = None
