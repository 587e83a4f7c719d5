"""What becomes of actions: a model judges those that the rules let pass, many in one question.

Every id that must be answered is in the prompt and in the schema. A reply that leaves ids out or
answers unknown ones is sent back; after the last repair those that were answered well count, and
the others have failed: silence is never success.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import orjson
from pydantic import (
    AfterValidator,
    BeforeValidator,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from scrai.engine.minds import _view
from scrai.engine.minds._effects import operations_of
from scrai.engine.minds._minds import Minds, Question, plain_schema
from scrai.engine.minds._replies import OutcomeReply
from scrai.models import Action

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext

BATCH: Final = 12
TOKENS: Final = 128
"""What the outcome of one action needs; a reply about twelve is not to be cut off."""
Outcomes: TypeAlias = dict[str, OutcomeReply]
_OUTCOME: Final = TypeAdapter(OutcomeReply)
_KEY: Final = re.compile(r'\s*,?\s*("(?:[^"\\]|\\.)*")\s*:\s*')


async def judge_actions(
    context: PhaseContext, minds: Minds, actions: Sequence[Action]
) -> dict[str, dict[str, Any]]:
    """Return an outcome {success, reason, effects} for every action, by its id."""
    batches = [actions[start : start + BATCH] for start in range(0, len(actions), BATCH)]
    questions = [_question(context, minds, index, each) for index, each in enumerate(batches)]
    answers = await minds.ask_all(questions)
    found: dict[str, dict[str, Any]] = {}
    for batch, answer in zip(batches, answers, strict=True):
        for action in batch:
            found[action.id] = _outcome(context, action, (answer or {}).get(action.id))
    return found


def _question(
    context: PhaseContext, minds: Minds, index: int, batch: Sequence[Action]
) -> Question[Outcomes]:
    return Question(
        slot=f"resolve/{index:04d}",
        prompt="resolve",
        values={
            "cycle": str(context.cycle),
            "now": context.now.isoformat(),
            "world": _view.world(context),
            "actions": _view.actions(batch),
        },
        kind=shape([action.id for action in batch], brief=minds.config.brief),
        role="resolution",
        least_tokens=TOKENS * len(batch),
        salvage=partial(salvage, frozenset(action.id for action in batch)),
    )


def salvage(ids: frozenset[str], text: str) -> Outcomes | None:
    """Return the well-formed outcomes of known ids in a faulty reply, None if there are none."""
    kept: Outcomes = {}
    for key, value in _pairs(text):
        if key in ids:
            with suppress(ValidationError, TypeError):
                kept[key] = _OUTCOME.validate_json(orjson.dumps(value), strict=True)
    return kept or None


def _pairs(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of an object that may be cut off, as far as they are whole."""
    at = text.find("{") + 1
    while at and (key := _KEY.match(text, at)):
        try:
            value, at = _DECODER.raw_decode(text, key.end())
            yield orjson.loads(key[1]), value
        except (ValueError, RecursionError):
            return


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)


def shape(ids: Sequence[str], *, brief: bool = False) -> TypeAdapter[Outcomes]:
    """Return the shape of an answer: an object with an outcome for each of these ids.

    A brief one has no effects: those that actions declare must do.
    """
    one = plain_schema(OutcomeReply)
    if brief:
        plain = {name: part for name, part in one["properties"].items() if name != "effects"}
        one = one | {"properties": plain, "required": list(plain)}
    schema = {
        "type": "object",
        "properties": dict.fromkeys(ids, one),
        "required": list(ids),
        "additionalProperties": False,
    }

    def check(found: Outcomes) -> Outcomes:
        missing = [key for key in ids if key not in found]
        if missing:
            raise ValueError(f"no outcome for {', '.join(missing)}")
        return found

    def known(found: Any) -> Any:
        strange = [key for key in found if key not in ids] if isinstance(found, dict) else []
        if strange:
            raise ValueError(f"unknown ids {', '.join(map(str, strange))[:100]}")
        return found

    return TypeAdapter(
        Annotated[
            dict[str, OutcomeReply],
            AfterValidator(check),
            BeforeValidator(known),
            WithJsonSchema(schema),
        ]
    )


def _outcome(context: PhaseContext, action: Action, reply: OutcomeReply | None) -> dict[str, Any]:
    if reply is None:
        return {"success": False, "reason": "not resolved: no usable reply", "effects": []}
    effects, problems = operations_of(context, reply.effects, self_id=action.actor_id)
    for problem in problems:
        context.note(f"action {action.id}: left out {problem}")
    return {
        "success": reply.success,
        "reason": reply.reason,
        "effects": [each.model_dump(mode="json") for each in effects] if reply.success else [],
    }
