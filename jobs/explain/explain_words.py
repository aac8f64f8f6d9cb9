"""What a question asks to have explained: what the job claims, and its parameters by words and by name."""
# ruff: noqa: E501

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from bot.job import Claim, Strength, Understood
from bot.parameters import Choice, Parameter, Said
from jobs.asked_of_models import WHY, Model, asks_why, model_in
from jobs.churn import churn_words
from jobs.customer_card.customer_words import CustomerSaid
from jobs.customer_card.customer_words import reference as customer_in
from jobs.forecast import forecast_words
from jobs.forecast.forecast_words import GRAIN, HORIZON, METRIC, UNTIL
from jobs.price import price_words
from jobs.price.price_words import CHANGE
from jobs.recommend import recommend_words
from sql.question.linking import Links

NAME = re.compile(r"^explain\b")
CUES = (WHY, NAME)
FILLER = re.compile(
    r"(?i)^(?:please|tell|show|me|us|give|can|could|you|is|are|was|were|do|does|did|be|being|has|have|the|a|an|our|my|your|their|its|it|this|that|these|those|they|he|she|i|we|who|what|which|how|why|come|so"
    r"|explain\w*|explanations?|reasons?|behind|for|of|to|at|in|on|by|with|from|and|or|about|than|as|get|gets|got|makes?|made|computed|calculated|worked|out|chosen|picked|arrive|arrived"
    r"|customers?|clients?|buyers?|members?|shoppers?|risk|churn\w*|likely|going|expected|leave|leaving|lapse|buy|again|soon|value|worth|next|year|uplift|voucher|coupon|campaign|mailing|newsletter|promotion|offers?|audience|list\w*"
    r"|forecast\w*|predict\w*|projection|outlook|fall\w*|fell|drop\w*|declin\w*|decreas\w*|ris(?:e|es|ing)|rose|grow\w*|increas\w*|go(?:es|ing)?|up|down|higher|lower|high|low|more|less|much|many|will|would|might|should"
    r"|recommend\w*|suggest\w*|product|price|prices|pric\w+|charge|sensitiv\w*|elasticit\w+|best|advised|optimal|right|sent|receives?|not)$"
    r"|^[的了吗呢请我们给和与是有会这么那什么为何啥一下看说明解释原因理由怎算得出来凭顾客户会员买家用流失风险预测估下降上升涨跌减少增加高低推荐价格弹性敏感定建议优惠券活动发送选名单值期望未来该应要能可再次购还吧]+$"
)


def _find_model(links: Links) -> Said | None:
    model = model_in(links.question)
    return Said(text=model, start=0, end=0) if model is not None else None


def _find_customer(links: Links) -> Said | None:
    return recommend_words.CUSTOMER.find(links) or customer_in(links.question)


OF = Parameter(
    name="of",
    about={
        "en": "whose result: who buys again, a customer's value, whom to send a campaign, what to recommend, "
        "which price, or a forecast",
        "zh": "解释哪个结果：再次购买、顾客价值、活动名单、推荐、定价或预测",
    },
    kind=Choice(("churn", "value", "audience", "recommend", "price", "forecast")),
    find=_find_model,
)
CUSTOMER = Parameter(
    name="customer",
    about={"en": "which customer", "zh": "哪位顾客"},
    kind=CustomerSaid(),
    find=_find_customer,
    lead={"en": "for customer ", "zh": "顾客"},
)


def _beside_customer(find: Callable[[Links], Said | None]) -> Callable[[Links], Said | None]:
    """Values that are named, without the customer's number, which may be one too."""

    def found(links: Links) -> Said | None:
        who = _find_customer(links)
        if who is None:
            return find(links)
        kept = (m for m in links.mentions if m.end <= who.start or who.end <= m.start)
        return find(replace(links, mentions=tuple(kept)))

    return found


ONLY = replace(forecast_words.ONLY, find=_beside_customer(forecast_words.ONLY.find))
PRODUCT = replace(price_words.PRODUCT, find=_beside_customer(price_words.PRODUCT.find))
PARAMETERS = (OF, CUSTOMER, PRODUCT, CHANGE, METRIC, ONLY, HORIZON, UNTIL, GRAIN)
ABOUT_CUSTOMERS = ("churn", "value", "audience", "recommend")

_BARE = re.compile(
    r"(?i)^\W*(?:(?:and|but|so)\s+)?(?:why(?:\s+(?:is|was)\s+(?:that|this|it))?|how\s+come|explain\s+(?:why|this\s+result)|why\s+(?:so|this)|what(?:'s|\s+is)\s+the\s+reason)\W*$"
    r"|^\W*(?:那|但)?(?:是)?(?:为什么|为何|什么原因|怎么会这样|解释一下原因)\W*$"
)
_OF_ONE = re.compile(
    r"(?i)^\W*(?:and\s+)?(?:why|explain|为什么|为何)\s*(?:(?:is|customer|顾客|客户|是)\s*)?(?P<one>[A-Za-z]{0,6}[-_#]?\d[\w-]*)\W*$"
)
_NUMBER = re.compile(
    r"\W*(?:(?:customer|顾客|客户)\s*)?#?(?P<one>[A-Za-z]{0,6}[-_]?\d[\w-]*)\W*", re.IGNORECASE
)
BEFORE: dict[Model, tuple[re.Pattern[str], ...]] = {
    "forecast": (forecast_words.CUE,),
    "recommend": (recommend_words.CUE, recommend_words.NAME),
    "price": (price_words.CUE, price_words.NAME),
    "churn": (churn_words.CUE, churn_words.NAME),
}
"""What questions of the models' own jobs are told by."""
_ZH = re.compile(r"[\u4e00-\u9fff]")


def claims(understood: Understood) -> Claim | None:
    """What asks why a model says what it says; why a figure changed is another job's."""
    if not asks_why(understood.standalone):
        return None
    return Claim(strength=Strength.SAID, reason="cue")


def picks_up(previous: str, message: str) -> str | None:
    """ "why?" after a model's answer → that answer's question, to be explained; "why 20042?" of one customer."""
    one = _OF_ONE.match(message)
    if asks_why(previous) or not (one or _BARE.match(message)):
        return None
    named = (model for model, cues in BEFORE.items() if any(cue.search(previous) for cue in cues))
    model = next(named, None) or model_in(previous)
    if model is None:
        return None
    is_chinese = _ZH.search(message) is not None or (_ZH.search(previous) is not None and one is None)
    text = f"{'解释：' if is_chinese else 'Explain: '}{previous} of={model}"
    if one is None or model not in ABOUT_CUSTOMERS:
        return text
    return f'{text} customer="{one["one"].lstrip("#")}"'


def follow(previous: str, message: str) -> str | None:
    """A number alone, where the question before named no customer → the same of that one."""
    bare = _NUMBER.fullmatch(message)
    if bare is None or customer_in(previous) is not None or model_in(previous) not in ABOUT_CUSTOMERS:
        return None
    return f'{previous} customer="{bare["one"]}"'
