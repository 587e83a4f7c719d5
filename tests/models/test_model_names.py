"""The public face of the models, and the list of hashed fields."""

from __future__ import annotations

import subprocess
import sys

import pytest

import scrai.models
from scrai.models import (
    HASH_VERSION,
    HASHED_FIELDS,
    Action,
    ActionPriority,
    Actor,
    Event,
    Model,
    SimulationState,
)

CONTRACT = [
    "Actor",
    "ActorType",
    "Event",
    "EventType",
    "EventStatus",
    "Action",
    "ActionType",
    "ActionStatus",
    "ActionPriority",
    "SimulationState",
    "SimulationPhase",
    "SimulationStatus",
]

NOT_HASHED = {
    Actor: {"simulation_id"},
    Event: {"simulation_id", "approved_by"},
    Action: {"simulation_id", "approved_by"},
}


def test_the_exported_names_are_sorted_complete_and_there() -> None:
    names = scrai.models.__all__
    # The order of ruff's RUF022: constants, classes, functions.
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert set(CONTRACT) <= set(names)
    assert {name for name in dir(scrai.models) if not name.startswith("_")} == set(names)


def test_public_classes_are_documented() -> None:
    for name in scrai.models.__all__:
        found = getattr(scrai.models, name)
        if isinstance(found, type):
            assert found.__doc__, name


def test_every_field_is_hashed_or_left_out_on_purpose() -> None:
    assert HASH_VERSION == 1
    for cls, left_out in NOT_HASHED.items():
        assert HASHED_FIELDS[cls] == set(cls.model_fields) - left_out
    assert HASHED_FIELDS[SimulationState] == {"current_phase", "phase_number"}
    assert set(HASHED_FIELDS) == {Actor, Event, Action, SimulationState}


def test_priorities_have_ranks() -> None:
    assert sorted(ActionPriority, key=lambda p: p.rank) == ["low", "normal", "high", "urgent"]


@pytest.mark.parametrize("name", CONTRACT)
def test_enum_members_are_upper_case_of_their_values(name: str) -> None:
    found = getattr(scrai.models, name)
    if not issubclass(found, Model):
        assert {member.name: member.value for member in found} == {
            member.value.upper(): member.value for member in found
        }


def test_importing_the_models_reads_no_other_layer() -> None:
    code = "import sys, scrai.models; print(*sorted(m for m in sys.modules if 'scrai' in m))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    layers = {name.split(".")[1] for name in out.split() if "." in name}
    assert layers == {"models", "errors", "_wall"}
