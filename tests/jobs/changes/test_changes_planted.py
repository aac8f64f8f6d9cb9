"""The demonstration shop's planted truths in their months, and made-up quiet months."""

from __future__ import annotations

from pathlib import Path

from bench.changes_found import QUIET_ASKED, find_planted, told_in_quiet


def test_planted_truths_are_told_of_when_their_month_is_asked_about(demo_folder: Path):
    found = find_planted(demo_folder, 1)
    assert found and [each.asked.question for each in found if not each.is_named] == []
    assert all(each.events <= 5 for each in found)


def test_quiet_months_have_nothing_told_of_them():
    assert told_in_quiet(1, QUIET_ASKED[-4:]) == [[]] * 4
