"""The question language as a grammar for one question: every name, value, number and period that may stand.

The frame, the words and their places are those of ``sql.statement.parse``; names are those that the FROM view
leads to. What the grammar lets through and the shop cannot mean is for ``sql.statement.compile`` to tell. The
dialect of Lark is llguidance's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sql.semantics import Shop, View
from sql.statement.grammar import lark_text
from sql.statement.routes import Routes
from sql.statement.sentence import Text, written_name

MOST_NAMES = 400
"""Columns that one view may lead to in the grammar, the nearest first."""
_SHARED = """\
GRAIN: "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR" | "FISCAL_QUARTER" | "FISCAL_YEAR" | "WEEKDAY" | "HOUR"
UNIT: "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR"
SIGN: " = " | " <> " | " < " | " <= " | " > " | " >= "
OF: " = " | " <> "
CALC: " / " | " - " | " + " | " * "
AGG: "SUM(" | "AVG(" | "MIN(" | "MAX(" | "MEDIAN(" | "COUNT("
SINCE: "FIRST(" | "AGE(" | "IS_FIRST("
step: NUM " " UNIT
"""


@dataclass(frozen=True, kw_only=True)
class Sayable:
    """What a statement for one question may hold beside names."""

    values: dict[tuple[str, str], tuple[str, ...]]
    """``(view, column)`` → values that a condition on it may hold, beside ``texts``."""
    texts: tuple[str, ...]
    """Stretches of the question: values of columns whose values nobody knows."""
    periods: tuple[str, ...]
    """Words that mean one period."""
    numbers: tuple[str, ...]
    days: tuple[str, ...]
    """Days named in the question, as ``2026-05-01``."""


NOTHING = "NOTHING"
"""The reply where the data cannot answer."""
ASK, OR = "ASK ", " | "
"""What a reply that asks back begins with, and what stands between its readings."""


def language_grammar(shop: Shop, sayable: Sayable, *, is_taught: bool) -> str:
    """The grammar of all replies over the shop's views that hold only ``sayable``.

    Args:
        shop: its views and metrics as the role sees them.
        is_taught: the model has learnt when to answer ``NOTHING`` and when to ask back.
    """
    routes = Routes(shop)
    lines = [_SHARED]
    lines.append(_terminal("NUM", sayable.numbers or ("1",)))
    if sayable.texts:
        lines += [_terminal("TEXT", _quoted(sayable.texts)), _terminal("LIKED", _liked(sayable.texts))]
    lines.append(_terminal("PERIOD", _quoted(sayable.periods)) if sayable.periods else "")
    lines.append(_terminal("DATE", _quoted(sayable.days)) if sayable.days else "")
    starts = []
    for number, view in enumerate(shop.views):
        starts.append(f'"SELECT " body_{number}')
        lines += _view_rules(number, view, shop, routes, sayable)
    reply = "start: statement"
    if is_taught:
        reply += f" | {lark_text(NOTHING)} | {lark_text(ASK)} statement {lark_text(OR)} statement"
    return "\n".join([reply, f"statement: {' | '.join(starts)}", *filter(None, lines)]) + "\n"


def _view_rules(n: int, view: View, shop: Shop, routes: Routes, sayable: Sayable) -> list[str]:
    """The rules of statements with ``view`` in FROM; ``n`` is its place, which their names end with."""
    reached = routes.columns(view)[:MOST_NAMES]
    near = [(name, route) for name, route in reached if not route.is_many]
    names = [str(name) for name, _ in reached]
    numbers = [str(name) for name, r in near if r.column.type in ("integer", "number")]
    times = [str(name) for name, r in near if r.column.type in ("date", "timestamp")]
    truths = [str(name) for name, r in reached if r.column.type == "boolean"]
    keys = list(dict.fromkeys([str(name) for name, r in reached if _tells_which(name.text, r.view)])) or names
    metrics = [written_name(m.name) for m in shop.metrics]
    made = [
        f'body_{n}: items_{n} " FROM {_inner(written_name(view.name))}" where_{n}? group_{n}? having_{n}? order_{n}? limit_{n}?',
        f'items_{n}: item_{n} (", " item_{n}){{0,5}}',
        f"item_{n}: figure_{n} | dim_{n}",
        f'where_{n}: " WHERE " cond_{n} (" AND " cond_{n}){{0,5}}',
        f'group_{n}: " GROUP BY " dim_{n} (", " dim_{n}){{0,3}}',
        f'having_{n}: " HAVING " hcond_{n} (" AND " hcond_{n}){{0,2}}',
        f"hcond_{n}: figure_{n} SIGN NUM | per_{n} SIGN NUM",
        f'order_{n}: " ORDER BY " key_{n} (", " key_{n}){{0,2}}',
        f'key_{n}: (figure_{n} | dim_{n}) " DESC"?',
        f'limit_{n}: " LIMIT " NUM (" PER " dim_{n} (", " dim_{n}){{0,1}})?',
        _terminal(f"NAME_{n}", names),
        _terminal(f"KEY_{n}", keys),
    ]
    dims = [f"NAME_{n}", "GRAIN", f"per_{n}"]
    dims += [f'"BUCKET(" (NAME_{n} | per_{n}) (", " NUM){{1,6}} ")"', f'"TILE(" per_{n} ", " NUM ")"']
    dims += [f'SINCE UNIT " PER " KEY_{n} ")"', f'"PAIRS(" NAME_{n} " PER " KEY_{n} ")"']
    figures = [
        f"one_{n}",
        f'"BEFORE(" one_{n} (", " step)? ")"',
        f'"GROWTH(" one_{n} (CALC one_{n})? (", " step)? ")"',
    ]
    figures += [f'"ONLY(" one_{n} ", " cond_{n} (" AND " cond_{n}){{0,2}} ")"']
    figures += [f'"SHARE(" one_{n} (" PER " dim_{n} | ", " cond_{n} (" AND " cond_{n}){{0,2}})? ")"']
    figures += [f'"RUNNING(" one_{n} (", " UNIT)? ")"', f'"ROLLING(" one_{n} ", " NUM ")"']
    figures += [f'"RANK(" one_{n} (" PER " dim_{n})? ")"']
    ones = [
        '"COUNT(*)"',
        '"COUNT(" (UNIT | "DISTINCT " NAME_%d) ")"' % n,
        f'AGG val_{n} ")"',
        f'"PERCENTILE(" val_{n} ", " NUM ")"',
    ]
    values = [f"NAME_{n}", f"per_{n}", f'plain_{n} " PER " UNIT']
    plain = ['"COUNT(*)"', f'AGG NAME_{n} ")"']
    conditions = [f"per_{n} SIGN NUM", f'SINCE UNIT " PER " KEY_{n} ")"', f"has_{n}"]
    conditions += [f'NAME_{n} " IS " "NOT "? "NULL"', f'"(" cond_{n} (" OR " cond_{n}){{1,3}} ")"']
    if metrics:
        ones.append("METRIC")
        plain.append("METRIC")
    if numbers:
        made.append(_terminal(f"NUMBER_{n}", numbers))
        values.append(f"NUMBER_{n} CALC NUMBER_{n}")
        conditions += [f"NUMBER_{n} SIGN (NUM | NUMBER_{n})", f'NUMBER_{n} " BETWEEN " NUM " AND " NUM']
    if times:
        made.append(_terminal(f"TIME_{n}", times))
        dims.append(f'GRAIN "(" TIME_{n} ")"')
        values += [f'"DAYS(" TIME_{n} ", " TIME_{n} ")"', f'"HOURS(" TIME_{n} ", " TIME_{n} ")"']
        values.append(f'"GAP(" TIME_{n} " PER " KEY_{n} ")"')
        if sayable.periods:
            conditions.append(f'"DURING(" TIME_{n} ", " PERIOD ")"')
        if sayable.days:
            conditions += [f"TIME_{n} SIGN DATE", f'TIME_{n} " BETWEEN " DATE " AND " DATE']
    if sayable.periods:
        conditions.append('"DURING(" PERIOD ")"')
    if truths:
        made.append(_terminal(f"TRUTH_{n}", truths))
        conditions.append(f'"NOT "? TRUTH_{n}')
    conditions += _comparisons(n, reached, sayable, made)
    made += [
        f"dim_{n}: {' | '.join(dims)}",
        f"figure_{n}: term_{n} (CALC term_{n})?",
        f"term_{n}: {' | '.join(figures)}",
        f"one_{n}: {' | '.join(ones)}",
        f"val_{n}: {' | '.join(values)}",
        f"plain_{n}: {' | '.join(plain)}",
        f'per_{n}: plain_{n} " PER " "ALL "? KEY_{n}',
        f"cond_{n}: {' | '.join(conditions)}",
        _has(n, shop, is_timed=bool(sayable.periods)),
    ]
    if n == 0 and metrics:
        made.append(_terminal("METRIC", metrics))
    return made


def _comparisons(
    n: int, reached: Sequence[tuple[object, object]], sayable: Sayable, made: list[str]
) -> list[str]:
    """Conditions on text columns: each with its own values, those of unknown values with the question's."""
    conditions, free = [], []
    for place, (name, route) in enumerate(reached):
        if route.column.type != "text":  # type: ignore[attr-defined]
            continue
        free.append(str(name))
        values = sayable.values.get((route.view.name, route.column.name), ())  # type: ignore[attr-defined]
        if values:
            made.append(_terminal(f"V_{n}_{place}", _quoted(values)))
            own = lark_text(str(name))
            conditions += [f"{own} OF V_{n}_{place}"]
            if len(values) > 1:
                conditions += [f'{own} " NOT"? " IN (" V_{n}_{place} (", " V_{n}_{place}){{1,7}} ")"']
    if free and sayable.texts:
        made.append(_terminal(f"FREE_{n}", free))
        made.append(f'like_{n}: FREE_{n} " NOT"? " LIKE \'%" LIKED "%\'"')
        conditions += [f"FREE_{n} OF TEXT", f'FREE_{n} " NOT"? " IN (" TEXT (", " TEXT){{1,7}} ")"']
        conditions.append(f"like_{n}")
    return conditions


def _has(n: int, shop: Shop, *, is_timed: bool) -> str:
    others = []
    for m, view in enumerate(shop.views):
        during = '(" DURING(" PERIOD ")")?' if is_timed else ""
        times = f'(" COUNT" ("(" KEY_{m} ")")? SIGN NUM)?'
        own = f'"{_inner(written_name(view.name))}" (" (" cond_{m} (" AND " cond_{m}){{0,2}} ")")?'
        others.append(f'{own} {during} (" WITHIN " step)? {times}')
    return f'has_{n}: KEY_{n} " HAS " "NO "? ({" | ".join(others)})'


def _tells_which(name: str, view: View) -> bool:
    """Whether a column says which thing a row is about: a key, or a link to one."""
    low = name.lower()
    is_key = low in [k.lower() for k in view.key] or low in [r.lower() for r in view.refs]
    return is_key or low == "id" or low.endswith(("_id", "_no", "_number", "_code"))


def _terminal(name: str, texts: Iterable[str]) -> str:
    return f"{name}: {' | '.join(map(lark_text, dict.fromkeys(texts)))}"


def _quoted(texts: Iterable[str]) -> list[str]:
    return [str(Text(text)) for text in texts]


def _liked(texts: Iterable[str]) -> list[str]:
    return [str(Text(text))[1:-1] for text in texts]


def _inner(text: str) -> str:
    return lark_text(text)[1:-1]
