"""Questions about the models themselves: why one says what it says, and whether it treats groups alike.

These are ``jobs.explain``'s and ``jobs.fairness``'s, and no other job claims them.

No job itself: it is no folder. Pure.
"""
# ruff: noqa: E501

from __future__ import annotations

import re
from typing import Literal

Model = Literal["churn", "value", "audience", "recommend", "price", "forecast"]

WHY = re.compile(
    r"(?ix)\bwhy\b|\bhow\ come\b|\bexplain(?:s|ed|ing)?\b|\bexplanations?\b|\bwhat\ makes\b|\breasons?\ (?:for|behind|of|why)\b"
    r"|\bhow\ (?:is|was|are|were|did|do|does)\b[^.?]*\b(?:comput|calculat|worked\ out|arrive|come\ (?:to|up)|chosen|picked|explained)\w*"
    r"|为什么|为何|为啥|凭什么|解释|(?:原因|理由)(?:是|在)|怎么(?:算|得)(?:出来)?的"
)
"""Words that ask for what is behind a result."""
_WHOM = r"(?:customers?|clients?|buyers?|members?|shoppers?|he|she|they|顾客|客户|会员|买家|用户|他|她|TA)"
_MODELS: dict[Model, re.Pattern[str]] = {
    "forecast": re.compile(
        r"(?i)\b(?:forecast(?:s|ed|ing)?|predict(?:s|ed|ion|ions)?\b(?![^.?]*\b(?:leave|churn|buy))|projections?|outlook)\b|预测(?!.{0,6}(?:流失|购买))|预估"
    ),
    "recommend": re.compile(
        r"(?i)\b(?:is|was|are|were|do|does|did|you|we|the|this|that|these|product)\s+(?:\w+\s+){0,6}?(?:recommend(?:ed|s|ation|ations|ing)?|suggest(?:ed|s|ion|ions)?)\b[^.?]*\b(?:customers?|clients?|buyers?|members?|shoppers?)\b|\brecommend\s+customer=|推荐给?.{0,12}(?:顾客|客户|会员|买家|用户)|(?:给|向|为)(?:顾客|客户|会员|买家|用户).{0,12}推荐"
    ),
    "price": re.compile(
        r"(?i)\b(?:price[-\s]+(?:in)?sensitiv\w+|elasticit(?:y|ies)|(?:best|advised|suggested|recommended|optimal|right)\s+price)\b|\bshould\b[^.?]*\b(?:charge|price|prices)\b|\bprice\s+(?:product|change|by)=|弹性|价格敏感|(?:建议|最优|最佳|推荐)的?(?:定价|价格|售价)|定价建议|(?:该|应该?|要).{0,12}(?:涨价|降价|定价)"
    ),
    "audience": re.compile(
        r"(?i)\b(?:vouchers?|coupons?|campaigns?|mailings?|newsletters?|promotions?|offers?)\b[^.?]*\b(?:gets?|receives?|sent|chosen|picked|audience|list(?:ed)?|to)\b|\b(?:gets?|receives?|sent|chosen|picked|audience|list(?:ed)?)\b[^.?]*\b(?:vouchers?|coupons?|campaigns?|mailings?|newsletters?|promotions?)\b|\buplift\b|\bwhat=audience\b|(?:优惠券|代金券|活动|红包|短信|邮件).{0,10}(?:发|送|给|名单|选)|(?:发|送|选).{0,10}(?:优惠券|代金券|活动|红包)"
    ),
    "churn": re.compile(
        rf"(?i)\bat[-\s]risk\b|\bchurn\w*|\b(?:likely|about|going|expected|bound)\s+(?:to\s+)?(?:leave|lapse|churn|stop|buy|order|come\s+back)\b|\b{_WHOM}\b[^.?]*\b(?:leave|lapse|leaving|lapsing)\b|\b(?:will|might|may|won['’]?t|not)\s+(?:\w+\s+)?(?:leave|lapse|buy|order|come\s+back)\b|流失|(?:会|不会|可能).{{0,4}}(?:再次?|还会?|回来)(?:购?买|下单|消费)?|(?:再次|重复)购买"
    ),
    "value": re.compile(
        rf"(?i)\b(?:expected|future|lifetime|predicted)\s+(?:customer\s+)?value\b|\bclv\b|\b{_WHOM}\b[^.?]*\bworth\b|\bvalue\s+of\s+(?:customer|client|buyer)\b|(?:顾客|客户|会员|买家|用户).{{0,14}}(?:价值|值多少)|(?:预期|未来|终身|生命周期)价值"
    ),
}
"""What each model's results are called; the first that matches."""
_BY_NAME = re.compile(rf"(?i)\bof=({'|'.join(_MODELS)})\b")
_FIGURES = re.compile(
    r"(?i)\b(?:reviews?|reviewers?|tickets?|complain\w*)\b|\bnumber\s+of\b|\bhow\s+many\b|评论|评价|工单|投诉|多少"
)
"""What asks for figures, or what people say, of such things."""


def model_in(text: str) -> Model | None:
    """The model whose results are spoken of; ``None`` for none."""
    said = _BY_NAME.search(text)
    if said is not None:
        return next(model for model in _MODELS if model == said[1].lower())
    return next((model for model, pattern in _MODELS.items() if pattern.search(text)), None)


def asks_why(text: str) -> bool:
    """Whether the words ask why a model says what it says.

    >>> asks_why("Why is customer 20042 at risk?"), asks_why("为什么预测会下降？"), asks_why("Why did revenue fall?")
    (True, True, False)
    """
    return WHY.search(text) is not None and not _FIGURES.search(text) and model_in(text) is not None


FAIR = re.compile(
    r"(?i)"
    r"\b(?:un)?fair(?:ness|ly)?\b|\bbias(?:ed|es)?\b|\bdiscriminat\w+|\bprejudice\w*|\bdisparat\w+|\bequal(?:ly)?\s+(?:well|often|accurate|treat\w+)|\btreat\w*\b[^.?]*\b(?:differently|alike|equally|the\s+same)\b|公平|不公|偏见|歧视|一视同仁|偏差对待"
)
_JUDGED = re.compile(
    r"(?i)"
    r"\b(?:models?|churn\w*|risk\w*|predict\w+|forecast\w*|scores?|scoring|audience|vouchers?|coupons?|campaigns?|mailings?|list|selection|selected|leave|leaving|lapse)\b|模型|流失|风险|预测|打分|评分|名单|优惠券|活动|选择"
)


def asks_if_fair(text: str) -> bool:
    """Whether the words ask if a model that scores people treats groups of them alike.

    >>> asks_if_fair("Is the churn model fair by country?"), asks_if_fair("Is 5 euros a fair price?")
    (True, False)
    """
    return FAIR.search(text) is not None and _JUDGED.search(text) is not None


def asks_about_a_model(text: str) -> bool:
    """Whether either is asked."""
    return asks_why(text) or asks_if_fair(text)
