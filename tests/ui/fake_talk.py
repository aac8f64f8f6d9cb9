"""A scripted assistant that speaks the page's event contract: surfaces without a model or database."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from bot.answer import Answer, Event
from retrieval.types import Document, Hit
from sql.types import Column, Table
from telling.evidence import Figure

MONTHS = [dt.datetime(2025, m, 1) for m in range(1, 13)]
EVIL = (
    '<script>window.evil = 1</script><img src=x onerror="window.evil = 2"> '
    "[click](https://evil.example/a) ![pic](https://evil.example/p.png) https://evil.example/auto "
    "www.evil.example ${window.evil = 3} {{evil}} **bold** `code`"
)


def table(
    columns: dict[str, str], rows: list[tuple[Any, ...]], sql: str = "SELECT 1", **labels: str
) -> Table:
    query = SimpleNamespace(
        sql=f"{sql} LIMIT 10001", written=sql, dialect="duckdb", role="analyst", views=("sales",)
    )
    return Table(
        columns=tuple(Column(name=n, type=t) for n, t in columns.items()),  # type: ignore[arg-type]
        rows=tuple(rows),
        is_truncated=False,
        query=query,  # type: ignore[arg-type]
        seconds=0.03,
        labels=labels,
    )


def revenue() -> Table:
    return table(
        {"month": "timestamp", "revenue": "number"},
        [(m, Decimal(100_000 + 7_531 * i)) for i, m in enumerate(MONTHS)],
        "SELECT DATE_TRUNC('month', ordered_at) AS month, SUM(amount) AS revenue FROM sales GROUP BY 1",
        revenue="EUR",
    )


def hit(key: int, text: str, **fields: Any) -> Hit:
    document = Document(id=f"review:{key}", kind="review", text=text, **fields)
    return Hit(document=document, score=1.0 / key, similarity=0.5)


HITS = (
    hit(
        1, "Battery easily lasts two days, even with the volume up.", product="Aurora Headphones", rating=5.0,
        language="en", written_at=dt.datetime(2026, 5, 3, 12, 0),
    ),
    hit(
        2, "续航比上一代差很多，半天就没电了。", product="Aurora Headphones", rating=2.0,
        language="zh", written_at=dt.datetime(2026, 4, 11, 9, 30),
    ),
    hit(3, EVIL, product="<b>Evil</b> ${1+1}", rating=1.0, language="en", written_at=dt.datetime(2026, 3, 1)),
)  # fmt: skip


def line_chart(t: Table) -> dict[str, Any]:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": [{"month": r[0].isoformat(), "revenue": float(r[1])} for r in t.rows]},
        "mark": {"type": "line", "point": True, "tooltip": True},
        "encoding": {
            "x": {"field": "month", "type": "temporal", "title": "month"},
            "y": {"field": "revenue", "type": "quantitative", "title": "revenue (EUR)"},
        },
    }


class FakeAssistant:
    """Answers by keyword. Each conversation is a list of the questions asked in it."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.seen: list[tuple[str, list[str]]] = []

    def answer(
        self, question: str, conversation: Any = None, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        conversation.append(question)
        self.seen.append((question, list(conversation)))
        language = "zh" if any("\u4e00" <= c <= "\u9fff" for c in question) else "en"
        skill = "ask_reviews" if "say" in question else "ask_sql"
        common: dict[str, Any] = {
            "question": question,
            "standalone_question": question,
            "language": language,
            "skill": skill,
            "seconds": {"total": 1.2},
        }
        yield Event(
            name="understood",
            data={"standalone_question": question, "language": language, "skill": skill},
        )
        time.sleep(self.delay_s)
        if "slowly" in question:
            for i in itertools.count():  # until it is stopped
                if cancel is not None and cancel.is_set():
                    break
                time.sleep(0.05)
                yield Event(name="text", data="word " * min(i + 1, 200))
            yield Event(name="done", data=Answer(**common, status="failed", text="Cancelled."))
        elif "crash" in question:
            raise ZeroDivisionError("a bug")
        elif "weather" in question:
            text = "The shop's data holds no weather. It can answer questions about sales and reviews."
            yield Event(name="done", data=Answer(**common, status="declined", text=text))
        elif "best" in question:
            answer = Answer(
                **common,
                status="clarify",
                text="Best by what?",
                options=("Top 5 products by revenue", "Top 5 products by units"),
            )
            yield Event(name="done", data=answer)
        elif skill == "ask_reviews":
            text = f"Buyers disagree about the battery.\n\n> {HITS[0].document.text} (review:1)\n\n> {EVIL}"
            yield Event(name="text", data=text)
            yield Event(
                name="done",
                data=Answer(**common, status="answered", text=text, citations=HITS, confidence=0.6),
            )
        else:
            t = revenue()
            text = "**Revenue** by month: highest in December 2025, 182,841 EUR."
            if language == "zh":
                text = "2025 年 12 月**销售额**最高：182,841 欧元。"
            yield Event(name="sql", data={"sql": t.query.sql})
            yield Event(name="rows", data=t)
            yield Event(name="text", data=text)
            yield Event(name="chart", data=line_chart(t))
            yield Event(
                name="done",
                data=Answer(
                    **common, status="answered", text=text, tables=(t,), chart=line_chart(t), confidence=0.91,
                    figures=(Figure(text="182,841", table=0, row=11, column="revenue"),),
                    statement="SELECT MONTH, revenue FROM sales WHERE DURING('2025') GROUP BY MONTH",
                    warnings=("December is not complete.",) if "warn" in question else (),
                ),
            )  # fmt: skip
