"""Looking at what a simulation's metadata say of its minds, where they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrai.data._mapping import MINDS


def check_minds(metadata: Mapping[str, Any]) -> None:
    """Refuse minds that no phase could use; raises InvalidInputError."""
    if MINDS not in metadata:
        return
    # Most simulations have no minds: then the model of their settings is not even built.
    from scrai.data.minds import minds_of

    minds_of(metadata)
