"""Which columns hold names and addresses of people, by what they are called; and the names that stand there.

The names are read with all rights and shown to nobody: they are only compared with texts, so that a role that
may not see a customer's name does not read it in a review either.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from sql.errors import SqlError
from sql.lock.guard import Guard
from sql.lock.run import run
from sql.names import quoted
from sql.personal import REGIONS, KnownNames
from sql.record import recording
from sql.semantics import Role, Shop, View, ViewColumn
from sql.shop.drafting import looks_personal
from sql.shop.trade_words import says
from sql.types import Catalog, QueryLimits

if TYPE_CHECKING:
    from sql.databases import Database

logger = logging.getLogger(__name__)

TELLING = re.compile(r"mail|phone|mobile|\btel\b|邮箱|邮件|电话|手机")
NAMES = re.compile(r"(?<!user)(?<!login)(?<!nick) ?name\b|姓名|名字")
FIRST, LAST = re.compile(r"first ?name|given ?name"), re.compile(r"last ?name|surname|family ?name")
_OTHERS = re.compile(r"\brecipient\b|\bconsignee\b|\breceiver\b|收货|收件|紧急")
"""A gift's recipient is another person."""
_IDENTIFYING = re.compile(rf"{TELLING.pattern}|{NAMES.pattern}|address|street|地址|住址")
_LIMITS = QueryLimits(max_rows=300_000, timeout_s=60.0, max_memory_mb=4_096)


def people_columns(view: View, pattern: re.Pattern[str]) -> list[str]:
    """Columns about the view's own people by their names, of those that look personal."""
    return [
        c.name for c in view.columns if _is_of_people(view, c, pattern) and not says(_OTHERS, c.name, c.type)
    ]


def identifies(view: View, column: ViewColumn) -> bool:
    """Whether a column holds what tells who somebody is: names, and how they are reached."""
    return _is_of_people(view, column, _IDENTIFYING)


def _is_of_people(view: View, column: ViewColumn, pattern: re.Pattern[str]) -> bool:
    if column.type not in ("text", "integer", "number") or not looks_personal(view.name, column.name):
        return False
    return says(pattern, column.name, column.type)


def known_names(shop: Shop, catalog: Catalog, database: Database) -> KnownNames:
    """Every full name that stands in a column of people's names; none of a view that cannot be read.

    No statement of this is noted for the audit log: it is the same whoever asks, and answers nobody.
    """
    names: set[str] = set()
    with recording(lambda statement: None):
        guard = Guard(shop, catalog, Role(name="names", limits=_LIMITS))
        for view in shop.views:
            columns = [name for name in people_columns(view, NAMES) if name not in _parts(view)]
            pair = [next(iter(people_columns(view, part)), None) for part in (FIRST, LAST)]
            asked: list[tuple[str, ...]] = [(name,) for name in columns]
            if pair[0] is not None and pair[1] is not None:
                asked.append((pair[0], pair[1]))
            for each in asked:
                listed = ", ".join(quoted(name, guard.dialect) for name in each)
                sql = f"SELECT DISTINCT {listed} FROM {quoted(view.name, guard.dialect)}"
                try:
                    rows = run(guard.check(sql), database, _LIMITS).rows
                except SqlError as error:
                    logger.info("names are not known: %s", type(error).__name__)
                    continue
                names |= {" ".join(str(part).strip() for part in row) for row in rows if None not in row}
    return KnownNames(names)


def phone_regions(shop: Shop) -> tuple[str, ...]:
    """Where telephone numbers without a country's code may be from: the usual regions, and the countries that
    stand among the values of the shop's description, by their names or codes."""
    from babel import Locale

    named = {
        name.lower(): code
        for language in ("en", "zh")
        for code, name in Locale(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }
    said = {v.lower() for view in shop.views for column in view.columns for v in column.values}
    found = {named[value] for value in said if value in named}
    return (*REGIONS, *sorted(found - set(REGIONS)))


def _parts(view: View) -> set[str]:
    return {name for part in (FIRST, LAST) for name in people_columns(view, part)}
