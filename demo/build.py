"""Builds the demonstration shop: one DuckDB file, its description and what is hidden in it.

``python -m demo.build --folder DIR [--seed N]`` writes ``shop.duckdb`` (tables of ``schema.sql``),
``shop.yml``, ``macros.yml``, ``truths.json`` and ``manifest.json``. Everything is invented: brands, people,
texts; e-mail addresses lie in example.com/.org/.net, telephone numbers in ranges reserved for fiction.

The shop, Lindgrove, sells from 2024-07-01 to 2026-06-30 to eight countries. Planted in it, with dates and
sizes in ``demo.plan`` and, once built, in ``truths.json`` together with a query that shows each:

- seasonality by weekday and by time of year for each category, and growth of a fifth per year;
- price elasticities, one per category, in price changes that follow no season;
- business customers who leave from September 2025 on;
- a faulty batch of one pair of headphones (battery), with its returns, tickets and angry reviews;
- stock-outs, past and present, with the units that they cost;
- one campaign that worked and one that did not, though its vouchers were used;
- a payment outage of three days; two days of bot traffic; four days of sudden fame for one toy;
- five weeks of late parcels in Italy, with tickets and reviews about them;
- a few reviews that are attacks (instructions to a model, HTML), as any real shop receives.

The same seed gives the same rows, byte for byte, on every machine (see ``demo.dice``); the database file
itself may differ, since DuckDB lays out its blocks as it likes. Not meant for load tests (far too small) or
for studies of real customers (there are none in it).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from demo import plan

logger = logging.getLogger(__name__)

HERE = Path(__file__).parent
DATABASE = "shop.duckdb"
TRUTHS = "truths.json"
SHOP = "shop.yml"
MACROS = "macros.yml"
DESCRIPTION = (SHOP, MACROS)
"""Files that are copied as they are."""
MANIFEST = "manifest.json"
TABLES = (
    "categories",
    "suppliers",
    "products",
    "customers",
    "campaigns",
    "campaign_assignments",
    "orders",
    "order_lines",
    "payments",
    "returns",
    "stock_snapshots",
    "price_changes",
    "sessions",
    "tickets",
    "reviews",
)
"""In an order in which references point backwards."""
_STALE_S = 3600


def build_demo(folder: Path, *, seed: int = 7, progress: bool = True) -> Path:
    """Write the demonstration shop into ``folder``, or leave it alone when it is there already.

    Args:
        folder: made if missing; other files in it are kept.
        seed: another seed gives another shop with the same planted truths.
        progress: say on standard error what is being made.
    Returns:
        ``folder``, holding ``shop.duckdb``, ``shop.yml``, ``macros.yml``, ``truths.json`` and
        ``manifest.json``.
    Raises:
        OSError: no room or no permission; what was there before is unchanged.
    """
    folder = Path(folder)
    if _is_whole(folder, seed):
        _refresh_description(folder)
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    with _workshop(folder) as work:
        started = time.perf_counter()
        _write(work, seed, progress)
        files = {name: (work / name).stat().st_size for name in (DATABASE, TRUTHS)}
        manifest = {"generator": fingerprint(), "seed": seed, "files": files}
        (work / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        for name in DESCRIPTION:
            shutil.copyfile(HERE / name, work / name)
        # The manifest goes first and comes last: without it nothing in the folder counts as built.
        (folder / MANIFEST).unlink(missing_ok=True)
        (folder / f"{DATABASE}.wal").unlink(missing_ok=True)
        for name in (DATABASE, TRUTHS, *DESCRIPTION, MANIFEST):
            os.replace(work / name, folder / name)
        logger.info("demonstration shop built in %.1f s: %s", time.perf_counter() - started, folder)
    return folder


def is_built(folder: Path, *, seed: int | None = None) -> bool:
    """Whether ``folder`` holds a whole shop of this version of the generator (with ``seed``, if given)."""
    folder = Path(folder)
    try:
        is_described = all((folder / name).read_bytes() == (HERE / name).read_bytes() for name in DESCRIPTION)
    except OSError:
        return False
    return is_described and _is_whole(folder, seed)


def _is_whole(folder: Path, seed: int | None) -> bool:
    """The database and the truths, whatever the description says."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in (DATABASE, TRUTHS)}
    except (OSError, ValueError):
        return False
    return (
        isinstance(manifest, dict)
        and manifest.get("generator") == fingerprint()
        and manifest.get("files") == sizes
        and (seed is None or manifest.get("seed") == seed)
    )


def fingerprint() -> str:
    """Changes whenever the generator, its texts or the schema do; its description is copied afresh anyway."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.py"), HERE / "schema.sql", *(HERE / "texts").glob("*.txt")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]


def table_hashes(database: Path) -> dict[str, str]:
    """SHA-256 of each table, written as CSV in the order of its first columns."""
    import duckdb

    hashes = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET threads = 1")
        for table in TABLES:
            cursor = connection.execute(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {table} ORDER BY 1, 2")
            digest = hashlib.sha256()
            while rows := cursor.fetchmany(20_000):
                digest.update(
                    "".join(
                        "\x1f".join("\\N" if v is None else v for v in row) + "\n" for row in rows
                    ).encode()
                )
            hashes[table] = digest.hexdigest()
    return hashes


def _refresh_description(folder: Path) -> None:
    for name in DESCRIPTION:
        text = (HERE / name).read_bytes()
        if not (folder / name).exists() or (folder / name).read_bytes() != text:
            temporary = folder / f".{name}.{os.getpid()}"
            temporary.write_bytes(text)
            os.replace(temporary, folder / name)


def _sweep(folder: Path) -> None:
    """Remove what a killed build left behind; a young folder may belong to a build that still runs."""
    for left in folder.glob(".building-*"):
        if time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    work = folder / f".building-{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write(work: Path, seed: int, progress: bool) -> None:
    import duckdb

    tables, truths = make_tables(seed, progress=progress)
    _say(progress, "writing the database")
    with duckdb.connect(str(work / DATABASE)) as connection:
        connection.execute("SET threads = 1")
        connection.execute((HERE / "schema.sql").read_text(encoding="utf-8"))
        for name in TABLES:
            connection.register("incoming", _arrow(tables[name]))
            connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
            connection.unregister("incoming")
        connection.execute("CHECKPOINT")
    text = json.dumps(truths, ensure_ascii=False, indent=2)
    (work / TRUTHS).write_text(text + "\n", encoding="utf-8")


def make_tables(seed: int, *, progress: bool = False) -> tuple[dict[str, Mapping[str, Any]], dict[str, Any]]:
    """Every table as columns, and the truths planted in them. No file is touched."""
    from demo.dice import Dice
    from demo.orders import make_demand, make_orders, make_returns, take_payments
    from demo.people import make_people
    from demo.product_quality import make_quality
    from demo.products import SUPPLIERS, make_products, price_changes
    from demo.reviews import make_reviews
    from demo.stock import make_stock
    from demo.tickets import make_tickets
    from demo.truths import make_truths
    from demo.visits import make_visits

    _say(progress, "products and customers")
    products, people = make_products(seed), make_people(seed)
    quality = make_quality(seed, products)
    _say(progress, "orders, payments and returns")
    demand = make_demand(seed, products)
    orders = make_orders(seed, products, people, demand)
    payments = take_payments(seed, people, orders)
    returns = make_returns(seed, products, orders, quality.disappointing)
    people.segments = _segments(people, orders)
    _say(progress, "stock and visits")
    stock, visits = make_stock(seed, products, orders, demand), make_visits(seed, people, orders)
    _say(progress, "reviews")
    reviews = make_reviews(seed, products, people, orders, quality)
    _say(progress, "tickets")
    tickets = make_tickets(seed, products, people, orders, returns)
    names, names_zh = zip(*plan.CATEGORIES, strict=True)
    day0 = np.datetime64(plan.START, "D")
    tables: dict[str, Mapping[str, Any]] = {
        "categories": {
            "category_id": np.arange(len(names)) + 1,
            "name": list(names),
            "name_zh": list(names_zh),
        },
        "suppliers": {
            "supplier_id": np.arange(len(SUPPLIERS)) + 1,
            "name": [s[0] for s in SUPPLIERS],
            "country": [s[1] for s in SUPPLIERS],
            "lead_time_days": [s[2] for s in SUPPLIERS],
        },
        "products": {
            "product_id": products.ids,
            "sku": products.skus,
            "name": products.names,
            "name_zh": products.names_zh,
            "category_id": products.category + 1,
            "supplier_id": products.supplier + 1,
            "brand": products.brands,
            "description": products.descriptions,
            "description_zh": products.descriptions_zh,
            "list_price": products.prices[:, -1] / 100,
            "unit_cost": products.cost_cents / 100,
            "launched_on": day0 + products.launched.astype("timedelta64[D]"),
            "discontinued_on": np.where(
                products.discontinued < plan.DAYS,
                day0 + np.minimum(products.discontinued, plan.DAYS).astype("timedelta64[D]"),
                np.datetime64("NaT", "D"),
            ),
        },
        "customers": {
            "customer_id": people.ids,
            "name": people.names,
            "email": people.emails,
            "phone": people.phones,
            "country": [people.countries[int(c)].name for c in people.country],
            "city": people.cities,
            "language": people.languages,
            "birth_year": people.birth_years,
            "segment": people.segments,
            "registered_at": people.registered_at,
            "has_marketing_consent": people.consent,
        },
        "campaigns": {
            "campaign_id": np.arange(len(plan.CAMPAIGNS)) + 1,
            "name": [c.name for c in plan.CAMPAIGNS],
            "channel": [c.channel for c in plan.CAMPAIGNS],
            "started_on": [c.span.first for c in plan.CAMPAIGNS],
            "ended_on": [c.span.last for c in plan.CAMPAIGNS],
            "cost": [c.cost for c in plan.CAMPAIGNS],
            "discount_rate": [c.discount for c in plan.CAMPAIGNS],
            "category_id": [names.index(c.category) + 1 if c.category else None for c in plan.CAMPAIGNS],
        },
        "campaign_assignments": orders.assignments,
        "orders": {
            "order_id": orders.ids,
            "customer_id": people.ids[orders.customer],
            "ordered_at": orders.ordered_at,
            "channel": orders.channel,
            "device": orders.device,
            "campaign_id": np.ma.masked_array(orders.campaign + 1, mask=orders.campaign < 0),
            "status": orders.status,
            "shipping_country": [people.countries[int(c)].name for c in people.country[orders.customer]],
            "shipping_fee": orders.fee_cents / 100,
            "shipped_at": orders.shipped_at,
            "delivered_at": orders.delivered_at,
        },
        "order_lines": {
            "order_line_id": np.arange(len(orders.line_order)) + 1,
            "order_id": orders.ids[orders.line_order],
            "product_id": products.ids[orders.line_product],
            "quantity": orders.quantity,
            "unit_price": orders.unit_cents / 100,
            "discount": orders.discount_cents / 100,
            "batch": orders.batch,
        },
        "payments": payments,
        "returns": returns,
        "stock_snapshots": stock,
        "price_changes": price_changes(products, Dice(seed, "price changes")),
        "sessions": visits,
        "tickets": tickets,
        "reviews": reviews.table,
    }
    return tables, make_truths(seed, products, people, orders, demand, reviews)


def _segments(people: Any, orders: Any) -> list[str]:
    """The shop's own rule: business by contract, new for three months, loyal from eight paid orders on."""
    count = np.bincount(orders.customer[orders.is_paid], minlength=len(people.ids))
    is_new = people.registered >= plan.DAYS - 91
    segment = np.select([people.is_business, is_new, count >= 8], ["business", "new", "loyal"], "regular")
    return [str(name) for name in segment]


def _arrow(columns: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    arrays = {}
    for name, values in columns.items():
        if isinstance(values, np.ma.MaskedArray):
            arrays[name] = pa.array(values.data, mask=np.ma.getmaskarray(values))
        elif isinstance(values, np.ndarray) and values.dtype.kind == "U":
            arrays[name] = pa.array(values.tolist(), pa.string())
        else:
            arrays[name] = pa.array(values)
    return pa.table(arrays)


def _say(progress: bool, what: str) -> None:
    if progress:
        print(f"demonstration shop: {what}", file=sys.stderr, flush=True)  # noqa: T201


def main() -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m demo.build", description="Build the demonstration shop.")
    parser.add_argument("--folder", type=Path, required=True, help="where to write it; made if missing")
    parser.add_argument("--seed", type=int, default=7, help="another number, another shop (default 7)")
    arguments = parser.parse_args()
    started = time.perf_counter()
    try:
        folder = build_demo(arguments.folder, seed=arguments.seed)
    except OSError as error:
        print(f"The shop was not built: {error}. Nothing was changed.", file=sys.stderr)  # noqa: T201
        return 1
    size = (folder / DATABASE).stat().st_size / 1e6
    print(f"{folder / DATABASE}: {size:.1f} MB in {time.perf_counter() - started:.1f} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
