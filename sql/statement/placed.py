"""Questions of which every word has its one place, so that no model is asked.

"What was the revenue by category last month?" is a metric, a dimension and a period, and no word is left
over: there is one statement to write, and a model could only err. Each other word, even a harmless one that
is not in the short list below, sends the question to the model; so does a second reading of any word. A
question of the shop's own examples has its statement, as long as that holds the days that the question means
today ("last month" moves on, a written date does not).
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Sequence

from sql.errors import TwoWays, UnsafeQuery, WrongStatement
from sql.question.linking import Links, Mention, Vocabulary
from sql.question.stretches import mask
from sql.question.words import spaced, words
from sql.shop.workspace import Workspace
from sql.statement.compile import Compiled
from sql.statement.heard import changes_figure, unheard
from sql.statement.language_draft import LanguageDrafter
from sql.statement.parse import parse
from sql.statement.sentence import Compare, During, Grain, Name, Statement, Text, written_name
from sql.statement.spans import span_of
from sql.statement.written import After, Written

_SURE = 0.95
_MAX_READINGS = 6
_IDLE = words(
    """
    what what's whats is was were are the our my your a an of in for from during on at me us show tell give
    please hi hello pls can could you did do does have has had we i see want to know get there
    be been total
    """
)
_IDLE_ZH = words(
    """
    的 是 了 吗 呢 请 请问 我 我们 咱们 你 给 给我 给我们 看 看看 看一下 查 查一下 帮我 告诉我 多少 有多少
    是多少 一共 总共 总 有 在 想知道 想看 一下 各是多少 分别是多少
    """
)
"""Words that ask, and change no figure."""
_GOES_ON, _GOES_ON_ZH = words("and about same now then instead by per"), words("那 那么 按 换成 改成 再")
"""Words of a message that changes the question before."""
_HOW_MANY = re.compile(r"\bhow many\b|\bnumber of\b|\bcount of\b", re.I)
_HOW_MUCH = re.compile(r"\bhow much\b", re.I)
_GRAIN = re.compile(
    r"\b(?:by|per|each|every|for each|for every)\s+(?:calendar\s+)?(day|week|month|quarter|year)\b"
    r"|\b(daily|weekly|monthly|quarterly|yearly)\b|(?:按|每一?个?|分|逐)(天|日|周|月|季度|年)(?:份|度)?",
    re.I,
)
_UNITS = {
    **{unit: unit for unit in ("day", "week", "month", "quarter", "year")},
    "daily": "day",
    "天": "day",
    "日": "day",
    "周": "week",
    "月": "month",
    "季度": "quarter",
    "年": "year",
}
_BY = re.compile(
    r"(?:\b(?:by|per|for each|for every|each|every)(?:\s+the)?\s+|(?:按照?|每一?个?|各个?|分)\s*)$", re.I
)
_TOKEN = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|[\u4e00-\u9fff]+|[^\s\w,.?!，。？！]|\d[\d.,]*")


class Placed:
    """Writes the statements that need no model, and leaves the others to the writer that has one."""

    def __init__(self, workspace: Workspace, vocabulary: Vocabulary, writer: LanguageDrafter) -> None:
        self.writer = writer
        self._vocabulary = vocabulary
        self._starts = workspace.shop.fiscal_year_starts
        self._today = workspace.today
        self._examples = _allowed(workspace)

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        after: After | None = None,
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """See ``sql.statement.written.Writer``; after a failure the model is asked."""
        if not failures and (after is None or _adds_only_places(after)):
            solved = self._solved(links)
            if solved is not None:
                return [Written(sql=solved)]
            compiled = self.statement(links)
            if compiled is not None:
                return [Written(sql=compiled.sql, compiled=compiled)]
        return self.writer.draft(
            links,
            samples=samples,
            temperature=temperature,
            failures=failures,
            after=after,
            cancel=cancel,
        )

    def statement(self, links: Links) -> Compiled | None:
        """The one statement of the question; ``None`` where a word is left over or means two things."""
        if links.unknown or links.hidden or len(links.periods) > 1:
            return None
        stretches = _stretches(links)
        measures = [s for s in stretches if any(m.kind == "metric" for m in s)]
        if len(measures) != 1:
            return None
        metrics = {m.name: m for m in measures[0] if m.kind == "metric"}
        metric = self._vocabulary.metric(next(iter(metrics)))
        if len(metrics) != 1 or metric is None or metric.is_composed or not _is_sure(measures[0]):
            return None
        if any(m.view != metric.view for m in measures[0]):
            return None  # "customers": those in the orders, or those in the list of customers
        masked = mask(links)
        counts = "COUNT(" in metric.sql.upper() or metric in self._vocabulary.pieces
        masked = (_HOW_MANY if counts else _HOW_MUCH).sub(_blank, masked)
        grain = _GRAIN.search(masked)
        groups: list[list[str]] = []
        if grain is not None:
            unit = next(filter(None, grain.groups())).lower()
            groups.append([_UNITS.get(unit, unit.removesuffix("ly")).upper()])
            masked = _GRAIN.sub(_blank, masked, count=1)
        conditions: list[list[str]] = []
        for readings in stretches:
            if readings is measures[0]:
                continue
            by = _BY.search(masked[: readings[0].start])
            if not _is_sure(readings):
                return None
            if by and all(m.kind == "column" for m in readings):
                if self._is_elsewhere(readings, metric.view):
                    return None
                groups.append([written_name(m.name) for m in _nearest(readings, metric.view)])
                masked = masked[: by.start()] + " " * len(by[0]) + masked[by.end() :]
            elif not by and all(m.kind == "value" and m.value and not m.is_part for m in readings):
                if changes_figure(readings[0].text):
                    return None  # "running" may be a status, or a total that runs
                conditions.append(
                    [
                        f"{written_name(m.name)} = {Text(m.value or '')}"
                        for m in _nearest(readings, metric.view)
                    ]
                )
            else:
                return None
        if not _is_idle(masked):
            return None
        return self._only(links, metric.name, metric.view, groups, conditions)

    def _is_elsewhere(self, readings: Sequence[Mention], name: str) -> bool:
        """Whether a column is another view's while one of the metric's own is called much like it."""
        view = self._vocabulary.view(name)
        if view is None or any(m.view == name for m in readings):
            return False
        said = spaced(readings[0].text)
        return any(said in spaced(word) for c in view.columns for word in (c.name, *c.synonyms))

    def _only(
        self, links: Links, metric: str, view: str, groups: list[list[str]], conditions: list[list[str]]
    ) -> Compiled | None:
        """The one of all readings that means something; ``None`` when several do."""
        when = []
        if links.period is not None:
            words = links.period.text.strip()
            if span_of(words, self._today, self._starts) is None:
                return None
            when = [f"DURING({Text(words)})"]
        found: dict[str, Compiled] = {}
        choices = list(itertools.islice(itertools.product(*groups, *conditions), _MAX_READINGS + 1))
        if len(choices) > _MAX_READINGS:
            return None
        for choice in choices:
            by, where = choice[: len(groups)], [*when, *choice[len(groups) :]]
            if len(set(by)) < len(by) or len({w.partition(" = ")[0] for w in where}) < len(where):
                return None
            text = f"SELECT {', '.join([*by, written_name(metric)])} FROM {written_name(view)}"
            text += f" WHERE {' AND '.join(where)}" if where else ""
            text += f" GROUP BY {', '.join(by)}" if by else ""
            try:
                compiled = self.writer.compile(text)
            except TwoWays:
                return None
            except WrongStatement:
                continue
            found[text] = compiled
        if len(found) != 1:
            return None
        (only,) = found.values()
        return None if unheard(links, only, self.writer.shop) else only

    def _solved(self, links: Links) -> str | None:
        solved = self._examples.get(_plain(links.question))
        if solved is None:
            return None
        days = [day for p in links.periods for day in (p.start, p.end) if 1 < day.year < 9999]
        return solved if all(str(day) in solved or str(day.year) in solved for day in days) else None


def _adds_only_places(after: After) -> bool:
    """Whether words say all of what is gone on from and of the message that changes it.

    What the words before do not hold, such as "as a percentage" two messages ago, stands in the statement
    alone, and a statement made of the words anew would lose it.
    """
    try:
        statement = parse(after.statement)
    except WrongStatement:  # a saved conversation may have been edited; the model goes on without it
        return False
    if statement.order or statement.having or statement.limit is not None:
        return False
    plain = (Statement, Name, Grain, During, Compare, Text)
    for node in statement.walk():
        if not isinstance(node, plain) or (isinstance(node, Compare) and node.sign != "="):
            return False
    return _is_idle(_GRAIN.sub(_blank, mask(after.said)), goes_on=True)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _is_idle(masked: str, *, goes_on: bool = False) -> bool:
    """Whether no word is left that could change a figure."""
    english, chinese = _IDLE, _IDLE_ZH
    if goes_on:
        english, chinese = english | _GOES_ON, chinese | _GOES_ON_ZH
    spoken = re.compile(f"(?:{'|'.join(sorted(chinese, key=len, reverse=True))})+")
    return all(t.casefold() in english or spoken.fullmatch(t) for t in _TOKEN.findall(masked))


def _is_sure(readings: Sequence[Mention]) -> bool:
    return min(m.score for m in readings) >= _SURE


def _nearest(readings: Sequence[Mention], view: str) -> list[Mention]:
    """The readings in the metric's own view where there are any."""
    own = [m for m in readings if m.view == view] or list(readings)
    return list({m.name: m for m in own}.values())


def _stretches(links: Links) -> list[list[Mention]]:
    """The readings of each stretch of the question that lies in no longer one."""
    found: dict[tuple[int, int], list[Mention]] = {}
    for mention in links.mentions:
        found.setdefault((mention.start, mention.end), []).append(mention)
    return [
        readings
        for (start, end), readings in found.items()
        if not any(s <= start and end <= e and (s, e) != (start, end) for s, e in found)
    ]


def _allowed(workspace: Workspace) -> dict[str, str]:
    """The shop's examples that the role may ask, by question."""
    kept = {}
    for example in workspace.shop.examples:
        try:
            workspace.guard.check(example.sql)
        except UnsafeQuery:
            continue
        kept[_plain(example.question)] = example.sql
    return kept


def _plain(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?？。.! ")
