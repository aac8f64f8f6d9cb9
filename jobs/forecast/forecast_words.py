"""What a question asks of a forecast: what it claims, and its parameters by words and by name."""

from __future__ import annotations

import datetime as dt
import re

from bot.job import Claim, Strength, Understood
from bot.parameters import (
    Among,
    Choice,
    ColumnName,
    Duration,
    MetricName,
    Parameter,
    Said,
    Unreadable,
    Whole,
    find_ahead,
    find_grouping,
    find_metric,
    find_values,
    in_words,
)
from jobs.asked_of_models import asks_about_a_model
from sql.question.linking import Links, Vocabulary

CUE = re.compile(
    r"(?i)\b(?:forecast(?:s|ed|ing)?|predict(?:s|ed|ion|ions)?|projections?|outlook)\b"
    r"|预测|(?<![比于过按])预计(?!送|发|到货|到达|到店|取|交|收|晚|早|提|出|入|完)|预估"
)
AHEAD = re.compile(
    r"(?i)\b(?:will|going\ to|gonna)\b.*\b(?:be|sell|sold|make|get|have|earn|come)\b|会(?:是|有|卖|达到)"
)
"""Words that are about the future where a time to come is named too."""
RECORDED = re.compile(
    r"(?i)\brecorded\b|已(?:经)?(?:登记|记录)的?"
    r"|\b(?:should|must|(?:need|have|has|due)\s+to|to)\s+(?:go\s+out|ship|leave|be\s+(?:shipped|sent|delivered|picked))\b"
)
"""Words that ask for figures of the future that the data hold already."""
OTHERWISE = re.compile(
    r"(?i)\b(?:not|n't|nothing|never|unsold|without)\b[^.?]*\bfor\b|\b(?:sell|sold|run|be)\s+out\b|卖完|卖光|断货|缺货|售罄"
)
"""What lasted for a time that is over, or when a stock ends: no figure of a time to come."""


class _Day:
    """A day, as 2026-12-31."""

    def value(self, text: str, vocabulary: Vocabulary) -> dt.date:
        """Raises ``Unreadable``: it is none."""
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise Unreadable(text) from None

    def expected(self, language: str) -> str:
        """An example."""
        return "日期，如 2026-12-31" if language == "zh" else "a day, such as 2026-12-31"


def _find_until(links: Links) -> Said | None:
    period = links.periods[-1] if links.periods else None
    if period is None or period.end == dt.date.max:
        return None
    last = period.end - dt.timedelta(days=1)
    return Said(text=last.isoformat(), start=period.first, end=period.last)


METRIC = Parameter(
    name="metric",
    about={"en": "which metric, one that adds up", "zh": "哪个指标（可累加的）"},
    kind=MetricName(),
    find=find_metric,
)
BY = Parameter(
    name="by",
    about={"en": "a series for each value of this column", "zh": "按这一列分成多个序列"},
    kind=ColumnName(),
    find=find_grouping,
)
ONLY = Parameter(
    name="only",
    about={"en": "only these values", "zh": "只看这些值"},
    kind=Among(),
    find=find_values,
    lead={"en": "for ", "zh": "只看"},
)
HORIZON = Parameter(
    name="horizon", about={"en": "how far ahead", "zh": "预测多久"}, kind=Duration(366), find=find_ahead
)
UNTIL = Parameter(
    name="until",
    about={"en": "up to this day instead", "zh": "或预测到这一天"},
    kind=_Day(),
    find=_find_until,
)
GRAIN = Parameter(
    name="grain",
    about={"en": "the unit of each figure", "zh": "每个数字的时间单位"},
    kind=Choice(("day", "week", "month")),
    find=in_words(
        [
            (re.compile(r"(?i)\bdaily\b|\b(?:by|per|each|every)\s+day\b|(?:按|每|逐)(?:天|日)"), "day"),
            (re.compile(r"(?i)\bweekly\b|\b(?:by|per|each|every)\s+week\b|(?:按|每|逐)(?:周|星期)"), "week"),
            (re.compile(r"(?i)\bmonthly\b|\b(?:by|per|each|every)\s+month\b|(?:按|每|逐)个?月"), "month"),
        ]
    ),
)
_LEVEL = re.compile(
    r"(?i)(?:\b(?:with|at|within)\s+)?(?:an?\s+)?\b(\d{1,3})\s?(?:%|per\s?cent)"
    r"(?:\s+(?:confidence|interval|certainty)|的?(?:置信区间|区间|置信度|把握))?"
)
LEVEL = Parameter(
    name="level",
    about={"en": "share of periods that the told interval is to hold, in %", "zh": "区间的覆盖率（%）"},
    kind=Whole(50, 99),
    find=in_words([(_LEVEL, r"\1")]),
)
TOP = Parameter(
    name="top",
    about={"en": "how many series, the largest", "zh": "最大的几个序列"},
    kind=Whole(1, 12),
    find=in_words(
        [(re.compile(r"(?i)\btop\s+(\d+)\b"), r"\1"), (re.compile(r"前(\d+)[名个位款种]?"), r"\1")]
    ),
)
PARAMETERS = (METRIC, BY, ONLY, HORIZON, UNTIL, GRAIN, LEVEL, TOP)


def claims(understood: Understood) -> Claim | None:
    """What asks for a forecast by that name; asked back where the words may also mean figures."""
    links, text = understood.links, understood.standalone
    if asks_about_a_model(text):
        return None
    if RECORDED.search(text) or (OTHERWISE.search(text) and not CUE.search(text)):
        return None
    ahead = find_ahead(links)
    cue = CUE.search(text) or (AHEAD.search(text) if ahead is not None else None)
    named = next((m for m in links.mentions if m.kind == "metric"), None)
    if cue is not None and not any(m.start <= cue.start() and cue.end() <= m.end for m in links.mentions):
        is_about_more = any(word.lower() not in cue[0].lower() for word in links.unknown)
        if named is None and ahead is None and is_about_more and not links.mentions:
            return None  # "predict the weather"
        return Claim(strength=Strength.SAID, reason="cue")
    if named is None or (cue is None and ahead is None):
        return None
    if ahead is not None and any(p.last <= ahead.start or ahead.end <= p.first for p in links.periods):
        return None  # "I meet them tomorrow: revenue of this year"
    when = text[ahead.start : ahead.end] if ahead is not None else ""
    if understood.language == "zh":
        readings = (f"预测{when}的{named.text}", f"{when}已登记的{named.text}")
    else:
        readings = (f"Predict {named.text} {when}".strip(), f"{named.text} recorded {when}".strip())
    return Claim(strength=Strength.SAID, reason="ambiguous", readings=readings)
