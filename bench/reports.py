"""Reports of the demonstration shop: seconds, and numbers without a receipt.

    python -m bench.reports            the weekly report five times, each month's of a year in both languages
    python -m bench.reports --months 2

The weekly report is built as ``shoptalk report weekly`` builds it, in a process that has the shop open; its
seconds are those of the building alone. A number counts as without a receipt when neither a figure with its
cells, nor what the report repeats of its own period and names, nor a quote accounts for it.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

from bench.record import RESULTS, circumstances, write_result
from llm.hardware import set_threads

set_threads()

REPEATS = 5
ASKED_S = 10.0


def measure(months: int) -> dict[str, Any]:
    """The figures, with the seconds of every report."""
    from app.house import House
    from app.person import Person
    from app.settings import Settings
    from jobs.report.building import make_report
    from jobs.report.months import last_full_months
    from jobs.report.pdf import to_pdf
    from jobs.report.types import Language, Report
    from jobs.report.weeks_and_months import span_of
    from telling.writer import Composed, numbers_without_receipt

    def without(report: Report) -> int:
        told = (Composed(text=s.text, figures=s.figures, restated=s.restated) for s in report.sections)
        return sum(len(numbers_without_receipt(each)) for each in told)

    languages: tuple[Language, ...] = ("en", "zh")
    weekly, monthly, numbers, bare = [], [], 0, 0
    with House(Settings.from_environment()) as house, house.at(None, Person()).room() as room:
        tools = room.assistant(Person()).tools
        for _ in range(REPEATS):
            started = time.monotonic()
            report = make_report(tools, "weekly")
            weekly.append(round(time.monotonic() - started, 2))
            bare += without(report)
        started = time.monotonic()
        size = len(to_pdf(report).content)
        pdf_s = round(time.monotonic() - started, 2)
        for month in last_full_months(tools.workspace.today, months):
            for language in languages:
                started = time.monotonic()
                report = make_report(tools, "monthly", span=span_of(month, "month"), language=language)
                monthly.append(round(time.monotonic() - started, 2))
                bare += without(report)
                numbers += sum(len(section.figures) for section in report.sections)
                print(f"{report.id}: {monthly[-1]} s", file=sys.stderr)
    return {
        "weekly_s": weekly,
        "weekly_median_s": statistics.median(weekly),
        "asked_s": ASKED_S,
        "pdf_s": pdf_s,
        "pdf_bytes": size,
        "monthly_s": monthly,
        "reports": len(monthly) + REPEATS,
        "figures_in_monthly": numbers,
        "without_receipt": bare,
    }


def main() -> None:
    """Measure, print, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--months", type=int, default=12, help="months, the last full one and those before")
    found = measure(parser.parse_args().months)
    for key, value in found.items():
        print(f"{key}: {value}")
    write_result(RESULTS / "reports.json", {**circumstances(), **found})


if __name__ == "__main__":
    main()
