"""An answer in a notebook: doubt first, words, chart, table, and the SQL folded away.

Everything from the shop's data is a stranger's text. It is escaped, so that it is neither HTML, nor a script,
nor a link, nor a formula; the chart is a picture, which can load and run nothing.
"""

from __future__ import annotations

import base64
from dataclasses import replace

from markdown_it import MarkdownIt

from bot.answer import Answer
from sql.types import Table
from telling.charts import to_svg
from ui import present

MAX_ROWS = 30
"""Rows shown at most; ``df`` has all."""
CHART_WIDTH = 560
"""Pixels."""
_NO_FORMULAS = "tex2jax_ignore mathjax_ignore"
"""Classes that keep a notebook from setting ``$…$`` as a formula."""

_markdown = MarkdownIt("zero", {"html": False}).enable(
    ["paragraph", "list", "blockquote", "emphasis", "escape", "entity", "newline"]
)


def answer_html(answer: Answer) -> str:
    """The whole answer as one HTML element without scripts."""
    parts = [
        present.summary_html(answer),
        _markdown.render(answer.text),
        _chart(answer),
        *(_table(table, answer.language) for table in answer.tables[:1]),
        present.quotes_html(answer.citations, answer.language),
        _folded(answer),
    ]
    return f'<div class="shoptalk {_NO_FORMULAS}">{"".join(parts)}</div>'


def _chart(answer: Answer) -> str:
    if answer.chart is None:
        return ""
    svg = base64.b64encode(to_svg(answer.chart, CHART_WIDTH).encode()).decode()
    about = present.safe_html(answer.read_as or answer.standalone_question)
    return f'<p><img alt="{about}" src="data:image/svg+xml;base64,{svg}"></p>'


def _table(table: Table, language: str) -> str:
    shown = replace(table, rows=table.rows[:MAX_ROWS])
    count = present.row_count(table, language)
    if len(shown.rows) < len(table.rows):
        count += f" · {present.word('truncated', language, n=len(shown.rows))}"
    return f"{present.sample_html(shown, language)}<p>{count}</p>"


def _folded(answer: Answer) -> str:
    written = [answer.statement, *(table.query.written for table in answer.tables)]
    texts = "".join(f"<pre>{present.safe_html(text)}</pre>" for text in written if text)
    return f"<details><summary>SQL</summary>{texts}</details>" if texts else ""
