"""What the parts of a statement are, as the words of its question are held against them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from sql.question.words import root
from sql.semantics import Metric
from sql.shop.trade_words import spaced, spoken
from sql.statement import sentence as la


@dataclass(frozen=True)
class Parts:
    """What the parts of a statement are, and the metrics in it."""

    statement: la.Statement
    nodes: tuple[la.Node, ...]
    metrics: tuple[Metric, ...]
    question: str
    """In small letters."""
    asked: str
    """The question and the values that it names, in small letters."""
    called: str = ""
    """Other words for the columns that it names, in small letters."""

    @cached_property
    def names(self) -> str:
        """The names in it, as they are written and spoken, in small letters."""
        names = dict.fromkeys(node.text for node in self.nodes if isinstance(node, la.Name))
        names |= dict.fromkeys([self.statement.view, *(m.view for m in self.metrics)])
        told = [f"{name} {spaced(name)} {spoken(name)}" for name in names if name]
        return " ".join([*told, self.called]).casefold()

    def is_called(self, text: str) -> bool:
        """Whether a name says one of the words of ``text``: "shipped" of the pieces shipped."""
        words = [root(word) for word in text.casefold().split() if len(word) > 3 or not word.isascii()]
        return any(word in self.names for word in words)

    def has(self, *kinds: type[la.Node]) -> bool:
        """Whether a part of one of these kinds stands in it."""
        return any(isinstance(node, kinds) for node in self.nodes)

    def aggregates(self, *words: str) -> bool:
        """Whether a column is aggregated by one of these words."""
        return any(isinstance(node, la.Aggregate) and node.word in words for node in self.nodes)

    def metric_says(self, pattern: str) -> bool:
        """Whether a metric is made so, or is called so."""
        return any(
            re.search(pattern, text, re.I)
            for m in self.metrics
            for text in (m.sql, m.name, m.description, *m.synonyms)
        )

    @property
    def is_sorted(self) -> bool:
        """Whether rows are ordered, ranked, or the first of something."""
        return (
            bool(self.statement.order)
            or self.aggregates("MIN", "MAX")
            or self.has(la.Rank, la.Since, la.Tile, la.Top)
        )

    @property
    def denies(self) -> bool:
        """Whether something is left out or lacks, or a value says so: what is open is not yet sent."""
        is_not = any(getattr(node, "is_not", False) for node in self.nodes)
        signs = [node for node in self.nodes if isinstance(node, la.Compare)]
        is_other = any(n.sign == "<>" or (n.sign == "=" and str(n.right) in ("0", "FALSE")) for n in signs)
        none = any(isinstance(n, la.Times) and n.count == 0 for n in self.nodes)
        whole = any(isinstance(n, la.Per) and n.is_all for n in self.nodes)
        own = any(text.casefold() not in self.asked for text in self.equal_to)
        return (
            is_not
            or is_other
            or none
            or whole
            or own
            or self.is_not_yet
            or self.has(la.Empty)
            or self.has_unnamed_flag
        )

    @property
    def equal_to(self) -> list[str]:
        """What columns are equal to, or among."""
        found = [value_text(n.right) for n in self.nodes if isinstance(n, la.Compare) and n.sign == "="]
        among = [n for n in self.nodes if isinstance(n, la.Among) and not n.is_not]
        return [*found, *(value_text(value) for n in among for value in n.values)]

    @property
    def is_not_yet(self) -> bool:
        """Whether a state is asked for that is no end and that the question calls otherwise.

        What is processing is not finished, and what waits for payment (待付款) is not paid (没付).
        """
        states = [state.casefold() for state in self.equal_to if _NOT_YET.search(state.replace("_", " "))]
        denied = {match[1] for match in _DENIED.finditer(self.question)}
        return any(state not in self.question or any(each in state for each in denied) for state in states)

    @property
    def has_unnamed_flag(self) -> bool:
        """Whether a flag must hold that the question calls otherwise: what is active is not switched off."""
        flags = [n.what.text for n in self.nodes if isinstance(n, la.Holds) and isinstance(n.what, la.Name)]
        words = [[w for w in spaced(flag).split() if _ON.fullmatch(w)] for flag in flags]
        return _OFF.search(self.question) is not None and any(
            each and not any(root(word) in self.asked for word in each) for each in words
        )

    @property
    def lists_rows(self) -> bool:
        """Whether rows are listed, and nothing is counted."""
        return (
            not self.statement.groups and not self.has(la.Aggregate, la.Share, la.Only) and not self.metrics
        )

    @property
    def compares(self) -> bool:
        """Whether something is more or less than something, or lies in a band."""
        signs = ("<", "<=", ">", ">=")
        is_compared = any(isinstance(n, la.Compare | la.Times) and n.sign in signs for n in self.nodes)
        return is_compared or self.has(la.Range, la.Bucket)

    @property
    def counts(self) -> bool:
        """Whether things are counted, or what counts them is added up; an amount of money is no count."""
        summed = [
            n.operand.text
            for n in self.nodes
            if isinstance(n, la.Aggregate) and isinstance(n.operand, la.Name)
        ]
        for metric in self.metrics:
            summed += [metric.name, *metric.synonyms, *([] if "*" in metric.sql else [metric.sql])]
        is_counted = any(map(_COUNTED.search, summed))
        return is_counted or self.aggregates("COUNT") or self.has(la.Times, la.Pairs, la.Share)

    @property
    def divides(self) -> bool:
        """Whether a figure is divided by another."""
        return any(isinstance(n, la.Calc) and n.sign == "/" for n in self.nodes) or self.metric_says(r"/|%")

    @property
    def sets_beside(self) -> bool:
        """Whether two periods or things stand beside each other."""
        only = sum(isinstance(n, la.Only) for n in self.nodes) > 1
        return only or self.has(la.Shifted) or bool(self.statement.groups)

    @property
    def shows_several(self) -> bool:
        """Whether several figures are told."""
        names = {m.name.lower() for m in self.metrics}
        items = self.statement.items
        return sum(not isinstance(item, la.Name) or item.text.lower() in names for item in items) > 1


_COUNTED = re.compile(
    r"count|number|qty|quantity|units|pieces|items|times|stück|menge|num(?![a-z])|件|数|次|单量|销量", re.I
)
"""What a figure says that is a number of things."""
_DENIED = re.compile(r"(?:没有?|未)([\u4e00-\u9fff])")
_ON = re.compile(r"active|enabled|available|visible|published|live|current|valid|stock|sale|status", re.I)
_OFF = re.compile(
    r"\b(?:switched off|turned off|taken off|discontinued|inactive|disabled|hidden|delisted|retired"
    r"|offline)\b|下架|停售|停产|停用|禁用|隐藏"
)
_NOT_YET = re.compile(
    r"\b(?:pending|open|await\w*|process(?:ing)?|in progress|unpaid|unfulfilled|draft|on ?hold|requested)\b"
    r"|^[待未]|等待|中$",
    re.I,
)


def value_text(node: la.Node) -> str:
    """What a value of a statement is, without its quotes."""
    return node.value if isinstance(node, la.Text) else str(node)
