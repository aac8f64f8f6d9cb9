"""What a message says of a rule: what the job claims, and its parameters by words and by name."""

from __future__ import annotations

import re

from bot.job import Claim, Strength, Understood
from bot.parameters import Choice, Parameter, Said, Unreadable, Whole, in_words
from jobs.notify.rule_reading import asks_for_rule
from sql.question.linking import Links, Vocabulary

MOST_CHARACTERS = 300
_KEEP = re.compile(r"(?i)\W*(?:yes,?\s*)?(?:please\s+)?(?:keep|save|add|set)\s+(?:it|that|this|the\s+rule)\W*|\W*(?:保留|保存|添加|就这样)(?:它|吧|规则|这条规则)?\W*")  # fmt: skip  # noqa: E501


class RuleText:
    """A rule in words."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """The words themselves: what they mean is read with the rest. ``Unreadable``: empty, or too long."""
        if not 1 <= len(text.strip()) <= MOST_CHARACTERS:
            raise Unreadable(text)
        return text.strip()

    def expected(self, language: str) -> str:
        """An example."""
        if language == "zh":
            return "一条规则，如“退货率翻倍时告诉我”"
        return "a rule, such as “tell me when the return rate doubles”"


def _find_rule(links: Links) -> Said | None:
    if not asks_for_rule(links.question) or re.match(r"notify\s+\w+\s?=", links.question):
        return None
    text = links.question
    end = re.search(r"\s+(?:keep|least|per|against)\s?=", text)
    return Said(
        text=text[: end.start() if end else len(text)], start=0, end=end.start() if end else len(text)
    )


RULE = Parameter(
    name="rule",
    about={"en": "when to tell, in words", "zh": "何时提醒（用文字）"},
    kind=RuleText(),
    find=_find_rule,
)
KEEP = Parameter(
    name="keep",
    about={"en": "keep it, and tell from now on", "zh": "保留，从现在起提醒"},
    kind=Choice(("yes", "no")),
    find=in_words([]),
)
PER = Parameter(
    name="per",
    about={"en": "the figure of a day, a week or a month", "zh": "每天、每周或每月的数字"},
    kind=Choice(("day", "week", "month")),
    find=in_words([]),
)
AGAINST = Parameter(
    name="against",
    about={
        "en": "a change against the period before, the same weekday or a year before",
        "zh": "变化与前一期、上周同日或去年相比",
    },
    kind=Choice(("before", "weekday", "year")),
    find=in_words([]),
)
LEAST = Parameter(
    name="least",
    about={"en": "how many of what is counted it needs at least", "zh": "至少要有多少个"},
    kind=Whole(0, 1_000_000),
    find=in_words([]),
)
PARAMETERS = (RULE, KEEP, PER, AGAINST, LEAST)


def claims(understood: Understood) -> Claim | None:
    """What orders to be told of something that may come."""
    return Claim(strength=Strength.SAID, reason="cue") if asks_for_rule(understood.standalone) else None


def follow(previous: str, message: str) -> str | None:
    """ "keep it" after a rule was shown → the same, to be kept."""
    if "keep=" in previous or not _KEEP.fullmatch(message):
        return None
    return f"{previous} keep=yes"
