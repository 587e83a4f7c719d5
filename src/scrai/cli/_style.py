"""How things look on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from scrai.cli._errors import one_line
from scrai.cli._output import results

COLOURS: Final = {
    "created": "blue",
    "running": "green",
    "paused": "yellow",
    "completed": "cyan",
    "error": "bold red",
    "pending": "yellow",
    "approved": "green",
    "confirmed": "green",
    "executing": "green",
    "resolved": "cyan",
    "failed": "red",
    "cancelled": "dim",
    "ok": "green",
    "missing": "yellow",
}
SHORT_HASH: Final = 12
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_PLAIN: Final = "_.-:=+*#"


def text(value: Any, style: str = "", indent: int = 0) -> Text:
    """Return a value as text in one piece: no markup in it counts, no control character."""
    return Text(" " * indent + one_line(str(value)), style=style)


def status(word: str) -> Text:
    """Return a status in its colour."""
    return Text(word, style=COLOURS.get(word, ""))


def phase(word: str | None) -> str:
    """Return the name of a phase as people write it."""
    return (word or "").replace("_", " ")


def short(value: str | None) -> str:
    """Return the beginning of a hash; it is enough to tell two apart."""
    return (value or "")[:SHORT_HASH]


def moment(value: str | None) -> str:
    """Return a time without its fraction."""
    if not value:
        return ""
    return value[:19].replace("T", " ")


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return a table with light lines; the columns named in `right` hold numbers."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        justify: Any = "right" if name in right else "left"
        made.add_column(name, justify=justify, overflow="fold")
    return made


def pairs(rows: Iterable[tuple[str, Any]]) -> Table:
    """Return names and values beneath each other; empty values are left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        if value not in (None, "", [], {}):
            made.add_row(name, value if isinstance(value, Text | Table) else text(value))
    return made


LONGEST: Final = 200
"""Of a value on a screen, in characters, unless all of it is asked for."""


def compact(value: Any, longest: int = LONGEST) -> str:
    """Return any JSON value on one line."""
    plain = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return plain if len(plain) <= longest else f"{plain[:longest]}..."


def number(value: Any) -> str:
    """Return a number as short as it can be told."""
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)


def spark(values: Sequence[float]) -> str:
    """Return a line of little bars."""
    utf8 = (results().encoding or "ascii").lower().replace("-", "") == "utf8"
    bars = _BLOCKS if utf8 else _PLAIN
    low, high = min(values), max(values)
    if high == low:
        return bars[len(bars) // 2 - 1] * len(values)
    scale = (len(bars) - 1) / (high - low)
    return "".join(bars[round((value - low) * scale)] for value in values)
