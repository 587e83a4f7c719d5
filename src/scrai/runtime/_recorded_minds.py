"""The settings of minds that a cassette brings with it, for the run that is made again from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scrai.errors import ConfigurationError

REPLAY: Final = "replay:"
_SPEAKERS: Final = "speakers"
_MEANING: Final = "embeddings"


def as_recorded(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of minds as they have to be for what answers them.

    Where that is a cassette, its settings hold for what was not given; the actors who had a model
    of their own have a role of their own again, which the cassette answers.

    Raises:
        ConfigurationError: a setting that was given is not the one that was recorded.
    """
    spec = given["llm"].strip() if isinstance(given["llm"], str) else ""
    if not spec.startswith(REPLAY):
        return dict(given)
    from scrai.engine.minds import MINDS, minds_of
    from scrai.llm import recorded_minds

    file = spec.removeprefix(REPLAY)
    recorded = recorded_minds(file)
    said = minds_of({MINDS: given})
    if recorded is None or said is None:
        return dict(given)
    roles = dict.fromkeys(recorded.get(_SPEAKERS, ()), spec)
    asked = {name: value for name, value in recorded.items() if name != _SPEAKERS}
    shape = said.shape()
    names = [name for name in asked if name in given]
    differing = [
        f"{name} is {_shown(shape[name])}, recorded with {_shown(asked[name])}"
        for name in names
        if shape.get(name) != asked[name]
    ]
    if "models" in given and shape[_SPEAKERS] != sorted(roles):
        mine, theirs = _shown(shape[_SPEAKERS]), _shown(sorted(roles))
        differing.append(f"models has {mine}, recorded with {theirs}")
    if differing:
        raise ConfigurationError(
            f"{file} was recorded with other settings: {'; '.join(differing)}",
            hint="leave them out: they come from the recording",
        )
    if _MEANING in asked:
        asked[_MEANING] = spec if asked[_MEANING] else None
    return {"models": roles, **asked, **given} if roles else {**asked, **given}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)
