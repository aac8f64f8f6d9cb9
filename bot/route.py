"""Which skill answers a question, or why none does.

In this order: greetings; requests that are declined for a true reason (writing, changing the rules, what the role may
not see, things outside the shop); reviews; figures; asking back. Cues are rules that can be read below; where they
do not decide, the question is compared in meaning with the skills' example utterances. Only the asker's words are
looked at: text from the database or from reviews never routes anything.

The guard is what keeps data safe; declining here only spares the asker a query that could not have answered.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bot.errors import AskBack, Declined
from bot.names import title_of, view_title
from bot.skills.base import Skill, Tools
from bot.skills.help import suggestions
from bot.understand import Understood
from bot.words import escape_markdown, load_words
from sql.linking import Links, Mention

logger = logging.getLogger(__name__)

OUTSIDE = (
    "What is the weather like today?",
    "Tell me a joke",
    "Who is the president of France?",
    "What is the capital of Germany?",
    "Write a poem about the sea",
    "Translate this sentence into Spanish",
    "What is the meaning of life?",
    "How do I bake bread?",
    "Who won the football match?",
    "今天天气怎么样？",
    "讲个笑话",
    "法国总统是谁？",
    "写一首诗",
    "怎么做蛋糕？",
)
"""Questions that no shop's data answer, for the comparison in meaning."""

MIN_LIKENESS = 0.45
"""Cosine to the nearest example below which meaning decides nothing."""
MAX_OPTIONS = 4


class Embedder(Protocol):
    """What routing needs of ``retrieval.embed.Embedder``."""

    def embed(self, texts: Sequence[str], *, as_question: bool = False) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (texts, dimension)."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """The skill that answers, and why it was chosen."""

    skill: Skill
    reason: str
    """``cue``, ``links`` or ``meaning``; for logs and tests."""


# --- cues -----------------------------------------------------------------------------------------------------

_HELLO = re.compile(
    r"(?ix)^\W*(?:hello|hi|hey|good\ (?:morning|afternoon|evening)|thanks?(?:\ you)?|help(?:\ me)?|\?|start)\b[\s\w]{0,12}\W*$"
    r"|^\W*(?:你好|您好|嗨|早上好|下午好|晚上好|谢谢|帮助|帮帮我|使用说明)\W*$"
    r"|\bwhat\ (?:can|could)\ (?:you\ do|i\ ask|you\ (?:answer|tell\ me))|\bwho\ are\ you\b|\bhow\ do(?:es)?\ (?:you|this)\ work\b"
    r"|\bwhat\ (?:kind\ of\ |sort\ of\ )?(?:data|questions|tables|views|metrics)\ (?:do\ you\ (?:have|know|answer)|are\ there|is\ there|can)"
    r"|(?:你|您)(?:能|可以|会)(?:做|干|回答|帮我做)?(?:什么|些什么|哪些)|你是谁|(?:有|可以问)(?:哪些|什么)(?:数据|问题|指标|表)\W*$|怎么(?:用|使用)(?:你|这个)?\W*$"
)
_SQL_WRITE = re.compile(
    r"(?ix)\b(?:drop|truncate|alter|create)\s+(?:table|view|database|schema|column|index|role|user)s?\b"
    r"|\bdelete\s+from\b|\binsert\s+into\b|\bupdate\s+\w+\s+set\b|\bgrant\s+\w+\s+(?:on|to)\b|\bmerge\s+into\b|;\s*--"
)
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
    r"|^\W*(?:add|create|remove|set|change|update|clear)\s+(?:a\s+|the\s+)?(?:filters?|columns?|charts?|graphs?|reports?|breakdowns?|lists?|rows? for|totals?)\b"
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
    r"(?:instructions?|rules?|prompts?|guidelines?|restrictions?|guards?|guardrails?|safety|security|filters?\s+and|permissions?|policy|policies|limits?\s+of\s+your)\b"
    r"|\byou\ are\ (?:now\ )?(?:an?\ )?(?:dba|admin(?:istrator)?|root|unrestricted|jailbroken|free)\b|\byou\ are\ no\ longer\b|\bpretend\ (?:to\ be|you\ are|that\ you)\b"
    r"|\bact\ as\ (?:an?\ |the\ )?(?:admin(?:istrator)?|root|owner|dba|system|unrestricted|hacker|developer)\b|\bsystem\ prompt\b|\b(?:developer|debug|god|dan)\ mode\b"
    r"|\bjailbreak\b|\breveal\ (?:your|the)\ (?:prompt|instructions|rules)\b|\bdo\ anything\ now\b|\bnew\ instructions?\s*:|<\|im_(?:start|end)\|>|\[/?INST\]"
    r"|(?:忽略|无视|忘记|忘掉|绕过|跳过|不要理会|不用管)(?:掉|了)?(?:之前|以上|前面|上面|此前|先前|所有|你|您|的|一切|任何|全部|系统|安全|这些)*(?:指令|指示|规则|提示词?|限制|要求|命令|权限|设定)"
    r"|假装你是|假设你是(?:管理员|系统)|你现在是(?:一个)?(?:管理员|系统|超级|不受限制)|扮演|系统提示词|开发者模式|越狱"
)
_REVIEWS = re.compile(
    r"(?ix)\b(?:what|how)\s+(?:do|did|does|are|have|is|was)\s+(?:(?!orders?\b|sales\b)[\w'’-]+\s+){0,5}?(?:say|says|said|saying|think|thinks|thought|feel|felt|complain\w*|like|dislike|love|hate|"
    r"criticis\w+|criticiz\w+|praise|mention|write|wrote|writing|unhappy|happy|satisfied|describe)\b"
    r"|\b(?:reviews?|comments?|opinions?|feedback|testimonials?)\s+(?:about|on|of|for|from|that|which|mention\w*|say\w*|in\b|regarding)"
    r"|\b(?:show|find|read|quote|give|list|search|any|see)\s+(?:me\s+)?(?:(?:some|the|all|any|a\ few|recent|latest|negative|positive|bad|good|angry|"
    r"worst|best|critical|customer|customers'?|one[- ]star|five[- ]star|\d[- ]star|chinese|english)\s+)*(?:reviews?|comments?|opinions?|feedback|complaints?\s+(?:about|on|of|regarding))\b"
    r"|\bcomplain(?:s|ts?|ing|ed)?\s+(?:about|of|on|regarding|with)\b|\b(?:according\s+to|in|from)\s+(?:the\s+|customer\s+|their\s+)?reviews\b|\bopinions?\b|\bsentiment\b"
    r"|\bwhat\s+(?:is|are)\s+(?:people|customers?|buyers?|users?|shoppers?)\b|\bwhy\s+(?:are|were|do|did)\s+(?:people|customers?|buyers?|users?)\s+(?:\w+\s+)?(?:unhappy|happy|angry|complain\w*|dislike|hate|like|love|disappointed|dissatisfied|annoyed)"
    r"|\b(?:customers?|buyers?|people|users?|shoppers?)\s+(?:say|think|feel|complain|like|dislike|love|hate|mention|write)\b|\bpros\s+and\s+cons\b"
    r"|(?:有什么|有哪些|有何|的|看看|查看|找|关于.{1,12}的?)(?:评价|评论|看法|意见|反馈|好评|差评|吐槽|抱怨)(?!数|分|率|量|总|平均|有多少|多少)"
    r"|(?:觉得|认为|感觉).{0,16}(?:怎么样|如何|好不好|好吗|好用吗)|怎么(?:说|看|评价)|(?:好评|差评|吐槽|抱怨|不满)(?!率|数|多少|有多少|占|最)|口碑|评价(?:如何|怎么样|怎样|好不好)|为什么.{0,12}(?:不满|不喜欢|喜欢|差评|好评)"
)
_COUNTING = re.compile(
    r"(?ix)\bhow\s+many\b|\bnumber\s+of\b|\bcount\b|\baverage\b|\bavg\b|\bmean\b|\bshare\b|\bpercent\w*|\brate\b|\btotal\b|\btop\s+\d|\bhighest\b|\blowest\b|\bmost\s+reviews?\b|\bmost\s+reviewed\b|"
    r"\b(?:by|per)\s+(?:month|week|day|year|quarter|country|category|product|brand|language)\b|\bratings?\s+(?:by|per|of)\b|\brated\b|\bstars?\s+(?:by|per)\b"
    r"|多少|几[条个]|平均|评分(?:最|是|有)|数量|评论数|评价数|率|占比|总共|最高|最低|按|各个?|每个?|排名|前\d"
)
_OUTSIDE = re.compile(
    r"(?ix)\b(?:weather|forecast\ for\ (?:today|tomorrow)|temperature|rain(?:ing)?|sunny|joke|riddle|poem|song|lyrics|horoscope|lottery|recipe|football|soccer|movie|president|prime\ minister|"
    r"capital\ (?:city\ )?of|meaning\ of\ life|bitcoin|stock\ market|exchange\ rate|translate|homework|news|wikipedia)\b|\bwho\ (?:invented|wrote|won|discovered)\b"
    r"|天气|下雨|气温|笑话|谜语|写(?:一)?首|写诗|唱歌|歌词|菜谱|食谱|总统|首都|新闻|彩票|星座|比特币|股市|汇率|翻译|作业|电影|足球"
)
_BEST = re.compile(
    r"(?ix)\b(?:best|worst|top|bottom|strongest|weakest|better|good|bad)\b(?![- ]?(?:sell\w*|sold|rated|reviewed|paying|about))|\bperform(?:s|ed|ing|ance)?\b"
    r"|(?:最好|最差|表现最|表现怎么样|最优秀|比较好)(?!卖|评)"
)
_RANK_COUNT = re.compile(r"(?i)\b(?:top|bottom)\s+(?:\d+|three|five|ten)\b|\b(?:top|bottom)\b")


def route(
    understood: Understood, tools: Tools, skills: Sequence[Skill], nearest: Nearest | None = None
) -> Route:
    """Choose the skill for a question.

    Args:
        understood: the question with its links.
        skills: to choose from.
        nearest: compares meanings where cues do not decide; ``None`` leaves that out.
    Raises:
        Declined: for a reason that is true of this shop and role.
        AskBack: the question does not say what it wants; options are offered where there are any.
    """
    by_name = {skill.name: skill for skill in skills}
    question, links = understood.standalone, understood.links
    if _HELLO.search(question) and not _figures(links):
        return Route(skill=by_name["help"], reason="cue")
    check_request(question, links, tools, understood.language)
    if is_about_reviews(question, understood, tools):
        return Route(skill=by_name["ask_reviews"], reason="cue")
    if _OUTSIDE.search(question) and not _figures(links):
        raise Declined("outside")
    hidden = _hidden(links, tools, understood.language)
    if hidden:
        raise Declined("hidden", {"names": hidden, "role": escape_markdown(tools.workspace.role.name)})
    _ask_by_what(understood, tools)
    if _figures(links):
        return Route(skill=by_name["ask_sql"], reason="links")
    near = nearest.find(question) if nearest is not None else None
    if near == "outside":
        raise Declined("outside")
    if near is not None and (near != "ask_sql" or links.mentions):
        return Route(skill=by_name[near], reason="meaning")
    raise _ask_back(understood, tools)


def check_request(question: str, links: Links, tools: Tools, language: str) -> None:
    """Raise ``Declined`` for a request to write or to change the rules; honest questions with such words pass."""
    if _INJECTION.search(question):
        hidden = _hidden(links, tools, language, only_asked=False)
        if hidden:
            values = {"names": hidden, "role": escape_markdown(tools.workspace.role.name)}
            raise Declined("injection_hidden", values)
        raise Declined("injection")
    if is_write_request(question):
        raise Declined("write")


def is_write_request(question: str) -> bool:
    """Whether the message orders a change: "delete order 5", not "how many orders were deleted?"."""
    if _SQL_WRITE.search(question):
        return True
    if _WRITE_ZH.search(question):
        return not _ASKS_ZH.search(question) and not _TIME_EDIT_ZH.search(question)
    return bool(_WRITE.search(question)) and not _ASKS.search(question) and not _NO_WRITE.search(question)


def is_about_reviews(question: str, understood: Understood, tools: Tools) -> bool:
    """Whether the question wants customers' words; counts and averages of reviews are figures."""
    return bool(_REVIEWS.search(question)) and not _COUNTING.search(question)


def _figures(links: Links) -> bool:
    """Whether something is named that can be counted, summed or listed."""
    return any(m.kind in ("metric", "view", "column") for m in links.mentions)


def _hidden(links: Links, tools: Tools, language: str, *, only_asked: bool = True) -> str:
    """Names of what the question needs and the role may not see, for a sentence; empty when there is none.

    A word that also means something visible counts as that, unless ``only_asked`` is off.
    """
    shop = tools.workspace.shop
    names = []
    for mention in links.hidden:
        if only_asked and _has_other_reading(mention, links):
            continue
        if mention.kind == "view":
            name = view_title(shop, mention.name, language)
        else:
            name = title_of(shop, mention.name, language)
        names.append(escape_markdown(name))
    joined = load_words(language).say("list_join")
    return joined.join(dict.fromkeys(names))


def _has_other_reading(hidden: Mention, links: Links) -> bool:
    """Whether a visible thing is meant by the same words. "The customers' e-mails" are addresses, not a channel."""
    others = [m for m in links.mentions if m.start < hidden.end and hidden.start < m.end]
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
    is_address = re.match(r"(?i)\s*(?:address|numbers?|地址|号码)", after) is not None
    is_listed = re.search(
        r"(?i)\b(?:show|list|give|send|export|get|tell|print)\s+(?:me\s+)?(?:all|the|every)?\s*(?:the\s+)?$",
        before,
    )
    return not (is_owned or is_address or is_listed)


def _ask_by_what(understood: Understood, tools: Tools) -> None:
    """Ask back when "best" or "worst" names no measure."""
    question, links = understood.standalone, understood.links
    best = _BEST.search(question)
    if best is None or _RANK_COUNT.fullmatch(best.group()) or _RANK_COUNT.search(question):
        return
    measured = any(
        m.kind == "metric" or (m.kind == "column" and _is_quantity(m, tools)) for m in links.mentions
    )
    views = [m for m in links.mentions if m.kind in ("view", "column")]
    if measured or not views or re.search(r"(?i)\bbest time|\b(?:good|bad)\b", question):
        return
    options = _ranked_options(understood, tools)
    if options:
        raise AskBack("best_by_what", options=options)


def _is_quantity(mention: Mention, tools: Tools) -> bool:
    view = tools.vocabulary.view(mention.view)
    column = view.column(mention.name) if view else None
    return column is not None and column.type in ("integer", "number") and not column.name.endswith("_id")


def _ranked_options(understood: Understood, tools: Tools) -> tuple[str, ...]:
    """The question again, by each of the first metrics."""
    text = understood.standalone.rstrip(" ?？.。")
    chinese = load_words(understood.language).language == "zh"
    titles = [title_of(tools.workspace.shop, m.name, understood.language) for m in tools.vocabulary.metrics]
    made = [f"按{title}，{text}" if chinese else f"{text} by {title}" for title in titles[: MAX_OPTIONS - 1]]
    return tuple(made)


def _ask_back(understood: Understood, tools: Tools) -> AskBack:
    """Offer whole questions about what was named, else the shop's examples."""
    shop, language = tools.workspace.shop, understood.language
    chinese = load_words(language).language == "zh"
    named = [m.text for m in understood.links.mentions if m.kind == "value"]
    period = understood.links.period
    if not named and period is None:
        return AskBack("not_understood", options=suggestions(shop, language, tools.vocabulary))
    subject = named[0] if named else ""
    when = period.text.strip() if period else ""
    metrics = [title_of(shop, m.name, language) for m in tools.vocabulary.metrics[: MAX_OPTIONS - 2]]
    if chinese:
        options = [f"{when}{subject}的{metric}是多少？" for metric in metrics]
        about = f"顾客对{subject}有什么评价？"
    else:
        tail = f"{f' for {subject}' if subject else ''}{f' {when}' if when else ''}"
        options = [f"{metric[:1].upper()}{metric[1:]}{tail}" for metric in metrics]
        about = f"What do buyers say about {subject}?"
    if subject and shop.reviews is not None:
        options.append(about)
    return AskBack("which_figure", options=tuple(options))


class Nearest:
    """The skill whose example utterances come closest in meaning. Vectors are made at the first use."""

    def __init__(self, embedder: Embedder, skills: Sequence[Skill]) -> None:
        self._embedder = embedder
        self._labelled = [(text, skill.name) for skill in skills for text in skill.utterances]
        self._labelled += [(text, "outside") for text in OUTSIDE]
        self._vectors: npt.NDArray[np.float32] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> npt.NDArray[np.float32]:
        """Vectors of the examples, in order; made once."""
        with self._lock:
            if self._vectors is None:
                self._vectors = self._embedder.embed([text for text, _ in self._labelled])
            return self._vectors

    def find(self, question: str) -> str | None:
        """Name of the nearest skill, ``outside``, or ``None`` when nothing is near enough."""
        likeness = self.prepare() @ self._embedder.embed([question])[0]
        best = int(np.argmax(likeness))
        return self._labelled[best][1] if likeness[best] >= MIN_LIKENESS else None
