"""Conversations are kept whole or not at all, and broken files are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import CorruptConversation
from bot.memory import MAX_TURNS, Conversation, Turn

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
TURNS = st.builds(
    Turn,
    question=TEXT,
    standalone_question=TEXT,
    skill=TEXT,
    status=st.sampled_from(["answered", "clarify", "declined", "failed"]),
    metric=TEXT,
    dimensions=st.lists(TEXT, max_size=3).map(tuple),
    values=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    period=st.none() | st.tuples(TEXT, TEXT),
    sql=TEXT,
    options=st.lists(TEXT, max_size=3).map(tuple),
)


def turn(question: str, status: str = "answered") -> Turn:
    return Turn(question=question, standalone_question=question, skill="ask_sql", status=status)  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None)
@given(turns=st.lists(TURNS, max_size=5))
def test_what_was_saved_is_read_back(turns: list[Turn], tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.getbasetemp() / "talks" / "one.json"
    Conversation(turns=turns).save(path)
    assert Conversation.load(path).turns == turns
    assert [p.name for p in path.parent.iterdir()] == ["one.json"]


def test_a_missing_file_is_an_empty_conversation(tmp_path: Path):
    assert Conversation.load(tmp_path / "none.json").turns == []


def test_the_oldest_turn_is_forgotten_first():
    talk = Conversation()
    for number in range(MAX_TURNS + 3):
        talk.add(turn(str(number)))
    assert len(talk.turns) == MAX_TURNS
    assert talk.turns[0].question == "3"


def test_the_last_turn_is_one_that_can_be_followed():
    talk = Conversation(turns=[turn("a"), turn("b", "clarify"), turn("c", "declined"), turn("d", "failed")])
    assert talk.last is not None
    assert talk.last.question == "b"
    talk.clear()
    assert talk.last is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "format 1"),
        ('{"format": 2, "turns": []}', "format 1"),
        ('{"format": 1}', "no list of turns"),
        ('{"format": 1, "turns": [{}]}', "a turn cannot be read"),
        ('{"format": 1, "turns": [3]}', "a turn cannot be read"),
    ],
)
def test_a_broken_file_is_named_and_left_as_it_is(text: str, reason: str, tmp_path: Path):
    path = tmp_path / "talk.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        CorruptConversation, match=f"talk.json cannot be read: .*{reason}.*Nothing was changed"
    ):
        Conversation.load(path)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "maybe"), ("question", 5), ("values", [["a"]]), ("period", ["x"]), ("options", "abc")],
)
def test_a_field_of_the_wrong_kind_is_refused(name: str, value: object, tmp_path: Path):
    path = tmp_path / "talk.json"
    Conversation(turns=[turn("a")]).save(path)
    data = json.loads(path.read_text(encoding="utf-8"))
    data["turns"][0][name] = value
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(CorruptConversation, match="a turn cannot be read"):
        Conversation.load(path)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "talk.json"
    Conversation(turns=[turn("a")]).save(path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(OSError, match="No space left"):
        Conversation(turns=[turn("b")]).save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["talk.json"]
    monkeypatch.undo()
    assert Conversation.load(path).turns[0].question == "a"
