"""The configuration of an exchange: a whole scenario document, checked once and expanded."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import orjson

from scrai.errors import InvalidInputError
from scrai.models import Unread
from scrai.worlds.exchange._load import check_configuration
from scrai.worlds.exchange._load_spec import listed_utilities, spec_of
from scrai.worlds.exchange._spec import ExchangeSpec

LARGEST: Final = 1_000_000
"""Bytes of a document as JSON: it is kept within the simulation, as one document of the store."""

_KEPT: Final = 8


class Economy:
    """A checked scenario document, and what it expands to.

    Attributes:
        digest: of the document; equal documents have equal digests.
    """

    def __init__(self, text: bytes, digest: str) -> None:
        document = orjson.loads(text)
        check_configuration(document, "exchange")
        self.digest = digest
        # Kept in little room: as plain values, ten thousand utilities take ten times as much.
        self._listed = listed_utilities(document)
        if self._listed is not None:
            document["utilities"] = {}
        self._rest = _bytes(document)
        self._specs: dict[int, ExchangeSpec] = {}

    @staticmethod
    def of(document: Mapping[str, Any]) -> Economy:
        """Return the economy of a document.

        Raises:
            InvalidInputError: all that is wrong with it.
        """
        try:
            text = document.data if isinstance(document, Unread) else _bytes(dict(document))
        except TypeError as problem:
            raise InvalidInputError(f"exchange: {problem}") from None
        if len(text) > LARGEST:
            raise InvalidInputError(
                f"exchange: the scenario has {len(text):,} bytes; a simulation keeps at most"
                f" {LARGEST:,}",
                hint="give many agents a mix of utilities (--per-type) and uniform_int inventories",
            )
        return _economy(text)

    def spec(self, seed: int) -> ExchangeSpec:
        """Return the economy with everything drawn from a seed."""
        found = self._specs.get(seed)
        if found is None:
            if len(self._specs) == _KEPT:
                self._specs.clear()
            found = self._specs[seed] = spec_of(orjson.loads(self._rest), seed, self._listed)
        return found


def _economy(text: bytes) -> Economy:
    """Return the economy of a text, as made before if it was one of the last few."""
    digest = sha256(text).hexdigest()
    found = _KNOWN.pop(digest, None) or Economy(text, digest)
    _KNOWN[digest] = found
    if len(_KNOWN) > _KEPT:
        del _KNOWN[next(iter(_KNOWN))]
    return found


# Every phase asks, and checking takes long where a document is long. Known by digest, as the text
# of a long one weighs more than what is made of it.
_KNOWN: Final[dict[str, Economy]] = {}


def _bytes(document: dict[str, Any]) -> bytes:
    """Return a document as canonical JSON, without the spare room that orjson leaves behind it."""
    return bytes(memoryview(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)))


def changed_for_good(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what differs of that which only the beginning of a world depends on."""
    old, new = (Economy.of(each).spec(0) for each in (before, after))
    return sorted(name for name, find in _BEGINNING.items() if find(old) != find(new))


_BEGINNING: Final[Mapping[str, Any]] = {
    "N": lambda spec: spec.N,
    "agents": lambda spec: spec.agents,
    "initial_inventories": lambda spec: (spec.A, spec.B, spec.M),
    "lambda_money": lambda spec: spec.lambda_money,
    "resource_seed": lambda spec: (spec.resource_density, spec.resource_amount),
    "allow_colocation": lambda spec: spec.allow_colocation,
    "params.resource_max_amount": lambda spec: spec.params.resource_max_amount,
    "params.money_scale": lambda spec: spec.params.money_scale,
}
