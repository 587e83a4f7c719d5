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


def near(name: Any, known: Iterable[str]) -> str:
    """Return ` (did you mean x?)` if something known is like `name`, else nothing."""
    close = difflib.get_close_matches(str(name), sorted(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]}?)" if close else ""


def explain(error: ValidationError, where: str) -> list[str]:
    """Return one line for each problem: where, which field, what is wrong, what is near."""
    return [_line(detail, error.title, where) for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, title: str, where: str) -> str:
    field = _field(detail["loc"])
    text = " ".join(_problem(detail, title).split())
    return ": ".join(part for part in (where, field, text) if part)


def _field(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _problem(detail: ErrorDetails, title: str) -> str:
    kind = detail["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is no field{_near_field(detail['loc'], title)}"
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


def _near_field(loc: tuple[int | str, ...], title: str) -> str:
    cls = _named(title)
    for part in loc[:-1]:
        if cls is not None and isinstance(part, str):
            info = cls.model_fields.get(part)
            cls = _model_in(info.annotation) if info else None
    return near(loc[-1], cls.model_fields) if cls is not None else ""


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
