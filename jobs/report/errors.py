"""Errors of the report.

Tree::

    ReportError
    ├── UnknownReport     no report of that name
    ├── NothingToReport   the shop, or what the role sees of it, has nothing with a time in that month
    ├── ReportMissing     the archive has no such report
    ├── ReportCorrupt     a saved report cannot be read
    ├── ReportNotSaved    the disk refused; what was saved before is unchanged
    └── PdfUnavailable    what makes PDFs is not installed; with the line that brings it
"""

from __future__ import annotations


class ReportError(Exception):
    """Base of everything this job raises on purpose."""


class UnknownReport(ReportError):
    """There is no report of that name."""


class NothingToReport(ReportError):
    """The shop has no view with a time column that the role may see, or no rows in the time asked for."""


class ReportMissing(ReportError):
    """The archive has no such report."""


class ReportCorrupt(ReportError):
    """A saved report cannot be read."""


class ReportNotSaved(ReportError):
    """A report could not be written; what was saved before is unchanged."""


class PdfUnavailable(ReportError):
    """What makes PDFs is not installed; the message names the line that brings it."""
