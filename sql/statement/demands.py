"""What a question demands of a statement that does not have it: the words that insist on it.

A model is asked again under a grammar that leaves it no other way (``sql.statement.shop_form.Words``). Each
demand is read off the wording where that leaves little doubt, and looked for in the statement; nothing is
refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.question.cues import Comparison, Cues, Direction, find_cues, mask
from sql.question.linking import Links, Mention
from sql.semantics import Metric, View
from sql.statement.agreement import order_of, order_of_times, spans
from sql.statement.grammar import number_text, quote_name, quote_text
from sql.statement.shop_form import Bound, Words
from sql.types import Dialect

_MONEY = re.compile(r"\b(?:money|euros?|dollars?|spend|spent|EUR|USD)\b|[€$£]|多少钱|欧元|美元", re.I)
_HOW_MUCH_MONEY = re.compile(r"\bhow (?:much money|many (?:euros?|dollars?))\b|多少钱", re.I)
_CURRENCY = re.compile(r"[A-Z]{3}|[€$£¥]")
"""Units of money as ``shop.yml`` names them: an ISO 4217 code or a sign."""
_HOW_MANY = re.compile(
    r"(?:\b(?:how many|number of)(?: different| distinct)?\s+|多少[个张位种家]?|几[个张位种家])$", re.I
)
_IS_BOUND = re.compile(
    r"\s*(?:more|less|fewer|over|under|above|below|at least|at most|between|up to)\b|[超高低大小多少]", re.I
)
_SHARE_OF = re.compile(
    r"\b(?:share|percentage|percent|per cent|proportion|fraction) of\b|\bwhat (?:share|percentage|percent)\b"
    r"|占[^？?]*(?:比例|百分比|百分之几|多少|几成)|占比",
    re.I,
)
_THAN = re.compile(r"\b(?:than|versus|vs|against)\b|还是", re.I)
_OR_WITHOUT = re.compile(
    r"\b(?:versus|vs\.?|against|than|and|or|compared (?:with|to))\s+(?:\w+ ){0,2}?(?:without|not|no|none)\b",
    re.I,
)
_ONE_BY_ONE = re.compile(r"\b([a-z]{3,}) (?:by|for) \1\b", re.I)
_ALTOGETHER = re.compile(r"\b(?:altogether|in total|overall|combined|in all|all told)\b|合计|总共|一共", re.I)
_BY = re.compile(r"\b(?:by|per|each|every)\s+(?:\w+\s+)?$|[按各每]$", re.I)
_WHICH_OF = re.compile(r"\bwhich\b|哪", re.I)
_NEVER = re.compile(r"\b(?:never|not once|not a single)\b|从未|从没|从来没|没\S{0,3}过", re.I)
_WHICH = re.compile(r"\b(?:which|what|list|name|show|who)\b|哪|列出", re.I)
_BETWEEN = re.compile(
    r"[\s个件条次单种款位家]*(?:(?:or|and) (?:more|fewer|less) )?"
    r"(?:(?:different|single|separate|[a-z]+ed) )*",
    re.I,
)
"""What may stand between a number and what it counts."""
_IS_MONEY = re.compile(r"\s*(?:€|\$|£|EUR|USD|euros?|dollars?|欧元|美元)", re.I)
_IS_TIME = re.compile(r"\s*(?:minutes?|hours?|days?|weeks?|months?|years?|分钟|小时|天|周|个?月|年)", re.I)
_IS_PERCENT = re.compile(r"\s*(?:%|％|per ?cent|pct)", re.I)
_MAX_BOUNDS = 2
_SIGNS: dict[type[exp.Expr], str] = {exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=", exp.EQ: "="}


def narrowed(
    words: Words, links: Links, sql: str, view: View, metrics: Sequence[Metric], dialect: Dialect
) -> Words | None:
    """``words`` that insist on what the question demands and ``sql`` over ``view`` does not have.

    ``None`` where it has all of it. Of what cannot be parsed, or is no SELECT, nothing is known: ``words``
    come back if they insist on conditions.

    Args:
        metrics: those of ``view``.
    """
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except SqlglotError:
        tree = None
    if not isinstance(tree, exp.Select):
        return words if words.must else None
    cues = find_cues(links)
    bounds, are_made = bounds_of(links, cues, tree, view, metrics, dialect)
    share = share_of(links, view)
    demands: dict[str, Any] = {
        "measures": missing_numbers(links, tree, view),
        "groups": missing_groups(links, cues, tree, view),
        "extreme": missing_extreme(links, cues, tree),
        "is_ranking": lacks_order(links, tree),
        "counted": missing_count(links, tree, view),
        "share": share if lacks_share(links, tree, metrics, dialect) else None,
        "is_whole": is_cut(links, cues, tree),
        "is_summed": lacks_sums(links, tree, view),
        "bounds": () if are_made else bounds,
        "never": denied_ever(links, tree, view),
    }
    missing = {name: value for name, value in demands.items() if value}
    if not missing and not words.must:
        return None
    kept: dict[str, Any] = {"bounds": bounds, "share": share, "is_summed": share is not None}
    if words.numbers is not None:  # what is a bound already is nothing else
        kept["numbers"] = [number for number in words.numbers if not any(number in b.numbers for b in bounds)]
    if not share and "never" not in missing:
        kept["must"] = [*words.must, *_said_already(links, tree, view, missing.get("groups", ()))]
    return replace(words, **(kept | missing))


def _said_already(links: Links, tree: exp.Select, view: View, groups: Sequence[str]) -> list[list[str]]:
    """The values of the question that rows must have in ``tree``, as conditions to be kept."""
    where = tree.args.get("where")
    conditions = where.this.flatten() if where and isinstance(where.this, exp.And) else [where and where.this]
    said = {(m.name, m.value) for m in links.mentions if m.kind == "value" and m.view == view.name}
    return [
        [f"{quote_name(condition.this.name)} = {quote_text(condition.expression.name)}"]
        for condition in conditions
        if isinstance(condition, exp.EQ)
        and (condition.this.name, condition.expression.name) in said
        and condition.this.name not in groups
    ]


def missing_numbers(links: Links, tree: exp.Select, view: View) -> frozenset[str]:
    """Columns of numbers of ``view`` of which a statement should hold one, and holds none.

    They are the columns of money where "how much money" is asked for; else those that the question names by
    their very words and asks for (other nouns are too often said in passing, "what do customers buy", and
    what "costs more than 9" may be a price); else the columns of money where money is spoken of.
    """
    held = {node.name.casefold() for node in tree.find_all(exp.Column, exp.Alias) if node.name}
    money = frozenset(c.name for c in view.columns if c.is_measure and _CURRENCY.fullmatch(c.unit or ""))
    measures = {c.name for c in view.columns if c.is_measure}
    missing: set[str] = set()
    for mentions in _of_view(links, view):
        is_sure = all(m.kind == "column" and m.name in measures and m.score >= 1.0 for m in mentions)
        if is_sure and not _IS_BOUND.match(links.question, mentions[0].end):
            missing |= {m.name for m in mentions}
    is_money_asked = bool(_HOW_MUCH_MONEY.search(links.question))
    is_money_spoken_of = not missing and bool(_MONEY.search(links.question))
    wanted = money if money and (is_money_asked or is_money_spoken_of) else frozenset(missing)
    return frozenset() if held & {name.casefold() for name in wanted} else wanted


def missing_groups(links: Links, cues: Cues, tree: exp.Select, view: View) -> tuple[str, ...]:
    """Columns that a statement should group by, for two of their values are compared, and does not.

    "Phone compared with chat" asks for a figure of each, as "visits with an order versus without" does.
    """
    if cues.is_share or cues.is_total:
        return ()
    is_compared = cues.is_compared or cues.is_each
    values: dict[str, set[str | None]] = {
        clause.this.name: {each.name for each in clause.expressions}
        for clause in tree.find_all(exp.In)
        if isinstance(clause.this, exp.Column) and not isinstance(clause.parent, exp.Not)
    }
    ends: dict[str, int] = {}
    truths: list[str] = []
    for mentions in _of_view(links, view):
        names = {m.name for m in mentions}
        if len(names) != 1:
            continue
        name, mention = names.pop(), mentions[0]
        column = view.column(name)
        if all(m.kind == "value" and not m.is_part for m in mentions):
            values.setdefault(name, set()).add(mention.value)
            before = links.question[ends.get(name, mention.start) : mention.start]
            is_compared = is_compared or bool(_THAN.search(before))
            ends[name] = mention.end
        elif column is not None and column.type == "boolean" and _OR_WITHOUT.search(links.question):
            truths.append(name)
    if not is_compared:
        return ()
    group = tree.args.get("group")
    shown = [*tree.selects, *(group.expressions if group else [])]
    held = {column.name.casefold() for item in shown for column in item.find_all(exp.Column)}
    compared = [*(name for name, each in values.items() if len(each) > 1), *truths]
    return tuple(name for name in dict.fromkeys(compared) if name.casefold() not in held)


def missing_count(links: Links, tree: exp.Select, view: View) -> str | None:
    """The column whose different values are asked for where a statement counts rows.

    "How many invoices were cancelled" over lines of invoices counts the invoices, not their lines. ``None``
    where the word may as well mean the rows themselves.
    """
    counted = [
        mentions
        for mentions in _of_view(links, view)
        if _HOW_MANY.search(links.question[: mentions[0].start])
    ]
    if len(counted) != 1 or any(m.kind != "column" or m.score < 1.0 for m in counted[0]):
        return None
    names = {m.name for m in counted[0]}
    column = view.column(names.pop())
    if names or column is None or column.is_measure or column.type in ("boolean", "date", "timestamp"):
        return None
    counts = list(tree.find_all(exp.Count))
    is_of_rows = bool(counts) and all(isinstance(count.this, exp.Star) for count in counts)
    return column.name if is_of_rows else None


def lacks_order(links: Links, tree: exp.Select) -> bool:
    """Whether the best or worst of several rows is asked for, and the statement leaves them unsorted."""
    if order_of(links) is None or tree.args.get("order"):
        return False
    return bool(tree.args.get("group")) or not any(item.find(exp.AggFunc) for item in tree.selects)


def missing_extreme(links: Links, cues: Cues, tree: exp.Select) -> Direction | None:
    """Whether a statement lists times where only the last (``desc``) or the first of them is asked for."""
    order = order_of_times(links)
    if order is None or not cues.is_when or tree.args.get("limit") or tree.args.get("group"):
        return None
    return None if any(item.find(exp.AggFunc) for item in tree.selects) else order


def share_of(links: Links, view: View) -> Literal["alone", "grouped"] | None:
    """Whether the share of a part in a whole is asked for, and of one whole or of each group."""
    if not _SHARE_OF.search(mask(links, names=False)):
        return None
    is_grouped = _WHICH_OF.search(links.question) or any(
        mentions[0].kind == "column" and _BY.search(links.question[: mentions[0].start])
        for mentions in _of_view(links, view)
    )
    return "grouped" if is_grouped else "alone"


def lacks_share(links: Links, tree: exp.Select, metrics: Sequence[Metric], dialect: Dialect) -> bool:
    """Whether nothing is divided under a condition, as a share is.

    A division without a condition is a ratio, and counts where the question names a ratio of the shop's.
    """
    named = {m.name for m in links.mentions if m.kind == "metric" and m.score >= 1.0}
    is_ratio = any(m.name in named and isinstance(m.tree(dialect), exp.Div) for m in metrics)
    return not any(is_ratio or division.find(exp.Case) for division in tree.find_all(exp.Div))


def is_cut(links: Links, cues: Cues, tree: exp.Select) -> bool:
    """Whether all groups are asked for in an order, and the statement keeps only the first of them."""
    is_of_all = cues.is_sorted or bool(_ONE_BY_ONE.search(links.question))
    return is_of_all and cues.top is None and bool(tree.args.get("limit")) and bool(tree.args.get("group"))


def lacks_sums(links: Links, tree: exp.Select, view: View) -> bool:
    """Whether single numbers are shown or grouped by where those of a group belong together.

    That is where "altogether" is said and nothing is added up, and where rows are grouped by a number beside
    something else that the question does not name after "by" or "per".
    """
    measures = {c.name.casefold() for c in view.columns if c.is_measure}
    named = {
        m.name.casefold()
        for m in links.mentions
        if m.kind == "column" and _BY.search(links.question[: m.start])
    }
    group = tree.args.get("group")
    if group is not None:
        grouped = [g.name.casefold() for g in group.expressions if isinstance(g, exp.Column)]
        return len(group.expressions) > 1 and any(name in measures and name not in named for name in grouped)
    shown = [item.unalias() for item in tree.selects]
    return (
        bool(_ALTOGETHER.search(links.question))
        and len(shown) > 1
        and any(isinstance(item, exp.Column) and item.name.casefold() in measures for item in shown)
        and not any(item.find(exp.AggFunc) for item in shown)
    )


def bounds_of(
    links: Links, cues: Cues, tree: exp.Select, view: View, metrics: Sequence[Metric], dialect: Dialect
) -> tuple[list[Bound], bool]:
    """The comparisons with numbers that the question holds, and whether all of them are made.

    "At least 200 reviews" is a condition on the number of reviews and on nothing else. Looked for are none
    where something is denied, for that may be said in many ways, none with spans of time, and two at most.
    """
    bounds, are_made = [], True
    for comparison in cues.comparisons[:_MAX_BOUNDS] if not cues.is_negated else ():
        rest = links.question[comparison.number.end :]
        if _IS_TIME.match(rest):
            continue
        said = comparison.number.value
        numbers = {said, round(said / 100, 6)} if _IS_PERCENT.match(rest) else {said}
        noun = _counted_by(comparison, links, view, metrics, dialect)
        ends = [f" {comparison.operator} {number_text(number)}" for number in sorted(numbers)]
        bounds.append(
            Bound(
                numbers=[number_text(number) for number in numbers],
                rows=[f"{quote_name(name)}{end}" for name in noun.columns for end in ends],
                groups=[f"{figure}{end}" for figure in noun.figures for end in ends],
            )
        )
        are_made = are_made and _is_made(comparison, numbers, noun, tree)
    return bounds, are_made


def _is_made(comparison: Comparison, numbers: set[float], noun: _Noun, tree: exp.Select) -> bool:
    compared = [node for node in tree.find_all(*_SIGNS) if _number(node.expression) in numbers]
    between = [each for each in tree.find_all(exp.Between) if _number(each.args["low"]) in numbers]
    between += [each for each in tree.find_all(exp.Between) if _number(each.args["high"]) in numbers]
    return any(
        noun.is_in(node.this) and _SIGNS[type(node)] == comparison.operator for node in compared
    ) or any(noun.is_in(each.this) for each in between)


@dataclass(frozen=True, kw_only=True)
class _Noun:
    """What a number of the question counts or measures."""

    columns: Sequence[str]
    """Columns of numbers."""
    figures: Sequence[str]
    """Of a group, as shop form writes them."""
    is_count: bool = False
    """Nothing but rows, or different values of a column."""

    def is_in(self, side: exp.Expr) -> bool:
        """Whether one side of a comparison is of it."""
        held = {c.name.casefold() for c in side.find_all(exp.Column)}
        is_counted = self.is_count and side.find(exp.Count) is not None
        return is_counted or bool(held & {name.casefold() for name in self.columns})


def _counted_by(
    comparison: Comparison, links: Links, view: View, metrics: Sequence[Metric], dialect: Dialect
) -> _Noun:
    """What stands behind the number of a comparison; any number of ``view`` where nothing does."""
    end = comparison.number.end
    measures = [c for c in view.columns if c.is_measure]
    numbers = [c.name for c in view.columns if c.type in ("integer", "number") and not c.is_key]
    readings: list[Mention] = []
    for mentions in _of_view(links, view):
        if mentions[0].start >= end and _BETWEEN.fullmatch(links.question[end : mentions[0].start]):
            readings = [m for m in mentions if m.kind != "value"]
            break
    named = {m.name for m in readings if m.kind == "column"}
    meant = [m for m in metrics if any(r.kind == "metric" and r.name == m.name for r in readings)]
    things = [c.name for c in view.columns if c.name in named and c.name not in numbers]
    columns = [name for name in numbers if name in named]
    if _IS_MONEY.match(links.question[end:]):
        columns = [c.name for c in measures if _CURRENCY.fullmatch(c.unit or "")]
    if columns:
        return _Noun(columns=columns, figures=_figures(columns, metrics, dialect))
    counts = [m for m in meant if isinstance(m.tree(dialect), exp.Count)]
    if counts or things or any(r.kind == "view" for r in readings):
        figures = [quote_name(m.name) for m in counts] or [f"COUNT(DISTINCT {quote_name(c)})" for c in things]
        return _Noun(columns=(), figures=["COUNT(*)", *figures], is_count=True)
    if meant:
        parts = [c.name for m in meant for c in m.tree(dialect).find_all(exp.Column)]
        return _Noun(columns=parts, figures=[quote_name(m.name) for m in meant])
    return _Noun(columns=numbers, figures=["COUNT(*)", *_figures(numbers, metrics, dialect)], is_count=True)


def _figures(columns: Sequence[str], metrics: Sequence[Metric], dialect: Dialect) -> list[str]:
    """Sums, averages and metrics of these columns."""
    held = {name.casefold() for name in columns}
    found = [f"{kind}({quote_name(name)})" for name in columns for kind in ("SUM", "AVG", "MIN", "MAX")]
    for metric in metrics:
        if held & {c.name.casefold() for c in metric.tree(dialect).find_all(exp.Column)}:
            found.insert(0, quote_name(metric.name))
    return found


def denied_ever(links: Links, tree: exp.Select, view: View) -> tuple[str, ...]:
    """What never holds for the things asked for, where the statement asks for those it holds for.

    "Which countries never paid by card" are the groups without any row paid by card.
    """
    never = _NEVER.search(links.question)
    if (
        never is None
        or not _WHICH.search(links.question)
        or tree.find(exp.Not, exp.NEQ, exp.Null, exp.Having)
    ):
        return ()
    said = {
        (c.this.name.casefold(), c.expression.name) for c in tree.find_all(exp.EQ) if c.expression.is_string
    }
    return tuple(
        f"{quote_name(mentions[0].name)} = {quote_text(mentions[0].value or '')}"
        for mentions in _of_view(links, view)
        if mentions[0].start >= never.end()
        and len(mentions) == 1
        and mentions[0].kind == "value"
        and (mentions[0].name.casefold(), mentions[0].value) in said
    )


def _of_view(links: Links, view: View) -> list[list[Mention]]:
    """The readings in ``view`` of each stretch of the question that has one."""
    return spans(m for m in links.mentions if m.view == view.name)


def _number(node: exp.Expr) -> float | None:
    return float(node.this) if isinstance(node, exp.Literal) and not node.is_string else None
