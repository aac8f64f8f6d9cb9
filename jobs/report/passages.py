"""Reports as documents that can be found and cited."""

from __future__ import annotations

import datetime as dt

from jobs.report.types import Report
from retrieval.types import Document


def documents(report: Report) -> list[Document]:
    """One document per section, id ``report:2026-05-monthly#returns``.

    It counts as written in the last second of the month that it covers, so that a search narrowed to that
    month finds it.
    """
    end = dt.datetime.combine(report.end, dt.time()) - dt.timedelta(seconds=1)
    return [
        Document(
            id=f"report:{report.id}#{section.id}",
            kind="report",
            text=f"{report.title}. {section.title}\n{section.text}",
            language=report.language,
            written_at=end,
        )
        for section in report.sections
        if section.text
    ]
