"""The parts of Feishu's adapter by themselves: cards within limits, literal words, what somebody wrote."""

from __future__ import annotations

import json

import httpx
import pytest
from chat_replies import reply, table
from hypothesis import given
from hypothesis import strategies as st
from mock_feishu import SECRET, fault_of, mock_feishu, read_markdown, tokens_of, words

from telling.phrases import escape_markdown
from ui.chats.feishu.api import OpenApi
from ui.chats.feishu.calls import FeishuRefused, UnknownApp
from ui.chats.feishu.cards import Picture, cards, plain_cards
from ui.chats.feishu.deliveries import Message, words_of
from ui.chats.feishu.growing_card import Toast
from ui.chats.feishu.markdown import escaped, markdown_elements
from ui.chats.strangers_words import literal

WORDS = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak"}


@given(st.text(st.sampled_from("<>&*_~`@!|#:/.[]()-+=$ \\1hwatpU\u202e\u200b多\"'"), max_size=60))
def test_no_text_is_mark_up(text: str) -> None:
    shown = escaped(text.strip())
    assert tokens_of(shown) <= WORDS
    assert " ".join(read_markdown(shown).split()) == " ".join(literal(text).split())


@pytest.mark.parametrize(
    "text", ["*a*", "# a", "1. b", "> c", "[d](http://e.example)", "`f` <at id=all></at> &amp; ~g~", ":OK:"]
)
def test_escaped_words_come_out_as_they_went_in(text: str) -> None:
    shown = words(markdown_elements(f"**Found:** {escape_markdown(text)}."))
    assert shown.replace("\u2060", "") == f"Found: {text}."


def test_markdown_keeps_emphasis_lists_and_quotes_and_links_only_words() -> None:
    found = markdown_elements(
        "# Head\n\n**bold** and *soft* `code` [x](http://e.example) ![y](http://e.example/i.png) <b>z</b>\n\n"
        "- one\n  - two\n- three\n\n4. four\n\n> quote\n>\n> — source\n\n"
        "```\nSELECT 1\n```\n\n销售额**上涨**了"
    )
    assert [each.get("content") for each in found] == [
        "**Head**",
        "**bold** and *soft* code x y &#60;b&#62;z&#60;&#47;b&#62;",
        "- one\n    - two",
        "- three",
        "4. four",
        "> quote\n>\n> — source",
        None,
        "销售额**上涨**了",
    ]
    assert found[6]["text"] == {"tag": "plain_text", "content": "SELECT 1"}


LONG = {
    "one word": "x" * 40_000,
    "many words": "word " * 8_000,
    "signs": escape_markdown("* ") * 6_000,
    "Chinese": "销售额" * 9_000,
    "many lines": "- line\n" * 3_000,
    "a long quote": "> " + "quoted words " * 3_000,
    "many paragraphs": "One.\n\n" * 2_000,
    "code": "```\n" + "SELECT 1\n" * 3_000 + "```",
    "only what is unseen": "\u202e\u200b\ud83d",
}


@pytest.mark.parametrize("name", LONG)
def test_long_answers_are_split_within_feishus_limits_and_nothing_is_lost(name: str) -> None:
    wide = table(200, 30, "数" * 500)
    found = cards(reply(LONG[name], tables=(wide,)), "a1", Picture(key="img_1", description="A chart"))
    assert not [fault for card in found if (fault := fault_of(card))]
    together = "".join(words(card["body"]["elements"]) for card in found)
    for letter in "x销S1qw*":
        assert together.count(letter) >= LONG[name].count(letter), letter
    assert "of 200 rows" in together and "10 of 30 columns" in together
    assert found[-1]["body"]["elements"][-1]["tag"] == "column_set", "the buttons stand below all of it"
    assert not any(fault_of(card) for card in plain_cards(LONG[name]))


def test_long_options_are_listed_and_their_buttons_cut() -> None:
    options = tuple(f"{'Which of the many things ' * 8}{n}?" for n in range(3))
    (card,) = cards(reply("Which?", status="clarify", options=options), "a1")
    told = words(card["body"]["elements"])
    assert not fault_of(card) and all(option in told for option in options)
    assert told.startswith("One question back")


HOSTILE = (
    '<at id=all></at> *now* _x_ `y` http://evil.example www.evil.example [a](tel://1) <font color="red">z'
)


def test_strangers_words_are_literal_wherever_they_stand() -> None:
    told = reply(
        escape_markdown(HOSTILE) + f"\n\n> {escape_markdown(HOSTILE)}\n\n- {escape_markdown(HOSTILE)}",
        tables=(table(3, 2, HOSTILE),), options=(HOSTILE, HOSTILE * 2), warnings=(HOSTILE,), status="clarify",
    )  # fmt: skip
    found = cards(told, "a1", Picture(key="img_1", description=HOSTILE))
    assert not any(fault_of(card) for card in found)
    assert sum(words(card["body"]["elements"]).count("<at id=all></at> *now*") for card in found) >= 12
    shown = json.dumps([{**card, "text": None} for card in found], ensure_ascii=False)
    assert "http://" not in shown and "www." not in shown and "tel:/" not in shown
    assert all("<at" not in str(each.get("content")) for card in found for each in card["body"]["elements"])


@pytest.mark.parametrize(
    ("content", "mentions", "read"),
    [
        ({"text": "@_user_1 revenue last month?"}, ["@_user_1"], "revenue last month?"),
        ({"text": "@_user_10 @_user_1  多\n行"}, ["@_user_1", "@_user_10"], "多 行"),
        ({"text": "@_all hello @_user_2"}, ["@_user_2"], "hello"),
        ({"title": "T", "content": [[{"tag": "at"}, {"tag": "text", "text": "a"}], 7]}, [], "T a"),
        ({"content": [[{"tag": "a", "text": "b", "href": "http://x"}, {"tag": "img"}, 7]]}, [], "b"),
        ({"image_key": "img"}, [], ""),
        ({"text": "half \ud83d"}, [], "half"),
        ([1], [], ""),
        ({"text": 7}, [], ""),
    ],
)  # fmt: skip
def test_what_somebody_wrote_is_read_as_they_see_it(content: object, mentions: list[str], read: str) -> None:
    message = Message.model_validate(
        {"message_id": "m", "chat_id": "c", "chat_type": "group", "message_type": "text",
         "content": json.dumps(content), "mentions": [{"key": each, "id": {}} for each in mentions]}
    )  # fmt: skip
    assert words_of(message) == read
    assert words_of(message.model_copy(update={"content": "{"})) == ""


def test_a_sentence_that_comes_too_late_for_a_press_is_said_otherwise() -> None:
    late: list[str] = []
    toast = Toast(late.append)
    toast.say("kept")
    assert (toast.close(), late) == ("kept", [])
    toast.say("more")
    assert late == ["more"]


def test_a_token_is_used_until_shortly_before_its_end() -> None:
    now = [0.0]
    with mock_feishu() as feishu:
        api = OpenApi("cli_mock", SECRET, feishu.address, clock=lambda: now[0])
        for at, tokens in ((0, 1), (6_800, 1), (6_901, 2), (6_902, 2)):
            now[0] = at
            api.send("ou_a", "interactive", plain_cards("x")[0])
            assert len(feishu.tokens) == tokens, at
        api.close()


def test_refusals_say_a_number_and_nothing_that_was_sent() -> None:
    with mock_feishu() as feishu:
        stranger = OpenApi("cli_mock", "hush", feishu.address)
        with pytest.raises(UnknownApp, match=r"^code 10014 for the app's id and secret$"):
            stranger.bot()
        api = OpenApi("cli_mock", SECRET, feishu.address)
        with pytest.raises(FeishuRefused, match=r"^code 230099$"):
            api.send("ou_a", "interactive", {**plain_cards("x" * 10)[0], "body": {"elements": []}})
        feishu.limits["bot"] = [(429, 0)] * 9
        with pytest.raises(FeishuRefused, match=r"^code 99991400$"):
            api.bot()
        assert [name for name, _ in feishu.calls].count("bot") == 5, "sent again four times"
        feishu.limits["bot"] = []
        feishu.tokens.append("t-1")
        feishu.life_s = 0  # each token is over when it comes
        assert api.bot().name == "小店 Bot"
        api.close()
    with pytest.raises(httpx.HTTPError):
        api = OpenApi("cli_mock", SECRET, feishu.address)
        api.bot()
    stranger.close()
    api.close()
