"""What a scenario is: a class with a name and a `seed`; all else is optional."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from pydantic import BaseModel, ValidationError

from scrai.engine import BasePhaseHandler, Column, ScenarioContext
from scrai.errors import InvalidInputError, ScenarioError
from scrai.models import EPOCH, SimulationPhase, explain
from scrai.scenarios._commands import Command

if TYPE_CHECKING:
    from scrai.engine import ScenarioHooks

Hook: TypeAlias = Awaitable[None] | None
"""What a hook returns: nothing, or the coroutine of an `async def`."""

LatestTable: TypeAlias = Awaitable[Mapping[str, Column] | None] | Mapping[str, Column] | None
"""Columns as `ScenarioContext.record` takes them, or the coroutine that gives them."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A small table of texts.

    Attributes:
        title: what it is about.
        columns: the headings; the first column names the row, the others are numbers.
        rows: the cells, as many in a row as there are columns.
        notes: lines beneath it.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


class Scenario(ABC):
    """A world that runs on the engine. Hooks may be plain functions or coroutines.

    One instance serves any number of simulations, so it must not keep anything about them:
    whatever a simulation is to remember goes into its entities, `world_state` or `metadata`.

    Attributes:
        name: what it is called.
        description: one line; by default the first of the docstring of the class or its module.
        phases: where `before_phase` and `after_phase` fire.
        Config: a pydantic model of the configuration, or None for a plain mapping.
        shares_configuration: for a long configuration that hooks read as `context.config` only.
            A worker then makes that once for all phases, and during a run `state.configuration`
            is a mapping that is decoded anew whenever somebody looks into it.
        default_cycles: how many cycles a new simulation runs unless told; None for no end.
        epoch: when simulated time begins.
        cycle_seconds: how much of it a cycle takes.
        commands: what it adds to the program, by name: `scrai KEY NAME`, KEY being its own.
    """

    name: str
    description: str = ""
    phases: ClassVar[Collection[SimulationPhase]] = frozenset({SimulationPhase.EVENT_GENERATION})
    Config: ClassVar[type[BaseModel] | None] = None
    shares_configuration: ClassVar[bool] = False
    default_cycles: ClassVar[int | None] = None
    epoch: ClassVar[datetime] = EPOCH
    cycle_seconds: ClassVar[float] = 3600.0
    commands: ClassVar[Mapping[str, Command]] = {}

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if "description" not in cls.__dict__:
            module = sys.modules.get(cls.__module__)
            text = cls.__doc__ or getattr(module, "__doc__", None) or ""
            cls.description = text.strip().partition("\n")[0].strip()

    @abstractmethod
    def seed(self, context: ScenarioContext) -> Hook:
        """Add the first entities with `context.extend`; called once."""

    def prepare(self, context: ScenarioContext) -> Hook:  # noqa: B027 - may stay empty
        """Check what is needed; called once, at Initialize."""

    def before_phase(self, context: ScenarioContext) -> Hook:  # noqa: B027 - may stay empty
        """Act before the handlers of a phase; not called where `seed` is."""

    def after_phase(self, context: ScenarioContext) -> Hook:  # noqa: B027 - may stay empty
        """Act after the handlers of a phase."""

    def on_snapshot(self, context: ScenarioContext) -> Hook:  # noqa: B027 - may stay empty
        """Look back on the cycle, at Snapshot."""

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return named numbers, which are recorded at Snapshot."""
        return {}

    def finished(self, context: ScenarioContext) -> str | None:
        """Return why the simulation is over, or None to go on; asked at Snapshot."""
        return None

    def handlers(self) -> Mapping[SimulationPhase, Sequence[BasePhaseHandler]]:
        """Return handlers that run after the engine's own, by phase."""
        return {}

    def prompts(self) -> Mapping[str, str]:
        """Return prompts of one's own by name (events, act, parse, resolve, world, system).

        Each may ask for what the default of that name is given; see `scrai.engine.minds.DEFAULTS`.
        """
        return {}

    def recognises(self, path: Path, head: str) -> bool:
        """Say whether a scenario file is one of this world's.

        Args:
            path: the file, or a folder.
            head: how the file begins, as text; empty for a folder.
        """
        return False

    def read(self, path: Path) -> Mapping[str, Any]:
        """Return the configuration that a file of this world holds.

        It must be whole: simulations are made of it and never look at the file again.

        Raises:
            InvalidInputError: everything that is wrong with it, and where.
        """
        raise ScenarioError(f"{self.name}: {path} cannot be read: it has no files")

    def check_change(  # noqa: B027 - may stay empty
        self, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Refuse a branch whose configuration cannot go on from its parent's.

        Raises:
            InvalidInputError: what cannot be changed in mid-run.
        """

    def title(self, configuration: Mapping[str, Any]) -> str:
        """Return what a simulation of this configuration is called unless told."""
        return self.name

    def schema(self) -> dict[str, Any] | None:
        """Return the JSON Schema of the configuration; None if it is any mapping."""
        return self.Config.model_json_schema() if self.Config else None

    def headline(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        """Return the few figures to show of a cycle that is complete, best first; here all."""
        return dict(sorted(metrics.items()))

    def closing(self, metrics: Mapping[str, float]) -> Panel | None:
        """Return a table that sums up a run, for its closing screen; None for a line of numbers."""
        return None

    def notice(self) -> str | None:
        """Return what people should know before a run begins, such as a long wait; None if none."""
        return None

    def latest(self, context: ScenarioContext, table: str) -> LatestTable:
        """Return the rows of a table as of now, where no phase recorded it; None if there are none.

        `context` is only read.
        """
        return None

    def configure(self, configuration: Mapping[str, Any]) -> Any:
        """Return the configuration as `Config`, or as a plain mapping if there is none.

        Unknown keys are refused even where the model would ignore them: they are misspelt.

        Raises:
            InvalidInputError: one line that names every problem.
            ScenarioError: a validator of the scenario's own broke down.
        """
        model = type(self).Config
        if model is None:
            return dict(configuration)
        strict = _strict(model)
        try:
            return strict.model_validate(dict(configuration))
        except ValidationError as error:
            lines = explain(error, self.name, model)
            known = ", ".join(model.model_fields) or "nothing"
            raise InvalidInputError("; ".join(lines), hint=f"{self.name} takes {known}") from None
        except Exception as error:
            raise ScenarioError(
                f"{self.name}: its Config failed: {type(error).__name__}: {error}"
            ) from error


_STRICT: dict[type[BaseModel], type[BaseModel]] = {}


def _strict(model: type[BaseModel]) -> type[BaseModel]:
    """Return the model, made to refuse unknown keys if it ignored them."""
    if model.model_config.get("extra", "ignore") != "ignore":
        return model
    found = _STRICT.get(model)
    if found is None:
        forbid = type(model.__name__, (model,), {"model_config": {"extra": "forbid"}})
        forbid.__module__ = model.__module__
        found = _STRICT[model] = forbid
    return found


if TYPE_CHECKING:

    def _is_what_the_engine_asks_for(scenario: Scenario) -> ScenarioHooks:
        return scenario
