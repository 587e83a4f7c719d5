"""The in-process event bus: live, at most once.

A subscriber that must not miss anything reads the journal instead, from the last step it saw.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from scrai.events._messages import Message

Handler: TypeAlias = Callable[[Message], Awaitable[None] | None]

ALL = "*"
_log = logging.getLogger(__name__)


class EventBus:
    """Hands messages to subscribers, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Handler]] = {}

    def on(self, name: str = ALL) -> Callable[[Handler], Handler]:
        """Subscribe the decorated function, plain or async, to one message name or `*`."""

        def subscribe(handler: Handler) -> Handler:
            self._handlers.setdefault(name, []).append(handler)
            return handler

        return subscribe

    def off(self, handler: Handler) -> None:
        """Take a subscriber off every name it is on."""
        for handlers in self._handlers.values():
            while handler in handlers:
                handlers.remove(handler)

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return any(self._handlers.values())

    async def publish(self, message: Message) -> None:
        """Hand a message to its subscribers; one that fails is logged and stops no other."""
        for handler in (*self._handlers.get(message.name, ()), *self._handlers.get(ALL, ())):
            try:
                result = handler(message)
                if inspect.isawaitable(result):
                    await result
            except Exception:
                _log.exception("a subscriber of %s failed", message.name)
