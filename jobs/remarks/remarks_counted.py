"""What reviews speak of, as evidence: counted over all reviews in scope, by statements over what was read of them.

The texts are strangers': they are counted and quoted, never followed. A review counts once for an aspect, with the
sign of all it says of it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from bot.errors import Declined
from bot.job import Request, Tools
from jobs.made_tables import made
from jobs.not_heard import caveat_of, not_heard
from jobs.remarks import remarks_words as words
from jobs.said_periods import read_period
from retrieval.opinion_mining.aspects import split
from retrieval.opinion_mining.nouns import is_han
from retrieval.opinion_mining.said_tables import CLAUSES, ID, REMARKS, Said
from retrieval.opinion_mining.sentiment import Measured
from retrieval.opinion_mining.shares import Share, corrected
from retrieval.types import Document, Hit
from sql import times
from sql.names import quoted
from sql.question.periods import Period
from sql.semantics import ReviewSource
from sql.types import Column, ColumnType, Table
from sql.types import Value as Cell
from telling.evidence import Evidence
from telling.phrases import escape_markdown, load_words
from telling.quotes import MAX_QUOTE
from telling.row_scope import scoped

TOP = 10
LEAST_JUDGED = 5
"""Reviews that must judge an aspect, for the share of its complaints to be told."""
QUOTES = 2
"""Quotes of each side."""
SPLIT = 0.2
"""Share of the rarer side from which opinion is split, so that both sides are quoted."""
COUNTS = (
    "reviews", "naming_it", "share_naming_it", "complaining", "praising", "share_complaining", "at_least", "at_most",
)  # fmt: skip
"""What those columns are called behind the first."""
SHARES = ("share_naming_it", "share_complaining", "at_least", "at_most")
MOST_ROWS = 200
GROUP, REVIEWS, NAMED, NAMED_SHARE, COMPLAINTS, PRAISE, ABOUT, LOW, HIGH = range(9)
"""Columns of the first table."""
FILLER = re.compile(
    r"(?i)^(?:please|give|show|tell|list|what|which|how|many|much|do|does|did|get|gets|got|the|our|we|us|me|i|customers?|people|buyers?|reviewers?|reviews?|remarks?|"
    r"comments?|say|says|share|percentage|with|and|their|of|most|often|main|mainly|common|top|ones|instead|only|about|on|by|in|for|as|polarity|there|are|is|has|have|all)$"
    r"|^[的吗呢请我们给和是多少占几成比例大家都主要什么哪些说看里中最常被看一下评论价了有个款按条]+$"
)
# ruff: noqa: E501


@dataclass(frozen=True, kw_only=True)
class Counted(Evidence):
    """What was counted. Table 0 has a row for each aspect or group, table 1 how many reviews were in scope."""

    aspect: str
    """As the asker calls it; empty where aspects, or all that is said, are counted."""
    forms: tuple[str, ...]
    """The words that were counted as it."""
    per: str
    """Column or unit of the rows; ``aspect`` where aspects are listed; empty for one row."""
    sign: str
    rest: int
    """Rows beyond those that are listed."""
    error: Measured
    is_own: bool
    is_split: bool


def count_remarks(request: Request, tools: Tools) -> Counted:
    """Count, take the classifier's error out, and quote."""
    source = tools.workspace.shop.reviews
    assert source is not None  # what the job needs is checked before it runs
    least = tools.workspace.role.minimum_group
    if least is not None:
        raise Declined("aggregates_only", {"least": str(least)})
    said = tools.said.open() if tools.said is not None else None
    if said is None:
        raise Declined("nothing_read")
    counting = _Counting(request, tools, said, source)
    return counting.counted()


class _Counting:
    """One request over the tables of what is said."""

    def __init__(self, request: Request, tools: Tools, said: Said, source: ReviewSource) -> None:
        self.request, self.tools, self.said, self.source = request, tools, said, source
        settings = request.settings
        self.view = said.workspace.shop.views[0]
        only = settings.get(words.ONLY) or {}
        self.aspect = settings.get(words.ASPECT) or ""
        if not self.aspect and only and not any(self.view.column(column) for column in only):
            self.aspect, only = settings.said[words.ONLY.name].text, {}  # a value of other rows: "delivery"
        known = said.aspects.named(self.aspect) if self.aspect else None
        self.forms = known.forms if known is not None else tuple(filter(None, (self.aspect,)))
        self.known = known.name if known is not None else ""
        self.sign = settings.get(words.SIGN) or "both"
        self.top = settings.get(words.TOP) or TOP
        self.only = self._only(only)
        self.period = self._period(settings.get(words.PERIOD))
        self.per = self._per(settings.get(words.PER) or "")

    def counted(self) -> Counted:
        """The evidence."""
        scope = self._run(f"SELECT COUNT(*) AS reviews FROM {self._from()}{self._where()}")
        reviews = int(str(scope.rows[0][0]))
        if reviews == 0:
            limits = [*self._values(), *([self.period.text.strip()] if self.period is not None else [])]
            raise Declined("no_reviews_in_scope", {"filters": escape_markdown(", ".join(limits))})
        source = self._run(self._statement())
        rows, rest = self._rows(source, reviews)
        table = self._table(source, rows)
        self.request.on_table(table)
        complaints = sum(int(str(row[COMPLAINTS])) for row in rows)
        praise = sum(int(str(row[PRAISE])) for row in rows)
        is_split = min(complaints, praise) >= SPLIT * max(complaints + praise, 1)
        unheard = not_heard(
            self.request, (words.CUE, words.NAME, words.COMPLAINTS, words.PRAISE, words.BOTH), FILLER
        )
        return Counted(
            tables=(table, scope),
            hits=self._quotes(rows, is_split),
            scope=scoped(self._values(), self.period),
            about=self.source.view,
            caveats=caveat_of(unheard),
            unheard=unheard,
            confidence=0.5 if unheard else 0.9,
            settings=self._ran(),
            titles=self._titles(),
            aspect=self.aspect,
            forms=self.forms,
            per=self.per if self.per or self.aspect else "aspect",
            sign=self.sign,
            rest=rest,
            error=self.said.learnt.measured,
            is_own=self.said.learnt.is_own,
            is_split=is_split,
        )

    # ---- statements -----------------------------------------------------------------------------------------

    def _statement(self) -> str:
        counts = """COUNT(*) AS named, SUM(CASE WHEN s.sign < 0 THEN 1 ELSE 0 END) AS complaints,
  SUM(CASE WHEN s.sign > 0 THEN 1 ELSE 0 END) AS praise"""
        first = {"complaints": "complaints", "praise": "praise"}.get(self.sign, "named")
        if not self.aspect and not self.per:
            signs = f"SELECT {ID}, aspect, SUM(polarity) AS sign FROM {REMARKS} GROUP BY {ID}, aspect"
            return (
                f"SELECT s.aspect AS aspect, 0 AS reviews, {counts} FROM ({signs}) AS s JOIN {self._from()} ON r.{ID} = s.{ID}"
                f"{self._where()} GROUP BY s.aspect ORDER BY {first} DESC, named DESC, aspect LIMIT {MOST_ROWS}"
            )
        joined = f"{self._from()} LEFT JOIN ({self._signs()}) AS s ON s.{ID} = r.{ID}"
        counts = f"COUNT(*) AS reviews, {counts.replace('COUNT(*)', f'COUNT(s.{ID})')}"
        if not self.per:
            return f"SELECT '' AS reviewed, {counts} FROM {joined}{self._where()}"
        order = "1" if self.per in UNITS else f"{first} DESC, named DESC, 1"
        return f"SELECT {self._group()} AS {quoted(self.per, 'duckdb')}, {counts} FROM {joined}{self._where()} GROUP BY 1 ORDER BY {order} LIMIT {MOST_ROWS}"

    def _signs(self) -> str:
        """Each review that names the aspect, with the sign of what it says of it."""
        if not self.aspect:
            return f"SELECT {ID}, said_sentiment AS sign FROM {quoted(self.view.name, 'duckdb')} WHERE said_sentiment IS NOT NULL"
        if self.known:
            return f"SELECT {ID}, SUM(polarity) AS sign FROM {REMARKS} WHERE aspect = {_literal(self.known)} GROUP BY {ID}"
        return f"SELECT {ID}, SUM(polarity) AS sign FROM {CLAUSES} WHERE {_names(self.aspect)} GROUP BY {ID}"

    def _from(self) -> str:
        return f"{quoted(self.view.name, 'duckdb')} AS r"

    def _where(self) -> str:
        tests = [
            f"r.{quoted(column, 'duckdb')} IN ({', '.join(map(_literal, values))})"
            for column, values in self.only.items()
        ]
        written, period = self.source.written_at, self.period
        if period is not None and written is not None:
            column = f"r.{quoted(written, 'duckdb')}"
            if period.start > dt.date.min:
                tests.append(f"{column} >= {times.day_value(period.start, 'duckdb').sql('duckdb')}")
            if period.end < dt.date.max:
                tests.append(f"{column} < {times.day_value(period.end, 'duckdb').sql('duckdb')}")
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _group(self) -> str:
        if self.per not in UNITS:
            return f"r.{quoted(self.per, 'duckdb')}"
        column = exp.column(exp.to_identifier(self.source.written_at or "", quoted=True), table="r")
        return times.grain_start(column, self.per, "duckdb").sql("duckdb")  # type: ignore[arg-type]

    def _run(self, sql: str) -> Table:
        self.request.on_sql(sql)
        return self.said.workspace.run(sql, self.request.cancel)

    # ---- settings -------------------------------------------------------------------------------------------

    def _only(self, values: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        missing = [column for column in values if self.view.column(column) is None]
        if missing:
            raise Declined(
                "not_beside_reviews",
                {"names": escape_markdown(", ".join(missing)), "columns": self._columns()},
            )
        return dict(values)

    def _per(self, per: str) -> str:
        if per in UNITS and (
            self.source.written_at is None or self.view.column(self.source.written_at) is None
        ):
            raise Declined("no_time_of_reviews", {"columns": self._columns()})
        if per and per not in UNITS and self.view.column(per) is None:
            raise Declined("not_beside_reviews", {"names": escape_markdown(per), "columns": self._columns()})
        return per

    def _period(self, said: str | None) -> Period | None:
        if said is None:
            return None
        if self.source.written_at is None or self.view.column(self.source.written_at) is None:
            raise Declined("no_time_of_reviews", {"columns": self._columns()})
        return self.request.links.period or read_period(said, self.tools.workspace.today)

    def _columns(self) -> str:
        own = [c.name for c in self.view.columns if not c.name.startswith("said_") and c.type == "text"]
        return escape_markdown(", ".join(own))

    def _values(self) -> tuple[str, ...]:
        return tuple(value for values in self.only.values() for value in values)

    def _titles(self) -> dict[str, str]:
        """What the columns of the first table are called in the asker's language."""
        told = load_words(self.request.language, __package__ or "")
        return {name: told.say(f"column_{name}") for name in COUNTS} | {"aspect": told.say("column_aspect")}

    def _ran(self) -> dict[str, str]:
        said = self.request.settings.said
        ran = {each.name: said[each.name].text for each in words.PARAMETERS if each.name in said}
        return ran | {words.SIGN.name: self.sign}

    # ---- rows -----------------------------------------------------------------------------------------------

    def _rows(self, source: Table, reviews: int) -> tuple[list[tuple[Cell, ...]], int]:
        """The rows that are told, with their shares, and how many there are beyond them."""
        rows: list[tuple[Cell, ...]] = []
        for group, of, named, complaints, praise in source.rows:
            whole = int(str(of)) or reviews
            counts = [int(str(cell or 0)) for cell in (named, complaints, praise)]
            judged = counts[1] + counts[2]
            share = (
                corrected(counts[1], judged, self.said.learnt.measured) if judged >= LEAST_JUDGED else None
            )
            called = self._shown(str(group)) if not self.aspect and not self.per else group
            rows.append(
                (called, whole, counts[0], round(counts[0] / whole, 4), counts[1], counts[2], *_told(share))
            )
        if self.per in UNITS:
            return rows, 0
        place = {"complaints": COMPLAINTS, "praise": PRAISE}.get(self.sign)
        if place is not None:  # nobody praises or blames the others
            rows = [row for row in rows if row[place]] if self.per or not self.aspect else rows
        return rows[: self.top], max(len(rows) - self.top, 0)

    def _name(self, form: str) -> str:
        aspect = self.said.aspects.named(form)
        return aspect.name if aspect is not None else form

    def _shown(self, name: str) -> str:
        """An aspect by its commonest form in the asker's language, else by its name."""
        aspect = self.said.aspects.named(name)
        is_chinese = self.request.language == "zh"
        forms = aspect.forms if aspect is not None else ()
        return next((form for form in forms if is_han(form) == is_chinese), name)

    def _table(self, source: Table, rows: Sequence[tuple[Cell, ...]]) -> Table:
        first = replace(source.columns[0], name=self.per or ("review" if self.aspect else "aspect"))
        kinds: dict[str, ColumnType] = {name: "number" if name in SHARES else "integer" for name in COUNTS}
        columns = [first, *(Column(name=name, type=kind) for name, kind in kinds.items())]
        return made(source, columns, rows, dict.fromkeys(SHARES, "%"))

    # ---- quotes ---------------------------------------------------------------------------------------------

    def _quotes(self, rows: Sequence[tuple[Cell, ...]], is_split: bool) -> tuple[Hit, ...]:
        """The surest reviews of each side that is asked for, or of both where opinion is split."""
        if not rows:
            return ()
        signs = {"complaints": [-1], "praise": [1]}.get(self.sign, [-1, 1])
        if is_split or self.sign == "both":
            signs = sorted({*signs, -1, 1}, key=lambda sign: (sign not in signs, sign))
        found = [place for sign in signs for place in self._surest(sign, rows)]
        return self._hits(dict(found))

    def _surest(self, sign: int, rows: Sequence[tuple[Cell, ...]]) -> list[tuple[str, int]]:
        """Ids of reviews, and where in each the clause begins that is surest of that sign."""
        where = self._where()
        more = f"c.polarity = {sign}"
        if self.aspect and not self.known:
            table, more = CLAUSES, f"{more} AND {_names(self.aspect, 'c.')}"
        elif self.aspect or not self.per:
            names = [self.known] if self.aspect else [self._name(str(row[GROUP])) for row in rows[:QUOTES]]
            table, more = REMARKS, f"{more} AND c.aspect IN ({', '.join(map(_literal, names))})"
        else:
            table = REMARKS
        if self.per and self.per not in UNITS and rows[0][GROUP] is not None:
            more += f" AND r.{quoted(self.per, 'duckdb')} = {_literal(str(rows[0][GROUP]))}"
        found = self._run(
            f"SELECT c.{ID} AS id, MIN(c.starts) AS starts, MAX(c.confidence) AS sure FROM {table} AS c JOIN {self._from()} ON r.{ID} = c.{ID}"
            f"{where}{' AND ' if where else ' WHERE '}{more} GROUP BY c.{ID} ORDER BY sure DESC, id LIMIT {QUOTES}"
        )
        return [(str(id), int(str(starts))) for id, starts, _ in found.rows]

    def _hits(self, places: Mapping[str, int]) -> tuple[Hit, ...]:
        if not places:
            return ()
        among = f"({', '.join(map(_literal, places))})"
        wanted = (self.source.product, self.source.rating, self.source.written_at)
        facts = [name for name in wanted if name and self.view.column(name)]
        seen = "".join(f", {quoted(name, 'duckdb')}" for name in facts)
        view = quoted(self.view.name, "duckdb")
        rows = self._run(f"SELECT {ID}{seen} FROM {view} WHERE {ID} IN {among}").rows
        beside = {str(row[0]): dict(zip(facts, row[1:], strict=True)) for row in rows}
        clauses: dict[str, list[tuple[int, str]]] = {}
        sql = f"SELECT {ID}, starts, clause FROM {CLAUSES} WHERE {ID} IN {among} ORDER BY {ID}, starts"
        for id, starts, clause in self._run(sql).rows:
            clauses.setdefault(str(id), []).append((int(str(starts)), str(clause)))
        return tuple(
            Hit(
                document=self._document(id, _around(clauses[id], at), beside.get(id, {})),
                score=1.0,
                similarity=None,
            )
            for id, at in places.items()
        )

    def _document(self, id: str, text: str, beside: Mapping[str, Any]) -> Document:
        source = self.source
        rating = beside.get(source.rating or "")
        written = beside.get(source.written_at or "")
        return Document(
            id=id,
            kind="review",
            text=text,
            product=str(beside.get(source.product or "") or ""),
            rating=float(rating) if rating is not None else None,
            written_at=written if isinstance(written, dt.datetime) else None,
        )


UNITS = ("day", "week", "month", "quarter", "year")


def _around(clauses: Sequence[tuple[int, str]], at: int) -> str:
    """A review that is short, else what of it stands around the clause that begins at a place."""
    whole = "".join(clause for _, clause in clauses)
    if len(whole) <= MAX_QUOTE:
        return whole
    place = next((n for n, (starts, _) in enumerate(clauses) if starts >= at), 0)
    first = max(place - 1, 0)
    return ("… " if first else "") + "".join(clause for _, clause in clauses[first : place + 3]).strip()


def _told(share: Share | None) -> tuple[float | None, ...]:
    return (
        (None, None, None)
        if share is None
        else tuple(round(each, 4) for each in (share.about, share.low, share.high))
    )


def _names(aspect: str, table: str = "") -> str:
    """That a clause holds the words of an aspect that was not learnt."""
    stems = split(aspect)
    if any(map(is_han, stems)):
        return f"{table}clause LIKE {_literal('%' + ''.join(stems) + '%')}"
    return f"{table}words LIKE {_literal('% ' + ' '.join(stems) + ' %')}"


def _literal(value: object) -> str:
    return exp.Literal.string(str(value)).sql(dialect="duckdb")
