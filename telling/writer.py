"""From a cell to the text, with a receipt: the only way by which a number gets into an answer or a report.

No model writes here. A :class:`Writer` prints the cell, escapes it and keeps the figure, so that a number
without a receipt cannot be written by accident. What repeats the question (its period, its values) is marked
as restated.
"""

from __future__ import annotations

import datetime as dt
import decimal
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sql.semantics import Role, Shop
from sql.types import Table
from telling.cells import Grain, format_cell, format_percent, is_code
from telling.evidence import CellRef, Evidence, Figure, How, Scope
from telling.phrases import Words, escape_markdown
from telling.titles import title_of, unit_of

logger = logging.getLogger(__name__)

_DIGITS = re.compile(r"\d")
_NUMBER = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True, kw_only=True)
class Composed:
    """The words of an answer and their receipts."""

    text: str
    figures: tuple[Figure, ...] = ()
    restated: tuple[str, ...] = ()


Tell = Callable[[Evidence, "Writer"], str]
"""Words for the evidence of one job; numbers only through the writer."""
Draw = Callable[[Evidence, Shop, str], "dict[str, Any] | None"]
"""A Vega-Lite specification of the evidence in a language, with its data inline; ``None`` for no chart."""


def write(evidence: Evidence, tell: Tell, shop: Shop, words: Words, role: Role | None = None) -> Composed:
    """What ``tell`` says of ``evidence``, in the language of ``words``, with its receipts.

    Args:
        role: whose rows these are: "none" is said of the part that it may see. ``None`` sees all.
    """
    writer = Writer(evidence.tables, shop, words, role=role, titles=evidence.titles)
    head = [writer.say(k, **{n: writer.restate(v) for n, v in each.items()}) for k, each in evidence.caveats]
    composed = writer.composed("\n\n".join([*head, tell(evidence, writer)]))
    if numbers := numbers_without_receipt(composed):
        logger.error("%d numbers without a receipt in an answer", len(numbers))
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


class Writer:
    """Prints cells and keeps their receipts."""

    def __init__(
        self,
        tables: Sequence[Table],
        shop: Shop,
        words: Words,
        *,
        role: Role | None = None,
        escape: Callable[[str], str] = escape_markdown,
        titles: Mapping[str, str] | None = None,
    ) -> None:
        self.tables = tables
        self.shop = shop
        self.words = words
        self.role = role
        self.escape = escape
        """Makes a text of strangers harmless in what is written; ``str`` where the surface does that."""
        self.titles = dict(titles or {})
        """Column of the first table → what it is called."""
        self.figures: list[Figure] = []
        self.restated: list[str] = []

    def composed(self, text: str) -> Composed:
        """``text``, which this writer wrote, with its receipts."""
        return Composed(text=text, figures=tuple(self.figures), restated=tuple(self.restated))

    def say(self, key: str, /, **values: str) -> str:
        """A sentence in the reader's language; what fills it must be escaped."""
        return self.words.say(key, **values)

    def cell(self, table: int, row: int, column: int, grain: Grain | None = None) -> str:
        """The cell as text with its unit; a figure is kept when it holds digits."""
        source = self.tables[table]
        name = source.columns[column].name
        unit = unit_of(self.shop, source, name)
        value = source.rows[row][column]
        language = self.words.language
        plain = format_cell(value, is_code=is_code(source, column), unit=unit, language=language, grain=grain)
        is_quantity = isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool)
        # Our own printing of a number or date holds no markup; escaping it would only part it from its cell.
        is_ours = is_quantity or isinstance(value, dt.date | dt.time)
        text = plain if is_ours else self.escape(plain) or self.say("cell_none")
        if _DIGITS.search(text):
            self.figures.append(Figure(text=text, table=table, row=row, column=name))
        return f"{text} {self.escape(unit)}" if unit and unit != "%" and is_quantity else text

    def change(self, now: CellRef, base: CellRef) -> str:
        """By how much of ``base`` a cell is more or less than it, in per cent and without a sign."""
        return self._compared(
            format_percent(abs(self._number(now) / self._number(base) - 1)), "change", now, base
        )

    def difference(self, now: CellRef, base: CellRef) -> str:
        """What lies between two cells, in their unit, without a sign; for shares in points of per cent."""
        unit = unit_of(self.shop, self.tables[now.table], now.column)
        apart = abs(self._number(now) - self._number(base))
        if unit == "%":
            return self._compared(format_percent(apart).rstrip("%"), "difference", now, base)
        text = self._compared(format_cell(apart, unit=unit), "difference", now, base)
        return f"{text} {self.escape(unit)}" if unit else text

    def _compared(self, text: str, how: How, now: CellRef, base: CellRef) -> str:
        figure = Figure(text=text, table=now.table, row=now.row, column=now.column, how=how, base=base)
        self.figures.append(figure)
        return text

    def _number(self, place: CellRef) -> decimal.Decimal:
        table = self.tables[place.table]
        value = table.rows[place.row][[c.name for c in table.columns].index(place.column)]
        return value if isinstance(value, decimal.Decimal) else decimal.Decimal(str(value))

    def restate(self, text: str) -> str:
        """Repeat words of the question."""
        safe = self.escape(text)
        if _DIGITS.search(safe):
            self.restated.append(safe)
        return safe

    def title(self, table: int, column: int, *, at_start: bool = False) -> str:
        """A column's name in words, with a capital letter where it starts a sentence (no value gets one).

        Names that the shop's file gives may hold digits; they are no data.
        """
        name = self.tables[table].columns[column].name
        title = self.titles.get(name, "") if table == 0 else ""
        title = title or title_of(self.shop, name, self.words.language)
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
