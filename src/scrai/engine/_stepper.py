"""The step: load, take commands, check gates, run the phase on a draft, commit, publish."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from scrai import _wall
from scrai._words import storable
from scrai.data import (
    SIMULATIONS,
    read_head,
    successor,
)
from scrai.engine._commands import apply_command, apply_policies
from scrai.engine._commit import Committed, StepPlan, commit, examine
from scrai.engine._config import PhaseEngineConfig, PhaseResult, Probe, StepOutcome
from scrai.engine._context import PhaseContext, metrics_of
from scrai.engine._draft import Draft
from scrai.engine._failures import KEPT, brief, is_draft_fault, scenario_errors
from scrai.engine._gates import Gate, open_gates
from scrai.engine._hooks import NoScenario, ScenarioHooks, ScenarioSource
from scrai.engine._lease import LeaseKeeper
from scrai.engine._loader import load, refresh
from scrai.engine._migrate import is_outdated, migrate
from scrai.engine._models import Caller, ModelSource, settle_again, settle_calls, settle_failure
from scrai.engine._orphans import sweep_orphans
from scrai.engine._packed import Vault
from scrai.engine._restore import finish_sweep, restore
from scrai.engine._settle import settle
from scrai.engine._workset import Watch, Workset, state_of
from scrai.engine.handlers import SEEDED, BasePhaseHandler, PhaseOutcome, SeedHandler
from scrai.errors import (
    CommandRefusedError,
    ConflictError,
    DocumentMissingError,
    InvalidDocumentError,
    InvalidInputError,
    ModelError,
    PhaseEngineError,
    PhaseExecutionError,
    PhaseSequenceError,
    ScraiError,
    SimulationEndedError,
    StepConflictError,
    StoreError,
    StoreUnavailableError,
)
from scrai.events import EventBus, messages_of
from scrai.models import Command, SimulationPhase, SimulationStatus, StepKind
from scrai.store import DocumentStore, Query, Where

CONFLICT_RETRIES = 32
_NONE: Mapping[str, ScraiError] = {}


@dataclass(slots=True)
class Attempt:
    """One try at a step: the draft and what has been decided about it so far."""

    work: Workset
    hooks: ScenarioHooks
    phase: SimulationPhase
    passes: int
    forced: bool
    draft: Draft
    context: PhaseContext
    taken: list[Command] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)


class Stepper:
    """Runs steps for one worker, keeping the working sets of its simulations."""

    def __init__(
        self,
        store: DocumentStore,
        scenarios: ScenarioSource | None,
        handlers: Mapping[SimulationPhase, Sequence[BasePhaseHandler]],
        config: PhaseEngineConfig,
        probe: Probe | None,
        bus: EventBus,
        models: ModelSource | None = None,
    ) -> None:
        self.store = store
        self._bus = bus
        self.config = config
        self.lease = LeaseKeeper(config.lease_seconds)
        self._caller = Caller(store, models, self.lease.confirm)
        self._scenarios = scenarios
        self._handlers = handlers
        self._probe = probe or _unwatched
        self._works: dict[str, Workset] = {}
        self._busy: set[str] = set()

    # -- working sets ---------------------------------------------------------------------

    async def workset(self, simulation_id: str) -> Workset:
        """Return the working set, loaded anew if another worker moved on."""
        work = self._works.get(simulation_id)
        if work is None or not await refresh(self.store, work):
            work = await load(self.store, simulation_id)
            if work.head.deleting:
                raise SimulationEndedError(f"simulation {simulation_id} is being deleted")
            if await finish_sweep(self.store, work):
                work = await load(self.store, simulation_id)
            if is_outdated(work):
                await migrate(self.store, work)
                work = await load(self.store, simulation_id)
            if self.lease.is_anothers(work.head):
                work.watch = Watch(work.document.updated_at)
        self._works[simulation_id] = work
        return work

    def forget(self, simulation_id: str) -> None:
        """Drop a working set."""
        self._works.pop(simulation_id, None)

    def hooks_of(self, work: Workset) -> ScenarioHooks:
        """Return the hooks of a simulation's scenario."""
        if not work.head.scenario:
            return NoScenario()
        if self._scenarios is None:
            raise PhaseEngineError(
                f"simulation {work.simulation_id} needs scenario {work.head.scenario!r},"
                " but the engine was given no scenario service"
            )
        return self._scenarios.hooks(work.head.scenario)

    # -- steps ----------------------------------------------------------------------------

    async def step(
        self,
        simulation_id: str,
        force_phase: SimulationPhase | None = None,
        *,
        keep_lease: bool = False,
    ) -> PhaseResult:
        """Run one phase; see `PhaseEngine.step`."""
        found: PhaseResult = await self._guarded(
            simulation_id, lambda work: self._phase(work, force_phase, keep_lease)
        )
        return found

    async def digest(self, simulation_id: str) -> PhaseResult | None:
        """Apply waiting commands as a step of their own; None if there are none."""
        found: PhaseResult | None = await self._guarded(simulation_id, self._commands)
        return found

    async def restore(self, simulation_id: str, step: int) -> PhaseResult:
        """Commit a restore step; see `PhaseEngine.restore`."""

        async def action(work: Workset) -> PhaseResult:
            self.lease.check(work)
            entry = await restore(self.store, work, step)
            self.forget(simulation_id)
            after = await self.workset(simulation_id)
            return self._result_of(after, entry)

        found: PhaseResult = await self._guarded(simulation_id, action)
        return found

    async def record(self, simulation_id: str, entry: Mapping[str, Any]) -> str:
        """Commit a control step as another journal describes it; return the hash."""

        async def action(work: Workset) -> str:
            draft = work.draft()
            if entry.get("status"):
                draft.state.status = SimulationStatus(entry["status"])
            draft.state.error_count += bool(entry.get("failure"))
            plan = StepPlan(
                kind=StepKind.CONTROL,
                phase=SimulationPhase(entry["phase"]),
                next_phase=SimulationPhase(work.head.phase),
                notes=list(entry.get("notes", [])),
                failure=entry.get("failure"),
            )
            done = await commit(self.store, work, draft, plan, _unwatched)
            return done.hash

        found: str = await self._guarded(simulation_id, action)
        return found

    def _result_of(self, work: Workset, entry: Mapping[str, Any]) -> PhaseResult:
        state = state_of(work)
        phase = SimulationPhase(work.head.phase)
        return PhaseResult(
            simulation=state,
            executed_phase=phase,
            next_phase=phase,
            notes=list(entry.get("notes", [])),
            step=work.head.step,
            cycle=entry.get("cycle", 0),
            hash=work.head.hash,
        )

    async def _guarded(self, simulation_id: str, action: Any) -> Any:
        if simulation_id in self._busy:
            raise StepConflictError(f"simulation {simulation_id} is already being stepped here")
        self._busy.add(simulation_id)
        try:
            return await self._with_retries(simulation_id, action)
        finally:
            self._busy.discard(simulation_id)

    async def _with_retries(self, simulation_id: str, action: Any) -> Any:
        """Run `action`; if only commands moved the head meanwhile, run it again."""
        position = None
        for _ in range(CONFLICT_RETRIES):
            self._probe("before_load", "")
            try:
                work = await self.workset(simulation_id)
            except ConflictError:  # a rival swept or migrated first
                continue
            self._probe("after_load", work.head.phase)
            here = (work.head.cycles, work.head.phase, dict(work.head.passes))
            if position is not None and here != position:
                raise StepConflictError(
                    f"simulation {simulation_id}: another worker ran"
                    f" {position[1]} of cycle {position[0] + 1} first"
                )
            position = here
            try:
                return await action(work)
            except (ConflictError, DocumentMissingError):
                # A missing head is found out by the next load.
                self.forget(simulation_id)
            except BaseException:
                self.forget(simulation_id)
                raise
        raise StepConflictError(
            f"simulation {simulation_id}: commands kept coming first; try again"
        )

    async def _phase(
        self, work: Workset, force_phase: SimulationPhase | None, keep_lease: bool
    ) -> PhaseResult:
        self._check_status(work)
        self.lease.check(work)
        attempt = await self._attempt(work, force_phase)
        self._take_commands(attempt)
        hold = self.lease.hold if keep_lease else None
        if attempt.draft.state.status not in (SimulationStatus.CREATED, SimulationStatus.RUNNING):
            return await self._commit_commands(attempt, StepOutcome.COMMANDS_ONLY)
        if attempt.draft.state.current_phase is not SimulationPhase(work.head.phase):
            return await self._commit_commands(attempt, StepOutcome.COMMANDS_ONLY)
        attempt.gates = open_gates(attempt.draft, attempt.phase)
        if attempt.gates:
            if attempt.taken:
                return await self._commit_commands(attempt, StepOutcome.AWAITING_APPROVAL)
            return self._result(work, attempt, None, StepOutcome.AWAITING_APPROVAL)
        try:
            async with self.lease.beating(self.store, work):
                with scenario_errors():
                    outcome = await self._run_handlers(attempt)
            plan = await self._plan(attempt, outcome, hold)
            done = await self._commit(attempt, plan)
        except (ConflictError, DocumentMissingError):
            raise
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            # A hook that calls exit() has failed; it is no way to end our process, let alone well.
            # The same holds for one that awaits a task which is cancelled, while we are not.
            if _is_ending(error):
                raise
            if isinstance(error, StoreError) and not is_draft_fault(error):
                raise
            if attempt.taken and await self._refuse_poison(work) is not None:
                return await self._phase(work, force_phase, keep_lease)
            await self._record_failure(work, attempt, error, hold)
            raise PhaseExecutionError(
                f"{attempt.phase.value} of cycle {work.head.cycles + 1} failed: {brief(error)}",
                hint=getattr(error, "hint", None),
            ) from error
        return self._result(work, attempt, done, StepOutcome.COMMITTED)

    def _check_status(self, work: Workset) -> None:
        status, name = work.head.status, work.simulation_id
        waiting = [item.kind.value for item in work.inbox]
        if status == SimulationStatus.COMPLETED.value:
            raise SimulationEndedError(
                f"simulation {name} is completed", hint="branch it to go on from an earlier step"
            )
        if status == SimulationStatus.PAUSED.value and "resume" not in waiting:
            raise PhaseEngineError(
                f"simulation {name} is paused", hint=f"scrai simulation resume {name}"
            )
        if status == SimulationStatus.ERROR.value and not {"retry", "skip"} & set(waiting):
            raise PhaseEngineError(
                f"simulation {name} is in error: {work.head.last_error}",
                hint=f"scrai simulation resume {name} --retry, --skip or --roll-back",
            )

    async def _attempt(self, work: Workset, force: SimulationPhase | None) -> Attempt:
        due = SimulationPhase(work.head.phase)
        phase = force or due
        if phase in (SimulationPhase.PAUSED, SimulationPhase.COMPLETED):
            raise PhaseSequenceError(f"{phase.value} is a state, not a phase that can be run")
        if phase is not due and self.config.enforce_phase_sequence:
            raise PhaseSequenceError(
                f"expected phase {due.value}, given {phase.value}",
                hint="set enforce_phase_sequence to False to force a phase",
            )
        passes = await self._passes(work, phase)
        hooks = self.hooks_of(work)
        work.shares = hooks.shares_configuration
        draft = work.draft()
        vault = Vault(self.store, work.path, work.packed)
        config = work.parts["configuration"].typed(hooks) if work.shares else None
        context = PhaseContext(draft, hooks, phase, passes, self._caller, vault, config)
        return Attempt(work, hooks, phase, passes, phase is not due, draft, context)

    async def _passes(self, work: Workset, phase: SimulationPhase) -> int:
        """Count the committed executions of a phase of this cycle, abandoned ones included."""
        head = work.head
        cycle = head.cycles + 1
        known = head.passes.get(phase.value, 0)
        if cycle > head.redo_until:
            return known
        inherited = (
            (head.fork or {}).get("passes", {}) if ((head.fork or {}).get("cycle") == cycle) else {}
        )
        counted = await self.store.count(
            Query(
                f"{work.path}/steps",
                (
                    Where("cycle", "==", cycle),
                    Where("kind", "==", StepKind.PHASE.value),
                    Where("phase", "==", phase.value),
                ),
            )
        )
        return max(known, int(inherited.get(phase.value, 0)) + counted)

    def _take_commands(self, attempt: Attempt, poison: Mapping[str, ScraiError] = _NONE) -> None:
        step = attempt.work.head.step
        for command in attempt.work.inbox:
            attempt.taken.append(command)
            if command.id in poison:
                attempt.context.note(refused(command, poison[command.id]))
                continue
            try:
                note = apply_command(command, attempt.draft, attempt.context, step)
            except CommandRefusedError as refusal:
                note = refused(command, refusal)
            attempt.context.note(note)

    async def _refuse_poison(self, work: Workset) -> PhaseResult | None:
        """Take the inbox, refusing the commands that no valid state can come of; None without any.

        A command that fits by itself but makes the change set invalid (a reference that leads
        nowhere, an entity grown too large) must not hold up the simulation for ever.
        """
        poison: dict[str, ScraiError] = {}
        await self._sift(work, work.inbox, [], poison)
        if not poison:
            return None
        # The good ones go into the same step: the bad may be bad because of them, and a replay
        # that met the bad alone would find nothing wrong with them.
        attempt = await self._attempt(work, None)
        self._take_commands(attempt, poison)
        return await self._commit_commands(attempt, StepOutcome.COMMANDS_ONLY)

    async def _sift(
        self,
        work: Workset,
        commands: Sequence[Command],
        good: list[Command],
        poison: dict[str, ScraiError],
    ) -> None:
        """Sort commands, given those before them that are good: by halves, as few are bad."""
        problem = await self._poison(work, [*good, *commands])
        if problem is None:
            good.extend(commands)
        elif len(commands) == 1:
            poison[commands[0].id] = problem
        else:
            middle = len(commands) // 2
            await self._sift(work, commands[:middle], good, poison)
            await self._sift(work, commands[middle:], good, poison)

    async def _poison(self, work: Workset, commands: Sequence[Command]) -> ScraiError | None:
        """Return why these commands together give no valid state, if they do not."""
        trial = await self._attempt(work, None)
        for command in commands:
            # What is refused in the ordinary way is no poison.
            with suppress(CommandRefusedError):
                apply_command(command, trial.draft, trial.context, work.head.step)
        try:
            await examine(self.store, work, trial.draft)
        except StoreUnavailableError:
            raise
        except ScraiError as problem:
            return problem
        return None

    async def _run_handlers(self, attempt: Attempt) -> PhaseOutcome:
        context, hooks = attempt.context, attempt.hooks
        if attempt.draft.state.status is SimulationStatus.CREATED:
            attempt.draft.state.start(at=_wall.now())
        apply_policies(attempt.draft, context)
        if attempt.draft.state.status is SimulationStatus.COMPLETED:
            return PhaseOutcome(again=True)  # a deadline ended the simulation before this phase
        seeding = self._is_seeding(attempt)
        if attempt.phase in hooks.phases and not seeding:
            await settle(hooks.before_phase(context))
        merged = PhaseOutcome()
        if seeding:
            await SeedHandler().execute(context)
        context.adopt_new()
        extra = hooks.handlers().get(attempt.phase, ())
        for handler in (*self._handlers[attempt.phase], *extra):
            merged = _merge(merged, await handler.execute(context))
        if attempt.phase in hooks.phases:
            await settle(hooks.after_phase(context))
            context.adopt_new()
        return merged

    def _is_seeding(self, attempt: Attempt) -> bool:
        return (
            attempt.phase is SimulationPhase.EVENT_GENERATION
            and not attempt.draft.state.metadata.get(SEEDED)
        )

    async def _plan(self, attempt: Attempt, outcome: PhaseOutcome, hold: Any) -> StepPlan:
        phase, context = attempt.phase, attempt.context
        next_phase = self._next(phase, outcome)
        metrics: dict[str, float] = {}
        if phase is SimulationPhase.SNAPSHOT and next_phase is not phase:
            with scenario_errors():
                metrics = metrics_of(await settle(attempt.hooks.metrics(context)))
        if context.ended:
            context.note(f"ended: {context.ended}")
            attempt.draft.state.status = SimulationStatus.COMPLETED
        elif context.held:
            context.note(f"paused: {context.held}")
            attempt.draft.state.status = SimulationStatus.PAUSED
        settled = {"costs": context.costs} | await settle_calls(context)
        return self._step_plan(
            StepKind.PHASE,
            attempt,
            next_phase=next_phase,
            passes=attempt.passes,
            metrics=metrics,
            forced=attempt.forced,
            hold_lease=hold,
            vault=context.vault,
            **settled,
        )

    def _next(self, phase: SimulationPhase, outcome: PhaseOutcome) -> SimulationPhase:
        due = phase if outcome.again else successor(phase)
        if outcome.next_phase in (None, due):
            return due
        if self.config.enforce_phase_sequence:
            raise PhaseSequenceError(
                f"expected phase {due.value} after {phase.value}, given {outcome.next_phase}"
            )
        return SimulationPhase(outcome.next_phase)

    def _step_plan(self, kind: StepKind, attempt: Attempt, **rest: Any) -> StepPlan:
        return StepPlan(
            kind=kind,
            phase=attempt.phase,
            notes=list(attempt.context.notes),
            commands=attempt.taken,
            keep_notes=self.config.persist_phase_notes,
            log_window=self.config.phase_log_window,
            **rest,
        )

    async def _commit(self, attempt: Attempt, plan: StepPlan) -> Committed:
        phase, work = plan.phase.value, attempt.work
        while True:
            try:
                done = await commit(
                    self.store, work, attempt.draft, plan, lambda at: self._probe(at, phase)
                )
                break
            except ConflictError as error:
                fresh = await settle_again(attempt.context, error)
                if fresh is None:
                    raise
                plan = replace(plan, **fresh)
        await sweep_orphans(self.store, work, done.entry)
        if self._bus.active:
            entry = done.entry | {"patches": done.changes.patches}
            for message in messages_of(work.simulation_id, entry):
                await self._bus.publish(message)
        return done

    # -- commands and failures ------------------------------------------------------------

    async def _commands(self, work: Workset) -> PhaseResult | None:
        if not work.inbox:
            return None
        self.lease.check(work)
        attempt = await self._attempt(work, None)
        self._take_commands(attempt)
        try:
            return await self._commit_commands(attempt, StepOutcome.COMMANDS_ONLY)
        except (ModelError, InvalidInputError, InvalidDocumentError):
            result = await self._refuse_poison(work)
            if result is None:
                raise
            return result

    async def _commit_commands(self, attempt: Attempt, outcome: StepOutcome) -> PhaseResult:
        next_phase = attempt.draft.state.current_phase
        if next_phase is SimulationPhase.COMPLETED:
            next_phase = attempt.phase
        plan = self._step_plan(StepKind.COMMANDS, attempt, next_phase=next_phase)
        done = await self._commit(attempt, plan)
        return self._result(attempt.work, attempt, done, outcome)

    async def _record_failure(
        self, work: Workset, attempt: Attempt, error: BaseException, hold: Any
    ) -> None:
        """Journal a failed try; the draft and the inbox stay as they were before it."""
        draft = work.draft()
        head = work.head
        draft.state.last_error = storable(brief(error), KEPT)
        draft.state.error_count += 1
        if draft.state.status is SimulationStatus.CREATED:
            draft.state.status = SimulationStatus.RUNNING
        if head.tries + 1 >= self.config.max_consecutive_failures:
            draft.state.status = SimulationStatus.ERROR
        plan = StepPlan(
            kind=StepKind.CONTROL,
            phase=attempt.phase,
            next_phase=SimulationPhase(head.phase),
            passes=attempt.passes,
            notes=[f"try {head.tries + 1} failed: {brief(error)}"],
            failure=draft.state.last_error,
            hold_lease=hold,
            **await settle_failure(attempt.context, error),
        )
        await commit(self.store, work, draft, plan, _unwatched)
        self.forget(work.simulation_id)

    def _result(
        self, work: Workset, attempt: Attempt, done: Committed | None, outcome: StepOutcome
    ) -> PhaseResult:
        state = state_of(work)
        entry = done.entry if done else {}
        return PhaseResult(
            simulation=state,
            executed_phase=attempt.phase,
            next_phase=state.current_phase,
            generated_event_ids=list(entry.get("generated_event_ids", [])),
            generated_action_ids=list(entry.get("generated_action_ids", [])),
            notes=list(attempt.context.notes),
            outcome=outcome,
            awaiting=attempt.gates,
            step=work.head.step,
            cycle=entry.get("cycle", work.head.cycles + 1),
            passes=attempt.passes,
            hash=work.head.hash,
            metrics=dict(entry.get("metrics", {})),
            duration_ms=entry.get("duration_ms", 0.0),
        )

    async def release(self, simulation_id: str) -> None:
        """Give back our lease, if the head carries it; if the store fails, it runs out."""
        try:
            work = self._works.get(simulation_id)
            if work is None:  # the run was cut off: look at what is stored
                document = await self.store.get(SIMULATIONS, simulation_id)
                if document is None:
                    return
                work = Workset(simulation_id, read_head(document), document)
            if self.lease.is_ours(work.head):
                await self.lease.write(self.store, work, hold=False)
        except (ConflictError, DocumentMissingError, StoreUnavailableError):
            self.forget(simulation_id)


def _is_ending(error: BaseException) -> bool:
    """Whether it is we who are being cancelled."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling() > 0)


def _unwatched(*_: str) -> None:
    """Probe nothing."""


def refused(command: Command, why: ScraiError) -> str:
    """Return the journal's line for a refused command."""
    return f"refused {command.kind.value} {command.id}: {why}"


def _merge(old: PhaseOutcome, new: PhaseOutcome | None) -> PhaseOutcome:
    if new is None:
        return old
    return PhaseOutcome(old.again or new.again, new.next_phase or old.next_phase)
