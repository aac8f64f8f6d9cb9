"""Conversations, roles and sign-in on the page, in a real browser over a real store; the model is scripted."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from served_shop import BY_COUNTRY, PLAIN, ServedShop, serving
from starlette.types import ASGIApp
from test_ui_page import WAIT_MS, ask, browser, chat_text

from app.conversations import Conversations
from app.desk import Desk
from app.person import Person
from app.store_tables import CONVERSATIONS
from bot.memory import Conversation
from ui.served_talks import ServedTalks
from ui.talk import Talk, Visitors

__all__ = ["browser"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]
PEOPLE = """\
people:
  bo: {roles: [branch, owner], attributes: {country: Germany, product: Lamp}}
  di: {role: branch, attributes: {country: Germany, product: Lamp}}
  cy: {role: branch, attributes: {country: France, product: Chair}}
  owners: {role: owner, oidc_group: shop-owners}
"""


def page_in(folder: Path) -> Callable[[Desk], ASGIApp]:
    """The page as ``ui.serve`` puts it together."""

    def page(desk: Desk) -> ASGIApp:
        from ui.page import build_app

        house = desk.house
        anybody = Talk(
            assistant=desk.seat(Person()), new_conversation=Conversation, shop="Tiny", role="", has_list=True
        )
        conversations = Conversations(house.store, house.shared.forgotten.times)
        talks = ServedTalks(desk, anybody, conversations)
        return build_app(anybody, folder, Visitors(Conversation), talks.of_request)

    return page


@contextmanager
def serving_page(folder: Path, **options: Any) -> Iterator[ServedShop]:
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    (folder / "downloads").mkdir(exist_ok=True)
    try:
        with serving(folder, page=page_in(folder / "downloads"), **options) as served:
            yield served
    finally:
        os.environ.pop("GRADIO_TEMP_DIR") if before is None else os.environ.update(GRADIO_TEMP_DIR=before)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    with serving_page(tmp_path_factory.mktemp("page")) as served:
        served.settings.people_file.parent.mkdir(exist_ok=True)
        served.settings.people_file.write_text(PEOPLE, "utf-8")
        yield served


@contextmanager
def tab(browser: Any, address: str, key: str | None = None, **options: Any) -> Iterator[Any]:
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    page.goto(address, wait_until="domcontentloaded")
    if key is not None:
        page.locator("#key").fill(key)
        page.keyboard.press("Enter")
    ready(page)
    yield page
    context.close()


def ready(page: Any) -> None:
    page.wait_for_selector("#st-box textarea")
    page.wait_for_function("document.querySelector('#st-box button[aria-label]') !== null")


def named(page: Any) -> str:
    """The id in the address, once it is there."""
    page.wait_for_function("location.search.includes('conversation=')")
    return str(re.findall(r"conversation=([0-9a-f]{32})", page.url)[0])


def shown(page: Any, *words: str) -> None:
    for word in words:
        page.locator("#st-chat").get_by_text(word).first.wait_for()


def titles(page: Any) -> list[str]:
    return [str(each) for each in page.locator("#st-talks-list li a").all_inner_texts()]


def open_list(page: Any) -> None:
    page.locator("#st-talks").click()
    page.locator("#st-talks-list li, .st-talks-status:not(:empty)").first.wait_for()


def test_try(browser: Any, served: ServedShop) -> None:
    key = served.key("bo", None)
    with tab(browser, served.address, key) as page:
        ask(page, BY_COUNTRY)
        id = named(page)
        page.screenshot(path="/tmp/s12/p1.png")
        page.reload()
        ready(page)
        shown(page, BY_COUNTRY)
        page.wait_for_timeout(1500)
        page.screenshot(path="/tmp/s12/p2.png")
        open_list(page)
        page.screenshot(path="/tmp/s12/p3.png")
        page.keyboard.press("Escape")
        page.locator(".st-who summary").click()
        page.screenshot(path="/tmp/s12/p4.png")
