from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from people import person

from scrai.engine.minds import memories, recall, remember, summary_of
from scrai.engine.minds._memory import CAPACITY, LONGEST, LONGEST_SUMMARY


def test_memories_come_back_in_their_order() -> None:
    ada = person("ada")
    remember(ada, "saw the mill burn", cycle=1, importance=9)
    remember(ada, "ate   bread\n", cycle=2)
    assert [item.text for item in memories(ada)] == ["saw the mill burn", "ate bread"]
    assert [item.importance for item in memories(ada)] == [9, 3]


def test_nothing_is_laid_down_of_nothing() -> None:
    ada = person("ada")
    remember(ada, "  \n", cycle=1)
    assert memories(ada) == []
    assert "memory" not in ada.metadata


def test_the_least_important_and_oldest_fade_into_the_summary() -> None:
    ada = person("ada")
    remember(ada, "the wedding", cycle=1, importance=10)
    remember(ada, "a trifle", cycle=1, importance=1)
    remember(ada, "a chat", cycle=1, importance=2)
    for cycle in range(CAPACITY - 1):
        remember(ada, f"day {cycle}", cycle=cycle + 2, importance=5)
    found = [item.text for item in memories(ada)]
    assert len(found) == CAPACITY
    assert found[0] == "the wedding"
    assert "a trifle" not in found
    assert "a chat" not in found
    assert summary_of(ada) == "a chat"


@given(st.lists(st.tuples(st.text(max_size=300), st.integers(-5, 20)), max_size=80))
def test_memory_is_bounded(lines: list[tuple[str, int]]) -> None:
    ada = person("ada")
    for cycle, (text, importance) in enumerate(lines):
        remember(ada, text, cycle=cycle, importance=importance)
    found = memories(ada)
    assert len(found) <= CAPACITY
    assert all(len(item.text) <= LONGEST and 1 <= item.importance <= 10 for item in found)
    assert len(summary_of(ada)) <= LONGEST_SUMMARY


def test_recall_weighs_relevance_recency_and_importance() -> None:
    ada = person("ada")
    remember(ada, "the mill needs a new wheel", cycle=1)
    remember(ada, "rain all day", cycle=1)
    remember(ada, "the mayor resigned", cycle=1, importance=7)
    remember(ada, "had soup", cycle=40)
    assert texts(recall(ada, "the broken mill wheel", cycle=40, most=1)) == [
        "the mill needs a new wheel"
    ]
    assert texts(recall(ada, "", cycle=40, most=2)) == ["the mayor resigned", "had soup"]
    assert len(recall(ada, "", cycle=40, most=9)) == 4


def texts(found: list) -> list[str]:
    return [item.text for item in found]


def test_an_edit_gone_wrong_is_no_memory() -> None:
    ada = person("ada")
    for broken in (
        {"items": [["x"], 7, {"cycle": 1, "importance": "2", "text": ""}], "summary": 4},
        [],
        "x",
    ):
        ada.metadata["memory"] = broken
        assert summary_of(ada) == ""
        remember(ada, "new", cycle=1)
        assert memories(ada)[-1].text == "new"
