"""Keys that do not show themselves."""

from __future__ import annotations

from typing import Any, Final

MASK: Final = "********"


class Secret(str):
    """A key. Printed, formatted, joined or dumped to JSON it is a mask; `reveal()` gives it.

    Two are equal if their keys are; one is also equal to the plain key.
    """

    __slots__ = ("_key",)
    _key: str

    def __new__(cls, value: str) -> Secret:
        """Make one of a plain key, or of another."""
        made = super().__new__(cls, MASK)
        made._key = value.reveal() if isinstance(value, Secret) else value
        return made

    def reveal(self) -> str:
        """Return the key itself, for the one header that it is meant for."""
        return self._key

    def __eq__(self, other: object) -> bool:
        return self._key == (other.reveal() if isinstance(other, Secret) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key)

    def __bool__(self) -> bool:
        return bool(self._key)

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Secret, (self._key,)
