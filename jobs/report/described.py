"""Reports that files describe: read, checked, found by name.

Those that ship stand in ``built_in/``; a shop's own in ``reports/*.yml`` beside its ``shop.yml``, where one
of the same name takes the place of one that ships. A file is checked whole, but for the names of this shop
that its statements use, before anything is asked; its first fault is told with the line and the way out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rapidfuzz import fuzz, process

from jobs.report.errors import UnknownReport
from jobs.report.filled import check_placeholders
from jobs.report.weeks_and_months import UNITS, Unit
from sql.errors import ShopFileError, WrongStatement
from sql.semantics import Shop
from sql.shop.layers.documents import Item, read_documents
from sql.statement.parse import parse
from telling.drawn_as import DrawnAs

if TYPE_CHECKING:
    from bot.job import Job

FOLDER = "reports"
"""Beside ``shop.yml``."""
MAX_SECTIONS = 30
MOST_MATTERS = 5
LANGUAGES = ("en", "zh")
Compared = Literal["before", "year"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_KEYS = ("title", "also_called", "period", "language", "begins_with", "sections")
_SECTION_KEYS = ("title", "ask", "job", "with", "figures", "needs", "compare", "chart")
_CHARTS = (*get_args(DrawnAs), "none")


@dataclass(frozen=True, kw_only=True)
class DescribedSection:
    """One section as its file says it: a statement, a job, or the figures of every view."""

    titles: Mapping[str, str]
    """By language."""
    ask: str = ""
    """A statement of the question language with placeholders."""
    job: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the job is told, with placeholders."""
    is_figures: bool = False
    needs: tuple[str, ...] = ()
    """Parts that the shop must bind."""
    compare: tuple[Compared, ...] = ()
    chart: DrawnAs | Literal["none"] | None = None
    """``None`` leaves the choice to what was found."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """A report as its file says it."""

    name: str
    titles: Mapping[str, str]
    also_called: tuple[str, ...] = ()
    """Words that ask for it, in any language."""
    unit: Unit = "month"
    language: Literal["en", "zh"] | None = None
    """What it is written in where nobody says; ``None`` follows who asks."""
    begins_with: int = 3
    """Changes that stand first, the most telling first; 0 for no such section."""
    sections: tuple[DescribedSection, ...] = ()
    path: Path | None = None
    """A shop's own file; ``None`` for one that ships."""

    def title(self, language: str) -> str:
        """What it is called."""
        return _in(self.titles, language)


def title_in(section: DescribedSection, language: str) -> str:
    """What a section is called."""
    return _in(section.titles, language)


def _in(titles: Mapping[str, str], language: str) -> str:
    return titles.get(language) or next(iter(titles.values()))


# ---- finding ----------------------------------------------------------------------------------------------


def report_names(shop: Shop) -> tuple[str, ...]:
    """Names of the reports that can be asked for: the shop's own, then those that ship."""
    return tuple(dict.fromkeys([*_own(shop), *_shipped()]))


def read_report(name: str, shop: Shop, jobs: Sequence[Job]) -> Described:
    """The report of that name.

    Args:
        jobs: those that sections may name.
    Raises:
        UnknownReport: there is none.
        ShopFileError: its file says what no report can say; with the line.
    """
    path = _own(shop).get(name)
    if path is not None:
        return _read(path, name, jobs, is_own=True)
    if name in _shipped():
        with resources.as_file(resources.files(__package__ or "").joinpath("built_in", f"{name}.yml")) as own:
            return _read(own, name, jobs, is_own=False)
    names = report_names(shop)
    raise UnknownReport(f"There is no report {name!r}{_near(name, names)}; there is {', '.join(names)}.")


def all_reports(shop: Shop, jobs: Sequence[Job]) -> tuple[Described, ...]:
    """Every report; raises what :func:`read_report` does."""
    return tuple(read_report(name, shop, jobs) for name in report_names(shop))


def _own(shop: Shop) -> dict[str, Path]:
    """Name → file of the shop's own reports; none for a shop without a file."""
    if shop.path is None:
        return {}
    files = sorted((shop.path.parent / FOLDER).glob("*.yml"))
    return {path.stem: path for path in files if path.is_file()}


def _shipped() -> tuple[str, ...]:
    files = resources.files(__package__ or "").joinpath("built_in").iterdir()
    names = [Path(file.name).stem for file in files if file.name.endswith(".yml")]
    return tuple(sorted(names, key=lambda name: (name not in ("monthly", "weekly"), name)))


# ---- reading ----------------------------------------------------------------------------------------------


def _read(path: Path, name: str, jobs: Sequence[Job], *, is_own: bool) -> Described:
    documents = read_documents(path)
    if len(documents) != 1:
        raise ShopFileError(path, 1, "the file needs one report: title, period and sections")
    root = documents[0]
    what = "the report"
    if not _NAME.fullmatch(name):
        root.fail(
            f"a report's file is called like sales_de.yml: small letters, digits and _, not {path.name!r}"
        )
    _check_keys(root, _KEYS, what)
    sections = tuple(_section(item, jobs) for item in root.items("sections"))
    if not sections:
        root.fail("the report needs sections: a list, each with a title and with ask, job or figures")
    if len(sections) > MAX_SECTIONS:
        root.fail(f"the report has {len(sections)} sections; {MAX_SECTIONS} are allowed")
    return Described(
        name=name,
        titles=_titles(root, what),
        also_called=_words(root, "also_called"),
        unit=_one_of(root, "period", UNITS, what) or "month",
        language=_one_of(root, "language", LANGUAGES, what),
        begins_with=_begins_with(root),
        sections=sections,
        path=path if is_own else None,
    )


def _section(item: Item, jobs: Sequence[Job]) -> DescribedSection:
    what = "a section"
    if not isinstance(item.value, dict):
        item.fail("each section must be a mapping with a title and with ask, job or figures")
    _check_keys(item, _SECTION_KEYS, what)
    kinds = [key for key in ("ask", "job", "figures") if item.has(key)]
    if len(kinds) != 1:
        item.fail("a section needs one of ask (a statement), job (a job's name) and figures: all")
    if item.has("with") and not item.has("job"):
        item.get("with").fail("with belongs to a job; this section has none")
    if item.has("compare") and not item.has("ask"):
        item.get("compare").fail("compare belongs to ask; jobs and figures compare by themselves")
    if item.has("figures") and item.text("figures") != "all":
        item.get("figures").fail(f"figures is {item.text('figures')!r}; write figures: all")
    compare = _words(item, "compare")
    for word in compare:
        if word not in get_args(Compared):
            item.get("compare").fail(f"compare is {word!r}; write before, year or both: [before, year]")
    return DescribedSection(
        titles=_titles(item, what),
        ask=_statement(item) if item.has("ask") else "",
        job=item.text("job"),
        values=_values(item, jobs) if item.has("job") else {},
        is_figures=item.has("figures"),
        needs=_words(item, "needs"),
        compare=compare,  # type: ignore[arg-type]
        chart=_one_of(item, "chart", _CHARTS, what),
    )


def _statement(item: Item) -> str:
    """The statement; with every placeholder standing for some name it must be one."""
    text, place = item.text("ask"), item.get("ask")
    if (fault := check_placeholders(text)) is not None:
        place.fail(fault)
    try:
        parse(re.sub(r"\{[^{}]*\}", "x", re.sub(r"\{unit\}", "MONTH", text)))
    except WrongStatement as error:
        place.fail(f"ask: {error.reason} (docs/question-language.md)")
    return text


def _values(item: Item, jobs: Sequence[Job]) -> dict[str, str]:
    name = item.text("job")
    able = [job.name for job in jobs if job.parameters and job.name != "report"]
    job = next((job for job in jobs if job.name == name), None)
    if job is None or name not in able:
        item.get("job").fail(f"there is no job {name!r}{_near(name, able)}; there is {', '.join(able)}")
    known = [parameter.name for parameter in job.parameters]
    told = item.get("with")
    if told.value is None:
        return {}
    if not isinstance(told.value, dict):
        told.fail(f"with must be a mapping of the job's parameters: {', '.join(known)}")
    found = {}
    for key in told.value:
        if key not in known:
            told.get(key).fail(f"the job {name} takes no {key!r}{_near(key, known)}; {', '.join(known)}")
        value = told.text(key)
        if (fault := check_placeholders(value)) is not None:
            told.get(key).fail(fault)
        if not value or set(value) & set('"“”\n'):
            told.get(key).fail(f"{key} needs a value, without double quotes inside it")
        found[key] = value
    return found


def _titles(item: Item, what: str) -> dict[str, str]:
    """A text for all languages, or one for each."""
    found = item.get("title")
    if not isinstance(found.value, dict):
        title = item.needed("title", what)
        return dict.fromkeys(LANGUAGES, title)
    _check_keys(found, LANGUAGES, "title")
    return {language: found.needed(language, "title") for language in found.value}


def _begins_with(root: Item) -> int:
    if root.get("begins_with").value is None:
        return Described.begins_with
    text = root.text("begins_with")
    if not text.isdecimal() or int(text) > MOST_MATTERS:
        root.get("begins_with").fail(
            f"begins_with is {text!r}; write how many changes stand first, from 0 to {MOST_MATTERS}"
        )
    return int(text)


def _words(item: Item, key: str) -> tuple[str, ...]:
    found = item.get(key)
    if isinstance(found.value, list):
        return tuple(str(each.value).strip() for each in found.value)
    return (item.text(key),) if item.text(key) else ()


def _one_of(item: Item, key: str, known: Sequence[Any], what: str) -> Any:
    """The word under ``key``; ``None`` where there is none."""
    text = item.text(key)
    if text and text not in known:
        item.get(key).fail(f"{key} of {what} is {text!r}{_near(text, known)}; write {', '.join(known)}")
    return text or None


def _check_keys(item: Item, known: Sequence[str], what: str) -> None:
    for key in item.value:
        if key not in known:
            item.get(key).fail(f"{what} has no key {key!r}{_near(key, known)}; keys: {', '.join(known)}")


def _near(name: str, known: Sequence[str]) -> str:
    found = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=70)
    return f"; did you mean {found[0]!r}?" if found else ""
