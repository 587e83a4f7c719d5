"""Lifecycle messages and the bus that hands them out."""

from scrai.events._bus import ALL, EventBus, Handler
from scrai.events._messages import (
    COMMANDS_APPLIED,
    CYCLE_COMPLETED,
    ENTITY_CHANGED,
    ENTITY_CREATED,
    ENTITY_REMOVED,
    PHASE_COMPLETED,
    PHASE_FAILED,
    RESTORED,
    STATUS_CHANGED,
    WORLD_CHANGED,
    Message,
    messages_of,
)

__all__ = [
    "ALL",
    "COMMANDS_APPLIED",
    "CYCLE_COMPLETED",
    "ENTITY_CHANGED",
    "ENTITY_CREATED",
    "ENTITY_REMOVED",
    "PHASE_COMPLETED",
    "PHASE_FAILED",
    "RESTORED",
    "STATUS_CHANGED",
    "WORLD_CHANGED",
    "EventBus",
    "Handler",
    "Message",
    "messages_of",
]
