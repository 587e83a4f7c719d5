"""Reading from an emulator as consistently as from production.

Production shows a commit as a whole or not at all. The emulator puts a commit's documents in
place one after the other, for milliseconds (on a machine that is busy: for tenths of a second),
and meanwhile shows some of them: within one answer, and between two answers. A worker that read
a new head with old rows would commit nonsense, its fence notwithstanding. So an answer that has
a change in it which may still be going on is asked for again, as of the time of the answer,
until it stays the same. Our own commits are over once they are acknowledged, and cost nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

_OVER = 1_000_000_000  # nanoseconds after which no commit is going on any more
_PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)

Answer = list[Any]


class Settling:
    """What one client knows about commits: those up to a time are over."""

    def __init__(self) -> None:
        self._over = 0

    def acknowledge(self, stamp: Any) -> None:
        """Note that the commit of that time is over."""
        self._over = max(self._over, _nanoseconds(stamp))

    async def read(
        self,
        ask: Callable[[Any], Awaitable[Answer]],
        request: Any,
        document_of: Callable[[Any], Any],
    ) -> Answer:
        """Ask until nothing in the answer can be half of a commit.

        Args:
            ask: sends the request.
            request: what to ask; gets a `read_time` if it has to be asked again.
            document_of: the document in one reply.
        """
        over = self._over  # those acknowledged from here on may show half in this answer
        answer = await ask(request)
        stamps = [document_of(reply).update_time for reply in answer]
        newest = max(stamps, key=_nanoseconds, default=None)
        if newest is None or _nanoseconds(newest) <= over or _is_over(newest, answer[0].read_time):
            return answer
        request.read_time.CopyFrom(answer[0].read_time)
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            answer, before = await ask(request), stamps
            stamps = [document_of(reply).update_time for reply in answer]
            if stamps == before and pause > _PAUSES[0]:
                break
        self.acknowledge(newest)
        return answer


def _is_over(change: Any, now: Any) -> bool:
    return _nanoseconds(now) > _nanoseconds(change) + _OVER


def _nanoseconds(stamp: Any) -> int:
    return int(stamp.seconds) * 1_000_000_000 + int(stamp.nanos)
