"""What handlers and scenario hooks are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scrai.data import ACTIONS, ACTORS, EVENTS, MINDS, adopt
from scrai.engine._columns import Column, pack_columns
from scrai.engine._draft import ACTIVE, Draft, Table
from scrai.engine._packed import Vault
from scrai.engine._rng import Coordinates, IdMaker, Rng
from scrai.errors import ConfigurationError, InvalidInputError
from scrai.models import (
    Action,
    Actor,
    CostRecord,
    Event,
    SimulationPhase,
    SimulationState,
)

if TYPE_CHECKING:
    from scrai.llm import Calls, Settlement


class ScenarioContext:
    """The draft of a simulation, with the services that keep it reproducible.

    Attributes:
        state: the simulation's state; world_state, environment and metadata may be changed.
        phase: the phase at work.
        config: the scenario's typed configuration, or the plain mapping if it declares none.
        notes: lines for the journal; add with `note`.
    """

    def __init__(
        self,
        state: SimulationState,
        actors: Iterable[Actor] = (),
        events: Iterable[Event] = (),
        actions: Iterable[Action] = (),
        *,
        draft: Draft | None = None,
        phase: SimulationPhase | None = None,
        passes: int = 0,
        config: Any = None,
        vault: Vault | None = None,
    ) -> None:
        self.state = state
        self.phase = phase or state.current_phase
        self.config: Any = state.configuration if config is None else config
        self.notes: list[str] = []
        self.costs: list[CostRecord] = []
        self.coordinates = Coordinates(state.seed, state.cycle, self.phase.value, passes)
        self.new_id = IdMaker(self.coordinates)
        self._streams: dict[str, Rng] = {}
        self._draft = draft or _draft_of(state)
        self.vault = vault or Vault()
        if draft is None:
            self.extend(actors=actors, events=events, actions=actions)

    @property
    def actors(self) -> list[Actor]:
        """All actors, in id order, new ones last."""
        return self._draft.actors.items

    @property
    def events(self) -> list[Event]:
        """The live (pending and confirmed) events, in id order, new ones last."""
        return self._draft.events.items

    @property
    def actions(self) -> list[Action]:
        """The live (pending, approved and executing) actions, in id order, new ones last."""
        return self._draft.actions.items

    @property
    def cycle(self) -> int:
        """The cycle at work, from 1."""
        return self.state.cycle

    @property
    def now(self) -> datetime:
        """Simulated time: the same throughout a cycle."""
        return self.state.now

    def thinks(self, subsystem: str) -> bool:
        """Say whether a model does this part: events, actions, resolution or world.

        A scenario's own rules for that part then keep still.
        """
        found = self.state.metadata.get(MINDS)
        return found is not None and subsystem in found.get("subsystems", (subsystem,))

    def rng(self, stream: str = "") -> Rng:
        """Return the random stream of that name in this phase.

        Draws depend on (seed, cycle, phase, pass, stream) alone: never on other streams, and
        not on whether the phase was interrupted and run again.
        """
        found = self._streams.get(stream)
        if found is None:
            found = self._streams[stream] = Rng(self.coordinates.key(f"rng|{stream}"))
        return found

    def actor(self, key: str) -> Actor:
        """Return the actor of that id; raises InvalidInputError naming near ones."""
        found = self.find_actor(key)
        if found is None:
            raise InvalidInputError(f"no actor {key!r}", hint=_near(key, self._draft.actors))
        return found

    def find_actor(self, key: str) -> Actor | None:
        """Return the actor of that id, or None."""
        return self._draft.actors.find(key)

    def is_active(self, key: str) -> bool:
        """Say whether there is an active actor of that id; cheaper than looking at the actor."""
        status = self._draft.actors.status(key)
        if status is not None:
            return status == ACTIVE
        found = self.find_actor(key)
        return found is not None and found.active

    def find_event(self, key: str) -> Event | None:
        """Return the live event of that id, or None."""
        return self._draft.events.find(key)

    def find_action(self, key: str) -> Action | None:
        """Return the live action of that id, or None."""
        return self._draft.actions.find(key)

    def extend(
        self,
        *,
        actors: Iterable[Actor] = (),
        events: Iterable[Event] = (),
        actions: Iterable[Action] = (),
    ) -> None:
        """Add entities to the simulation.

        Raises:
            InvalidInputError: an id is taken.
            ModelError: an entity belongs to another simulation.
        """
        for kind, items in ((ACTORS, actors), (EVENTS, events), (ACTIONS, actions)):
            for item in items:
                self.add(kind, item)

    def add(self, kind: str, item: Actor | Event | Action) -> None:
        """Add one entity of a collection; see `extend`."""
        self._own(item)
        self._draft.table(kind).add(item)

    def _own(self, item: Any) -> None:
        if item.simulation_id not in (None, self.state.id):
            raise InvalidInputError(
                f"{item.id!r} belongs to simulation {item.simulation_id!r}",
                hint="make a copy with simulation_id=None",
            )
        adopt(item, self.state)

    def note(self, text: str) -> None:
        """Add a line to the journal entry of this phase."""
        self.notes.append(text)

    async def unpack(self, name: str) -> bytes | None:
        """Return the packed value of a name, None if there is none."""
        return await self.vault.get(self.state.metadata, name)

    def pack(self, name: str, data: bytes) -> None:
        """Keep bytes under a name: a population as arrays, say. It is committed with the phase."""
        self.vault.put(self.state.metadata, name, data)

    def record(self, table: str, columns: Mapping[str, Column]) -> None:
        """Attach a table of observations to this phase, once for each name of a table.

        `scrai simulation export ID --table NAME` gives the rows of all phases.

        Args:
            columns: by name, (kind, values); see `pack_columns`.
        """
        _, values = next(iter(columns.values()), ("q", ()))
        self.vault.record(table, pack_columns(columns), len(values))

    def charge(self, cost: CostRecord) -> None:
        """Book a cost; it is stored with the phase, in the same commit."""
        self.costs.append(cost)


class PhaseContext(ScenarioContext):
    """A scenario context with what the engine's own handlers need besides.

    Attributes:
        passes: how often this phase of this cycle was committed before.
        hooks: the scenario's hooks.
        ended: why the simulation is over with this phase, or None.
        held: why the simulation is to pause after this phase, or None.
        settlement: what the calls to models did cost, once the phase is to be committed.
    """

    def __init__(
        self,
        draft: Draft,
        hooks: Any,
        phase: SimulationPhase,
        passes: int,
        caller: Callable[[PhaseContext], Calls | None] | None = None,
        vault: Vault | None = None,
        config: Any = None,
    ) -> None:
        if config is None:
            config = hooks.configure(draft.state.configuration)
        super().__init__(
            draft.state,
            draft=draft,
            phase=phase,
            passes=passes,
            config=config,
            vault=vault,
        )
        self.passes = passes
        self.hooks = hooks
        self.notes = draft.notes
        self.ended: str | None = None
        self.held: str | None = None
        self._caller = caller
        self._calls: Calls | None = None
        self.settlement: Settlement | None = None

    @property
    def calls(self) -> Calls:
        """The recorded, metered calls of this phase to models; made when first asked for.

        Raises:
            ConfigurationError: no model is configured.
        """
        if self._calls is None:
            self._calls = self._caller(self) if self._caller else None
            if self._calls is None:
                raise ConfigurationError(
                    f"simulation {self.state.id}: no language model is configured",
                    hint="run it with --llm, or set SCRAI_LLM",
                )
        return self._calls

    @property
    def used_calls(self) -> Calls | None:
        """The calls of this phase, None if it asked no model."""
        return self._calls

    def adopt_new(self) -> None:
        """Own the entities that hooks put into the lists by hand."""
        for table in self._draft.tables():
            if table.loaded:
                for item in table.items:
                    if item.simulation_id is None:
                        adopt(item, self.state)

    def hold(self, reason: str) -> None:
        """Pause the simulation with this phase; what it did is committed."""
        self.held = reason

    def end(self, reason: str) -> None:
        """Complete the simulation with this phase."""
        self.ended = reason


def _draft_of(state: SimulationState) -> Draft:
    return Draft(
        state,
        Table[Actor](ACTORS, state.id, {}),
        Table[Event](EVENTS, state.id, {}),
        Table[Action](ACTIONS, state.id, {}),
    )


def _near(key: str, table: Table[Any]) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(key, [item.id for item in table.items], n=3)
    return f"did you mean {', '.join(near)}?" if near else None


def metrics_of(found: Mapping[str, Any] | None) -> dict[str, float]:
    """Check that metrics are finite numbers by name."""
    metrics: dict[str, float] = {}
    for name, value in (found or {}).items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInputError(f"metric {name!r} is {type(value).__name__}, not a number")
        if not math.isfinite(value):
            raise InvalidInputError(f"metric {name!r} is {value}, not a finite number")
        metrics[str(name)] = value
    return metrics
