"""Chinese names typed with other characters of the same sound."""

from __future__ import annotations

import datetime as dt

import pytest
from described_shop import described, inserted

from sql.question.homophones import Sounds
from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace

NAMES = ["牛腩", "田野", "孟静", "纸尿裤", "慈济滋补行", "若羌红枣", "亳州总仓", "绿豆", "山西", "Lamp 灯"]
SOUNDS = Sounds(NAMES)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("牛楠", "牛腩"),
        ("天野", "田野"),
        ("纸尿库", "纸尿裤"),
        ("慈济滋不行", "慈济滋补行"),
        ("若羌红早", "若羌红枣"),
        ("牛腩", None),  # it is there as it is typed
        ("毫州总仓", None),  # another sound
        ("路豆", None),  # lü is not lu
        ("磁级姿不行", None),  # too little of it is left
        ("牛", None),
        ("Lamp 等", None),
    ],
)
def test_what_sounds_alike(typed: str, meant: str | None) -> None:
    assert SOUNDS.meant(typed) == meant


def test_two_that_sound_alike_are_none() -> None:
    assert Sounds(["田野", "甜野"]).meant("天野") is None


SCRIPT = "\n".join(
    [
        "CREATE TABLE sold (sold_id INTEGER PRIMARY KEY, dish VARCHAR, keeper VARCHAR, total INTEGER);",
        inserted("sold", [f"({n}, '{NAMES[n % 9]}', '{NAMES[1 + n % 2]}', {n})" for n in range(1, 33)]),
    ]
)


@pytest.mark.parametrize(
    ("question", "values"),
    [
        ("牛楠上个月卖了多少钱", {"牛腩"}),
        ("天野和孟静谁卖得多", {"田野", "孟静"}),
        ("纸尿库卖了几包", {"纸尿裤"}),
        ("慈济滋不行一共提过几次退货", {"慈济滋补行"}),
        ("今天也没卖", set()),  # 天也 stands inside other words
        ("陕西卖了多少", set()),  # a word of its own
    ],
)
def test_questions_find_what_was_meant(
    question: str, values: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = described("duckdb", SCRIPT, tmp_path_factory.mktemp("sounds"))
    workspace = open_workspace(found.shop)
    try:
        links = link(question, Vocabulary.build(workspace), dt.date(2026, 6, 30))
        assert {m.value for m in links.mentions if m.kind == "value"} == values
    finally:
        workspace.close()
