"""LangGraph: the same six phases as a graph of six nodes in a ring. Runs where LangGraph is."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from .serve import serve

PHASES = (
    "initialize",
    "event_generation",
    "action_collection",
    "action_resolution",
    "world_update",
    "snapshot",
)
ACTING = 7


class State(TypedDict):
    """The state: of `trivial` a counter, of `bench` actors, events and actions as well."""

    cycle: int
    until: int
    counter: int
    actors: list[dict[str, Any]]
    events: list[dict[str, Any]]
    actions: list[dict[str, Any]]


def count(state: State) -> dict[str, Any]:
    """Add one to the counter."""
    return {"counter": state["counter"] + 1}


def end_cycle(state: State) -> dict[str, Any]:
    """Count, and end the cycle."""
    return {"counter": state["counter"] + 1, "cycle": state["cycle"] + 1}


def generate(state: State) -> dict[str, Any]:
    """Change every actor; make an event and the actions."""
    cycle = state["cycle"]
    return {
        "actors": [
            {**actor, "attributes": {**actor["attributes"], "mood": cycle}}
            for actor in state["actors"]
        ],
        "events": [{"id": f"rain-{cycle}", "title": "Rain", "status": "pending"}],
        "actions": [
            {"id": f"work-{cycle}-{number}", "actor_id": actor["id"], "status": "pending"}
            for number, actor in enumerate(state["actors"][:ACTING])
        ],
    }


def resolve(state: State) -> dict[str, Any]:
    """Let the actions have their effects."""
    done = [{**action, "status": "completed"} for action in state["actions"]]
    return {"actions": done, "counter": state["counter"] + len(done)}


def update(state: State) -> dict[str, Any]:
    """Retire events and actions."""
    return {"counter": state["counter"] + 1, "events": [], "actions": []}


WORK = {"event_generation": generate, "action_resolution": resolve, "world_update": update}


def graph(world: str) -> StateGraph[Any]:
    """Return the ring."""
    ring: Any = StateGraph(State)
    for name in PHASES[:-1]:
        ring.add_node(name, WORK.get(name, count) if world == "bench" else count)
    ring.add_node(PHASES[-1], end_cycle)
    ring.add_edge(START, PHASES[0])
    for one, other in itertools.pairwise(PHASES):
        ring.add_edge(one, other)
    ring.add_conditional_edges(
        PHASES[-1], lambda state: END if state["cycle"] >= state["until"] else PHASES[0]
    )
    return ring


def start(
    world: str, saver: str, folder: str, actors: list[dict[str, Any]]
) -> Callable[[int], dict[str, Any]]:
    """Return the function that runs so many cycles in one invocation."""
    file = Path(folder, "langgraph.db")
    keeper: Any = None
    if saver == "memory":
        keeper = InMemorySaver()
    elif saver == "sqlite":
        keeper = SqliteSaver(sqlite3.connect(file, check_same_thread=False))
        keeper.setup()
        keeper.conn.execute("PRAGMA synchronous = NORMAL")  # as ours
    program = graph(world).compile(checkpointer=keeper)
    state: dict[str, Any] = {"cycle": 0, "counter": 0, "actors": [], "events": [], "actions": []}
    if world == "bench":
        state["actors"] = actors
    # `sync`: a step is stored before the next begins, as with us.
    options = {"durability": "sync"} if keeper else {}

    def run(cycles: int) -> dict[str, Any]:
        known = {} if keeper and state["cycle"] else dict(state)
        given = {**known, "until": state["cycle"] + cycles}
        config = {"recursion_limit": 10 * cycles + 100, "configurable": {"thread_id": "town"}}
        state.update(program.invoke(given, config, **options))
        return {"cycle": state["cycle"], "file_bytes": _size(file)}

    return run


def _size(file: Path) -> int:
    files = (file, file.with_name(f"{file.name}-wal"))
    return sum(each.stat().st_size for each in files if each.exists())


if __name__ == "__main__":
    serve(start)
