"""Keys, links, metrics of metrics, the fiscal calendar of shop.yml: read, written, faults with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sql.errors import ShopFileError
from sql.semantics import Shop
from sql.shop.drafting import shop_from_catalog
from sql.shop.shopfile import dump_shop, load_shop
from sql.types import Catalog, CatalogColumn, CatalogTable, ForeignKey

GOOD = """\
name: Linked
database: shop.duckdb
fiscal_year_starts: 4
time_zone: Europe/Berlin
views:
  orders:
    time: ordered_at
    key: [order_id]
    refs: {customer_id: customers, payer_id: customers}
    prefer: {customers: customer_id}
    columns:
      order_id: {type: integer}
      customer_id: {type: integer}
      payer_id: {type: integer}
      ordered_at: {type: timestamp}
      paid_at: {type: timestamp}
      total: {type: number}
  customers:
    key: customer_id
    columns:
      customer_id: {type: integer}
  lines:
    refs: {order_id: orders}
    columns:
      order_id: {type: integer}
      amount: {type: number}
  stock:
    key: [taken_on, product]
    columns:
      taken_on: {type: date}
      product: {type: text}
      on_hand: {type: integer}
metrics:
  revenue: {view: orders, sql: SUM(total), time: paid_at}
  orders: {view: orders, sql: COUNT(*)}
  in_stock: {view: stock, sql: SUM(on_hand), last: taken_on}
  value: {sql: revenue / orders, unit: EUR}
  value_share: {sql: (value + value) / 2}
  gross: {view: orders, sql: SUM(total), parts: {view: lines, sql: SUM(amount)}}
"""

FAULTS = [
    ("key: [order_id]", "key: [order_no]", 8, "orders has no column 'order_no'; did you mean 'order_id'?"),
    ("{customer_id: customers, payer", "{customer_id: clients, payer", 9, "there is no view 'clients'"),
    ("{customer_id: customers, payer", "{client_id: customers, payer", 9, "orders has no column 'client_id'"),
    ("payer_id: customers}", "payer_id: stock}", 9, "stock needs a key of one column"),
    (
        "{customers: customer_id}",
        "{customers: somehow}",
        10,
        "'somehow' is neither a column of orders nor a view",
    ),
    ("fiscal_year_starts: 4", "fiscal_year_starts: 13", 3, "a month from 1 to 12, not 13"),
    ("Europe/Berlin", "Berlin time", 4, "no IANA name; write one such as Europe/Berlin"),
    ("last: taken_on", "last: taken", 36, "stock has no column 'taken'"),
    ("revenue / orders", "revenu / orders", 37, "no metric 'revenu'; did you mean 'revenue'?"),
    ("revenue / orders", "SUM(total)", 37, "there is no metric 'SUM'"),
    ("revenue / orders", "revenue / 'x'", 37, "must be made of other metrics with + - * /"),
    ("revenue / orders", "value_share / 2", 38, "made of itself"),
    ("{sql: revenue / orders", "{time: paid_at, sql: revenue / orders", 37, "so it needs a view"),
    ("parts: {view: lines", "parts: {view: stock", 39, "stock has no refs to orders"),
    ("sql: SUM(amount)}}", "time: order_id}}", 39, "parts of the metric gross"),
]


def load(folder: Path, text: str) -> Shop:
    path = folder / "shop.yml"
    path.write_text(text, encoding="utf-8")
    return load_shop(path)


def test_keys_links_and_metrics_of_metrics_are_read(tmp_path: Path) -> None:
    shop = load(tmp_path, GOOD)
    orders, customers, lines, stock = shop.views
    assert orders.key == ("order_id",) and customers.key == ("customer_id",)
    assert stock.key == ("taken_on", "product")
    assert orders.refs == {"customer_id": "customers", "payer_id": "customers"}
    assert orders.prefer == {"customers": "customer_id"}
    by_name = {metric.name: metric for metric in shop.metrics}
    assert by_name["revenue"].time == "paid_at" and by_name["in_stock"].last == "taken_on"
    parts = by_name["gross"].parts
    assert parts is not None and (parts.view, parts.sql) == (lines.name, "SUM(amount)")
    assert by_name["value"].is_composed and not by_name["orders"].is_composed
    assert (shop.fiscal_year_starts, shop.time_zone) == (4, "Europe/Berlin")


def test_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    shop = load(tmp_path, GOOD)
    assert load(tmp_path, dump_shop(shop)) == shop


def test_a_file_without_any_of_it_opens_as_before(tmp_path: Path) -> None:
    shop = load(tmp_path, "name: Old\ndatabase: d\nviews: {v: {columns: {a: {type: integer}}}}\n")
    assert shop.views[0].key == () and shop.views[0].refs == {} and shop.fiscal_year_starts == 1
    written = dump_shop(shop)
    assert not {"key", "refs", "prefer", "fiscal_year_starts", "time_zone"} & set(
        written.replace(":", " ").split()
    )


@pytest.mark.parametrize(("good", "bad", "line", "reason"), FAULTS, ids=[f[1] for f in FAULTS])
def test_each_fault_is_told_with_its_line(
    tmp_path: Path, good: str, bad: str, line: int, reason: str
) -> None:
    assert GOOD.count(good) == 1
    with pytest.raises(ShopFileError) as caught:
        load(tmp_path, GOOD.replace(good, bad))
    assert caught.value.line == line
    assert reason in caught.value.reason


def test_a_database_that_nobody_described_has_the_keys_and_links_of_its_tables() -> None:
    def table(name: str, columns: str, key: str, *foreign: ForeignKey) -> CatalogTable:
        made = tuple(CatalogColumn(name=c, type="integer", database_type="INT") for c in columns.split())
        return CatalogTable(name=name, columns=made, primary_key=tuple(key.split()), foreign_keys=foreign)

    def to(column: str, target: str, *columns: str) -> ForeignKey:
        return ForeignKey(columns=tuple(column.split()), target_table=target, target_columns=columns)

    catalog = Catalog(
        dialect="duckdb",
        tables=(
            table("customers", "id name_no", "id"),
            table("orders", "id customer_id", "id", to("customer_id", "customers", "id")),
            table(
                "lines",
                "order_id nr a b",
                "order_id nr",
                to("order_id", "orders"),
                to("a b", "lines", "order_id", "nr"),
            ),
            table("marks", "name_no", "", to("name_no", "customers", "name_no"), to("name_no", "gone", "id")),
        ),
    )
    customers, orders, lines, marks = shop_from_catalog(catalog, name="n", database="d").views
    assert [view.key for view in (customers, orders, lines, marks)] == [
        ("id",),
        ("id",),
        ("order_id", "nr"),
        (),
    ]
    assert orders.refs == {"customer_id": "customers"} and lines.refs == {"order_id": "orders"}
    assert marks.refs == {}  # what is not a whole key of a table that is there is no link
