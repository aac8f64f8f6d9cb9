"""An evaluation as one self-contained HTML page: the figures, then every miss beside its gold.

Questions, statements and values come from question files, models and databases: they are escaped, never
interpreted, and the page holds no script and loads nothing.
"""

from __future__ import annotations

import functools
from typing import Any

from finetune.scores import EvaluationReport

VERDICTS = {
    "wrong": "Ran and gave other rows",
    "unresolved": "Names what does not exist, or could mean nothing",
    "unparsed": "Does not parse",
    "failed": "Stopped by the database or a budget",
    "refused": "Refused by the guard",
    "abstained": "Declined, or asked back",
    "gold_failed": "Not counted: the gold statement does not run",
}


def to_html(report: EvaluationReport, title: str = "Evaluation") -> str:
    """The page. Misses are grouped by verdict, in the order of the question file."""
    misses = {verdict: [o for o in report.outcomes if o.verdict == verdict] for verdict in VERDICTS}
    prompt_tokens, written_tokens = report.tokens
    return str(
        _template().render(
            title=title,
            report=report,
            figures=report.to_json(),
            groups={
                "Hardness": report.by_hardness(),
                "Source": report.by_source(),
                "Database": report.by_database(),
            },
            prompt_tokens=prompt_tokens,
            written_tokens=written_tokens,
            misses={verdict: found for verdict, found in misses.items() if found},
            words=VERDICTS,
        )
    )


@functools.cache
def _template() -> Any:
    import jinja2

    loader = jinja2.PackageLoader("finetune", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    environment.filters["thousands"] = lambda number: f"{number:,.0f}"
    return environment.get_template("evaluation.html")
