"""What a question asks of campaigns: what the job claims, and its parameters by words and by name."""
# ruff: noqa: E501

from __future__ import annotations

import re
from typing import Literal

from bot.job import Claim, Strength, Understood
from bot.parameters import Choice, Duration, Parameter, Said, Unreadable, Whole, find_values, in_words
from jobs.asked_of_models import asks_about_a_model
from jobs.said_periods import Time, said_period
from sql.question.linking import Links, Vocabulary
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS

What = Literal["worth", "audience", "split", "switch"]

_THING = r"(?:campaigns?|promotions?|promos?|vouchers?|coupons?|mailings?|newsletters?|discount\s+codes?)"
_THING_ZH = r"(?:营销活动|促销活动|活动|促销|大促|优惠券|代金券|优惠码|红包|折扣券|短信|邮件)"
_GIVEN = (
    r"(?:campaigns?|promotions?|vouchers?|coupons?|mailings?|newsletters?|discounts?|offers?|codes?|gift)"
)
_WORTH = (
    r"\bworth\s+(?:it|the\s+\w+|\w+ing|its?\b|their\b|while)|\bworthwhile\b|\bpa(?:y|ys|id)(?:\s+\w+)?\s+off\b|\bpa(?:y|ys|id)\s+for\s+(?:it|them)sel\w+"
    r"|\b(?:earn|earned|make|made|bring|brought)\s+(?:back\s+)?(?:its|their|the)\s+(?:cost|money)\b|\bbr(?:ing|ings|ought)\s+(?:in\s+)?more\s+than\s+(?:it|they)\s+cost"
    r"|\b(?:work|works|worked|perform|performs|performed|did|do)\s+(?:the\s+)?(?:best|worst|better|well)\b|\b(?:work|works|worked|working)\s*(?:[?.!]|$|at\s+all\b)|\bsuccess(?:ful)?\b|\beffective(?:ness)?\b|\bincremental\b|\b(?:make|made)\s+a\s+difference\b"
)
_WORTH_ZH = r"划算|划不划算|值得|值不值|值吗|有没有用(?=[吗呢？?]|$)|有用吗|有效吗|有没有效|效果(?:最|怎么样|怎样|如何|好|差|更)|回本|亏了|赚了|赚钱|带来了?(?:多少)?(?:增量|额外)"
_WORTH_ALONE = r"\bworth\s+(?:it|\w+ing|the\s+\w+)|\bpa(?:y|ys|id)\s+off\b|划算|值得吗|值不值|回本"
_AUDIENCE = (
    rf"\b(?:who|whom|which\s+(?:customers|buyers|clients|people))\b[^.?]*\b(?:should|shall|ought\s+to|do|to|must|could)\b[^.?]*\b(?:get|gets|receive|send|mail|e-?mail|give|target|offer|contact)\b[^.?]*\b{_GIVEN}\b"
    rf"|\b(?:who|whom|which\s+customers)\b[^.?]*\b(?:should|shall|do)\s+(?:i|we)\s+(?:send|mail|e-?mail|give|offer|target)\b[^.?]*\b{_GIVEN}\b"
    r"|\b(?:who|which\s+(?:customers|buyers|clients))\b[^.?]*\bwould\b[^.?]*\b(?:buy|bought|order|ordered|come)\b[^.?]*\b(?:anyway|anyhow|regardless|in\s+any\s+case|without\s+(?:a|an|the|any)\s+\w+)"
    rf"|\b(?:audience|target\s+group|recipients)\s+(?:for|of)\b[^.?]*\b{_GIVEN}\b"
    rf"|{_THING_ZH}.{{0,8}}(?:该|应该?|要|应当)?(?:发|送|给|寄|推|投)(?:放|送)?(?:给|到)?(?:谁|哪些|什么人|哪种)|(?:该|应该?|要)?给(?:谁|哪些.{{0,6}})(?:发|送){_THING_ZH}"
    r"|(?:谁|哪些(?:顾客|客户|用户|会员|人)).{0,10}(?:本来|反正|无论如何|不管|不发|没有?(?:券|优惠|活动)).{0,8}(?:买|下单|购)"
)
_NUMBER = r"(?:\d[\d,]*(?:\.\d+)?(?:\s?k\b)?)"
_SPLIT = (
    rf"\b(?:split|divide|allocate|distribute|spread)\b[^.?]*(?:\bbudget\b|\bmoney\b|(?<![\w.]){_NUMBER}(?![\w%]))[^.?]*\b(?:between|across|among|over|channels?|campaigns?|offers?)\b"
    rf"|\b(?:should|shall|could|best|how\s+to)\b[^.?]*\b(?:spend|invest|put)\b[^.?]*(?:\bbudget\b|(?<![\w.]){_NUMBER}(?![\w%]))[^.?]*\b(?:channels?|campaigns?|offers?|marketing|advertising|ads)\b"
    r"|\b(?:split|allocat\w+|distribut\w+)\s+(?:of\s+)?(?:the\s+|my\s+|our\s+)?(?:marketing\s+|campaign\s+)?budget\b|\b(?:marketing|campaign)\s+budget\s+(?:split|allocation)\b"
    r"|(?:预算|\d+(?:万|元|块|欧元?)?).{0,6}(?:怎么|如何|该怎么|应该怎么)(?:分配?|花|投|用)|(?:怎么|如何)分配.{0,10}(?:预算|\d+)|预算分配"
)
_SWITCH = (
    r"\boff-?\s?policy\b|\b(?:if|should)\s+(?:i|we)\b[^.?]*\b(?:always|only)\s+(?:show|showed|use|used|offer|offered|display|displayed|recommend|recommended)\b"
    r"|\b(?:should|shall)\s+(?:i|we)\s+switch\b[^.?]*\b(?:banner|choice|variant|option|offer|policy)\b|\bwhich\s+(?:banner|choice|variant|option)\s+(?:should|shall)\s+(?:i|we)\s+(?:show|use|switch)"
    r"|(?:该|要不要|应该|能不能)(?:切换|换成|改用).{0,10}(?:方案|选项|横幅|策略|版本)|(?:一直|总是|只)(?:展示|显示|推荐).{0,12}(?:会怎|如何|好吗|更好)|(?:展示|用)哪(?:个|种)(?:方案|选项|横幅|版本)"
)
CUE = re.compile(rf"(?i){_AUDIENCE}|{_SPLIT}|{_SWITCH}|{_WORTH}|{_WORTH_ZH}|\b{_THING}\b|{_THING_ZH}")
NAME = re.compile(r"^campaign\b")
FILLER = re.compile(
    r"(?i)^(?:please|show|give|tell|was|were|is|are|did|do|does|has|have|had|be|the|a|an|our|my|your|their|its|it|i|we|us|of|in|at|for|from|to|and|or|with|by|on|how|what|which|who|whom|that|this|one"
    r"|should|shall|could|can|would|will|get|gets|send|next|last|latest|most|best|worst|better|well|worth|pay|paid|off|work|worked|perform|performed|brought|bring|more|less|than|cost|costs"
    r"|campaigns?|promotions?|vouchers?|coupons?|mailings?|newsletters?|offers?|discounts?|codes?|marketing|advertising|channels?|budget|money|split|divide|spend|between|across|among|customers?|buyers?|people|only"
    r"|buy|bought|order|anyway|compare|compared|all|each|every|successful|effective|audience|target|up|whether|so|far|really|actually|at\s+all|euros?|eur|dollars?)$"
    r"|^[的吗呢请我们给和与是多少哪些几会有帮一下看只该应怎么样如何果发送谁个种次活动促销优惠券效最好划算值得分配预算渠道之间顾客户每各了吧还又花投本来买不也短信邮件元块欧万比较]+$"
)
_FIGURES = re.compile(
    r"(?i)\bhow\s+many\b|\b(?:number|count|list)\s+of\b|\b(?:revenue|orders?|sales|turnover|clicks?)\s+(?:by|of|from|per|during|in)\b|\breviews?\b|\btickets?\b"
    r"|多少(?!钱|人|个人|额外|增量)|几(?:个|张|次|单)|订单[数量]|销售额|销量|评论|评价|工单"
)
"""What asks for a figure of campaigns, or for what people say of them."""
_CAMPAIGN_COLUMN = re.compile(r"(?i)campaign|promo|voucher|coupon|mailing|活动|促销|优惠")

_NO_NAME = r"(?:any|our|my|your|all|each|every|which|what|best|worst|marketing|past|different|these|those|same|a|an|the|of|for|by)"
_NAMED = (
    re.compile(r"(?i)\b(?:campaign|promotion)\s+(?:called\s+|named\s+)?[\"“'‘](?P<name>[^\"”'’]{1,80})[\"”'’]"),
    re.compile(rf"(?i)\bthe\s+(?!{_NO_NAME}\b)(?P<name>\w[\w.'&-]*(?:\s+(?!{_THING}\b)\w[\w.'&-]*){{0,4}})\s+{_THING}\b"),
    re.compile(rf"(?i)\b(?:and|about|for|of)\s+(?:the\s+)?(?!{_NO_NAME}\b)(?P<name>\w[\w.'&-]*(?:\s+\w[\w.'&-]*){{0,4}}?)\s+(?:one|{_THING})\b"),
    re.compile(rf"(?i)\b(?:was|were|did|has|is)\s+(?:the\s+|our\s+)?(?!{_NO_NAME}\b)(?P<name>\w[\w.'&-]*(?:\s+\w[\w.'&-]*){{0,4}}?)\s+{_THING}\b"),
    re.compile(r"活动\s*[“\"「《]?(?P<name>[A-Za-z0-9][\w .'&-]*\w)"),
    re.compile(r"(?P<name>(?:上一?次|上个|最近一?次|最新))的?(?:活动|促销|大促|优惠)"),
    re.compile(
        r"(?:^|[\s，,。；的那])(?:那|去年|今年|前年)?的?(?!哪|每|各|所有|这|什么|下|本次|给|把|请|看|比|用|应|该|谁|我)"
        r"(?P<name>[\u4e00-\u9fffA-Za-z0-9][\u4e00-\u9fffA-Za-z0-9 ]{0,20}?)(?:的)?(?:营销活动|促销活动|活动|促销|大促)(?!应|该|要|发|给)"
    ),
    re.compile(r"^那?(?P<name>[\u4e00-\u9fff]{1,6}?)(?:的|那个)?呢[？?]?$"),
)  # fmt: skip
_ANY = re.compile(r"(?i)^(?:next|new|other|another|first)$")
"""Words before a campaign that name none."""


class CampaignName:
    """A campaign by its name, a part of it, its channel, or "latest"."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """The words themselves: which campaigns there are, the data say. ``Unreadable``: empty, or too long."""
        if not 1 <= len(text.strip()) <= 120:
            raise Unreadable(text)
        return text.strip()

    def expected(self, language: str) -> str:
        """In words."""
        return "一个活动的名称或其一部分" if language == "zh" else "the name of a campaign, or a part of it"


class Money:
    """An amount above 0, as ``5000``, ``5,000`` or ``5k``."""

    most = 1e12

    def value(self, text: str, vocabulary: Vocabulary) -> float:
        """Raises ``Unreadable``: it is none, or out of bounds."""
        match = re.fullmatch(r"(\d{1,3}(?:,\d{3})+|\d{1,13})(\.\d+)?\s?(k|万)?", text.strip().lower())
        if match is None:
            raise Unreadable(text)
        amount = float(match[1].replace(",", "") + (match[2] or "")) * {"k": 1e3, "万": 1e4}.get(
            match[3] or "", 1
        )
        if not 0 < amount <= self.most:
            raise Unreadable(text)
        return amount

    def expected(self, language: str) -> str:
        """The form."""
        return "大于 0 的金额，如 5000" if language == "zh" else "an amount above 0, such as 5000"


def _find_campaign(links: Links) -> Said | None:
    text = links.question
    for pattern in _NAMED:
        if (match := pattern.search(text)) is not None and not _ANY.match(match["name"].strip()):
            return Said(text=match["name"].strip(), start=match.start("name"), end=match.end("name"))
    values = find_values(links)
    is_named = any(m.kind == "value" and _CAMPAIGN_COLUMN.search(m.name) for m in links.mentions)
    return values if is_named else None


_COMPARED = re.compile(r"(?i)\b(?:compared|than|versus|vs)\b[^.?]*$|(?:相比|比)[^，。]*$")
"""What stands before a time that is held against, and limits nothing."""


def _find_period(links: Links) -> Said | None:
    """A time that is no part of a campaign's name."""
    named = _find_campaign(links)
    for period in links.periods:
        is_name = named is not None and named.start < period.last and period.first < named.end
        if not is_name and _COMPARED.search(links.question[: period.first]) is None:
            return said_period(period)
    return None


_AFTER = re.compile(
    rf"(?i)\b(?:and\s+|with\s+|counting\s+)?(?:the\s+)?(?P<n>\d+|{'|'.join(NUMBER_WORDS)})\s+(?P<unit>day|week|month)s?\s+(?:after|later|afterwards)\b"
    r"|(?:加上|连同|含|算上)?(?:之后|其后|后面?|结束后)(?:的)?(?P<zn>\d+|[一二两三四五六七八九十])个?(?P<zunit>天|日|周|月)"
)
_ZH_UNITS = {"天": "day", "日": "day", "周": "week", "月": "month"}


def _find_after(links: Links) -> Said | None:
    match = _AFTER.search(links.question)
    if match is None:
        return None
    if match["n"] is not None:
        count, unit = NUMBER_WORDS.get(match["n"].lower(), match["n"]), match["unit"].lower()
    else:
        count = match["zn"] if match["zn"].isdigit() else zh_number(match["zn"])
        unit = _ZH_UNITS[match["zunit"]]
    return Said(text=f"{count} {unit}", start=match.start(), end=match.end())


_MONEY_WORDS = (
    re.compile(rf"(?i)\b(?:split|divide|allocate|distribute|spread|spend|invest|put|with|budget\s+(?:of|is))\s+(?:a\s+)?(?:budget\s+of\s+)?(?:the\s+)?[€$£¥]?\s?(?P<n>{_NUMBER})(?!\s*(?:customers?|buyers?|people|%|days?|weeks?|months?))"),
    re.compile(r"(?P<n>\d[\d,]*(?:\.\d+)?万?)(?:元|块钱?|欧元?|美元)?的?预算|预算(?:为|是|有|改成)?(?P<m>\d[\d,]*(?:\.\d+)?万?)|(?P<o>\d[\d,]*(?:\.\d+)?万?)(?:元|块|欧元?)?(?:怎么|如何|该怎么)"),
)  # fmt: skip


def _find_budget(links: Links) -> Said | None:
    for pattern in _MONEY_WORDS:
        if (match := pattern.search(links.question)) is not None:
            group = next(name for name, found in match.groupdict().items() if found)
            return Said(text=match[group], start=match.start(group), end=match.end(group))
    return None


WHAT = Parameter(
    name="what",
    about={
        "en": "whether campaigns were worth it, who should get the next, how to split a budget, or whether to switch",
        "zh": "活动是否划算、下次发给谁、预算怎么分，或是否该切换",
    },
    kind=Choice(("worth", "audience", "split", "switch")),
    find=in_words(
        [
            (re.compile(rf"(?i){pattern}"), name)
            for pattern, name in (
                (_SWITCH, "switch"), (_SPLIT, "split"), (_AUDIENCE, "audience"),
                (f"{_WORTH}|{_WORTH_ZH}", "worth"),
            )
        ]
    ),
)  # fmt: skip
CAMPAIGN = Parameter(
    name="campaign",
    about={"en": "these campaigns; else all", "zh": "只看这些活动；不说则为全部"},
    kind=CampaignName(),
    find=_find_campaign,
    lead={"en": "for the campaign ", "zh": "只看活动"},
)
PERIOD = Parameter(
    name="period",
    about={"en": "only campaigns that began in this time", "zh": "只看在这段时间内开始的活动"},
    kind=Time(),
    find=_find_period,
)
AFTER = Parameter(
    name="after",
    about={
        "en": "what was bought so long after a campaign counts as well",
        "zh": "活动结束后这段时间内的购买也算",
    },
    kind=Duration(180),
    find=_find_after,
    lead={"en": "with the ", "zh": ""},
)
SIZE = Parameter(
    name="size",
    about={"en": "how many customers at most", "zh": "最多多少位顾客"},
    kind=Whole(1, 1000),
    find=in_words(
        [
            (re.compile(r"(?i)\b(\d{1,4})\s+(?:customers?|buyers?|people|clients?|recipients?)\b"), r"\1"),
            (re.compile(r"(?i)\btop\s+(\d{1,4})\b"), r"\1"),
            (re.compile(r"(\d{1,4})\s?(?:个|位|名)(?:顾客|客户|用户|会员|人)?"), r"\1"),
        ]
    ),
)
RANK = Parameter(
    name="rank",
    about={
        "en": "first those who buy because of it, or those who would buy anyway",
        "zh": "先列因活动才买的，或本来就会买的",
    },
    kind=Choice(("uplift", "anyway")),
    find=in_words(
        [
            (
                re.compile(
                    r"(?i)\b(?:anyway|anyhow|regardless|in\s+any\s+case)\b|本来|反正|无论如何|不管|不发|没有?(?:券|优惠|活动)"
                ),
                "anyway",
            ),
        ]
    ),
)
BUDGET = Parameter(
    name="budget",
    about={"en": "the money to split", "zh": "要分配的金额"},
    kind=Money(),
    find=_find_budget,
    lead={"en": "with ", "zh": "预算"},
)
BY = Parameter(
    name="by",
    about={"en": "split between channels or offers", "zh": "按渠道或按优惠分配"},
    kind=Choice(("channel", "offer")),
    find=in_words(
        [
            (re.compile(r"(?i)\b(?:between|across|among|by|over|per)\s+(?:\w+\s+)?offers?\b|按(?:优惠|折扣)|(?:优惠|折扣)之间"), "offer"),
            (re.compile(r"(?i)\b(?:between|across|among|by|over|per)\s+(?:\w+\s+)?channels?\b|按渠道|渠道之间|各渠道"), "channel"),
        ]
    ),
)  # fmt: skip
PARAMETERS = (WHAT, CAMPAIGN, PERIOD, AFTER, SIZE, RANK, BUDGET, BY)

_OF_CAMPAIGNS = re.compile(rf"(?i)\b{_THING}\b|{_THING_ZH}")
_ASKS = tuple(re.compile(rf"(?i){pattern}") for pattern in (_SWITCH, _SPLIT, _AUDIENCE))
_JUDGES = re.compile(rf"(?i){_WORTH}|{_WORTH_ZH}")
_JUDGES_ALONE = re.compile(rf"(?i){_WORTH_ALONE}")


def claims(understood: Understood) -> Claim | None:
    """What asks whether campaigns were worth it, whom to send them, or how to split money; no figure of them."""
    text, links = understood.standalone, understood.links
    if asks_about_a_model(text):
        return None
    cue = next((match for ask in _ASKS if (match := ask.search(text)) is not None), None)
    if cue is None:
        if _FIGURES.search(text):
            return None
        names_one = any(m.kind == "value" and _CAMPAIGN_COLUMN.search(m.name) for m in links.mentions)
        judges = _JUDGES if _OF_CAMPAIGNS.search(text) else _JUDGES_ALONE if names_one else None
        cue = judges.search(text) if judges is not None else None
    if cue is None:
        return None
    named = [m for m in links.mentions if m.kind in ("metric", "column", "value")]
    if any(m.start <= cue.start() and cue.end() <= m.end for m in named):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
