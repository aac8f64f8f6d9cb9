"""A first description of a database that nobody has described: every table a view, sensible guesses beside.

What is guessed here comes from the catalogue alone: names and types. What the values tell (keys, links,
money, the clock) is found by ``relations`` and ``measures``; ``describe`` puts it together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sql.errors import ShopFileError
from sql.names import quoted
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.trade_words import spaced
from sql.types import Catalog, CatalogTable

_PERSONAL = re.compile(
    r"mail|phone|mobile|fax|address|street|zip|post ?code|postal|birth|ssn|passport|iban|card|account no"
    r"|password|passwd|secret|token|gender|\bsex\b|login|user ?name|contact|\bip\b|salary|signature"
    r"|full ?name|first ?name|last ?name|\b[fl]name\b|surname|given name|middle name|nick ?name|maiden"
    r"|account ?name"
    # free text may hold anything that a person wrote
    r"|\bnotes?\b|comment|message|\bbody\b|remark"
    r"|姓名|电话|手机|邮箱|地址|身份证|收货人|收件人|联系人|联系方式|微信|生日|备注|留言"
)
"""Columns that are about a person, or written by one, whatever their table is."""
_NAMES = re.compile(r"name|title|alias|text|description|details")
"""Columns that are about a person when their table is, and about a thing otherwise."""
_PEOPLE = re.compile(
    r"customer|client|user|person|people|employee|staff|member|patient|student|contact|buyer|guest|player|author"
    r"|teacher|driver|owner|artist|passenger|candidate|faculty|manager|host|agent|voter|subscriber"
)
_THINGS = re.compile(
    r"product|item|brand|category|country|city|region|state|store|shop|department|type|status"
)

_ADDITIVE = re.compile(
    r"(^|_)(amount|total|quantity|qty|revenue|sales|cost|discount|refund|units|profit|payment)(_|$)"
    r"|金额|总额|销售额|数量|件数|销量|成本|利润|毛利|运费|优惠",
    re.IGNORECASE,
)
_OTHER_TIME = re.compile(r"birth|delete|expir|due|required|estimated|valid|生日|出生|到期|失效|预计|删除")
"""Times that say when something else than the row's own event is or was."""
_EVENTS = (
    "order",
    "invoice",
    "payment",
    "sale",
    "return",
    "refund",
    "shipment",
    "receipt",
    "review",
    "订单",
    "退货",
    "退款",
)
"""What a table of events may be named after; its own time is called so as well."""
_TIME_WORDS = (
    "ordered", "order", "sold", "created", "placed", "date add", "purchase", "transaction", "invoice", "date",
    "time", "下单", "订单", "付款", "支付", "创建", "日期", "时间",
)  # fmt: skip


def shop_from_catalog(catalog: Catalog, *, name: str, database: str) -> Shop:
    """A description of a database that nobody has described yet: each table a view, sensible guesses beside.

    Text columns are ``sampled`` only when neither their own name nor their table's hints at people: values
    that look personal are never read for linking.

    Args:
        name: the shop's name; ``database``: where it is.
    Raises:
        ShopFileError: the database has no table.
    """
    views = tuple(
        View(
            name=table.name,
            columns=tuple(
                ViewColumn(
                    name=column.name,
                    type=column.type,
                    description=column.comment,
                    synonyms=_words(column.name),
                    sampled=column.type == "text" and not looks_personal(table.name, column.name),
                )
                for column in table.columns
            ),
            description=table.comment,
            synonyms=_words(table.name),
            key=table.primary_key,
            refs=_found_refs(table, catalog),
        )
        for table in catalog.tables
        if table.columns
    )
    views = tuple(replace(view, time=time_of(view)) for view in views)
    if not views:
        raise ShopFileError(None, None, f"{database} has no tables; there is nothing to ask")
    return Shop(name=name, database=database, views=views, metrics=tuple(_guess_metrics(catalog)))


def looks_personal(table: str, column: str) -> bool:
    """Whether a column is about a person, by its name and its table's: its values are not read."""
    own, of = spaced(column), spaced(table)
    if _PERSONAL.search(own):
        return True
    if _THINGS.search(own):
        return False
    return bool(_PEOPLE.search(own) or (_PEOPLE.search(of) and _NAMES.search(own)))


def _found_refs(table: CatalogTable, catalog: Catalog) -> dict[str, str]:
    """The foreign keys of one column that hold another table's whole key."""
    found = {}
    for foreign in table.foreign_keys:
        target = catalog.table(foreign.target_table)
        if target is None or len(foreign.columns) != 1 or len(target.primary_key) != 1:
            continue
        if [c.lower() for c in foreign.target_columns] in ([], [target.primary_key[0].lower()]):
            found[foreign.columns[0]] = target.name
    return found


def time_of(view: View) -> str | None:
    """The column most likely to place a row in time: one with a telling name, else the first."""
    found = [
        c.name
        for c in view.columns
        if c.type in ("timestamp", "date") and not _OTHER_TIME.search(spaced(c.name))
    ]

    own = next((word for word in _EVENTS if word in spaced(view.name)), "")

    def rank(name: str) -> int:
        words = spaced(name)
        if own and own in words:
            return 0
        return next((i for i, word in enumerate(_TIME_WORDS, 1) if word in words), len(_TIME_WORDS) + 1)

    return min(found, key=rank, default=None)


def _guess_metrics(catalog: Catalog) -> Iterator[Metric]:
    taken: set[str] = set()
    for table in catalog.tables:
        if not table.columns:
            continue
        said = spaced(table.name)
        name = metric_name(f"number_of_{table.name}", taken)
        yield Metric(
            name=name, view=table.name, sql="COUNT(*)", synonyms=(f"number of {said}", f"how many {said}")
        )
        keys = {column for key in table.foreign_keys for column in key.columns} | set(table.primary_key)
        for column in table.columns:
            own = spaced(column.name).replace(" ", "_")
            is_id = column.name in keys or own.endswith("_id") or own == "id"
            if column.type not in ("integer", "number") or is_id or not _ADDITIVE.search(own):
                continue
            name = metric_name(f"total_{table.name}_{column.name}", taken)
            written = quoted(column.name, catalog.dialect)
            synonyms = tuple(dict.fromkeys((f"total {spaced(column.name)}", f"sum of {spaced(column.name)}")))
            yield Metric(name=name, view=table.name, sql=f"SUM({written})", synonyms=synonyms)


def metric_name(wanted: str, taken: set[str]) -> str:
    """``wanted`` as a metric's name, with a number where one of ``taken`` is called so, and taken then."""
    base = re.sub(r"[^\w]+", "_", wanted).strip("_").lower()
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def _words(name: str) -> tuple[str, ...]:
    said = spaced(name)
    return (said,) if said and said != name.lower() else ()
