"""Documents that were fetched in any order, in the order asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scrai.store._types import Document


def arrange(ids: Sequence[str], found: Mapping[str, Document]) -> list[Document | None]:
    """Return what was found in the order of the ids, None where nothing was.

    An id that comes more than once gives a copy each time: readers share nothing.
    """
    if len(found) == len(ids):
        return [found[each] for each in ids]
    return [_own_copy(found.get(each)) for each in ids]


def _own_copy(document: Document | None) -> Document | None:
    return document and replace(document, columns=dict(document.columns))
