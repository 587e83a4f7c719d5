"""Writing tables as JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, BinaryIO, Final

from scrai._words import extra
from scrai.errors import ConfigurationError

FORMATS: Final = ("jsonl", "csv", "parquet")


async def write_table(
    rows: AsyncIterator[dict[str, Any]], columns: Sequence[str], form: str, out: BinaryIO
) -> int:
    """Write rows as they come; return how many. JSON lines and CSV keep nothing in memory.

    Raises:
        ConfigurationError: Parquet was asked for and polars is not installed.
    """
    if form == "jsonl":
        return await _write_lines(rows, out)
    if form == "csv":
        return await _write_csv(rows, columns, out)
    return await _write_parquet(rows, columns, out)


async def _write_lines(rows: AsyncIterator[dict[str, Any]], out: BinaryIO) -> int:
    count = 0
    async for row in rows:
        out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        count += 1
    return count


async def _write_csv(
    rows: AsyncIterator[dict[str, Any]], columns: Sequence[str], out: BinaryIO
) -> int:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        count = 0
        async for row in rows:
            writer.writerow([_cell(row.get(name)) for name in columns])
            count += 1
        return count
    finally:
        text.detach()


def _cell(value: Any) -> Any:
    """Maps and lists are JSON inside their cell; true and false are as in JSON."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value


async def _write_parquet(
    rows: AsyncIterator[dict[str, Any]], columns: Sequence[str], out: BinaryIO
) -> int:
    try:
        import polars as pl
    except ImportError:
        raise ConfigurationError(
            "Parquet needs polars, which is not installed",
            hint=f"{extra('export')}; or choose --format jsonl or csv",
        ) from None
    found = [{name: _flat(row.get(name)) for name in columns} async for row in rows]
    # All rows decide the types: with a few, a column of nulls and then texts would fail.
    frame = pl.DataFrame(found, schema=list(columns), infer_schema_length=None)
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    out.write(buffer.getbuffer())
    return len(found)


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
