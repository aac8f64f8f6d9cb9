"""A part of a name means every name that has it, and a whole name, or two parts of one, that one."""

from __future__ import annotations

from pathlib import Path

import pytest
from described_shop import described, inserted

from sql.question.linking import Vocabulary, link
from sql.shop.workspace import open_workspace
from sql.statement.parse import parse
from sql.statement.parts_of_names import all_of_the_part
from sql.statement.routes import Routes

NAMES = [
    "Gel pen 0.38",
    "Gel pen 0.5 blue",
    "Ruler",
    "Ruler, steel",
    "Hardback notebook",
    "Hydrogel penknife",
    "Bear large",
    "Bear small",
    "T恤男",
    "T恤女",
    "中性笔0.38",
    "中性笔0.5",
    "中性笔考试专用",
    "中性笔替芯红",
    "错题本",
    "晨光文件夹",
    "得力文件夹",
    "文件夹加厚",
    "文件夹透明",
]
STATES = ["paid", "part paid", "cancelled"]
SCRIPT = "\n".join(
    [
        "CREATE TABLE products (product_id INTEGER PRIMARY KEY, title VARCHAR, state VARCHAR);",
        inserted("products", [f"({n}, '{name}', '{STATES[n % 3]}')" for n, name in enumerate(NAMES)]),
    ]
)
CASES = [
    (
        "how many gel pens are there",
        "title = 'Gel pen 0.38'",
        "title IN ('Gel pen 0.38', 'Gel pen 0.5 blue')",
    ),
    (
        "products that are no gel pen",
        "title <> 'Gel pen 0.38'",
        "title NOT IN ('Gel pen 0.38', 'Gel pen 0.5 blue')",
    ),
    ("中性笔有几个", "title = '中性笔0.38'", "title LIKE '%中性笔%'"),
    ("文件夹有几个", "title = '文件夹透明'", "title LIKE '%文件夹%'"),
    ("买过中性笔又买过错题本的有几个", "title = '中性笔0.38'", "title LIKE '%中性笔%'"),
    # another word for a part, one sign of it, a length
    ("how many big bears", "title = 'Bear large'", None),
    ("男款T恤有几个", "title = 'T恤男'", None),
    ("女士T恤有几个", "title = 'T恤女'", None),
    ("gel pens of two millimetres", "title = 'Gel pen 0.38'", None),
    # a whole name, more of it elsewhere, the only one, another's name, a state
    ("how many rulers", "title = 'Ruler'", None),
    ("gel pens in blue", "title = 'Gel pen 0.5 blue'", None),
    ("how many 0.38 gel pens", "title = 'Gel pen 0.38'", None),
    ("得力的文件夹有几个", "title = '得力文件夹'", None),
    ("how many notebooks", "title = 'Hardback notebook'", None),
    ("how many rulers", "title = 'Gel pen 0.38'", None),
    ("how many are paid", "state = 'part paid'", None),
]


@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_part_of_a_name_means_every_name_that_has_it(kind: str, tmp_path: Path) -> None:
    workspace = open_workspace(described(kind, SCRIPT, tmp_path).shop)
    try:
        vocabulary = Vocabulary.build(workspace)
        shop = workspace.shop
        for question, written, meant in CASES:
            for form in (
                "SELECT COUNT(*) FROM products WHERE {}",
                "SELECT product_id FROM products WHERE product_id HAS products ({})",
            ):
                links = link(question, vocabulary, workspace.today)
                found = all_of_the_part(
                    parse(form.format(written)), links, shop, Routes(shop), vocabulary.values
                )
                assert str(found) == form.format(meant or written), question
    finally:
        workspace.close()
