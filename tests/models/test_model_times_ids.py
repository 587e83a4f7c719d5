"""Times are aware UTC with one stored form; ids are what every store can keep."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from scrai import _wall
from scrai.models import (
    Action,
    Actor,
    Command,
    Event,
    Parent,
    SimulationState,
    dump_bytes,
    format_time,
    id_problem,
    parse_time,
    to_stored,
)

PARIS = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (datetime(2000, 1, 1, 8), "2000-01-01T08:00:00.000000Z"),
        (datetime(2000, 1, 1, 8, tzinfo=UTC), "2000-01-01T08:00:00.000000Z"),
        (datetime(2000, 1, 1, 8, tzinfo=PARIS), "2000-01-01T06:00:00.000000Z"),
        (datetime(999, 1, 1, 0, 0, 0, 1), "0999-01-01T00:00:00.000001Z"),
        ("2000-01-01T08:00:00", "2000-01-01T08:00:00.000000Z"),
        ("2000-01-01T08:00:00Z", "2000-01-01T08:00:00.000000Z"),
        ("2000-01-01T08:00:00.5+02:00", "2000-01-01T06:00:00.500000Z"),
        ("2000-01-01 08:00", "2000-01-01T08:00:00.000000Z"),
        ("2000-01-01", "2000-01-01T00:00:00.000000Z"),
    ],
)
def test_one_stored_form(given: Any, stored: str) -> None:
    event = Event(id="e", title="E", created_at=given, scheduled_for=given)
    assert event.scheduled_for is not None
    assert event.scheduled_for.tzinfo is UTC
    assert format_time(event.scheduled_for) == stored
    assert format_time(parse_time(given)) == stored
    assert to_stored(event)["scheduled_for"] == stored
    assert json.loads(event.model_dump_json())["scheduled_for"] == stored
    assert json.loads(dump_bytes(event))["created_at"] == stored
    event.scheduled_for = None
    event.scheduled_for = given
    assert format_time(event.scheduled_for) == stored


def test_naive_means_utc_wherever_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert parse_time(datetime(1987, 6, 5, 4)) == datetime(1987, 6, 5, 4, tzinfo=UTC)
        assert format_time(parse_time("1987-06-05T04:03")) == "1987-06-05T04:03:00.000000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "bad",
    [
        0,
        2025,
        1.5,
        True,
        "noon",
        "",
        "2000-13-01T00:00:00Z",
        b"2000-01-01",
        date(2000, 1, 1),
        [],
        datetime.max.replace(tzinfo=timezone(-timedelta(hours=3))),
        datetime.min.replace(tzinfo=PARIS),
    ],
)
def test_what_is_no_time(bad: Any) -> None:
    with pytest.raises(ValidationError):
        Event(id="e", title="E", scheduled_for=bad)
    with pytest.raises(ValueError, match=r"2000-01-01T08:00:00Z|years 1 to 9999"):
        parse_time(bad)


def test_the_stored_form_sorts_as_time_does() -> None:
    start = datetime(999, 12, 31, 23, 59, 59, 999_998, UTC)
    times = [start + timedelta(microseconds=n) for n in range(4)]
    texts = [format_time(moment) for moment in times]
    assert texts == sorted(texts)
    assert [parse_time(text) for text in texts] == times


@pytest.mark.parametrize("cls", [Actor, Event, Action, SimulationState])
def test_times_nobody_gave_are_wall_times_and_always_stored(
    cls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2024, 5, 6, tzinfo=UTC)
    monkeypatch.setattr(_wall, "now", lambda: now)
    fields = {"name": "N", "title": "T", "actor_id": "a"}
    entity = cls(id="x", **{k: v for k, v in fields.items() if k in cls.model_fields})
    assert entity.created_at == now
    assert to_stored(entity)["created_at"] == "2024-05-06T00:00:00.000000Z"


GOOD = ["a", "actor-mayor", "Łódź", "a b", "__", "___", "__x", "x__", "a.b", "...", "é" * 350]
BAD = ["", ".", "..", "a/b", "/", "a~b", "~", "a\0b", "__x__", "____", "__a\nb__", "é" * 351]
BAD += ["x" * 701, "\ud800"]


@pytest.mark.parametrize("value", GOOD)
def test_good_ids(value: str) -> None:
    assert id_problem(value) is None
    assert Actor(id=value, simulation_id=value, name="N").id == value
    assert SimulationState(id=value, name="N").id == value


@pytest.mark.parametrize("value", BAD)
def test_bad_ids(value: str) -> None:
    assert id_problem(value)
    made: list[Any] = [
        lambda: Actor(id=value, name="N"),
        lambda: Actor(id="a", name="N", simulation_id=value),
        lambda: Event(id=value, title="T"),
        lambda: Action(id=value, actor_id="a"),
        lambda: SimulationState(id=value, name="N"),
        lambda: Parent(simulation_id=value, step=1),
    ]
    for make in made:
        with pytest.raises(ValidationError):
            make()


@pytest.mark.parametrize("value", [None, 3, ["a"]])
def test_ids_are_text(value: Any) -> None:
    with pytest.raises(ValidationError):
        Actor(id=value, name="N")


def test_document_ids_may_be_joined_and_longer() -> None:
    assert Command(id="decide~storm~approval" + "x" * 1400, kind="pause").id  # type: ignore[arg-type]
    for bad in ("", "a/b", "..", "__x__", "x" * 1501):
        with pytest.raises(ValidationError):
            Command(id=bad, kind="pause")  # type: ignore[arg-type]
