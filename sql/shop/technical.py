"""What nobody who runs a shop asks about: tables and columns that a program keeps for itself.

Logs of loads, copies made before a change, layers below the facts of a warehouse, numbers of whoever wrote a
row. They lengthen what is read at each question and lend their words to the wrong things. They stay in the
database; whoever needs one names it in shop.yml.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from sql.semantics import Shop, View
from sql.shop.decisions import Decision
from sql.shop.trade_words import is_warehouse, spaced
from sql.types import Catalog, Dialect

MANY = 8
"""Tables from which on a database is looked through for those that are its own."""
_OWN_TABLE = re.compile(
    r"^(?:etl|elt|dbt|dlt|airbyte|fivetran|flyway|liquibase|databasechangelog|django|alembic|knex|prisma|hangfire"
    r"|quartz|qrtz|celery|ir|bus|base_import)_|^(?:ar_internal_metadata|schema_migrations?|schema_version|__efmigrationshistory"
    r"|migrations|failed_jobs|job_batches|password_resets?|personal_access_tokens|sysdiagrams|spatial_ref_sys)$"
    r"|(?:^|_)(?:etl|batch|migration|error|audit)_?logs?$",
    re.I,
)
_COPY = re.compile(
    r"_?(?:bkp|bak|backup|copy|old|tmp|temp|备份|副本)(?=_|\d|$)[_\d]*|^(?:bkp|bak|backup|tmp|temp)_", re.I
)
_PUT_LAST = re.compile(r"^(?:zz+|xx+|z|x|del|dead|unused)_+", re.I)
"""What a table is renamed to begin with so that it stands last in a list."""
_LOWER_LAYER = re.compile(r"^(?:stg|staging|src|raw|int|base|ods|agg|rpt|snapshot)_+", re.I)
_OWN_COLUMN = re.compile(
    r"^(?:fivetran|airbyte|ab|sdc|dlt|stitch|dbt|etl|elt|dw|dwh|edw|hevo|rivery|meta) "
    r"|\b(?:etl|load|batch|row|record) (?:batch id|id|hash|ts|timestamp|date time|version number|checksum)$"
    r"|\b(?:hash|hash diff|hashdiff|checksum|md5|rowguid|row version|rowversion|xmin)$"
    r"|^(?:create|write) uid$|^write date$|^(?:inserted|loaded|ingested) (?:at|on|date|ts)$"
    r"|\b(?:access|signup|api|reset|remember) token$|^(?:password|passwd|totp secret|salt)$"
    r"|^raw (?:json|payload)$"
    r"|^message (?:bounce|main attachment id|follower ids)$|^activity (?:state|user id|type id)$"
)


def without_own_tables(catalog: Catalog) -> tuple[Catalog, list[Decision]]:
    """The catalogue without tables that a program keeps for itself, and what was decided so."""
    names = [table.name for table in catalog.tables if table.columns]
    gone = own_tables(names)
    if not gone:
        return catalog, []
    some = ", ".join(gone[:4]) + (", …" if len(gone) > 4 else "")
    count = f"{len(gone)} tables are" if len(gone) > 1 else "A table is"
    decision = Decision(
        place="views",
        text=f"{count} left out as copies, loads or a program's own records: {some}",
        text_zh=f"略去 {len(gone)} 个程序自用的表（备份、加载记录等）：{some}",
    )
    left = set(gone)
    return replace(catalog, tables=tuple(t for t in catalog.tables if t.name not in left)), [decision]


def own_tables(names: Iterable[str]) -> list[str]:
    """Those of ``names`` that a program keeps for itself; none of a small database, nor all of any."""
    names = list(names)
    known, is_layered = {name.lower() for name in names}, is_warehouse(names)
    found = []
    for name in names:
        plain = _COPY.sub("", name).lower()
        is_copy = plain != name.lower() and (plain in known or _PUT_LAST.sub("", plain) in known)
        is_own = len(names) >= MANY and bool(_OWN_TABLE.search(name))
        if is_copy or is_own or (is_layered and _LOWER_LAYER.match(name)):
            found.append(name)
    return found if len(found) < len(names) else []


def without_own_columns(shop: Shop, dialect: Dialect) -> tuple[Shop, list[Decision]]:
    """The shop without columns that a program keeps for itself, where nothing hangs on them."""
    views, gone = [], []
    for view in shop.views:
        used = {*_used(shop, view, dialect), *view.key, *view.refs}
        left = [
            c.name for c in view.columns if _OWN_COLUMN.search(spaced(c.name).strip()) and c.name not in used
        ]
        if len(left) == len(view.columns):
            left = []  # a table has columns, whatever they are for
        gone += [f"{view.name}.{name}" for name in left]
        time = None if view.time in left else view.time
        views.append(replace(view, time=time, columns=tuple(c for c in view.columns if c.name not in left)))
    if not gone:
        return shop, []
    some = ", ".join(gone[:4]) + (", …" if len(gone) > 4 else "")
    text = f"{len(gone)} columns that only a program needs are left out: {some}"
    text_zh = f"略去 {len(gone)} 个只有程序需要的列：{some}"
    return replace(shop, views=tuple(views)), [Decision(place="views", text=text, text_zh=text_zh)]


def _used(shop: Shop, view: View, dialect: Dialect) -> set[str]:
    """The view's columns that metrics are made of; of those over own columns alone none is."""
    return {
        column.name
        for metric in shop.metrics
        if metric.view == view.name and metric.sql != "COUNT(*)"
        for column in metric.tree(dialect).find_all(exp.Column)
    }
