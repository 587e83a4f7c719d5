"""Event Generation: seed once, then let scheduled and new events come into force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrai._words import plural
from scrai.engine._gates import admits, passed_by
from scrai.engine._settle import settle
from scrai.engine.handlers._base import BasePhaseHandler, minds_at
from scrai.models import EventStatus, SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext

SEEDED = "seeded"


class SeedHandler(BasePhaseHandler):
    """Seeds the scenario's first entities, once."""

    phase = SimulationPhase.EVENT_GENERATION

    async def execute(self, context: PhaseContext) -> None:
        """Call the scenario's `seed` and remember it."""
        await settle(context.hooks.seed(context))
        context.state.metadata[SEEDED] = True
        made = (len(context.actors), len(context.events), len(context.actions))
        words = ("actor", "event", "action")
        counted = ", ".join(plural(*pair) for pair in zip(made, words, strict=True))
        context.note(f"seeded {counted}")


class EventGenerationPhaseHandler(BasePhaseHandler):
    """Confirms the events that are due and not held for approval."""

    phase = SimulationPhase.EVENT_GENERATION

    async def execute(self, context: PhaseContext) -> None:
        """Confirm what is due: unmarked events at once, marked ones by flag or decision."""
        minds = minds_at(context)
        if minds is not None and minds.does("events"):
            from scrai.engine.minds import imagine_events

            context.extend(events=await imagine_events(context, minds))
        confirmed = 0
        for event in context.events:
            if event.status is not EventStatus.PENDING or not admits(context.state, event):
                continue
            if event.scheduled_for is None or event.scheduled_for <= context.now:
                event.confirm(by=passed_by(event))
                confirmed += 1
        if confirmed:
            context.note(f"{plural(confirmed, 'event')} confirmed")
