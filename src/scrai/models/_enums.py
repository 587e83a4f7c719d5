"""The fixed vocabularies of the models."""

from __future__ import annotations

from enum import StrEnum


class ActorType(StrEnum):
    """What kind of participant an actor is."""

    PLAYER = "player"
    NPC = "npc"
    ORGANIZATION = "organization"
    ENTITY = "entity"


class EventType(StrEnum):
    """What an event is about, or who caused it."""

    ENVIRONMENTAL = "environmental"
    SOCIAL = "social"
    ECONOMIC = "economic"
    POLITICAL = "political"
    SYSTEM = "system"
    PLAYER_ACTION = "player_action"
    NPC_ACTION = "npc_action"


class EventStatus(StrEnum):
    """Where an event is in its life."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class EventScope(StrEnum):
    """How far an event reaches."""

    LOCAL = "local"
    REGIONAL = "regional"
    GLOBAL = "global"


class ActionType(StrEnum):
    """What an actor does."""

    MOVEMENT = "movement"
    COMMUNICATION = "communication"
    INTERACTION = "interaction"
    ECONOMIC = "economic"
    SOCIAL = "social"
    COMBAT = "combat"
    RESEARCH = "research"
    CUSTOM = "custom"


class ActionStatus(StrEnum):
    """Where an action is in its life."""

    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ActionPriority(StrEnum):
    """Which action goes first; `rank` orders them."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """0 for low to 3 for urgent."""
        return list(ActionPriority).index(self)


class ActionSource(StrEnum):
    """Who decided on an action."""

    PLAYER = "player"
    NPC = "npc"
    SYSTEM = "system"


class SimulationPhase(StrEnum):
    """The six phases of a cycle, and the two places where none is due."""

    INITIALIZE = "initialize"
    EVENT_GENERATION = "event_generation"
    ACTION_COLLECTION = "action_collection"
    ACTION_RESOLUTION = "action_resolution"
    WORLD_UPDATE = "world_update"
    SNAPSHOT = "snapshot"
    PAUSED = "paused"
    COMPLETED = "completed"


class SimulationStatus(StrEnum):
    """Whether a simulation takes steps."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    ERROR = "error"


class CommandKind(StrEnum):
    """What an inbox command asks for."""

    INJECT_ACTOR = "inject_actor"
    INJECT_EVENT = "inject_event"
    INJECT_ACTION = "inject_action"
    UPDATE_ACTOR = "update_actor"
    UPDATE_EVENT = "update_event"
    UPDATE_ACTION = "update_action"
    REMOVE_ACTOR = "remove_actor"
    CANCEL_EVENT = "cancel_event"
    CANCEL_ACTION = "cancel_action"
    DECIDE = "decide"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    RETRY = "retry"
    SKIP = "skip"
    CONFIGURE = "configure"


class Decision(StrEnum):
    """What a reviewer may decide at a gate."""

    APPROVE = "approve"
    MODIFY = "modify"
    REJECT = "reject"
    TERMINATE = "terminate"
    ESCALATE = "escalate"


class StepKind(StrEnum):
    """Why a step was committed."""

    CREATE = "create"
    PHASE = "phase"
    COMMANDS = "commands"
    RESTORE = "restore"
    FORK = "fork"
    MIGRATE = "migrate"
    CONTROL = "control"
