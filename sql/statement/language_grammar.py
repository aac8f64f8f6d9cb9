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
from sql.statement.routes import Route, Routes
from sql.statement.sentence import Name, Text, written_name

Reached = Sequence[tuple[Name, Route]]
MOST_NAMES = 400
"""Columns that one view may lead to in the grammar, the nearest first."""
PERCENTILES = ("10", "25", "50", "75", "80", "90", "95", "99")
"""May always be asked for, beside those that the question names."""
_SHARED = """\
GRAIN: "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR" | "FISCAL_QUARTER" | "FISCAL_YEAR" | "WEEKDAY" | "HOUR"
UNIT: "DAY" | "WEEK" | "MONTH" | "QUARTER" | "YEAR" | "FISCAL_QUARTER" | "FISCAL_YEAR"
SIGN: " = " | " <> " | " < " | " <= " | " > " | " >= "
OF: " = " | " <> "
DAYPART: "WEEKDAY" | "HOUR"
CALC: " / " | " - " | " + " | " * "
AGG: "SUM(" | "AVG(" | "MIN(" | "MAX(" | "MEDIAN(" | "COUNT("
SINCE: "FIRST(" | "AGE(" | "IS_FIRST("
step: WHOLE " " UNIT
range: SIGN NUM | " BETWEEN " NUM " AND " NUM
daypart: DAYPART (SIGN COUNT | " BETWEEN " COUNT " AND " COUNT | " IN (" COUNT (", " COUNT){1,6} ")")
SPAN: "DAYS(" | "HOURS("
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


class LanguageGrammar:
    """The grammar of all replies over one shop's views, but for what the question adds.

    Args:
        shop: its views and metrics as the role sees them.
        is_taught: the model has learnt when to answer ``NOTHING`` and when to ask back.
    """

    def __init__(self, shop: Shop, *, is_taught: bool) -> None:
        self.shop, self.is_taught = shop, is_taught
        self.routes = Routes(shop)
        self._reached = [self.routes.columns(view)[:MOST_NAMES] for view in shop.views]
        self._parts: dict[tuple[bool, bool, bool], str] = {}

    def of(self, sayable: Sayable) -> str:
        """The grammar for one question."""
        reply = "start: statement"
        if self.is_taught:
            ask, between = lark_text(ASK), lark_text(OR)
            reply += f" | {lark_text(NOTHING)} | {ask} statement {between} statement"
        percents = [*PERCENTILES, *(n for n in sayable.numbers if 0 <= float(n) <= 100)]
        lines = [reply, self._frame(sayable), _terminal("NUM", sayable.numbers or ("1",))]
        lines.append(_terminal("PERCENT", percents))
        lines.append(_terminal("COUNT", [n for n in sayable.numbers if n.isdecimal()] or ["1"]))
        lines.append(_terminal("WHOLE", [n for n in sayable.numbers if n.isdecimal() and n != "0"] or ["1"]))
        if sayable.texts:
            lines += [_terminal("TEXT", _quoted(sayable.texts)), _terminal("LIKED", _liked(sayable.texts))]
        if sayable.periods:
            lines.append(_terminal("PERIOD", _quoted(sayable.periods)))
        if sayable.days:
            lines.append(_terminal("DATE", _quoted(sayable.days)))
        lines += _own_values(self._reached, sayable)
        return "\n".join(lines) + "\n"

    def _frame(self, sayable: Sayable) -> str:
        """The rules that hold for every question with the same kinds of words."""
        kinds = (bool(sayable.texts), bool(sayable.periods), bool(sayable.days))
        if kinds not in self._parts:
            starts = [f'"SELECT " body_{n}' for n in range(len(self.shop.views))]
            lines = [f"statement: {' | '.join(starts)}", _SHARED]
            if self.shop.metrics:
                lines.append(_terminal("METRIC", [written_name(m.name) for m in self.shop.metrics]))
            for n, (view, reached) in enumerate(zip(self.shop.views, self._reached, strict=True)):
                lines += _view_rules(n, view, self.shop, reached, *kinds)
            lines.append(_far_top(self.shop))
            self._parts[kinds] = "\n".join(lines)
        return self._parts[kinds]


def _own_values(views: Sequence[Reached], sayable: Sayable) -> list[str]:
    """Conditions on text columns whose values are known, in a rule for each view in FROM.

    Those on the columns of one view are written once for all the views that lead to it by the same names: a
    condition may stand before FROM, where every view is still possible, and llguidance stops at 2,000 items.
    """
    terminals: dict[tuple[str, str], str] = {}
    groups: dict[tuple[str, ...], str] = {}
    lines = []
    for n, reached in enumerate(views):
        conditions: dict[str, list[str]] = {}
        for name, route in reached:
            place = (route.view.name, route.column.name)
            values = sayable.values.get(place, ()) if route.column.type == "text" else ()
            if not values:
                continue
            if place not in terminals:
                terminals[place] = f"V_{len(terminals)}"
                lines.append(_terminal(terminals[place], _quoted(values)))
            terminal, own = terminals[place], lark_text(str(name))
            group = conditions.setdefault(route.view.name, [])
            some = f' | " NOT"? " IN (" {terminal} (", " {terminal}){{1,7}} ")"' if len(values) > 1 else ""
            group.append(f"{own} (OF {terminal}{some})")
        made = []
        for own_conditions in conditions.values():
            written = tuple(own_conditions)
            if written not in groups:
                groups[written] = f"is_{len(groups)}"
                lines.append(f"{groups[written]}: {' | '.join(written)}")
            made.append(groups[written])
        lines.append(f"known_{n}: {' | '.join(made) or f'has_{n}'}")
    return lines


def _view_rules(
    n: int, view: View, shop: Shop, reached: Reached, has_texts: bool, has_periods: bool, has_days: bool
) -> list[str]:
    """The rules of statements with ``view`` in FROM; ``n`` is its place, which their names end with."""
    near = [(str(name), route.column.type) for name, route in reached if not route.is_many]
    names = [str(name) for name, _ in reached]
    numbers = [name for name, kind in near if kind in ("integer", "number")]
    times = [name for name, kind in near if kind in ("date", "timestamp")]
    truths = [str(name) for name, r in reached if r.column.type == "boolean"]
    texts = [str(name) for name, r in reached if r.column.type == "text"]
    home = _inner(written_name(view.name))
    made = [
        f'body_{n}: items_{n} " FROM {home}" where_{n}? group_{n}? having_{n}? order_{n}? limit_{n}?',
        f'items_{n}: item_{n} (", " item_{n}){{0,5}}',
        f'where_{n}: " WHERE " cond_{n} (" AND " cond_{n}){{0,5}}',
        f'group_{n}: " GROUP BY " dim_{n} (", " dim_{n}){{0,3}}',
        f'having_{n}: " HAVING " hcond_{n} (" AND " hcond_{n}){{0,2}}',
        f"hcond_{n}: (figure_{n} | per_{n}) SIGN (NUM | one_{n})",
        f'order_{n}: " ORDER BY " key_{n} (", " key_{n}){{0,2}}',
        f'key_{n}: item_{n} " DESC"?',
        f'limit_{n}: " LIMIT " WHOLE (" PER " dim_{n} (", " dim_{n}){{0,1}})?',
        _terminal(f"NAME_{n}", names),
    ]
    items = [f"figure_{n}", f"dim_{n}"]
    dims = [f"NAME_{n}", "GRAIN", f"per_{n}"]
    dims += [f'"BUCKET(" (NAME_{n} | per_{n}) (", " NUM){{1,6}} ")"', f'"TILE(" per_{n} ", " WHOLE ")"']
    dims += [f'SINCE UNIT " PER " NAME_{n} ")"', f'"PAIRS(" NAME_{n} " PER " NAME_{n} ")"']
    some = f'cond_{n} (" AND " cond_{n}){{0,2}}'
    figures = [f"one_{n}", f'"BEFORE(" one_{n} (CALC one_{n})? (", " step)? ")"']
    figures += [
        f'"GROWTH(" one_{n} (CALC one_{n})? (", " step)? ")"',
        f'"ONLY(" one_{n} (CALC one_{n})? ", " {some} ")"',
    ]
    figures += [f'"SHARE(" one_{n} (" PER " dim_{n} (", " dim_{n})? | ", " {some})? ")"']
    figures += [f'"RUNNING(" one_{n} (CALC one_{n})? (", " UNIT)? ")"', f'"ROLLING(" one_{n} ", " WHOLE ")"']
    figures += [f'"RANK(" one_{n} (" PER " dim_{n})? ")"']
    ones = ['"COUNT(*)"', f'"COUNT(" (UNIT | "DISTINCT " NAME_{n}) ")"', f'AGG val_{n} ")"']
    ones += [f'"PERCENTILE(" val_{n} ", " PERCENT ")"']
    values = [f"NAME_{n}", f"per_{n}", f'plain_{n} " PER " "ALL "? UNIT']
    plain = ['"COUNT(*)"', f'AGG NAME_{n} ")"']
    conditions = [f"per_{n} range", f'per_{n} SIGN "AVG(" per_{n} ")"', f"has_{n}", f"known_{n}", "daypart"]
    conditions += [f'SINCE UNIT " PER " NAME_{n} ")"', f'NAME_{n} " IS " "NOT "? "NULL"']
    conditions.append(f'"(" {some} (" OR " {some}){{1,3}} ")"')
    conditions.append(f'"NOT "? ("TOP(" | "BOTTOM(") per_{n} ", " WHOLE (", " {some})? ")"')
    conditions.append("far_top")
    if shop.metrics:
        ones.append("METRIC")
        plain.append("METRIC")
    if numbers:
        made.append(_terminal(f"NUMBER_{n}", numbers))
        two = f"NUMBER_{n} CALC NUMBER_{n}"
        forms = [
            f"{two} (CALC NUMBER_{n})?",
            f'NUMBER_{n} CALC "(" {two} ")"',
            f'"(" {two} ")" CALC NUMBER_{n}',
        ]
        made.append(f"sum_{n}: {' | '.join(forms)}")
        values.append(f"sum_{n}")
        items.append(f"sum_{n}")
        plain.append(f'"SUM(" sum_{n} ")"')
        conditions.append(f"sum_{n} SIGN (NUM | NUMBER_{n})")
        tails = [f'SIGN (NUM | NUMBER_{n} | "AVG(" NUMBER_{n} ")")', '" BETWEEN " NUM " AND " NUM']
        tails.append('" NOT"? " IN (" NUM (", " NUM){1,7} ")"')
        conditions.append(f"NUMBER_{n} ({' | '.join(tails)})")
    if times:
        made.append(_terminal(f"TIME_{n}", times))
        dims.append(f'GRAIN "(" TIME_{n} ")"')
        gap = f'"GAP(" TIME_{n} " PER " NAME_{n} ")"'
        made.append(f'elapsed_{n}: SPAN TIME_{n} ", " TIME_{n} ")" | {gap}')
        values.append(f"elapsed_{n}")
        items.append(f"elapsed_{n}")
        dims.append(f'"BUCKET(" elapsed_{n} (", " NUM){{1,6}} ")"')
        tails = [f"SIGN TIME_{n}", *(("SIGN DATE", '" BETWEEN " DATE " AND " DATE') if has_days else ())]
        conditions += [f"elapsed_{n} SIGN NUM", f"TIME_{n} ({' | '.join(tails)})"]
    if has_periods:
        conditions.append(f'"DURING(" {f"""(TIME_{n} ", ")? """ if times else ""}PERIOD ")"')
    if truths:
        made.append(_terminal(f"TRUTH_{n}", truths))
        conditions.append(f'"NOT "? TRUTH_{n}')
    if texts and has_texts:
        made.append(_terminal(f"FREE_{n}", texts))
        tails = ["OF TEXT", '" NOT"? " IN (" TEXT (", " TEXT){1,7} ")"']
        tails.append('" NOT"? " LIKE \'" "%"? LIKED "%"? "\'"')
        conditions.append(f"FREE_{n} ({' | '.join(tails)})")
    made += [
        f"item_{n}: {' | '.join(items)}",
        f"dim_{n}: {' | '.join(dims)}",
        f"figure_{n}: term_{n} (CALC term_{n})? | both_{n} CALC term_{n} | term_{n} CALC both_{n}",
        f'both_{n}: "(" term_{n} CALC term_{n} ")"',
        f"term_{n}: {' | '.join(figures)}",
        f"one_{n}: {' | '.join(ones)}",
        f"val_{n}: {' | '.join(values)}",
        f"plain_{n}: {' | '.join(plain)}",
        f'per_{n}: plain_{n} " PER " "ALL "? NAME_{n}',
        f"cond_{n}: {' | '.join(conditions)}",
        _has(n, shop, is_timed=has_periods),
    ]
    return made


def _has(n: int, shop: Shop, *, is_timed: bool) -> str:
    others = []
    for m, view in enumerate(shop.views):
        during = '(" DURING(" PERIOD ")")?' if is_timed else ""
        times = f'(" COUNT" ("(" NAME_{m} ")")? SIGN COUNT)?'
        own = f'"{_inner(written_name(view.name))}" (" (" cond_{m} (" AND " cond_{m}){{0,2}} ")")?'
        others.append(f'{own} {during} (" WITHIN " step)? {times}')
    return f'has_{n}: NAME_{n} " HAS " "NO "? ({" | ".join(others)})'


def _far_top(shop: Shop) -> str:
    """Those that a figure of another view puts first."""
    worths = []
    for n, view in enumerate(shop.views):
        some = f'cond_{n} (" AND " cond_{n}){{0,2}}'
        worths.append(f'per_{n} " FROM {_inner(written_name(view.name))}, " WHOLE (", " {some})?')
    return f'far_top: "NOT "? ("TOP(" | "BOTTOM(") ({" | ".join(worths)}) ")"'


def _terminal(name: str, texts: Iterable[str]) -> str:
    return f"{name}: {' | '.join(map(lark_text, dict.fromkeys(texts)))}"


def _quoted(texts: Iterable[str]) -> list[str]:
    return [str(Text(text)) for text in texts]


def _liked(texts: Iterable[str]) -> list[str]:
    return [str(Text(text))[1:-1] for text in texts]


def _inner(text: str) -> str:
    return lark_text(text)[1:-1]
