"""What the columns of a result are called in the asker's language, and their units."""

from __future__ import annotations

import decimal
import re
from collections.abc import Iterator, Sequence

from sql.semantics import Metric, Shop, ViewColumn
from sql.types import Table

_CHINESE_WORDS = {
    "day": "日期", "date": "日期", "week": "周", "month": "月份", "quarter": "季度", "year": "年份",
    "hour": "小时",
    "first_day": "起始日", "last_day": "截止日", "before": "之前", "expected": "预期", "low": "下限",
    "high": "上限", "part": "部分", "about": "项目", "looked_at": "查看数",
    "weekday": "星期", "share": "占比", "total": "合计", "count": "数量", "rank": "排名",
}  # fmt: skip
_CHINESE_PREFIXES = {
    "total": "总", "sum": "总", "average": "平均", "avg": "平均", "mean": "平均", "max": "最大",
    "min": "最小",
    "highest": "最高", "lowest": "最低",
}  # fmt: skip
_DERIVED = re.compile(
    r"(?i)^(?:(?P<prefix>total|sum|average|avg|mean|max|min|highest|lowest)_)?(?P<base>\w+?)(?P<suffix>_count)?$"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


def _is_chinese(name: str) -> bool:
    """Whether a name can stand in a Chinese sentence as it is; ``number_of_订单`` cannot."""
    return _HAN.search(name) is not None and re.search("[A-Za-z_]", name) is None


def _named(shop: Shop, name: str) -> Iterator[Metric | ViewColumn]:
    """Metrics, then columns of views, of that name in any letter case."""
    for metric in shop.metrics:
        if metric.name.lower() == name.lower():
            yield metric
    for view in shop.views:
        column = view.column(name)
        if column is not None:
            yield column


def title_of(shop: Shop, name: str, language: str) -> str:
    """A readable name for the column ``name`` of a result: the shop's own Chinese word, or the words of it.

    Not escaped. A name that the shop does not know may have been made up by the model: it is used as words,
    but never with digits in it, since a number in a name would have no receipt.
    """
    known = list(_named(shop, name))
    if language == "zh":
        chinese = _chinese_title(shop, name, known)
        if chinese is not None:
            return chinese
    words = re.sub(r"[^\w%]+|_", " ", name).strip() or name
    if not known:
        words = " ".join(re.sub(r"\d+", "", words).split())
    return words or ("数值" if language == "zh" else "value")


def _chinese_title(shop: Shop, name: str, known: Sequence[Metric | ViewColumn]) -> str | None:
    """The shop's Chinese word for ``name``, or one for a unit of time or an alias of a known column."""
    if _is_chinese(name):
        return name
    for thing in known:
        word = next((s for s in thing.synonyms if _HAN.search(s)), None)
        if word is not None:
            return word
    if name.lower() in _CHINESE_WORDS:
        return _CHINESE_WORDS[name.lower()]
    match = _DERIVED.match(name)
    if match is None or not (match["prefix"] or match["suffix"]):
        return None
    base = _chinese_title(shop, match["base"], list(_named(shop, match["base"])))
    prefix = _CHINESE_PREFIXES.get((match["prefix"] or "").lower(), "")
    return None if base is None else f"{prefix}{base}{'数' if match['suffix'] else ''}"


def unit_of(shop: Shop, table: Table, name: str) -> str:
    """The unit of a result's column: the result's own label, else that of the metric or column so named."""
    label = table.labels.get(name)
    if label is not None:
        return label
    unit = next((thing.unit for thing in _named(shop, name) if thing.unit), "")
    if unit:
        return unit
    if name.lower() in ("share", "rate") and _are_shares(table, name):
        return "%"
    match = _DERIVED.match(name)
    return unit_of(shop, table, match["base"]) if match is not None and match["prefix"] else ""


def _are_shares(table: Table, name: str) -> bool:
    """Whether a column holds fractions of one, so that it may be written in per cent."""
    position = next(i for i, column in enumerate(table.columns) if column.name == name)
    values = [row[position] for row in table.rows if row[position] is not None]
    return bool(values) and all(
        isinstance(v, int | float | decimal.Decimal) and 0 <= float(v) <= 1 for v in values
    )


def view_title(shop: Shop, name: str, language: str) -> str:
    """A readable name for a view."""
    view = shop.view(name)
    if view is not None and language == "zh" and not _is_chinese(name):
        return next((s for s in view.synonyms if _HAN.search(s)), name.replace("_", " "))
    return name.replace("_", " ")
