"""What goes wrong with files and answers is a sentence, and nothing has changed then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from fake_talk import FakeAssistant, table

from app.errors import UploadRefused
from app.finding import Review
from app.kept_uploads import KeptUpload, KeptUploads
from sql.semantics import Metric, Shop
from sql.shop.review import Asked, Question
from ui.own_files import answer_own, answer_page, bring_files, reopen_files
from ui.review_form import answers_of, filled, told_answers, told_change
from ui.talk import OwnShop, Reviewing, Talk, Turn, Visitor, Visitors, follow

SOLD = Question(
    id="sold",
    text="Which <b>count</b>?",
    choices=("all but cancelled", "every state"),
    rows=table({"<i>state</i>": "text"}, [("<img src=x>",)]),
    text_zh="哪些算？",
    choices_zh=("除取消以外", "所有状态"),
)
TALK = Talk(assistant=FakeAssistant(), new_conversation=list, shop="Lumen", role="owner")
EVERY = {"sold": "every state"}


def review(taken: int = 0, answers: Mapping[str, str] | None = None) -> Review:
    metric = Metric(name="net_revenue", view="orders", sql=f"SUM(amount_{taken})")
    shop = Shop(name="s", database="s.duckdb", views=(), metrics=(metric,))
    return Review(shop=shop, asked=(Asked(question=SOLD, taken=taken),), answers=answers or {})


def own(name: str = "a.csv", closed: list[str] | None = None, **more: Any) -> OwnShop:
    seen = closed if closed is not None else []
    return OwnShop(talk=replace(TALK, shop=name), tables=("a",), close=lambda: seen.append(name), **more)


def fails(error: BaseException) -> Callable[..., NoReturn]:
    def fail(*_: object) -> NoReturn:
        raise error

    return fail


def test_answers_are_told_as_the_visitor_would_say_them() -> None:
    assert told_answers(review(), EVERY, "en") == "every state"
    assert told_answers(review(), EVERY, "zh") == "所有状态"
    assert told_answers(review(1), EVERY, "en") == "Apply my answers"
    assert told_change(review(), review(1), "en").startswith("Counted anew from now on: net revenue.")
    assert told_change(review(), review(), "en").startswith("Nothing changed")


def test_the_form_takes_the_drafts_choice_and_escapes_strangers_words() -> None:
    _, question, rows, *rest = filled(review(), "en")
    assert question["value"] == "sold\nall but cancelled" and question["visible"]
    assert "&lt;img" in rows["value"] and "<img" not in rows["value"] and "<i>" not in rows["value"]
    assert not any(update["visible"] for update in rest)
    assert answers_of([question["value"], None, "", "torn"]) == {"sold": "all but cancelled"}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("full"), "could not be kept"),
        (ZeroDivisionError("a bug"), "the fault is ours and was logged"),
    ],
)
def test_answers_that_fail_are_told_in_words(error: Exception, told: str) -> None:
    reviewing = Reviewing(look=review, answer=fails(error))
    note = answer_page(reviewing, review(), EVERY, "en")
    assert told in note and "Nothing was changed" in note


def test_answers_about_files_that_do_not_open_leave_them_as_they_are() -> None:
    crowded = own(review=review(), answered=fails(UploadRefused("upload_crowded")))
    note, new = answer_own(TALK, crowded, EVERY, "en")
    assert new is None and note.startswith("Too many visitors")
    broken = own(review=review(), answered=fails(ZeroDivisionError("a bug")))
    note, new = answer_own(TALK, broken, EVERY, "en")
    assert new is None and "The answers could not be applied" in note


def test_kept_files_that_do_not_open_say_why_and_how_to_be_rid_of_them() -> None:
    talk = replace(TALK, open_kept=fails(UploadRefused("upload_unreadable", reason="torn *page*")))
    note, opened = reopen_files(talk, KeptUpload(files=(), answers={}, is_shown=True), "en")
    assert opened is None and r"torn \*page\*" in note and "*Forget files* deletes what is kept" in note


def test_a_browser_without_cookies_has_its_files_for_its_tab(tmp_path: Path) -> None:
    kept = KeptUploads(folder=tmp_path / "brought", page="lumen")
    talk = replace(TALK, kept=kept, open_files=lambda files: own())
    note, opened = bring_files(talk, [tmp_path / "a.csv"], "en", None)
    assert opened is not None and "for this tab only" in note
    assert not kept.folder.exists()


def test_other_answers_go_on_with_the_conversation_unless_it_was_left() -> None:
    visitors, closed = Visitors(list), list[str]()
    before, after = own("before", closed), own("after", closed)
    visitor = visitors.switch("tab", before)
    visitor.act("opened", "open")
    visitors.exchange("tab", visitor, before, after)
    assert visitors.of("tab") is visitor and visitor.own is after and closed == ["before"]
    visitors.switch("tab", None)
    late = own("late", closed)
    visitors.exchange("tab", visitor, after, late)
    assert closed == ["before", "after", "late"] and visitors.of("tab").own is None


def test_files_that_open_after_their_tab_was_left_are_closed() -> None:
    visitors, closed = Visitors(list), list[str]()
    visitor = visitors.of("tab")
    visitors.leave("tab")
    assert visitors.switch("tab", own("late", closed), after=visitor) is visitor
    assert closed == ["late"] and len(visitors) == 0


def test_forgetting_closes_the_files_of_all_tabs_of_that_browser_only() -> None:
    visitors, closed = Visitors(list), list[str]()
    for session, browser in (("a", "mine"), ("b", "mine"), ("c", "yours")):
        visitors.of(session).browser = browser
        assert visitors.switch(session, own(session, closed)).browser == browser
    visitors.forget("mine")
    assert closed == ["a", "b"]


def test_what_is_done_on_the_page_holds_questions_back_until_it_is_done() -> None:
    visitor = Visitor(conversation=[])
    turn: Turn = visitor.act("every state", is_about_review=True)
    assert visitor.is_busy and list(follow(TALK, visitor, "Revenue")) == []
    turn.note = "done"
    assert not visitor.is_busy and list(follow(TALK, visitor, "Revenue"))
