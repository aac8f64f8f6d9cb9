"""Scheduled reports in a channel, against a Slack on loopback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from mock_slack import BOT_TOKEN, MockSlack, mock_slack

from app.errors import NotDelivered
from app.schedules.targets import Parcel, Target
from app.settings import Settings
from jobs.report.types import Report, Section
from ui.chats.slack.posting import Poster

SALES = Target(kind="slack", place="#sales")


@pytest.fixture
def slack() -> Iterator[MockSlack]:
    with mock_slack() as found:
        yield found


def poster(slack: MockSlack, token: str | None = BOT_TOKEN) -> Poster:
    return Poster(Settings(home=Path("unused"), slack_bot_token=token), slack.base_url)


def parcel(text: str = "Revenue was 150 EUR.", title: str = "Tiny: how was May?") -> Parcel:
    section = Section(id="answer", title="Answer", text=text, figures=(), tables=())
    day = dt.date(2026, 6, 1)
    report = Report(
        id="2026-06-01-0700-1a2b3c4d", name="answer", title=title, shop="Tiny", language="en", start=day,
        end=day + dt.timedelta(days=1), sections=(section,),
    )  # fmt: skip
    return Parcel(report=report, name="2026-06-01-0700-how-was-may-1a2b")


def test_the_words_are_posted_and_the_page_is_attached_in_their_thread(slack: MockSlack) -> None:
    poster(slack)(SALES, parcel())
    [posted] = slack.in_thread("#sales", None)
    assert "Tiny: how was May?" in posted.words and "Revenue was 150 EUR." in posted.words
    [upload] = slack.uploads
    assert upload["thread_ts"] == posted.ts
    assert upload["files"][0]["filename"] == "2026-06-01-0700-how-was-may-1a2b.html"
    assert upload["files"][0]["content"].decode().rstrip().endswith("</html>")


def test_a_long_report_is_posted_whole(slack: MockSlack) -> None:
    poster(slack)(SALES, parcel(" ".join(f"word{number}" for number in range(6_000))))
    [first] = slack.in_thread("#sales", None)
    said = first.words + "".join(each.words for each in slack.in_thread("#sales", first.ts))
    assert "word0 " in said and "word5999" in said


def test_strangers_words_ping_nobody_and_link_nowhere(slack: MockSlack) -> None:
    words = "<!channel> *free* https://evil.example"
    poster(slack)(SALES, parcel(words, title=words))
    [posted] = slack.in_thread("#sales", None)
    assert "https://evil" not in posted.words and "<!channel>" not in posted.versions[0]["text"]
    assert {block["type"] for block in posted.blocks} == {"rich_text"}


def test_what_slack_refuses_is_told(slack: MockSlack) -> None:
    slack.errors["chat.postMessage"] = "channel_not_found"
    with pytest.raises(NotDelivered, match="Slack refused #sales: channel_not_found"):
        poster(slack)(SALES, parcel())
    with pytest.raises(NotDelivered, match="SHOPTALK_SLACK_BOT_TOKEN is not set"):
        poster(slack, None)(SALES, parcel())


def test_a_file_that_slack_does_not_take_is_told_and_not_posted_twice(slack: MockSlack) -> None:
    slack.errors["files.getUploadURLExternal"] = "not_allowed"
    poster(slack)(SALES, parcel())
    [posted] = slack.in_thread("#sales", None)
    [note] = slack.in_thread("#sales", posted.ts)
    assert "could not be attached" in note.words
