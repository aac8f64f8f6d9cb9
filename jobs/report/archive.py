"""Reports that were made, kept in a folder: ``ID.json`` is the report, ``ID.html`` the page made from it.

A saved report is a snapshot: it does not change when the data does. Keep one folder per audience, because
reports hold figures that not every role may see.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import re
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.report.errors import NothingToReport, ReportCorrupt, ReportMissing, ReportNotSaved
from jobs.report.monthly import build_report
from jobs.report.months import last_full_months
from jobs.report.passages import documents
from jobs.report.render import to_html
from jobs.report.types import Language, Report
from sql.traces import Traces

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

_ID = re.compile(r"\d{4}-(?:\d{2}|W\d{2})-[a-z][a-z0-9_]*(-[a-z]{2})?|\d{4}-\d{2}-\d{2}-\d{4}-[0-9a-f]{8}")
"""Of a month's or week's report, and of an answer that was delivered (:mod:`jobs.report.answered`)."""

UNFINISHED_S = 3_600.0
"""Seconds after which nobody writes a file any more that was never put in place."""


class Archive:
    """The reports in ``folder``, which is made when the first one is saved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ids(self) -> tuple[str, ...]:
        """Ids of the saved reports, oldest first."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.json") if _ID.fullmatch(path.stem)))

    def save(self, report: Report) -> Path:
        """Write a report, over an earlier one of the same id; return the path of its page.

        Each file is whole or absent at any moment; the report itself is the last to be put in place.

        Raises:
            ReportNotSaved: the disk refused; what was saved before is unchanged.
        """
        page = self.folder / f"{report.id}.html"
        data = json.dumps(report.to_json(), ensure_ascii=False, indent=1)
        texts = {page: to_html(report), page.with_suffix(".json"): data}
        unfinished = {path: path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}") for path in texts}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._clear_unfinished()
            for path, text in texts.items():
                _write(unfinished[path], text)
            for path in texts:
                os.replace(unfinished[path], path)
        except OSError as error:
            raise ReportNotSaved(
                f"Cannot save report {report.id} in {self.folder}: {error.strerror or error}. What was saved "
                "before is unchanged. Free disk space and run the same command again."
            ) from error
        finally:
            for path in unfinished.values():
                path.unlink(missing_ok=True)
        return page

    def _clear_unfinished(self) -> None:
        """Take away what writers left that were killed; those at work are younger."""
        for path in self.folder.glob(".*"):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > UNFINISHED_S:
                    path.unlink()

    def delete(self, id: str) -> None:
        """Delete a report and its page.

        Raises:
            ReportMissing: there is none of that id.
            OSError: a file cannot be deleted.
        """
        path = self.folder / f"{id}.json"
        if not _ID.fullmatch(id) or not path.is_file():
            raise ReportMissing(f"There is no saved report {id!r} in {self.folder}.")
        path.unlink(missing_ok=True)  # first: a page without its report is no report
        path.with_suffix(".html").unlink(missing_ok=True)

    def load(self, id: str) -> Report:
        """The saved report of that id.

        Raises:
            ReportMissing, ReportCorrupt: naming the file.
        """
        path = self.folder / f"{id}.json"
        if not _ID.fullmatch(id) or not path.is_file():
            known = ", ".join(self.ids()) or "none"
            raise ReportMissing(f"There is no saved report {id!r} in {self.folder}; saved are: {known}.")
        try:
            return Report.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReportCorrupt(
                f"{path} is not a report that can be read ({type(error).__name__}). Nothing was changed. "
                "Delete it and have the report built again."
            ) from error

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Delete every report that names a person, its page too; see ``CanForget``.

        It is built again when it is asked for next, of what the shop holds then.

        Raises:
            OSError: a file cannot be read or deleted.
        """
        named = set()
        for path in self.folder.glob("*"):
            text = path.read_text(encoding="utf-8", errors="replace")
            if traces.names(text) or (path.suffix == ".json" and self._is_about(path.stem, traces)):
                named.add(path.name.lstrip(".").partition(".")[0])
        if not is_dry:
            for path in self.folder.glob("*"):
                if path.name.lstrip(".").partition(".")[0] in named:
                    path.unlink(missing_ok=True)
        return len(named)

    def forget_before(self, moment: dt.datetime, *, is_dry: bool) -> int:
        """Delete every report that was written before ``moment``, its page too, or only count them.

        Args:
            moment: with its zone.
        Raises:
            OSError: a file cannot be deleted.
        """
        old = {path.stem for path in self.folder.glob("*.json") if path.stat().st_mtime < moment.timestamp()}
        for id in () if is_dry else old:
            for suffix in (".json", ".html"):
                (self.folder / f"{id}{suffix}").unlink(missing_ok=True)
        return len(old)

    def quoting(self, ids: frozenset[str]) -> frozenset[str]:
        """Ids of the documents made of reports that quote any of those texts."""
        found: set[str] = set()
        for id in self.ids() if ids else ():
            with suppress(ReportMissing, ReportCorrupt):
                report = self.load(id)
                if not ids.isdisjoint(report.cites):
                    found |= {document.id for document in documents(report)}
        return frozenset(found)

    def _is_about(self, id: str, traces: Traces) -> bool:
        """Whether a table has the person's key, or a text that they wrote is quoted."""
        try:
            report = self.load(id)
        except (ReportMissing, ReportCorrupt):  # its text was searched as it stands
            return False
        tables = [table for section in report.sections for table in section.tables]
        return not traces.documents.isdisjoint(report.cites) or any(
            traces.names_cell(column.name, row[place])
            for table in tables
            for place, column in enumerate(table.columns)
            for row in table.rows
        )

    def keep_past_reports(
        self, workspace: Workspace, count: int = 3, *, language: Language = "en"
    ) -> tuple[Report, ...]:
        """The reports of the last ``count`` full months, oldest first; those not saved are built and saved.

        Months without rows are left out. A shop without times gives none.

        Raises:
            ReportNotSaved: the disk refused.
            SqlError: a query failed; see ``sql.errors``.
        """
        reports = []
        for month in last_full_months(workspace.today, count):
            id = f"{month:%Y-%m}-monthly" + ("" if language == "en" else f"-{language}")
            try:
                reports.append(self.load(id))
                continue
            except ReportMissing:
                pass
            except ReportCorrupt as error:
                logger.warning("%s It is built again.", error)
            try:
                report = build_report(workspace, "monthly", month=month, language=language)
            except NothingToReport as error:
                logger.info("%s", error)
                continue
            self.save(report)
            reports.append(report)
        return tuple(reports)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
