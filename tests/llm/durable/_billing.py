"""A provider behind a transport that fails as it is told, and counts what it may bill."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import httpx
from _run import PATH

from _fakes import VirtualClock, said
from scrai.llm import LLMService, LLMServiceConfig, ProviderConfig
from scrai.store import DocumentStore

WORST: Final = 512
"""Output tokens that a request allows."""
RATES: Final = {"one": 1, "two": 3}
"""What one of them costs in nano-USD, by host."""
FREE: Final = ("refused", "unresolved", "429", "503")
"""What surely comes before the work."""
LOST: Final = ("late", "hung up", "cut", "flood", "prose", "500", "502", "504")
"""What may come after it."""
FAULTS: Final = (*FREE, *LOST)


class Billing:
    """Answers with 40 tokens, or fails; a request that failed after the work is billed in full.

    Args:
        fault: of a slot's number and the number of its request (from 0), what happens to it:
            one of `FAULTS`, or None.
        poor: slots whose first reply does not fit.
        rates: prices, by host.

    Attributes:
        billed: nano-USD that it may charge.
        asked: how many requests came, by slot number.
        hosts: who was asked, in order.
        watch, limit: a store whose ledger must cover, at every request, what may be billed.
    """

    def __init__(
        self,
        fault: Callable[[int, int], str | None],
        poor: Sequence[int] = (),
        rates: Mapping[str, int] = RATES,
    ) -> None:
        self.billed = 0
        self.asked: Counter[int] = Counter()
        self.hosts: list[str] = []
        self.watch: DocumentStore | None = None
        self.limit: int | None = None
        self._fault = fault
        self._poor = poor
        self._rates = rates

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        slot = int(re.findall(r"question (\d+)", json.dumps(body["messages"]))[0])
        host = request.url.host.partition(".")[0]
        fault = self._fault(slot, self.asked[slot])
        self.asked[slot] += 1
        self.hosts.append(host)
        repaired = len(body["messages"]) > 1 + (body["messages"][0]["role"] == "system")
        if fault not in FREE:
            self.billed += self._rates[host] * (WORST if fault else 40)
        await self._look()
        await asyncio.sleep(0)
        if fault is not None:
            return _failed(fault, request)
        good = repaired or slot not in self._poor
        return httpx.Response(200, json=said({"pick": 1 if good else "none"}, usage=(10, 40)))

    async def _look(self) -> None:
        """What may be billed by now is taken from the ledger already."""
        found = await self.watch.get(f"{PATH}/money", "ledger") if self.watch else None
        if found is None:
            return
        total = found.value()["total"]
        used = total["settled"] + total["lost"] + sum(total["grants"].values())
        assert self.billed <= used, "sent before it was reserved"
        assert self.limit is None or used <= self.limit

    def service(self, *hosts: str, retries: int = 3, concurrency: int = 32) -> LLMService:
        """Return a service whose chain is these hosts."""
        configs = [
            ProviderConfig(
                "openai-compatible",
                "m",
                f"http://{host}.example/v1",
                provider_label=host,
                max_retries=retries,
                concurrency=concurrency,
                max_reply_bytes=50_000,
            )
            for host in hosts
        ]
        prices = {f"{host}/m": {"input": 0, "output": self._rates[host] / 1000} for host in hosts}
        config = LLMServiceConfig(configs[0], configs[1:], prices=prices)
        transport = httpx.MockTransport(self)
        return LLMService(config, env={}, transport=transport, clock=VirtualClock())


def _failed(fault: str, request: httpx.Request) -> httpx.Response:
    errors: dict[str, Exception] = {
        "refused": httpx.ConnectError("refused"),
        "unresolved": httpx.ConnectTimeout("nobody there"),
        "late": httpx.ReadTimeout("late"),
        "hung up": httpx.RemoteProtocolError("hung up"),
        "cut": httpx.ReadError("cut off"),
    }
    if fault in errors:
        raise errors[fault]
    if fault == "flood":
        return httpx.Response(200, content=b" " * 60_000)
    if fault == "prose":
        return httpx.Response(200, content=b"<html>It worked!</html>")
    return httpx.Response(int(fault))


def total_of(value: dict[str, Any]) -> tuple[int, int, dict[str, int]]:
    """Return what a ledger's total has settled, lost, and open."""
    total = value["total"]
    return total["settled"], total["lost"], total["grants"]
