"""What cannot be answered from the shop's data, is hidden from the role, or asks to write: decided here alone.

The conversation and the evaluation both ask :func:`verdict_of`, and only turn its verdict into words. It spares the
asker a query that could not have answered; what keeps data safe is the guard, whatever a message says. Only the
asker's words are looked at. A wish that has several meanings is no matter of this module.
"""
# ruff: noqa: E501

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from sql.question.linking import Links, Mention, Vocabulary

Kind = Literal["rules", "write", "outside", "hidden", "missing"]
"""``rules``: it wants to change the rules. ``write``: it orders a change. ``outside``: weather, jokes, general
knowledge. ``hidden``: the role may not see it. ``missing``: the data has no such thing."""

NAMED = 5
"""Names that a reason lists at most."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Why a question is not answered."""

    kind: Kind
    missing: tuple[str, ...] = ()
    """Words of the question that nothing in the data stands for."""
    hidden: tuple[Mention, ...] = ()
    """What the role may not see, one for each place in the question."""
    why: str = ""
    """The reason in words, where it is not the usual one of its kind."""

    def reason(self, role: str) -> str:
        """In words, for logs, measurements and the command line."""
        if self.why:
            return self.why
        if self.kind == "hidden":
            return f"{', '.join(self.names)} is hidden from the role {role}"
        if self.kind == "missing" and self.missing:
            return f"the data has nothing about {', '.join(self.missing[:NAMED])}"
        return {
            "rules": "a message cannot change the rules",
            "write": "the shop's data can be read here and never changed",
            "outside": "the question is about nothing that a shop's data tell",
            "missing": "the question names nothing that the shop's data has",
        }[self.kind]

    @property
    def names(self) -> tuple[str, ...]:
        """What is missing, or what is hidden as ``view.column``."""
        shown = (f"{m.view}.{m.name}" if m.kind == "column" else m.name for m in self.hidden)
        return self.missing or tuple(dict.fromkeys(shown))


def verdict_of(links: Links, vocabulary: Vocabulary) -> Verdict | None:
    """Why the question is not to be answered; ``None`` when nothing speaks against trying.

    Whether the data hold what is asked is not decided here: that no word of a question was found among the names
    of the shop proves nothing, and who writes the statement says it.
    """
    question = links.question
    if _INJECTION.search(question):
        return Verdict(kind="rules", hidden=_hidden(links, only_asked=False))
    if is_write_request(question):
        return Verdict(kind="write")
    if not vocabulary.is_plain and _is_outside(links):
        return Verdict(kind="outside")
    hidden = _hidden(links)
    return Verdict(kind="hidden", hidden=hidden) if hidden else None


def names_figures(links: Links) -> bool:
    """Whether something is named that can be counted, summed or listed."""
    return any(m.kind != "value" for m in links.mentions)


# --- orders to change something --------------------------------------------------------------------------

_SQL_WRITE = re.compile(
    r"(?ix)\b(?:drop|truncate|alter|create)\s+(?:table|view|database|schema|column|index|role|user)s?\b"
    r"|\bdelete\s+from\b|\binsert\s+into\b|\bupdate\s+\w+\s+set\b|\bgrant\s+(?:all|select|insert|update|delete|execute|usage|connect)\b|\bmerge\s+into\b|;\s*--"
)
_QUOTED = re.compile(r"“[^”]*”|「[^」]*」|‘[^’]*’|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")
_ASKS = re.compile(
    r"(?i)^\W*(?:how|what|which|why|when|who|whose|where|did|do|does|is|are|was|were|show|list|count|has|have)\b"
)
_WRITE = re.compile(
    r"(?ix)^\W*(?:(?:please|now|then|and|just|kindly|can\ you|could\ you|would\ you|will\ you|i\ (?:want|need)\ (?:you\ )?to|"
    r"i'd\ like\ (?:you\ )?to|let'?s|go\ ahead\ and|you\ (?:must|should))[,\s]+)*"
    r"(?:drop|delete|remove|erase|wipe|truncate|destroy|purge|clear|overwrite|modify|rename|insert|update|edit|alter|cancel|refund|"
    r"change|set|add|create|increase|reduce|raise|lower|mark)\s+"
    r"(?:(?:all|every|each|the|this|that|my|our|an?|any|new|old|of|these|those|entire|whole|from|into|\d+%?|per\ cent|cent)\s+|"
    r"(?:[\w'-]+(?:'s|s')\s+))*"
    r"(?:(?:\w+\s+)?(?:tables?|database|schema|records?|rows?|entries|data)\b|orders?\s*(?:\#|no\.?|number)?\s*\d+|orders?\b(?!\s+(?:count|value|status|by|per))|"
    r"customers?\b(?!\s+(?:count|by|per|segment))|users?\b|accounts?\b|reviews?\b(?!\s+by)|products?\b(?!\s+by)|prices?\b|stock\ levels?\b|stock\b|"
    r"discounts?\b|campaigns?\b|payments?\b|invoices?\b|e-?mails?\b|passwords?\b|everything\b|it\ all\b)"
)
_NO_WRITE = re.compile(
    r"(?i)^\W*(?:\w+\s+){0,3}(?:drop|change|increase|reduction|update|set|lower|clear|raise|add|create)\s+(?:in|of|on|up)\b"
    r"|^\W*(?:add|create|remove|set|change|update|clear)\s+(?:a\s+|the\s+)?(?:filters?|columns?|charts?|graphs?|reports?|breakdowns?|lists?|rows? for|totals?"
    r"|tables?\s+(?:of|by|showing|that\s+shows?))\b"
)
_WRITE_ZH = re.compile(
    r"^\W*(?:请|帮我|麻烦你?|给我|立即|立刻|马上|现在|直接|我要|我想|你)*"
    r"(?:(?:把|将).{1,30}?(?:删除|删掉|删了|清空|清除|修改|改成|改为|设为|设成|更新|取消|作废|退掉|涨|降)"
    r"|(?:删除|删掉|删|清空|清除|修改|更改|更新|插入|新增|新建|创建|添加|取消|作废|重命名)"
    r"(?:所有|全部|这个|那个|一个|一条|第|编号|id|ID|\s)*(?:订单|客户|顾客|用户|商品|产品|评论|评价|数据|数据库|记录|表|价格|库存|活动|账户|账号|密码|销售))"
)
_ASKS_ZH = re.compile(
    r"多少|几[个单条件位次]|吗|率|为什么|为何|哪|什么|占比|比例|数量|数是|订单数|怎么|趋势|原因|情况|统计"
)
_TIME_EDIT_ZH = re.compile(r"(?:改成|改为|设为|设成).{0,4}(?:今年|去年|上|本|这|前|按|月|年|周|天|\d+月)")
_CLAUSE = r"(?:^|[.!?;:,，。！？；：\n\"'“”]\s*|\b(?:and|then|please|now|to|just|you|must|should|can|could|first)\s+)"
_INJECTION = re.compile(
    rf"(?ix){_CLAUSE}(?:ignore|disregard|forget|override|bypass|disable|skip|drop|violate|break)\s+"
    r"(?:(?:all|any|your|the|my|these|those|previous|prior|above|earlier|of|its|every|security|safety|system|role)\s+)*"
    r"(?:instructions?|rules?|prompts?|guidelines?|restrictions?|guards?|guardrails?|safety|security|permissions?|policy|policies|limits?\s+of\s+your)\b"
    r"|\byou\ are\ (?:now\ )?(?:an?\ )?(?:dba|admin(?:istrator)?|root|unrestricted|jailbroken|free)\b|\byou\ are\ no\ longer\b|\bpretend\ (?:to\ be|you\ are|that\ you)\b"
    r"|\bact\ as\ (?:an?\ |the\ )?(?:admin(?:istrator)?|root|owner|dba|system|unrestricted|hacker|developer)\b|\bsystem\ prompt\b|\b(?:developer|debug|god|dan)\ mode\b"
    r"|\bjailbreak\b|\breveal\ (?:your|the)\ (?:prompt|instructions|rules)\b|\bdo\ anything\ now\b|\bnew\ instructions?\s*:|<\|im_(?:start|end)\|>|\[/?INST\]"
    r"|(?:忽略|无视|忘记|忘掉|绕过|跳过|不要理会|不用管)(?:掉|了)?(?:之前|以上|前面|上面|此前|先前|所有|你|您|的|一切|任何|全部|系统|安全|这些)*(?:指令|指示|规则|提示词?|限制|要求|命令|权限|设定)"
    r"|假装你是|假设你是(?:管理员|系统)|你现在是(?:一个)?(?:管理员|系统|超级|不受限制)|扮演|系统提示词|开发者模式|越狱"
)
_OUTSIDE = re.compile(
    r"(?ix)\b(?:weather|forecast\ for\ (?:today|tomorrow)|temperature|rain(?:ing)?|sunny|joke|riddle|poem|song|lyrics|horoscope|lottery|recipe|football|soccer|movie|president|prime\ minister|"
    r"capital\ (?:city\ )?of|meaning\ of\ life|bitcoin|stock\ market|exchange\ rate|translate|homework|news|wikipedia)\b|\bwho\ (?:invented|wrote|won|discovered)\b"
    r"|天气|下雨|气温|笑话|谜语|写(?:一)?首|写诗|唱歌|歌词|菜谱|食谱|总统|首都|新闻|彩票|星座|比特币|股市|汇率|翻译|作业|电影|足球"
)

_ORDER = re.compile(
    r"(?i)^\W*(?:please\s+|can you\s+|could you\s+)?(?:set|delete|remove|erase|update|insert|drop|truncate|cancel|raise|lower|increase|reduce|overwrite)\s+"
    r"(?:all|the|every|each|my|our|this|that|orders?|prices?|stock|customers?|tables?)\b"
    r"|^\s*请?(?:删除|修改|更新|取消(?:订单|所有))(?!.*(?:多少|几|哪|什么|怎|吗|情况|统计))"
)
"""The same verbs before whatever they are to be done to."""


def is_write_request(question: str) -> bool:
    """Whether the message orders a change: "delete order 5", not "how many orders were deleted?".

    What stands in quotes in a question is a value that is asked about, whatever it says.
    """
    if _ASKS.search(question) or _ASKS_ZH.search(question):
        question = _QUOTED.sub("…", question)
    if _SQL_WRITE.search(question):
        return True
    if _WRITE_ZH.search(question):
        return not _ASKS_ZH.search(question) and not _TIME_EDIT_ZH.search(question)
    is_order = bool(_WRITE.search(question) or _ORDER.search(question))
    return is_order and not _ASKS.search(question) and not _NO_WRITE.search(question)


def _is_outside(links: Links) -> bool:
    """Weather, jokes, general knowledge; unless such a word is part of a name that the shop knows."""
    match = _OUTSIDE.search(links.question)
    if match is None or names_figures(links):
        return False
    return not any(m.start < match.end() and match.start() < m.end for m in links.mentions)


# --- what the role may not see ---------------------------------------------------------------------------


def _hidden(links: Links, *, only_asked: bool = True) -> tuple[Mention, ...]:
    """What the question needs and the role may not see, one mention for each place.

    A word that also means something visible counts as that, unless ``only_asked`` is off.
    """
    found: dict[tuple[int, int], Mention] = {}
    for mention in sorted(links.hidden, key=lambda m: m.kind != "view"):
        is_told = any(start < mention.end and mention.start < end for start, end in found)
        if not is_told and not (only_asked and _has_other_reading(mention, links)):
            found[mention.start, mention.end] = mention
    return tuple(found.values())


def _has_other_reading(hidden: Mention, links: Links) -> bool:
    """Whether these very words, or more, mean a visible thing; "the customers' e-mails" are no channel."""
    others = [m for m in links.mentions if m.start <= hidden.start and hidden.end <= m.end]
    if not others:
        return False
    if any(m.kind != "value" for m in others):
        return True
    before = links.question[: hidden.start]
    after = links.question[hidden.end :]
    owners = [m for m in links.mentions if m.kind == "view" and m.name == hidden.view]
    is_owned = any(
        re.fullmatch(r"(?i)['’]?s?['’]?\s*(?:的|所有|全部|\s)*", links.question[m.end : hidden.start])
        for m in owners
        if m.end <= hidden.start
    ) or any(
        re.match(
            r"(?i)\s*(?:address(?:es)?\s+|numbers?\s+)?(?:of|for)\s+(?:all\s+|the\s+|our\s+|every\s+|each\s+|\w+\s+)*$",
            links.question[hidden.end : m.start],
        )
        for m in owners
        if m.start >= hidden.end
    )
    is_theirs = re.search(r"(?i)\b(?:their|his|her|whose)\s+$|[他她](?:们|俩)?的\s*$", before)
    is_address = re.match(r"(?i)\s*(?:address|numbers?|domains?|地址|号码|域名)", after) is not None
    is_listed = re.search(
        r"(?i)\b(?:show|list|give|send|export|get|tell|print)\s+(?:me\s+)?(?:all|the|every)?\s*(?:the\s+)?$",
        before,
    ) or (re.search(r"[把将]\s*$", before) and re.match(r"\s*[都全部一起]*\s*(?:给|发|列|告诉|导出)", after))
    return not (is_owned or is_theirs or is_address or is_listed)
