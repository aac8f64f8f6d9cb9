import json
import re
from pathlib import Path

import pandas as pd
import pytest

import finetune.shops
from finetune.errors import ShopSetError
from finetune.shops.check import ask, check, opened
from finetune.shops.language_words import WORDS, words_in
from finetune.shops.question_pairs import SET, load_pairs, read_pairs_of, shop_names
from finetune.shops.recipe import make_tables
from sql.statement.parse import parse

EXAMPLE = "bakery_chain"
AUTHORS = Path(finetune.shops.__file__).parent / "AUTHORS.md"


def recipe(folder: Path, text: str) -> Path:
    path = folder / "tables.yml"
    path.write_text(text, "utf-8")
    return path


# ---- recipes --------------------------------------------------------------------------------------------

SMALL = """
tables:
  buyers:
    rows: 200
    columns:
      buyer_id: {key: "B-{n:03d}"}
      country: {values: {Spain: 3, Italy: 1}, missing: 0.2}
      price: {number: [1, 9], decimals: 2}
  orders:
    rows: 1000
    columns:
      order_id: {key: 7}
      buyer_id: {ref: buyers.buyer_id, skew: 1, unused: 0.25, missing: 0.1}
      at: {time: [2025-01-01, 2025-12-31], gaps: ['2025-03'], shape: growing+seasonal}
      done: {after: at, days: [1, 2]}
      units: {number: [1, 4], zeros: 0.1}
      amount: {product: [units, buyer_id.price]}
  stock:
    columns:
      buyer_id: {each: buyers.buyer_id}
      day: {each: [2025-01-06, 2025-01-20], every: 7}
"""


def test_a_recipe_gives_the_same_rows_with_gaps_and_missing_values_each_time(tmp_path: Path) -> None:
    path = recipe(tmp_path, SMALL)
    tables, again = make_tables(path), make_tables(path)
    for name, columns in tables.items():
        pd.testing.assert_frame_equal(pd.DataFrame(columns), pd.DataFrame(again[name]))
    orders = tables["orders"]
    assert 0.13 < tables["buyers"]["country"].isna().mean() < 0.27
    assert 0.06 < orders["buyer_id"].isna().mean() < 0.14
    assert orders["buyer_id"].nunique() <= 150  # a quarter of the buyers never orders
    assert orders["order_id"].tolist() == list(range(7, 1007))
    assert 3 not in set(orders["at"].dt.month)
    assert ((orders["done"] - orders["at"]).dt.total_seconds() >= 86_400).all()
    prices = dict(zip(tables["buyers"]["buyer_id"], tables["buyers"]["price"], strict=True))
    row = next(i for i, buyer in enumerate(orders["buyer_id"]) if not pd.isna(buyer))
    expected = round(orders["units"][row] * prices[orders["buyer_id"][row]], 2)
    assert orders["amount"][row] == pytest.approx(expected)
    stock = pd.DataFrame(tables["stock"])
    assert len(stock) == len(stock.drop_duplicates()) == 600


def test_a_change_of_one_column_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    before = make_tables(recipe(tmp_path, SMALL))
    after = make_tables(recipe(tmp_path, SMALL.replace("number: [1, 4]", "number: [1, 5]")))
    assert before["orders"]["at"].equals(after["orders"]["at"])
    assert not before["orders"]["units"].equals(after["orders"]["units"])


def column(says: str) -> str:
    return f"tables:\n  t:\n    rows: 5\n    columns:\n      k: {{key: 1}}\n      c: {says}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1", "the recipe must be a mapping"),
        ("tables: [", "this is not YAML"),
        (
            "tables: {t: {row: 5, columns: {a: {key: 1}}}}",
            "table t: a table has no key 'row'; did you mean row",
        ),
        (
            "tables: {t: {rows: 0, columns: {a: {key: 1}}}}",
            "rows must be a whole number from 1 to 20,000, not 0",
        ),
        (
            "tables: {t: {rows: 3, columns: {a: {list: [1]}}}}",
            "a list has 1 entries, and the table has 3 rows",
        ),
        (column("{numbr: [1, 2]}"), "table t, column c: a column has exactly one kind, and here is 'numbr'"),
        (column("{number: [1, 2], missing: 2}"), "missing must be a share from 0 to 1, not 2"),
        (column("{number: [3, 2]}"), r"number must be \[lowest, highest\] such as \[1, 9\]"),
        (column("{number: [1, 2], skew: much}"), "skew must be a number of 0 or more, not 'much'"),
        (column("{ref: u.id}"), "there is no table 'u' above"),
        (column("{product: [k, w]}"), "there is no column 'w' above; this table has k"),
        (column("{from: k.price}"), "k refers to no other table"),
        (column("{values: {a: -1}}"), "weights of 0 and more"),
        (column("{time: [2025-01-01, 2025-01-31], gaps: ['2025-01']}"), "no day is left outside the gaps"),
        (column("{time: [2025-01-01, 2025-01-31], gaps: [march]}"), "gaps are months such as '2025-03'"),
        (column("{text: '{m}'}"), "cannot be filled"),
        (column("{after: k, days: [1, 2]}"), "after needs a column of kind time or date; k is none"),
    ],
)
def test_a_fault_in_a_recipe_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ShopSetError, match=told):
        make_tables(recipe(tmp_path, text))


# ---- pairs ----------------------------------------------------------------------------------------------


def pair(number: int, **more: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "id": f"s-{number}",
        "persona": "owner",
        "language": "en",
        "turns": [f"revenue please {number}"],
        "previous": "",
        "statement": "SELECT revenue FROM order_lines",
        "kind": "question",
        "note": "",
    }
    return usual | more


def shop_with(folder: Path, *pairs: dict[str, object]) -> Path:
    """A set with the example shop and other questions."""
    (folder / "shop").mkdir()
    for name in ("shop.yml", "tables.yml"):
        (folder / "shop" / name).write_bytes((SET / EXAMPLE / name).read_bytes())
    lines = "".join(json.dumps(p, ensure_ascii=False) + "\n" for p in pairs)
    (folder / "shop" / "questions.jsonl").write_text(lines, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"statement": "SELECT revenu FROM order_lines"}, "revenu"),
        ({"statement": "SELECT revenue FROM"}, "Statement, at its end"),
        (
            {"statement": "select revenue from order_lines"},
            "it is spelled otherwise: SELECT revenue FROM order_l",
        ),
        ({"turns": ["Revenue, please 1"]}, "the same question stands on line 1"),
        ({"id": "s-1"}, "the same id stands on line 1"),
        ({"kind": "follow_up"}, "a follow_up needs previous"),
        ({"kind": "unanswerable"}, "a pair of kind unanswerable needs an empty statement"),
        ({"kind": "ask_back", "statement": "", "note": "two"}, "has choices"),
        ({"kind": "job", "statement": "", "note": "cook"}, "the note of a job is its name"),
        ({"language": "zh"}, "no turn holds a Chinese character"),
        ({"anwser": ""}, "a pair has no key 'anwser'"),
        ({"turns": "one text"}, "turns must be a list of texts"),
    ],
)
def test_a_wrong_pair_is_found(tmp_path: Path, more: dict[str, object], told: str) -> None:
    root = shop_with(tmp_path, pair(1), pair(2, **more))
    findings, _ = check(["shop"], root, tmp_path / "built")
    assert len(findings) == 1 and findings[0].is_wrong
    assert told in str(findings[0])


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes(b"\xff\xfe\x00")
    assert read_pairs_of(tmp_path / "none.jsonl", "shop")[1][0].reason.startswith("the file is missing")
    ((), (fault,)) = read_pairs_of(file, "shop")
    assert "questions.jsonl: the file cannot be read" in str(fault)


def test_an_empty_result_and_the_name_of_a_column_are_warnings(tmp_path: Path) -> None:
    empty = "SELECT revenue FROM order_lines WHERE DURING('2019')"
    root = shop_with(tmp_path, pair(1, statement=empty), pair(2, turns=["what is average_order_value"]))
    findings, counts = check(["shop"], root, tmp_path / "built")
    assert [f.is_wrong for f in findings] == [False, False]
    assert "all figures are 0 or empty" in findings[0].text and "average_order_value" in findings[1].text
    assert counts.pairs == 2 and counts.words["DURING"] == 1


def test_write_stores_the_normal_spelling(tmp_path: Path) -> None:
    root = shop_with(tmp_path, pair(1, statement="select revenue  from order_lines limit 3"))
    findings, _ = check(["shop"], root, tmp_path / "built", is_written=True)
    assert findings == []
    assert load_pairs(["shop"], root)[0].statement == "SELECT revenue FROM order_lines LIMIT 3"


def test_nothing_is_written_beside_the_recipe(tmp_path: Path) -> None:
    root = shop_with(tmp_path, pair(1))
    check(["shop"], root, tmp_path / "built")
    assert sorted(p.name for p in (root / "shop").iterdir()) == ["questions.jsonl", "shop.yml", "tables.yml"]


# ---- the set itself -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.long
def test_the_shipped_set_checks_clean(tmp_path: Path) -> None:
    """Every statement compiles; one of twelve is run, all of them by ``python -m finetune.shops check``."""
    findings, counts = check(shop_names(), built=tmp_path, run_one_of=12)
    assert [str(f) for f in findings if f.is_wrong] == []
    assert counts.pairs == len(load_pairs()) >= 25


def test_every_example_for_authors_runs_and_no_word_lacks_one(tmp_path: Path) -> None:
    statements = re.findall(r"^\|.*\| `(SELECT .*)` \|$", AUTHORS.read_text("utf-8"), re.MULTILINE)
    seen: set[str] = set()
    with opened(EXAMPLE, built=tmp_path) as workspace:
        for text in statements:
            _, table = ask(workspace, text)
            assert table.rows, text
            assert str(parse(text)) == text
            seen |= words_in(parse(text))
    assert set(WORDS) - seen == set()
