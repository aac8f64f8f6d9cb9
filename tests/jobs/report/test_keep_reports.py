"""Reports on disk, on a page and in the index."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from jobs.report.archive import Archive
from jobs.report.errors import ReportCorrupt, ReportMissing, ReportNotSaved
from jobs.report.monthly import build_report
from jobs.report.passages import documents
from jobs.report.render import to_html, to_markdown
from jobs.report.types import Report
from retrieval.hashed import HashedWords
from retrieval.index import Index
from retrieval.types import Filters


@pytest.fixture(scope="module")
def report(workspace):
    return build_report(workspace, month="2026-05")


@pytest.fixture(scope="module")
def page(report):
    return to_html(report)


def test_a_report_survives_json(report):
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_the_page_reaches_for_nothing_outside(page):
    assert not re.search(r"<(script|link|img|iframe|object|embed|form)\b", page)
    assert not re.search(r"""(?:src|href)\s*=\s*(?:["'](?!#)|(?!["'#]))""", page)
    assert "url(" not in page.replace("url(#", "")
    assert "default-src 'none'" in page


def test_values_are_never_html(page, report):
    assert "<script" not in page
    assert "Pan &lt;script&gt;alert(1)&lt;/script&gt; | *x*" in page
    assert "Corner &amp; shop: monthly report, May 2026" in page


def test_the_page_shows_each_section_with_text_table_and_picture(page, report):
    for section in report.sections:
        assert f'<section id="{section.id}"' in page
    assert page.count("<svg") == sum(section.chart is not None for section in report.sections)
    assert page.count("<table>") == sum(len(section.tables) for section in report.sections)
    assert "@media print" in page
    assert 'name="viewport"' in page
    assert "2026-05-01 – 2026-05-31" in page


def test_the_page_opens_in_a_browser_on_a_phone(page, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api")
    import shutil

    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        view = browser.new_page(viewport={"width": 375, "height": 800})
        problems = []
        view.on("console", lambda message: problems.append(message.text))
        view.goto((tmp_path / "report.html").as_uri())
        width = view.evaluate("document.documentElement.scrollWidth")
        heading = view.inner_text("h1")
        browser.close()
    assert problems == []
    assert width <= 375
    assert heading == "Corner & shop: monthly report, May 2026"


def test_markdown_keeps_values_as_text(report):
    text = to_markdown(report)
    assert "<script" not in re.sub(r"\\<", "", text)
    assert r"Pan \<script\>alert(1)\</script\> \| \*x\*" in text
    assert text.startswith("# Corner \\& shop: monthly report, May 2026")
    rows = [line for line in text.splitlines() if line.startswith("| 2026-05")]
    assert rows[0].startswith("| 2026-05 | 240.00 EUR | 15 | ")


# ---- archive --------------------------------------------------------------------------------------------


def test_saved_reports_are_found_again(tmp_path, report):
    archive = Archive(tmp_path / "reports")
    assert archive.ids() == ()
    page = archive.save(report)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert archive.ids() == ("2026-05-monthly",)
    assert archive.load("2026-05-monthly") == report


def test_a_report_saved_by_an_earlier_version_is_read(report):
    data = json.loads(json.dumps(report.to_json()))
    for part in data["sections"]:
        for figure in part["figures"]:
            figure["start"] = 0
        for column in (column for table in part["tables"] for column in table["columns"]):
            del column["is_code"]
    assert Report.from_json(data).sections[0].text == report.sections[0].text


def test_past_reports_are_built_once(tmp_path, workspace, monkeypatch):
    archive = Archive(tmp_path)
    first = archive.keep_past_reports(workspace)
    assert [r.id for r in first] == ["2026-03-monthly", "2026-04-monthly", "2026-05-monthly"]
    monkeypatch.setattr(
        "jobs.report.archive.build_report", lambda *args, **kwargs: pytest.fail("built twice")
    )
    assert archive.keep_past_reports(workspace) == first


def test_a_damaged_report_is_built_again(tmp_path, workspace, report):
    archive = Archive(tmp_path)
    archive.save(report)
    (tmp_path / "2026-05-monthly.json").write_text("{")
    with pytest.raises(ReportCorrupt, match=r"2026-05-monthly\.json is not a report that can be read"):
        archive.load("2026-05-monthly")
    assert archive.keep_past_reports(workspace, 1) == (report,)
    assert archive.load("2026-05-monthly") == report


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"id": 1}', "\x00"])
def test_any_other_json_is_told(tmp_path, text):
    (tmp_path / "2026-05-monthly.json").write_text(text)
    with pytest.raises(ReportCorrupt, match="Nothing was changed"):
        Archive(tmp_path).load("2026-05-monthly")


@pytest.mark.parametrize("id", ["2026-04-monthly", "../secret", "", "manifest"])
def test_a_report_that_is_not_there_is_told(tmp_path, report, id):
    archive = Archive(tmp_path)
    archive.save(report)
    with pytest.raises(ReportMissing, match="saved are: 2026-05-monthly"):
        archive.load(id)


@pytest.mark.parametrize("name", ["fsync", "replace"])
def test_a_full_disk_leaves_the_saved_report_and_no_litter(tmp_path, report, monkeypatch, name):
    archive = Archive(tmp_path)
    archive.save(report)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"jobs.report.archive.os.{name}", fail)
    with pytest.raises(ReportNotSaved, match="No space left on device"):
        archive.save(report)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# ---- search ---------------------------------------------------------------------------------------------


def test_sections_become_documents_that_a_search_for_the_month_finds(tmp_path, workspace):
    import datetime as dt

    found = [d for month in ("2026-04", "2026-05") for d in documents(build_report(workspace, month=month))]
    assert "report:2026-05-monthly#reviews" in {d.id for d in found}
    assert all(d.kind == "report" and d.text.startswith("Corner & shop: monthly report") for d in found)
    index = Index.build(tmp_path, found, embedder=HashedWords(), progress=False)
    may = Filters(written_from=dt.datetime(2026, 5, 1), written_before=dt.datetime(2026, 6, 1))
    hits = index.search("average rating", 20, may)
    assert {hit.document.id.split("#")[0] for hit in hits} == {"report:2026-05-monthly"}
    assert hits[0].document.id == "report:2026-05-monthly#reviews"


def test_what_a_killed_writer_left_goes_and_what_another_is_writing_stays(report, tmp_path):
    old, young = tmp_path / ".2026-04-monthly.json.1a2b3c4d", tmp_path / ".2026-03-monthly.html.5e6f7a8b"
    for path in (old, young):
        path.write_text("{")
    os.utime(old, (0, 0))
    archive = Archive(tmp_path)
    archive.save(report)
    assert not old.exists() and young.exists() and archive.ids() == ("2026-05-monthly",)
    archive.delete("2026-05-monthly")
    assert archive.ids() == () and not (tmp_path / "2026-05-monthly.html").exists()
    for id in ("2026-05-monthly", "../x", ".2026-03-monthly"):
        with pytest.raises(ReportMissing):
            archive.delete(id)


WRITER = """
import json, os, signal, sys
from pathlib import Path
from jobs.report.archive import Archive
from jobs.report.types import Report

folder = Path(sys.argv[1])
new = Report.from_json(json.loads((folder / "new").read_text("utf-8")))
for owner, moment in ((Path, "open"), (os, "fsync"), (os, "replace")):
    for number in (1, 2):
        child = os.fork()
        if child == 0:
            real, calls = getattr(owner, moment), []

            def step(*args, **kwargs):
                calls.append(args)
                if len(calls) == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)

            setattr(owner, moment, step)
            Archive(folder / "kept").save(new)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        kept = Archive(folder / "kept").load(new.id)
        page = (folder / "kept" / f"{new.id}.html").read_text("utf-8")
        print(os.WIFSIGNALED(status), kept.title, page.rstrip().endswith("</html>"))
"""
"""Writes a report anew in children that are killed at each of their steps."""


def test_a_report_that_is_written_anew_is_the_old_or_the_new_at_any_kill(report, tmp_path):
    old = replace(report, sections=tuple(replace(each, chart=None) for each in report.sections))
    Archive(tmp_path / "kept").save(old)
    new = replace(old, title="Another")
    (tmp_path / "new").write_text(json.dumps(new.to_json()), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(tmp_path)], capture_output=True, text=True, timeout=120, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 6
    assert set(lines) <= {f"True {title} True" for title in (old.title, new.title)}, lines
