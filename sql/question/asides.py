"""What stands around a question and asks nothing: greetings, thanks, who asks, what the answer is for.

"Dear all, for the trade evening I would need to know how many restaurants get the newsletter. Thanks, Moira"
asks how many restaurants get the newsletter. What is left out is a closed class of phrases, and only where
nothing of the shop, no number, no period and no word that changes a figure stands in them: a restriction that
is told beside the question ("this is about Lille") stays, understood or not.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sql.question.linking import Links, Vocabulary, link

_BREAK = re.compile(r"(?P<mark>[.!?;:,](?=\s|$)|\s[-–—]+\s|[，。！？；：～]+|[()（）])\s*")
"""Ends a clause; a point inside 3.5 or a comma inside 1,000 does not."""
_WHO = (
    r"(?:finance|accounting|accounts|marketing|sales|ops|operations|purchasing|logistics|warehouse|support"
    r"|customer service|management|the boss|my boss|our boss|the owner|the ceo|the cfo|mum|dad)"
)
_FOR_WHAT = (
    r"(?:meetings?|reports?|reporting|slides?|decks?|presentations?|newsletters?|audits?|plan|planning|mailings?"
    r"|budget(?:ing)?|accountants?|boss|board|(?:board|management) pack|tax return|vat return|invitations?"
    r"|press release|negotiations?|stand-?up|town hall|year[- ]end|closing|stocktake|dashboard|spreadsheet"
    r"|investors?|analysis|recap|briefing|review meeting)"
)
_DOING = (
    r"(?:call|phone|ring|mail|e-?mail|write(?: to)?|text|send|contact|thank|remind|chase|invite|reach out"
    r"|take|put|have a word|talk|speak|order|reorder|re-order|restock|pack|ship|plan|prepare|present"
    r"|follow up|clean|discuss|drop|delist|clear|reward|surprise|win|warn|negotiate|get in touch|get back"
    r"|do something|decide|report|forward|pass|print|hand|bring|fix|sort|settle|close|reply|answer|tell)"
)
_HELLO = r"(?:dear|hi|hiya|hello|hey|good (?:morning|afternoon|evening|day)|morning|afternoon|evening)"
_PRONOUN = r"(?:it|this|that|them|these|those|the numbers?|the list|the figures?)"
_CALLER = r"(?:customer|client|buyer|caller|guest|lady|gentleman|chap|member)"
_ZH_WHO = (
    r"(?:老板娘?|领导|上面|经理|店长|财务|会计|运营|客服|仓库|仓管|采购|市场部?|销售部?|总监|主管|同事|总部|老大"
    r"|业务员?|[张王李刘陈赵]总)"
)
_ZH_FOR_WHAT = (
    r"(?:复盘|对账|汇报|开会|[周月年例晨早晚]会|会议|盘点|备货|补货|[周月年季日]报|述职|报表|存档|报税|审计|预算"
    r"|选品|投放|做?活动|写稿|排班|做表|PPT|[周月年]?终?总结|核对|结账|[月年]结|做?分析|参考|清单)"
)
_THEM = r"(?:他们|她们|它们|他|她|大家|这些人|这些客户|这些会员|人家|对方|客户|客人|会员|顾客|供应商)"
_ZH_WANTS = r"(?:想要?|要给|准备|打算|好|方便|以便|安排人)"
_ZH_WHEN = r"(?:我们?|咱们?|这边|也|就|再|然后|今天|明天|下周|下个月|等下|一会儿?)*"
_ZH_DOING = (
    r"(?:推|发|寄|送|打个?电话|回访|联系|做|通知|提醒|搞|安排|补|备货|下架|清|谈|开会|汇报|报|写|催|聊|沟通"
    r"|处理|跟进|回复|交差|采购|进货|调货|定|决定|参考|调整|约|拜访|维护|激活|唤醒|召回|开票|请款|整理|记账|打款)"
)
_ZH_ACT = (
    rf"(?:要|去|来|再|得|需要)*(?:(?:给|跟|对|找|让|把|去|和|向){_THEM}.{{0,4}})?{_ZH_DOING}.{{0,10}}(?<!的)"
)


@dataclass(frozen=True)
class _Phrase:
    """A phrase that is a whole clause."""

    pattern: re.Pattern[str]
    is_open: bool = False
    """Whether any words may stand in it; then no name may, and nothing later may point back to it."""
    may_name: bool = False
    """Whether it asks nothing whatever it names: "the customer is on the phone" asks for no phone."""
    is_light: bool = False
    """Whether it asks nothing where it is no value of the shop's: a priority may be called urgent."""
    is_first: bool = False
    """Whether only the beginning of a message is one."""
    is_behind: bool = False
    """Whether it is one only behind a question that has ended."""


def _phrase(pattern: str, *, case: int = re.I, **kinds: bool) -> _Phrase:
    return _Phrase(re.compile(pattern, case), **kinds)


_THANKS = _phrase(
    r"(?:(?:many|lots of|big|with) )?(?:thanks|thank you|thx|cheers|ta|regards|(?:kind|best) regards"
    r"|best wishes|greetings|much appreciated)(?: (?:a lot|a million|so much|very much|much|you"
    r"|in advance|again|all|everyone|guys|team|for (?:your|the) help|a bunch)){0,3}",
    is_light=True,
)
_WHO_ASKS = _phrase(
    rf"(?:[Ii]t'?s |[Tt]his is )?(?:me|{_WHO}|[A-Z][a-z]+)(?: from [a-z ]{{3,20}})? (?:again|here)", case=0
)
_PHRASES = (
    _THANKS,
    _WHO_ASKS,
    _phrase(
        rf"{_HELLO}(?: (?:all|team|everyone|everybody|there|guys|folks|colleagues?|both|again|sir"
        r"|madam)){0,3}",
        is_light=True,
        is_first=True,
    ),
    _phrase(rf"{_HELLO} (?-i:[A-Z][a-z]+)", is_first=True),
    _phrase(
        r"(?:please|pls|plz|asap|it'?s urgent|quick one|quickly|sorry(?: to bother(?: you)?)?|fyi"
        r"|no (?:rush|hurry)|when you have a (?:minute|moment|sec)|if (?:possible|you can|you don'?t mind))",
        is_light=True,
    ),
    _phrase(
        rf"(?:{_WHO}|quick|short|small|stupid|silly|simple|one more|another|next|last|new)(?: [a-z]+)? "
        rf"(?:check|question|one|thing|request|ask|query|wants? to know|asks?|is asking|needs?(?: to know)?"
        rf"|again)|(?:a )?(?:question|request) (?:from|for|by) {_WHO}|(?:just )?curious"
        rf"|just (?:wondering|checking)"
    ),
    _phrase(
        rf"(?:(?:I'?m |we'?re |I |we |(?:the )?boss )?(?:just )?(?:curious|asking|need(?:ed)?|wants?)?"
        rf"(?: {_PRONOUN})?,? ?(?:it'?s )?)?"
        rf"for (?:(?:the|my|our|a|an|his|her|tomorrow'?s|today'?s|tonight'?s|monday'?s|next week'?s) ?)?"
        rf"(?:[a-z][\w'-]* ){{0,3}}{_FOR_WHAT}(?: (?:tomorrow|today|tonight|on monday|next week|later))?",
        is_open=True,
    ),
    _phrase(
        rf"(?:(?:so that|so|because|as|since|and) )*"
        rf"(?:(?:I|we|he|she|they)(?: would|'d|'ll|'m|'re| am| are| have| will)? ?(?:really |just |also )?"
        rf"(?:want|need|like|love|have|going|planning|can|about|could|may|trying|hoping|intend)(?: to)?"
        rf"|to|in order to|want to|need to|gotta|going to) {_DOING}\b.*",
        is_open=True,
    ),
    _phrase(
        r"(?:I'?m |we'?re |I am |we are )?(?:thinking (?:of|about)|planning|considering|putting together"
        r"|preparing)\b.*",
        is_open=True,
    ),
    _phrase(
        rf"(?:the |a |my |this )?{_CALLER}(?:'s| is| are)? (?:on (?:the )?(?:phone|line|hold)|waiting|asking"
        r"|calling|chasing|upset|angry|here|at the counter)(?: me| us| for it)?",
        may_name=True,
    ),
    _phrase(
        r"(?:你好|您好|hi|hello|嗨|哈喽|亲|各位|大家好|早|早上好|上午好|中午好|下午好|晚上好|在吗|在不在|老师|同学)+[呀啊哈呢]?",
        is_light=True,
        is_first=True,
    ),
    _phrase(
        r"(?:非常|十分|先)?(?:谢谢|多谢|谢了|感谢|辛苦|麻烦|拜托|劳驾|谢)(?:你|您|大家|啦|了|哈|啊)*"
        r"|不好意思|打扰(?:了|一下)|急|急用|很急|在线等|挺急的?",
        is_light=True,
    ),
    _phrase(
        rf"{_ZH_WHO}(?:那边|这边|那里|这里)?(?:刚|刚才|又|现在|今天|明天|突然)?(?:要|问|想|让|催|叫)?"
        rf"(?:问|看|知道|了解|查|我|我们|统计)*(?:一下|下|数|数据|了|我|呢|个数|这个)*"
    ),
    _phrase(
        rf"(?:{_ZH_WHO}?我?(?:想|要)?(?:做|用来|拿来|用于|写|准备|为了|等下|一会儿?)?(?:一下|个)?(?:[周月年季]度?)?{_ZH_FOR_WHAT}"
        rf"(?:材料|上|前)?(?:用|用的|要用|需要|要报的?|要讲的?|要看的?|一下|下)*)"
        r"|(?:想|要|我想|我要)?(?:问|请教|咨询|确认|核实)(?:一下|下|个事|个问题)"
    ),
    _phrase(rf"{_ZH_WHEN}(?:{_ZH_WANTS}|我们?|咱们?){_ZH_ACT}", is_open=True),
    _phrase(rf"{_ZH_WHEN}(?:要|得|需要|可以){_ZH_ACT}", is_open=True, is_behind=True),
    _phrase(
        rf"(?:我们?|咱们?)?{_ZH_WANTS}+(?:(?:给|跟|对|向){_THEM}(?:推|发|寄|送|打|做).{{0,12}}|去?谈.{{0,8}})",
        may_name=True,
        is_open=True,
    ),
    _phrase(
        r"(?:客户|客人|顾客|买家|会员|对方|人家)(?:在|正在|一直|又|都)?(?:电话|线上|门口|店里)?(?:里|上)?(?:催|等|问|急)"
        r"(?:着|了|呢|我|得?很急|货|单|两次|好几次)*",
        may_name=True,
    ),
)
_LEAD = re.compile(
    rf"for (?=[^?,.:]{{0,60}}\b{_FOR_WHAT}\b)[^?,.:]{{3,60}}?\b"
    r"(?=(?:I|we)(?: would|'d)? (?:really |just )?(?:need|like|want) to (?:know|see|find out)\b"
    r"|(?:I|we)(?: would|'d)? need\b|(?:can|could|would) (?:you|someone|somebody) )"
    rf"|(?-i:{_WHO}|[A-Z][a-z]+) (?:would like|wants|needs|asked me) to (?:know|see|find out) ",
    re.I,
)
"""What the answer is for, or who wants it, in the clause that asks."""
_ON_THE_PHONE = re.compile(
    r"\b((?:customer|client|chap|lady|gentleman|man|woman|guy|somebody|someone|buyer|caller|girl|fellow)\b[^,.;?]{0,40}?)"
    r" (?:is )?on the (?:phone|line)\b",
    re.I,
)
"""Somebody who calls has ordered by no telephone."""
_RATHER = re.compile(
    r"\b(amounts?|values?|money|revenue|turnover|counts?|numbers?|pieces|units|median|average|mean|totals?)\b,?"
    r"\s+not\s+(?:the\s+)?"
    r"(?:amounts?|values?|money|revenue|turnover|counts?|numbers?|pieces|units|median|average|mean|totals?)\b"
    r"|(金额|数量|件数|笔数|单数)[，,]?\s*不(?:是|要|看)(?:金额|数量|件数|笔数|单数)",
    re.I,
)
"""One figure and not another: "amounts, not counts" asks for amounts."""
_SIGNED = re.compile(r"[A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2}")
_NAME = re.compile(r"(?<=\w )(?!I\b)[A-Z]\w+|[\"“”‘《「]")
_BACK = re.compile(
    r"\b(?:them|they|their|theirs|those|these|he|she|his|hers?|him)\b|[他她它]们?|这些|那些|其中", re.I
)
_OWN = re.compile(r"\b(?:my|mine)\b|我的|我自己", re.I)
_ASKS = re.compile(
    r"\b(?:how|what|which|who|whose|when|where|show|list|give|names?|number|count|total|only|without|except|not|never"
    r"|per|each|every|average|share|percent|compare[ds]?|than|more|less|least|top|best|first|last|new"
    r"|exclud\w+|includ\w+|ones|repeat|returning|gross|net|rate|ratio|(?:un)?paid|overdue|(?:in)?active|open|pending"
    r"|cancell?ed|returned|refunded|shipped|delivered|late|vip|those who|who)\b"
    r"|[?？]|多少|几|哪|谁|什么|啥|吗|列|给我|名单|只|不含|除|没|平均|占|比|最|前|每|各|按",
    re.I,
)


_QUESTION = re.compile(
    r"\b(?:how|what|which|who|whose|when|where|show|list|give)\b|多少|几|哪|谁|什么|啥|吗|列|给我", re.I
)


@dataclass(frozen=True)
class _Clause:
    start: int
    end: int
    """Exclusive, without the mark."""
    mark: str


def linked_without_asides(message: str, vocabulary: Vocabulary, today: dt.date) -> Links:
    """What the words of a message mean that ask something.

    Args:
        today: the shop's day, see ``sql.question.linking.link``.
    """
    links = link(message, vocabulary, today)
    asked = without_asides(links)
    return links if asked == message else link(asked, vocabulary, today)


def without_asides(links: Links) -> str:
    """The message of ``links`` without what asks nothing; the message as it is where nothing would be left.

    >>> without_asides(Links(question="Hi team, how many orders in May? Many thanks, Moira", mentions=()))
    'how many orders in May?'
    """
    message = links.question
    clauses = _clauses(message)
    out: list[_Phrase | None] = []
    has_ended = has_asked = False
    for clause in clauses:
        out.append(_aside(clause, links, is_first=all(out), has_ended=has_ended, has_asked=has_asked))
        has_ended |= clause.mark.startswith(("?", "？"))
        has_asked |= has_ended or _QUESTION.search(message[clause.start : clause.end]) is not None
    for n in range(1, len(clauses)):  # the name under "many thanks"
        is_signed = _SIGNED.fullmatch(message[clauses[n].start : clauses[n].end]) is not None
        if is_signed and out[n - 1] is _THANKS and all(out[n + 1 :]) and _is_bare(clauses[n], links):
            out[n] = _THANKS
    for n in reversed(range(len(clauses))):
        phrase = out[n]
        kept = "".join(
            message[c.start : c.end + 1] for c, o in zip(clauses[n:], out[n:], strict=True) if not o
        )
        points_back = phrase is not None and phrase.is_open and _BACK.search(kept)
        if points_back or (phrase is _WHO_ASKS and _OWN.search(kept)):
            out[n] = None
    kept = "".join(
        message[_past_lead(clause, links) : clause.end] + clause.mark
        for clause, phrase in zip(clauses, out, strict=True)
        if phrase is None
    )
    kept = _ON_THE_PHONE.sub(r"\1", kept)
    kept = _RATHER.sub(lambda m: m[1] or m[2], re.sub(r"[\s,，:：;；(（–—-]+$", "", kept.strip()))
    return kept if re.search(r"\w", kept) else message


def _clauses(message: str) -> list[_Clause]:
    clauses, start = [], 0
    for found in _BREAK.finditer(message):
        clauses.append(_Clause(start, found.start(), found[0]))
        start = found.end()
    return [*clauses, _Clause(start, len(message), "")]


def _aside(
    clause: _Clause, links: Links, *, is_first: bool, has_ended: bool, has_asked: bool
) -> _Phrase | None:
    """What a clause is that asks nothing; ``None`` for one that may ask.

    Args:
        is_first: nothing that asks stands before it.
        has_ended: a question has ended before it.
        has_asked: a question stands before it; then things and days that it names are those of its own plan.
    """
    text = links.question[clause.start : clause.end].strip()
    for phrase in _PHRASES:
        is_there = (is_first or not phrase.is_first) and (has_ended or not phrase.is_behind)
        if not is_there or phrase.pattern.fullmatch(text) is None:
            continue
        is_asked = clause.mark.startswith(("?", "？"))
        if phrase.is_open:
            is_asked |= _ASKS.search(text) is not None or _NAME.search(text) is not None
        is_light = phrase.is_light or (phrase.is_open and has_asked)
        if not is_asked and (phrase.may_name or _is_bare(clause, links, lightly=is_light)):
            return phrase
    return None


def _is_bare(clause: _Clause, links: Links, *, lightly: bool = False) -> bool:
    """Whether nothing of the shop, no period and no number stands in it; or else no value and no number."""
    named = [m for m in links.mentions if not lightly or m.kind == "value"]
    spans: Sequence[tuple[int, int]] = [
        *((m.start, m.end) for m in (*named, *links.hidden)),
        *((p.first, p.last) for p in links.periods if not lightly),
        *((n.start, n.end) for n in links.numbers),
    ]
    return not any(start < clause.end and clause.start < end for start, end in spans)


def _past_lead(clause: _Clause, links: Links) -> int:
    """Where what a clause asks begins: behind what the answer is for, and who wants it."""
    lead = _LEAD.match(links.question[clause.start : clause.end])
    if lead is None or _NAME.search(lead[0]) or _ASKS.search(lead[0]):
        return clause.start
    end = clause.start + lead.end()
    return end if _is_bare(_Clause(clause.start, end, ""), links) else clause.start
