"""A tiny shop whose customers have names, addresses and numbers; two of them share a name."""

from __future__ import annotations

from pathlib import Path

import duckdb
from ui_shop import SHOP, build_shop

KEY, NAME, EMAIL, PHONE = "C-1042", "Ana Souza", "ana.souza@mail.example", "+49 30 5550142"
ANA = (KEY, NAME, EMAIL, PHONE)
OTHER = ("C-2001", "Björn Falk", "bjorn.falk@mail.example", "+46 8 5550177")
CUSTOMERS = [
    ANA,
    OTHER,
    ("C-3001", "Li Wei", "li1@mail.example", "+86 10 5550111"),
    ("C-3002", "Li Wei", "li2@mail.example", "+86 10 5550122"),
]
WRITTEN = (5, "2026-06-02", 1, "en", "Lamp", "The shade is crooked and nobody answers me.", KEY)
NAMING = (6, "2026-06-03", 2, "en", "Chair", f"They sent me the chair of {NAME}, {PHONE}.", "C-2001")
INNOCENT = (7, "2026-06-04", 4, "en", "Lamp", "Anabel and Souzanne both liked this lamp.", "C-2001")
VIEWS = """\
  customers:
    description: one row per customer
    key: [customer_id]
    sql: SELECT customer_id, name, email, phone FROM raw_customers
    columns:
      customer_id: {type: text}
      name: {type: text}
      email: {type: text}
      phone: {type: text}
"""


def described() -> str:
    text = SHOP.replace(
        "sql: SELECT sale_id, sold_at, country, product, amount FROM raw_sales\n",
        "refs: {customer_id: customers}\n"
        "    sql: SELECT sale_id, sold_at, country, product, amount, customer_id FROM raw_sales\n",
    )
    text = text.replace(
        "      sale_id: {type: integer}\n",
        "      sale_id: {type: integer}\n      customer_id: {type: text}\n",
    )
    text = text.replace("product, body FROM raw_reviews", "product, body, customer_id FROM raw_reviews")
    text = text.replace(
        "      review_id: {type: integer}\n",
        "      review_id: {type: integer}\n      customer_id: {type: text}\n",
    )
    text = text.replace("  stock:\n", f"{VIEWS}  stock:\n", 1)
    return f"{text}bindings: {{customer: sales.customer_id}}\n"


def build_customers_shop(folder: Path) -> Path:
    """A shop with owner, seller and clerk, of whom only the owner sees all of it."""
    shop = build_shop(folder, description=described())
    with duckdb.connect(str(folder / "shop.duckdb")) as database:
        database.execute("ALTER TABLE raw_sales ADD COLUMN customer_id VARCHAR")
        database.execute(
            "UPDATE raw_sales SET customer_id = CASE WHEN sale_id < 3 THEN 'C-1042' ELSE 'C-2001' END"
        )
        database.execute("ALTER TABLE raw_reviews ADD COLUMN customer_id VARCHAR")
        database.executemany(
            "INSERT INTO raw_reviews VALUES (?, ?, ?, ?, ?, ?, ?)", [WRITTEN, NAMING, INNOCENT]
        )
        database.execute(
            "CREATE TABLE raw_customers (customer_id VARCHAR, name VARCHAR, email VARCHAR, phone VARCHAR)"
        )
        database.executemany("INSERT INTO raw_customers VALUES (?, ?, ?, ?)", CUSTOMERS)
    return shop
