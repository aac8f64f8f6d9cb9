"""The page in a real browser: what a person sees and does, with a scripted assistant behind it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_talk import FakeAssistant

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    # Gradio's own bookkeeping (gradio/queueing.py) uses options that pandas 3 deprecates.
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WAIT_MS = 30_000


class Served:
    """The page, its assistant and what was kept of its thumbs."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        from ui.page import build_app
        from ui.talk import Talk

        self.assistant = FakeAssistant(delay_s=0.3)
        self.kept: list[tuple[str, str]] = []
        talk = Talk(
            assistant=self.assistant,
            new_conversation=list,
            shop="Lumen & <Co>",
            role="analyst",
            suggestions=(
                "Revenue by month in 2025",
                "What do buyers say about the battery?",
                "销售额是多少？",
            ),
            keep_feedback=lambda answer, verdict: self.kept.append((answer.question, verdict)),
        )
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(build_app(talk, folder), log_level="error", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    page = Served(tmp_path_factory.mktemp("downloads"))
    yield page
    page.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.fail("The page's tests need Chromium. Bring it with: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield chromium
        chromium.close()


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def page(browser: Any, served: Served, requests: list[str]) -> Iterator[Any]:
    yield from open_page(browser, served, requests)


def open_page(browser: Any, served: Served, requests: list[str], **options: Any) -> Iterator[Any]:
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
    context.set_default_timeout(WAIT_MS)
    opened = context.new_page()
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(served.address, wait_until="domcontentloaded")
    opened.wait_for_selector("#st-box textarea")
    opened.wait_for_function("document.querySelector('#st-box button[aria-label]') !== null")
    yield opened
    context.close()


def ask(page: Any, question: str, *, answers: int = 1) -> None:
    """Type, press Enter, and wait until ``answers`` questions stand there and the last is answered."""
    box = page.locator("#st-box textarea")
    box.fill(question)
    box.press("Enter")
    page.wait_for_function(
        "n => document.querySelectorAll('#st-chat .user.message').length === n"
        " && document.querySelector('#st-chat .loading-spinner') === null"
        " && document.querySelector('#st-box .submit-button') !== null",
        arg=answers,
    )


def chat_text(page: Any) -> str:
    return str(page.locator("#st-chat").inner_text())


def test_a_question_gets_words_chart_rows_sql_and_how_sure(page: Any) -> None:
    ask(page, "Revenue by month in 2025")
    assert "highest in December 2025, 182,841 EUR" in chat_text(page)
    assert page.locator("#st-chat strong", has_text="Revenue").count() == 1
    page.wait_for_selector("#st-chart .vega-embed .marks")
    receipt = page.locator("#st-receipt").inner_text()
    assert "High confidence (91%)" in receipt and "12 rows" in receipt
    assert "182,841" in page.locator("#st-table").inner_text()
    page.locator("#st-sql-box button").first.click()
    page.wait_for_selector("#st-sql .cm-content")
    sql = page.locator("#st-sql").inner_text()
    assert "DATE_TRUNC" in sql and "LIMIT" not in sql, "as it was asked, without what the guard adds"
    assert "-- SELECT MONTH, revenue FROM sales WHERE DURING('2025')" in sql
    assert page.locator("#st-sql button").count() >= 1, "the SQL can be copied"


def test_steps_show_while_the_answer_is_under_way(page: Any) -> None:
    box = page.locator("#st-box textarea")
    box.fill("Revenue by month")
    box.press("Enter")
    page.get_by_text("Looking into it").wait_for()
    page.get_by_text("How this was answered").wait_for()
    page.get_by_text("How this was answered").click()
    page.get_by_text("12 rows in 0.03 s").wait_for()


def test_a_follow_up_belongs_to_the_conversation_of_its_tab(page: Any, browser: Any, served: Served) -> None:
    ask(page, "Revenue by month")
    for other in open_page(browser, served, []):
        ask(other, "Stock by brand")
        assert "Revenue" not in other.locator("#st-chat .user.message").inner_text()
    ask(page, "and by country?", answers=2)
    assert served.assistant.seen[-1] == ("and by country?", ["Revenue by month", "and by country?"])


def test_the_focus_stays_and_the_next_question_can_be_typed_at_once(page: Any) -> None:
    ask(page, "Revenue")
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    assert page.locator("#st-box textarea").input_value() == ""
    page.keyboard.type("and in May?")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('#st-chat .user.message').length === 2")


def test_a_question_sent_at_the_very_moment_of_the_answer_is_asked(page: Any, served: Served) -> None:
    """Between the last update and the end of its request the browser still counts the question as running."""
    page.evaluate(
        """() => new MutationObserver((_, watching) => {
            const box = document.querySelector("#st-box textarea");
            if (!document.querySelector("#st-chat .user.message")) return;
            if (!document.querySelector("#st-box .stop-button")) return void (window.wasBusy && send());
            window.wasBusy = true;
            function send() {
                watching.disconnect();
                box.value = "and by country?";
                const bubbles = true;
                box.dispatchEvent(new Event("input", { bubbles }));
                box.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles }));
            }
        }).observe(document.body, { childList: true, subtree: true })"""
    )
    ask(page, "Revenue by month", answers=2)
    assert served.assistant.seen[-1] == ("and by country?", ["Revenue by month", "and by country?"])


def test_enter_pressed_twice_asks_once(page: Any, served: Served) -> None:
    before = len(served.assistant.seen)
    box = page.locator("#st-box textarea")
    box.fill("Revenue by month")
    box.press("Enter")
    box.press("Enter")
    page.get_by_text("How this was answered").wait_for()
    assert len(served.assistant.seen) == before + 1
    assert page.locator("#st-chat .user.message").count() == 1


def test_rows_can_be_sorted_and_downloaded(page: Any) -> None:
    ask(page, "Revenue by month")
    with page.expect_download() as caught:
        page.locator("#st-csv").click()
    download = caught.value
    assert re.fullmatch(r"shoptalk-\d{8}-\d{6}\.csv", download.suggested_filename)
    data = Path(download.path()).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(data.decode("utf-8-sig").splitlines()))
    assert rows[0] == ["month", "revenue (EUR)"] and rows[12] == ["2025-12-01", "182841"]
    head = page.locator("#st-table th[data-testid='header-1']").first
    head.hover()
    head.locator(".cell-menu-button").click(force=True)
    page.get_by_text(re.compile("sort descending", re.IGNORECASE)).first.click()
    page.wait_for_function(
        "(document.querySelector('#st-table [role=row][aria-rowindex=\"2\"]')?.innerText || '')"
        ".includes('182,841')"
    )


def test_thumbs_are_kept_and_can_be_taken_back(page: Any, served: Served) -> None:
    served.kept.clear()
    ask(page, "Revenue by month")
    page.locator("#st-chat button[aria-label='Like']").last.click()
    until(lambda: served.kept == [("Revenue by month", "up")])
    page.locator("#st-chat button[aria-label='Dislike']").last.click()
    until(lambda: served.kept[-1] == ("Revenue by month", "down"))


def test_stop_ends_an_answer_that_would_go_on(page: Any) -> None:
    box = page.locator("#st-box textarea")
    box.fill("answer slowly")
    box.press("Enter")
    page.get_by_text("word word word").first.wait_for()
    page.locator("#st-box .stop-button").click()
    page.get_by_text("Stopped. Nothing was changed").wait_for()
    ask(page, "Revenue by month", answers=2)
    assert "182,841" in chat_text(page)


def test_a_failure_stays_in_the_conversation_as_a_sentence(
    page: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ask(page, "please crash")
    assert "Something broke on our side" in chat_text(page)
    assert "ZeroDivisionError" not in chat_text(page)
    assert page.locator(".toast-wrap .toast-body").count() == 0


def test_a_question_that_the_data_cannot_answer_is_declined_without_a_receipt(page: Any) -> None:
    ask(page, "How will the weather be?")
    assert "holds no weather" in chat_text(page)
    assert page.locator("#st-table").count() == 0 or not page.locator("#st-table").is_visible()
    assert "Not answered" in page.locator("#st-receipt").inner_text()


def test_an_empty_question_does_nothing(page: Any, served: Served) -> None:
    before = len(served.assistant.seen)
    box = page.locator("#st-box textarea")
    box.fill("   ")
    box.press("Enter")
    page.wait_for_timeout(500)
    assert len(served.assistant.seen) == before
    ask(page, "Revenue")


def test_a_question_back_can_be_answered_by_a_click(page: Any, served: Served) -> None:
    ask(page, "Which are the best products?")
    page.get_by_text("Top 5 products by revenue", exact=True).click()
    page.wait_for_function("document.querySelectorAll('#st-chat .user.message').length === 2")
    until(lambda: served.assistant.seen[-1][0] == "Top 5 products by revenue")


def test_an_example_question_can_be_clicked(page: Any) -> None:
    page.get_by_text("Revenue by month in 2025", exact=True).click()
    page.get_by_text("182,841 EUR").wait_for()


def test_an_earlier_answer_shows_its_receipt_again_when_clicked(page: Any) -> None:
    ask(page, "Revenue by month")
    ask(page, "What do buyers say about the battery?", answers=2)
    assert page.locator("#st-quotes").is_visible() and not page.locator("#st-table").is_visible()
    page.locator("#st-chat .bot.message").first.get_by_text("182,841 EUR").click()
    page.locator("#st-table").wait_for()
    assert "12 rows" in page.locator("#st-receipt").inner_text()


def test_text_by_strangers_is_shown_and_never_run(page: Any, requests: list[str]) -> None:
    ask(page, "What do buyers say about <img src=x onerror=window.evil=9> ${window.evil=8}?")
    quotes = page.locator("#st-quotes").inner_text()
    for shown in ("Aurora Headphones", "★★★★★", "2026-05-03", "review:1", "<script>window.evil = 1</script>"):
        assert shown in quotes
    assert page.evaluate("window.evil") is None
    assert page.locator("#st-chat a, #st-quotes a, #st-chat .message img, #st-quotes img").count() == 0
    assert "![pic](https://evil.example/p.png)" in chat_text(page)
    assert "Lumen & <Co>" in page.locator("#st-header").inner_text()
    assert not [url for url in requests if "evil" in url]


def test_nothing_leaves_this_machine(page: Any, requests: list[str], served: Served) -> None:
    ask(page, "Revenue by month")
    page.wait_for_selector("#st-chart .vega-embed .marks")
    page.locator("#st-sql-box button").first.click()
    page.wait_for_selector("#st-sql .cm-content")
    ask(page, "What do buyers say about the battery?", answers=2)
    outside = [u for u in requests if not u.startswith((served.address, "data:", "blob:"))]
    assert outside == []


def test_starting_over_empties_the_page_and_forgets(page: Any, served: Served) -> None:
    ask(page, "Revenue by month")
    page.locator("#st-new").click()
    page.wait_for_function("document.querySelectorAll('#st-chat .user.message').length === 0")
    assert not page.locator("#st-table").is_visible()
    ask(page, "Stock")
    assert served.assistant.seen[-1] == ("Stock", ["Stock"])


@pytest.mark.parametrize("slowdown", [1, 8], ids=["quick", "slow"])
def test_starting_over_while_an_answer_is_under_way_leaves_nothing_of_it(
    page: Any, served: Served, slowdown: int
) -> None:
    # A slow browser is still showing what was sent before when the new conversation begins.
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    box = page.locator("#st-box textarea")
    box.fill("answer slowly")
    box.press("Enter")
    page.get_by_text("word word word").first.wait_for()
    page.locator("#st-new").click()
    page.wait_for_function("document.querySelectorAll('#st-chat .user.message').length === 0")
    ask(page, "Stock")
    assert served.assistant.seen[-1] == ("Stock", ["Stock"])
    assert "word" not in chat_text(page)


def test_a_chinese_question_is_answered_in_chinese(page: Any) -> None:
    ask(page, "2025 年每个月的销售额是多少？")
    assert "销售额" in chat_text(page) and "回答过程" in chat_text(page)
    assert "很确定 (91%)" in page.locator("#st-receipt").inner_text()


def test_a_chinese_browser_sees_the_page_in_chinese(browser: Any, served: Served) -> None:
    for opened in open_page(browser, served, [], locale="zh-CN"):
        opened.get_by_role("button", name="新对话").wait_for()
        assert "可以问" in opened.locator("#st-box textarea").get_attribute("placeholder")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_without_scrolling_sideways(
    browser: Any, served: Served, scheme: str
) -> None:
    size = {"width": 375, "height": 720}
    for opened in open_page(browser, served, [], viewport=size, color_scheme=scheme):
        box = opened.locator("#st-box").bounding_box()
        assert box["y"] + box["height"] <= 720, "the input is on the first screen"
        ask(opened, "Revenue by month")
        opened.wait_for_selector("#st-chart .vega-embed .marks")
        assert opened.evaluate("document.documentElement.scrollWidth") <= 375
        opened.mouse.move(180, 300)
        opened.mouse.wheel(0, 4000)
        opened.wait_for_function("document.querySelector('#st-receipt').getBoundingClientRect().top < 700")
        opened.evaluate("scrollTo(0, 0)")
        opened.locator(".st-jump:visible").click()
        opened.wait_for_function("document.querySelector('#st-receipt').getBoundingClientRect().top < 200")
        for part in ("#st-chart", "#st-table", "#st-csv", "#st-sql-box"):
            found = opened.locator(part).bounding_box()
            assert found["x"] >= 0 and found["x"] + found["width"] <= 375


def test_the_api_gives_no_way_around_the_page(served: Served) -> None:
    import httpx

    info = httpx.get(f"{served.address}/gradio_api/info").json()
    assert json.dumps(info.get("named_endpoints", {})) == "{}"


def until(condition: Any) -> None:
    """Wait for what the server does on its own threads; what never happens, the test's own limit ends."""
    while not condition():
        time.sleep(0.05)
