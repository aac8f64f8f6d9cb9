"""What a question asks of the watch: what it claims, and its parameters by words and by name."""

from __future__ import annotations

import datetime as dt
import re

from bot.job import Claim, Strength, Understood
from bot.parameters import ColumnName, MetricName, Parameter, Said, Unreadable, find_grouping, find_metric
from sql.question.linking import Links, Vocabulary
from sql.question.periods import Period, find_periods

CUE = re.compile(
    r"(?ix)\b(?:unusual|anomal(?:y|ies|ous)|abnormal(?:ity|ities)?|out\ of\ the\ ordinary)\b"
    r"|\b(?:any|some|no)thing\ (?:at\ all\ )?(?:strange|odd|weird|irregular|off)\b"
    r"|\bwhat(?:'s|\ is|\ was|\ looks?|\ looked)\ (?:strange|odd|weird|irregular|off)\b"
    r"|异常|不正常|不寻常|反常|不对劲|怪事"
)
FILLER = re.compile(
    r"(?ix)^(?:please|show|find|tell|me|any|anything|something|nothing|what|was|were|is|there|has|have|happen(?:ed|s)?|going|on|"
    r"went|moved?|changed?|looks?|looked|lately|recently|recent|in|our|the|my|shop|store|data|numbers|figures|business|sales|"
    r"we|us|see|check|spot|detect|notice|should|know|about|for|with|will|be|at|all|latest|strange|odd|weird|irregular|off)$"
    r"|^[的吗呢请我们给和是有没什么哪些最近近来近期情况地方数据店铺里看一下帮查找出现发生过了吗存在]+$"
)


class _Time:
    """Words for a period, as "last month", 2026-05 or "from 2026-05-01 to 2026-05-31"."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """The words themselves: what day they count from, the shop says. ``Unreadable``: they name none."""
        if read_period(text, dt.date.today()) is None:
            raise Unreadable(text)
        return text

    def expected(self, language: str) -> str:
        """Examples."""
        return (
            "时间，如 上个月 或 2026-05" if language == "zh" else 'a period, such as "last month" or 2026-05'
        )


def read_period(text: str, today: dt.date) -> Period | None:
    """The one period that a whole text names; ``None`` where it names none, or more than that."""
    month = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
    if month is not None and 1 <= int(month[2]) <= 12 and int(month[1]) > 0:
        first = dt.date(int(month[1]), int(month[2]), 1)
        end = (first + dt.timedelta(days=32)).replace(day=1)
        return Period(start=first, end=end, first=0, last=len(text), text=text, grain="month")
    found = find_periods(text, today)
    if len(found) != 1:
        return None
    rest = text[: found[0].first] + text[found[0].last :]
    return found[0] if _AROUND.fullmatch(rest) else None


_AROUND = re.compile(r"(?i)\W*(?:in|during|for|on|from|the)?\W*")
"""What may stand beside the words for a period."""


def _find_period(links: Links) -> Said | None:
    period = links.period
    if period is None:
        return None
    if period.is_open:
        return Said(text=period.text, start=period.first, end=period.last)
    last = period.end - dt.timedelta(days=1)
    return Said(
        text=f"from {period.start.isoformat()} to {last.isoformat()}", start=period.first, end=period.last
    )


METRIC = Parameter(
    name="metric",
    about={"en": "only this metric, one that adds up or a rate", "zh": "只看这个指标（可累加的或比率）"},
    kind=MetricName(),
    find=find_metric,
)
BY = Parameter(
    name="by",
    about={"en": "parts by this column alone", "zh": "只按这一列拆分"},
    kind=ColumnName(),
    find=find_grouping,
)
PERIOD = Parameter(
    name="period",
    about={"en": "when; else the last 30 days", "zh": "时间；不说则为最近30天"},
    kind=_Time(),
    find=_find_period,
)
PARAMETERS = (METRIC, BY, PERIOD)


def claims(understood: Understood) -> Claim | None:
    """What asks for the unusual by that name."""
    links, text = understood.links, understood.standalone
    cue = CUE.search(text)
    if cue is None or any(m.start <= cue.start() and cue.end() <= m.end for m in links.mentions):
        return None
    others = [word for word in links.unknown if word.lower() not in cue[0].lower() and not FILLER.match(word)]
    if others and not links.mentions and links.period is None:
        return None  # "unusual animals"
    return Claim(strength=Strength.SAID, reason="cue")
