"""shop.yml: what is read, each fault with its line, guesses, and the way back to text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import string
from pathlib import Path

import pytest
import small_shop
from hypothesis import given, settings
from hypothesis import strategies as st

from sql.databases import open_database
from sql.errors import ShopFileError
from sql.semantics import Example, Metric, ReviewSource, Role, Shop, View, ViewColumn
from sql.shop.drafting import shop_from_catalog
from sql.shop.shopfile import check_shop, dump_shop, load_shop, locate
from sql.types import Catalog, CatalogColumn, CatalogTable, ColumnType, ForeignKey, QueryLimits

ROOT = Path(__file__).resolve().parents[2]

GOOD = """\
name: Small
database: small.duckdb
currency: EUR
today: max(sales.ordered_at)
views:
  sales:
    description: what was sold
    synonyms: [sold, 销售]
    time: ordered_at
    sql: SELECT o.order_id, o.ordered_at, o.status FROM orders AS o
    columns:
      order_id: {type: integer}
      ordered_at: {type: timestamp, synonyms: [date]}
      status: &status {type: text, sampled: true, values: {shipped: [on the way, 在途]}}
  customers:
    columns:
      customer_id: {type: integer}
      name: {type: text}
      email: {type: text, unit: ''}
metrics:
  orders: {view: sales, sql: COUNT(DISTINCT order_id), synonyms: [number of orders]}
roles:
  owner: {}
  analyst:
    masked: [customers.email]
    rows: {sales: "status <> 'cancelled'"}
    limits: {max_rows: 50, timeout_s: 2.5}
  agent: {views: [sales]}
default_role: analyst
reviews: {view: sales, id: order_id, text: [status]}
bindings: {order_date: sales.ordered_at}
suggestions: [How many orders?]
examples:
  - {question: How many orders?, sql: SELECT COUNT(*) FROM sales}
"""


def load(tmp_path: Path, text: str, **variables: str) -> Shop:
    path = tmp_path / "shop.yml"
    path.write_text(text, encoding="utf-8")
    return load_shop(path, variables=variables)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    shop = load(tmp_path, GOOD)
    assert (shop.name, shop.database, shop.currency) == ("Small", "small.duckdb", "EUR")
    assert shop.today == "max(sales.ordered_at)"
    assert shop.path == tmp_path / "shop.yml"
    sales = shop.views[0]
    assert sales.time == "ordered_at" and sales.synonyms == ("sold", "销售")
    assert sales.columns[2].values == {"shipped": ("on the way", "在途")} and sales.columns[2].sampled
    assert shop.metrics == (
        Metric(name="orders", view="sales", sql="COUNT(DISTINCT order_id)", synonyms=("number of orders",)),
    )
    owner, analyst, agent = shop.roles
    assert owner == Role(name="owner")
    assert analyst.masked == {("customers", "email")}
    assert analyst.rows == {"sales": "status <> 'cancelled'"}
    assert analyst.limits == QueryLimits(max_rows=50, timeout_s=2.5)
    assert agent.views == {"sales"}
    assert shop.default_role == "analyst"
    assert shop.reviews == ReviewSource(view="sales", id="order_id", text=("status",))
    assert shop.bindings == {"order_date": "sales.ordered_at"}
    assert shop.examples == (Example(question="How many orders?", sql="SELECT COUNT(*) FROM sales"),)


def test_the_demonstration_shop_and_the_examples_are_read(tmp_path: Path) -> None:
    found = [ROOT / "demo" / "shop.yml", *sorted((ROOT / "examples").glob("*/shop.yml"))]
    assert len(found) >= 2
    for path in found:
        shop = load_shop(path, variables={"SHOPTALK_DATA": "/data"})
        assert shop.views and shop.roles
        assert dataclasses.replace(shop, path=None) == dataclasses.replace(
            load(tmp_path, dump_shop(shop)), path=None
        )


def test_anchors_and_merge_keys_are_understood(tmp_path: Path) -> None:
    text = GOOD.replace(
        "      name: {type: text}\n", "      name: {<<: *status, sampled: false}\n      state: *status\n"
    )
    customers = load(tmp_path, text).views[1]
    name, state = customers.column("name"), customers.column("state")
    assert name is not None and state is not None
    assert name.values == state.values and not name.sampled and state.sampled


def test_a_date_is_a_clock(tmp_path: Path) -> None:
    text = GOOD.replace("max(sales.ordered_at)", "2026-06-30")
    assert load(tmp_path, text).today == dt.date(2026, 6, 30)


def test_variables_stand_for_folders(tmp_path: Path) -> None:
    text = GOOD.replace("small.duckdb", "${DATA}/x/${NAME}.duckdb")
    assert load(tmp_path, text, DATA="/data", NAME="n").database == "/data/x/n.duckdb"
    with pytest.raises(ShopFileError, match=r"line 2: database needs the variable DATA, which is not set"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("name: Small", "nmae: Small", 1, "no key 'nmae'; did you mean 'name'?"),
        ("name: Small\n", "", 1, "the shop needs name"),
        ("name: Small", "name:", 1, "name must not be empty"),
        ("name: Small", "name: [Small]", 1, "name must be text, not a list"),
        ("currency: EUR", "currency: {a: b}", 3, "currency must be text, not a mapping"),
        ("currency: EUR", "currency: EUR: x", 3, "not YAML"),
        ("currency: EUR", "currency: EUR\ncurrency: USD", 4, "'currency' stands there twice"),
        ("max(sales.ordered_at)", "yesterday", 4, "today must be a date"),
        ("max(sales.ordered_at)", "2026-13-45", 4, "which is no date"),
        ("max(sales.ordered_at)", "max(sale.ordered_at)", 4, "did you mean 'sales'?"),
        ("max(sales.ordered_at)", "max(sales.orderd_at)", 4, "did you mean 'ordered_at'?"),
        ("    time: ordered_at", "    time: orderd", 9, "sales has no column 'orderd'"),
        ("    sql: SELECT", "    sql:\n    description: SELECT", 11, "'description' stands there twice"),
        (
            "{type: integer}\n      ordered_at",
            "{tpye: integer}\n      ordered_at",
            12,
            "did you mean 'type'?",
        ),
        ("order_id: {type: integer}", "order_id: {type: int}", 12, "type of sales.order_id is 'int'"),
        ("order_id: {type: integer}", "order_id: {}", 12, "needs a type"),
        ("order_id: {type: integer}", "order_id: integer", 12, "must be a mapping"),
        ("sampled: true", "sampled: perhaps", 14, "must be true or false"),
        ("synonyms: [date]", "synonyms: {a: b}", 13, "must be a list"),
        (
            "view: sales, sql: COUNT",
            "view: sale, sql: COUNT",
            21,
            "the metric orders: there is no view 'sale'",
        ),
        ("view: sales, sql: COUNT(DISTINCT order_id), ", "view: sales, ", 21, "the metric orders needs sql"),
        ("[customers.email]", "[customers.mail]", 25, "did you mean 'email'?"),
        ("[customers.email]", "[email]", 25, "must be written view.column"),
        ("rows: {sales:", "rows: {sale:", 26, "did you mean 'sales'?"),
        ("max_rows: 50", "max_rows: many", 27, "must be a number"),
        ("max_rows: 50", "max_rows: 0", 27, "must be more than 0"),
        ("views: [sales]", "views: [sails]", 28, "did you mean 'sales'?"),
        ("default_role: analyst", "default_role: analist", 29, "did you mean 'analyst'?"),
        ("id: order_id,", "id: nothing,", 30, "sales has no column 'nothing'"),
        ("text: [status]", "text: []", 30, "at least one text column"),
        ("sales.ordered_at}", "sales}", 31, "must be written view.column"),
        ("question: How many orders?, ", "", 34, "an example needs question"),
    ],
)
def test_every_fault_has_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(ShopFileError, match=re.escape(words)) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{tmp_path / 'shop.yml'}, line {line}: ")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"- a\n- b\n", "must be a mapping"),
        (b"just words", "must be a mapping"),
        (b"name: \xff\xfe", "is not UTF-8"),
        (b"a: &a [*a]", "has no key 'a'"),
        (b"name: !!python/object/apply:os.system ['x']\ndatabase: x\nviews: {}", "at least one view"),
        (b"name: x\ndatabase: x\nviews: {}\n", "at least one view"),
        (b"name: x\ndatabase: x\nviews: {v: {columns: {}}}\n", "at least one column"),
        (b"name: x\x00", "not YAML"),
        (b"[" * 3000, "YAML|nested"),
        (b"x" * 2_000_001, "2,000,001 bytes"),
    ],
)
def test_what_is_no_shop_is_told(tmp_path: Path, raw: bytes, words: str) -> None:
    path = tmp_path / "shop.yml"
    path.write_bytes(raw)
    with pytest.raises(ShopFileError, match=words):
        load_shop(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ShopFileError, match="cannot be read: No such file"):
        load_shop(tmp_path / "shop.yml")


def test_a_file_that_unfolds_without_end_is_refused(tmp_path: Path) -> None:
    lines = ["      c0: &c0 {type: text, values: {" + ", ".join(f"v{i}: [w]" for i in range(999)) + "}}"]
    lines += [f"      c{i}: *c0" for i in range(1, 900)]
    text = "name: x\ndatabase: x\nviews:\n  v:\n    columns:\n" + "\n".join(lines) + "\n"
    with pytest.raises(ShopFileError, match="unfolds without end"):
        load(tmp_path, text)
    cycle = "name: x\ndatabase: x\nviews: {v: {columns: {c: {type: text, <<: &m {<<: *m}}}}}\n"
    with pytest.raises(ShopFileError):
        load(tmp_path, cycle)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_file_never_crashes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 40))
    insert = data.draw(st.text(alphabet=string.printable + "中&*<", max_size=12))
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    try:
        load(folder, GOOD[:start] + insert + GOOD[start + length :])
    except ShopFileError as error:
        assert error.reason


# ---- against a database ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    path = small_shop.build(tmp_path_factory.mktemp("shop"), "duckdb")
    return open_database(str(path)).catalog()


def test_a_good_file_fits_its_database(tmp_path: Path, catalog: Catalog) -> None:
    check_shop(load(tmp_path, GOOD), catalog)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("o.status FROM orders", "o.state FROM orders", 10, "state"),
        ("FROM orders AS o", "FROM order AS o", 10, "order"),
        ("FROM orders AS o", "FROM ordrs AS o", 10, "near: orders"),
        ("sql: SELECT o.order_id,", "sql: SELECT", 10, "gives no column order_id"),
        ("  customers:\n", "  buyers:\n", 15, "the database has no table of that name"),
        ("      name: {type: text}", "      nick: {type: text}", 15, "has no column nick"),
        (
            "COUNT(DISTINCT order_id)",
            "COUNT(DISTINCT number)",
            21,
            "the metric orders: there is no column number",
        ),
        ("COUNT(DISTINCT order_id)", "COUNT(DISTINCT", 21, "the metric orders"),
        ("status <> 'cancelled'", "state <> 'cancelled'", 24, "no column state; near: status"),
        ("SELECT COUNT(*) FROM sales", "SELECT COUNT(*) FROM sale", 33, "the example 'How many orders?'"),
    ],
)
def test_what_does_not_fit_has_its_line(
    tmp_path: Path, catalog: Catalog, old: str, new: str, line: int, words: str
) -> None:
    text = GOOD.replace(old, new, 1)
    if "buyers" in new:
        text = text.replace("customers.email", "buyers.email")
    shop = load(tmp_path, text)
    with pytest.raises(ShopFileError, match=re.escape(words)) as caught:
        check_shop(shop, catalog)
    assert caught.value.line == line


def test_locate_finds_the_deepest_line(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    path = tmp_path / "shop.yml"
    assert locate(path, "views", "sales", "sql") == 10
    assert locate(path, "views", "sales", "nothing") == 6
    assert locate(path, "nothing") is None
    assert locate(None, "views") is None


# ---- a first description --------------------------------------------------------------------------------


def table(name: str, columns: dict[str, ColumnType], **more: object) -> CatalogTable:
    made = tuple(CatalogColumn(name=n, type=t, database_type=t) for n, t in columns.items())
    return CatalogTable(name=name, columns=made, **more)  # type: ignore[arg-type]


SHOPLIKE = Catalog(
    dialect="sqlite",
    tables=(
        table(
            "Customers",
            {
                "CustomerID": "integer",
                "FirstName": "text",
                "eMail": "text",
                "phone_number": "text",
                "City": "text",
                "birth_date": "date",
                "last_seen": "timestamp",
                "createdAt": "timestamp",
                "notes": "text",
            },
            primary_key=("CustomerID",),
        ),
        table(
            "order_items",
            {
                "id": "integer",
                "order_id": "integer",
                "productName": "text",
                "quantity": "integer",
                "total amount": "number",
                "unit_price": "number",
                "shipping_address": "text",
                "order_date": "date",
                "updated": "timestamp",
            },
            primary_key=("id",),
            foreign_keys=(
                ForeignKey(columns=("order_id",), target_table="orders", target_columns=("order_id",)),
            ),
        ),
        table("products", {"name": "text", "category": "text"}),
        table("empty", {}),
    ),
)


def test_a_database_that_nobody_described_gets_a_description() -> None:
    shop = shop_from_catalog(SHOPLIKE, name="X", database="x.db")
    assert [v.name for v in shop.views] == ["Customers", "order_items", "products"]
    assert all(v.sql is None for v in shop.views)
    customers, items, products = shop.views
    assert [c.name for c in customers.columns if c.sampled] == ["City"]
    assert [c.name for c in items.columns if c.sampled] == ["productName"]
    assert [c.name for c in products.columns if c.sampled] == ["name", "category"]
    assert customers.time == "createdAt" and items.time == "order_date" and products.time is None
    assert items.synonyms == ("order items",)
    assert customers.columns[1].synonyms == ("first name",)
    sums = {m.sql for m in shop.metrics}
    assert sums == {"COUNT(*)", "SUM(quantity)", 'SUM("total amount")'}
    assert len({m.name for m in shop.metrics}) == len(shop.metrics) == 5
    check_shop(shop, SHOPLIKE)


def test_a_database_without_tables_is_told() -> None:
    with pytest.raises(ShopFileError, match="has no tables"):
        shop_from_catalog(Catalog(dialect="sqlite", tables=()), name="x", database="x.db")


# ---- and back -------------------------------------------------------------------------------------------


def test_a_guessed_description_survives_the_file(tmp_path: Path) -> None:
    shop = shop_from_catalog(SHOPLIKE, name="X: y", database="x.db")
    assert dataclasses.replace(load(tmp_path, dump_shop(shop)), path=None) == shop


def test_a_whole_description_survives_the_file(tmp_path: Path) -> None:
    shop = load(tmp_path, GOOD)
    assert load(tmp_path, dump_shop(shop)) == shop


_texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff\ufffe\uffff"),
    max_size=20,
).map(str.strip)
_names = _texts.filter(bool)
_synonyms = st.lists(_names, max_size=3, unique=True).map(tuple)


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """Shops with every kind of word in them."""
    columns = tuple(
        ViewColumn(
            name=name,
            type=draw(st.sampled_from(["integer", "text", "date"])),
            description=draw(_texts),
            synonyms=draw(_synonyms),
            values=draw(st.dictionaries(_names, _synonyms, max_size=2)) if draw(st.booleans()) else {},
            sampled=draw(st.booleans()),
        )
        for name in draw(st.lists(_names, min_size=1, max_size=3, unique_by=str.lower))
    )
    view = View(
        name=draw(_names), columns=columns, sql=draw(st.one_of(st.none(), _names)), synonyms=draw(_synonyms)
    )
    metric = Metric(name=draw(_names), view=view.name, sql=draw(_names), unit=draw(_texts))
    return Shop(
        name=draw(_names),
        database=draw(_names.filter(lambda text: "${" not in text)),
        views=(view,),
        metrics=(metric,),
        description=draw(_texts),
        suggestions=draw(_synonyms),
        examples=(Example(question=draw(_names), sql=draw(_names)),),
    )


@settings(max_examples=100, deadline=None)
@given(shop=shops())
def test_any_description_survives_the_file(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> None:
    folder = tmp_path_factory.getbasetemp() / "round"
    folder.mkdir(exist_ok=True)
    assert dataclasses.replace(load(folder, dump_shop(shop)), path=None) == shop


# ---- roles ----------------------------------------------------------------------------------------------

AGGREGATES = GOOD.replace(
    "  agent: {views: [sales]}\n",
    "  agent:\n    minimum_group: 5\n    group_units: {sales: order_id}\n"
    "    rows: {sales: 'status = :status'}\n    limits: {max_cost: 1e6}\n",
)


def test_groups_attributes_and_cost_are_read_and_written(tmp_path: Path, catalog: Catalog) -> None:
    shop = load(tmp_path, AGGREGATES)
    agent = shop.role("agent")
    assert (agent.minimum_group, agent.group_units) == (5, {"sales": "order_id"})
    assert agent.rows == {"sales": "status = :status"} and agent.limits == QueryLimits(max_cost=1e6)
    assert load(tmp_path, dump_shop(shop)) == shop
    check_shop(shop, catalog)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("minimum_group: 5", "minimum_group: 1", 29, "must be at least 2"),
        ("minimum_group: 5", "minimum_group: few", 29, "must be a number"),
        ("    minimum_group: 5\n", "", 29, "need minimum_group"),
        ("{sales: order_id}", "{sails: order_id}", 30, "did you mean 'sales'?"),
        ("{sales: order_id}", "{sales: order}", 30, "sales has no column 'order'"),
        ("max_cost: 1e6", "max_cost: -1", 32, "must be more than 0"),
    ],
)
def test_faults_of_groups_have_their_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert AGGREGATES.count(old) == 1
    with pytest.raises(ShopFileError, match=re.escape(words)) as caught:
        load(tmp_path, AGGREGATES.replace(old, new))
    assert caught.value.line == line


def test_a_rule_with_an_attribute_is_checked_like_any_other(tmp_path: Path, catalog: Catalog) -> None:
    shop = load(tmp_path, AGGREGATES.replace("'status = :status'", "'state = :status'"))
    with pytest.raises(ShopFileError, match="no column state; near: status") as caught:
        check_shop(shop, catalog)
    assert caught.value.line == 28
