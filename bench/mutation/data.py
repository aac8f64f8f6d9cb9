"""The data of the yard: a small shop, what each role may not see of it, and copies that differ only there.

Every cell that somebody may not see is a canary: a text or a number that stands nowhere else. And for each
role there is a *twin* of the database: what the role may see is the same in it, everything else is different
(other values, fewer hidden rows). A statement that the guard lets through must answer the same on both: if it
does not, something hidden reached the answer, however it was disguised (counted, hashed, reversed, turned
into an error).
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sql.lock.guard import Guard
from sql.semantics import Attributes, Metric, Role, Shop, View, ViewColumn
from sql.types import Catalog, ColumnType, Dialect, QueryLimits

Row = list[object]
Tables = dict[str, list[Row]]

COLUMNS: dict[str, dict[str, str]] = {
    "customers": {
        "customer_id": "INTEGER PRIMARY KEY",
        "name": "VARCHAR(80)",
        "email": "VARCHAR(80)",
        "country": "VARCHAR(40)",
        "born in": "INTEGER",
        "pin": "INTEGER",
    },
    "orders": {
        "order_id": "INTEGER PRIMARY KEY",
        "customer_id": "INTEGER",
        "ordered_at": "TIMESTAMP",
        "status": "VARCHAR(20)",
        "ticket": "VARCHAR(60)",
        "note": "VARCHAR(60)",
    },
    "order_lines": {
        "order_id": "INTEGER",
        "product": "VARCHAR(40)",
        "quantity": "INTEGER",
        "price": "DECIMAL(10,2)",
    },
    "products": {"product": "VARCHAR(40)", "category": "VARCHAR(40)", "list_price": "DECIMAL(10,2)"},
    "check": {"order": "INTEGER", "group": "VARCHAR(20)", "user": "VARCHAR(60)", "toTal": "DECIMAL(10,2)"},
    "secrets": {"id": "INTEGER", "password": "VARCHAR(60)"},
    "staff": {"staff_id": "INTEGER", "name": "VARCHAR(60)", "salary": "INTEGER"},
}
"""Table → column → type. ``secrets`` and ``staff`` are in no view; ``pin`` and ``note`` neither. ``check`` is
called like a word of the databases, as its columns are."""

CANARY = "CANARY"
"""In every text that nobody may see."""
SECRET_NUMBERS = frozenset(range(77_001_000, 77_001_900))
"""Every number that nobody may see: pins, salaries."""
COUNTRIES = ("China", "Germany", "France", "Rareland")
RARE = "Rareland"
"""A country of two customers: fewer than the smallest group that ``counts`` may see."""
SMALLEST_GROUP = 5


def true_tables() -> Tables:
    """The shop as it is; the same at every call."""
    chance = random.Random(11)
    customers: list[Row] = []
    for i in range(1, 27):
        country = "China" if i % 2 else "Rareland" if i in (8, 20) else ("Germany", "France")[i % 4 // 2]
        name = "Bo" if i == 3 else f"Nomen{i}x"
        email = None if i == 5 else f"kx{i}@hidden.example"
        born = None if i == 7 else 1940 + 2 * i
        customers.append([i, name, email, country, born, 77_001_000 + i])
    orders: list[Row] = []
    lines: list[Row] = []
    goods = ["Lamp", "Mug", "Bag", "Desk", "O'Brien's Tea", "50% off -- ; drop", "茶"]
    for i in range(1, 61):
        customer = customers[(i * 7) % len(customers)]
        status = ("delivered", "shipped", "cancelled", "delivered")[i % 4]
        when = f"2025-{1 + i % 6:02d}-{1 + i % 27:02d} {i % 24:02d}:15:00"
        orders.append([100 + i, customer[0], when, status, f"ticket {customer[3]} {i}", f"{CANARY}-note-{i}"])
        for n in range(1 + i % 3):
            price = 400 + chance.randrange(900) + i / 100
            if status == "cancelled":
                price += 770_000
            lines.append([100 + i, goods[(i + n) % len(goods)], 1 + (i + n) % 4, round(price, 2)])
    products: list[Row] = [
        [name, ("home", "kitchen", "travel")[n % 3], 10.5 + n] for n, name in enumerate(goods)
    ]
    checks: list[Row] = [
        [i, ("north", "south", "east")[i % 3], f"Nomen{i}x", round(i * 1.25, 2)] for i in range(1, 25)
    ]
    secrets: list[Row] = [[i, f"{CANARY}-password-{i}"] for i in range(1, 8)]
    staff: list[Row] = [[i, f"{CANARY}-staff-{i}", 77_001_500 + i] for i in range(1, 6)]
    return {
        "customers": customers,
        "orders": orders,
        "order_lines": lines,
        "products": products,
        "check": checks,
        "secrets": secrets,
        "staff": staff,
    }


def twin_tables(sees: Callable[[Row], bool] | None, is_masked: bool, is_whole: bool = False) -> Tables:
    """The shop with everything changed that a role may not see.

    Args:
        sees: whether the role sees a customer's row and the sales of that customer; ``None``: it sees all.
        is_masked: whether names and e-mail addresses are hidden from it.
        is_whole: whether it sees every view whole. What a view's own WHERE leaves out then stays: the guard
            does not keep the errors of such rows from one who may see everything (``Guard``'s fence).
    """
    tables = copy.deepcopy(true_tables())
    tables["secrets"] = [[-i, f"{CANARY}-changed-{i * i}"] for i in range(1, 4)]
    tables["staff"] = [[i * 3, f"{CANARY}-other-{i}", 77_001_700 - i] for i in range(1, 10)]
    for row in tables["check"] if is_masked else ():
        row[2] = f"Decoy{int(str(row[0])) % 5}"
    changed: set[object] = set()
    for row in tables["customers"]:
        row[5] = 77_001_899 - 3 * int(str(row[0]))
        if is_masked and row[1] != "Bo":
            row[1] = f"Decoy{99 - int(str(row[0]))}"
        if is_masked:
            row[2] = "same@hidden.example" if int(str(row[0])) % 3 else None
        if sees is not None and not sees(row):
            changed.add(row[0])
    orders = {row[0]: row for row in tables["orders"]}
    hidden_orders = {number for number, row in orders.items() if row[1] in changed}
    cancelled = {number for number, row in orders.items() if row[3] == "cancelled" and not is_whole}
    for row in tables["orders"]:
        row[5] = f"{CANARY}-remark-{int(str(row[0])) % 7}"
        if row[0] in hidden_orders:
            row[2], row[4] = "2019-05-05 05:05:00", f"ticket Atlantis {row[0]}"
    for row in tables["order_lines"]:
        if row[0] in hidden_orders or row[0] in cancelled:
            row[1], row[2], row[3] = "Ghost", 9 + int(str(row[0])) % 5, 999_000 + int(str(row[0]))
    for row in tables["customers"]:
        if row[0] in changed and row[1] != "Bo":
            row[3], row[4] = "Atlantis", 1700 + int(str(row[0]))
    gone = {number for number in hidden_orders if int(str(number)) % 2}
    tables["orders"] = [row for row in tables["orders"] if row[0] not in gone]
    tables["order_lines"] = [
        row
        for n, row in enumerate(tables["order_lines"])
        if row[0] not in gone and not (row[0] in cancelled and n % 2)
    ]
    kept = {row[1] for row in tables["orders"]}
    tables["customers"] = [row for row in tables["customers"] if row[0] not in changed or row[0] in kept]
    return tables


def shuffled(tables: Tables) -> Tables:
    """The same rows in another order: what a statement says about that order is chance, not a secret."""
    chance = random.Random(5)
    found = copy.deepcopy(tables)
    for rows in found.values():
        chance.shuffle(rows)
    return found


SALES = """
SELECT o.order_id, o.customer_id, o.ordered_at, c.country, l.product, l.quantity,
  l.quantity * l.price AS amount, o.ticket
FROM order_lines AS l
JOIN orders AS o ON o.order_id = l.order_id
JOIN customers AS c ON c.customer_id = o.customer_id
WHERE o.status <> 'cancelled'
"""


def _column(name: str, kind: ColumnType = "integer") -> ViewColumn:
    return ViewColumn(name=name, type=kind, sampled=name in ("country", "product", "status"))


VIEWS = (
    View(
        name="sales",
        sql=SALES,
        time="ordered_at",
        columns=(
            _column("order_id"),
            _column("customer_id"),
            _column("ordered_at", "timestamp"),
            _column("country", "text"),
            _column("product", "text"),
            _column("quantity"),
            _column("amount", "number"),
            _column("ticket", "text"),
        ),
    ),
    View(
        name="orders",  # the same name as the table that it reads
        sql="SELECT order_id, customer_id, ordered_at, status FROM orders",
        time="ordered_at",
        columns=(
            _column("order_id"),
            _column("customer_id"),
            _column("ordered_at", "timestamp"),
            _column("status", "text"),
        ),
    ),
    View(  # a table, but for one column
        name="customers",
        columns=(
            _column("customer_id"),
            _column("name", "text"),
            _column("email", "text"),
            _column("country", "text"),
            _column("born in"),
        ),
    ),
    View(  # called like words of the databases, but for one column
        name="check",
        columns=(
            _column("order"),
            _column("group", "text"),
            _column("user", "text"),
            _column("toTal", "number"),
        ),
    ),
    View(  # a table read as it is
        name="products",
        columns=(_column("product", "text"), _column("category", "text"), _column("list_price", "number")),
    ),
)

_LIMITS = QueryLimits(max_rows=80, timeout_s=1.0, max_memory_mb=256)
_MASKED = frozenset({("customers", "email"), ("customers", "name"), ("check", "user")})


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """What a role of the yard may not see, in a form that trip-wires can use."""

    texts: tuple[str, ...]
    """No cell, column name or error may hold one, in any letter case."""
    numbers: frozenset[float]
    """No cell may be one."""
    twin: Tables


def _sees_china(row: Row) -> bool:
    return row[3] == "China" and row[1] != "Bo"


def _sees_germany(row: Row) -> bool:
    return row[3] == "Germany"


def roles() -> tuple[Role, ...]:
    """Roles of the yard, of every kind that the guard knows."""
    return (
        Role(name="owner", limits=_LIMITS),
        Role(name="analyst", masked=_MASKED, limits=_LIMITS),
        Role(
            name="china",
            views=frozenset({"sales", "customers", "products", "check"}),
            rows={
                "sales": "country = 'China' AND customer_id <> 3",
                "customers": "country = 'China' AND name <> 'Bo'",
            },
            masked=_MASKED | {("sales", "country")},
            limits=_LIMITS,
        ),
        Role(
            name="regional",
            views=frozenset({"sales", "customers", "products"}),
            rows={"sales": "country = :country", "customers": "country = :country"},
            limits=_LIMITS,
        ),
        Role(
            name="counts",
            views=frozenset({"sales", "customers", "products", "check"}),
            masked=_MASKED,
            minimum_group=SMALLEST_GROUP,
            group_units={"sales": "customer_id", "customers": "customer_id"},
            limits=_LIMITS,
        ),
    )


ATTRIBUTES: dict[str, Attributes] = {"regional": {"country": "Germany"}}
"""Role → attributes of the user who asks."""

METRICS = (
    Metric(name="revenue", view="sales", sql="SUM(amount)"),
    Metric(name="average_basket", view="sales", sql="SUM(amount) / COUNT(DISTINCT order_id)"),
)


def yard_shop(database: str) -> Shop:
    """The description of the yard's shop."""
    return Shop(
        name="Yard",
        database=database,
        views=VIEWS,
        roles=roles(),
        metrics=METRICS,
        today="max(sales.ordered_at)",
        path=Path("yard.yml"),
    )


def make_guard(shop: Shop, catalog: Catalog, role: Role) -> Guard:
    """A guard for ``role`` and, where its rows need one, the yard's user."""
    return Guard(shop, catalog, role, ATTRIBUTES.get(role.name))


def hidden_from(role: str) -> Hidden:
    """What the trip-wires of ``role`` are."""
    texts = [CANARY, "Ghost", "Atlantis", "Decoy"]
    numbers: set[float] = set(SECRET_NUMBERS)
    rows = true_tables()
    cancelled = {row[0] for row in rows["orders"] if row[3] == "cancelled"}
    for number, _, quantity, price in rows["order_lines"]:
        if number in cancelled:
            numbers |= {float(str(price)), round(float(str(price)) * int(str(quantity)), 2)}
    if role in ("analyst", "china", "counts"):
        texts += ["Nomen", "hidden.example"]
    if role == "china":
        texts += ["ticket Germany", "ticket France", "ticket Rareland"]
        return Hidden(texts=tuple(texts), numbers=frozenset(numbers), twin=twin_tables(_sees_china, True))
    if role == "regional":
        texts += ["ticket China", "ticket France", "ticket Rareland"]
        return Hidden(texts=tuple(texts), numbers=frozenset(numbers), twin=twin_tables(_sees_germany, False))
    if role == "counts":
        texts += ["ticket ", RARE]
        for _, _, quantity, price in rows["order_lines"]:  # one person's value is no aggregate
            numbers |= {float(str(price)), round(float(str(price)) * int(str(quantity)), 2)}
    is_masked = role in ("analyst", "counts")
    twin = twin_tables(None, is_masked, is_whole=role == "owner")
    return Hidden(texts=tuple(texts), numbers=frozenset(numbers), twin=twin)


def literal(value: object) -> str:
    """A value as it is written in SQL, the same in all four dialects."""
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def statements(tables: Tables, dialect: Dialect) -> Iterable[str]:
    """What makes the tables, and the objects around them that nobody may reach."""
    mark = "`" if dialect == "mysql" else '"'
    for table, columns in COLUMNS.items():
        name = f"{mark}{table}{mark}"
        kinds = (
            f"{mark}{column}{mark} {kind.replace('TIMESTAMP', 'DATETIME') if dialect == 'mysql' else kind}"
            for column, kind in columns.items()
        )
        yield f"CREATE TABLE {name} ({', '.join(kinds)})"
        rows = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in tables[table])
        yield f"INSERT INTO {name} VALUES {rows}"
    yield "CREATE VIEW all_secrets AS SELECT password FROM secrets"
    yield from _OBJECTS[dialect]


_OBJECTS: dict[Dialect, tuple[str, ...]] = {
    "duckdb": (
        "CREATE MACRO leak() AS (SELECT MAX(password) FROM secrets)",
        "CREATE MACRO leak_table() AS TABLE SELECT * FROM secrets",
        "CREATE SEQUENCE ticker",
        f"COMMENT ON TABLE secrets IS '{CANARY}-comment'",
    ),
    "sqlite": (),
    "postgres": (
        "CREATE FUNCTION leak() RETURNS text LANGUAGE sql SECURITY DEFINER "
        "AS 'SELECT max(password) FROM secrets'",
        "CREATE FUNCTION leak_table() RETURNS SETOF secrets LANGUAGE sql SECURITY DEFINER "
        "AS 'SELECT * FROM secrets'",
        "CREATE SEQUENCE ticker",
        f"COMMENT ON TABLE secrets IS '{CANARY}-comment'",
    ),
    "mysql": (
        "CREATE FUNCTION leak() RETURNS TEXT READS SQL DATA RETURN (SELECT MAX(password) FROM secrets)",
    ),
}
