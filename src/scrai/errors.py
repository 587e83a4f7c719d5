"""The one exception tree.

Every error that ScrAI raises on purpose is a `ScraiError`: one clear line, an optional `hint`
that says what would be right, and the exit code that a command ends with.

    ScraiError
      UsageError              a user's mistake (exit code 2)
        ConfigurationError    a setting is wrong or missing
        InvalidInputError     a value, file or argument is malformed
        ScenarioError         a scenario is unknown, duplicate or broken
      ModelError              an entity would become invalid
        IllegalTransitionError
        OperationError
        ReferenceMissingError
      StoreError              a document store refused or failed
        StoreUnavailableError, StoreTimeoutError, StoreClosedError, StoreCorruptError,
        StoreSchemaError, StoreCredentialsError, StoreReadOnlyError
        ConflictError         somebody else was first; carries the winner
          AlreadyExistsError
        DocumentMissingError
        InvalidDocumentError  id, name or value that no backend accepts
          DocumentTooLargeError, ChangeSetTooLargeError
        UndeclaredQueryError
      RepositoryError         the repositories' contract error
      PhaseEngineError        the engine could not do as asked
        PhaseExecutionError, PhaseSequenceError, SimulationEndedError, SimulationMissingError,
        StepConflictError, LeaseHeldError, CommandRefusedError, DecisionForbiddenError,
        HistoryError, DivergenceError
      LLMError                a model gave nothing that can be used
        LLMUnavailableError, LLMTimeoutError, LLMRejectedError, LLMReplyError,
        LLMUnrecordedError, BudgetError
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class ScraiError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        message: one line: what is wrong and where.
        hint: what would be right, or how to get there; may be None.
        exit_code: what a command-line program should exit with.
    """

    exit_code: int = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(ScraiError):
    """The caller asked for something that cannot be meant."""

    exit_code = 2


class ConfigurationError(UsageError):
    """A setting is missing, unknown or has a bad value."""


class InvalidInputError(UsageError):
    """A value, argument or file is malformed.

    Attributes:
        problems: where several things are wrong: one line for each, as they are told together.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, problems: Iterable[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        more = self.problems if len(self.problems) > 1 else ()
        return "\n".join((self.message, *more))


class ScenarioError(UsageError):
    """A scenario is unknown, registered twice, or its plug-in is broken."""


class ModelError(ScraiError):
    """An entity would become invalid."""


class OperationError(ModelError):
    """A declared operation does not fit the thing it is applied to."""


class IllegalTransitionError(ModelError):
    """A status may not follow the present one."""


class ReferenceMissingError(ModelError):
    """An entity names another that does not exist."""

    exit_code = 2


class StoreError(ScraiError):
    """A document store refused or failed; nothing was changed."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached (now)."""


class StoreTimeoutError(StoreUnavailableError):
    """The store did not answer within the bound. A write may or may not have been applied."""


class StoreClosedError(StoreError):
    """The store was used before open or after close."""


class StoreCorruptError(StoreError):
    """Stored bytes are not what a store of ours writes."""


class StoreSchemaError(StoreError):
    """The data were written by a newer version of ScrAI."""


class StoreCredentialsError(StoreError):
    """The store refused who we are, or we have no credentials."""


class StoreReadOnlyError(StoreError):
    """The store's place cannot be written (permissions, full disk)."""


class ConflictError(StoreError):
    """Somebody else was first.

    Attributes:
        winner: the document as it now stands (a `scrai.store.Document`), None if it is gone.
    """

    def __init__(self, message: str, *, winner: Any = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.winner = winner


class AlreadyExistsError(ConflictError):
    """A document of that id exists."""


class DocumentMissingError(StoreError):
    """A document that must exist does not."""


class InvalidDocumentError(StoreError):
    """An id, name or value that not every backend can keep; refused by all of them."""

    exit_code = 2


class DocumentTooLargeError(InvalidDocumentError):
    """A document is over the limit of 1 MiB."""


class ChangeSetTooLargeError(InvalidDocumentError):
    """A commit is over the limit of encoded bytes. Packed columns are the cure."""


class UndeclaredQueryError(StoreError):
    """A query of a shape that the registry does not declare, so that no index serves it."""


class RepositoryError(ScraiError):
    """A repository operation failed.

    Attributes:
        operation: the method: create, get, update, delete, query, ...
        entity_type: Actor, Event, Action or SimulationState.
        entity_id: the entity concerned, if one is.
        exit_code: that of the error behind it.
    """

    def __init__(
        self,
        message: str,
        operation: str = "",
        entity_type: str = "",
        entity_id: str | None = None,
        *,
        hint: str | None = None,
        exit_code: int = 1,
    ) -> None:
        super().__init__(message, hint=hint)
        self.operation = operation
        self.entity_type = entity_type
        self.entity_id = entity_id
        self.exit_code = exit_code


class PhaseEngineError(ScraiError):
    """The engine could not do as asked; the stored state is as it was."""


class PhaseExecutionError(PhaseEngineError):
    """A handler or scenario hook failed; its draft was dropped. `__cause__` says why."""


class PhaseSequenceError(PhaseEngineError):
    """A phase was asked for out of its order."""


class SimulationEndedError(PhaseEngineError):
    """The simulation is in a terminal status and takes no further steps."""


class SimulationMissingError(PhaseEngineError):
    """No simulation of that id."""

    exit_code = 2


class StepConflictError(PhaseEngineError):
    """Another worker ran this step first; what it committed stands."""


class LeaseHeldError(StepConflictError):
    """A live worker holds the simulation."""


class CommandRefusedError(PhaseEngineError):
    """A command cannot be applied to the present state."""


class DecisionForbiddenError(CommandRefusedError):
    """The policies of the simulation let others decide about this."""


class HistoryError(PhaseEngineError):
    """A step, cycle or phase that this line of history does not have."""

    exit_code = 2


class DivergenceError(PhaseEngineError):
    """A replay gave another hash than the recorded one."""


class LLMError(ScraiError):
    """A call to a language model gave nothing that can be used.

    Attributes:
        kind: why, as the value of a `scrai.llm.FailureKind`.
        outcome: the `scrai.llm.LLMOutcome` with every attempt that was made, if there is one.
    """

    def __init__(
        self, message: str, *, kind: str = "", outcome: Any = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.outcome = outcome


class LLMUnavailableError(LLMError):
    """No configured provider could be reached, or all of them failed."""


class LLMTimeoutError(LLMUnavailableError):
    """No provider answered within the call's deadline."""


class LLMRejectedError(LLMError):
    """The providers refused the request: a wrong key, an unknown model, a bad parameter."""


class LLMReplyError(LLMError):
    """The model answered, but not usably: refusal, truncated, malformed, schema, empty."""


class LLMUnrecordedError(LLMError):
    """A replay asks something that its recording does not hold."""


class BudgetError(LLMError):
    """A call would cost more than what is left of a budget; nothing was sent."""
