"""How one cell of a result reads: numbers, shares, money and dates, in English and in Chinese.

The digits of a number are grouped the same way in both languages, so that a figure in the text can be found
again in the table beside it. Nothing is computed here: a cell is only printed.
"""

from __future__ import annotations

import calendar
import datetime as dt
import decimal
import re
from collections.abc import Sequence

from sqlglot import exp

from sql.times import Part, Unit, told_as
from sql.types import Dialect, Table, Value

Grain = Unit | Part

_KEY_NAME = re.compile(r"(?i:(?:^|_)(?:id|sku))$|[a-z]ID$")
_COUNTED = re.compile(r"(?i)number_of_")
"""What the question language calls a count: of keys it is no key."""
_CODE_NAME = re.compile(r"(?i:(?:^|_)(?:year|zip|postcode|batch)|\w_(?:number|no|code))$|[a-z](?:No|Code)$")
_WEEKDAYS = "一二三四五六日"


def format_cell(
    value: Value,
    *,
    is_code: bool = False,
    unit: str = "",
    language: str = "en",
    grain: Grain | None = None,
) -> str:
    """``value`` as it stands in an answer, without its unit (a share keeps its ``%``).

    Args:
        value: the cell; ``None`` reads as "no value".
        is_code: see :func:`is_code`; such a number is printed as it is, never grouped by thousands.
        unit: ``%`` turns a share from 0 to 1 into per cent; a currency shows two decimals.
        language: ``zh`` writes dates and truth values in Chinese.
        grain: what a date or a number of a weekday stands for, see :func:`time_grain`.

    >>> format_cell(decimal.Decimal("12345.5"), unit="EUR"), format_cell(0.1234, unit="%")
    ('12,345.50', '12.3%')
    """
    chinese = language == "zh"
    if value is None:
        return "无" if chinese else "none"
    if isinstance(value, bool):
        return ("是" if value else "否") if chinese else ("yes" if value else "no")
    if grain == "weekday" and isinstance(value, int) and 1 <= value <= 7:
        return f"星期{_WEEKDAYS[value - 1]}" if chinese else calendar.day_name[value - 1]
    if isinstance(value, int | float | decimal.Decimal):
        return format_number(value, is_code=is_code, unit=unit)
    if isinstance(value, dt.datetime | dt.date):
        return format_date(value, language=language, grain=grain)
    if isinstance(value, dt.time):
        return value.isoformat("minutes")
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def format_number(value: int | float | decimal.Decimal, *, is_code: bool = False, unit: str = "") -> str:
    """A number with thousands separators; halves are rounded away from zero, as on a bill."""
    number = value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))
    if not number.is_finite():
        return str(value)
    is_whole = number == number.to_integral_value()
    if unit == "%":
        return format_percent(number)
    if is_whole and (isinstance(value, int) or not is_money(unit)):
        return f"{int(number)}" if is_code else f"{int(number):,}"
    if abs(number) < decimal.Decimal("0.01") and not is_money(unit):
        return f"{float(number):.3g}"
    rounded = _rounded(number, 2)
    # Money keeps its cents; a mean of 3.20 stars reads as 3.2.
    return f"{rounded:,}" if is_money(unit) else f"{rounded.normalize():,f}"


def format_percent(share: int | float | decimal.Decimal) -> str:
    """A share of 1 in per cent, with one decimal.

    >>> format_percent(0.1234), format_percent(1)
    ('12.3%', '100.0%')
    """
    number = share if isinstance(share, decimal.Decimal) else decimal.Decimal(str(share))
    return f"{_rounded(number * 100, 1):,}%"


def _rounded(number: decimal.Decimal, places: int) -> decimal.Decimal:
    with decimal.localcontext(prec=60):
        return number.quantize(decimal.Decimal(1).scaleb(-places), rounding=decimal.ROUND_HALF_UP)


def is_money(unit: str) -> bool:
    """Whether ``unit`` is a currency: a three-letter code or a sign."""
    return bool(re.fullmatch(r"[A-Z]{3}|[€$£¥]", unit))


def format_date(value: dt.date | dt.datetime, *, language: str = "en", grain: Grain | None = None) -> str:
    """A date as its grain reads: ``May 2026`` for a month; ISO for a day; time only if not midnight."""
    chinese = language == "zh"
    if grain == "year":
        return f"{value.year}年" if chinese else f"{value.year}"
    if grain == "quarter":
        quarter = (value.month + 2) // 3
        return f"{value.year}年第{quarter}季度" if chinese else f"Q{quarter} {value.year}"
    if grain == "month":
        name = calendar.month_name[value.month]
        return f"{value.year}年{value.month}月" if chinese else f"{name} {value.year}"
    if isinstance(value, dt.datetime):
        if grain == "day":
            return value.date().isoformat()
        if value.time() == dt.time(0) and grain != "hour":
            return value.date().isoformat()
        return value.isoformat(" ", "minutes")
    return value.isoformat()


def time_grain(
    values: Sequence[Value], tree: exp.Expr, *, dialect: Dialect = "duckdb", name: str = ""
) -> Grain | None:
    """What the times of a column stand for: months when the statement cuts to months and each is a first.

    ``None`` when they are plain dates, or no times at all.

    Args:
        values: the column's cells.
        tree: the statement that gave them, in ``dialect``.
        name: the column's; what the statement calls so counts more than what it cuts elsewhere.
    """
    made = _made_of_times(tree, dialect).get(name.lower())
    known = [v for v in values if v is not None]
    if made == "weekday" or made == "hour":
        return made if known and all(type(v) is int for v in known) else None
    dates = [v for v in known if isinstance(v, dt.date)]
    if not dates:
        return None
    cuts = {made} if made else _cut_to(tree)
    if "year" in cuts and all((d.month, d.day) == (1, 1) for d in dates):
        return "year"
    if "quarter" in cuts and all(d.day == 1 and d.month % 3 == 1 for d in dates):
        return "quarter"
    if "month" in cuts and all(d.day == 1 for d in dates):
        return "month"
    return None


def _made_of_times(tree: exp.Expr, dialect: Dialect) -> dict[str, Grain]:
    """Name of a column of the statement → what unit or part of a time it is, as ``sql.times`` writes it."""
    made = {alias.alias.lower(): told_as(alias.this, dialect) for alias in tree.find_all(exp.Alias)}
    return {name: kind for name, kind in made.items() if kind is not None}


def _cut_to(tree: exp.Expr) -> set[str]:
    """The units that a statement cuts times to, wherever it does."""
    cuts = tree.find_all(exp.TimestampTrunc, exp.DateTrunc, exp.DatetimeTrunc)
    return {node.text("unit").lower() for node in cuts}


def is_key(table: Table, position: int) -> bool:
    """Whether a column tells which thing is meant: by the shop's description, else by the column's name."""
    name = table.columns[position].name
    return name in table.keys or bool(_KEY_NAME.search(name) and not _COUNTED.match(name))


def is_code(table: Table, position: int) -> bool:
    """Whether a column's numbers say which one and not how many: keys, years and the like."""
    return is_key(table, position) or bool(_CODE_NAME.search(table.columns[position].name))


def is_quantity(table: Table, position: int) -> bool:
    """Whether a column holds quantities: numbers that are no codes."""
    return table.columns[position].type in ("integer", "number") and not is_code(table, position)


def json_value(value: Value) -> bool | int | float | str | None:
    """One cell as plain JSON: decimals become numbers, dates ISO text, bytes hexadecimal."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return value
