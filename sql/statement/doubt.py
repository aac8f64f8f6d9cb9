"""How likely rows answer their question: a logistic regression of what was seen while it was answered.

The weights are fitted by ``python -m finetune.shops fit`` on shops that no adapter was trained on, and
checked on others; docs/measure.md has the figures. They belong to the adapter that wrote the answers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from sql.question.linking import Links
from sql.semantics import Shop
from sql.statement.written import Written
from sql.types import Table

WEIGHTS: Mapping[str, float] = {
    "bias": 1.85,
    "likelihood": 0.583,
    "weakest": 0.0,
    "unheard": -1.035,
    "invented": -0.829,
    "empty": -0.403,
    "unexplained": -0.676,
    "again": -0.048,
    "unshared": -1.5,
    "length": -0.055,
    "size": 0.02,
}
"""Sign → weight. A sign that is missing here counts nothing."""
FOR = ("likelihood", "weakest")
AGAINST = ("unheard", "invented", "empty", "unexplained", "again", "unshared")
"""Signs that a fit may only let speak for an answer, or only against it, however few answers it has seen."""


PLACED = 0.95
"""Of a statement that no model wrote: 63 of 64 such questions of made-up shops were right (docs/log.md)."""


UNDESCRIBED = 0.7
"""At most, over tables that nobody has described: they do not say what counts as sold, or what a status
means. Of four answers over such a shop that were told as sure none was right (docs/log.md)."""


def signs(
    written: Written, links: Links, table: Table, shop: Shop, tries: int, share: float = 1.0
) -> dict[str, float]:
    """What speaks for and against an answer, each of the order of 1.

    ``likelihood`` is the log-probability of the whole statement, ``weakest`` that of its least likely
    token, both cut below; ``unheard`` counts words without a part and ``invented`` texts that nothing in the
    question stands for, ``unexplained`` is the share of words
    that linking does not know, ``again`` the tries before, ``unshared`` the share of votes for other rows,
    ``length`` and ``size`` the parts of the statement and the columns of the shop.
    """
    logprobs = written.logprobs
    parts = sum(1 for _ in written.compiled.statement.walk()) if written.compiled is not None else 0
    columns = sum(len(view.columns) for view in shop.views)
    has_value = any(cell not in (None, 0) for row in table.rows for cell in row)
    return {
        "bias": 1.0,
        "likelihood": max(sum(logprobs), -10.0) if logprobs else 0.0,
        "weakest": max(min(logprobs), -5.0) if logprobs else 0.0,
        "unheard": float(min(len(written.unheard), 3)),
        "invented": float(min(written.invented, 3)),
        "empty": 0.0 if has_value else 1.0,
        "unexplained": 1.0 - links.coverage,
        "again": float(tries),
        "unshared": 1.0 - share,
        "length": parts / 10,
        "size": math.log(max(columns, 1)) / 3,
    }


def probability(found: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """Of the rows answering the question, in (0, 1)."""
    score = sum(weights.get(name, 0.0) * value for name, value in found.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))
