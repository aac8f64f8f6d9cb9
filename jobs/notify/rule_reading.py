"""From words to a rule: "tell me when the return rate of any product doubles", 当日销售额低于一千提醒我.

What must be known is the figure and the condition; the figure, its groups and its values are found as those
of questions are. What is left over is asked back, and nothing is guessed: what a rule takes by itself (the
stretch of time, the least number) is told before it is kept, and can be said.
"""
# ruff: noqa: E501

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.errors import AskBack, Declined
from bot.parameters import Among, ColumnName, Unreadable, find_grouping, find_metric, find_values
from jobs.notify.rule import SHIFT, Against, Kind, Per, Rule, Side
from jobs.series import adds_up, has_time
from sql.question.linking import Links, Vocabulary, link
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS
from sql.semantics import Metric
from sql.types import Dialect
from telling.phrases import escape_markdown

T = TypeVar("T")
LEAST = 10
"""What a change, or a rate, is counted from at least where nothing is said."""
MOST_OPTIONS = 4

_ME = r"(?:me|us|the\s+team)"
CUE = re.compile(
    rf"(?i)\b(?:please\s+)?(?:(?:can|could)\s+you\s+)?(?:tell|warn|alert|notify|remind|message|inform|let)\s+{_ME}(?:\s+know)?\s*(?:,\s*)?(?:when(?:ever)?|if|once|as\s+soon\s+as|should)\b"
    rf"|\b(?:set\s+(?:up\s+)?|create\s+|make\s+|add\s+)?(?:an?\s+)?(?:alert|alarm|warning)\s+(?:{_ME}\s+)?(?:when(?:ever)?|if|once|as\s+soon\s+as)\b|\bi\s+want\s+to\s+(?:know|be\s+(?:told|warned|alerted))\s+(?:when(?:ever)?|if|once)\b"
)
CUE_ZH = re.compile(
    r"请?(?:及时|马上|立即)?(?:告诉|提醒|通知|警告|告知)(?:一下)?我们?(?:一下|一声)?|(?:发出?)?(?:告警|报警|预警)"
)
_NUM = (
    r"[€$£¥]?\s?-?\d[\d,]*(?:\.\d+)?\s?(?:k\b|thousand\b|million\b|万|千|百)?\s?(?:%|％|per\s?cent\b|percent\b|eur\b|usd\b|gbp\b|euros?\b|dollars?\b|欧元?|美元|元|块钱?|件|个|单|次|天|条)?"
    rf"|(?:{'|'.join(NUMBER_WORDS)})(?:\s+(?:hundred|thousand))?(?:\s+(?:per\s?cent|percent|euros?|dollars?))?\b|百分之[零一二两三四五六七八九十百\d.]+|[零一二两三四五六七八九十百千万]+(?:成|元|块钱?|件|个|单|欧元?|美元)?"
)
_MOVE_UP = r"(?:rises?|increases?|grows?|goes\s+up|jumps?|climbs?|surges?|is\s+up)"
_MOVE_DOWN = r"(?:falls?|drops?|declines?|decreases?|goes\s+down|sinks?|shrinks?|is\s+down)"
_VERB = r"(?:(?:ever\s+)?(?:falls?|drops?|sinks?|goes|rises?|climbs?|gets|is|are|was|stays?|runs?)\s+)?"


@dataclass(frozen=True, kw_only=True)
class _Form:
    """One way to say a condition."""

    pattern: re.Pattern[str]
    kind: Kind
    side: Side
    times: float = 0.0
    """Of a change that needs no number; else 0."""


def _form(pattern: str, kind: Kind, side: Side, times: float = 0.0) -> _Form:
    return _Form(pattern=re.compile(f"(?i){pattern}"), kind=kind, side=side, times=times)


_FORMS = (
    _form(r"\b(?:has\s+|have\s+|is\s+|are\s+)?(?:more\s+than\s+)?doubl(?:es?|ed)\b|翻了?(?:一)?[倍番]|增加一倍", "change", "above", 2.0),
    _form(r"\b(?:has\s+|have\s+|is\s+|are\s+)?tripl(?:es?|ed)\b|翻两番|增加两倍|变成三倍|涨到三倍", "change", "above", 3.0),
    _form(r"\b(?:has\s+|have\s+|is\s+|are\s+)?halv(?:es?|ed)\b|\b(?:is|are)\s+cut\s+in\s+half\b|减半|腰斩|降(?:低|到)?一半", "change", "below", 0.5),
    _form(rf"\b{_MOVE_UP}\s+(?:by\s+)?(?:more\s+than\s+|at\s+least\s+|over\s+)?(?!(?:above|over|to|beyond)\b)(?P<by>{_NUM})", "change", "above"),
    _form(rf"\b{_MOVE_DOWN}\s+(?:by\s+)?(?:more\s+than\s+|at\s+least\s+|over\s+)?(?!(?:below|under|to)\b)(?P<by>{_NUM})", "change", "below"),
    _form(rf"(?:上升|上涨|增长|增加|提高|涨)了?(?:超过|至少|达到?)?(?P<by>{_NUM})", "change", "above"),
    _form(rf"(?:下降|下跌|减少|降低|下滑|跌)了?(?:超过|至少|达到?)?(?P<by>{_NUM})", "change", "below"),
    _form(rf"\b{_VERB}(?:to\s+)?(?:below|under|beneath|(?:less|lower|fewer)\s+than)\s+(?P<at>{_NUM})", "level", "below"),
    _form(rf"\b{_VERB}(?:to\s+)?(?:above|over|beyond|(?:more|higher|greater)\s+than)\s+(?P<at>{_NUM})|\bexceeds?\s+(?P<at2>{_NUM})", "level", "above"),
    _form(rf"(?:跌破|低于|少于|不足|小于|不到|降到)(?P<at>{_NUM})(?:以下)?|(?P<at2>{_NUM})以下", "level", "below"),
    _form(rf"(?:高于|超过|大于|多于|突破|超出)(?P<at>{_NUM})(?:以上)?|(?P<at2>{_NUM})以上", "level", "above"),
)  # fmt: skip
_PER: tuple[tuple[re.Pattern[str], Per], ...] = (
    (re.compile(r"(?i)\b(?:(?:of|in|on|for|per|by|each|every|any|a|one|single|the)\s+)*(?:days?|daily)\b(?!\s*(?:before|ago))|(?:当|每|单|一|任何一|任意一|某)[日天]的?|日均"), "day"),
    (re.compile(r"(?i)\b(?:(?:of|in|for|per|by|each|every|any|a|one|single|the)\s+)*(?:weeks?|weekly)\b(?!\s*(?:before|ago))|(?:当|每|单|一|任何一|某)(?:个)?(?:周|星期)的?"), "week"),
    (re.compile(r"(?i)\b(?:(?:of|in|for|per|by|each|every|any|a|one|single|the)\s+)*(?:months?|monthly)\b(?!\s*(?:before|ago))|(?:当|每|单|一|任何一|某)个?月的?"), "month"),
)  # fmt: skip
_LEAD = r"(?:(?:when|if)\s+)?(?:compared?\s+(?:with|to)\s+|against\s+|than\s+|over\s+|from\s+|versus\s+|vs\.?\s+)?(?:(?:that|those)\s+of\s+)?"
_AGAINST: tuple[tuple[re.Pattern[str], Against], ...] = (
    (re.compile(rf"(?i)\b{_LEAD}the\s+same\s+(?:week)?day\s+(?:of\s+)?(?:a|the|last)\s*week(?:\s+(?:before|ago|earlier))?|\b{_LEAD}the\s+same\s+weekday\b(?:\s+(?:of\s+)?(?:a|the|last)\s*week(?:\s+(?:before|ago))?)?|(?:和|与|跟|比|较)?上周(?:的)?(?:同一天|同日|同期)(?:相比|比)?"), "weekday"),
    (re.compile(rf"(?i)\b{_LEAD}(?:a|the|last)\s+year(?:\s+(?:before|ago|earlier))?\b|\byear[\s-]on[\s-]year\b|同比|(?:和|与|跟|比|较)?去年(?:同期|同月)?(?:相比|比)?"), "year"),
    (re.compile(rf"(?i)\b{_LEAD}the\s+(?:(?:day|week|month|period)\s+before|(?:previous|prior)\s+(?:day|week|month|period))\b|环比|(?:和|与|跟|比|较)?(?:前一?天|前一?日|上一?周|上个?月|前一期)(?:相比|比)?"), "before"),
)  # fmt: skip
_LEAST = re.compile(
    r"(?i),?\s*\b(?:with|and|but\s+only\s+(?:with|from|for)|counting|from|where\s+there\s+(?:are|were))\s+at\s+least\s+(?P<n>\d{1,6})(?:\s+(?:of\s+them|returns?|orders?|rows?|units?|pieces?|events?|cases?))?|[,，]?\s*(?:且|并且)?(?:至少|不少于)有?(?P<zh>\d{1,6})(?:个|件|单|次|条)?"
)
_EACH = re.compile(
    r"(?i)\b(?:any\s+(?:one\s+|single\s+)?|each\s+|every\s+|some\s+|a\s+single\s+|an?\s+)$|(?:任何|任一|任意|某|每|各)(?:一)?(?:个|款|种|件|家)?$"
)
_FILLER = re.compile(
    r"(?i)^(?:the|a|an|of|in|on|for|at|to|our|my|your|any|each|every|some|one|single|me|us|please|and|it|its|that|this|is|are|was|be|has|have|goes|ever|suddenly|again|then|shop|as|by|per|when|if|once|should|whenever|number|value|than|with|figure|level|total)$"
    r"|^[的了吗呢请我们当时候如果一旦若就要把给和与是在每任何某个款种件各会有数量值，。时]+$"
)
_CURRENCIES = {"€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "欧": "EUR", "欧元": "EUR", "$": "USD", "usd": "USD",
               "dollar": "USD", "dollars": "USD", "美元": "USD", "£": "GBP", "gbp": "GBP"}  # fmt: skip


def asks_for_rule(text: str) -> bool:
    """Whether words ask to be told of something that may come: they order it, and name a condition."""
    is_ordered = CUE.search(text) is not None or CUE_ZH.search(text) is not None
    return is_ordered and any(form.pattern.search(text) for form in _FORMS)


def read_rule(
    text: str, vocabulary: Vocabulary, dialect: Dialect, today: dt.date, role: str, *, per: Per | None = None,
    against: Against | None = None, least: int | None = None,
) -> Rule:  # fmt: skip
    """The rule that ``text`` says.

    Args:
        role: its name, for what it may not see.
        per, against, least: what was said elsewhere, which goes before the words.
    Raises:
        AskBack: the condition or the figure is missing, or words are left over.
        Declined: the role may not see what is named.
    """
    said = " ".join(text.split())
    rest = _Rest(said)
    rest.take(CUE)
    rest.take(CUE_ZH)
    count = rest.take(_LEAST)
    against = against or rest.first(_AGAINST)
    form, match = _condition(rest, said)
    rest.blank(*match.span())
    said_per = rest.first(_PER)
    links = link(rest.text, vocabulary, today)
    _check_hidden(links, role)
    metric = _metric(links, vocabulary, said)
    by, at = _group(links, vocabulary)
    only = _values(links, vocabulary, at)
    _check_rest(links, at, said)
    is_rate = not adds_up(metric, dialect) and metric.last is None
    stands = metric.is_composed or has_time(metric, vocabulary)
    if against == "weekday" and stands:
        per = per or said_per or "day"
    per = (
        per
        or said_per
        or ("now" if not stands else "day" if form.kind == "level" and not is_rate else "week")
    )
    if not stands and (form.kind == "change" or per != "now"):
        raise AskBack("rule_no_time", {"metric": escape_markdown(metric.name)})
    against = against or "before"
    if form.kind == "change" and (per, against) not in SHIFT:
        raise AskBack("rule_no_weekday", {"per": per})
    if least is None:
        said_least = (count["n"] or count["zh"]) if count is not None else None
        needs = form.kind == "change" or (is_rate and stands)
        least = int(said_least) if said_least else LEAST if needs else 0
    return Rule(
        text=said,
        metric=metric.name,
        kind=form.kind,
        side=form.side,
        amount=_amount(form, match, metric, said),
        per=per,
        by=by,
        only=only,
        against=against,
        least=least,
    )


class _Rest:
    """Words that are not understood yet; what is taken becomes spaces, so that places stay."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.search(self.text)
        if match is not None:
            self.blank(*match.span())
        return match

    def first(self, patterns: Sequence[tuple[re.Pattern[str], T]]) -> T | None:
        for pattern, meaning in patterns:
            if self.take(pattern) is not None:
                return meaning
        return None

    def blank(self, start: int, end: int) -> None:
        self.text = f"{self.text[:start]}{' ' * (end - start)}{self.text[end:]}"


def _condition(rest: _Rest, said: str) -> tuple[_Form, re.Match[str]]:
    found = [(form, match) for form in _FORMS if (match := form.pattern.search(rest.text)) is not None]
    if not found:
        raise _asked("rule_no_condition", said)
    first_form, first = found[0]
    apart = [match for _, match in found[1:] if match.start() >= first.end() or match.end() <= first.start()]
    if apart or len(list(first_form.pattern.finditer(rest.text))) > 1:
        raise _asked("rule_two_conditions", said)
    return first_form, first


def _metric(links: Links, vocabulary: Vocabulary, said: str) -> Metric:
    named = find_metric(links)
    metric = vocabulary.metric(named.text) if named is not None else None
    if metric is None:
        names = ", ".join(each.name.replace("_", " ") for each in vocabulary.metrics[:MOST_OPTIONS])
        raise _asked("rule_no_metric", said, metrics=names)
    return metric


def _group(links: Links, vocabulary: Vocabulary) -> tuple[str, tuple[int, int] | None]:
    """The column whose values are each looked at by themselves, and where it is said."""
    text = links.question
    for mention in links.mentions:
        lead = _EACH.search(text[: mention.start])
        if mention.kind == "column" and lead is not None:
            try:
                return ColumnName().value(mention.name, vocabulary), (lead.start(), mention.end)
            except Unreadable:
                continue
    said = find_grouping(links)
    if said is None:
        return "", None
    try:
        return ColumnName().value(said.text, vocabulary), (said.start, said.end)
    except Unreadable:
        return "", None


def _values(
    links: Links, vocabulary: Vocabulary, group: tuple[int, int] | None
) -> dict[str, tuple[str, ...]]:
    said = find_values(links)
    if said is None or (group is not None and group[0] < said.end and said.start < group[1]):
        return {}
    try:
        return {column: tuple(values) for column, values in Among().value(said.text, vocabulary).items()}
    except Unreadable:
        raise _asked("rule_not_understood", links.question, words=said.text) from None


def _check_hidden(links: Links, role: str) -> None:
    if links.hidden:
        names = ", ".join(dict.fromkeys(mention.text for mention in links.hidden))
        raise Declined("rule_hidden", {"names": escape_markdown(names), "role": escape_markdown(role)})


def _check_rest(links: Links, group: tuple[int, int] | None, said: str) -> None:
    """Raise ``AskBack`` for words, numbers and times that no part of the rule stands for."""
    left = [word for word in links.unknown if not _FILLER.match(word)]
    left += [number.text for number in links.numbers]
    left += [period.text.strip() for period in links.periods]
    columns = [m for m in links.mentions if m.kind == "column" and m.score >= 1]
    others = [m for m in links.mentions if m.kind in ("metric", "value", "view")]
    for mention in columns:
        is_group = group is not None and group[0] < mention.end and mention.start < group[1]
        is_same = any(o.start < mention.end and mention.start < o.end for o in others)
        if not is_group and not is_same:
            left.append(mention.text)
    measures = dict.fromkeys((m.start, m.end) for m in links.mentions if m.kind == "metric")
    spans = [
        span
        for span in measures
        if not any(o != span and o[0] <= span[0] and span[1] <= o[1] for o in measures)
    ]
    if len(spans) > 1:
        left += [links.question[start:end] for start, end in spans[1:]]
    if left:
        raise _asked("rule_not_understood", said, words=", ".join(dict.fromkeys(left)))


def _asked(key: str, said: str, **values: str) -> AskBack:
    told = {"said": said, **values}
    error = AskBack(key, {name: escape_markdown(text) for name, text in told.items()})
    error.is_open = True
    return error


# ---- numbers ----------------------------------------------------------------------------------------------


def _amount(form: _Form, match: re.Match[str], metric: Metric, said: str) -> float:
    if form.times:
        return form.times
    groups = match.groupdict()
    text = next(each for each in (groups.get("by"), groups.get("at"), groups.get("at2")) if each)
    number, is_percent, currency = _number(text)
    if number is None:
        raise _asked("rule_no_number", said, number=text)
    if form.kind == "change":
        if not is_percent:
            raise _asked("rule_by_percent", said, number=text.strip())
        share = number / 100
        if form.side == "below" and share >= 1:
            raise _asked("rule_no_number", said, number=text)
        return 1 + share if form.side == "above" else round(1 - share, 6)
    if (metric.unit == "%") != is_percent:
        raise _asked("rule_percent" if metric.unit == "%" else "rule_no_percent", said, number=text.strip())
    if currency and metric.unit and currency != metric.unit:
        raise _asked("rule_currency", said, unit=metric.unit)
    return number / 100 if is_percent else number


def _number(text: str) -> tuple[float | None, bool, str]:
    """The number, whether it is of a hundred, and the currency that is named."""
    said = text.strip().lower()
    is_percent = re.search(r"%|％|per\s?cent|percent|百分之|成$", said) is not None
    currency = next((code for sign, code in _CURRENCIES.items() if sign in said), "")
    if (digits := re.search(r"-?\d[\d,]*(?:\.\d+)?", said)) is not None:
        number = float(digits[0].replace(",", ""))
        scale = re.search(r"(k\b|thousand|千)|(million)|(万)|(百)", said[digits.end() :])
        times = (
            next((t for t, hit in zip((1e3, 1e6, 1e4, 1e2), scale.groups(), strict=True) if hit), 1.0)
            if scale
            else 1.0
        )
        return number * times, is_percent, currency
    words = said.split()
    if words and words[0] in NUMBER_WORDS:
        times = 1e3 if "thousand" in words else 1e2 if "hundred" in words else 1.0
        return NUMBER_WORDS[words[0]] * times, is_percent, currency
    numeral = re.search(r"[零一二两三四五六七八九十百千万]+", said.replace("百分之", ""))
    found = zh_number(numeral[0]) if numeral else None
    if found is None:
        return None, is_percent, currency
    return float(found) * (10 if said.endswith("成") else 1), is_percent, currency
