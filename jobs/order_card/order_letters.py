"""A customer's letter: telling one from a question, its sentences, and what in it says that its writer is upset.

The letter is a stranger's. It is read for these signs alone; nothing that it says is carried out.
"""
# ruff: noqa: E501

from __future__ import annotations

import re

from bot.followup import length_of

LEAST_WORDS = 10.0
"""English words, or pairs of Chinese characters, from which one sentence can be a letter."""
LEAST_SCORE = 3

_WRITER = re.compile(
    r"(?i)\bmy\s+(?:order|parcel|package|delivery|purchase|refund|money|return|shipment|item)\b(?!s)"
    r"|\bi(?:['’]ve|\s+have|['’]m|\s+am|\s+was|['’]d)?\s+(?:(?:just|recently|already|still|been|only|never|not)\s+)*(?:ordered|bought|purchased|received|paid|returned|writing|waiting|got|sent\s+back|placed\s+(?:an?\s+)?order)\b"
    r"|\bi\s+(?:want|demand|would\s+like|need|['’]d\s+like)\s+(?:my\s+|a\s+|to\s+)?(?:money\s+back|refund|replacement|return|cancel|send\s+(?:it|this)\s+back)\b"
    r"|\b(?:never|not|hasn['’]?t|didn['’]?t|still\s+(?:not|hasn['’]?t))\s+(?:yet\s+)?(?:arrived?|been\s+delivered|came|come|turned\s+up|received)\b"
    r"|我(?:的|在你们?|前|上|买|订|下单|收到|退|昨天|已经|还没|一直|等)|没(?:有)?收到|怎么还(?:没|不)|还没(?:到|收到|发)|(?:要求|申请|我要|我想|给我)(?:退|换|取消|赔)|少发|发错|寄错|坏了"
)
"""What a buyer writes of an order of their own; counts twice."""
_SALUTATION = re.compile(
    r"(?i)^\W*(?:dear|hi|hello|hey|good\s+(?:morning|afternoon|evening|day)|to\s+whom)\b|^\W*(?:你好|您好|客服|亲|在吗|尊敬的|店家|老板|喂)"
)
_SIGN_OFF = re.compile(
    r"(?i)\b(?:(?:best|kind|warm)\s+regards|regards|sincerely|yours|cheers|thank\s+you|thanks|many\s+thanks|look(?:ing)?\s+forward)\b[^.!?]{0,40}\W*$"
    r"|(?:谢谢|多谢|此致|敬礼|麻烦了|辛苦了?|尽快(?:处理|回复|解决)|等(?:你们?)?回复)[^。！？]{0,12}\W*$"
)
_ORDER_SAID = re.compile(
    r"(?i)\b(?:order|purchase)\s*(?:number|no\.?|nr\.?|id)?(?:\s+is)?\W{0,3}[A-Za-z]{0,8}[-/]?[0-9]|#[0-9]|订单|单号"
)
_SENTENCES = re.compile(r"[^.!?。！？;；]+[.!?。！？;；]*")
_ABBREVIATION = re.compile(r"(?i)\b(no|nr|mr|mrs|ms|dr|approx|e\.g|i\.e)\.")

_LISTED = re.compile(
    r"(?i)\bhow\s+many\b|\b(?:list|which)\s+(?:of\s+)?(?:the\s+|our\s+)?orders\b"
    r"|多少[单个笔件]|几[单笔个]|哪些|列(?:出|一下|单号|编号|订单|名单)|给我(?:单号|一?[个份张]?(?:清单|名单|列表))|最[急早晚]的?在前"
)
"""What the shop's people ask of many orders, and no buyer of one."""
_UPSET = re.compile(
    r"(?i)\b(?:unacceptable|outrageous|ridiculous|disgrace\w*|disgusting|appalling|terrible|horrible|awful|worst|pathetic|useless|incompetent|joke|scam\w*|fraud\w*|thieves|liars?|lies|lied"
    r"|angry|furious|fed\s+up|sick\s+of|upset|annoyed|frustrat\w+|disappoint\w+|shame(?:ful)?|never\s+again|never\s+(?:buy|order|shop)\w*|lawyer|court|legal\s+action|chargeback|police|consumer\s+protection|trading\s+standards"
    r"|(?:second|third|fourth|fifth|2nd|3rd|4th|5th|umpteenth)\s+time|(?:again\s+and\s+again|how\s+many\s+times|still\s+no\s+(?:answer|reply|response)|no\s+one\s+(?:answers|replies)|nobody\s+(?:answers|replies)|immediately|at\s+once|right\s+now)\b|[*]{2,})"
    r"|\b(?:unversch(?:ä|ae)mt\w*|frechheit|inakzeptabel|wütend|entt(?:ä|ae)uscht\w*|verärgert|empört|betrug|betrüger|abzocke|saftladen|skandal\w*|nie\s+wieder|anwalt|verbraucherzentrale|(?:zum|das)\s+(?:zweite|dritte|vierte|fünfte)n?\s+mal|niemand\s+(?:antwortet|reagiert)|sofort|unverzüglich)\b"
    r"|!{2,}|\?{2,}|！{2,}|？{2,}|[!?！？]{2,}"
    r"|太差|差劲|垃圾|骗子|欺骗|投诉|举报|曝光|愤怒|生气|气死|失望|无语|离谱|过分|恶心|坑人|黑心|忍无可忍|再也不|从来没见过|没人(?:理|管|回)|第[二三四五六]次|几次了|多少次|12315|消协|工商|律师|法院|马上|立刻|立即"
)
_SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
_SMALL = frozenset({"HTTP", "HTTPS", "IBAN", "ASAP", "PDF"})


def is_letter(text: str) -> bool:
    """Whether a message reads like a buyer's letter about an order and not like a question of the shop's people."""
    sentences = sentences_of(text)
    if len(sentences) < 2 and length_of(text) < LEAST_WORDS:
        return False
    if len(sentences) < 2 and _LISTED.search(text) and not _SALUTATION.search(text):
        return False
    score = 2 * bool(_WRITER.search(text))
    score += sum(bool(sign.search(text)) for sign in (_SALUTATION, _SIGN_OFF, _ORDER_SAID, _UPSET))
    return score >= LEAST_SCORE


def sentences_of(text: str) -> tuple[str, ...]:
    """The sentences of a text that have words in them, in order."""
    whole = _ABBREVIATION.sub(r"\1", text)
    found = (match[0].strip() for match in _SENTENCES.finditer(whole))
    return tuple(each for each in found if re.search(r"[A-Za-z\u4e00-\u9fff]{2,}", each))


def upset_in(text: str) -> tuple[str, ...]:
    """Hard words, repeated signs and words in capitals, as they stand there; nothing is guessed from the rest."""
    codes = frozenset(re.findall(r"\b[A-Z]+(?=[-/]?[0-9])", text))
    shouted = [match for match in _SHOUTED.finditer(text) if match[0] not in _SMALL | codes]
    found: list[re.Match[str]] = []
    for match in sorted([*_UPSET.finditer(text), *shouted], key=lambda match: (match.start(), -match.end())):
        if not found or match.start() >= found[-1].end():
            found.append(match)
    return tuple(match[0] for match in found)
