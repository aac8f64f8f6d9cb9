"""Files as people have them: what their cells say, which encoding, what cannot be read and is told."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from sql.databases import Database, open_database
from sql.databases.files import DataFile, data_file
from sql.databases.reading import Scratch, Unreadable, load, unpacked
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
    assert "t.amount stays text: 1 of its values are no numbers" in notes(database)
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


def numbers(column: str, late: Sequence[str], count: int = 30_000) -> str:
    return (
        "\n".join(["n," + column, *(f"{n},{n % 5_000}" for n in range(count)), *(f"0,{v}" for v in late)])
        + "\n"
    )


@pytest.mark.parametrize(
    ("late", "kind", "found"),
    [
        (["1.5", "0.4", "2.5"], "number", 4.4),
        (["007"], "text", "007"),
        (["12345678901234567890"], "number", 12345678901234567890),
        (["0.000012345"], "number", 0.000012345),
        (["many"], "text", "many"),
    ],
)
def test_values_far_down_have_their_say(tmp_path: Path, late: list[str], kind: str, found: Any) -> None:
    (tmp_path / "t.csv").write_text(numbers("amount", late))
    database = opened(tmp_path / "t.csv")
    assert types(database)["t"]["amount"] == kind
    if kind == "text":
        assert rows(database, "SELECT amount FROM t WHERE n = 0 AND amount <> '0'") == [(found,)]
    else:
        ((total,),) = rows(database, "SELECT SUM(amount) FROM t WHERE n = 0")
        assert float(total) == pytest.approx(found)


def test_a_late_time_of_day_is_kept(tmp_path: Path) -> None:
    days = [f"{n},2026-0{n % 9 + 1}-0{n % 9 + 1}" for n in range(30_000)]
    (tmp_path / "t.csv").write_text("\n".join(["n,placed", *days, "30000,2026-02-01 23:59:59"]))
    database = opened(tmp_path / "t.csv")
    assert rows(database, "SELECT placed FROM t WHERE n = 30000") == [(dt.datetime(2026, 2, 1, 23, 59, 59),)]


def test_cells_with_line_breaks_and_many_columns_are_read(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text('id,note,amount\n1,"a\nb",1.50\n2,plain,2.50\n3,"x, y",3.00\n')
    names = [f"c{n}" for n in range(300)]
    (tmp_path / "wide.csv").write_text("\n".join(",".join(line) for line in (names, *[["1.5"] * 300] * 40)))
    database = opened(tmp_path)
    assert rows(database, "SELECT note, SUM(amount) FROM notes WHERE id = 1 GROUP BY note") == [("a\nb", 1.5)]
    assert set(types(database)["wide"].values()) == {"number"} and len(types(database)["wide"]) == 300


def test_the_separator_that_a_spreadsheet_writes_first_and_headings_of_years(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=;\nid;amount\n1;2,5\n2;3,5\n3;4,0\n")
    (tmp_path / "b.csv").write_text("product,2024,2025\nmug,3,4\ncup,5,6\n")
    database = opened(tmp_path)
    assert types(database) == {
        "a": {"id": "integer", "amount": "number"},
        "b": {"product": "text", "2024": "integer", "2025": "integer"},
    }


def test_files_of_one_table_may_be_parted_otherwise_and_each_may_end_in_a_total(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "1.csv").write_text("id,brand,amount\n1,Acme,10\n2,Total,20\n,Total,30\n")
    (folder / "2.csv").write_text("id;brand;amount\n3;Acme;5\n4;Best;6\nTotal;;11\n")
    database = opened(tmp_path)
    assert rows(database, "SELECT COUNT(*), SUM(amount) FROM orders") == [(4, 41)]
    assert rows(database, "SELECT amount FROM orders WHERE brand = 'Total'") == [(20,)]
    assert notes(database).count("is a total") == 2


def test_a_point_parts_thousands_where_semicolons_part_the_cells(tmp_path: Path) -> None:
    (tmp_path / "de.csv").write_text("id;price\n1;1.200\n2;3.400\n3;5.000\n")
    (tmp_path / "us.csv").write_text("id,weight\n1,1.200\n2,3.400\n3,5.000\n")
    database = opened(tmp_path)
    assert rows(database, "SELECT MAX(price) FROM de") == [(5000,)]
    assert rows(database, "SELECT MAX(weight) FROM us") == [(5,)]
    assert "de.price holds numbers with a decimal comma (no value tells" in notes(database)
    assert "us.weight holds numbers (no value tells" in notes(database)


def test_days_that_could_be_months_stay_open_for_the_description(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,day\n1,03/05/2026\n2,04/05/2026\n3,05/06/2026\n")
    assert types(opened(tmp_path / "t.csv"))["t"]["day"] == "text"


def test_files_of_one_name_in_an_archive_and_workbooks_of_one_folder_are_one_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "years.zip", "w") as archive:
        for year, amount in ((2024, 3), (2025, 4)):
            archive.writestr(f"{year}/orders.csv", f"id,amount\n{year},{amount}\n")
        archive.writestr("orders.tsv", "id\tkind\n1\tx\n")
    (tmp_path / "sales").mkdir()
    for month, count in (("jan", 2), ("feb", 3)):
        workbook(
            tmp_path / "sales" / f"{month}.xlsx",
            {"Sheet1": [["id", "amount"], *[[n, 10] for n in range(count)]]},
        )
    database = opened(tmp_path)
    assert rows(database, "SELECT COUNT(*) FROM sales") == [(5,)]
    assert rows(database, "SELECT SUM(amount) FROM orders WHERE id > 1") == [(7,)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", b"no gzip at all"),
        ("a.csv.gz", gzip.compress(b"id,amount\n" * 1000, mtime=0)[:60]),
        ("a.csv", b"\xff\xfe" + b"broken"),
    ],
)
def test_a_damaged_file_is_told_by_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good.csv").write_text("a,b\n1,x\n2,y\n")
    database = opened(tmp_path)
    assert "good" in types(database)
    if name.endswith(".gz"):
        assert f"{name} is damaged and cannot be read" in notes(database)


def test_what_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    inner = gzip.compress(b"id,amount\n" + b"1,2\n" * 500_000)
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        archive.writestr("g.csv.gz", inner)
    scratch = Scratch(tmp_path, budget=100_000)
    ((path, name),) = unpacked(DataFile(tmp_path / "e.zip", "zip"), scratch)
    file = data_file(path, name)
    assert file is not None
    with pytest.raises(Unreadable, match="unfolds to more than can be read"):
        load(duckdb.connect(), "t", [file], scratch)
    nested = (tmp_path / "e.zip").read_bytes()
    for depth in range(4):
        with zipfile.ZipFile(tmp_path / f"n{depth}.zip", "w") as archive:
            archive.writestr("inside.zip", nested)
        nested = (tmp_path / f"n{depth}.zip").read_bytes()
    with pytest.raises(DatabaseUnavailable, match="an archive inside others"):
        opened(tmp_path / "n3.zip")
