"""A question as a job's claim reads it, where nothing was asked before."""

from __future__ import annotations

import datetime as dt

from bot.job import Understood
from sql.question.linking import Links, Vocabulary, link

TODAY = dt.date(2026, 6, 30)


def linked(text: str, vocabulary: Vocabulary) -> Links:
    return link(text, vocabulary, TODAY)


def understood(text: str, vocabulary: Vocabulary) -> Understood:
    links = linked(text, vocabulary)
    return Understood(
        question=text,
        standalone=text,
        language="en" if text.isascii() else "zh",
        links=links,
        said=links,
        previous=None,
        verdict=None,
    )
