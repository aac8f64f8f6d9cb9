"""What a job takes from words: typed, shown so that it can be changed, and changed by a follow-up.

A parameter is read in two ways, in one message: as ``name=value`` (``forecast horizon="6 weeks"``), and by
the words that its job knows it by ("for the next six weeks"). The place of the words is kept, so that a
follow-up ("next 3 months instead") puts its own words there: whatever a job runs with stands in the
standalone question, and is read from nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from bot.errors import Declined
from bot.followup import Span, features_of
from sql.question.linking import Links, Mention, Vocabulary, link
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS
from sql.semantics import Metric
from telling.phrases import SPOKEN, escape_markdown

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_PAIR = re.compile(
    r"(?<![\w=])(?P<name>[a-z_]+)\s?=\s?(?P<value>\"[^\"]*\"|“[^”]*”|[^\s\"“”]+)", re.IGNORECASE
)


class Unreadable(ValueError):
    """A text is no value of a parameter."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words of a question that give a parameter its value."""

    text: str
    """The value as it can be written behind ``name=``."""
    start: int
    end: int
    """Exclusive."""


class Kind(Protocol[T_co]):
    """What values a parameter has."""

    def value(self, text: str, vocabulary: Vocabulary) -> T_co:
        """The value of a written text; ``Unreadable`` when it is none."""

    def expected(self, language: str) -> str:
        """What values there are, in words."""


@dataclass(frozen=True, kw_only=True)
class Parameter(Generic[T]):
    """One thing that a job can be told."""

    name: str
    about: Mapping[str, str]
    """What it means, in each language."""
    kind: Kind[T]
    find: Callable[[Links], Said | None]
    """Where the words of a question give it a value; ``None`` where they do not."""
    is_free_text: bool = False
    """Whether its value is somebody's text; double quotes in it are written as single ones."""
    lead: Mapping[str, str] = field(default_factory=dict)
    """What stands before its words where a follow-up adds them, by language ("for ", 只看)."""


Parameters = tuple[Parameter[Any], ...]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one question gives a job's parameters."""

    said: Mapping[str, Said] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)

    def get(self, parameter: Parameter[T]) -> T | None:
        """The value; ``None`` where the question gives none."""
        return cast("T | None", self.values.get(parameter.name))

    def covers(self, start: int, end: int) -> bool:
        """Whether a parameter was read from any of that stretch of the question."""
        return any(each.start < end and start < each.end for each in self.said.values())


def find_said(links: Links, parameters: Parameters) -> dict[str, Said]:
    """Where a question gives each of ``parameters`` a value; written pairs before words.

    A pair inside somebody's text gives none: what a letter says is no setting.
    """
    names = {parameter.name for parameter in parameters}
    texts = [said for each in parameters if each.is_free_text and (said := each.find(links)) is not None]
    found: dict[str, Said] = {}
    for pair in _PAIR.finditer(links.question):
        name = pair["name"].lower()
        if name in names and not any(text.start < pair.end() and pair.start() < text.end for text in texts):
            found.setdefault(name, Said(text=pair["value"].strip('"“”'), start=pair.start(), end=pair.end()))
    pairs = [(each.start, each.end) for each in found.values()]
    for parameter in parameters:
        said = parameter.find(links) if parameter.name not in found else None
        if said is not None and not any(s < said.end and said.start < e for s, e in pairs):
            found[parameter.name] = said
    return found


def says_only(links: Links, parameters: Parameters) -> bool:
    """Whether a message is nothing but values of ``parameters``: "top 3", "with 95 %"."""
    rest = list(links.question)
    for said in find_said(links, parameters).values():
        rest[said.start : said.end] = " " * (said.end - said.start)
    return not any(character.isalnum() for character in rest)


def read_settings(links: Links, parameters: Parameters, vocabulary: Vocabulary, language: str) -> Settings:
    """The values that a question gives.

    Raises:
        Declined: a value cannot be read, or a pair names no parameter; with what is expected.
    """
    said = find_said(links, parameters)
    spoken = language if language in SPOKEN else "en"
    values = {}
    for parameter in parameters:
        if (each := said.get(parameter.name)) is None:
            continue
        try:
            values[parameter.name] = parameter.kind.value(each.text, vocabulary)
        except Unreadable:
            told = {"name": parameter.name, "text": each.text, "expected": parameter.kind.expected(spoken)}
            safe = {name: escape_markdown(text) for name, text in told.items()}
            raise Declined("bad_parameter", safe) from None
    return Settings(said=said, values=values)


def check_names(question: str, parameters: Parameters) -> None:
    """Raise ``Declined`` where a question by a job's name gives a value to what the job does not take."""
    names = [parameter.name for parameter in parameters]
    unknown = [pair["name"] for pair in _PAIR.finditer(question) if pair["name"].lower() not in names]
    if unknown:
        known = escape_markdown(", ".join(names))
        raise Declined("unknown_parameter", {"name": escape_markdown(unknown[0]), "names": known})


def written(name: str, values: Mapping[str, str]) -> str:
    """A job and what it runs with, as a message that asks for the same again."""
    return " ".join([name, *(_pair(key, text) for key, text in values.items())])


def _pair(name: str, text: str) -> str:
    return f'{name}="{text}"' if re.search(r"\s", text) else f"{name}={text}"


def changed(previous: Links, said: Links, parameters: Parameters) -> str | None:
    """The question before with the values that a follow-up names; ``None`` when it names none.

    What has a place in the question before is put there, and what has none at its end.
    """
    new, old = find_said(said, parameters), find_said(previous, parameters)
    if not new:
        return None
    text = previous.question
    body = text.rstrip(" ?？.。!！")
    mark = text[len(body) :].strip()
    language = "zh" if re.search(r"[\u4e00-\u9fff]", body) else "en"
    added = ""
    edits: list[tuple[int, int, str]] = []
    for parameter in parameters:
        if parameter.name not in new:
            continue
        at = new[parameter.name]
        words = said.question[at.start : at.end]
        if (place := old.get(parameter.name)) is not None:
            if _PAIR.fullmatch(text[place.start : place.end]):
                words = _pair(parameter.name, at.text)
            edits.append((place.start, place.end, words))
        else:
            added += ("，" if language == "zh" else " ") + parameter.lead.get(language, "") + words
    for start, end, words in sorted(edits, reverse=True):
        body = body[:start] + words + body[end:]
    return f"{body}{added}{mark}"


# ---- kinds ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both inclusive."""

    least: int
    most: int

    def value(self, text: str, vocabulary: Vocabulary) -> int:
        """Raises ``Unreadable``: it is none, or out of bounds."""
        if (
            not re.fullmatch(r"\d{1,9}", text.strip(" %"))
            or not self.least <= int(text.strip(" %")) <= self.most
        ):
            raise Unreadable(text)
        return int(text.strip(" %"))

    def expected(self, language: str) -> str:
        """The bounds."""
        return f"{self.least} 到 {self.most} 的整数" if language == "zh" else f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Choice:
    """One of some words."""

    options: tuple[str, ...]

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: it is none of them."""
        if text.lower() not in self.options:
            raise Unreadable(text)
        return text.lower()

    def expected(self, language: str) -> str:
        """The options."""
        return (" 或 " if language == "zh" else " or ").join(self.options)


@dataclass(frozen=True, kw_only=True)
class Length:
    """A stretch of time."""

    count: int
    unit: str
    """``day``, ``week``, ``month``, ``quarter`` or ``year``."""

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count != 1 else ''}"

    @property
    def days(self) -> int:
        """Days in it, rounded; a month is a twelfth of a year."""
        return round(self.count * _DAYS[self.unit])

    def in_words(self, language: str) -> str:
        """As it is told in the asker's language."""
        return f"{self.count} {_ZH_LENGTHS[self.unit]}" if language == "zh" else str(self)


_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "quarter": 91.3125, "year": 365.25}
_ZH_LENGTHS = {"day": "天", "week": "周", "month": "个月", "quarter": "个季度", "year": "年"}
_UNITS = "day|week|month|quarter|year"
_ZH_UNITS = {
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "月": "month",
    "季度": "quarter",
    "年": "year",
}


@dataclass(frozen=True)
class Duration:
    """A number of days, weeks, months, quarters or years, as ``6 weeks`` or 6周."""

    most: int

    def value(self, text: str, vocabulary: Vocabulary) -> Length:
        """Raises ``Unreadable``: it is none, none at all, or of more than ``most`` units."""
        english = re.fullmatch(rf"(\d{{1,9}})\s*({_UNITS})s?", text.strip(), re.IGNORECASE)
        chinese = re.fullmatch(rf"(\d{{1,9}})\s*个?({'|'.join(_ZH_UNITS)})", text.strip())
        match = english or chinese
        if match is None or not 1 <= int(match[1]) <= self.most:
            raise Unreadable(text)
        return Length(count=int(match[1]), unit=_ZH_UNITS.get(match[2], match[2].lower()))

    def expected(self, language: str) -> str:
        """The form and the bounds."""
        if language == "zh":
            return f"1 到 {self.most} 的数加上单位，如 6周、3个月"
        return f"1 to {self.most} days, weeks, months, quarters or years, such as 6 weeks"


class MetricName:
    """One of the shop's metrics that the role may see, by its name or a word for it."""

    def value(self, text: str, vocabulary: Vocabulary) -> Metric:
        """Raises ``Unreadable``: there is none of that name."""
        named = vocabulary.metric(text) or next(
            (vocabulary.metric(m.name) for m in _meant(text, vocabulary).mentions if m.kind == "metric"), None
        )
        if named is None:
            raise Unreadable(text)
        return named

    def expected(self, language: str) -> str:
        """In words."""
        return "店铺的一个指标" if language == "zh" else "one of the shop's metrics"


class ColumnName:
    """A column that groups are made by, by its name or a word for it: no quantity and no time."""

    def value(self, text: str, vocabulary: Vocabulary) -> str:
        """Raises ``Unreadable``: there is none of that name that the role may see."""
        named = {
            text.lower(),
            *(m.name.lower() for m in _meant(text, vocabulary).mentions if m.kind == "column"),
        }
        for column in (column for view in vocabulary.views for column in view.columns):
            is_group = not column.is_measure and column.type not in ("date", "timestamp")
            if column.name.lower() in named and is_group:
                return column.name
        raise Unreadable(text)

    def expected(self, language: str) -> str:
        """In words."""
        return "一个可分组的列，如品类" if language == "zh" else "a column to group by, such as category"


class Among:
    """Values of the shop's columns that rows are limited to, as ``Audio, Kitchen``."""

    def value(self, text: str, vocabulary: Vocabulary) -> Mapping[str, Sequence[str]]:
        """Column → its values; words that are a part of several values mean all of these.

        Raises:
            Unreadable: a part of the text is in no value that is known.
        """
        links = _meant(text, vocabulary)
        found: dict[str, list[str]] = {}
        for mention in links.mentions:
            if mention.kind == "value" and mention.value is not None:
                same = [m for m in links.mentions if m.kind == "value" and m.start == mention.start]
                is_read = any(m.name in found and m.name != mention.name for m in same)
                if not is_read:
                    found.setdefault(mention.name, []).extend(_values_of(mention, vocabulary))
        values = [mention for mention in links.mentions if mention.kind == "value"]
        heard = [
            any(mention.start < part.end() and part.start() < mention.end for mention in values)
            for part in _PARTS.finditer(text)
        ]
        if not any(found.values()) or links.unknown or not all(heard):
            raise Unreadable(text)
        return {column: tuple(dict.fromkeys(values)) for column, values in found.items() if values}

    def expected(self, language: str) -> str:
        """In words."""
        return (
            "店铺数据里的值，如某个品类或国家"
            if language == "zh"
            else "values of the shop, such as a category"
        )


_PARTS = re.compile(r"[^,，、;；]*[^\s,，、;；][^,，、;；]*")
MOST_VALUES = 50
"""Values that words are taken to be a part of; beyond it they say too little."""


def _values_of(mention: Mention, vocabulary: Vocabulary) -> list[str]:
    assert mention.value is not None
    if not mention.is_part:
        return [mention.value]
    words = mention.value.casefold()
    known = vocabulary.values.get((mention.view, mention.name), ())
    found = [value for value in known if words in value.casefold()]
    return found if len(found) <= MOST_VALUES else []


def _meant(text: str, vocabulary: Vocabulary) -> Links:
    import datetime as dt

    return link(text, vocabulary, dt.date.today())


# ---- words ------------------------------------------------------------------------------------------------


def in_words(patterns: Sequence[tuple[re.Pattern[str], str]]) -> Callable[[Links], Said | None]:
    """A finder by patterns: the first that matches gives its text, in which ``\\1`` stands for its group."""

    def find(links: Links) -> Said | None:
        for pattern, text in patterns:
            match = pattern.search(links.question)
            if match is not None:
                return Said(text=match.expand(text), start=match.start(), end=match.end())
        return None

    return find


_BETWEEN_VALUES = re.compile(r"(?i)[\s,、，]*(?:and|or|&|in|from|和|与|及|或|在)?[\s,]*(?:the\s+)?")


def find_metric(links: Links) -> Said | None:
    """The first metric that is named."""
    for span in features_of(links).measures:
        if names := span.names("metric"):
            name = next(m.name for m in span.readings if m.name in names)
            return Said(text=name, start=span.start, end=span.end)
    return None


def find_grouping(links: Links) -> Said | None:
    """The first column that is named behind "by", "per", 按 or the like."""
    for start, end, span in features_of(links).dimensions:
        if span is not None:
            name = next(m.name for m in span.readings if m.kind == "column")
            return Said(text=name, start=start, end=end)
    return None


def find_values(links: Links) -> Said | None:
    """The first values that are named, and those that are joined to them."""
    run: list[Span] = []
    for span in features_of(links).values:
        if run and not _BETWEEN_VALUES.fullmatch(links.question[run[-1].end : span.start]):
            break
        run.append(span)
    if not run:
        return None
    return Said(text=", ".join(span.text for span in run), start=run[0].start, end=run[-1].end)


_COUNT = rf"\d[\d,]*|{'|'.join(NUMBER_WORDS)}"
_ONE_UNIT = r"(?P<unit>day|week|month|quarter|year)s?"
_AHEAD = (
    re.compile(
        rf"(?i)\b(?:(?:for|over|in|during)\s+)?(?:the\s+)?(?:next|coming|following|upcoming)\s+(?:(?P<n>{_COUNT})\s+)?{_ONE_UNIT}\b"
    ),
    re.compile(rf"(?i)\b(?P<n>{_COUNT})\s+{_ONE_UNIT}\s+(?:ahead|out|from\s+now)\b"),
    re.compile(rf"(?i)\bfor\s+(?P<n>{_COUNT})\s+{_ONE_UNIT}\b"),
    re.compile(
        r"(?:未来|接下来|今后|往后|(?<![一看查等以])下(?!\d{4}年))的?(?P<n>\d+|[一二两三四五六七八九十]+)?个?(?P<unit>天|日|周|星期|月|季度|年)"
    ),
    re.compile(r"(?P<unit>明天|明年)"),
    re.compile(r"(?i)\b(?P<unit>tomorrow)\b"),
)
_UNIT_WORDS = {
    "天": "day", "日": "day", "周": "week", "星期": "week", "月": "month", "季度": "quarter", "年": "year",
    "明天": "day", "明年": "year", "tomorrow": "day",
}  # fmt: skip


def find_ahead(links: Links) -> Said | None:
    """ "for the next 3 months", "6 weeks ahead", 未来三个月, 下个月."""
    for pattern in _AHEAD:
        if (match := pattern.search(links.question)) is None:
            continue
        said = (match.groupdict().get("n") or "1").replace(",", "").lower()
        count = NUMBER_WORDS.get(said, said) if said.isascii() else zh_number(said)
        unit = match["unit"].lower()
        return Said(text=f"{count} {_UNIT_WORDS.get(unit, unit)}", start=match.start(), end=match.end())
    return None
