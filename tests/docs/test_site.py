"""The documentation builds without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?(?:https?:)?//"
    r"|<link\b(?![^>]*rel=[\"']?(?:canonical|next|prev))[^>]*\bhref=[\"']?(?:https?:)?//"
    r"|@import\s|url\(\s*[\"']?https?:",
    re.IGNORECASE,
)


def build(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the documentation of a checkout as scripts/test does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        check=False,
        capture_output=True,
        text=True,
        cwd=root,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )


def test_the_site_builds_strictly_and_is_self_contained(tmp_path: Path) -> None:
    done = build(ROOT, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) >= len(list((ROOT / "docs").rglob("*.md")))
    files = [*pages, *tmp_path.rglob("*.css")]
    outside = [
        f"{path.relative_to(tmp_path)}: {match[0]}"
        for path in files
        for match in LOADED.finditer(path.read_text("utf-8"))
    ]
    assert outside == []


@pytest.mark.parametrize(
    "text", ["[a page](nowhere.md)", "[a part](index.md#nowhere)", '--8<-- "nowhere.md"']
)
def test_a_link_that_leads_nowhere_fails_the_build(text: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for name in ("mkdocs.yml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{text}\n")
    assert build(tmp_path, tmp_path / "site").returncode != 0
