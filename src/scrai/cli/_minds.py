"""The options by which a simulation is given minds."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import typer

from scrai.errors import UsageError

LlmOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="MODEL",
        help="Let a model drive it: scripted, PROVIDER/MODEL, replay:FILE or a server's URL#MODEL.",
    ),
]
MindOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--mind",
        metavar="KEY=VALUE",
        help="A setting of its minds, such as subsystems=[events,actions]. Repeat it for more.",
    ),
]
CreditOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--credit-limit", metavar="USD", help="What its models may cost in all."),
]


def gather_minds(
    llm: str | None, assignments: list[str] | None, credit_limit: float | None
) -> dict[str, Any]:
    """Return the settings of minds that were given, empty if none were."""
    from scrai.runtime import parse_assignments

    found: dict[str, Any] = parse_assignments(assignments or ())
    if "llm" in found or "credit_limit" in found:
        raise UsageError("say it with --llm and --credit-limit, not with --mind")
    if llm is not None:
        found["llm"] = llm
    if credit_limit is not None:
        found["credit_limit"] = credit_limit
    return found
