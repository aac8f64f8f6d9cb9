"""What only the owner knows as a form on the page, and files that come back, in a real browser."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_talk import FakeAssistant
from test_ui_page import ask, browser, chat_text, open_page, until
from test_ui_page_uploads import bring, csv
from ui_shop import Writer, count_of

from app.house import House
from app.kept_uploads import KeptUploads
from app.person import Person
from app.settings import Settings
from app.uploads import Uploads
from bot.memory import Conversation
from ui.talk import Reviewing, Talk, Visitors, own_shop

__all__ = ["browser"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

EVIL = '<img src=x onerror="window.evil=1">'


class Served:
    """A page that keeps files; over a scripted shop, or over a database that nobody described."""

    def __init__(self, folder: Path, home: Path, database: Path | None = None) -> None:
        import uvicorn

        from ui.page import build_app

        settings = Settings(home=home)
        engine = Writer("-- orders\n", "SELECT SUM(amount) AS revenue FROM orders", *count_of("people"))
        self.house = House(settings, load=lambda _: engine)
        for name in ("own", "downloads"):
            (folder / name).mkdir(parents=True)
        self.own, self.kept = folder / "own", settings.brought
        brought = Uploads(house=self.house, folder=self.own)
        self.visitors = Visitors(Conversation if database else list)
        talk = Talk(
            assistant=self.house.at(str(database), Person()) if database else FakeAssistant(),
            new_conversation=Conversation if database else list,
            shop=database.stem if database else "Lumen & <Co>",
            role="owner",
            suggestions=("Revenue by month in 2025",),
            open_files=lambda files: own_shop(brought.open(files), Conversation),
            kept=KeptUploads(folder=settings.brought, page="lumen"),
            open_kept=lambda kept: own_shop(brought.open_kept(kept.files, kept.answers), Conversation),
            reviewing=self._reviewing(str(database)) if database else None,
        )
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = build_app(talk, folder / "downloads", self.visitors)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()

    def _reviewing(self, shop: str) -> Reviewing:
        def look() -> Any:
            return self.house.review(shop)

        return Reviewing(look=look, answer=lambda answers: self.house.take_answers(shop, answers))

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.visitors.close()
        self.house.close()


@pytest.fixture(autouse=True, scope="module")
def gradio_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        yield


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    page = Served(tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("home"))
    yield page
    page.close()


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Any]:
    yield from open_page(browser, served, [])  # type: ignore[arg-type]


def orders(folder: Path, evil: str = "") -> Path:
    """Orders of which a third was cancelled: 30 in all, 20 without those."""
    folder.mkdir(parents=True, exist_ok=True)
    states = ("paid", "paid", "cancelled")
    rows = [f"{i + 1},2026-05-{i % 28 + 1:02d},{states[i % 3]},10.00,{evil}" for i in range(30)]
    text = "order_id,ordered_at,status,amount,remark\n" + "\n".join(rows) + "\n"
    (folder / "orders.csv").write_text(text, "utf-8")
    return folder / "orders.csv"


def group(page: Any, words: str = "count as sold") -> Any:
    return page.locator("#st-review .st-ask", has_text=words)


def test_answers_change_the_files_at_once_and_the_conversation_goes_on(page: Any, tmp_path: Path) -> None:
    bring(page, orders(tmp_path))
    page.get_by_text("Only this browser sees it").wait_for()
    group(page).wait_for()
    radios = group(page).get_by_role("radio")
    assert radios.count() == 2 and radios.nth(0).is_checked(), "the draft's choice is taken"
    assert "cancelled" in page.locator("#st-review .st-sample").first.inner_text()
    ask(page, "What is the revenue?", answers=2)
    assert "200" in chat_text(page)
    page.locator("#st-review > button").click()
    group(page).get_by_text("those in every state").click()
    page.locator("#st-apply").click()
    page.get_by_text("Counted anew from now on").wait_for()
    assert "200" in chat_text(page), "the conversation goes on"
    assert radios.nth(1).is_checked()
    ask(page, "What is the revenue?", answers=4)
    page.get_by_text("300").first.wait_for()


def test_a_reload_and_another_day_bring_files_and_answers_back(browser: Any, tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Served(tmp_path / "first", home)
    for opened in open_page(browser, first, []):  # type: ignore[arg-type]
        bring(opened, orders(tmp_path))
        group(opened).get_by_text("those in every state").click()
        opened.locator("#st-apply").click()
        opened.get_by_text("Counted anew from now on").wait_for()
        opened.reload()
        opened.get_by_text("is open again, as you left it").wait_for()
        assert "orders.csv" in opened.locator("#st-header").inner_text()
        first.close()
        second = Served(tmp_path / "second", home)
        opened.goto(second.address)
        opened.get_by_text("is open again, as you left it").wait_for()
        ask(opened, "What is the revenue?", answers=2)
        opened.get_by_text("300").first.wait_for()
        second.close()


def test_the_own_shop_and_the_files_again_and_then_forgotten(
    page: Any, served: Served, tmp_path: Path
) -> None:
    before = set(served.kept.iterdir()) if served.kept.exists() else set()
    bring(page, csv(tmp_path, rows=3))
    page.get_by_text("Only this browser sees it").wait_for()
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Last files").wait_for()
    page.reload()
    page.get_by_role("button", name="Last files").click()
    page.get_by_text("is open again, as you left it").wait_for()
    ask(page, "How many people are there?", answers=2)
    assert "3" in page.locator("#st-table").inner_text()
    page.get_by_role("button", name="Forget files").click()
    page.get_by_text("The files that were kept are deleted").wait_for()
    assert "Lumen & <Co>" in page.locator("#st-header").inner_text()
    assert set(served.kept.iterdir()) == before
    for name in ("Back", "Last files", "Forget files"):
        assert page.get_by_role("button", name=name).count() == 0
    page.reload()
    page.wait_for_selector("#st-box textarea")
    page.wait_for_timeout(500)
    assert "people.csv" not in page.locator("body").inner_text()


def test_another_browser_sees_nothing_of_it(page: Any, browser: Any, served: Served, tmp_path: Path) -> None:
    bring(page, csv(tmp_path))
    page.get_by_text("Only this browser sees it").wait_for()
    for other in open_page(browser, served, []):  # type: ignore[arg-type]
        other.wait_for_timeout(500)
        assert other.get_by_role("button", name="Last files").count() == 0
        assert other.get_by_role("button", name="Forget files").count() == 0
        assert "people.csv" not in other.locator("body").inner_text()
    files = [file for file in served.kept.rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert httpx.get(f"{served.address}/gradio_api/file={file}").status_code in (403, 404)


def test_two_tabs_of_one_browser_and_forgetting_in_one_of_them(page: Any, tmp_path: Path) -> None:
    bring(page, csv(tmp_path))
    page.get_by_text("Only this browser sees it").wait_for()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_text("is open again, as you left it").wait_for()
    other.get_by_role("button", name="Forget files").click()
    other.get_by_text("The files that were kept are deleted").wait_for()
    ask(page, "How many people are there?", answers=2)
    page.get_by_text("It was closed meanwhile").wait_for()


def test_the_secret_is_kept_from_scripts_and_from_other_sites(page: Any) -> None:
    cookie = next(each for each in page.context.cookies() if each["name"] == "shoptalk_browser")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and len(cookie["value"]) >= 40
    page.reload()
    assert next(each for each in page.context.cookies() if each["name"] == "shoptalk_browser") == cookie | {
        "expires": page.context.cookies()[0]["expires"]
    }


def test_strangers_words_in_the_form_are_text(page: Any, tmp_path: Path) -> None:
    file = orders(tmp_path, EVIL)
    file.write_text(
        file.read_text("utf-8")
        .replace("cancelled", f"cancelled {EVIL}")
        .replace("remark", EVIL.replace(",", "")),
        "utf-8",
    )
    evil = file.rename(tmp_path / "<b>orders${1+1}.csv")
    bring(page, evil)
    page.get_by_text("Only this browser sees it").wait_for()
    page.locator("#st-review .st-sample").first.wait_for()
    assert EVIL in page.locator("#st-review").inner_text()
    assert page.evaluate("window.evil") is None
    assert page.locator("#st-review img").count() == 0 and page.locator("#st-chat img").count() == 0


def test_the_keyboard_answers(page: Any, tmp_path: Path) -> None:
    bring(page, orders(tmp_path))
    group(page).wait_for()
    group(page).get_by_role("radio").nth(0).focus()
    page.keyboard.press("ArrowDown")
    assert group(page).get_by_role("radio").nth(1).is_checked()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('st-sample')"), "its rows can be scrolled"
    page.locator("#st-apply").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Counted anew from now on").wait_for()


@pytest.mark.parametrize("width", [400, 320])
def test_a_phone_has_room_for_the_form(width: int, browser: Any, served: Served, tmp_path: Path) -> None:
    for opened in open_page(browser, served, [], viewport={"width": width, "height": 720}):  # type: ignore[arg-type]
        bring(opened, orders(tmp_path))
        group(opened).wait_for()
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        for part in ("#st-brand", "#st-forget", "#st-back", "#st-open", "#st-new", "#st-apply"):
            found = opened.locator(part).bounding_box()
            assert found["x"] >= 0 and found["x"] + found["width"] <= width and found["width"] > 40, part
        box = opened.locator("#st-box").bounding_box()
        assert box["y"] + box["height"] <= 720, "the input is on the first screen"
        opened.locator(".st-jump:visible").click()
        until(lambda page=opened: group(page).bounding_box()["y"] < 720)


def test_a_chinese_browser_reads_the_form_in_chinese(browser: Any, served: Served, tmp_path: Path) -> None:
    for opened in open_page(browser, served, [], locale="zh-CN"):  # type: ignore[arg-type]
        bring(opened, orders(tmp_path))
        group(opened, "哪些行算作已售").wait_for()
        opened.get_by_role("button", name="只有您知道的事").wait_for()
        group(opened, "哪些行算作已售").get_by_text("所有状态的行").click()
        opened.get_by_role("button", name="应用我的答案").click()
        opened.get_by_text("从现在起重新计算").wait_for()
        opened.get_by_role("button", name="删除文件").click()
        opened.get_by_text("保存的文件已删除").wait_for()


def test_a_page_over_a_database_that_nobody_described_asks_its_owner(browser: Any, tmp_path: Path) -> None:
    database, home = orders(tmp_path), tmp_path / "home"
    first = Served(tmp_path / "first", home, database)
    for opened in open_page(browser, first, []):  # type: ignore[arg-type]
        group(opened).wait_for()
        ask(opened, "What is the revenue?")
        assert "200" in chat_text(opened)
        opened.locator("#st-review > button").click()
        group(opened).get_by_text("those in every state").click()
        opened.locator("#st-apply").click()
        opened.get_by_text("Counted anew from now on").wait_for()
        ask(opened, "What is the revenue?", answers=3)
        opened.get_by_text("300").first.wait_for()
    first.close()
    second = Served(tmp_path / "second", home, database)
    for opened in open_page(browser, second, []):  # type: ignore[arg-type]
        opened.locator("#st-review > button").click()
        assert group(opened).get_by_role("radio").nth(1).is_checked()
    second.close()


def test_files_that_cannot_be_kept_are_open_all_the_same(browser: Any, tmp_path: Path) -> None:
    full = Served(tmp_path / "run", tmp_path / "home")
    full.kept.parent.mkdir()
    full.kept.write_text("no folder", "utf-8")
    for opened in open_page(browser, full, []):  # type: ignore[arg-type]
        bring(opened, csv(tmp_path))
        opened.get_by_text("is open, for this tab only: people").wait_for()
        opened.get_by_text("the disk could not be written").wait_for()
    full.close()
