"""A report as a PDF: its words, its fonts, and what is said where a font or a program is missing."""

from __future__ import annotations

import builtins
import re
import zlib

import pytest

from jobs.report import pdf
from jobs.report.errors import PdfUnavailable
from jobs.report.monthly import build_report


@pytest.fixture(scope="module")
def report(workspace):
    return build_report(workspace, month="2026-05", language="zh")


def streams(content: bytes) -> bytes:
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            found.append(zlib.decompress(stream))
        except zlib.error:
            found.append(stream)
    return b"\n".join(found) + content


def test_a_chinese_report_has_its_font_inside_and_pictures_as_vectors(report):
    made = pdf.to_pdf(report)
    inside = streams(made.content)
    assert made.content.startswith(b"%PDF") and made.notes == ()
    assert b"NotoSansCJK" in inside.replace(b"-", b"") and b"/MarkInfo" in inside
    assert b"/Subtype /Image" not in inside and b"/Subtype/Image" not in inside


def test_without_a_font_the_page_says_so_instead_of_boxes_alone(report, monkeypatch):
    monkeypatch.setattr(pdf, "_font", lambda: None)
    if not pdf._written(report, ())[1]:
        pytest.skip("this computer has a Chinese font of its own")
    made = pdf.to_pdf(report)
    assert len(made.notes) == 1 and "U+" in made.notes[0] and "pip install" in made.notes[0]


def test_a_page_fetches_nothing_but_our_font(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with pytest.raises(ValueError, match="fetches nothing"):
        pdf._only(None).fetch(secret.as_uri())


@pytest.mark.parametrize(("error", "way"), [(ImportError, "pip install"), (OSError, "libpango")])
def test_a_missing_program_is_named_with_the_line_that_brings_it(error, way, monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name == "weasyprint":
            raise error(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(PdfUnavailable, match=way):
        pdf.check_pdf()
