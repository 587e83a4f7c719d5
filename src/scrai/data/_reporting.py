"""Every failure of a repository is a RepositoryError that says what was being done to what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from scrai.errors import RepositoryError, ScraiError
from scrai.models import explain

_SHOWN = 3


@contextmanager
def reporting(operation: str, entity_type: str, entity_id: str | None = None) -> Iterator[None]:
    """Turn what fails inside into a RepositoryError; what failed is its `__cause__`."""
    try:
        yield
    except RepositoryError:
        raise
    except ScraiError as error:
        raise RepositoryError(
            _line(operation, entity_type, entity_id, error.message),
            operation,
            entity_type,
            entity_id,
            hint=error.hint,
            exit_code=error.exit_code,
        ) from error
    except ValidationError as error:
        problems = explain(error, "")
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        text = "; ".join(problems[:_SHOWN]) + more
        raise RepositoryError(
            _line(operation, entity_type, entity_id, text),
            operation,
            entity_type,
            entity_id,
            exit_code=2,
        ) from error


def _line(operation: str, entity_type: str, entity_id: str | None, problem: str) -> str:
    what = entity_type if entity_id is None else f"{entity_type} {entity_id!s:.80}"
    return f"{operation} {what}: {problem}"
