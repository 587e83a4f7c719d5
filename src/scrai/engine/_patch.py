"""Structural differences between JSON objects: what the journal keeps instead of copies.

A patch is `{"set": {pointer: value}, "del": [pointer], "add": {pointer: [items]}}`; each part is
left out when empty. Pointers are JSON pointers (RFC 6901). Lists are replaced whole, except that
items appended to an unchanged list are kept as `add`, so that a growing list costs its growth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

Json: TypeAlias = dict[str, Any]
Patch: TypeAlias = dict[str, Any]

_ABSENT: Any = object()


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def same(old: Any, new: Any) -> bool:
    """Return whether two JSON values are equal, telling True from 1, 1 from 1.0, 0.0 from -0.0."""
    kind = type(old)
    if kind is not type(new):
        return False
    if kind is dict or kind is list or kind is float:
        # Their bytes tell what `==` would not, and are made faster than Python compares.
        return _bytes(old) == _bytes(new)
    return bool(old == new)


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def diff(old: Json, new: Json) -> Patch:
    """Return the patch that turns `old` into `new`; empty if they are the same."""
    found = _Found({}, [], {})
    _walk(old, new, "", found)
    return found.patch()


def patch_to(before: Json, after: Json, data: bytes) -> Patch | None:
    """Return what `diff` returns, in half of the time; `before` becomes the object in `data`.

    Values are compared as Python compares them, which takes True for 1, and are put into `before`
    where they differ. Whether that missed anything shows at the end: `before` must have the bytes
    of the new object. If it does not, the answer is None and `before` is spoilt.

    Args:
        before: the object before, as decoded from its canonical bytes.
        after: the fields of the object after. They may hold what JSON only knows as something
            else: enums, tuples, models.
        data: the canonical bytes of the object after.
    """
    found = _Found({}, [], {})
    try:
        _turn(before, after, "", found)
        return found.patch() if _bytes(before) == data else None
    except TypeError:  # a model, say, which only its own serialiser can write
        return None


_SCALARS: Final = frozenset({str, bool, int, float})


@dataclass(slots=True)
class _Found:
    """Where two objects differ, by pointer."""

    changes: Json
    removed: list[str]
    appended: Json

    def patch(self) -> Patch:
        """Return it as a patch."""
        patch: Patch = {}
        if self.changes:
            patch["set"] = self.changes
        if self.removed:
            patch["del"] = self.removed
        if self.appended:
            patch["add"] = self.appended
        return patch

    def leaf(self, old: Any, new: Any, pointer: str) -> None:
        """Note a value that is another."""
        grown = type(new) is list and type(old) is list and 0 < len(old) < len(new)
        if grown and same(old, new[: len(old)]):
            self.appended[pointer] = new[len(old) :]
        else:
            self.changes[pointer] = new


def _turn(old: Json, new: Json, prefix: str, found: _Found) -> None:
    """Note where `new` differs from `old`, as Python compares, and put it into `old`."""
    if not old.keys() <= new.keys():
        for key in [key for key in old if key not in new]:
            found.removed.append(f"{prefix}/{_escape(key)}")
            del old[key]
    for key, value in new.items():
        before = old.get(key, _ABSENT)
        if before == value:
            continue
        kind = type(value)
        if kind is dict and type(before) is dict:
            _turn(before, value, f"{prefix}/{_escape(key)}", found)
            continue
        noted = kept = value
        if kind not in _SCALARS:
            data = orjson.dumps(value)
            noted, kept = orjson.loads(data), orjson.loads(data)  # patch and object share nothing
            if before == noted:  # a list, say, that was a tuple
                continue
        found.leaf(before, noted, f"{prefix}/{_escape(key)}")
        old[key] = kept


def _walk(old: Json, new: Json, prefix: str, found: _Found) -> None:
    if not old.keys() <= new.keys():
        found.removed.extend(f"{prefix}/{_escape(key)}" for key in old if key not in new)
    for key, value in new.items():
        before = old.get(key, _ABSENT)
        if before is _ABSENT:
            found.changes[f"{prefix}/{_escape(key)}"] = value
        elif not same(before, value):
            pointer = f"{prefix}/{_escape(key)}"
            if type(value) is dict and type(before) is dict:
                _walk(before, value, pointer, found)
            else:
                found.leaf(before, value, pointer)


def apply(value: Json, patch: Patch) -> Json:
    """Apply a patch to `value` in place and return it."""
    for pointer in patch.get("del", ()):
        holder, key = _locate(value, pointer)
        del holder[key]
    for pointer, new in patch.get("set", {}).items():
        holder, key = _locate(value, pointer)
        holder[key] = new
    for pointer, items in patch.get("add", {}).items():
        holder, key = _locate(value, pointer)
        holder[key] = [*holder[key], *items]
    return value


def _locate(value: Json, pointer: str) -> tuple[Json, str]:
    *parents, last = [_unescape(token) for token in pointer.split("/")[1:]]
    for token in parents:
        value = value[token]
    return value, last
