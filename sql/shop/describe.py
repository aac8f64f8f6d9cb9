"""The description of a database that nobody has described, with what was decided for it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from sql.databases import Database
from sql.databases.contents import Reading
from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.shop.attribute_values import with_attributes
from sql.shop.bindings import find_bindings
from sql.shop.cleaning import clean, distinct_texts
from sql.shop.codes import known_words
from sql.shop.decisions import Decision
from sql.shop.drafting import shop_from_catalog, time_of
from sql.shop.free_texts import with_free_texts
from sql.shop.hierarchies import with_main_ones
from sql.shop.labels import with_labels
from sql.shop.languages import in_one_language
from sql.shop.main_things import with_plain_words
from sql.shop.measures import LINE, Measured, find_measures, is_a_count, is_sold
from sql.shop.relations import find_relations
from sql.shop.reviews_found import with_reviews
from sql.shop.same_people import with_same_people
from sql.shop.technical import without_own_columns, without_own_tables
from sql.shop.trade_words import in_both, nouns_of, read_name, says, spoken, without_prefix, words_for
from sql.shop.value_words import MAX_VALUES, words_of_values
from sql.shop.warehouses import as_shop, without_unknown
from sql.shop.workspace import Workspace, open_workspace
from sql.types import Catalog, Dialect

logger = logging.getLogger(__name__)

_ORDERED_ON = frozenset({"order date", "received date", "ordered date", "purchase date"})
_EXP = re.compile(r"exp(?!ir)", re.I)
_REVIEWS = re.compile(r"\breviews?\b|\bratings?\b|评[价论分]|点评")
_STARS = frozenset({"subtotal", "star", "score", "level"})
_JUST_NAMES = frozenset({"name", "title", "label"})
_CITY = re.compile(r"\b(?:city|town|postcode)\b|城市")
_LATER = re.compile(
    r"\b(?:ship|shipped|shipping|sent|delivered|delivery|received|returned|due|limit|required|requested|estimated"
    r"|expected|promised|planned|advice|consign|confirmed|update|updated|changed)\b|发货|签收|送达|退货|预计|更新"
)
_ORDER = re.compile(r"\border\b|订单|采购单|销售单")
_ENTRY = re.compile(r"\bentry\b|分录")
_EVENT = re.compile(
    r"\b(?:refund|return|shipment|fulfillment|delivery|visit|session|movement|ticket|credit ?memo"
    r"|statement)\b"
    r"|退款|退货|售后|发货|配送|工单"
)
_OF_KEYS = frozenset({"id", "key", "number", "code", "no"})
_LETTER_KEYS = frozenset({"uid", "oid", "gid", "mid", "pid", "cid"})
_BUYER = re.compile(r"^(?:customer|buyer|member|client)(?: (?:id|key|number|code|no))?$|^(?:客户|买家|会员)")
_OF_PIECES = re.compile(
    r"\b(?:quantity|amount|count|total|piece|unit|discount|refund|tax|fee|freight)\b|数量|金额|件数|优惠|退款"
)
_MAYBE_RATE = re.compile(r"\b(?:discount|tax|vat|commission|margin|fee)\b|折扣|税|佣金|优惠")
_COST = re.compile(r"\bcost\b|成本|进价")
_WRITTEN = re.compile(r"^(?:create|write|insert|entry) (?:date|time)$")
"""When a line was written down, which is not when its order was placed."""
MOST_ROWS = 0.9
"""Share of the rows of the fullest time that another one needs to place rows in time."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """A first description, and what a person should know of how it came about."""

    shop: Shop
    decisions: tuple[Decision, ...]
    measured: Measured
    readings: Mapping[tuple[str, str], Reading]
    """``(view, column)`` → how its texts are read."""


def describe_database(database: Database, *, name: str, location: str, with_views: bool = False) -> Described:
    """Describe what is in ``database``; it is only read.

    Texts are read to tell what they mean. Of them, only the states of orders and the spellings that differ by
    letter case come back; all else that is found comes back as counts, last days and currencies. A sample of
    free text is searched for personal data, of which only how much was found is told.

    Args:
        name: the shop's name; ``location``: where its database is.
        with_views: take the database's own views too, and not only its tables.
    Raises:
        ShopFileError: the database has no table.
        SqlError: it cannot be read.
    """
    decisions = [
        Decision(place=each.place, text=each.text, text_zh=each.text_zh, is_sure=each.is_sure)
        for each in database.notes
    ]
    whole = database.catalog()
    catalog, left_out = (whole, ()) if with_views else _tables(whole)
    if left_out:
        some = ", ".join(left_out[:3]) + (", …" if len(left_out) > 3 else "")
        text = (
            f"{len(left_out)} views of the database are left out ({some}): they repeat what its "
            "tables hold; --views takes them"
        )
        text_zh = f"略去了数据库的 {len(left_out)} 个视图（{some}）：它们重复表中的内容；--views 可将其纳入"
        decisions.append(Decision(place="views", text=text, text_zh=text_zh))
    catalog, told = without_own_tables(catalog)
    decisions += told
    shop = replace(shop_from_catalog(catalog, name=name, database=location), is_drafted=True)
    shop, told = with_attributes(open_workspace(shop, database=database))
    decisions += told
    views, told = in_one_language(open_workspace(shop, database=database))
    decisions += told
    found = find_relations(open_workspace(replace(shop, views=views), database=database))
    for view, key in found.keys.items():
        text = f"{view}: {key} tells its rows apart, so it was taken for the key"
        text_zh = f"{view}：{key} 能区分每一行，因此作为键"
        decisions.append(Decision(place=f"views.{view}.key", text=text, text_zh=text_zh))
    for each in found.relations:
        text = (
            f"{each.view}.{each.column} refers to {each.target}.{each.key}: {each.matched:,} of "
            f"{each.total:,} values are found there ({each.share:.0%})"
        )
        text_zh = (
            f"{each.view}.{each.column} 指向 {each.target}.{each.key}：{each.total:,} 个值中有 "
            f"{each.matched:,} 个能在那里找到（{each.share:.0%}）"
        )
        is_sure = each.share == 1.0
        place = f"views.{each.view}.refs"
        decisions.append(Decision(place=place, text=text, text_zh=text_zh, is_sure=is_sure))
    linked, told = with_labels(open_workspace(found.shop, database=database))
    decisions += told
    linked, told = as_shop(open_workspace(linked, database=database))
    decisions += told
    linked, told = with_main_ones(open_workspace(linked, database=database))
    decisions += told
    cleaned = clean(open_workspace(linked, database=database))
    linked = replace(linked, views=cleaned.views, time_zone=cleaned.time_zone)
    linked, told = without_own_columns(linked, catalog.dialect)
    decisions += told
    opened = open_workspace(linked, database=database)
    views = tuple(replace(view, time=_time(opened, view)) for view in linked.views)
    views = tuple(_with_plain_ways(_with_clock(view, views)) for view in views)
    shop = replace(linked, views=_told_apart(views, catalog.dialect))
    shop = replace(shop, metrics=tuple(m for m in shop.metrics if _can_be_summed(m, shop, catalog.dialect)))
    shop = _without_rates(open_workspace(shop, database=database))
    shop, told = without_unknown(open_workspace(shop, database=database))
    decisions += told
    measured = find_measures(open_workspace(shop, database=database), cleaned.orders)
    shop = with_values(with_words(measured.shop), open_workspace(measured.shop, database=database))
    shop = replace(shop, bindings=find_bindings(shop, catalog.dialect))
    shop = with_plain_words(shop)
    shop, told = with_same_people(open_workspace(shop, database=database))
    decisions += told
    if shop.bindings:
        bound = ", ".join(f"{part} is {place}" for part, place in shop.bindings.items())
        bound_zh = "，".join(f"{part} 是 {place}" for part, place in shop.bindings.items())
        decisions.append(
            Decision(
                place="bindings",
                text=f"For the jobs that forecast and explain, {bound}",
                text_zh=f"供预测等任务使用：{bound_zh}",
            )
        )
    shop, told = with_reviews(open_workspace(shop, database=database))
    decisions += told
    shop, written = with_free_texts(open_workspace(shop, database=database))
    return Described(
        shop=shop,
        decisions=(*decisions, *cleaned.decisions, *measured.decisions, *written),
        measured=measured,
        readings=cleaned.readings,
    )


def _told_apart(views: tuple[View, ...], dialect: Dialect) -> tuple[View, ...]:
    """The views with columns that several call just "name" called after what they name: ``product_name``."""
    named = [c.name.lower() for v in views for c in v.columns if c.name.lower() in _JUST_NAMES]
    several = {name for name in named if named.count(name) > 1}
    plain = without_prefix([view.name for view in views])
    return tuple(_with_own_names(view, plain[view.name], several, dialect) for view in views)


def _with_own_names(view: View, plain: str, several: set[str], dialect: Dialect) -> View:
    said = "_".join(nouns_of(plain))
    taken = {column.name.lower() for column in view.columns}
    new = {
        c.name: f"{said}_{c.name.lower()}"
        for c in view.columns
        if c.name.lower() in several and c.name not in (*view.key, *view.refs)
    }
    new = {old: name for old, name in new.items() if said.isascii() and name.lower() not in taken}
    if not new:
        return view
    parts = [
        f"{quoted(c.name, dialect)} AS {quoted(new[c.name], dialect)}"
        if c.name in new
        else quoted(c.name, dialect)
        for c in view.columns
    ]
    source = f"({view.sql}) AS rows_named" if view.sql else quoted(view.name, dialect)
    columns = tuple(replace(c, name=new.get(c.name, c.name)) for c in view.columns)
    return replace(view, columns=columns, sql=f"SELECT {', '.join(parts)} FROM {source}")


def _tables(catalog: Catalog) -> tuple[Catalog, tuple[str, ...]]:
    """The catalogue without the database's own views, and their names; whole where it has nothing else."""
    tables = tuple(t for t in catalog.tables if not t.is_view)
    if not any(t.columns for t in tables):
        return catalog, ()
    left_out = tuple(t.name for t in catalog.tables if t.is_view)
    return replace(catalog, tables=tables), left_out


def _time(workspace: Workspace, view: View) -> str | None:
    """The column that places a view's rows in time, of those that nearly all rows have."""
    timed = [c for c in view.columns if c.type in ("date", "timestamp")]
    counts = [f"COUNT({quoted(c.name, workspace.catalog.dialect)}) AS c{n}" for n, c in enumerate(timed)]
    if len(timed) < 2:
        return time_of(view)
    try:
        (row,) = workspace.run(
            f"SELECT {', '.join(counts)} FROM {quoted(view.name, workspace.catalog.dialect)}"
        ).rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return time_of(view)
    filled = [int(str(count)) for count in row]
    sparse = {c.name for c, count in zip(timed, filled, strict=True) if count < MOST_ROWS * max(filled)}
    return time_of(replace(view, columns=tuple(c for c in view.columns if c.name not in sparse)))


def _can_be_summed(metric: Metric, shop: Shop, dialect: Dialect) -> bool:
    """Whether what a metric adds up are numbers still, now that columns are read by what they hold."""
    view = shop.view(metric.view)
    names = [column.name for column in metric.tree(dialect).find_all(exp.Column)]
    columns = [view.column(name) for name in names] if view is not None else []
    return not any(c is not None and c.type in ("date", "timestamp", "text") for c in columns)


def _is_flag(workspace: Workspace, view: View, column: ViewColumn) -> bool:
    """Whether a column of whole numbers says yes or no."""
    own, table = (quoted(name, workspace.catalog.dialect) for name in (column.name, view.name))
    rows = workspace.look(f"SELECT MIN({own}) AS low, MAX({own}) AS high FROM {table}")
    ends = tuple(map(str, rows[0])) if rows else ()
    return bool(ends) and set(ends) <= {"0", "1"} and not says(_OF_PIECES, column.name)


def _with_plain_ways(view: View) -> View:
    """Of several links to one view the one that is called after it alone is taken: ``partner_id`` leads to
    the partner, beside ``partner_invoice_id``; who recommended a customer is another."""
    prefer = {}
    for target in set(view.refs.values()):
        columns = [column for column, there in view.refs.items() if there == target]
        nouns = {*nouns_of(target), *_OF_KEYS}
        plain = [c for c in columns if c.lower() in _LETTER_KEYS or set(read_name(c)) <= nouns]
        plain = plain or [c for c in columns if says(_BUYER, c)]
        if len(columns) > 1 and len(plain) == 1:
            prefer[target] = plain[0]
    return replace(view, prefer={**prefer, **view.prefer})


def _without_rates(workspace: Workspace) -> Shop:
    """The shop without sums of rates: discounts from 0 to 1, and what one piece of a product costs."""
    shop, dialect = workspace.shop, workspace.catalog.dialect
    kept = []
    for metric in shop.metrics:
        view, name = shop.view(metric.view), metric.summed(dialect)
        column = view.column(name) if view is not None and name is not None else None
        if view is None or column is None:
            kept.append(metric)
            continue
        if column.name in (*view.refs, *view.key):
            continue
        is_of_things = view.time is None or any(view.name in other.refs.values() for other in shop.views)
        if is_of_things and not is_sold(view) and says(_COST, column.name, column.type):
            continue  # what one piece costs
        if column.type == "integer" and _is_flag(workspace, view, column):
            continue
        if column.type == "number" and says(_MAYBE_RATE, column.name, column.type):
            own = quoted(column.name, dialect)
            rows = workspace.look(
                f"SELECT MIN({own}) AS low, MAX({own}) AS high FROM {quoted(view.name, dialect)}"
            )
            if rows and rows[0][0] is not None and 0 <= float(str(rows[0][0])) <= float(str(rows[0][1])) <= 1:
                continue
        kept.append(metric)
    return replace(shop, metrics=tuple(kept))


def _with_clock(view: View, views: tuple[View, ...]) -> View:
    """A line takes its time from its order, and not from the product, which may have one too."""
    if view.time is not None and not _is_sent_later(view, views):
        return view
    view = replace(view, time=None)
    timed = [v for v in views if v.time is not None and v.name in view.refs.values()]
    events = [v for v in timed if is_sold(v)] or [v for v in timed if says(_EVENT, v.name)]
    if len(events) != 1 or len(timed) == 1:
        return view
    prefer = {v.time: events[0].name for v in timed if v is not events[0] and v.time is not None}
    return replace(view, prefer={**prefer, **view.prefer})


def _is_sent_later(view: View, views: tuple[View, ...]) -> bool:
    """Whether the lines of orders have no time but those of what becomes of them: due, sent, delivered.

    The plain date of a line is that of its order, or none of a sale's: when a purchase is to come in.
    """
    heads = [v for v in views if v.time is not None and v.name in view.refs.values()]
    is_line = says(LINE, view.name) or says(_ENTRY, view.name)
    named = [
        v for v in heads if is_line and says(_ORDER, v.name) and view.name.lower().startswith(v.name.lower())
    ]
    orders = named or [v for v in heads if is_sold(v) and says(LINE, view.name)]
    if len(orders) != 1 or view.time is None:
        return False
    if named and spoken(view.time, "date") == "date":
        return True
    return says(_LATER, view.time, "date") or says(_WRITTEN, view.time, "date")


def with_words(shop: Shop) -> Shop:
    """The shop with the words that people use for what its views and columns are named after."""
    plain = without_prefix([view.name for view in shop.views])
    return replace(shop, views=tuple(_worded(view, plain) for view in shop.views))


def with_values(shop: Shop, workspace: Workspace) -> Shop:
    """The shop with the words that people use for values such as countries and states."""
    views = []
    for view in shop.views:
        columns = []
        for column in view.columns:
            if column.sampled and column.name not in view.refs:
                values = distinct_texts(workspace, view, column, MAX_VALUES + 1)
                known = words_of_values(column.name, values)
                words = {v: _joined(column.values.get(v, ()), known.get(v, ())) for v in values}
                column = replace(column, values={v: said for v, said in words.items() if said})
            columns.append(column)
        views.append(replace(view, columns=tuple(columns)))
    return replace(shop, views=tuple(views))


def _worded(view: View, plain: Mapping[str, str]) -> View:
    name = plain[view.name]
    # a state beside a city is a part of a country, elsewhere it is a status
    is_address = any(says(_CITY, c.name, c.type) for c in view.columns)
    is_of_reviews = says(_REVIEWS, view.name)
    is_ordered = any(spoken(c.name, c.type) in _ORDERED_ON for c in view.columns)

    def words(column: ViewColumn) -> tuple[str, ...]:
        if spoken(column.name, column.type) == "state":
            return words_for("province" if is_address else "status", "text")
        if is_a_count(column) and column.name not in view.key:
            return words_for("quantity", column.type)
        if is_of_reviews and column.type == "integer" and spoken(column.name, column.type) in _STARS:
            return words_for("stars", column.type)  # xj of reviews counts stars, and is no subtotal
        if is_ordered and _EXP.match(column.name) and spoken(column.name, column.type) == "expiry date":
            return ("expected date", *words_for("expected date", column.type))  # exp_dt of a purchase order
        thing = view.refs.get(column.name, view.name if view.key == (column.name,) else "")
        if thing in plain and not any(in_both(column.name, column.type)):
            return _number_of(plain[thing])
        return words_for(column.name, column.type) if not column.is_key else ()

    known = known_words(view)
    columns = tuple(
        replace(c, synonyms=known.get(c.name) or _joined(c.synonyms, words(c))) for c in view.columns
    )
    if view.time is not None and nouns_of(name)[-1:] == ["order"]:
        said = words_for("order date"), words_for("order time")
        columns = tuple(
            replace(c, synonyms=_joined(c.synonyms, ("order date", *said[0][:2], *said[1][:1])))
            if c.name == view.time
            else c
            for c in columns
        )
    return replace(view, columns=columns, synonyms=_joined(view.synonyms, words_for(name)))


def _number_of(thing: str) -> tuple[str, ...]:
    """What a key is called whose own name says nothing: ``cno`` of ``cust`` is the customer number."""
    english, chinese = in_both(thing)
    return tuple(
        words
        for words in (f"{english} number" if english else "", f"{chinese}编号" if chinese else "")
        if words
    )


def _joined(own: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*own, *more)))
