"""How differently a model treats groups of people: rates with intervals, each group against all others. Pure.

A difference is warned of where its whole interval lies beyond the margin, on either side. The intervals of
all groups and measures hold together (Bonferroni), so that where groups are equal the chance of any warning
at all is below ``ALPHA``, however many are looked at.
Source of the intervals of two shares' difference: Newcombe, Interval estimation for the difference between
independent proportions, 1998, method 10.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

ALPHA = 0.05
"""Chance of any warning at all where groups are equal and the margin is nothing."""
LEAST_OF = 20
"""People that a rate is of, of the group and of the others, below which it is not compared."""
Measure = Literal["selected", "false_alarm", "missed", "off"]
MEASURES: tuple[Measure, ...] = ("selected", "false_alarm", "missed", "off")
"""Share that is selected; of those who came back the share selected all the same; of those who did not, the
share not selected; and by how much more was expected to come back than did."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """People of one value of a column, counted."""

    column: str
    name: Hashable
    people: int
    selected: int
    came: int | None = None
    """Who came back; ``None`` with the rest where what they did is not known."""
    selected_came: int = 0
    """Who was selected and came back all the same."""
    expected: float = 0.0
    """Sum of the probabilities to come back."""
    spread: float = 0.0
    """Sum of their variances."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One measure of a group against that of all others of its column."""

    group: Group
    measure: Measure
    people: int
    """That the group's rate is of."""
    rate: float
    others: float
    low: float
    """Of the difference, group less others; so is ``high``."""
    high: float
    is_warned: bool

    @property
    def difference(self) -> float:
        """Group less others."""
        return self.rate - self.others


def compare(groups: Sequence[Group], *, margin: float, least: int) -> list[Compared]:
    """Every group that is large enough against all others of its column, on every measure that is known.

    Args:
        groups: of one or several columns; all groups of each, also the small ones, which are others too.
        margin: a share, from 0 on; what lies within it is not warned of.
        least: people of a group below which it is not compared by itself.
    """
    pairs = [(group, _rest(group, groups)) for group in groups if group.people >= least]
    pairs = [(group, rest) for group, rest in pairs if rest.people >= least]
    asked = [
        (group, rest, measure)
        for group, rest in pairs
        for measure in (MEASURES if group.came is not None else MEASURES[:1])
        if min(_of(group, measure), _of(rest, measure)) >= LEAST_OF
    ]
    alpha = ALPHA / max(len(asked), 1)
    return [_compared(group, rest, measure, margin, alpha) for group, rest, measure in asked]


def _rest(group: Group, groups: Sequence[Group]) -> Group:
    others = [each for each in groups if each.column == group.column and each is not group]
    return Group(
        column=group.column,
        name=None,
        people=sum(each.people for each in others),
        selected=sum(each.selected for each in others),
        came=sum(each.came or 0 for each in others) if group.came is not None else None,
        selected_came=sum(each.selected_came for each in others),
        expected=sum(each.expected for each in others),
        spread=sum(each.spread for each in others),
    )


def _counts(group: Group, measure: Measure) -> tuple[int, int]:
    """How many of how many."""
    came = group.came or 0
    if measure == "false_alarm":
        return group.selected_came, came
    if measure == "missed":
        gone = group.people - came
        return gone - (group.selected - group.selected_came), gone
    return group.selected, group.people


def _of(group: Group, measure: Measure) -> int:
    return group.people if measure == "off" else _counts(group, measure)[1]


def _compared(group: Group, rest: Group, measure: Measure, margin: float, alpha: float) -> Compared:
    if measure == "off":
        rate, others = _off(group), _off(rest)
        low, high = _off_interval(group, rest, alpha)
    else:
        from statsmodels.stats.proportion import confint_proportions_2indep

        (count, of), (count_rest, of_rest) = _counts(group, measure), _counts(rest, measure)
        rate, others = count / of, count_rest / of_rest
        ends = confint_proportions_2indep(
            count, of, count_rest, of_rest, compare="diff", method="newcomb", alpha=alpha
        )
        low, high = (float(end) for end in ends)
    return Compared(
        group=group,
        measure=measure,
        people=_of(group, measure),
        rate=rate,
        others=others,
        low=low,
        high=high,
        is_warned=low > margin or high < -margin,
    )


def _off(group: Group) -> float:
    return (group.expected - (group.came or 0)) / group.people


def _off_interval(group: Group, rest: Group, alpha: float) -> tuple[float, float]:
    """Normal, with the variance that the probabilities give, or that what came of them has if it is more."""
    from scipy.stats import norm

    variance = sum(max(each.spread, _spread_of_came(each)) / each.people**2 for each in (group, rest))
    half = float(norm.ppf(1 - alpha / 2)) * math.sqrt(variance)
    middle = _off(group) - _off(rest)
    return middle - half, middle + half


def _spread_of_came(group: Group) -> float:
    share = (group.came or 0) / group.people
    return group.people * share * (1 - share)
