"""The utilities of many agents in little room: a row of numbers for each, objects when asked."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Final, overload

from scrai.worlds.exchange._spec import PARAMETERS, UTILITY_TYPES, UtilitySpec

_WIDTH: Final = max(map(len, PARAMETERS.values()))
_DEFAULTS: Final = {"gamma": 0.0, "alpha_0": 0.0}


class Utilities(Sequence[UtilitySpec]):
    """A list of utilities that keeps numbers instead of objects, and equal ones once.

    As objects, ten thousand utilities take 3 MB; as rows .5 MB. What an index gives is made anew
    each time: equal, not identical, to what was put in.

    Args:
        utilities: one for each agent.
    """

    def __init__(self, utilities: Iterable[UtilitySpec]) -> None:
        self._types = array("B")
        self._rows = array("d")
        self._which = array("I")
        known: dict[tuple[str, bytes], int] = {}
        for each in utilities:
            row = array("d", utility_row(each))
            number = known.setdefault((each.type, row.tobytes()), len(known))
            if number == len(self._types):
                self._types.append(UTILITY_TYPES.index(each.type))
                self._rows.extend(row)
                self._rows.extend([0.0] * (_WIDTH - len(row)))
            self._which.append(number)

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, index: int) -> UtilitySpec: ...
    @overload
    def __getitem__(self, index: slice) -> list[UtilitySpec]: ...
    def __getitem__(self, index: int | slice) -> UtilitySpec | list[UtilitySpec]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        number = self._which[index]
        kind = UTILITY_TYPES[self._types[number]]
        row = self._rows[number * _WIDTH : (number + 1) * _WIDTH]
        return UtilitySpec(kind, dict(zip(PARAMETERS[kind], row, strict=False)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Utilities):
            return (self._which, self._types, self._rows) == (
                other._which,
                other._types,
                other._rows,
            )
        return isinstance(other, list) and list(self) == other

    __hash__ = None  # type: ignore[assignment]  # as for a list: what compares by content


def utility_row(spec: UtilitySpec) -> list[float]:
    """Return a utility's parameters in the order of `PARAMETERS`, defaults filled in."""
    return [float(spec.params.get(key, _DEFAULTS.get(key, 0.0))) for key in PARAMETERS[spec.type]]
