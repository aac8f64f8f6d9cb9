"""A report as a PDF: tagged, with charts as vectors and its fonts inside; made here, nothing is fetched.

WeasyPrint lays it out; it is an extra, for it needs the system's Pango. Characters that no font has are named
on the page and told to the caller.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.report.errors import PdfUnavailable
from jobs.report.render import to_html
from jobs.report.types import Report
from telling.phrases import load_words

CJK = "Shoptalk CJK"
"""What the font of the extra is called in a page."""
INSTALL = "pip install 'shoptalk[pdf]'"
PANGO = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
MOST_NAMED = 6
"""Missing characters that are named."""


@dataclass(frozen=True, kw_only=True)
class Pdf:
    """The file, and what is to be told of it."""

    content: bytes
    notes: tuple[str, ...] = ()


def check_pdf() -> None:
    """Raise ``PdfUnavailable`` where no PDF can be made, with the line that mends it."""
    _weasyprint()


def to_pdf(report: Report) -> Pdf:
    """The report on A4 pages.

    Raises:
        PdfUnavailable: WeasyPrint or Pango is missing.
    """
    content, missing = _written(report, ())
    if not missing:
        return Pdf(content=content)
    # in English as well: whoever lacks the font cannot read a sentence in it
    words = load_words("en", "jobs.report")
    some = ", ".join(f"U+{ord(letter):04X}" for letter in missing[:MOST_NAMED])
    note = words.say("no_font", some=some, way=f"{INSTALL} brings one for Chinese.")
    content, _ = _written(report, (note,))
    return Pdf(content=content, notes=(note,))


def _written(report: Report, notes: tuple[str, ...]) -> tuple[bytes, list[str]]:
    """The file, and the characters that no font has."""
    weasyprint = _weasyprint()
    font = _font()
    face = f'@font-face {{ font-family: "{CJK}"; src: url("{font.as_uri()}"); }}' if font else ""
    page = to_html(report, notes=notes, face=face, family=CJK if font else "", is_print=True)
    if font:  # in pictures as well
        page = page.replace('font-family="sans-serif"', f'font-family="sans-serif, {CJK}"')
    document = weasyprint.HTML(string=page, url_fetcher=_only(font)).render()
    content: bytes = document.write_pdf(pdf_tags=True)
    missing = {
        letter for each in document.fonts.values() for letter in map(_letter, each.missing) if letter.strip()
    }
    return content, sorted(missing)


def _letter(code: int | str) -> str:
    return chr(code) if isinstance(code, int) else code


def _only(font: Path | None) -> Any:
    """Fetches our own font and nothing else, whatever a page names."""
    from weasyprint.urls import URLFetcher

    class OurFont(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            if font is None or url != font.as_uri():
                raise ValueError("a report fetches nothing")
            return super().fetch(url, headers)

    return OurFont(allowed_protocols={"file"})


@functools.cache
def _font() -> Path | None:
    """The font that the extra brings; ``None`` without it."""
    if importlib.util.find_spec("noto_cjk_sans_otc") is None:
        return None
    import noto_cjk_sans_otc

    return Path(str(noto_cjk_sans_otc.FONT_PATH))


def _weasyprint() -> Any:
    try:
        import weasyprint
    except ImportError as error:
        raise PdfUnavailable(f"A PDF needs WeasyPrint, which is not installed: {INSTALL}") from error
    except OSError as error:
        raise PdfUnavailable(f"A PDF needs the system's Pango, which is not installed: {PANGO}") from error
    for name in ("weasyprint", "fontTools"):  # they tell of each rule of CSS that is for screens alone
        logging.getLogger(name).setLevel(logging.ERROR)
    return weasyprint
