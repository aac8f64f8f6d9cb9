"""What asks for a reply to a customer, and the letter that is to be answered.

Only the asker's own words before the letter ask, and only where every one of them is about replies: what stands
in the letter asks for nothing.
"""
# ruff: noqa: E501

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.order_card import order_cues as cues
from sql.question.words import words

LONGEST_HEAD = 160
"""Characters of the asker's own words before a letter."""

_STARTS = re.compile(
    r"[:：]|(?<![A-Za-z0-9])[\"“„«「『]|\s[–—-]\s"
    r"|(?i:(?=\b(?:dear|hello|hi|hey|good\s+(?:morning|afternoon|evening|day)|to\s+whom|sehr\s+geehrte\w*|guten\s+(?:tag|morgen|abend)|hallo|liebe[rs]?)\b))|(?=您好|你好|尊敬的|亲爱的)"
)
"""Where somebody else's letter may begin."""
_ASKS = re.compile(
    r"(?i)\b(?:draft|write|compose|prepare|suggest|give|make|need|want)\b.*\b(?:reply|replies|response|answer)\b|\b(?:reply|respond)\b|\bdraft\b.*\b(?:letter|e-?mail|mail|it|one)\b"
    r"|\banswer\s+(?:it|them|him|her|(?:(?:this|that|the|our)\s+)?(?:customer|client|buyer|letter|message|e-?mail|mail|complaint|ticket|enquiry|inquiry))\b"
    r"|回复|答复|回信|回覆|回个?信|回一?封"
)
_WORDS = words(
    """
    please pls can could would will should shall do one i you we help me us now then and ok okay so just go ahead let's
    what how an a the some short polite friendly nice quick brief draft write compose prepare suggest suggested give
    make need want i'd like to up back out reply replies respond response answer letter message mail e-mail email
    customer customer's client buyer complaint ticket inquiry enquiry request this that it him her them these their his
    for of about on in with from order orders purchase number no nr id hello hi dear thanks thx
    """
)
_WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*")
_CHINESE = re.compile(
    r"请|麻烦|帮忙|帮我|帮|替|我们|我|给|向|对|那就|那么|那|就|然后|再|现在|可以|能不能|能|你|您|直接|需要|想要|想|要|应该|怎么|如何|该|写|拟|起草|草拟|生成|准备|一下|下|一[个封份条段]|[个封份条段]|的"
    r"|回复|答复|回信|回覆|回|信|草稿|这位|这个|这封|这条|这|那位|那个|那封|此|该|顾客|客户|买家|客人|用户|他们?|她们?|它|来信|邮件|消息|留言|投诉|工单|订单|定单|编号|单号|号|吧|呢|吗|么|用|以|语言|语|和|与|、|谢谢|简短|礼貌|友好"
)
LANGUAGE = re.compile(
    r"\bin\s+(?P<en>[A-Za-z]{4,20})\b|(?<=[用以个封份条写的])(?P<zh>[\u4e00-\u9fff]{1,4}?[语文])"
)
"""Where a request names a language; whether it is one, its reader says."""
_ORDERS = (cues.ENGLISH, cues.CHINESE, cues.HASH, cues.CODE)


@dataclass(frozen=True, kw_only=True)
class ReplyRequest:
    """A request for a reply."""

    head: str
    """The asker's own words."""
    letter: str
    """What is to be answered; empty where none is given."""
    start: int
    """Where the letter begins in the message."""


def split_request(message: str) -> ReplyRequest | None:
    """The request and the letter of a message; ``None`` where it asks for no reply."""
    for end, start in (*_cuts(message), (len(message), len(message))):
        head = message[:end]
        if len(head) <= LONGEST_HEAD and _is_request(head):
            letter = message[start:]
            begin = start + len(letter) - len(letter.lstrip(' :："“„«「『'))
            return ReplyRequest(head=head.strip(), letter=message[begin:].rstrip(' "”«»」』'), start=begin)
    return None


def _cuts(message: str) -> Iterator[tuple[int, int]]:
    """Where the asker's words may end, and the letter begin."""
    for match in _STARTS.finditer(message):
        if match.start() > LONGEST_HEAD:
            return
        yield match.start(), match.end()


def _is_request(head: str) -> bool:
    """Whether a text asks for a reply, with no word in it that is about anything else."""
    if not _ASKS.search(head):
        return False
    rest = LANGUAGE.sub(" ", head)
    for way in _ORDERS:
        rest = way.sub(" ", rest)
    return (
        all(word in _WORDS for word in _WORD.findall(rest.lower().replace("’", "'")))
        and not cues.HAN.search(_CHINESE.sub("", rest))
        and not re.search("[0-9]", rest)
    )
