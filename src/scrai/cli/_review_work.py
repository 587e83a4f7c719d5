"""Decisions of the approval inbox, one by one, each with what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from scrai.errors import InvalidInputError, ScraiError, StoreUnavailableError

if TYPE_CHECKING:
    from scrai.runtime import Runtime, Wanted

_NOTHING: Final[Mapping[str, Any]] = {}


async def decide_all(
    runtime: Runtime,
    word: str,
    simulation: str | None,
    wanted: Wanted,
    by: str,
    reason: str | None,
) -> list[dict[str, Any]]:
    """Decide about everything in the inbox that is wanted; return what became of each.

    Raises:
        InvalidInputError: an id was named that waits for nobody; nothing was decided.
    """
    found = [item async for item in _named(runtime, simulation, wanted)]
    missing = [key for key in wanted.ids if not any(_is(item, key) for item in found)]
    if missing:
        raise InvalidInputError(
            f"nothing waits for a decision under {', '.join(missing)[:200]}",
            hint="scrai review --list shows what does",
        )
    return [await decided(runtime, item, word, by, reason) for item in found]


async def _named(runtime: Runtime, simulation: str | None, wanted: Wanted) -> Any:
    """Yield the wanted part of the inbox; where ids name simulations, only those are looked at."""
    owners = dict.fromkeys(key.partition("~")[0] for key in wanted.ids)
    for owner in [simulation] if simulation or not owners else owners:
        async for item in runtime.review.inbox(owner, wanted):
            yield item


def _is(item: Mapping[str, Any], key: str) -> bool:
    return key in (item["id"], f"{item['simulation_id']}~{item['id']}")


async def decided(
    runtime: Runtime,
    item: Mapping[str, Any],
    word: str,
    by: str,
    reason: str | None = None,
    changes: Mapping[str, Any] = _NOTHING,
    assignments: Sequence[str] = (),
) -> dict[str, Any]:
    """Decide about one item; return what became of it, an error among its fields."""
    from scrai.models import Decision

    about = {name: item[name] for name in ("simulation_id", "collection", "id", "gate")}
    about |= {"decision": word, "by": by, "applied": False, "step": None, "status": None}
    try:
        entity, receipt = await runtime.entities.decide(
            item["simulation_id"],
            item["collection"],
            item["id"],
            Decision(word),
            by=by,
            reason=reason,
            changes=changes,
            assignments=assignments,
        )
    except StoreUnavailableError:
        raise
    except ScraiError as error:
        told = {"type": type(error).__name__, "message": error.message, "hint": error.hint}
        return about | {"error": told}
    done = {"applied": receipt.applied, "step": receipt.step, "status": entity["status"]}
    return about | done | {"error": None}
