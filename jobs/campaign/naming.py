"""Which campaigns are meant by the words for them: "spring", "Black Friday 2025", 春季. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from jobs.campaign.campaign_rows import Campaign

LATEST = re.compile(
    r"(?i)^(?:last|latest|most\s+recent|previous|recent)$|^(?:上一?次|上个|最近(?:一次)?|最新)$"
)
_ALIKE = 85.0
"""Of names that are spelt nearly so, in per cent."""
_CALLED = {
    "春": ("spring",), "夏": ("summer",), "秋": ("autumn", "fall"), "冬": ("winter",),
    "双十一": ("singles day", "double 11", "11.11"), "黑五": ("black friday",),
    "圣诞": ("christmas", "xmas"), "情人节": ("valentine",), "开学": ("back to school",),
    "autumn": ("fall", "秋"), "fall": ("autumn",), "spring": ("春",), "summer": ("夏",), "winter": ("冬",),
}  # fmt: skip
"""Word → what a campaign of that time is called as well."""


def meant_by(text: str, campaigns: Sequence[Campaign], today: dt.date) -> list[Campaign]:
    """The campaigns that a text names, in their order; none where it names none.

    A text is the name, a part of it, the name of a channel, or a word for the latest that has begun.
    """
    said = text.strip().casefold()
    if LATEST.match(said):
        return [each for each in campaigns if each.first <= today][:1]
    exact = [each for each in campaigns if each.name.casefold() == said]
    if exact:
        return exact
    of_channel = [each for each in campaigns if (each.channel or "").casefold() == said]
    if of_channel:
        return of_channel
    holding = [each for each in campaigns if _holds(each.name.casefold(), said)]
    return holding or [each for each in campaigns if _is_alike(each.name.casefold(), said)]


def _holds(name: str, said: str) -> bool:
    words = re.findall(r"[a-z0-9.]+|[\u4e00-\u9fff]+", said)
    return bool(words) and all(_has(name, word) for word in words)


def _is_alike(name: str, said: str) -> bool:
    """Whether they are spelt nearly so; another number is another campaign."""
    return re.findall(r"\d+", name) == re.findall(r"\d+", said) and fuzz.ratio(name, said) >= _ALIKE


def _has(name: str, word: str) -> bool:
    bare = re.sub(r"(?:季|节)$", "", word) if not word.isascii() else word
    also = _CALLED.get(bare) or _CALLED.get(word) or ()
    return any(_is_in(name, each) for each in (word, bare, *also))


def _is_in(name: str, word: str) -> bool:
    if not word.isascii():
        return word in name
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", name) is not None
