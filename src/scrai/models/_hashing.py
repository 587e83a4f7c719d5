"""Which fields make up the hash of a state: an explicit list, so that a new field is a decision."""

from __future__ import annotations

from scrai.models._action import Action
from scrai.models._actor import Actor
from scrai.models._base import Model
from scrai.models._event import Event
from scrai.models._simulation import SimulationState

HASH_VERSION = 1
"""Raised with any change to `HASHED_FIELDS`; only hashes of one version are compared."""

HASHED_FIELDS: dict[type[Model], frozenset[str]] = {
    Actor: frozenset(
        {
            "active",
            "affiliations",
            "attributes",
            "created_at",
            "id",
            "location",
            "metadata",
            "name",
            "relationships",
            "type",
            "updated_at",
            "visibility",
        }
    ),
    Event: frozenset(
        {
            "affected_actors",
            "created_at",
            "description",
            "effects",
            "id",
            "location",
            "metadata",
            "modifications",
            "parameters",
            "requires_approval",
            "resolved_at",
            "scheduled_for",
            "scope",
            "source",
            "status",
            "title",
            "trigger_action_id",
            "trigger_event_id",
            "type",
        }
    ),
    Action: frozenset(
        {
            "actor_id",
            "completed_at",
            "created_at",
            "description",
            "generated_events",
            "id",
            "intent",
            "llm_parsed",
            "metadata",
            "modifications",
            "outcome",
            "parameters",
            "parsed_options",
            "prerequisites",
            "priority",
            "requires_approval",
            "resource_costs",
            "scheduled_for",
            "selected_option",
            "source",
            "started_at",
            "status",
            "success_probability",
            "target_actor_ids",
            "target_location",
            "type",
        }
    ),
    # The position. The world and the environment are hashed on their own.
    SimulationState: frozenset({"current_phase", "phase_number"}),
}
"""The times of owned entities are simulated times, so they count."""
