"""Files as people have them: what their cells say, which encoding, what cannot be read and is told."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sql.databases import Database, open_database
from sql.errors import DatabaseUnavailable
from sql.lock.guard import Guard
from sql.semantics import Role
from sql.shop.drafting import shop_from_catalog


def opened(path: Path) -> Database:
    return open_database(str(path))


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    shop = shop_from_catalog(database.catalog(), name="files", database="files")
    guard = Guard(shop, database.catalog(), Role(name="owner"))
    return list(database.execute(guard.check(sql), Role(name="owner").limits).rows)


def types(database: Database) -> dict[str, dict[str, str]]:
    return {t.name: {c.name: c.type for c in t.columns} for t in database.catalog().tables}


def notes(database: Database) -> str:
    return "\n".join(note.text for note in database.notes)


TEXT = "订单号,下单日期,金额\n1,2026-05-01,24.0\n2,2026-05-02,20.5\n"
LATIN = "Artikel;Ort\nTasse;Köln\nTeller;Zürich\n"


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        (TEXT, "utf-8", ""),
        (TEXT, "utf-8-sig", ""),
        (TEXT, "utf-16", "UTF-16"),
        (TEXT, "utf-16-le", "UTF-16-LE"),
        (TEXT, "gbk", "GB18030"),
        (TEXT, "gb18030", "GB18030"),
        (LATIN, "latin-1", "CP1252"),
        (LATIN, "utf-8", ""),
    ],
)
def test_every_encoding_is_read_and_told(tmp_path: Path, text: str, encoding: str, told: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    database = opened(tmp_path / "t.csv")
    heads = text.splitlines()[0].replace(";", ",").split(",")
    assert list(types(database)["t"]) == heads
    if text == LATIN:
        assert rows(database, 'SELECT "Ort" FROM t ORDER BY 1') == [("Köln",), ("Zürich",)]
    else:
        assert types(database)["t"] == {"订单号": "integer", "下单日期": "date", "金额": "number"}
    assert notes(database) == (f"t.csv was read as {told}" if told else "")


def test_what_a_sniffer_takes_for_something_else_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "country,article,day,size,zip\nNO,1E5,01.02.24,1-2,01234\nNO,2E5,13.02.24,3-4,10115\nNO,3E1,05.03.24,5-6,00001\n"
    )
    database = opened(tmp_path / "t.csv")
    assert types(database)["t"] == {
        "country": "text",
        "article": "text",
        "day": "date",
        "size": "text",
        "zip": "text",
    }
    assert rows(database, "SELECT day FROM t WHERE article = '1E5'") == [(dt.date(2024, 2, 1),)]
    assert rows(database, "SELECT COUNT(*) FROM t WHERE country = 'NO'") == [(3,)]


def test_figures_are_a_day_where_the_name_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("order_date,article\n20260503,20260503\n20251231,20251231\n")
    database = opened(tmp_path / "t.csv")
    assert types(database)["t"] == {"order_date": "date", "article": "integer"}
    assert rows(database, "SELECT MAX(order_date) FROM t") == [(dt.date(2026, 5, 3),)]


def test_a_value_that_does_not_fit_keeps_its_column_a_text_and_is_told(tmp_path: Path) -> None:
    lines = [f"{n},{n}.50" for n in range(120_000)]
    (tmp_path / "t.csv").write_text("\n".join(["n,amount", *lines, "120000,ask Bob"]))
    database = opened(tmp_path / "t.csv")
    assert types(database)["t"] == {"n": "integer", "amount": "text"}
    assert "t.amount stays text: 1 of 120,001 values are no numbers" in notes(database)
    assert rows(database, "SELECT amount FROM t WHERE n = 120000") == [("ask Bob",)]


def test_titles_above_and_a_total_below_are_no_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Sales report 2026\n\nid,amount\n1,3\n2,4\n3,5\nTotal,12\n")
    database = opened(tmp_path / "t.csv")
    assert types(database)["t"] == {"id": "integer", "amount": "integer"}
    assert rows(database, "SELECT COUNT(*), SUM(amount) FROM t") == [(3, 12)]
    assert notes(database) == "The last line of t is a total (Total) and was left out"


def workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        for row in table:
            sheet.append(list(row))
    book.save(path)


ORDERS = [
    ["Sales 2026"],
    [],
    ["Order no", "Date", "Customer", "Total"],
    *[[f"SO-{n:03d}", dt.date(2026, 5, n), f"C{n % 3}", 12.5 * n] for n in range(1, 8)],
    ["Total", None, None, 350],
]
LINES = [
    ["Order no", "Product", "Qty"],
    *[[f"SO-{n % 7 + 1:03d}", f"P{n % 4}", n % 3 + 1] for n in range(14)],
]


def test_the_sheets_of_a_workbook_are_tables(tmp_path: Path) -> None:
    workbook(tmp_path / "book.xlsx", {"Orders": ORDERS, "Lines": LINES, "Notes": [["nothing here"]]})
    database = opened(tmp_path / "book.xlsx")
    assert types(database) == {
        "Orders": {"Order no": "text", "Date": "date", "Customer": "text", "Total": "number"},
        "Lines": {"Order no": "text", "Product": "text", "Qty": "integer"},
    }
    assert rows(database, 'SELECT COUNT(*), SUM("Total"), MAX("Date") FROM "Orders"') == [
        (7, 350, dt.date(2026, 5, 7))
    ]


def test_one_sheet_is_named_like_its_file(tmp_path: Path) -> None:
    workbook(tmp_path / "may orders.xlsx", {"Sheet1": LINES})
    assert list(types(opened(tmp_path))) == ["may orders"]


def test_archives_compressed_files_and_json_lines_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("2025/old orders.csv", "id;amount\n1;1,50\n2;2,50\n3;4,00\n")
        archive.writestr("__MACOSX/._x.csv", "junk")
    with gzip.open(tmp_path / "more.csv.gz", "wt", encoding="gbk") as out:
        out.write(TEXT)
    (tmp_path / "events.jsonl").write_text('{"id": 1, "kind": "visit"}\n{"id": 2, "kind": "cart"}\n')
    database = opened(tmp_path)
    assert types(database) == {
        "events": {"id": "integer", "kind": "text"},
        "more": {"订单号": "integer", "下单日期": "date", "金额": "number"},
        "old orders": {"id": "integer", "amount": "number"},
    }
    assert rows(database, 'SELECT SUM(amount) FROM "old orders"') == [(8,)]


PAGE = "<html><body><table><tr><td>1</td></tr></table></body></html>"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xls", PAGE, "a.xls is a web page and no workbook; open it in a spreadsheet and save it as .xlsx"),
        ("a.csv", PAGE, "a.csv is a web page and no table"),
        ("a.csv", "", "a.csv is empty; there is nothing to read in it"),
        ("a.xlsx", "not a workbook at all", "a.xlsx cannot be read as a workbook"),
        ("a.zip", "not an archive", "a.zip cannot be unpacked"),
        ("a.csv", "PK\x03\x04 something packed", "give it the ending that it is"),
    ],
)
def test_what_is_not_what_its_name_says_is_told_in_a_sentence_and_the_rest_opens(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DatabaseUnavailable) as alone:
        opened(tmp_path / name)
    assert reason in str(alone.value) and "read_csv" not in str(alone.value)
    (tmp_path / "good.csv").write_text("a,b\n1,x\n2,y\n")
    database = opened(tmp_path)
    assert list(types(database)) == ["good"]
    assert reason in notes(database) and "it was left out" in notes(database)


def test_files_of_one_table_may_differ(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    with (folder / "2026-01.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["id", "amount"], [1, "10,5"], [2, "11,0"], [3, "1.200,0"]])
    with (folder / "2026-02.csv").open("w", newline="") as out:
        csv.writer(out).writerows([["id", "amount", "channel"], [4, "20,5", "web"]])
    database = opened(tmp_path)
    assert rows(database, "SELECT COUNT(*), SUM(amount), COUNT(channel) FROM orders") == [(4, 1242, 1)]
