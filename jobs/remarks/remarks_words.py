"""What a question asks of what reviews say: what the job claims, and its parameters by words and by name."""
# ruff: noqa: E501

from __future__ import annotations

import re
from dataclasses import replace

from bot.job import Claim, Strength, Understood
from bot.parameters import (
    Among,
    Choice,
    ColumnName,
    Parameter,
    Said,
    Unreadable,
    Whole,
    find_grouping,
    find_values,
    in_words,
)
from jobs.not_heard import MEANT
from jobs.said_periods import Time, find_period
from retrieval.opinion_mining.aspects import split
from sql.question.linking import Links, Mention, Vocabulary

_WROTE = r"(?:reviews?|reviewers?|comments?|feedback|remarks?|mentions?|opinions?|buyers?|customers?|people)"
_TEXTS = r"(?:reviews?|comments?|feedback|remarks?|mentions?|opinions?)"
_NAMES = r"(?:mention(?:s|ed|ing)?|talk(?:s|ed|ing)?\s+about|speak(?:s|ing)?\s+(?:of|about)|complain(?:s|ed|ing)?\s+(?:about|of)|praises?|name[sd]?|are\s+about|say\s+something\s+about)"
_SAYING = r"(?:complaints?|gripes?|criticisms?|praise|compliments?|negative\s+(?:remarks?|comments?|points?|mentions?)|positive\s+(?:remarks?|comments?|points?|mentions?)|remarks?)"
CUE = re.compile(
    rf"(?ix)\b(?:share|percentage|proportion|fraction|part|per\ cent|percent|how\ many)\s+of\s+(?:(?:the|our|all|negative|positive|bad|good)\s+)*(?:{_WROTE}\b.{{0,40}}?\b{_NAMES}\b|{_TEXTS}\s+(?:on|about)\s+(?:the\s+)?[a-z])"
    rf"|\bhow\ many\s+(?:(?:of\ the|negative|positive|bad|good)\s+)*{_WROTE}\s+{_NAMES}\b|\bhow\ often\s+(?:do|does|is|are)\b.{{0,40}}\b(?:mention|complain|praise)\w*"
    rf"|\bcomplain(?:s|ing)?\s+(?:the\s+)?(?:most|mainly|mostly)\b|\bcomplain(?:s|ing)?\s+about\s+(?:the\s+)?most\b|\bpraises?\s+(?:the\s+)?most\b|\b(?:like|love|dislike|hate)s?\s+(?:the\s+)?most\s+in\s+reviews\b"
    rf"|\b(?:top\s+(?:\d+\s+)?|main\s+|biggest\s+|(?:most\s+)?(?:common|frequent)\s+){_SAYING}\b|\bmost\s+{_SAYING}\s+(?:about|on|regarding)\b"
    rf"|\b{_SAYING}\s+(?:about|on|regarding)\b.{{1,60}}\b(?:by|per)\s+[a-z]|\baspects?\s+(?:of|for|with|in)\b|\bwhich\s+aspects?\b|\bwhat\s+(?:are|do)\s+(?:the\s+)?(?:negative|bad)\s+reviews\b.{{0,12}}\b(?:about|mostly|mainly)"
    r"|提到.{1,12}(?:评价|评论|差评|好评|顾客).{0,6}(?:占|多少|比例|几成|百分)|(?:评价|评论|差评|好评|顾客).{0,10}(?:提到|提及|谈到|说到).{1,14}(?:占|多少|比例|几成|百分)"
    r"|(?:差评|好评|抱怨|吐槽)(?:里|中|都|们)?(?:主要|大多|一般|最多|最常)|(?:最|主要)(?:常|多)?(?:被)?(?:抱怨|吐槽|夸|称赞|提到)|(?:抱怨|吐槽|不满)(?:的)?(?:最多|什么|哪些方面)|评价里.{0,10}(?:抱怨|吐槽|夸)"
    r"|(?:关于|对|提到)?[\u4e00-\u9fff]{1,6}(?:的)?(?:差评|抱怨|好评)(?:的)?(?:占比|比例|占多少)|(?:差评|抱怨|吐槽)最多的?(?:商品|产品|品类|方面)|(?:哪些|各个?|每个|什么)方面(?:的)?(?:评价|好评|差评|被)|(?:关于|提到).{1,8}(?:的)?(?:抱怨|差评|吐槽)最多"
)
NAME = re.compile(r"^remarks\b")
COMPLAINTS = re.compile(
    r"(?i)\b(?:complain\w*|complaints?|negative|bad|gripes?|criticisms?|dislikes?|hates?|worst|unhappy)\b|差评|抱怨|吐槽|不满|负面"
)
PRAISE = re.compile(
    r"(?i)\b(?:positive|praise\w*|compliments?|likes?|loves?|good\s+(?:ones|reviews|remarks))\b|好评|称赞|夸|正面|喜欢"
)
BOTH = re.compile(
    r"(?i)\b(?:polarity|sentiment|pros\s+and\s+cons|good\s+and\s+bad|both\s+sides|all\s+remarks)\b|正负|褒贬|好坏"
)

_X = r"(?P<x>[a-z][\w'-]*(?:\s+[a-z][\w'-]*){0,2}?)"
_STOPS = r"(?=\s+(?:by|per|in|for|of|from|last|this|since|until|before|after|during|are|is|was|were|each|every|and|over|among|with|at|get|gets|most)\b|\s*[?？,，.!。=]|\s*$)"
_ASPECT = (
    re.compile(rf"(?i)\b{_NAMES}\s+(?:(?:the|its|their|our|a|an|any)\s+)?{_X}{_STOPS}"),
    re.compile(rf"(?i)\b(?:{_SAYING}|reviews?|comments?|feedback|negative|positive)\s+(?:on|about|regarding|of|with)\s+(?:(?:the|its|their|our)\s+)?{_X}{_STOPS}"),
    re.compile(r"(?:提到|提及|谈到|说到|关于|对)了?(?P<x>[\u4e00-\u9fff]{1,8}?)(?=的|占|有多少|评|差评|好评|抱怨|$|[，。？?])"),
    re.compile(r"(?P<x>[\u4e00-\u9fff]{2,6}?)(?:的)?(?:差评|抱怨|好评)(?:的)?(?:占比|比例|占多少|最多)"),
)  # fmt: skip
_NO_ASPECT = re.compile(
    r"(?i)^(?:most(?:\s.*)?|it|them|us|this|that|these|those|what|which|something|anything|products?|items?|reviews?|month|week|year|quarter|category|"
    r"customers?|shop|store|polarity|sentiment|everything|all|negative|positive|this month|last month|which product)$|^(?:什么|哪些|哪个|这个?|商品|产品|评价|评论|主要|大家|顾客|买家|的|里|中)+$|最|哪|按|每"
)
_GRAINS = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year", "天": "day", "日": "day", "周": "week", "月": "month", "季度": "quarter", "季": "quarter", "年": "year"}  # fmt: skip
_GRAIN = re.compile(
    r"(?i)\b(?:by|per|each|every|over)\s+(?:the\s+)?(?P<en>day|week|month|quarter|year)s?\b|\b(?P<ly>month|week|quarter|year)ly\b|按(?P<zh>天|日|周|月|季度|季|年)(?:份)?看?|每个?(?P<each>天|日|周|月|季度|年)"
)
_WHICH = re.compile(
    r"(?i)\bwhich\s+(?P<en>[a-z]+)\b|哪(?:个|款|种|些)(?P<zh>商品|产品|品类|类别|品牌|国家)|最多的(?P<most>商品|产品|品类|品牌)"
)
MOST_LETTERS = 40


class AspectWords:
    """What reviews speak of, in a word or three."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: it holds no word, or is a whole sentence."""
        if len(text) > MOST_LETTERS or not any(word[0].isalpha() for word in split(text)):
            raise Unreadable(text)
        return " ".join(text.split())

    def expected(self, language: str) -> str:
        """Examples."""
        return "一个方面，如 电池" if language == "zh" else "a word or two, such as battery"


class Per:
    """A column, or a unit of time."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Name of the column, or of the unit; ``Unreadable`` where it is neither."""
        grain = _GRAINS.get(text.lower().rstrip("s"))
        return grain if grain is not None else ColumnName().value(text, vocabulary)

    def expected(self, language: str) -> str:
        """Both."""
        return (
            "一列，或 day、week、month、quarter、year"
            if language == "zh"
            else "a column, or day, week, month, quarter, year"
        )


def _find_per(links: Links) -> Said | None:
    """ "by month", 按月, "by product", "which product"."""
    grain = _GRAIN.search(links.question)
    if grain is not None:
        text = _GRAINS[next(filter(None, grain.groups())).lower()]
        return Said(text=text, start=grain.start(), end=grain.end())
    said = find_grouping(links)
    if said is not None:
        return said
    which = _WHICH.search(links.question)
    if which is None:
        return None
    start, end = which.span(which.lastgroup or 0)
    column = next(
        (m.name for m in links.mentions if m.kind == "column" and m.start < end and start < m.end), None
    )
    return Said(text=column, start=which.start(), end=which.end()) if column is not None else None


def _find_aspect(links: Links) -> Said | None:
    """What is named behind "mention", "complaints about", 提到 and the like, and is no value, period or column."""
    text = links.question
    taken = [(m.start, m.end) for m in links.mentions if m.kind == "value" and _is_sure(m)]
    taken += [(period.first, period.last) for period in links.periods]
    per = _find_per(links)
    taken += [(per.start, per.end)] if per is not None else []
    for start, end in taken:
        text = text[:start] + "," * (end - start) + text[end:]
    for pattern in _ASPECT:
        for match in pattern.finditer(text):
            if not _NO_ASPECT.search(match["x"].strip()):
                start, end = match.span("x")
                return Said(text=text[start:end], start=start, end=end)
    return None


def _is_sure(mention: Mention) -> bool:
    """Whether a value is named as a whole: "zip" may be a part of a product's name, 包 one of 包装."""
    return not mention.is_part and mention.score > MEANT and mention.end - mention.start > 1


def _find_only(links: Links) -> Said | None:
    """Values that are named, without what is the aspect."""
    aspect = _find_aspect(links)
    if aspect is None:
        return find_values(links)
    others = tuple(m for m in links.mentions if m.end <= aspect.start or aspect.end <= m.start)
    return find_values(replace(links, mentions=others))


def _find_sign(links: Links) -> Said | None:
    return in_words([(BOTH, "both"), (COMPLAINTS, "complaints"), (PRAISE, "praise")])(links)


ASPECT = Parameter(
    name="aspect",
    about={"en": "what is spoken of; else what is spoken of most", "zh": "说到的方面；不说则列出说得最多的"},
    kind=AspectWords(),
    find=_find_aspect,
    lead={"en": "about ", "zh": "关于"},
)
SIGN = Parameter(
    name="sign",
    about={"en": "complaints or praise come first", "zh": "先列抱怨（complaints）或好评（praise）"},
    kind=Choice(("complaints", "praise", "both")),
    find=_find_sign,
)
PER = Parameter(
    name="per",
    about={
        "en": "a row for each value of this column, or for each month, week …",
        "zh": "按这一列，或按月、周等分行",
    },
    kind=Per(),
    find=_find_per,
)
ONLY = Parameter(
    name="only",
    about={"en": "only reviews of these values", "zh": "只看这些值的评价"},
    kind=Among(),
    find=_find_only,
    lead={"en": "for ", "zh": "只看"},
)
PERIOD = Parameter(
    name="period",
    about={"en": "written in this time", "zh": "在这段时间写的评价"},
    kind=Time(),
    find=find_period,
)
TOP = Parameter(
    name="top",
    about={"en": "how many rows", "zh": "多少行"},
    kind=Whole(1, 50),
    find=in_words([(re.compile(r"(?i)\btop\s+(\d+)\b"), r"\1"), (re.compile(r"前(\d+)[个名条位]?"), r"\1")]),
)
PARAMETERS = (ASPECT, SIGN, PER, ONLY, PERIOD, TOP)


_STARS = re.compile(r"(?i)[一二三四五\d]\s*星|\b(?:[1-5]|one|two|three|four|five)[-\s]stars?\b")
"""Reviews of so many stars are counted by their rating."""


def claims(understood: Understood) -> Claim | None:
    """What asks how many reviews speak of something, or of what they speak most; ratings are figures."""
    text = understood.standalone
    if _STARS.search(text):
        return None
    return Claim(strength=Strength.SAID, reason="cue") if CUE.search(text) else None
