"""Conversations, roles and sign-in on the page, in a real browser over a real store."""

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
            assistant=desk.seat(Person()),
            new_conversation=Conversation,
            shop="Tiny",
            role="",
            has_list=True,
            has_reports=True,
            open_files=lambda *_: pytest.fail("nobody brings files here"),  # its button stands in the header
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


def again(page: Any) -> None:
    page.locator("#st-again").press("Enter")
    page.locator("#st-again").wait_for(state="hidden")


def test_a_conversation_goes_on_after_a_reload_and_a_restart(browser: Any, tmp_path: Path) -> None:
    """Without keys too, for the one person of this computer; one tab is reloaded, one stays as it is."""
    with serving_page(tmp_path) as served:
        port = int(served.address.rpartition(":")[2])
        with tab(browser, served.address) as page:
            assert page.locator(".st-who").count() == 0, "nobody signs out who did not sign in"
            ask(page, BY_COUNTRY)
            ask(page, "and in April?", answers=2)
            id = named(page)
            page.reload()
            ready(page)
            shown(page, "and in April?", "70.00 EUR")
            assert "1 row" in page.locator("#st-receipt").inner_text(), "the receipt is at hand too"
            assert page.locator("#st-again").count() == 0, "nothing needs to be asked again"
            with served.house.store.begin() as connection:
                (row,) = connection.execute(CONVERSATIONS.select()).all()
            assert (row.id, row.title, row.audience is not None) == (id, BY_COUNTRY, True)
            assert "70" not in row.body.replace("170", ""), "no figure is kept"
            served.close()
            with serving_page(tmp_path, port=port, build=lambda folder: folder / "shop.yml"):
                ask(page, "and in June?", answers=3)  # in the tab that saw the other server
                shown(page, "30.00 EUR")
                assert named(page) == id
                page.goto(f"{served.address}/?conversation={id}")
                ready(page)
                shown(page, BY_COUNTRY, "and in April?", "30.00 EUR")
                assert "70.00" not in chat_text(page), "what another process told is asked again"
                again(page)
                shown(page, "70.00 EUR", "100.00")
                page.locator("#st-new").click()
                page.wait_for_function("!location.search.includes('conversation')")
                ask(page, PLAIN)
                assert named(page) != id


def test_the_list_is_searched_renamed_and_emptied_by_keyboard(browser: Any, served: ServedShop) -> None:
    with tab(browser, served.address, served.key("ana")) as page:
        ask(page, PLAIN)
        named(page)
        page.locator("#st-new").click()
        page.wait_for_function("!location.search.includes('conversation')")
        ask(page, "Revenue for <b>Chair</b>")
        named(page)
        open_list(page)
        assert titles(page) == ["Revenue for <b>Chair</b>", PLAIN]
        page.locator("#st-talks-list input[type=search]").fill("last MONTH")
        page.wait_for_function("document.querySelectorAll('#st-talks-list li').length === 1")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # rename
        page.keyboard.type("For the board {0} ${1+1}")
        page.keyboard.press("Enter")
        page.locator("#st-talks-list").get_by_text("For the board").wait_for()
        page.locator("#st-talks-list input[type=search]").fill("")
        page.wait_for_function("document.querySelectorAll('#st-talks-list li').length === 2")
        assert titles(page)[1] == "For the board {0} ${1+1}"
        remove = page.get_by_role("button", name="Delete: Revenue for")
        remove.press("Enter")
        page.get_by_role("button", name="Cancel").press("Enter")
        remove.press("Enter")
        page.keyboard.press("Enter")  # the focus is on what confirms
        page.wait_for_function("location.search === '' && !document.querySelector('#st-chat .user.message')")
        ready(page)
        open_list(page)
        assert titles(page) == ["For the board {0} ${1+1}"]
        page.locator("#st-talks-list li a").click()
        ready(page)
        shown(page, PLAIN, "150.00 EUR")


def test_a_shared_link_is_read_by_who_sees_the_same_and_by_nobody_else(
    browser: Any, served: ServedShop
) -> None:
    with tab(browser, served.address, served.key("bo", None)) as page:
        ask(page, BY_COUNTRY)
        id = named(page)
        open_list(page)
        page.get_by_role("button", name=re.compile("^Share")).click()
        link = page.get_by_label(re.compile("^Link for")).input_value()
        assert link == f"{served.address}/?conversation={id}"
    with tab(browser, link, served.key("di", None)) as page:  # through the sign-in to what the link names
        shown(page, BY_COUNTRY)
        assert "Shared with you" in page.locator("#st-banner").inner_text()
        assert "100.00" not in chat_text(page)
        again(page)
        shown(page, "100.00 EUR")
        ask(page, "and in April?", answers=2)
        page.wait_for_function(
            f"location.search.includes('conversation=') && !location.search.includes('{id}')"
        )
        page.wait_for_function("!document.querySelector('#st-banner .st-banner')")
    with tab(browser, link, served.key("cy", None)) as page:
        page.get_by_text("There is no such conversation, or none that your role may read").wait_for()
        assert BY_COUNTRY not in page.content()


def test_another_role_begins_anew_and_sees_nothing_of_the_first(browser: Any, served: ServedShop) -> None:
    with tab(browser, served.address, served.key("bo", None)) as page:
        assert "branch · bo" in page.locator(".st-who summary").inner_text()
        ask(page, "Revenue for Lamp")
        id = named(page)
        other = page.context.new_page()
        other.goto(served.address)
        ready(other)
        other.locator(".st-who summary").press("Enter")
        other.get_by_label("Role").select_option("owner")
        other.get_by_role("button", name="Change role").click()
        other.wait_for_function("document.querySelector('.st-who summary')?.innerText.includes('owner')")
        ready(other)
        open_list(other)
        assert "Revenue for Lamp" not in titles(other)
        ask(page, BY_COUNTRY)  # the first tab, which still shows the other role's conversation
        shown(page, BY_COUNTRY, "50.00 EUR")
        assert "Lamp" not in chat_text(page)
        page.wait_for_function(f"!location.search.includes('{id}')")
        page.goto(f"{served.address}/?conversation={id}")
        ready(page)
        page.locator("#st-banner .st-banner").wait_for()
        assert "Lamp" not in chat_text(page)
        page.locator(".st-who summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{served.address}/sign-in")


def test_a_phone_in_chinese_has_all_of_it(browser: Any, served: ServedShop) -> None:
    size = {"width": 360, "height": 640}
    with tab(browser, served.address, served.key("bo", None), viewport=size, locale="zh-CN") as page:
        ask(page, "上个月的销售额是多少？")
        named(page)
        page.get_by_role("button", name="对话列表").click()
        page.locator("#st-talks-list li").first.wait_for()
        page.get_by_role("button", name=re.compile("^共享")).first.click()
        page.get_by_label(re.compile("^共享链接")).wait_for()
        found = page.locator("#st-talks-list").bounding_box()
        assert found["x"] >= 0 and found["x"] + found["width"] <= 360
        assert page.locator("#st-talks-list").evaluate("each => each.scrollWidth <= each.clientWidth")
        page.keyboard.press("Escape")
        page.locator(".st-who summary").click()
        menu = page.locator(".st-who-menu").bounding_box()
        assert menu["x"] >= 0 and menu["x"] + menu["width"] <= 360
        assert page.get_by_role("button", name="切换角色").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_phone_in_english_has_the_message_box_on_the_first_screen(browser: Any, served: ServedShop) -> None:
    size = {"width": 360, "height": 640}
    with tab(browser, served.address, served.key("bo", None), viewport=size, locale="en") as page:
        box = page.locator("#st-box").bounding_box()
        assert box["y"] + box["height"] <= 640


def test_a_browser_signs_in_at_a_provider_of_other_hands(browser: Any, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses a part of Authlib that has moved
        import oidc_provider_mock as other

        users = [other.User(sub="o-1", claims={"groups": ["shop-owners"]}), other.User(sub="x-1")]
        with other.run_server_in_thread(user_claims=users, require_nonce=True) as running:
            issuer = f"http://localhost:{running.server_port}"

            def settings(address: str) -> dict[str, Any]:
                return {
                    "oidc_issuer": issuer, "oidc_client_id": "shoptalk", "oidc_client_secret": "geheim",
                    "public_url": address,
                }  # fmt: skip

            with serving_page(tmp_path, settings=settings) as served:
                served.settings.people_file.parent.mkdir(exist_ok=True)
                served.settings.people_file.write_text(PEOPLE, "utf-8")
                context = browser.new_context()
                page = context.new_page()
                page.goto(f"{served.address}/?conversation={'0' * 32}")
                page.get_by_role("link", name="Sign in with your organisation").click()
                page.get_by_role("button", name="x-1").click()
                page.get_by_text("The provider knows you as x-1").wait_for()
                page.get_by_role("link", name="Sign in with your organisation").click()
                page.get_by_role("button", name="o-1").click()
                ready(page)
                assert "owner · o-1" in page.locator(".st-who summary").inner_text()
                page.locator(".st-who summary").click()
                page.get_by_role("button", name="Sign out").click()
                page.get_by_role("link", name="Sign out of your organisation").click()
                page.wait_for_url(re.compile(r"/oauth2/end_session"))
                page.goto(served.address)
                page.wait_for_url(f"{served.address}/sign-in")
                context.close()
