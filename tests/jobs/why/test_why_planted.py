"""The demonstration shop's planted causes, asked about by the days and values of its truths."""

from __future__ import annotations

from pathlib import Path

from bench.why_found import find_planted


def test_every_planted_cause_is_named_when_it_is_asked_about(demo_folder: Path):
    found = find_planted(demo_folder)
    assert len(found) >= 10
    assert [(each.asked.question, each.text) for each in found if not each.is_named] == []
