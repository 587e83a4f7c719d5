"""Where in a JSON or YAML text a field stands, for errors about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

LONGEST: Final = 200_000
"""Characters of a text that is worth being gone through again to say where a mistake is."""


class Places:
    """The places of a text's fields; a text that cannot be gone through has none."""

    def __init__(self, text: str) -> None:
        self._root = _composed(text) if len(text) <= LONGEST else None

    def find(self, path: Sequence[int | str]) -> str | None:
        """Return line and column of a field, or of what should hold it."""
        if self._root is None:
            return None
        mark, node = self._root.start_mark, self._root
        for part in path:
            found = next((pair for name, *pair in _parts(node) if name == str(part)), None)
            if found is None:
                break
            mark, node = found
        return f"line {mark.line + 1}, column {mark.column + 1}"


def _composed(text: str) -> Any:
    import yaml

    try:
        # YAML is not indented by tabs, JSON may be.
        return yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _parts(node: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, mark, node) of everything within a map or list."""
    for index, item in enumerate(node.value if isinstance(node.value, list) else ()):
        if isinstance(item, tuple):
            key, value = item
            yield str(key.value), key.start_mark, value
        else:
            yield str(index), item.start_mark, item
