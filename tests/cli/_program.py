"""Runs the command line in this process, and a small world for it to run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from scrai.cli import app

WELL = '''"""Three households draw from one well."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from scrai.models import Action, ActionType, Actor, Event, EventType, Operation
from scrai.scenarios import Scenario, ScenarioContext


class Well(Scenario):
    name = "well"

    class Config(BaseModel):
        share: int = Field(4, ge=0, le=50, description="what a household draws")
        rain: int = Field(10, ge=0)
        fail_at: int = Field(0, description="the cycle whose event generation fails")
        ask: bool = Field(False, description="every action waits for approval")

    def seed(self, context: ScenarioContext) -> None:
        context.state.world_state["water"] = 40
        context.extend(
            actors=[
                Actor(id=f"actor-{name}", name=name.title(), attributes={"trips": 0})
                for name in ("ada", "ben", "cleo")
            ]
        )

    def before_phase(self, context: ScenarioContext) -> None:
        if context.config.fail_at == context.cycle:
            raise RuntimeError("the well is dry")
        rain = context.rng("rain").integer(0, context.config.rain)
        context.note(f"{rain} litres of rain")
        fall = Operation(op="add", target="world", path="water", value=rain)
        context.extend(
            events=[
                Event(
                    id=context.new_id("rain"),
                    title="Rain",
                    type=EventType.ENVIRONMENTAL,
                    effects=[fall],
                )
            ],
            actions=[self.draw(context, actor) for actor in context.actors],
        )

    def draw(self, context: ScenarioContext, actor: Actor) -> Action:
        take = {"op": "add", "target": "world", "path": "water", "value": -context.config.share}
        trip = {"op": "add", "target": "self", "path": "attributes.trips", "value": 1}
        return Action(
            id=context.new_id("draw"),
            actor_id=actor.id,
            type=ActionType.ECONOMIC,
            intent="draw water",
            requires_approval=context.config.ask,
            parameters={"effects": [take, trip]},
        )

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        return {"water": context.state.world_state["water"]}
'''


@dataclass(frozen=True)
class Result:
    """What a call of the program did."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error that it printed, as JSON."""
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found


class Program:
    """The command line in a folder of its own.

    Attributes:
        folder: where it runs; `well.py` lies there.
        options: global options of every call.
    """

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.options = options
        (folder / "well.py").write_text(WELL, encoding="utf-8")

    def call(self, *args: object, stdin: str | bytes | None = None) -> Result:
        """Call the program; whatever comes of it is returned."""
        words = (*self.options, *map(str, args))
        done = CliRunner().invoke(app, words, input=stdin)
        trace = done.exception
        if trace is not None and not isinstance(trace, SystemExit):
            raise AssertionError(f"scrai {' '.join(words)} let {trace!r} through") from trace
        return Result(words, done.exit_code, done.stdout, done.stderr)

    def __call__(self, *args: object, stdin: str | bytes | None = None) -> str:
        """Call the program, which must succeed; return what it printed."""
        found = self.call(*args, stdin=stdin)
        assert found.code == 0, (found.args, found.err, found.out)
        return found.out

    def json(self, *args: object, stdin: str | bytes | None = None) -> Any:
        """Call the program with --json; return what it printed."""
        found = self.call("--json", *args, stdin=stdin)
        assert found.code == 0, (found.args, found.err)
        return found.json

    def fails(self, *args: object, code: int = 1, stdin: str | bytes | None = None) -> str:
        """Call the program, which must fail with one line; return that."""
        found = self.call(*args, stdin=stdin)
        assert found.code == code, (found.args, found.code, found.err, found.out)
        lines = found.err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: "), lines
        assert "Traceback" not in found.err
        return lines[0]

    def create(self, name: str = "town", *args: object) -> str:
        """Create a simulation of the well."""
        self("simulation", "create", "well.py", "--id", name, *args)
        return name

    def state(self, name: str = "town") -> Any:
        """Return what `simulation show` says, without what every look changes."""
        return self.json("simulation", "show", name)
