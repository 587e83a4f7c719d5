"""The keyword arguments of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from scrai.errors import InvalidInputError

_SAMPLING: Final = ("role", "max_tokens", "temperature", "top_p", "seed", "stop")
_STRUCTURED: Final = ("response_type", "max_repairs")


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may say beside the messages."""

    sampling: dict[str, Any]
    model: str | None = None
    response_type: Any = None
    max_repairs: int = 2

    @classmethod
    def of(cls, given: Mapping[str, Any], *, streamed: bool = False) -> Options:
        """Sort out keyword arguments.

        Raises:
            InvalidInputError: one is unknown; it names what is near.
        """
        known = (*_SAMPLING, "model", *(() if streamed else _STRUCTURED))
        for name in given:
            if name not in known:
                near = get_close_matches(name, known, n=2)
                raise InvalidInputError(
                    f"a call takes no {name!r:.60}",
                    hint=f"did you mean {' or '.join(near)}?" if near else ", ".join(known),
                )
        if "max_repairs" in given and given.get("response_type") is None:
            raise InvalidInputError("max_repairs goes with response_type, which is not given")
        sampling = {name: given[name] for name in _SAMPLING if name in given}
        if isinstance(stop := sampling.get("stop"), str):
            sampling["stop"] = (stop,)
        rest = {name: value for name, value in given.items() if name not in _SAMPLING}
        return cls(sampling, **rest)
