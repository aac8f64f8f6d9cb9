"""Words of a question that a job with parameters has no part for: they are told before its figures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.job import Request


def not_heard(request: Request, cues: Sequence[re.Pattern[str]], filler: re.Pattern[str]) -> tuple[str, ...]:
    """Words, values and numbers that no parameter was read from.

    Args:
        cues: the words that ask for the job itself.
        filler: words that change nothing.
    """
    links, settings = request.links, request.settings
    known = [match.span() for cue in cues for match in cue.finditer(links.question)]
    found = []
    for word in links.unknown:
        at = links.question.lower().find(word.lower())
        is_known = any(s < at + len(word) and at < e for s, e in known) or settings.covers(at, at + len(word))
        if at >= 0 and not is_known and not filler.match(word):
            found.append(word)
    for mention in links.mentions:
        is_read = settings.covers(mention.start, mention.end)
        if mention.kind == "value" and not is_read and mention.text not in found:
            found.append(mention.text)
    for number in links.numbers:
        if not settings.covers(number.start, number.end) and number.text not in found:
            found.append(number.text)
    return tuple(found)
