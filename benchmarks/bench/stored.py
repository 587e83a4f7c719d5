"""Bytes that a cycle leaves behind."""

from __future__ import annotations

from .pipe import Child
from .plan import Plan
from .report import LARGEST, Section, kept, paragraphs

BOUND = 1.5
WORLDS = (("simple_town", 7), ("bench", 10))

NOTES = """
Changed: canonical bytes of every actor, event, action and part in a commit.

Documents: payloads and chunks at the end less those at the start, journal, head and snapshots
included. File: growth of the file with its log folded in, so columns and indexes as well. Both
without any VACUUM.

The bound is on the file.
"""


def stored(plan: Plan) -> Section:
    """Count what cycles change and what sqlite holds afterwards."""
    section = Section(
        "stored",
        f"bytes per cycle over {plan.stored:,} cycles on sqlite",
        [
            ("world", "world", ""),
            ("changed", lambda row: row["changed_bytes"] / row["cycles"], ",.0f"),
            ("+500 a step", lambda row: row["allowance"] / row["cycles"], ",.0f"),
            ("documents", lambda row: row["document_bytes"] / row["cycles"], ",.0f"),
            ("ratio", "document_ratio", ".2f"),
            ("file", lambda row: row["file_bytes"] / row["cycles"], ",.0f"),
            ("ratio", "file_ratio", ".2f"),
            ("bound", "bound", "g"),
            ("", "verdict", ""),
            ("largest document", "largest_document", ",d"),
            ("", "largest_verdict", ""),
        ],
        notes=paragraphs(NOTES),
    )
    for world, actors in WORLDS:
        request = {"backend": "sqlite", "scenario": world, "actors": actors}
        with Child("bench.worker", do="open", folder=str(plan.folder), **request) as child:
            row = child.ask(do="written", cycles=plan.stored) | {"world": world, "bound": BOUND}
        row["document_ratio"] = row["document_bytes"] / row["allowance"]
        row["file_ratio"] = row["file_bytes"] / row["allowance"]
        row["verdict"] = kept(row["file_ratio"], BOUND)
        row["largest_verdict"] = kept(row["largest_document"], LARGEST)
        section.rows.append(row)
    return section
