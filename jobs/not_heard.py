"""What a question says that a job has no part for: told before its answer, or why it claims none of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.job import Request, Understood
from bot.parameters import find_grouping
from telling.evidence import Caveat

COMMON = re.compile(
    r"(?i)^(?:please|give|show|tell|list|make|much|many|how|will|going|be|values?|figures?|often|usually|instead|future|what|which"
    r"|who|we|our|us|shop|do|can|you|need|want|chart|picture|table|ahead|only|just|with|and|for|people|buyers?|clients?|shoppers?)$"
    r"|^[的吗呢请我们给和是多少哪些几会有帮一下看只未来接下来常谁了位人]+$"
)
"""Words that ask for nothing by themselves."""


MEANT = 0.7
"""Up to this score a word only means what it would mean of itself: "bought" is revenue in no other words."""


def not_heard(
    request: Request, cues: Sequence[re.Pattern[str]], filler: re.Pattern[str] = COMMON
) -> tuple[str, ...]:
    """Words of the question that neither a parameter nor the job's own words account for.

    Args:
        cues: the job's own words, and its name.
        filler: single words that say nothing more.
    """
    links, settings = request.links, request.settings
    spans = [match.span() for cue in cues for match in cue.finditer(links.question)]
    found = []
    for word in links.unknown:
        at = links.question.lower().find(word.lower())
        is_known = any(s < at + len(word) and at < e for s, e in spans) or settings.covers(at, at + len(word))
        if at >= 0 and not is_known and not filler.match(word):
            found.append(word)
    for mention in links.mentions:
        is_own = any(start <= mention.start and mention.end <= end for start, end in spans)
        is_read = is_own or settings.covers(mention.start, mention.end)
        if mention.kind == "value" and not is_read and mention.text not in found:
            found.append(mention.text)
    for number in links.numbers:
        if not settings.covers(number.start, number.end) and number.text not in found:
            found.append(number.text)
    return tuple(found)


def caveat_of(words: Sequence[str]) -> tuple[Caveat, ...]:
    """The sentence that tells of them; none where there are none."""
    return (("nothing_stands_for", {"words": ", ".join(words)}),) if words else ()


def asks_more(understood: Understood, known: re.Pattern[str]) -> bool:
    """Whether a metric, a column or a grouping is named in words other than ``known``.

    Such a question says what it wants in full, and is one of figures.
    """
    grouping = find_grouping(understood.links)
    mentions = [m for m in understood.links.mentions if m.score > MEANT]
    named = [m.text for m in mentions if m.kind in ("metric", "column")]
    if grouping is not None:
        named.append(understood.standalone[grouping.start : grouping.end])
    return any(not known.search(text) for text in named)
