"""The parts of Slack's adapter by themselves: texts, blocks within limits, periods, threads, the manifest."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
import yaml
from chat_replies import reply, table
from hypothesis import given
from hypothesis import strategies as st
from mock_slack import fault_of, words
from typer.testing import CliRunner

from telling.phrases import escape_markdown
from ui.chats.replies import period_before
from ui.chats.slack.blocks import home, messages, sql_blocks
from ui.chats.slack.literal import notification, words_of
from ui.chats.slack.manifest import manifest
from ui.chats.slack.rich_text import elements_of
from ui.chats.strangers_words import literal
from ui.chats.threads import Thread, Threads
from ui.cli import app as command_line


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@U0BOT> revenue last month?", "revenue last month?"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("<https://x.example/?q=1|x.example> in <#C1|general>", "x.example in general"),
        ("<!subteam^S1|@team> <!here> <mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<@U1>", ""),
        ("  多\n行  ", "多 行"),
        ("<<@U1>>", "< >"),
    ],
)
def test_what_somebody_wrote_is_read_as_they_see_it(written: str, read: str) -> None:
    assert words_of(written) == read


@given(st.text(st.sampled_from("<>&*_~`@!|#:/.hw \u202e\u200btpU"), max_size=60))
def test_no_text_is_mark_up_in_a_notification(text: str) -> None:
    shown = notification(text)
    assert not set(shown) & set("<>*_~`\u202e\u200b") and "http:/" not in shown.lower()
    assert literal(literal(text)) == literal(text)


@pytest.mark.parametrize(
    "text", ["*a*", "# a", "1. b", "> c", "[d](http://e.example)", "`f` <!here> &amp; ~g~"]
)
def test_escaped_words_come_out_as_they_went_in(text: str) -> None:
    shown = words(elements_of(f"**Found:** {escape_markdown(text)}."))
    assert shown.replace("\u2060", "").strip() == f"Found: {text}."


def test_markdown_becomes_rich_text_and_links_only_words() -> None:
    found = elements_of(
        "# Head\n\n**bold** and *soft* `code` [x](http://e.example) ![y](http://e.example/i.png) <b>z</b>\n\n"
        "- one\n  - two\n- three\n\n1. four\n\n> quote\n>\n> — source\n\n```\nSELECT 1\n```\n"
    )
    kinds = [each["type"].removeprefix("rich_text_") for each in found]
    assert kinds == ["section", "section", *["list"] * 4, "quote", "preformatted"]
    assert [each.get("indent") for each in found if "indent" in each] == [0, 1, 0, 0]
    shown = words(found)
    assert "http" not in shown and "<b>z</b>" in shown and "quote\n\n— source" in shown
    assert {"type": "text", "text": "bold", "style": {"bold": True}} in found[1]["elements"]


LONG = {
    "one word": "x" * 40_000,
    "many words": "word " * 8_000,
    "Chinese": "销售额" * 9_000,
    "many lines": "- line\n" * 3_000,
    "a long quote": "> " + "quoted words " * 3_000,
    "many paragraphs": "One.\n\n" * 2_000,
    "code": "```\n" + "SELECT 1\n" * 3_000 + "```",
    "only what is unseen": "\u202e\u200b",
}


@pytest.mark.parametrize("name", LONG)
def test_long_answers_are_split_within_slacks_limits_and_nothing_is_lost(name: str) -> None:
    found = messages(reply(LONG[name], tables=(table(200, 30, "y" * 500),)), "a1", has_person=True)
    assert not any(fault_of({"blocks": blocks}) for blocks in found)
    together = "".join(words(blocks) for blocks in found)
    for letter in "x销S1qw":
        assert together.count(letter) >= LONG[name].count(letter), letter
    assert "of 200 rows" in together and "10 of 30 columns" in together
    assert found[-1][-1]["type"] == "actions", "the buttons stand below all of it"


def test_long_options_are_listed_and_their_buttons_cut() -> None:
    options = tuple(f"{'Which of the many things ' * 8}{n}?" for n in range(3))
    (blocks,) = messages(reply("Which?", status="clarify", options=options), "a1", has_person=False)
    assert not fault_of({"blocks": blocks}) and all(option in words(blocks) for option in options)
    assert words(blocks).startswith("One question back")


HOSTILE = "<!channel> <@U0ANA> @here *now* _x_ `y` http://evil.example www.evil.example"


def test_strangers_words_are_literal_wherever_they_stand() -> None:
    told = reply(
        escape_markdown(HOSTILE) + f"\n\n> {escape_markdown(HOSTILE)}",
        tables=(table(3, 2, HOSTILE),), options=(HOSTILE, HOSTILE * 2), warnings=(HOSTILE,), status="clarify",
    )  # fmt: skip
    blocks = [block for page in messages(told, "a1", has_person=True) for block in page]
    blocks += home(
        shop=HOSTILE, name=HOSTILE, role=HOSTILE, examples=[HOSTILE], kinds=[HOSTILE], language="en"
    )
    kinds = {part["type"] for part in texts(blocks)}
    assert kinds == {"text", "plain_text", "raw_text"} and sum(HOSTILE[:30] in words(b) for b in blocks) >= 6
    for part in texts(blocks):
        assert "http://" not in part["text"] and "www." not in part["text"] and not part.get("emoji")


def texts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [part for each in value for part in texts(each)]
    if not isinstance(value, dict):
        return []
    own = [value] if isinstance(value.get("text"), str) else []
    return own + [part for each in value.values() for part in texts(each)]


def test_long_sql_and_homes_fit_too() -> None:
    assert not any(fault_of({"blocks": page}) for page in sql_blocks(reply(tables=(table(2),)).sql))
    view = home(
        shop="S" * 400, name="ana", role="r", examples=["q" * 2_000] * 9, kinds=["k" * 900] * 9, language="zh"
    )
    assert not fault_of({"blocks": view})


@pytest.mark.parametrize(
    ("start", "end", "english", "chinese"),
    [
        ("2026-05-01", "2026-06-01", "And in April 2026?", "2026年4月呢？"),
        ("2026-01-01", "2026-02-01", "And in December 2025?", "2025年12月呢？"),
        ("2026-01-01", "2026-04-01", "And in Q4 2025?", "2025年第4季度呢？"),
        ("2026-02-01", "2026-05-01", "And from 2025-11-01 to 2026-01-31?", "2025年11月1日到2026年1月31日呢？"),  # noqa: E501
        ("2026-01-01", "2027-01-01", "And in 2025?", "2025年呢？"),
        ("2024-03-01", "2024-03-02", "And on 2024-02-29?", "2024年2月29日呢？"),
        ("2026-05-04", "2026-05-11", "And from 2026-04-27 to 2026-05-03?", "2026年4月27日到2026年5月3日呢？"),
        ("2026-05-04", "2026-05-04", "", ""),
        ("0001-01-01", "0002-01-01", "", ""),
    ],
)  # fmt: skip
def test_the_period_before(start: str, end: str, english: str, chinese: str) -> None:
    first, after = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    assert (period_before(first, after, "en"), period_before(first, after, "zh")) == (english, chinese)


def test_threads_keep_their_order_and_are_forgotten_oldest_first() -> None:
    threads, ran, done = Threads(most=3), [], threading.Semaphore(0)
    gate = threading.Event()

    def job(name: str, *, waits: bool = False) -> Any:
        def run(thread: Thread) -> None:
            if waits:
                assert gate.wait(20)
            ran.append((name, thread))
            done.release()
            if name == "broken":
                raise RuntimeError("of ours")

        return run

    for name in ("first", "broken", "third"):
        assert threads.put("a", job(name, waits=name == "first"))
    assert threads.put("b", job("beside"))
    assert done.acquire(timeout=20)
    gate.set()
    for _ in range(3):
        assert done.acquire(timeout=20)
    assert [name for name, _ in ran] == ["beside", "first", "broken", "third"]
    assert len({id(thread) for name, thread in ran if name != "beside"}) == 1
    for number in range(5):
        threads.put(number, job("more"))
        assert done.acquire(timeout=20)
    threads.put("a", job("again"))
    assert done.acquire(timeout=20)
    assert ran[-1][1] is not ran[1][1], "thread a was forgotten"
    assert len(threads) <= 4
    threads.close()
    assert not threads.put("a", job("late"))


def test_the_manifest_asks_for_what_the_app_hears_and_does() -> None:
    described = yaml.safe_load(manifest())
    assert described["settings"]["socket_mode_enabled"] is True
    assert set(described["settings"]["event_subscriptions"]["bot_events"]) == {
        "app_mention", "message.im", "app_home_opened", "assistant_thread_started",
        "assistant_thread_context_changed",
    }  # fmt: skip
    printed = CliRunner().invoke(command_line, ["slack", "--manifest", "--address", "https://shop.example/"])
    served = yaml.safe_load(printed.stdout)
    urls = {
        served["settings"]["event_subscriptions"]["request_url"],
        served["settings"]["interactivity"]["request_url"],
        served["features"]["slash_commands"][0]["url"],
    }
    assert urls == {"https://shop.example/slack/events"} and not served["settings"]["socket_mode_enabled"]
    assert CliRunner().invoke(command_line, ["slack", "--address", "http://x"]).exit_code == 2
