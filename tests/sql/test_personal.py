"""What is taken for personal in a text, and what is not: cases as data, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sql.personal import KnownNames, find, mask, pseudonym

CASES = yaml.safe_load((Path(__file__).parent / "personal_cases.yml").read_text("utf-8"))


@pytest.mark.parametrize(("text", "masked"), CASES["masked"].items())
def test_what_is_personal_is_named_by_its_kind(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", CASES["plain"])
def test_what_is_nobodys_stays(text: str) -> None:
    assert mask(text) == text


def test_names_that_the_shop_knows_need_no_word_around_them() -> None:
    known = KnownNames(["Zorka Quill", "Rose", "王小明", "Jean-Luc O'Neil"])
    assert mask("quill zorka, ZORKA  QUILL's lamp; rose", known=known) == "[name], [name]'s lamp; rose"
    assert mask("问王小明要", known=known) == "问[姓名]要"
    assert mask("jean-luc o'neil came", known=known) == "[name] came"
    assert mask("Zorka bought a quill", known=known) == "Zorka bought a quill"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="aA1 @.+-\n张号路王MIg№\u200b１，", max_size=80))
def test_spans_lie_in_the_text_apart_and_in_order(text: str) -> None:
    end = 0
    for span in find(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@pytest.mark.parametrize("piece", ["1 ", "a@", "Aa ", "张路号", "12 Main ", "\n1 a", "+("])
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    """A text of a million characters is read; what grew with the square of it would not end."""
    assert mask(piece * (1_000_000 // len(piece) // 20)) is not None


def test_a_pseudonym_is_the_same_for_the_same_value_and_salt_alone() -> None:
    ana = pseudonym("ana@shop.example", b"salt")
    assert ana == pseudonym("ana@shop.example", b"salt")
    assert len({ana, pseudonym("ana@shop.example", b"tlas"), pseudonym("bo@shop.example", b"salt")}) == 3
    assert "ana" not in ana
