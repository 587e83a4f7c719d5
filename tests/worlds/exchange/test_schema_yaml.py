"""Scenario files as YAML 1.2, and files that are none."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _exchange_files import document, problems, write
from scrai.worlds.exchange import _load
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._load import check_configuration, checked_text, looks_like, read_document
from scrai.worlds.exchange._load_spec import spec_of
from scrai.worlds.exchange._yaml12 import YamlError, parse, scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-12", 1e-12), ("1E3", 1000.0), (".5", 0.5), ("5.", 5.0), ("-.5e+2", -50.0),
        ("+3", 3), ("012", 12), ("0o17", 15), ("0x1F", 31), ("-0", 0), (".inf", math.inf),
        ("-.Inf", -math.inf), ("true", True), ("FALSE", False), ("~", None), ("", None),
        ("null", None), ("off", "off"), ("no", "no"), ("Yes", "Yes"), ("08:30", "08:30"),
        ("1_000", "1_000"), ("2024-01-01", "2024-01-01"), ("1e", "1e"), (".", "."), ("0b1", "0b1"),
        ("tRUE", "tRUE"), ("=", "="), ("<<", "<<"), ("9" * 5000, math.inf),
    ],
)  # fmt: skip
def test_a_scalar_is_what_yaml_1_2_says(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)
    assert parse(f"a: {text}\nb: '{text}'").value == {"a": value, "b": text}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: ]", 2, "not YAML"),
        ("a: &x 1\nb: *x", 2, "aliases (*x)"),
        ("a: 1\nb: !!python/object:os.system {}", 2, "tags"),
        ("a: !!int 1", 1, "tags"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("a:\n  ? [1, 2]\n  : 3", 2, "key must be plain text"),
        ("[" * 100, 1, "nested more than"),
        ("a: " + "{a: " * 100, 1, "nested more than"),
        ("\ta: 1", 1, "not YAML"),
        ("a: \x07", None, "not YAML"),
    ],
)
def test_what_is_no_plain_document_is_refused_where_it_stands(text, line, words):
    with pytest.raises(YamlError, match=re.escape(words)) as caught:
        parse(text)
    assert line is None or caught.value.line == line


def test_an_alias_bomb_ends_at_its_first_alias():
    bomb = "a: &a [x, x]\n" + "".join(f"{k}: &{k} [{'*a, ' * 9}*a]\n" for k in "bcdefghij")
    with pytest.raises(YamlError, match="aliases"):
        parse(bomb)


def test_lines_are_those_of_keys_and_entries():
    text = "a:\n  b:\n    - 1\n    - {c: 2,\n       d: 3}\n"
    wanted = {("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1, "d"), ("nowhere",)}
    lines = parse(text, wanted).lines
    assert lines == {("a",): 1, ("a", "b"): 2, ("a", "b", 0): 3, ("a", "b", 1, "d"): 5}


def test_a_key_that_stands_twice_is_told():
    assert parse("a: 1\nb: {c: 1, c: 2}").doubled == [(("b", "c"), 2, "stands twice in this map")]


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)  # a hole; nothing is written
    monkeypatch.setattr(type(path), "read_bytes", lambda _: pytest.fail("it was read"))
    (told,) = problems(read_document, path)
    assert told == f"{path}: 104,857,600 bytes are too many for a scenario"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "no text: byte 0 is 0x89"),
        (b"name: \xff", "no text: byte 6 is 0xff"),
        ("name: x".encode("utf-16"), "no text"),
        (b"\x00\x01\x02", "not YAML"),
        (b"", "must be a map"),
        (b"# nothing\n", "must be a map"),
        (b"just words", "must be a map"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, data, words):
    (told,) = problems(read_document, write(tmp_path, data))
    assert words in told
    assert "economy.yaml" in told


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    assert "No such file" in problems(read_document, tmp_path / "none.yaml")[0]
    assert "directory" in problems(read_document, tmp_path)[0]


def test_a_byte_order_mark_and_json_are_taken(tmp_path):
    data = b"\xef\xbb\xbf" + json.dumps(document()).encode()
    assert read_document(write(tmp_path, data)) == document()


def test_files_are_known_by_their_keys():
    assert looks_like(emit(document()))
    assert looks_like(json.dumps(document(), indent=1))
    assert looks_like("N: 3\nagents: 2\n")  # incomplete, but meant to be one
    assert not looks_like("agents:\n  - mayor\nevents: []\n")
    assert not looks_like("name: x\nactors: []\nnote: 'N: 3, agents: 2'\n")


def test_a_document_is_read_as_it_was_written():
    odd = document(name="off", params={"exchange_regime": "mixed", "epsilon": 1e-12})
    for name in ("off", "1e3", "null", "a: b", "# no", 'tab\t"\\', "\x85\u2028\x7f", "\U0001f600"):
        odd["name"] = name
        assert checked_text(emit(odd, "a comment"), "x") == odd


# Texts of letters among which there is no "inf" or "nan", so that numbers can be told from them.
WORDS = st.text("abxyN_-.:#'\"\\[]{}, \x7f\x85\u2028é", max_size=8)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


@st.composite
def mutated(draw):
    """A valid document in which anything stands somewhere, or something is gone."""
    made = document(mode_schedule={"type": "global_cycle", "forage_ticks": 3, "trade_ticks": 2})
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(made) if p]))
        here = made
        for key in path[:-1]:
            here = here[key]
        if draw(st.booleans()):
            del here[path[-1]]
        else:
            here[path[-1]] = draw(TREES)
    return made


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_are_a_typed_error(data):
    told = problems(lambda: checked_text(_load.decoded(data, "x"), "x"))
    assert told
    assert all(line.startswith("x:") and "\n" not in line for line in told)


@settings(max_examples=400, deadline=None)
@given(mutated() | TREES)
@pytest.mark.filterwarnings("ignore::scrai.worlds.exchange.OddScenarioWarning")
def test_any_tree_is_valid_and_expands_or_is_a_typed_error(tree):
    told = problems(check_configuration, tree)
    assert all("Error" not in line for line in told)
    if not told:
        spec = spec_of(tree, 1)
        assert len(spec.utilities) == len(spec.A) == len(spec.M) == spec.agents


@settings(max_examples=200, deadline=None)
@given(mutated())
@pytest.mark.filterwarnings("ignore::scrai.worlds.exchange.OddScenarioWarning")
def test_a_document_and_its_text_are_judged_alike(tree):
    text = emit(tree).replace(": nan", ": .nan").replace("inf", ".inf")
    direct = [line.partition(": ")[2] for line in problems(check_configuration, tree)]
    read = [line.partition(": ")[2] for line in problems(checked_text, text, "scenario")]
    assert len(direct) == len(read)
