"""What a question asks of the watch: what it claims, and its parameters by words and by name."""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import ColumnName, MetricName, Parameter, find_grouping, find_metric
from jobs.past_period import Span, find_period

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
    kind=Span(),
    find=find_period,
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
