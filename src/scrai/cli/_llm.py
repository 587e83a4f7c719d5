"""`scrai llm`: which models are there, whether they answer, and one that runs here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from scrai.cli._output import results
from scrai.cli._session import session_of
from scrai.errors import ScraiError

if TYPE_CHECKING:
    from scrai.runtime import Runtime

PATIENCE: Final = "SCRAI_LLM_TIMEOUT=300 SCRAI_LLM_DEADLINE=900 SCRAI_LLM_CONCURRENCY=1"
"""What a model of some words a second needs."""

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="As for run --llm; env is what the environment and scrai.toml set up.",
    ),
]


def models(ctx: typer.Context, model: ModelArgument = "env") -> None:
    """Ask a provider which models it has."""
    session = session_of(ctx)

    async def work(runtime: Runtime) -> list[str]:
        return sorted(await runtime.models.named(model).list_models())

    found = session.run(work, fresh=True)
    session.emit(found, lambda: session.say("\n".join(found)))


def check(ctx: typer.Context, model: ModelArgument = "env") -> None:
    """Ask every provider of a chain whether it is there and takes our key."""
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, str | None]:
        return await runtime.models.named(model).diagnose()

    found = session.run(work, fresh=True)

    def show() -> None:
        for label, problem in found.items():
            session.say(f"{label}: {problem or 'ok'}")

    session.emit([{"provider": key, "problem": value} for key, value in found.items()], show)
    if any(found.values()):
        raise typer.Exit(1)


def serve_demo(
    ctx: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 0,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where the model is kept. [default: ~/.cache/scrai/demo]"),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0, help="End after so long. [default: Ctrl-C]")
    ] = None,
) -> None:
    """Fetch a tiny real model (98 MB, once) and serve it on this machine until Ctrl-C."""
    from scrai.runtime import demo_model, serve_model

    session = session_of(ctx)
    place = folder or Path.home() / ".cache" / "scrai" / "demo"
    try:
        server = serve_model(demo_model(place), port=port)
    except OSError as problem:
        raise ScraiError(f"{place}: {problem.strerror}") from None
    _tell(session, server)
    if seconds is None:
        while True:
            time.sleep(3600)
    time.sleep(seconds)


def _tell(session: Any, server: Any) -> None:
    def show() -> None:
        session.say(f"serving {server.address}; in another terminal:")
        session.say(f"  {PATIENCE} \\")
        session.say(f"  scrai run simple_town --cycles 2 --mind brief=true --llm {server.spec}")
        session.say("Ctrl-C ends it")

    session.emit({"address": server.address, "llm": server.spec}, show)
    results().flush()  # whoever reads a pipe must know the address while it is served
