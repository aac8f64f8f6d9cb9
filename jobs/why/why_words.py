"""What a question asks of a change: what the job claims, and its parameters by words and by name."""
# ruff: noqa: E501

from __future__ import annotations

import re
from typing import Literal

from bot.followup import features_of
from bot.job import Claim, Strength, Understood
from bot.parameters import (
    Among,
    Choice,
    ColumnName,
    MetricName,
    Parameter,
    Said,
    find_grouping,
    find_metric,
    find_values,
    in_words,
)
from jobs.said_periods import Time, said_period
from sql.question.linking import Links

CUE = re.compile(
    r"(?ix)\b(?:why|how\ come)\b|\bwhat(?:['’]s|\ is|\ was|\ has|\ have)?\ (?:is\ |was\ )?(?:drove|driving|caused?|causing|behind|explains?|explained|led\ to|made)\b"
    r"|\b(?:reasons?|causes?|drivers?|explanations?)\ (?:for|of|behind)\b|\bexplain\b"
    r"|为什么|为何|为啥|怎么会|什么(?:原因|导致|引起|造成|带动|推动)|(?:原因|缘由)(?:是|在)|是?何原因|(?:下降|下滑|减少|上升|上涨|增长|增加|变化|波动)的?原因"
)
"""Words that ask for what is behind something."""
DOWN = re.compile(
    r"(?ix)\b(?:drop(?:s|ped|ping)?|f[ae]ll(?:s|en|ing)?|declin(?:e|es|ed|ing)|decreas\w+|sink(?:s|ing)?|sank|sunk|shr[aiu]nk\w*|slump\w*|plung\w+|collaps\w+|crash\w*"
    r"|dip(?:s|ped)?|down|lower|less|fewer|worse(?:n\w*)?|low|so\ (?:few|little|bad)|weak(?:er)?|reduc\w+|lost|los[st]|go(?:es|ing)?\ down|went\ down)\b"
    r"|下降|下滑|下跌|减少|降低|变少|变低|变差|跌|降|少了|偏低|走低|萎缩|下来|这么少|这么低|不好|低迷"
)
UP = re.compile(
    r"(?ix)\b(?:ris(?:e|es|en|ing)|rose|increas\w+|gr[eo]w(?:n|s|ing|th)?|jump\w*|surg\w+|soar\w*|spik\w+|climb\w*|up|higher|more|better|high|peak\w*|so\ (?:many|much|good)"
    r"|improv\w+|boost\w*|gain\w*|doubled|go(?:es|ing)?\ up|went\ up)\b"
    r"|上升|上涨|增长|增加|升高|提高|变多|变高|变好|涨|升|多了|偏高|走高|飙升|激增|猛增|这么多|这么高"
)
MOVED = re.compile(
    r"(?i)\b(?:chang(?:e|es|ed|ing)|mov(?:e|es|ed|ing)|differ\w*|shift\w*|swing\w*|vari(?:ed|ation))\b|变化|变动|波动|变了|不同|差异"
)
YEAR = re.compile(
    r"(?ix)\b(?:(?:when\ |if\ )?(?:compared?|comparing|relative|versus|vs\.?|against|than|over)\ ?(?:it\ )?(?:(?:with|to|from|in|the|same|time|period|month|week|quarter|of|jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*)\ )*(?:last|the\ (?:previous|prior)|previous|prior|a)\ year(?:\ (?:ago|before|earlier))?"
    r"|year[\ -](?:on|over)[\ -]year|yoy|(?:a|one)\ year\ (?:ago|before|earlier)|same\ (?:time|period|month|week|quarter)\ (?:of\ )?last\ year)\b"
    r"|同比|(?:与|和|跟|比|较)去年(?:同期|同月)?(?:相比|比较|比起来|比)?|去年同期"
)
BEFORE = re.compile(
    r"(?ix)\b(?:(?:compared?|comparing|relative|versus|vs\.?|against|than)\ (?:(?:with|to|the)\ )*(?:(?:month|week|quarter|period|time|days?)\ before|(?:previous|prior|preceding)\ (?:month|week|quarter|period|time|days?))"
    r"|month[\ -](?:on|over)[\ -]month|week[\ -](?:on|over)[\ -]week|mom)\b"
    r"|环比|(?:与|和|跟|比|较)(?:上期|前一期|上一期)(?:相比|比较)?"
)
FILLER = re.compile(
    r"(?ix)^(?:please|tell|show|explain|me|us|did|does|do|was|were|is|are|has|have|had|been|so|much|many|few|little|the|our|my|shop|store|in|of|for|go|goes|going|gone"
    r"|went|get|got|come|came|it|all|suddenly|sharply|strongly|slightly|a|lot|bit|during|about|that|there|this|what|why|made|make|and|with|compared?|comparing|numbers?|figures?|big|bad|good|happened|can|you|i|we|want|know|need)$"
    r"|^[的了吗呢请我们给和是有会这么那突然大幅明显一下看查帮为什什么何原因导致引起造成因怎我想知道店铺比相与较期些]+$"
)
SELLING = re.compile(r"(?i)\b(?:sell(?:ing)?|sold|sales|earn(?:ed|ing)?|turnover)\b|销售|卖得|卖了|生意|营业")
"""Words for what is sold, where no metric is called so."""
HEARD = (CUE, SELLING, UP, DOWN, MOVED, YEAR, BEFORE)
"""The job's own words."""
Way = Literal["down", "up", "moved"]


def way_of(text: str) -> Way | None:
    """Which way a question says that something went; ``None`` where it says nothing of it."""
    rest = BEFORE.sub(" ", YEAR.sub(" ", text))
    down, up = DOWN.search(rest), UP.search(rest)
    if down is not None and up is not None:
        return "down" if down.start() < up.start() else "up"
    if down is not None or up is not None:
        return "down" if down is not None else "up"
    return "moved" if MOVED.search(rest) else None


def _find_period(links: Links) -> Said | None:
    """The first period that is no more than what is compared with."""
    said = [m.span() for cue in (YEAR, BEFORE) for m in cue.finditer(links.question)]
    for period in links.periods:
        if not any(start < period.last and period.first < end for start, end in said):
            return said_period(period)
    return None


METRIC = Parameter(
    name="metric",
    about={
        "en": "what changed: a sum, a count, or one of these over another",
        "zh": "什么变了：合计、计数或两者之比",
    },
    kind=MetricName(),
    find=find_metric,
)
PERIOD = Parameter(
    name="period",
    about={"en": "when; else the last whole month", "zh": "时间；不说则为上一个整月"},
    kind=Time(),
    find=_find_period,
)
AGAINST = Parameter(
    name="against",
    about={"en": "the period before, or a year before", "zh": "与前一期（before）或去年同期（year）相比"},
    kind=Choice(("before", "year")),
    find=in_words([(YEAR, "year"), (BEFORE, "before")]),
)
BY = Parameter(
    name="by",
    about={"en": "parts by this column alone", "zh": "只按这一列拆分"},
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
PARAMETERS = (METRIC, ONLY, PERIOD, AGAINST, BY)


def claims(understood: Understood) -> Claim | None:
    """What asks why a figure moved; why one order is late, or customers dislike something, is others'."""
    text, links = understood.standalone, understood.links
    measures = features_of(links).measures
    is_named = any(span.names("metric") or span.names("view") for span in measures) or SELLING.search(text)
    if CUE.search(text) is None or not is_named:
        return None
    if way_of(unnamed(links)) is None and not re.search(r"(?i)\b(?:drove|driv\w+|behind)\b", text):
        return None
    return Claim(strength=Strength.SAID, reason="cue")


def unnamed(links: Links) -> str:
    """The question without the names that it holds: "low stock" may be one."""
    text = links.question
    for mention in links.mentions:
        if mention.kind in ("metric", "value"):
            text = text[: mention.start] + " " * (mention.end - mention.start) + text[mention.end :]
    return text
