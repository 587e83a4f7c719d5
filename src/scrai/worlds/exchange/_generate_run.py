"""One call of the generator: make every document, check all, then write."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from typing import Any

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._generate_build import build
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._generate_presets import Recipe
from scrai.worlds.exchange._generate_write import Made, place, place_of_many
from scrai.worlds.exchange._load import OddScenarioWarning, checked_text, refusal
from scrai.worlds.exchange._load_set import with_settings
from scrai.worlds.exchange._load_spec import spec_of
from scrai.worlds.exchange._schema_check import check_document
from scrai.worlds.exchange._schema_keys import MOST_BYTES


def make(
    recipe: Recipe,
    name: str,
    seed: int = 0,
    count: int = 1,
    settings: Iterable[str] = (),
    output: str | None = None,
) -> list[Made]:
    """Return scenarios of consecutive seeds, checked but not written.

    Raises:
        InvalidInputError: one of them is not valid, because of a setting.
    """
    listed = tuple(settings)
    made: list[Made] = []
    for each in range(seed, seed + count):
        own = name if count == 1 else f"{name}_{each}"
        path = place(name, output) if count == 1 else place_of_many(name, each, output)
        document = with_settings(build(recipe, own, each), listed)
        _check(document, str(path), quiet=bool(made))
        text = emit(document, f"An exchange economy, written by scrai generate; seed {each}.")
        _check_size(document, text, str(path))
        made.append(Made(path, each, document, text))
    return made


def _check_size(document: dict[str, Any], text: str, file: str) -> None:
    """Refuse what could be written but not run."""
    if len(text) <= MOST_BYTES // 2:
        return
    size = len(json.dumps(document, separators=(",", ":")))
    if size > MOST_BYTES:
        raise InvalidInputError(
            f"{file}: {document['agents']:,} agents make {size:,} bytes, over {MOST_BYTES:,}",
            hint="--per-type writes one utility for each type",
        )


def _check(document: dict[str, Any], file: str, *, quiet: bool) -> None:
    report = check_document(document)
    if report.errors:
        raise refusal(file, report.errors, {})
    for each in () if quiet else report.warnings:
        warnings.warn(each.told(file, {}), OddScenarioWarning, stacklevel=4)


def read_back(made: Iterable[Made]) -> None:
    """Read every text as a file is read, and expand it per agent.

    Raises:
        InvalidInputError: it is not valid.
    """
    for each in made:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OddScenarioWarning)  # they were told already
            document = checked_text(each.text, str(each.path))
        if document != each.document:
            raise InvalidInputError(f"{each.path}: reads as something else than was written")
        spec_of(document, each.seed)
