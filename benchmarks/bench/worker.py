"""The program under measurement, on our side of the pipe: `python -m bench.worker`."""

from __future__ import annotations

import asyncio
from typing import Any

from .phases import phases
from .pipe import Requests
from .profiles import growth, profile
from .subject import Subject
from .written import written


class Worker:
    """Holds one simulation and answers requests about it; one method for each request."""

    def __init__(self) -> None:
        self._given: dict[str, Any] = {}
        self._subject: Subject | None = None

    @property
    def subject(self) -> Subject:
        """The simulation at hand."""
        if self._subject is None:
            raise RuntimeError("the first request is `open`")
        return self._subject

    async def open(self, **given: Any) -> None:
        """Make a simulation."""
        self._given = given
        await self.renew(0)

    async def renew(self, cycles: int) -> None:
        """Replace the simulation by a new one in a fresh store, and run so many cycles."""
        await self.close()
        self._subject = Subject(**self._given)
        await self._subject.open()
        if cycles:
            await self._subject.advance(cycles)

    async def close(self) -> None:
        """Drop the simulation."""
        subject, self._subject = self._subject, None
        if subject is not None:
            await subject.close()

    async def age(self, cycles: int) -> dict[str, Any]:
        """Make it a simulation of so many cycles."""
        await self.subject.age(cycles)
        return {"cycle": self.subject.cycle}

    async def run(self, cycles: int) -> dict[str, Any]:
        """Run so many cycles and say what one cost."""
        return {**await self.subject.timed(cycles), "cycle": self.subject.cycle}

    async def load(self, count: int) -> dict[str, Any]:
        """Say what loading costs a new worker."""
        return await self.subject.timed_loads(count)

    async def weigh(self) -> dict[str, Any]:
        """Say what the process and the file hold."""
        return self.subject.weight()

    async def phases(self, cycles: int, fresh: bool) -> dict[str, Any]:
        """Count what every phase asks of the server."""
        return await phases(self.subject, cycles, fresh=fresh)

    async def written(self, cycles: int) -> dict[str, Any]:
        """Count the bytes that cycles write."""
        return await written(self.subject, cycles)

    async def profile(self, cycles: int, top: int) -> dict[str, Any]:
        """Say where the time of cycles goes."""
        return await profile(self.subject, cycles, top)

    async def growth(self, cycles: int, top: int) -> dict[str, Any]:
        """Say which lines of code hold more memory after so many cycles."""
        return await growth(self.subject, cycles, top)


async def main() -> None:
    """Serve until the pipe closes."""
    worker, requests = Worker(), Requests()
    for request in requests:
        try:
            requests.answer(await getattr(worker, request.pop("do"))(**request))
        except Exception:
            requests.fail()
    await worker.close()


if __name__ == "__main__":
    asyncio.run(main())
