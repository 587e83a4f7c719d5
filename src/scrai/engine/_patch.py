"""Structural differences between JSON objects: what the journal keeps instead of copies.

A patch is `{"set": {pointer: value}, "del": [pointer], "add": {pointer: [items]}}`; each part is
left out when empty. Pointers are JSON pointers (RFC 6901). Lists are replaced whole, except that
items appended to an unchanged list are kept as `add`, so that a growing list costs its growth.
"""

from __future__ import annotations

from typing import Any, TypeAlias

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
    changes: Json = {}
    removed: list[str] = []
    appended: Json = {}
    _walk(old, new, "", changes, removed, appended)
    patch: Patch = {}
    if changes:
        patch["set"] = changes
    if removed:
        patch["del"] = removed
    if appended:
        patch["add"] = appended
    return patch


def _walk(
    old: Json, new: Json, prefix: str, changes: Json, removed: list[str], appended: Json
) -> None:
    if not old.keys() <= new.keys():
        removed.extend(f"{prefix}/{_escape(key)}" for key in old if key not in new)
    for key, value in new.items():
        before = old.get(key, _ABSENT)
        if before is _ABSENT:
            changes[f"{prefix}/{_escape(key)}"] = value
        elif not same(before, value):
            pointer = f"{prefix}/{_escape(key)}"
            if type(value) is dict and type(before) is dict:
                _walk(before, value, pointer, changes, removed, appended)
            else:
                _leaf(before, value, pointer, changes, appended)


def _leaf(old: Any, new: Any, pointer: str, changes: Json, appended: Json) -> None:
    grown = isinstance(new, list) and isinstance(old, list) and 0 < len(old) < len(new)
    if grown and same(old, new[: len(old)]):
        appended[pointer] = new[len(old) :]
    else:
        changes[pointer] = new


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
