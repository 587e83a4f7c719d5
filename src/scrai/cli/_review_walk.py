"""Going through the approval inbox with single keys, or with lines from a pipe."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from scrai.cli._review_work import decided
from scrai.cli._screens_review import show_item, show_outcome
from scrai.errors import InvalidInputError, ScraiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrai.cli._session import Session
    from scrai.runtime import Runtime, Wanted

WORDS: Final[Mapping[str, str]] = {
    "a": "approve",
    "m": "modify",
    "r": "reject",
    "t": "terminate",
    "e": "escalate",
}
PROMPT: Final = "a(pprove) m(odify) r(eject) t(erminate) e(scalate) s(kip) q(uit): "
UNEDITABLE: Final = frozenset(
    {"id", "simulation_id", "created_at", "status", "approved_by", "modifications"}
)


class Answers(Protocol):
    """Where the answers come from."""

    async def answer(self) -> tuple[str, str]:
        """Return a key, and what was said with it; `q` at the end of the input."""
        ...

    async def fields(self, said: str, entity: Mapping[str, Any]) -> tuple[list[str], Any]:
        """Return the assignments and the fields of a modification."""
        ...


class Lines:
    """Answers from a pipe: a line each, such as `a`, `r too wet`, `m priority=low`."""

    async def answer(self) -> tuple[str, str]:
        """Return the first letter of a line, and the rest without the first word."""
        line = sys.stdin.readline()
        word, _, said = line.strip().partition(" ")
        return (word[:1].lower() if line else "q"), said.strip()

    async def fields(self, said: str, entity: Mapping[str, Any]) -> tuple[list[str], Any]:
        """Return the assignments that follow the key."""
        return _split(said), {}


class Terminal:
    """Answers from a person: single keys; a modification by assignments or in an editor."""

    async def answer(self) -> tuple[str, str]:
        """Return the key that is pressed; a rejection asks for its reason."""
        with _single_keys():
            _write(PROMPT)
            await _readable()
            key = os.read(sys.stdin.fileno(), 1).decode(errors="replace").lower()
        _write("\n")
        if key in ("", "\x04"):
            return "q", ""
        said = await self._line("reason (may be empty): ") if key == "r" else ""
        return key, said

    async def fields(self, said: str, entity: Mapping[str, Any]) -> tuple[list[str], Any]:
        """Return assignments that are typed; without any, what an editor leaves changed."""
        typed = await self._line("name=value ... (nothing opens an editor): ")
        return (_split(typed), {}) if typed else ([], edited(entity))

    async def _line(self, prompt: str) -> str:
        _write(prompt)
        await _readable()
        return sys.stdin.readline().strip()


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as problem:
        raise InvalidInputError(f"{text[:60]!r}: {problem}") from None


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _single_keys() -> Iterator[None]:
    """Let keys be read without Enter."""
    import termios
    import tty

    device = sys.stdin.fileno()
    before = termios.tcgetattr(device)
    tty.setcbreak(device, termios.TCSANOW)  # what was typed ahead counts
    try:
        yield
    finally:
        termios.tcsetattr(device, termios.TCSADRAIN, before)


async def _readable() -> None:
    """Wait for input without stopping the loop, so that Ctrl-C ends it at once."""
    loop, device = asyncio.get_running_loop(), sys.stdin.fileno()
    ready = asyncio.Event()
    loop.add_reader(device, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(device)


def edited(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that somebody changed in `$VISUAL` or `$EDITOR`.

    Raises:
        InvalidInputError: there is no editor, it failed, or what it left is no map of fields.
    """
    import subprocess
    import tempfile
    from pathlib import Path

    from scrai.cli._fields import gather

    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    before = {name: value for name, value in entity.items() if name not in UNEDITABLE}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{entity['id']}.json"
        file.write_text(json.dumps(before, indent=2, ensure_ascii=False) + "\n", "utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(file)], check=False)  # noqa: S603
        except OSError as problem:
            raise InvalidInputError(
                f"cannot start the editor {editor!r}: {problem.strerror}", hint="set EDITOR"
            ) from None
        if done.returncode:
            raise InvalidInputError(f"the editor ended with {done.returncode}: nothing is changed")
        after = gather(str(file), None, {}, None).fields
    gone = sorted(before.keys() - after.keys())
    if gone:
        raise InvalidInputError(f"{', '.join(gone)} left out: fields can be changed, not removed")
    return {name: value for name, value in after.items() if before.get(name) != value}


def _answers() -> Answers:
    try:
        terminal = sys.stdin.isatty()
    except ValueError:  # closed
        terminal = False
    return Terminal() if terminal and os.name == "posix" else Lines()


async def walk(
    session: Session,
    runtime: Runtime,
    simulation: str | None,
    wanted: Wanted,
    by: str,
    limit: int | None = None,
) -> bool:
    """Go through the inbox; return whether a decision could not be had."""
    items = [item async for item in runtime.review.inbox(simulation, wanted)][:limit]
    if not items:
        session.say("nothing waits for a decision")
    answers, failed, done = _answers(), False, 0
    for number, item in enumerate(items, 1):
        found = await _shown(session, runtime, item, f"{number} of {len(items)}")
        outcome = found and await _asked(session, runtime, found, answers, by)
        if outcome == "quit":
            break
        if isinstance(outcome, dict):
            show_outcome(session.console, outcome)
            failed |= outcome["error"] is not None
            done += outcome["error"] is None
    if items:
        session.say(f"{done} decided, {len(items) - done} left")
    return failed


async def _shown(
    session: Session, runtime: Runtime, item: Mapping[str, Any], position: str
) -> dict[str, Any] | None:
    """Print an item as it is now; None if it waits no more."""
    try:
        found: dict[str, Any] = await runtime.review.show(item["simulation_id"], item["id"])
    except ScraiError as error:
        session.say(f"{item['id']}: {error.message}")
        return None
    show_item(session.console, found, position)
    return found


async def _asked(
    session: Session, runtime: Runtime, item: Mapping[str, Any], answers: Answers, by: str
) -> Any:
    """Ask until there is an answer; return `quit`, None for skipped, or what became of it."""
    while True:
        key, said = await answers.answer()
        if key == "q":
            return "quit"
        if key == "s":
            return None
        if key not in WORDS:
            session.say(PROMPT.rstrip(": "))
            continue
        try:
            assignments, changes = (
                await answers.fields(said, item["entity"]) if key == "m" else ([], {})
            )
            if key == "m" and not (assignments or changes):
                raise InvalidInputError("nothing to modify", hint="such as m priority=low")
        except ScraiError as error:
            session.say(f"{error}")
            continue
        reason = said if key != "m" else None
        return await decided(runtime, item, WORDS[key], by, reason or None, changes, assignments)
