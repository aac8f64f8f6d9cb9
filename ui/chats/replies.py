"""An answer in the parts that every chat can show, before any chat's own blocks."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from bot.answer import Answer
from sql.types import Table
from telling.charts import to_png
from telling.phrases import Words, load_words, plain_text
from ui import present

CHART_WIDTH = 640
"""Pixels; drawn twice as fine."""
MOST_FILES = 3
"""Tables that are attached one by one; a report has dozens."""


def words_in(language: str) -> Words:
    """The sentences of the chats."""
    return load_words(language, "ui.chats")


def language_of(text: str) -> str:
    """``zh`` for what has a Chinese character, else ``en``."""
    return "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en"


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file beside an answer."""

    name: str
    content: bytes
    title: str
    description: str = ""
    """What a picture shows, for who cannot see it."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a chat shows of one answer. Its texts hold strangers' words: an adapter shows them literally."""

    answer: Answer
    language: str
    doubt: str
    """First line: how unsure the answer is, or why it answers nothing; empty for a sure one."""
    text: str
    """Markdown; figures, and quotes with their sources."""
    table: Table | None
    """The rows to show, when there is more than one."""
    warnings: tuple[str, ...]
    options: tuple[str, ...]
    """Questions to choose from; each can be asked as it stands."""
    period_before: str
    """A follow-up that asks for the period before; empty where the answer has no period."""

    @property
    def sql(self) -> tuple[str, ...]:
        """Each statement once, as it was asked, without what the guard adds for the role."""
        return tuple(dict.fromkeys(table.query.written for table in self.answer.tables))

    def attachments(self) -> list[Attachment]:
        """The chart as a picture, and each table of more than one row whole, as CSV; many in one archive."""
        found = []
        chart = self.answer.chart
        if chart is not None:
            name = chart.get("title")
            title = name if isinstance(name, str) else words_in(self.language).say("chart")
            description = plain_text(str(chart.get("description", title)))
            image = to_png(chart, CHART_WIDTH)
            found.append(Attachment(name="chart.png", content=image, title=title, description=description))
        tables = [table for table in self.answer.tables if len(table.rows) > 1]
        csv = [
            Attachment(
                name="table.csv" if len(tables) == 1 else f"table-{number}.csv",
                content=present.to_csv(table),
                title=present.row_count(table, self.language),
            )
            for number, table in enumerate(tables, start=1)
        ]
        if len(csv) > MOST_FILES:
            title = words_in(self.language).say("tables", count=str(len(csv)))
            csv = [Attachment(name="tables.zip", content=_zipped(csv), title=title)]
        return found + csv


def _zipped(files: Sequence[Attachment]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in files:
            zipped.writestr(file.name, file.content)
    return archive.getvalue()


def reply_of(answer: Answer, period: tuple[str, str] | None) -> Reply:
    """The parts of ``answer``.

    Args:
        period: ISO dates of what it was about, the first day and the day after the last; ``None`` for none.
    """
    has_evidence = bool(answer.tables or answer.citations)
    is_sure = answer.status == "answered" and (
        not has_evidence or present.confidence_level(answer.confidence) == "high"
    )
    shown = [table for table in answer.tables if len(table.rows) > 1]
    before = ""
    if period is not None and answer.status == "answered" and answer.tables:
        start, end = map(dt.date.fromisoformat, period)
        before = period_before(start, end, answer.language)
    return Reply(
        answer=answer,
        language=answer.language,
        doubt="" if is_sure else present.confidence_words(answer),
        text=present.without_options(answer) if answer.options else answer.text,
        table=shown[0] if shown else None,
        warnings=answer.warnings,
        options=answer.options,
        period_before=before,
    )


def period_before(start: dt.date, end: dt.date, language: str) -> str:
    """A follow-up that asks for as long a time just before, in words that name whole months and years.

    Args:
        start: first day.
        end: the day after the last.

    >>> period_before(dt.date(2026, 5, 1), dt.date(2026, 6, 1), "en")
    'And in April 2026?'
    """
    words = words_in(language)
    months = (end.year - start.year) * 12 + end.month - start.month
    is_whole = start.day == end.day == 1 and months > 0
    try:
        last = start - dt.timedelta(days=1)
        first = _months_before(start, months) if is_whole else start - (end - start)
    except (ValueError, OverflowError):  # there is no year 0
        return ""
    if first > last:
        return ""
    values = {
        "year": str(first.year),
        "month": words.say(f"month_{first.month}"),
        "quarter": str((first.month + 2) // 3),
        "first": words.say("day", iso=first.isoformat(), year=str(first.year), month=str(first.month),
                           day=str(first.day)),
        "last": words.say("day", iso=last.isoformat(), year=str(last.year), month=str(last.month),
                          day=str(last.day)),
    }  # fmt: skip
    if is_whole and months == 1:
        return words.say("before_month", **values)
    if is_whole and months == 3 and first.month % 3 == 1:
        return words.say("before_quarter", **values)
    if is_whole and months == 12 and first.month == 1:
        return words.say("before_year", **values)
    return words.say("before_day" if first == last else "before_days", **values)


def _months_before(first: dt.date, months: int) -> dt.date:
    """The first day of the month so many months before that of ``first``."""
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return dt.date(year, month + 1, 1)
