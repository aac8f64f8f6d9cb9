"""Words from evidence. Every number that is written here comes from a cell and leaves a receipt.

No model writes here. A :class:`_Writer` is the only way from a cell to the text: it prints the cell,
escapes it and keeps the figure, so that a number without a receipt cannot be written by accident. What
repeats the question (its period, its values) is marked as restated. Quotes of reviews stand in block
quotes, each with its id.
"""

from __future__ import annotations

import datetime as dt
import decimal
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.answer import Evidence, Figure, Scope
from bot.cells import Grain, format_cell
from bot.names import title_of, unit_of, view_title
from bot.shape import Shape, shape_of
from bot.words import Words, escape_markdown, listed
from retrieval.types import Hit
from sql.semantics import Role, Shop
from sql.types import Table, Value

logger = logging.getLogger(__name__)

MAX_LINES = 5
"""Groups or rows that the text lists at most; the table has all."""
MAX_QUOTE = 320
"""Characters of a review that are quoted at most; it is cut at a word."""

_DIGITS = re.compile(r"\d")
_NUMBER = re.compile(r"\d[\d,.]*")
_LIMITED = re.compile(r"(?i)\bLIMIT\s+\d+\s*;?\s*$")


@dataclass(frozen=True, kw_only=True)
class Composed:
    """The words of an answer and their receipts."""

    text: str
    figures: tuple[Figure, ...] = ()
    restated: tuple[str, ...] = ()


def compose(evidence: Evidence, shop: Shop, words: Words, role: Role | None = None) -> Composed:
    """Write the answer that ``evidence`` supports, in the language of ``words``.

    Args:
        role: whose rows these are: "none" is said of the part that it may see. ``None`` sees all.
    """
    writer = _Writer(
        evidence.tables, shop, words, is_limited=_LIMITED.search(evidence.sql) is not None, role=role
    )
    if evidence.facts:
        text = _help(evidence, writer)
    elif "reviews" in evidence.parts:
        text = _reviews(evidence, writer)
    else:
        text = _result(evidence, writer)
    composed = Composed(text=text, figures=tuple(writer.figures), restated=tuple(writer.restated))
    for number in numbers_without_receipt(composed):
        logger.error("a number without a receipt in an answer: %s", number)
    return composed


def numbers_without_receipt(composed: Composed) -> list[str]:
    """Digit groups of the text that neither a figure, nor the question's own words, nor a quote account for.

    Lines of block quotes are left out: their receipt is the review id that stands below them.
    """
    own = "\n".join(line for line in composed.text.splitlines() if not line.startswith(">"))
    known = [figure.text for figure in composed.figures] + list(composed.restated)
    for piece in sorted(known, key=len, reverse=True):
        # Whole numbers only: the figure "12" must not account for a part of "312".
        own = re.sub(rf"(?<![\d.,]){re.escape(piece)}(?![\d]|[.,]\d)", " ", own) if piece else own
    return _NUMBER.findall(own)


class _Writer:
    """Prints cells and keeps their receipts."""

    def __init__(
        self,
        tables: Sequence[Table],
        shop: Shop,
        words: Words,
        *,
        is_limited: bool,
        role: Role | None = None,
    ) -> None:
        self.tables = tables
        self.shop = shop
        self.words = words
        self.role = role
        self.is_limited = is_limited
        """Whether the statement itself stops after some rows; the last of them is not the lowest of all."""
        self.figures: list[Figure] = []
        self.restated: list[str] = []

    def say(self, key: str, /, **values: str) -> str:
        return self.words.say(key, **values)

    def cell(self, table: int, row: int, column: int, grain: Grain | None = None) -> str:
        """The cell as text with its unit; a figure is kept when it holds digits."""
        source = self.tables[table]
        name = source.columns[column].name
        unit = unit_of(self.shop, source, name)
        value = source.rows[row][column]
        plain = format_cell(value, column=name, unit=unit, language=self.words.language, grain=grain)
        is_quantity = isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)
        # Our own printing of a number or date holds no markup; escaping it would only part it from its cell.
        is_ours = is_quantity or isinstance(value, dt.date | dt.time)
        text = plain if is_ours else escape_markdown(plain) or self.say("cell_none")
        if _DIGITS.search(text):
            self.figures.append(Figure(text=text, table=table, row=row, column=name))
        return f"{text} {escape_markdown(unit)}" if unit and unit != "%" and is_quantity else text

    def restate(self, text: str) -> str:
        """Repeat words of the question."""
        safe = escape_markdown(text)
        if _DIGITS.search(safe):
            self.restated.append(safe)
        return safe

    def title(self, table: int, column: int, *, at_start: bool = False) -> str:
        """A column's name in words, with a capital letter where it starts a sentence (no value gets one).

        Names that the shop's file gives may hold digits; they are no data.
        """
        title = title_of(self.shop, self.tables[table].columns[column].name, self.words.language)
        return self.restate(title[:1].upper() + title[1:] if at_start else title)

    def filters(self, scope: Scope) -> str:
        """What rows were limited to, in brackets; empty when they were not."""
        parts = [self.restate(value) for value in scope.values]
        if scope.min_stars is not None or scope.max_stars is not None:
            parts.append(self.stars(scope))
        if scope.period_text:
            parts.append(self.period(scope))
        if not parts:
            return ""
        return self.say("filters", filters=self.say("filters_join").join(parts))

    def stars(self, scope: Scope) -> str:
        """The range of stars as signs, so that no digit stands without a receipt."""
        low, high = scope.min_stars, scope.max_stars
        key = "stars_exactly" if low == high else "stars_at_most" if low is None else "stars_at_least"
        return self.say(key, stars="★" * ((high if low is None else low) or 0))

    def period(self, scope: Scope) -> str:
        """The asker's words for a period and the days that they were taken to mean."""
        text = self.restate(scope.period_text)
        first = self.restate(scope.period_first.isoformat()) if scope.period_first else ""
        last = self.restate(scope.period_last.isoformat()) if scope.period_last else ""
        if first == last or text in (first, last):
            return text if first in ("", text) else self.say("period_day", text=text, first=first)
        key = "period" if first and last else "period_from" if first else "period_until"
        return self.say(key, text=text, first=first, last=last)


def _result(evidence: Evidence, writer: _Writer) -> str:
    """Words for the result of one query, which is table 0."""
    table = evidence.tables[0]
    shape = shape_of(table)
    if shape.kind == "empty":
        return _nothing(evidence, writer)
    tell = {
        "cell": _cell,
        "row": _row,
        "series": _series,
        "groups": _groups,
        "two_way": _two_way,
        "rows": _rows,
    }[shape.kind]
    parts = [tell(table, shape, evidence.scope, writer)]
    total = evidence.parts.get("total")
    if total is not None and evidence.tables[total].rows:
        parts.append(writer.say("groups_total", value=writer.cell(total, 0, 0)))
    if table.is_truncated:
        parts.append(writer.say("truncated"))
    return "\n\n".join(parts)


def limits_rows(role: Role, views: Iterable[str]) -> bool:
    """Whether the role sees only some of the rows of one of ``views``."""
    limited = {name.lower() for name in role.rows}
    return any(name.lower() in limited for name in views)


def _nothing(evidence: Evidence, writer: _Writer) -> str:
    table, role = evidence.tables[0], writer.role
    filters = writer.filters(evidence.scope)
    if table.query.minimum_group is not None and role is not None:
        least = writer.restate(str(table.query.minimum_group))
        return writer.say("too_few", role=writer.restate(role.name), least=least, filters=filters)
    if role is not None and limits_rows(role, table.query.views):
        parts = [writer.say("empty_part", role=writer.restate(role.name), filters=filters)]
    else:
        parts = [writer.say("empty", filters=filters)]
    coverage = evidence.parts.get("coverage")
    if coverage is not None:
        table = evidence.tables[coverage]
        if table.rows and None not in table.rows[0]:
            view = view_title(writer.shop, evidence.about, writer.words.language)
            parts.append(
                writer.say(
                    "coverage",
                    view=writer.restate(view),
                    first=writer.cell(coverage, 0, 0, "day"),
                    last=writer.cell(coverage, 0, 1, "day"),
                )
            )
    return " ".join(parts)


def _cell(table: Table, shape: Shape, scope: Scope, writer: _Writer) -> str:
    name = writer.title(0, 0, at_start=True)
    return writer.say("cell", name=name, filters=writer.filters(scope), value=writer.cell(0, 0, 0))


def _row(table: Table, shape: Shape, scope: Scope, writer: _Writer) -> str:
    """One row: what names it first, then the rest with their names. One of several dates names nothing."""
    columns = range(len(table.columns))
    times = [i for i in columns if i not in shape.measures and i not in shape.categories]
    names = [*(times if len(times) == 1 else []), *shape.categories]
    is_named = 0 < len(names) < len(columns)
    shown = [i for i in columns if i not in names or not is_named]
    first, *rest = [
        writer.say(
            "pair",
            name=writer.title(0, i, at_start=i == shown[0] and not is_named),
            value=writer.cell(0, 0, i, _grain(shape, i)),
        )
        for i in shown
    ]
    filters = writer.filters(scope)
    if is_named:
        group = _group(table, 0, names, shape, writer)
        pairs = writer.say("pair_join").join([first, *rest])
        return writer.say("row_named", name=group, filters=filters, pairs=pairs)
    end = "。" if writer.words.language == "zh" else "."
    return writer.say("pair_join").join([f"{first}{filters}", *rest]) + end


def _series(table: Table, shape: Shape, scope: Scope, writer: _Writer) -> str:
    """A quantity over time: first, last, highest and lowest. Further quantities stay in the table."""
    assert shape.time is not None
    time, measure = shape.time, shape.measures[0]
    rows = [i for i, row in enumerate(table.rows) if row[time] is not None and row[measure] is not None]
    if not rows:
        return _rows(table, shape, scope, writer)
    rows.sort(key=lambda i: _sortable(table.rows[i][time]))
    peak = max(rows, key=lambda i: _number(table.rows[i][measure]))
    low = min(rows, key=lambda i: _number(table.rows[i][measure]))

    def when(row: int) -> str:
        return writer.cell(0, row, time, shape.grain)

    return writer.say(
        "series" if shape.grain in ("month", "quarter", "year") else "series_days",
        name=writer.title(0, measure, at_start=True),
        filters=writer.filters(scope),
        first=writer.cell(0, rows[0], measure),
        first_time=when(rows[0]),
        last=writer.cell(0, rows[-1], measure),
        last_time=when(rows[-1]),
        peak=writer.cell(0, peak, measure),
        peak_time=when(peak),
        low=writer.cell(0, low, measure),
        low_time=when(low),
    )


def _groups(table: Table, shape: Shape, scope: Scope, writer: _Writer) -> str:
    """A quantity per name: all of a few, else the highest three and the lowest."""
    name, measure = shape.categories[0], shape.measures[0]
    title = writer.title(0, measure, at_start=True)
    filters = writer.filters(scope)
    is_top = writer.is_limited
    if len(table.rows) <= MAX_LINES or is_top:
        shown = range(min(len(table.rows), 2 * MAX_LINES))
        lines = [
            writer.say("groups_line", group=writer.cell(0, i, name), value=_values(0, i, shape, writer))
            for i in shown
        ]
        return "\n".join([writer.say("groups_all", name=title, filters=filters), "", *lines])
    rows = [i for i, row in enumerate(table.rows) if row[measure] is not None]
    if not rows:
        return _rows(table, shape, scope, writer)
    rows.sort(key=lambda i: _number(table.rows[i][measure]), reverse=True)
    top, second, third, low = rows[0], *(rows * 3)[1:3], rows[-1]
    others = [
        writer.say("groups_pair", group=writer.cell(0, i, name), value=writer.cell(0, i, measure))
        for i in dict.fromkeys((second, third))
        if i not in (top, low)
    ]
    return writer.say(
        "groups_top",
        name=title,
        filters=filters,
        group=writer.cell(0, top, name),
        value=writer.cell(0, top, measure),
        others=writer.say("groups_others", pairs=writer.say("name_join").join(others)) if others else "",
        low_group=writer.cell(0, low, name),
        low=writer.cell(0, low, measure),
    )


def _two_way(table: Table, shape: Shape, scope: Scope, writer: _Writer) -> str:
    names = [*([shape.time] if shape.time is not None else []), *shape.categories]
    measure = shape.measures[0]
    rows = [i for i, row in enumerate(table.rows) if row[measure] is not None]
    if not rows:
        return _rows(table, shape, scope, writer)
    top = max(rows, key=lambda i: _number(table.rows[i][measure]))
    low = min(rows, key=lambda i: _number(table.rows[i][measure]))
    return writer.say(
        "two_way",
        name=writer.title(0, measure, at_start=True),
        filters=writer.filters(scope),
        group=_group(table, top, names, shape, writer),
        value=writer.cell(0, top, measure),
        low_group=_group(table, low, names, shape, writer),
        low=writer.cell(0, low, measure),
    )


def _rows(table: Table, shape: Shape, scope: Scope, writer: _Writer) -> str:
    """Rows without one reading: the first few as they came, each cell under its name."""
    shown = range(min(len(table.rows), MAX_LINES))
    columns = range(min(len(table.columns), 6))
    lines = []
    for i in shown:
        pairs = [
            writer.cell(0, i, j, _grain(shape, j))
            if len(table.columns) == 1
            else writer.say(
                "rows_pair", name=writer.title(0, j), value=writer.cell(0, i, j, _grain(shape, j))
            )
            for j in columns
        ]
        lines.append(writer.say("rows_line", pairs=writer.say("group_join").join(pairs)))
    key = "rows_all" if len(table.rows) <= MAX_LINES else "rows_some"
    return "\n".join([writer.say(key, filters=writer.filters(scope)), "", *lines])


def _values(table: int, row: int, shape: Shape, writer: _Writer) -> str:
    """The quantities of one group; with several, each after the first carries its name."""
    first, *rest = shape.measures
    others = [f"{writer.title(table, i)} {writer.cell(table, row, i)}" for i in rest[:3]]
    return writer.say("group_join").join([f"**{writer.cell(table, row, first)}**", *others])


def _group(table: Table, row: int, names: Sequence[int], shape: Shape, writer: _Writer) -> str:
    cells = [writer.cell(0, row, i, _grain(shape, i)) for i in names]
    return writer.say("group_join").join(cells)


def _grain(shape: Shape, column: int) -> Grain | None:
    return shape.grain if column == shape.time else None


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float | decimal.Decimal) else float("nan")


def _sortable(value: Value) -> str:
    """Times in order; numbers such as month 2 and month 10 by size."""
    return f"{value:09d}" if isinstance(value, int) else str(value)


def _reviews(evidence: Evidence, writer: _Writer) -> str:
    """Counts from a checked query, then quotes."""
    table = evidence.parts["reviews"]
    filters = writer.filters(evidence.scope)
    parts = []
    if evidence.hits:
        parts.append(_reviews_intro(table, filters, writer))
        parts.extend(quote(hit) for hit in evidence.hits)
    else:
        parts.append(writer.say("reviews_none", filters=filters))
        if 0 <= table < len(evidence.tables) and evidence.tables[table].rows[0][0]:
            parts.append(writer.say("reviews_none_total", reviews=writer.cell(table, 0, 0), filters=filters))
    return "\n\n".join(parts)


def _reviews_intro(table: int, filters: str, writer: _Writer) -> str:
    if not 0 <= table < len(writer.tables) or not writer.tables[table].rows[0][0]:
        return writer.say("reviews_intro_plain", filters=filters)
    count = writer.cell(table, 0, 0)
    row = writer.tables[table].rows[0]
    if len(row) < 2 or row[1] is None:
        return writer.say("reviews_intro_unrated", reviews=count, filters=filters)
    return writer.say("reviews_intro", reviews=count, filters=filters, rating=writer.cell(table, 0, 1))


def quote(hit: Hit) -> str:
    """One review as a block quote: its words, then stars, date, product and id."""
    document = hit.document
    facts = []
    if document.rating is not None:
        full = max(0, min(5, round(document.rating)))
        facts.append("★" * full + "☆" * (5 - full))
    if document.written_at is not None:
        facts.append(document.written_at.date().isoformat())
    facts += [escape_markdown(text) for text in (document.product, document.id) if text]
    return f"> {escape_markdown(cut_at_word(document.text, MAX_QUOTE))}\n>\n> — {' · '.join(facts)}"


def cut_at_word(text: str, length: int) -> str:
    """``text`` with at most ``length`` characters, cut before a word (or any Chinese character), with "…"."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    line = " — ".join(line for line in lines if line)
    if len(line) <= length:
        return line
    head = line[:length]
    space = head.rfind(" ")
    is_spaced = space > length // 2 and not re.match(r"[\u3000-\u9fff\uff00-\uffef]", line[length])
    return (head[:space] if is_spaced else head).rstrip(" ,.;:，。；：") + "…"


def _help(evidence: Evidence, writer: _Writer) -> str:
    words = writer.words
    facts = evidence.facts
    safe = {key: [writer.restate(text) for text in texts] for key, texts in facts.items()}
    parts = [words.say("help_intro", shop=safe["shop"][0])]
    if safe.get("views"):
        parts.append(words.say("help_views", names=listed(safe["views"], words)))
    if safe.get("metrics"):
        parts.append(words.say("help_metrics", names=listed(safe["metrics"], words)))
    if safe.get("reviews"):
        parts.append(words.say("help_reviews"))
    if safe.get("hidden"):
        parts.append(words.say("help_hidden", role=safe["role"][0], names=listed(safe["hidden"], words)))
    if safe.get("part"):
        parts.append(words.say("help_part", role=safe["role"][0], names=listed(safe["part"], words)))
    if safe.get("least"):
        parts.append(words.say("help_groups", role=safe["role"][0], least=safe["least"][0]))
    if safe.get("examples"):
        lines = [words.say("help_example", text=text) for text in safe["examples"]]
        parts.append("\n".join([words.say("help_examples"), "", *lines]))
    return "\n\n".join(parts)
