"""Does a predicted result hold the gold answer? Execution match, as the text-to-SQL field defines it.

Two measures over result sets, never over SQL text:

- :func:`is_same_result`: the same rows with the same multiplicity, columns in any order, column names
  ignored, row order only where the gold asks for one. This is the *strict* measure.
- :func:`is_answer_contained`: some of the predicted columns are the gold result. This is the *relaxed*
  measure: a prediction may show a helpful column more (the revenue beside the name of the best product),
  never a row more.

Cells: numbers are equal within a tolerance (two whole numbers only exactly), ``True`` is 1, a date equals
the timestamp at its midnight, ``NULL`` equals ``NULL``, text is compared exactly. Two empty results are the
same whatever their columns. Not covered: whether a wrong statement gives the right rows by chance.

Source: Yu et al., Spider (EMNLP 2018), execution match; Zhong et al., test-suite accuracy (EMNLP 2020).
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from sql.types import Value

Rows = Sequence[Sequence[Value]]

TOLERANCE = 1e-9
"""Numbers ``a`` and ``b`` are equal when they differ by at most this, or by this share of the larger one."""

_Cell = Hashable
_Column = tuple[_Cell, ...]


def is_same_result(predicted: Rows, gold: Rows, *, ordered: bool, tolerance: float = TOLERANCE) -> bool:
    """Whether both results hold the same rows; see the module for what "same" means.

    Args:
        predicted: rows of the prediction; all of one width.
        gold: rows of the gold statement.
        ordered: the question asks for an order, so rows are compared one by one.
        tolerance: see :data:`TOLERANCE`.
    """
    if not predicted and not gold:
        return True
    if len(predicted) != len(gold) or len(predicted[0]) != len(gold[0]):
        return False
    return is_answer_contained(predicted, gold, ordered=ordered, tolerance=tolerance)


def is_answer_contained(predicted: Rows, gold: Rows, *, ordered: bool, tolerance: float = TOLERANCE) -> bool:
    """Whether the gold result is what remains when some of the predicted columns are left out.

    Arguments as for :func:`is_same_result`; the prediction must not hold another number of rows.
    """
    if len(predicted) != len(gold):
        return False
    if not gold:
        return True
    if len(gold[0]) > len(predicted[0]):
        return False
    predicted_columns, gold_columns = _columns(predicted, gold, tolerance)
    if ordered:
        return not Counter(gold_columns) - Counter(predicted_columns)
    return _has_assignment(predicted_columns, gold_columns)


def _has_assignment(predicted: list[_Column], gold: list[_Column]) -> bool:
    """Whether each gold column can be given its own predicted column so that the rows agree as multisets.

    Trying every permutation is hopeless beyond a few columns; a gold column can only be one whose values
    are the same multiset, and each choice must keep the multiset of the rows built so far.
    """
    bags = [Counter(column) for column in predicted]
    candidates = [[i for i, bag in enumerate(bags) if bag == Counter(column)] for column in gold]
    order = sorted(range(len(gold)), key=lambda j: len(candidates[j]))

    def extend(depth: int, used: frozenset[int], left: list[int], right: list[int]) -> bool:
        """``left`` and ``right`` number the classes of rows that agree in the columns assigned so far."""
        if depth == len(order):
            return True
        tried: set[_Column] = set()
        for i in candidates[order[depth]]:
            if i in used or predicted[i] in tried:
                continue
            tried.add(predicted[i])
            numbers: dict[Hashable, int] = {}
            new_left = [numbers.setdefault(k, len(numbers)) for k in zip(left, predicted[i], strict=True)]
            new_right = [
                numbers.setdefault(k, len(numbers)) for k in zip(right, gold[order[depth]], strict=True)
            ]
            if Counter(new_left) == Counter(new_right) and extend(depth + 1, used | {i}, new_left, new_right):
                return True
        return False

    rows = len(gold[0])
    return extend(0, frozenset(), [0] * rows, [0] * rows)


def _columns(predicted: Rows, gold: Rows, tolerance: float) -> tuple[list[_Column], list[_Column]]:
    """Both results as columns of comparable cells, numbers replaced by the cluster they fall in."""
    numbers = {v for rows in (predicted, gold) for row in rows for v in row if _is_number(v)}
    clusters = _clusters(numbers, tolerance)

    def cell(value: Value) -> _Cell:
        return ("number", clusters[_exact(value)]) if _is_number(value) else _plain(value)

    return (
        [tuple(cell(v) for v in column) for column in zip(*predicted, strict=True)],
        [tuple(cell(v) for v in column) for column in zip(*gold, strict=True)],
    )


def _is_number(value: Value) -> bool:
    return isinstance(value, bool | int | float | decimal.Decimal) and math.isfinite(value)


def _exact(value: Value) -> float | int | decimal.Decimal:
    """A hashable number; equal numbers of different types hash alike in Python."""
    assert isinstance(value, bool | int | float | decimal.Decimal)
    return value


def _clusters(values: Iterable[Value], tolerance: float) -> dict[float | int | decimal.Decimal, int]:
    """Number each value so that neighbours within the tolerance share a number.

    Equality within a tolerance is not transitive; clusters are, so that rows can be counted. A chain of
    neighbours could join values further apart, which at 1e-9 needs data denser than money and counts are.
    """
    clusters: dict[float | int | decimal.Decimal, int] = {}
    previous: float | int | decimal.Decimal | None = None
    number = 0
    for value in sorted(_exact(v) for v in values):
        if previous is not None and not _are_close(previous, value, tolerance):
            number += 1
        clusters[value] = number
        previous = value
    return clusters


def _are_close(a: float | int | decimal.Decimal, b: float | int | decimal.Decimal, tolerance: float) -> bool:
    if isinstance(a, int) and isinstance(b, int):
        return a == b  # identifiers may be long: 9_000_000_001 is not 9_000_000_002
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def _plain(value: Value) -> _Cell:
    """A cell that is no finite number, as something that compares and hashes by value."""
    if value is None:
        return ("null",)
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo is None else value.astimezone(dt.UTC).replace(tzinfo=None)
        return ("time", moment)
    if isinstance(value, dt.date):
        return ("time", dt.datetime(value.year, value.month, value.day))
    if isinstance(value, float | decimal.Decimal):
        return ("number", "nan" if math.isnan(value) else "inf" if value > 0 else "-inf")
    return (type(value).__name__, value)
