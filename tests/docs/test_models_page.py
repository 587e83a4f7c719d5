"""docs/models.md names every field of the models, with its words and what must be given."""

from __future__ import annotations

import re
from enum import EnumType
from pathlib import Path

import pytest

from scrai.models import Action, Actor, Event, Model

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text("utf-8")


def rows(model: type[Model]) -> list[list[str]]:
    """Return the cells of the rows of a model's table."""
    section = PAGE.partition(f"\n## {model.__name__}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def named(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


@pytest.mark.parametrize("model", [Actor, Event, Action])
class TestTable:
    def test_every_field_is_named_in_order(self, model: type[Model]) -> None:
        assert [name for row in rows(model) for name in named(row[0])] == list(model.model_fields)

    def test_what_must_be_given_is_bold(self, model: type[Model]) -> None:
        bold = [name for row in rows(model) if row[0].startswith("**") for name in named(row[0])]
        assert bold == [name for name, info in model.model_fields.items() if info.is_required()]

    def test_every_word_and_the_default_among_them_are_named(self, model: type[Model]) -> None:
        for row in rows(model):
            info = model.model_fields[named(row[0])[0]]
            if isinstance(info.annotation, EnumType):
                assert row[1] == f"`{info.default}`"
                assert set(named(row[2])) | {str(info.default)} == set(info.annotation)

    def test_plain_defaults_are_those_of_the_model(self, model: type[Model]) -> None:
        shown = {
            "`{}`": {}, "`[]`": [], "`true`": True, "`false`": False, "empty": "", "none": None,
            "`1.0`": 1.0,
        }  # fmt: skip
        for row in rows(model):
            names = named(row[0])
            if len(names) == 1 and row[1] in shown:
                default = model.model_fields[names[0]].get_default(call_default_factory=True)
                assert default == shown[row[1]], names
