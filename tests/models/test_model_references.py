"""References that lead nowhere are all found, and near ids are named."""

from __future__ import annotations

from scrai.models import Action, Actor, Condition, Event, Operation, check_references, references

KNOWN = {"actor": ["mayor", "doctor"], "event": ["storm"], "action": ["visit"]}


def exists(kind: str, id_: str) -> bool:
    return id_ in KNOWN[kind]


ACTION = Action(
    id="x",
    actor_id="mayro",
    target_actor_ids=["doctor", "nobody"],
    generated_events=["storm", "strom"],
    prerequisites=[
        Condition(path="attributes.x"),
        Condition(target="actor:doctr", path="attributes.x"),
    ],
)
EVENT = Event(
    id="e",
    title="E",
    affected_actors=["mayor", "ghost"],
    trigger_event_id="storms",
    trigger_action_id="zzz",
    effects=[
        Operation(op="set", target="world", path="x"),
        Operation(op="move", target="actor:ghost", value={}),
    ],
)


def test_every_problem_is_one_line() -> None:
    assert check_references([ACTION, EVENT], exists, KNOWN) == [
        "action x: actor_id: there is no actor mayro (did you mean mayor?)",
        "action x: target_actor_ids[1]: there is no actor nobody",
        "action x: generated_events[1]: there is no event strom (did you mean storm?)",
        "action x: prerequisites[1].target: there is no actor doctr (did you mean doctor?)",
        "event e: affected_actors[1]: there is no actor ghost",
        "event e: trigger_event_id: there is no event storms (did you mean storm?)",
        "event e: trigger_action_id: there is no action zzz",
        "event e: effects[1].target: there is no actor ghost",
    ]


def test_without_known_ids_there_are_no_suggestions() -> None:
    problems = check_references([ACTION], exists)
    assert len(problems) == 4
    assert not any("did you mean" in line for line in problems)


def test_what_is_in_order_gives_nothing() -> None:
    actor = Actor(id="a", name="A", relationships={"stranger": 1})
    good = Action(id="x", actor_id="mayor", generated_events=["storm"])
    event = Event(id="e", title="E", trigger_action_id="visit", affected_actors=["doctor"])
    assert check_references([actor, good, event], exists, KNOWN) == []


def test_the_references_of_an_entity() -> None:
    assert [(kind, id_) for _, kind, id_ in references(EVENT)] == [
        ("actor", "mayor"),
        ("actor", "ghost"),
        ("event", "storms"),
        ("action", "zzz"),
        ("actor", "ghost"),
    ]
