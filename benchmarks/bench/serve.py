"""What a peer's program does with requests: run so many units, say what one cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .calibration import Stopwatch
from .pipe import Requests


def serve(start: Callable[..., Callable[[int], dict[str, Any] | None]]) -> None:
    """Serve until the pipe closes.

    Args:
        start: takes the fields of the `open` request; returns the function that runs so many
            units (and may return more to report).
    """
    requests = Requests()
    run: Callable[[int], dict[str, Any] | None] | None = None
    for request in requests:
        try:
            kind = request.pop("do")
            if kind == "open":
                run = start(**request)
                requests.answer(None)
            elif run is not None:
                watch = Stopwatch()
                more = run(request["cycles"])
                requests.answer({**watch.stop(request["cycles"]), **(more or {})})
        except Exception:
            requests.fail()
