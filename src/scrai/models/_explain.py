"""Validation errors as people want to read them: one clear line per problem."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from scrai.models._base import Model

_QUOTED = re.compile(r"'([^']*)'")
_SHOWN = 60
_ALSO_CALLED = {"affects": "affected_actors", "affected": "affected_actors"}
"""What people call a field that is spelled more like another one: `affects` is near `effects`."""


def near(name: Any, known: Iterable[str]) -> str:
    """Return ` (did you mean x?)` if something known is like `name`, else nothing."""
    close = difflib.get_close_matches(str(name), sorted(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def explain(error: ValidationError, where: str, cls: type[BaseModel] | None = None) -> list[str]:
    """Return one line for each problem: where, which field, what is wrong, what is near.

    Near field names need the model that was to be made; ours are found by name, others are
    given as `cls`.
    """
    model = cls or _named(error.title)
    return [_line(detail, model, where) for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, model: type[BaseModel] | None, where: str) -> str:
    field = _field(detail["loc"])
    text = " ".join(_problem(detail, model).split())
    return ": ".join(part for part in (where, field, text) if part)


def _field(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _problem(detail: ErrorDetails, model: type[BaseModel] | None) -> str:
    kind = detail["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is no field{_near_field(detail['loc'], model)}"
    if kind in {"enum", "literal_error"}:
        known = _QUOTED.findall(detail["ctx"]["expected"])
        given = detail["input"]
        return f"{_shown(given)} is not one of {', '.join(known)}{near(given, known)}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, not {_shown(detail['input'])}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _near_field(loc: tuple[int | str, ...], model: type[BaseModel] | None) -> str:
    for part in loc[:-1]:
        if model is not None and isinstance(part, str):
            info = model.model_fields.get(part)
            model = _model_in(info.annotation) if info else None
    if model is None:
        return ""
    meant = _ALSO_CALLED.get(str(loc[-1]))
    name = meant if meant in model.model_fields else loc[-1]
    return near(name, model.model_fields)


def _named(title: str) -> type[BaseModel] | None:
    pending: list[type[BaseModel]] = [Model]
    while pending:
        cls = pending.pop()
        if cls.__name__ == title:
            return cls
        pending.extend(cls.__subclasses__())
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside `Model | None`, `list[Model]` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)
