"""A description that is drafted again: the data's changes come in, a person's words stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.drafts import Draft, difference, draft_file, keep_draft, last_draft, merged

BEFORE = """\
name: shop
drafted: true
views:
  orders:
    columns:
      id: {type: integer}
      state: {type: text}
metrics:
  revenue:
    sql: SUM(amount)
"""
NEW_COLUMN = BEFORE.replace(
    "      state: {type: text}\n", "      state: {type: text}\n      city: {type: text}\n"
)


def test_what_the_data_changed_comes_in_and_what_a_person_wrote_stays() -> None:
    mine = BEFORE.replace("drafted: true\n", "# read by me\n").replace("SUM(amount)", "SUM(paid)")
    result = merged(BEFORE, mine, NEW_COLUMN)
    assert result.left == ()
    assert result.text == NEW_COLUMN.replace("drafted: true\n", "# read by me\n").replace(
        "SUM(amount)", "SUM(paid)"
    )
    assert difference(mine, result.text) == "+      city: {type: text}"


def test_a_new_column_comes_in_beside_a_line_that_a_person_changed() -> None:
    edited = "      state: {type: text, synonyms: [status]}\n"
    mine = BEFORE.replace("      state: {type: text}\n", edited)
    after = NEW_COLUMN.replace("state: {type: text}", "state: {type: text, sampled: true}")
    result = merged(BEFORE, mine, after)
    assert f"{edited}      city: {{type: text}}\n" in result.text
    assert result.left == ("-      state: {type: text}\n+      state: {type: text, sampled: true}",)


def test_a_column_that_both_added_stands_there_once() -> None:
    assert merged(BEFORE, NEW_COLUMN, NEW_COLUMN).text == NEW_COLUMN


def test_additions_at_one_place_keep_their_depth() -> None:
    view = "  mine:\n    sql: SELECT 1 AS a\n    columns:\n      a: {type: integer}\n"
    mine = BEFORE.replace("metrics:\n", f"{view}metrics:\n")
    assert merged(BEFORE, mine, NEW_COLUMN).text == NEW_COLUMN.replace("metrics:\n", f"{view}metrics:\n")


def test_a_column_that_is_gone_goes_unless_a_person_wrote_about_it() -> None:
    after = BEFORE.replace("      state: {type: text}\n", "")
    assert merged(BEFORE, BEFORE, after).text == after
    mine = BEFORE.replace("state: {type: text}", "state: {type: text, unit: x}")
    result = merged(BEFORE, mine, after)
    assert result.text == mine and result.left == ("-      state: {type: text}",)


@pytest.mark.parametrize("mine", [BEFORE, NEW_COLUMN, "", "other\n", "no end of line"])
def test_data_that_did_not_change_leave_the_file_as_it_is(mine: str) -> None:
    result = merged(BEFORE, mine, BEFORE)
    assert result.text.rstrip("\n") == mine.rstrip("\n") and result.left == ()


@pytest.mark.parametrize("after", [BEFORE, NEW_COLUMN, "", "other\n"])
def test_a_file_that_nobody_changed_becomes_the_new_draft(after: str) -> None:
    assert merged(BEFORE, BEFORE, after).text == after


def test_a_draft_is_kept_beside_its_file_with_the_answers(tmp_path: Path) -> None:
    out = tmp_path / "shop.yml"
    assert last_draft(out) is None
    draft = Draft(text=BEFORE, answers={"sold": "除 取消 以外\n的行"})
    keep_draft(out, draft)
    assert draft_file(out).name == "shop.yml.draft" and last_draft(out) == draft


@pytest.mark.parametrize("text", ["", "name: x\n", "a\nb\nc", "# answers: {}\n"])
def test_a_damaged_draft_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "shop.yml.draft").write_text(text, "utf-8")
    assert last_draft(tmp_path / "shop.yml") is None
