"""What a question asks of churn: what the job claims, and its parameters by words and by name."""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import (
    Among,
    Choice,
    ColumnName,
    Duration,
    Parameter,
    Said,
    Whole,
    find_ahead,
    find_grouping,
    find_values,
    in_words,
)
from jobs.asked_of_models import asks_about_a_model
from sql.question.linking import Links

_LEAVING = (
    r"\bchurn(?:s|ing)?(?:\s+(?:risks?|rates?|probabilit(?:y|ies)))?\b"
    r"|\b(?:about|likely|going|bound|expected|at\s+risk)\s+(?:to|of)\s+(?:leav(?:e|ing)|laps(?:e|ing)|stop\w*\s+\w+|not\s+(?:come|buy)\w*)"
    r"|\bcustomers?\b.*\b(?:will|might|may)\s+(?:leave|lapse|stop\s+\w+ing|not\s+(?:come\s+back|buy))|\bat[-\s]risk\s+customers?\b|\bcustomers?\b.*\bat\s+risk\b"
    r"|\b(?:los(?:e|ing)|lapsing)\s+(?:which\s+|our\s+)?customers?\b"
    r"|流失风险|(?:可能|会|要|快要?|即将|容易)流失|流失(?:预测|概率)|预测.*流失"
)
_BUYING = (
    r"\b(?:likely|going|expected|will)\s+(?:to\s+)?(?:buy|order|purchase|shop|come\s+back)\s*(?:again|next|soon|in\b|within\b|back)?"
    r"|\b(?:buy|order|purchase|shop)\s+again\b|\bwho\s+will\s+(?:buy|come\s+back)"
    r"|(?:会|可能|愿意).{0,6}(?:再次?|再来|重新|还会?)(?:购?买|下单|消费)|(?:再次|重复)购买的?(?:概率|可能)"
)
CUE = re.compile(rf"(?i){_LEAVING}|{_BUYING}")
NAME = re.compile(r"^churn\b")
_ABOUT_PEOPLE = re.compile(
    r"(?i)\b(?:who|whom|whose|customers?|clients?|buyers?|members?|shoppers?|churn\w*)\b|谁|顾客|客户|会员|买家|用户|流失"
)

_AVERAGE = re.compile(r"(?i)\baverage\b|\bbetween\b|平均|隔")
"""Words of the time between orders, which is not foretold."""

HORIZON = Parameter(
    name="horizon",
    about={"en": "bought again within this time, or gone", "zh": "这段时间内是否再次购买"},
    kind=Duration(366),
    find=find_ahead,
)
RANK = Parameter(
    name="rank",
    about={
        "en": "first those with most at risk, or the likeliest to buy",
        "zh": "按风险金额，或按购买概率排序",
    },
    kind=Choice(("leaving", "buying")),
    find=in_words([(re.compile(rf"(?i){_LEAVING}"), "leaving"), (re.compile(rf"(?i){_BUYING}"), "buying")]),
)


def _find_groups(links: Links) -> Said | None:
    """What groups are made by; "which customers" asks for the customers themselves."""
    said = find_grouping(links)
    return None if said is None or _ABOUT_PEOPLE.search(links.question[said.start : said.end]) else said


BY = Parameter(
    name="by",
    about={"en": "groups by this column instead of single customers", "zh": "按这一列分组，而不是单个顾客"},
    kind=ColumnName(),
    find=_find_groups,
)
ONLY = Parameter(
    name="only",
    about={"en": "only purchases of these values", "zh": "只看这些值的购买"},
    kind=Among(),
    find=find_values,
    lead={"en": "for ", "zh": "只看"},
)
TOP = Parameter(
    name="top",
    about={"en": "how many customers or groups", "zh": "多少位顾客或多少组"},
    kind=Whole(1, 200),
    find=in_words([(re.compile(r"(?i)\btop\s+(\d+)\b"), r"\1"), (re.compile(r"前(\d+)[名个位]?"), r"\1")]),
)
PARAMETERS = (HORIZON, RANK, BY, ONLY, TOP)


def claims(understood: Understood) -> Claim | None:
    """What asks who will leave or buy again; not what counts those who have a state that is called so."""
    text = understood.standalone
    if asks_about_a_model(text):
        return None
    cue = CUE.search(text)
    if cue is None or not _ABOUT_PEOPLE.search(text):
        return None
    links = understood.links
    named = [m for m in links.mentions if m.kind in ("metric", "column", "value")]
    ahead = find_ahead(links)
    is_past = any(ahead is None or p.last <= ahead.start or ahead.end <= p.first for p in links.periods)
    if is_past or any(m.start <= cue.start() and cue.end() <= m.end for m in named) or _AVERAGE.search(text):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
