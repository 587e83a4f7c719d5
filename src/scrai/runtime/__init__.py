"""The runtime: from settings to everything that the doors offer."""

from scrai.runtime._assignments import assigned, parse_assignment, parse_assignments, parse_value
from scrai.runtime._demo import DemoServer, demo_model, serve_model
from scrai.runtime._described import describe_scenario
from scrai.runtime._doctor import Check, examine, healthy
from scrai.runtime._entities import Entities
from scrai.runtime._positions import At, parse_at, parse_phase
from scrai.runtime._receipts import Receipt
from scrai.runtime._review import Review, Wanted
from scrai.runtime._runtime import Runtime
from scrai.runtime._settings import Settings
from scrai.runtime._stores import make_store, place_of
from scrai.runtime._tables import TABLES, columns_of
from scrai.runtime._trial import try_scenario
from scrai.runtime._views import ended, phase_result, summary
from scrai.runtime._writers import FORMATS, write_table

__all__ = [
    "FORMATS",
    "TABLES",
    "At",
    "Check",
    "DemoServer",
    "Entities",
    "Receipt",
    "Review",
    "Runtime",
    "Settings",
    "Wanted",
    "assigned",
    "columns_of",
    "demo_model",
    "describe_scenario",
    "ended",
    "examine",
    "healthy",
    "make_store",
    "parse_assignment",
    "parse_assignments",
    "parse_at",
    "parse_phase",
    "parse_value",
    "phase_result",
    "place_of",
    "serve_model",
    "summary",
    "try_scenario",
    "write_table",
]
