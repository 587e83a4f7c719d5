"""Files and functions stay small enough to be read in one go."""

from __future__ import annotations

import statistics

from _tree import ROOT, functions, length, modules, tracked

FILE_LIMIT = 600
FUNCTION_LIMIT = 60
MEDIAN_FILE_LIMIT = 150
MEDIAN_FUNCTION_LIMIT = 10


def test_no_python_file_reaches_the_limit() -> None:
    files = {path for path in tracked() if path.suffix == ".py"} | set(modules())
    long = {str(path.relative_to(ROOT)): length(path) for path in files}
    assert {name: lines for name, lines in long.items() if lines >= FILE_LIMIT} == {}


def test_no_function_is_over_the_limit() -> None:
    long = [item for path in modules() for item in functions(path) if item[1] > FUNCTION_LIMIT]
    assert long == []


def test_the_median_file_is_short() -> None:
    median = statistics.median(length(path) for path in modules())
    assert median < MEDIAN_FILE_LIMIT


def test_the_median_function_is_short() -> None:
    median = statistics.median(lines for path in modules() for _, lines in functions(path))
    assert median < MEDIAN_FUNCTION_LIMIT
