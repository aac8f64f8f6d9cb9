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
from sql.shop.trade_words import in_both, says, singular, spaced, spoken, without_prefix
from sql.types import Catalog, CatalogTable

_PERSONAL = re.compile(
    r"mail|phone|mobile|fax|address|street|zip|post ?code|postal|birth|ssn|passport|iban|account no"
    r"|password|passwd|secret|token|login|user ?name|contact|\bip\b|salary|signature"
    r"|full ?name|first ?name|last ?name|\b[fl]name\b|surname|given name|middle name|nick ?name|maiden"
    r"|account ?name|\bcard(?: ?(?:no|number|num|id|code))?$|card ?(?:holder|last)"
    # free text may hold anything that a person wrote
    r"|\bnotes?\b|comment|message|\bbody\b|remark"
    r"|\bconsignee\b|\brecipient\b|\breceiver\b"
    r"|姓名|昵称|电话|手机|邮箱|地址|身份证|收货人|收件人|联系人|联系方式|微信号|生日|备注|留言"
)
"""Columns that are about a person, or written by one, whatever their table is."""
_NAMES = re.compile(r"name|title|alias|text|description|details")
"""Columns that are about a person when their table is, and about a thing otherwise."""
_PEOPLE = re.compile(
    r"customer|client|user|person|people|employee|staff|member|patient|student|contact|buyer|guest|player"
    r"|\bauthors?\b"
    r"|teacher|driver|owner|artist|passenger|candidate|faculty|manager|host|agent|voter|subscriber"
)
_OF_A_KIND = re.compile(
    r"\b(?:type|kind|class|category|group|segment|tier|level|grade|rank|status|state|method|brand|gender|sex"
    r"|source|channel|origin|reason|priority|language|currency|role|position|city|town|country|province|region"
    r"|(?<!comment )title)"
    r"(?: (?:name|code))?$"
)
"""Last words of columns that hold a few kinds, and of whose values none tells who somebody is."""
_THINGS = re.compile(
    r"product|item|brand|category|country|city|region|state|store|shop|department|type|status"
)

_ADDITIVE = re.compile(
    r"\b(?:amount|total|quantity|revenue|sales?|cost|discount|refund|refunded|unit|profit|payment|freight|commission|fee"
    r"|tax|postage|charge|shipping|deduction|reserved|spend|spent|click|impression|gross|net|tip"
    r"|menge|umsatz|betrag)\b|金额|总额|销售额|数量|件数|销量|成本|利润|毛利|运费|优惠|佣金|货款|花费"
    r"|[展曝点加成观涨][^的]{1,2}(?:量|数|次数|笔数|人数)$"
)
_NOT_ADDITIVE = re.compile(
    r"\b(?:date|day|time|price|rate|ratio|percent|status|state|(?:unit|standard) cost|cost price|average"
    r"|type|code"
    r"|number|flag|level|weight|limit|method)\b|\blines?$|价$|率$|比例|状态|编号|成本价|方式"
)
"""What a number says that adds up to nothing: prices, rates, codes."""
_OTHER_TIME = re.compile(
    r"\b(?:birth|birthday|delete|deleted|expire|expires|expiry|modified|valid)\b|生日|出生|到期|失效|有效期|保质期|删除"
)
_RATHER_NOT = re.compile(
    r"\bby$|^period\b|\b(?:handled|resolved|settled)\b|处理|完结|结算|审核|\b(?:due|required|requested|estimated|expected|promised|promise|planned|scheduled|update|updated"
    r"|changed|limit|last (?:login|seen|visit|active))\b|预计|承诺|预约|计划|要求|更新|修改"
)
"""Times that place a row where it has no other."""
"""Times that say when something else than the row's own event is or was."""
_ORDERED = re.compile(r"\border(?:ed)?\b|下单|订单")
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
    "dispute",
    "payout",
    "订单",
    "退货",
    "退款",
)
"""What a table of events may be named after; its own time is called so as well."""
_TIME_WORDS = (
    "ordered", "order", "sold", "created", "placed", "date add", "add time", "purchase", "transaction",
    "invoice", "regist", "joined", "date", "time", "下单", "订单", "付款", "支付", "创建", "日期", "时间",
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
    plain = without_prefix([table.name for table in catalog.tables])
    views = tuple(
        View(
            name=table.name,
            columns=tuple(
                ViewColumn(
                    name=column.name,
                    type=column.type,
                    description=column.comment,
                    synonyms=_words(column.name, column.name),
                    sampled=column.type == "text" and not looks_personal(table.name, column.name),
                )
                for column in table.columns
            ),
            description=table.comment,
            synonyms=_words(plain[table.name], table.name),
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
    own, of = f"{spaced(column)} {spoken(column, 'text')}", f"{spaced(table)} {spoken(table)}"
    if _OF_A_KIND.search(own):
        return False
    if _PERSONAL.search(spaced(column)) or says(_PERSONAL, column, "text"):
        return True
    if _THINGS.search(own):
        return False
    is_of_people = _PEOPLE.search(of) and not _OF_A_KIND.search(of)  # a table of member levels has no members
    return bool(_PEOPLE.search(own) or (is_of_people and _NAMES.search(own)))


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
    found = [c.name for c in view.columns if c.type in ("timestamp", "date")]
    found = [name for name in found if not says(_OTHER_TIME, name, "date")]
    found = [name for name in found if not says(_RATHER_NOT, name, "date")] or found
    of = f"{spaced(view.name)} {spoken(view.name)}"
    own = next((word for word in _EVENTS if word in of), "")

    def rank(name: str) -> int:
        words = f"{spaced(name)} {spoken(name, 'date')}"
        if own and own in words:
            return 0
        place = next((i for i, word in enumerate(_TIME_WORDS, 1) if word in words), len(_TIME_WORDS) + 1)
        # the day of an order in a table of returns is not that of the return
        is_of_another = own not in ("", "order", "订单", "sale", "invoice") and says(_ORDERED, name, "date")
        return place + len(_TIME_WORDS) * is_of_another

    return min(found, key=rank, default=None)


def _guess_metrics(catalog: Catalog) -> Iterator[Metric]:
    taken: set[str] = set()
    plain = without_prefix([table.name for table in catalog.tables])
    for table in catalog.tables:
        if not table.columns:
            continue
        yield counting_metric(table.name, plain[table.name], taken)
        keys = {column for key in table.foreign_keys for column in key.columns} | set(table.primary_key)
        for column in table.columns:
            own = spaced(column.name).replace(" ", "_")
            is_id = column.name in keys or own.endswith("_id") or own.startswith("id_") or own == "id"
            if column.type not in ("integer", "number") or is_id:
                continue
            if not says(_ADDITIVE, column.name, column.type) or says(_NOT_ADDITIVE, column.name, column.type):
                continue
            name = metric_name(f"total_{table.name}_{column.name}", taken)
            synonyms = tuple(dict.fromkeys(_summed(column.name, column.type)))
            yield Metric(
                name=name,
                view=table.name,
                sql=f"SUM({quoted(column.name, catalog.dialect)})",
                synonyms=synonyms,
            )


def counting_metric(view: str, plain: str, taken: set[str]) -> Metric:
    """The number of a view's rows, in the words that people use for what it is called plainly."""
    name = metric_name(f"number_of_{view}", taken)
    return Metric(name=name, view=view, sql="COUNT(*)", synonyms=tuple(dict.fromkeys(counted_words(plain))))


def counted_words(name: str) -> Iterator[str]:
    """How people ask for the number of a table's rows."""
    english, chinese = in_both(name)
    first, _, last = (english or spaced(name)).rpartition(" ")
    english = f"{first} {singular(last)}".strip()
    several = re.sub(r"(?<![aeiou])y$", "ie", english)
    if not several.endswith("sales"):
        several += "es" if several.endswith(("s", "x", "ch", "sh")) else "s"
    yield from (f"number of {several}", f"how many {several}")
    if chinese:
        yield from (f"{chinese}数", f"{chinese}数量", f"多少{chinese}")
    if english in ("order", "sales order", "outbound order"):
        yield from ("订单数", "订单量", "单量", "单数")


def _summed(name: str, kind: str) -> Iterator[str]:
    """How people ask for the sum of a column."""
    english, chinese = in_both(name, kind)
    english = english or spaced(name)
    whole = english.removeprefix("total ")
    yield from (f"total {whole}", f"sum of {whole}")
    if chinese:
        whole = chinese.removeprefix("总")
        yield from (f"总{whole}", f"{whole}合计")


def metric_name(wanted: str, taken: set[str]) -> str:
    """``wanted`` as a metric's name, with a number where one of ``taken`` is called so, and taken then."""
    base = re.sub(r"[^\w]+", "_", wanted).strip("_").lower()
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken.add(name)
    return name


def _words(name: str, own: str) -> tuple[str, ...]:
    said = spaced(name)
    return (said,) if said and said != own.lower() else ()
