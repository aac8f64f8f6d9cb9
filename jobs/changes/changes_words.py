"""What a question asks of a period as a whole: what the job claims, and its parameters by words and by name."""
# ruff: noqa: E501

from __future__ import annotations

import re
from dataclasses import replace

from bot.job import Claim, Strength, Understood
from bot.parameters import Said, find_values
from jobs.not_heard import asks_more
from jobs.why.why_words import AGAINST, BEFORE, ONLY, PERIOD, YEAR
from sql.question.linking import Links

BUSINESS = re.compile(
    r"(?ix)\bhow(?:['’]s|\ is|\ was|\ were|\ are|\ has|\ have|\ did|\ does)?\ (?:the\ |our\ )?(?:business|trade|shop|store|things)\b"
    r"|\bhow(?:\ did|\ have|\ are|\ were)\ we\ (?:do|done|doing|been\ doing|perform\w*)\b"
    r"|(?:生意|业绩|经营|营业|店里?|店铺|我们)的?(?:情况|状况|表现)?(?:做得|过得)?(?:怎么样|怎样|如何|好吗|好不好)"
)
"""Words that ask how the shop does."""
HAPPENED = re.compile(
    r"(?ix)\bhow(?:['’]s|\ is|\ was|\ were|\ did|\ has)\b|\bwhat(?:['’]s|\ has|\ have|\ is)?\ (?:all\ )?(?:happened|happening|been\ happening|been\ going\ on|going\ on|went\ on)\b"
    r"|怎么样|怎样|如何|发生了?(?:什么|啥|哪些)"
)
"""The same of a time that is named."""
CHANGED = re.compile(
    r"(?ix)\bwhat(?:['’]s|\ has|\ have|\ is|\ was)?\ (?:all\ )?(?:changed|changing|moved|different|new)\b|\bwhat\ (?:were\ )?the\ changes\b"
    r"|(?:有|出现|发生)了?(?:什么|哪些|啥)(?:大的?|重要的?|明显的?)?(?:变化|变动|不同)|哪些(?:变化|变动)|什么变了"
)
"""Words that ask what moved."""
HEARD = (BUSINESS, HAPPENED, CHANGED, YEAR, BEFORE)
FILLER = re.compile(
    r"(?ix)^(?:please|tell|show|me|us|how|what|did|does|do|was|were|is|are|has|have|had|been|be|the|our|my|we|in|of|for|go|going|gone|goes|went|on|at|all|it"
    r"|business|trade|trading|shop|store|things|doing|done|perform\w*|lately|recently|so|far|with|and|to|during|over|about|there|this|that|everything"
    r"|happen\w*|chang\w*|moved|different|new|compared?|comparing|good|bad|well|can|you|give|an?|overview|summary|look|looking)$"
    r"|^[的了吗呢请我们给和是有在里看一下告诉店铺生意业绩经营营业情况状况表现做得过怎么样如何好不发生什么啥哪些出现变化动大重要明显同整体总最近近来这那与跟比相较期于今]+$"
)
_WORD = re.compile(r"[^\W\u4e00-\u9fff]+|[\u4e00-\u9fff]+")


def _find_values(links: Links) -> Said | None:
    """Values that are named, but not by the words for the shop's business, which may be a value as well."""
    taken = [match.span() for cue in HEARD for match in cue.finditer(links.question)]
    mentions = tuple(m for m in links.mentions if not any(s < m.end and m.start < e for s, e in taken))
    return find_values(replace(links, mentions=mentions))


WITHIN = replace(ONLY, find=_find_values)
PARAMETERS = (WITHIN, PERIOD, AGAINST)


def claims(understood: Understood) -> Claim | None:
    """What asks of a time as a whole; a question that names a figure, or anything unknown, is others'."""
    text, links = understood.standalone, understood.links
    is_named = links.period is not None and HAPPENED.search(text) is not None
    if BUSINESS.search(text) is None and CHANGED.search(text) is None and not is_named:
        return None
    if _left_over(links) or asks_more(understood, BUSINESS):
        return None
    return Claim(strength=Strength.SAID, reason="cue")


def _left_over(links: Links) -> list[str]:
    """Words that are neither the job's own, nor a time, nor a value: it is something else that is asked of."""
    text = links.question
    spans = [(p.first, p.last) for p in links.periods]
    spans += [(m.start, m.end) for m in links.mentions if m.kind == "value"]
    spans += [match.span() for cue in HEARD for match in cue.finditer(text)]
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return [word for word in _WORD.findall(text) if not FILLER.match(word)]
