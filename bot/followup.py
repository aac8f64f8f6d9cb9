"""Follow-ups: telling them from questions of their own, and working them into the previous question.

Everything is decided by features of the words (a leading "and", a closing 呢, which kinds of things are
named), and edited by spans that linking and the reader of periods found. English and Chinese; a mix of
both is fine.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot import followup_cues as cues
from sql.question.linking import Links, Mention
from sql.question.periods import Period

MAX_WORDS = 7
"""English words, or pairs of Chinese characters, beyond which a message without a cue stands alone."""

_ZH_UNITS = {"天": "day", "周": "week", "月": "month", "季度": "quarter", "年": "year"}

Kind = Literal["value", "metric", "column", "view"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of a question and what it can mean."""

    start: int
    end: int
    text: str
    readings: tuple[Mention, ...]

    def names(self, kind: str) -> frozenset[str]:
        """Names of that kind which the words can mean."""
        return frozenset(m.name for m in self.readings if m.kind == kind)

    @property
    def is_value(self) -> bool:
        """A value and nothing that is measured: "Kitchen", not "new customers"."""
        return bool(self.names("value")) and not self.names("metric")

    @property
    def is_measure(self) -> bool:
        """What is counted or summed up: a metric, or a view's rows."""
        return not self.is_value and bool(self.names("metric") or self.names("view"))


@dataclass(frozen=True, kw_only=True)
class Features:
    """What a question names, by kind."""

    text: str
    periods: tuple[Period, ...]
    values: tuple[Span, ...]
    measures: tuple[Span, ...]
    dimensions: tuple[tuple[int, int, Span | None], ...]
    """Start with its "by", end, and the column; ``None`` for a grain of time."""
    columns: tuple[Span, ...]
    """Named without "by" and not measured."""
    top: re.Match[str] | None
    links: Links
    today: dt.date = dt.date.max
    """The shop's day, at which a period that is not over yet is cut."""

    @property
    def has_any(self) -> bool:
        """Whether it names anything to limit, group or order by."""
        return bool(self.periods or self.values or self.dimensions or self.top or self.columns)


def _spans(links: Links) -> tuple[Span, ...]:
    """Mentions by their place; those inside a longer one are left out."""
    by_place: dict[tuple[int, int], list[Mention]] = {}
    for mention in links.mentions:
        by_place.setdefault((mention.start, mention.end), []).append(mention)
    places = [
        place
        for place in by_place
        if not any(o != place and o[0] <= place[0] and place[1] <= o[1] for o in by_place)
    ]
    return tuple(
        Span(start=s, end=e, text=links.question[s:e], readings=tuple(by_place[s, e]))
        for s, e in sorted(places)
    )


def features_of(links: Links, today: dt.date = dt.date.max) -> Features:
    """What a question names, sorted by what it does there."""
    text = links.question
    values, measures, columns = [], [], []
    dimensions: list[tuple[int, int, Span | None]] = [
        (m.start(), m.end(), None)
        for m in cues.GRAIN.finditer(text)
        if not _overlaps(m.start(), m.end(), links.periods)
    ]
    for span in _spans(links):
        if any(start <= span.start and span.end <= end for start, end, _ in dimensions):
            continue
        before = text[: span.start]
        cue = cues.DIMENSION_BEFORE.search(before) or cues.WHICH_BEFORE.search(before)
        # "top 5 products by revenue": what stands after "by" is measured, unless it is only a column.
        if (
            cue
            and span.names("column")
            and not (span.names("metric") and cue.group().strip().lower() == "by")
        ):
            start = cue.start() if not cues.WHICH_BEFORE.search(before) else span.start
            dimensions.append((start, span.end, span))
        elif span.is_value:
            values.append(span)
        elif span.is_measure:
            measures.append(span)
        else:
            columns.append(span)
    if values and cues.ONLY.match(text):
        # "only the faulty items", "only German orders": the noun is what is limited, not something to show.
        measures = [span for span in measures if not _follows(span, values, text)]
        columns = [span for span in columns if not _follows(span, values, text)]
    top = cues.TOP.search(text)
    if top and _overlaps(top.start(), top.end(), links.periods):
        top = None
    return Features(
        text=text,
        periods=links.periods,
        values=tuple(values),
        measures=tuple(measures),
        dimensions=tuple(sorted(dimensions, key=lambda d: d[0])),
        columns=tuple(columns),
        top=top,
        links=links,
        today=today,
    )


def _follows(span: Span, values: Sequence[Span], text: str) -> bool:
    return any(value.end <= span.start and not text[value.end : span.start].strip() for value in values)


def _overlaps(start: int, end: int, periods: Iterable[Period]) -> bool:
    return any(start < p.last and p.first < end for p in periods)


def _is_chinese(text: str) -> bool:
    return len(re.findall(r"[\u4e00-\u9fff]", text)) >= len(re.findall(r"[A-Za-z]+", text))


def _lead_end(text: str) -> int:
    """Where the words begin that follow "and", "what about", 那 and the like; 0 without any."""
    pattern = cues.LEAD_ZH if re.search(r"[\u4e00-\u9fff]", text) else cues.LEAD
    match = pattern.match(text) or cues.LEAD.match(text)
    return match.end() if match and match.group().strip() else 0


def _has_cue(text: str) -> bool:
    """Whether the words point back: a lead such as "and", a closing 呢, "instead"."""
    if re.search(r"呢\W*$", text) or re.search(r"(?i)\b(?:instead|as well|too)\W*$", text):
        return True
    return _lead_end(text) > 0


def length_of(text: str) -> float:
    """English words and numbers, and pairs of Chinese characters."""
    return len(re.findall(r"[A-Za-z0-9]+", text)) + len(re.findall(r"[\u4e00-\u9fff]", text)) / 2


def is_followup(links: Links, *, needs_cue: bool = False, after_asking_back: bool = False) -> bool:
    """Whether a message leans on the question before it.

    Args:
        links: of the message alone.
        needs_cue: only say so when the words themselves point back; for a message with nothing before it.
        after_asking_back: the bot has just asked which of several things was meant: a short reply answers.
    """
    text = links.question
    features = features_of(links)
    has_cue = _has_cue(text) or bool(re.match(rf"\W*(?:{cues.COMPARING.pattern[4:]})", text, re.IGNORECASE))
    rest = text[_lead_end(text) :]
    asks_itself = bool(cues.ASKING.search(rest)) and bool(features.measures)
    is_short = length_of(text) <= MAX_WORDS
    if cues.EDITING.search(text):
        return True
    if needs_cue:
        return has_cue and is_short and not features.measures and not _is_complete(features, rest)
    if has_cue:
        return not (asks_itself and not cues.PRONOUN.search(rest) and not cues.ABOUT.match(text)) or (
            bool(re.search(r"呢\W*$", text)) and is_short and not asks_itself
        )
    if after_asking_back and is_short and (features.has_any or features.measures):
        return True
    if features.top and not features.measures and not features.columns and is_short:
        return True
    if is_short and cues.ASKING.search(text) and cues.REFERRING.search(text) and not features.values:
        return True
    if is_short and cues.APART.search(text) and not features.measures:
        return True
    if (cues.SPLIT.match(text) or cues.WHAT_OF.match(text)) and not features.measures:
        return True
    if _speaks_of_others(features):
        return True
    if features.measures or links.unknown or not is_short or cues.BEST.search(text):
        return False
    if cues.ASKING.search(text) and not cues.PRONOUN.search(text):
        return False
    return features.has_any


MOST_OF_THEM = 16
"""Words up to which a message about "them" goes on from the question before."""


def _speaks_of_others(features: Features) -> bool:
    """Whether "they" stands before anything that it could be: those who were told of."""
    text = features.text
    match = cues.THEY.search(text)
    if match is None or length_of(text) > MOST_OF_THEM or cues.WHO.search(text[: match.start()]):
        return False
    before = [m for m in features.links.mentions if m.start < match.start()]
    return not any(_may_be_them(m, text, match.start()) for m in before)


def _may_be_them(mention: Mention, text: str, at: int) -> bool:
    """Whether "them" may be what is named before it; of "how many orders has each of them" it is not."""
    between = text[mention.end : at]
    if mention.kind == "metric":
        return cues.AND_SO.search(between) is not None
    return not (cues.HOW_MANY.search(text[: mention.start]) and cues.OF_THEM.fullmatch(between))


def is_addition(links: Links) -> bool:
    """Whether a message is short and asks nothing itself, so that it may add to the question before it."""
    text = links.question
    return length_of(text) <= MAX_WORDS and not cues.ASKING.search(text) and not features_of(links).measures


def _is_complete(features: Features, rest: str) -> bool:
    return bool(cues.ASKING.search(rest)) and bool(features.values or features.columns)


def strip_lead(links: Links) -> str:
    """A question of its own without a leading "and" or 那; anything else as it is."""
    text = links.question
    match = re.match(
        r"(?i)^\W*(?:(?:and|but|so|ok(?:ay)?|then|now|well)\b[,\s]+)+|^\W*(?:那么?|然后|好的?)[，,\s]*(?=\S)",
        text,
    )
    rest = text[match.end() :] if match else text
    return rest[:1].upper() + rest[1:] if match and len(rest) > 3 else text


def combine(
    previous: Links, followup: Links, *, is_about_text: bool = False, today: dt.date = dt.date.max
) -> str:
    """The standalone question that ``followup`` makes of the previous one.

    Args:
        previous: of the previous standalone question.
        followup: of the message alone.
        is_about_text: the previous question was about reviews, whose topic is free words.
        today: the shop's day; the same period last year ends where this one has come to.
    """
    old, new = features_of(previous, today), features_of(followup, today)
    rest = _rest(followup.question)
    referred = _with_referent(old, new)
    if referred is not None:
        return referred
    if is_about_text and not new.has_any and not new.measures and rest:
        topic = _with_topic(previous.question, rest)
        if topic is not None:
            return topic
    if _speaks_of_others(new):
        return appended(old.text, followup.question[_soft_lead_end(followup.question) :])
    if not (new.has_any or new.measures or _relative(new, old) or _flipped(old, new)):
        return appended(old.text, rest)
    if cues.NEGATING.search(followup.question) or (
        cues.COMPARING.search(followup.question) and followup.numbers
    ):
        return appended(old.text, followup.question[_soft_lead_end(followup.question) :])
    editor = _Editor(old)
    _edit(editor, old, new)
    return editor.text()


def _with_referent(old: Features, new: Features) -> str | None:
    """ "when was it placed?" after "Where is order 5?": with the thing in the pronoun's place."""
    pronoun = cues.REFERRING.search(new.text)
    if pronoun is None or new.values or new.periods or not cues.ASKING.search(new.text):
        return None
    thing = next((span.text for span in old.values if re.search(r"\d", span.text)), None)
    if thing is None:
        return None
    named = f"{new.text[: pronoun.start()]}{thing}{new.text[pronoun.end() :]}"
    return named[:1].upper() + named[1:]


def _rest(text: str) -> str:
    """A follow-up without its lead and its closing particles."""
    rest = text[_lead_end(text) :]
    rest = cues.TAIL.sub("", rest)
    return cues.TAIL_ZH.sub("", rest) if re.search(r"[\u4e00-\u9fff]", rest) else rest


def _soft_lead_end(text: str) -> int:
    """End of "and", "but", 那: words that add nothing once a condition is appended."""
    match = re.match(r"(?i)^\W*(?:(?:and|but|so|then|ok)\b[,\s]*)+|^\W*(?:那么?|然后)[，,\s]*", text)
    return match.end() if match else 0


def _with_topic(question: str, topic: str) -> str | None:
    """A question about reviews with another topic in the place of the old one."""
    topic = re.sub(r"(?i)^the\s+", "", topic)
    chinese = re.match(
        r"^(.*?(?:对|关于|觉得))(.+?)(的?(?:有什么|有哪些|有何|怎么样|怎么说|怎么看|评价|看法|差评|好评).*)$",
        question,
    )
    if chinese:
        return f"{chinese.group(1)}{topic}{chinese.group(3)}"
    english = re.match(
        r"(?i)^(.*\b(?:about|of|on|regarding|mention(?:ing)?)\s+(?:the\s+)?)(.+?)([?.!]*)$", question
    )
    return f"{english.group(1)}{topic}{english.group(3)}" if english else None


# --- editing ---


class _Editor:
    """Replaces stretches of a question and adds to its ends."""

    def __init__(self, features: Features) -> None:
        self.question = features.text
        self.is_chinese = _is_chinese(features.text)
        self._changes: list[tuple[int, int, str]] = []
        self._before: list[str] = []
        self._after: list[str] = []

    def replace(self, start: int, end: int, text: str) -> None:
        if not any(s < end and start < e for s, e, _ in self._changes):
            self._changes.append((start, end, text))

    def add_period(self, text: str) -> None:
        if self.is_chinese:
            self._before.append(text)
        else:
            self._after.append(f" {_prepositioned(text)}")

    def add(self, english: str, chinese: str) -> None:
        """Add a condition: at the end in English, in front in Chinese, where both read naturally."""
        if self.is_chinese:
            self._before.append(f"{chinese}，")
        else:
            self._after.append(f" {english}")

    def add_aside(self, english: str, chinese: str) -> None:
        """Like :meth:`add`, after a comma."""
        if self.is_chinese:
            self._before.append(f"{chinese}，")
        else:
            self._after.append(f", {english}")

    def text(self) -> str:
        edited = self.question
        for start, end, text in sorted(self._changes, reverse=True):
            edited = edited[:start] + text + edited[end:]
        body, mark = _split_end(edited)
        joined = "".join(self._before) + body + "".join(self._after) + mark
        joined = re.sub(r"  +", " ", joined).strip()
        return joined[:1].upper() + joined[1:]


def _split_end(text: str) -> tuple[str, str]:
    match = re.search(r"[\s?？.。!！]*$", text)
    assert match is not None
    return text[: match.start()], match.group().strip()


def appended(question: str, rest: str) -> str:
    """A question with more behind it."""
    body, mark = _split_end(question)
    rest = rest.strip(" ?？.。!！,，")
    if not rest:
        return question
    return f"{body}，{rest}{mark}" if _is_chinese(question) else f"{body}, {rest}{mark}"


def _edit(editor: _Editor, old: Features, new: Features) -> None:
    is_adding = bool(cues.ADDING.search(new.text))
    _edit_period(editor, old, new)
    _edit_values(editor, old, new, is_adding)
    _edit_measures(editor, old, new, is_adding)
    _edit_dimensions(editor, old, new, is_adding)
    _edit_top(editor, old, new)


def _edit_period(editor: _Editor, old: Features, new: Features) -> None:
    relative = _relative(new, old)
    if relative is not None:
        text = relative
    elif new.periods:
        text = new.text[new.periods[0].first : new.periods[-1].last]
    else:
        return
    if not old.periods:
        editor.add_period(text)
        return
    start, end = old.periods[0].first, old.periods[-1].last
    before = re.search(r"(?i)\b(?:in|on|during|for|at|of)\s+(?:the\s+)?$", old.text[:start])
    if not editor.is_chinese:
        text = _prepositioned(text)
        start = before.start() if before else start
    editor.replace(start, end, text)


_BARE_TIME = re.compile(
    r"(?i)^(?:\d|Q[1-4]|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|the (?:first|second))"
)


def _prepositioned(text: str) -> str:
    """ "in May", "on 2026-05-03", and "last month" as it is."""
    if re.match(r"\d{4}-\d{2}-\d{2}$", text):
        return f"on {text}"
    return f"in {text}" if _BARE_TIME.match(text) else text


def _relative(new: Features, old: Features) -> str | None:
    """ "the month before", "same period last year": counted from the previous question's period."""
    match = cues.RELATIVE.search(new.text)
    if match is None or not old.periods or old.periods[0].start == dt.date.min:
        return None
    period = old.periods[0]
    groups = match.groupdict()
    chinese = bool(groups["zh"] or groups["zlast"])
    if groups["yearly"] or groups["last"] or groups["zlast"]:
        is_going_on = period.start <= new.today < period.end and new.today < dt.date.max
        end = new.today + dt.timedelta(days=1) if is_going_on else period.end
        return _say_days(_shift(period.start, -12), _shift(end, -12), chinese)
    if period.is_open:
        return None
    if groups["month"]:
        month = list(calendar.month_name).index(groups["month"].capitalize())
        start = dt.date(period.start.year - (month >= period.start.month), month, 1)
        return _say_days(start, _shift(start, 1), chinese)
    unit = groups["unit"] or groups["unit2"] or _ZH_UNITS[groups["zunit"]]
    back = (groups["side"] or groups["side2"] or "") in ("before", "earlier", "previous", "preceding") or (
        chinese and any(c in groups["zh"] for c in "前上")
    )
    sign = -1 if back else 1
    if unit in ("day", "week"):
        days = dt.timedelta(days=sign * (1 if unit == "day" else 7))
        return _say_days(period.start + days, period.end + days, chinese)
    months = sign * {"month": 1, "quarter": 3, "year": 12}[unit]
    return _say_days(_shift(period.start, months), _shift(period.end, months), chinese)


def with_days_said(previous: Links, links: Links, today: dt.date = dt.date.max) -> str | None:
    """A follow-up with "the month before" as the month that is meant; ``None`` without such words."""
    said = _relative(features_of(links, today), features_of(previous, today))
    match = cues.RELATIVE.search(links.question)
    if said is None or match is None:
        return None
    return links.question[: match.start()] + said + links.question[match.end() :]


def _shift(day: dt.date, months: int) -> dt.date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _say_days(start: dt.date, end: dt.date, chinese: bool) -> str:
    """Days as words that the reader of periods understands: a year, a month, a day or a range."""
    last = end - dt.timedelta(days=1)
    if end == _shift(start, 12) and start.month == start.day == 1:
        return f"{start.year}年" if chinese else f"{start.year}"
    if end == _shift(start, 1) and start.day == 1:
        return (
            f"{start.year}年{start.month}月"
            if chinese
            else f"{calendar.month_name[start.month]} {start.year}"
        )
    if start == last:
        return start.isoformat()
    return f"从{start}到{last}" if chinese else f"from {start} to {last}"


def _edit_values(editor: _Editor, old: Features, new: Features, is_adding: bool) -> None:
    for group in _by_column(new.values):
        columns = frozenset.union(*(span.names("value") for span in group))
        text = new.text[group[0].start : group[-1].end]
        same = [span for span in old.values if span.names("value") & columns]
        if same:
            run = _run(old.text, same)
            kept = old.text[run[0].start : run[-1].end]
            both = f"{kept}{'和' if editor.is_chinese else ' and '}{text}"
            editor.replace(run[0].start, run[-1].end, both if is_adding else text)
        else:
            before = re.search(
                r"(?i)\b(?:in|from|on|via|through|at|with|to|by)\s+(?:the\s+)?$", new.text[: group[0].start]
            )
            editor.add(f"{before.group() if before else 'for '}{text}", f"只看{text}")


def _by_column(spans: Sequence[Span]) -> list[list[Span]]:
    """Neighbouring values of one column together: "Germany and France"."""
    groups: list[list[Span]] = []
    for span in spans:
        if groups and groups[-1][-1].names("value") & span.names("value"):
            groups[-1].append(span)
        else:
            groups.append([span])
    return groups


def _run(text: str, spans: Sequence[Span]) -> list[Span]:
    """The first of ``spans`` and those joined to it by "and" or commas."""
    run = [spans[0]]
    for span in spans[1:]:
        between = text[run[-1].end : span.start]
        if not re.fullmatch(r"(?i)[\s,、，]*(?:and|or|&|和|与|及|或)?[\s,]*(?:the\s+)?", between):
            break
        run.append(span)
    return run


def _edit_measures(editor: _Editor, old: Features, new: Features, is_adding: bool) -> None:
    if not new.measures:
        return
    text = new.text[new.measures[0].start : new.measures[-1].end]
    metrics = [span for span in old.measures if span.names("metric")] or [
        span for span in old.measures if not cues.HIGH.search(old.text) and not old.top
    ]
    if metrics:
        run = _run(old.text, metrics)
        kept = old.text[run[0].start : run[-1].end]
        both = f"{kept}{'和' if editor.is_chinese else ' and '}{text}"
        editor.replace(run[0].start, run[-1].end, both if is_adding else text)
    elif old.measures or old.dimensions or old.columns:
        editor.add(f"by {text}", f"按{text}")
    elif editor.is_chinese:
        editor.replace(len(_split_end(old.text)[0]), len(old.text), f"的{text}")
    else:
        # The previous question named only what to limit to: "Germany" → "revenue for Germany".
        editor.replace(0, 0, f"{text} " if old.periods and not old.values else f"{text} for ")


def _edit_dimensions(editor: _Editor, old: Features, new: Features, is_adding: bool) -> None:
    for index, (name, phrase) in enumerate(_named_columns(new)):
        if old.dimensions and not is_adding and index == 0:
            start, end, span = old.dimensions[-1]
            asks_which = span is not None and cues.WHICH_BEFORE.search(old.text[:start]) is not None
            editor.replace(start, end, _singular(name) if asks_which else phrase)
        elif old.dimensions and is_adding:
            end = old.dimensions[-1][1]
            editor.replace(end, end, f"{'和' if editor.is_chinese else ' and '}{name}")
        else:
            editor.add(phrase, phrase)


def _named_columns(features: Features) -> list[tuple[str, str]]:
    """What to break down by: the bare name and the name with "by"; "a and b" stays together."""
    text = features.text
    by = "按" if _is_chinese(text) else "by "
    found = [(start, end, span) for start, end, span in features.dimensions]
    found += [(span.start, span.end, None) for span in features.columns]
    named: list[tuple[str, str]] = []
    last_end = -1
    for start, end, span in sorted(found, key=lambda f: f[0]):
        name = span.text if span else _grain_name(text[start:end])
        between = text[last_end:start] if named else ""
        if named and re.fullmatch(r"(?i)[\s,、，]*(?:and|&|和|与|及)?\s*", between):
            first, phrase = named[-1]
            joint = "和" if by == "按" else " and "
            named[-1] = (f"{first}{joint}{name}", f"{phrase}{joint}{name}")
        else:
            named.append((name, f"{by}{name}"))
        last_end = end
    return named


_ADVERBS = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}


def _grain_name(text: str) -> str:
    """The unit of time in "by month", "monthly" or 每个月; any other text as it is."""
    match = cues.GRAIN.fullmatch(text)
    if match is None:
        return text
    return (
        match.group("en") or _ADVERBS.get((match.group("ly") or "").lower()) or match.group("zh") or "month"
    )


def _singular(name: str) -> str:
    return re.sub(r"ies$", "y", name) if name.endswith("ies") else re.sub(r"(?<=[^s])s$", "", name)


def _flipped(old: Features, new: Features) -> tuple[int, int, str] | None:
    """The previous question's "highest", to become "lowest", or the other way round."""
    for here, there in ((cues.LOW, cues.HIGH), (cues.HIGH, cues.LOW)):
        wanted, present = here.search(new.text), there.search(old.text)
        if wanted and present:
            opposite = cues.OPPOSITES | {
                low: high for high, low in cues.OPPOSITES.items() if high not in ("biggest", "greatest")
            }
            word = opposite.get(present.group().lower(), wanted.group())
            return present.start(), present.end(), word
    return None


def _edit_top(editor: _Editor, old: Features, new: Features) -> None:
    if new.top:
        text = new.top.group()
        if old.top:
            if bool(old.top.group("zh")) != bool(new.top.group("zh")):
                text = old.top.group().replace(
                    old.top.group("zn") or old.top.group("n"), new.top.group("n") or new.top.group("zn")
                )
            editor.replace(old.top.start(), old.top.end(), text)
        else:
            editor.add_aside(f"{text} only", f"只看{text}")
        return
    flipped = _flipped(old, new)
    if flipped:
        editor.replace(*flipped)
