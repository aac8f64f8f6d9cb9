"""``shoptalk report``: builds a report, keeps it with the past ones, and writes it to a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from app.errors import WrongUse
from app.progress import say
from ui.command import finite, print_text

if TYPE_CHECKING:
    from app.person import Person
    from app.settings import Settings
    from jobs.report.types import Language, Report
    from jobs.report.weeks_and_months import Span, Unit

LAST = "last"


def list_reports(settings: Settings, shop: str | None) -> None:
    """Print each report with its title, its unit of time and its file."""
    from app.finding import find_shop
    from jobs import JOBS
    from jobs.report.described import all_reports

    for each in all_reports(find_shop(settings, shop), JOBS):
        place = str(each.path) if each.path is not None else "built in"
        print_text(f"{each.name}: {each.title('en')}, by {each.unit} ({place})")


def write_report(
    settings: Settings,
    name: str,
    *,
    out: Path | None,
    month: str | None,
    week: str | None,
    language: str | None,
    shop: str | None,
    person: Person,
) -> None:
    """Build it and write it; see ``shoptalk report --help``.

    Raises:
        WrongUse: there is no such report, language, time or kind of file.
    """
    from app.house import House
    from app.reports import built_report
    from app.write import write_whole
    from jobs.report.errors import UnknownReport
    from jobs.report.types import Language

    spoken: dict[str, Language] = {code: code for code in get_args(Language)}
    if language is not None and language not in spoken:
        raise WrongUse(f"--language is {language!r}; use one of {', '.join(spoken)}.")
    if out is not None and out.suffix not in _FORMATS:
        raise WrongUse(f"--out is {str(out)!r}; its name must end in {', '.join(_FORMATS)}.")
    if out is not None and out.suffix == ".pdf":
        from jobs.report.pdf import check_pdf

        check_pdf()  # before the long work
    if month is not None and week is not None:
        raise WrongUse("Give --month or --week, not both.")
    when = _when("month", month) if month is not None else _when("week", week)
    with House(settings) as house:
        try:
            built = built_report(
                house.at(shop, person),
                name,
                when=when,
                language=spoken[language] if language is not None else None,
            )
        except UnknownReport as error:
            raise WrongUse(str(error)) from error
    if out is None:
        print_text(_as_markdown(built).decode())
        return
    write_whole(out, _FORMATS[out.suffix](built))
    print_text(str(out))


def _when(unit: Unit, text: str | None) -> Span | Unit | None:
    """A week or month; the unit alone for the last full one; ``None`` where nothing is said."""
    from jobs.report.weeks_and_months import parse_span

    if text is None:
        return None
    if text == LAST:
        return unit
    try:
        return parse_span(text, unit)
    except ValueError as error:
        example = "a month such as 2026-05" if unit == "month" else "a week such as 2026-W22, or a day of it"
        raise WrongUse(f"--{unit} is {text!r}; expected {example}, or {LAST}.") from error


def _as_html(report: Report) -> bytes:
    from jobs.report.render import to_html

    return to_html(report).encode()


def _as_pdf(report: Report) -> bytes:
    from jobs.report.pdf import to_pdf

    made = to_pdf(report)
    for note in made.notes:
        say(note)
    return made.content


def _as_markdown(report: Report) -> bytes:
    from jobs.report.render import to_markdown

    return to_markdown(report).encode()


def _as_json(report: Report) -> bytes:
    return (json.dumps(finite(report.to_json()), ensure_ascii=False, indent=2) + "\n").encode()


_FORMATS: dict[str, Callable[[Report], bytes]] = {
    ".html": _as_html,
    ".pdf": _as_pdf,
    ".md": _as_markdown,
    ".json": _as_json,
}
