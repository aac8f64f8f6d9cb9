"""An answer as a report, so that it is rendered, delivered, kept and searched as reports are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from bot.answer import Answer
from jobs.report.monthly import cell_of
from jobs.report.types import Column, Language, Report, ReportTable, Section
from sql.semantics import Shop
from sql.types import Table
from telling.cells import is_code, is_quantity
from telling.phrases import Words, load_words, plain_text
from telling.titles import title_of, unit_of


def report_of_answer(answer: Answer, shop: Shop, *, at: dt.datetime, key: str) -> Report:
    """One section with the answer's words and tables, for the day of ``at``.

    Args:
        at: when it was due, as the shop's clocks show it.
        key: eight hexadecimal digits that tell it from other answers of that minute.
    """
    language: Language = "zh" if answer.language == "zh" else "en"
    words = load_words(language, "jobs.report")
    tables = enumerate(answer.tables, start=1)
    section = Section(
        id="answer",
        title=words.say("answer"),
        text="\n".join([plain_text(answer.text), *map(plain_text, answer.warnings)]),
        figures=answer.figures,
        restated=tuple(map(plain_text, answer.restated)),
        tables=tuple(_table(table, number, shop, words) for number, table in tables),
        chart=answer.chart,
    )
    return Report(
        id=f"{at:%Y-%m-%d-%H%M}-{key}",
        name="answer",
        title=words.say("answer_title", shop=shop.name, question=answer.standalone_question),
        shop=shop.name,
        language=language,
        start=at.date(),
        end=at.date() + dt.timedelta(days=1),
        sections=(section,),
        cites=tuple(hit.document.id for hit in answer.citations),
    )


def _table(table: Table, number: int, shop: Shop, words: Words) -> ReportTable:
    titles = {column.name: title_of(shop, column.name, words.language) for column in table.columns}
    return report_table(table, words.say("answer_table", number=str(number)), titles, shop)


def report_table(table: Table, title: str, columns: Mapping[str, str], shop: Shop) -> ReportTable:
    """A result as a report keeps it.

    Args:
        columns: column → what readers see.
    """
    return ReportTable(
        title=title,
        columns=tuple(
            Column(
                name=column.name,
                label=columns[column.name],
                type=column.type,
                unit=unit_of(shop, table, column.name) if is_quantity(table, place) else "",
                is_code=is_code(table, place),
            )
            for place, column in enumerate(table.columns)
        ),
        rows=tuple(tuple(cell_of(value) for value in row) for row in table.rows),
        sql=table.query.sql,
        is_truncated=table.is_truncated,
    )
