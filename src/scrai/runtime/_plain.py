"""Errors of repositories as people want them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from scrai.errors import RepositoryError, ScraiError


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what failed rather than that a repository did."""
    try:
        yield
    except RepositoryError as error:
        if isinstance(error.__cause__, ScraiError):
            raise error.__cause__ from None
        raise
