"""What --user NAME=VALUE means."""

from __future__ import annotations

import pytest

from app.attributes import parse_attributes
from app.errors import WrongUse


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("a=Berlin", "Berlin"),
        ("a= New York ", "New York"),
        ("a=北京", "北京"),
        ("a=x=y", "x=y"),
        ("a=7", 7),
        ("a=-7", -7),
        ("a=2.50", 2.5),
        ("a=007", "007"),
        ("a=1e3", "1e3"),
        ("a=nan", "nan"),
        ("a=12345678901234567890", "12345678901234567890"),
        ("a=1,2.5,x", (1, 2.5, "x")),
        ('a="7"', "7"),
        ('a="Smith, Jones",x', ("Smith, Jones", "x")),
        ('a="say ""hi"""', 'say "hi"'),
        ('a=""', ""),
        ("a=it's", "it's"),
        ("a=DE , FR", ("DE", "FR")),
    ],
)
def test_values(option: str, value: object) -> None:
    found = parse_attributes([option])
    assert found == {"a": value}
    assert type(found["a"]) is type(value)


def test_several_and_none() -> None:
    assert parse_attributes(None) == {}
    assert parse_attributes(["a=1", "b_2=x"]) == {"a": 1, "b_2": "x"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["store"], r"--user is 'store'; expected NAME=VALUE, such as store=Berlin"),
        (["=x"], "expected NAME=VALUE"),
        (["2a=x"], "expected NAME=VALUE"),
        (["a-b=x"], "expected NAME=VALUE"),
        (["a="], "with an empty value"),
        (["a=1,,2"], "with an empty value"),
        (["a=1,"], "with an empty value"),
        (['a="x'], "quotes that do not end"),
        (['a="x"y'], "quotes that do not end"),
        (['a=x"y"'], "quotes that do not end or do not begin"),
        (["a=1", "a=2"], "names 'a' twice; a list is written a=A,B"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_way_out(options: list[str], message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        parse_attributes(options)
