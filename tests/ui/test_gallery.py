"""The gallery of reports: everybody's own audience, opened, downloaded, written, deleted by who may."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_shop import ServedShop, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving(tmp_path_factory.mktemp("gallery"), is_own=False) as found:
        yield found


@pytest.fixture(scope="module")
def owner(served: ServedShop):
    with served.client(served.key("ann")) as client:
        yield client


def write(client, **said: str):
    return client.post("/reports", data={"name": "monthly", "when": "2026-05"} | said)


def test_a_report_is_written_listed_opened_and_downloaded(owner) -> None:
    made = write(owner)
    assert (made.status_code, made.headers["location"]) == (303, "/reports/2026-05-monthly")
    page = owner.get("/reports")
    assert "Tiny: monthly report, May 2026" in page.text and "default-src 'none'" in str(page.headers)
    assert "Revenue in May 2026: 150.00 EUR" in owner.get("/reports/2026-05-monthly").text
    got = owner.get("/reports/2026-05-monthly/html")
    assert got.headers["content-disposition"] == 'attachment; filename="2026-05-monthly.html"'
    assert owner.get("/reports/2026-05-monthly/pdf").content.startswith(b"%PDF")
    assert owner.get("/v1/reports/2026-05-monthly/pdf").content.startswith(b"%PDF")


def test_a_role_sees_the_reports_of_its_own_audience_alone(served: ServedShop, owner) -> None:
    write(owner)
    attributes = {"country": "France", "product": "Chair"}
    with served.client(served.key("bo", "branch", **attributes)) as branch:
        assert "2026-05-monthly" not in branch.get("/reports").text
        for place in ("/reports/2026-05-monthly", "/reports/2026-05-monthly/pdf"):
            assert branch.get(place).status_code == 404
        assert write(branch).status_code == 303
        page = branch.get("/reports/2026-05-monthly").text
        assert "150.00" not in page and "50.00 EUR" in page and "role branch" in page
        assert branch.post("/reports/2026-05-monthly/delete").status_code == 403
        assert branch.delete("/v1/reports/2026-05-monthly").status_code == 403
        assert "/delete" not in branch.get("/reports").text
    with served.client(served.key("pat", "partner")) as partner:
        assert "<form" not in partner.get("/reports").text
        assert write(partner).status_code == 404


def test_who_sees_the_whole_shop_deletes_for_all_who_read_it(served: ServedShop, owner) -> None:
    write(owner)
    with served.client(served.key("cy")) as other:
        assert other.post("/reports/2026-05-monthly/delete").headers["location"] == "/reports"
    assert owner.get("/reports/2026-05-monthly").status_code == 404
    assert owner.delete("/v1/reports/2026-05-monthly").status_code == 404
    write(owner)
    assert owner.delete("/v1/reports/2026-05-monthly").status_code == 204


def test_what_cannot_be_written_is_told_on_the_page(owner) -> None:
    told = write(owner, when="nonsense")
    assert told.status_code == 422 and "2026-W22" in told.text and 'role="alert"' in told.text
    assert "&lt;b&gt;" in write(owner, when="<b>").text
    assert write(owner, name="../x").status_code == 404
    assert write(owner, when="1999-01").status_code == 404
    zh = owner.get("/reports", headers={"Accept-Language": "zh-CN"}).text
    assert "现在生成" in zh and "周报" in zh


def test_nobody_gets_in_without_a_key_nor_by_a_page_elsewhere(served: ServedShop, owner) -> None:
    with served.client() as stranger:
        assert stranger.get("/reports", headers={"Accept": "text/html"}).headers["location"] == "/sign-in"
        assert stranger.get("/reports/2026-05-monthly").status_code == 401
    with served.client() as browser:
        browser.cookies = browser.post("/sign-in", data={"key": served.key("di")}).cookies
        elsewhere = {"Origin": "https://evil.example"}
        assert browser.get("/reports").status_code == 200
        assert browser.post("/reports/2026-05-monthly/delete", headers=elsewhere).status_code == 403


def test_a_browser_reads_and_deletes_by_keyboard_on_a_phone(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    browser_path = shutil.which("chromium")
    if browser_path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with serving(tmp_path) as own, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 740}, locale="zh-CN")
        page.goto(f"{own.address}/reports")
        page.select_option("#name", "monthly")
        page.fill("#when", "2026-05")
        page.keyboard.press("Enter")
        page.wait_for_url("**/reports/2026-05-monthly-zh")
        assert "150.00" in page.inner_text("main")
        page.goto(f"{own.address}/reports")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.focus("details.delete summary")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_function("!document.querySelector('li')")
        assert "还没有保存的报告" in page.inner_text("main")
        browser.close()
