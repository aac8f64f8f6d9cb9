"""Opening files of one's own on the page, in a real browser: by mouse, by keyboard, on a phone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_talk import FakeAssistant
from test_ui_page import ask, browser, chat_text, open_page, until
from ui_shop import Writer, count_of

from app.house import House
from app.settings import Settings
from app.uploads import Uploads
from bot.memory import Conversation
from ui.talk import Talk, Visitors, own_shop

__all__ = ["browser"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]


class Served:
    """The page of a scripted shop, on which visitors open real files."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        from ui.page import build_app

        settings = Settings(home=folder / "home")
        house = House(settings, load=lambda _: Writer(*count_of("people"), *count_of("towns")))
        for name in ("own", "downloads"):
            (folder / name).mkdir()
        self.own = folder / "own"
        brought = Uploads(house=house, folder=self.own)
        self.visitors = Visitors(list)
        talk = Talk(
            assistant=FakeAssistant(),
            new_conversation=list,
            shop="Lumen & <Co>",
            role="analyst",
            suggestions=("Revenue by month in 2025",),
            open_files=lambda files: own_shop(brought.open(files), Conversation),
        )
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = build_app(talk, folder / "downloads", self.visitors)
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.visitors.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    import os

    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("gradio"))
    page = Served(tmp_path_factory.mktemp("uploads"))
    yield page
    page.close()
    os.environ.pop("GRADIO_TEMP_DIR") if before is None else os.environ.update(GRADIO_TEMP_DIR=before)


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Any]:
    yield from open_page(browser, served, [])  # type: ignore[arg-type]


def csv(folder: Path, name: str = "people.csv", rows: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("id,name\n" + "".join(f"{i},P{i}\n" for i in range(rows)), "utf-8")
    return folder / name


def bring(page: Any, *files: Path) -> None:
    """Choose files with the button, and wait until the page says something about them."""
    with page.expect_file_chooser() as chooser:
        page.locator("#st-open").click()
    before = page.locator("#st-chat .bot.message").count()
    chooser.value.set_files([str(file) for file in files])
    page.wait_for_function(
        "n => document.querySelectorAll('#st-chat .bot.message').length !== n"
        " || document.querySelector('#st-chat .user.message')?.innerText.includes('.')",
        arg=before,
    )


def test_a_file_is_asked_about_and_left_again(page: Any, served: Served, tmp_path: Path) -> None:
    ask(page, "Revenue by month")
    bring(page, csv(tmp_path, rows=3))
    page.get_by_text("is open, for this tab only: people").wait_for()
    header = page.locator("#st-header")
    assert "people.csv" in header.inner_text() and "owner" in header.inner_text()
    assert "Revenue" not in chat_text(page), "another shop is another conversation"
    ask(page, "How many people are there?", answers=2)
    assert "3" in page.locator("#st-table").inner_text()
    page.locator("#st-back").click()
    page.wait_for_function("document.querySelectorAll('#st-chat .user.message').length === 0")
    assert "Lumen & <Co>" in header.inner_text() and not page.locator("#st-back").is_visible()
    until(lambda: list(served.own.iterdir()) == [])
    ask(page, "Revenue by month")
    assert "182,841" in chat_text(page)


def test_several_files_open_together_and_a_new_conversation_keeps_them(page: Any, tmp_path: Path) -> None:
    bring(page, csv(tmp_path), csv(tmp_path, "towns.csv"))
    page.get_by_text("is open, for this tab only: people, towns").wait_for()
    page.locator("#st-new").click()
    page.wait_for_function("document.querySelectorAll('#st-chat .user.message').length === 0")
    ask(page, "How many towns are there?")
    assert "2" in page.locator("#st-table").inner_text()


def test_a_wrong_file_is_told_in_words_and_changes_nothing(page: Any, served: Served, tmp_path: Path) -> None:
    before = sorted(served.own.iterdir())
    (tmp_path / "cat.png").write_bytes(b"\x89PNG")
    bring(page, tmp_path / "cat.png")
    page.get_by_text("cat.png cannot be opened here. Files that can: .csv").wait_for()
    assert "Lumen & <Co>" in page.locator("#st-header").inner_text()
    assert sorted(served.own.iterdir()) == before
    assert page.locator(".toast-wrap .toast-body").count() == 0


def test_two_tabs_open_different_files_and_closing_one_deletes_only_its_own(
    page: Any, browser: Any, served: Served, tmp_path: Path
) -> None:
    bring(page, csv(tmp_path / "a", rows=3))
    page.get_by_text("is open, for this tab only").wait_for()
    mine = set(served.own.iterdir())
    for other in open_page(browser, served, []):  # type: ignore[arg-type]
        assert "people.csv" not in other.locator("#st-header").inner_text()
        bring(other, csv(tmp_path / "b", rows=8))
        other.get_by_text("is open, for this tab only").wait_for()
        ask(other, "How many people are there?", answers=2)
        assert "8" in other.locator("#st-table").inner_text()
        assert len(set(served.own.iterdir()) - mine) == 1
    until(lambda: set(served.own.iterdir()) == mine)
    ask(page, "How many people are there?", answers=2)
    assert "3" in page.locator("#st-table").inner_text()


def test_the_keyboard_reaches_the_button(page: Any, tmp_path: Path) -> None:
    page.wait_for_function("document.activeElement.matches('#st-box textarea')")  # the page's own, once
    with page.expect_file_chooser() as chooser:  # first of all: a key outruns the order to watch for it
        page.locator("#st-new").focus()
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("document.activeElement.closest('#st-open') !== null")
        page.keyboard.press("Enter")
    chooser.value.set_files(str(csv(tmp_path)))
    page.get_by_text("is open, for this tab only").wait_for()


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_has_room_for_it(width: int, browser: Any, served: Served, tmp_path: Path) -> None:
    for opened in open_page(browser, served, [], viewport={"width": width, "height": 720}):  # type: ignore[arg-type]
        bring(opened, csv(tmp_path, "a rather long name of a file of people.csv"))
        opened.get_by_text("is open, for this tab only").wait_for()
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        for part in ("#st-brand", "#st-back", "#st-open", "#st-new"):
            found = opened.locator(part).bounding_box()
            assert found["x"] >= 0 and found["x"] + found["width"] <= width and found["width"] > 40, part
        box = opened.locator("#st-box").bounding_box()
        assert box["y"] + box["height"] <= 720, "the input is on the first screen"


def test_a_chinese_browser_reads_chinese(browser: Any, served: Served, tmp_path: Path) -> None:
    for opened in open_page(browser, served, [], locale="zh-CN"):  # type: ignore[arg-type]
        opened.get_by_role("button", name="打开文件").wait_for()
        bring(opened, csv(tmp_path))
        opened.get_by_text("已打开，仅限本标签页").wait_for()
        opened.get_by_role("button", name="返回").wait_for()


def test_a_file_cannot_be_fetched_by_its_address(page: Any, served: Served, tmp_path: Path) -> None:
    import httpx

    bring(page, csv(tmp_path))
    page.get_by_text("is open, for this tab only").wait_for()
    files = [file for folder in served.own.iterdir() for file in folder.iterdir()]
    assert files
    for file in files:
        assert httpx.get(f"{served.address}/gradio_api/file={file}").status_code in (403, 404)
