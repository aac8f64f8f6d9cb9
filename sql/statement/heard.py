"""Whether a statement has a part for each word of its question that can change the figure.

The words are a closed class in both languages ("without", "per", "median", "growth", "new" …), and with them
stand the values, periods and numbers that the question names. A word that has no part was not heard: the
model is asked again, else the answer says so. A word that linking found to be a name ("average order value")
is a name. What is looked for is read off the statement's tree, never off its text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from sql.question.linking import Links, Mention
from sql.question.stretches import mask
from sql.question.words import WORD, is_chinese, root, stem
from sql.semantics import Shop
from sql.shop.trade_words import says
from sql.statement import sentence as la
from sql.statement.compile import Compiled
from sql.statement.heard_parts import Parts, value_text
from sql.statement.heard_periods import periods_unheard
from sql.statement.heard_states import DONE, states_unheard
from sql.statement.other_rows import SURE, given_back, named_elsewhere


@dataclass(frozen=True)
class _Word:
    pattern: str
    is_heard: Callable[[Parts], bool]


_EACH = _Word(
    r"\b(?:per|each(?!\s*(?:[?.,;]|$))|every)\b(?! other| one)|\b(?:broken down|split|grouped) by\b"
    r"|每(?!天都)|按(?![时期]|[^，,。]{0,8}(?:算|计|折|为准))|各(?!位|是?多少|有多少|几)",
    lambda p: (
        bool(p.statement.groups or p.statement.limit_per)
        or p.lists_rows
        or p.has(la.Per, la.Rank, la.Pairs)
        or p.aggregates("AVG")
        or p.divides
    ),
)
_SORTED = _Word(
    r"\b(?<!at )(?:top|bottom|best|worst|most|least|highest|lowest|largest|biggest|smallest|cheapest|longest"
    r"|shortest|busiest|slowest|fastest|latest|newest|oldest|earliest|fewest|rank\w*)\b"
    r"|最(?!近)|排名|前[0-9一二三四五六七八九十两]+(?!天|个?月|周|年)|倒数",
    lambda p: p.is_sorted or re.search(r"\b(?:min|max|lowest|highest|last|latest)|最", p.names) is not None,
)
_WORDS: tuple[_Word, ...] = (
    _EACH,
    _Word(
        r"\beach(?=\s*(?:[?.,;]|$))|各(?=是?多少|有多少|几)",
        lambda p: p.sets_beside or p.shows_several or p.lists_rows or _EACH.is_heard(p),
    ),
    _SORTED,
    _Word(
        r"\b(?:without|excluding|exclud\w+|except(?: for)?|other than|apart from|never"
        r"|not(?! too much)|isn't(?! it\b)|aren't|wasn't|didn't|haven't|hasn't|don't|doesn't|non)\b(?! only)"
        r"|\bno (?!\.|\d|matter|wait\b|rush\b)(?=[a-z ])"
        r"|\bnobody\b|(?<!next to )(?<!almost )\bnothing\b"
        r"(?! (?:but|else|more|less|under|over|below|above|older|newer"
        r"|before|after|fancy|special|urgent|big|much|serious|complicated|detailed|crazy|too)\b)"
        r"|除了|除去|不含|不包括|不算|(?<!有)没有?(?!问题|$|[?？,，。；;])|未(?!来)|排除|从来不|不是",
        lambda p: p.denies or p.metric_says(r"not|without|never|未|不"),
    ),
    _Word(
        r"\b(?:average|avg|(?<!i )mean|on average|typical\w*)\b|平均|均价|人均",
        lambda p: p.aggregates("AVG", "MEDIAN") or p.divides or p.metric_says(r"avg|average|平均"),
    ),
    _Word(r"\bmedian\b|中位", lambda p: p.aggregates("MEDIAN", "PERCENTILE") or p.metric_says("median")),
    _Word(r"\bpercentile\b|\bp\d\d\b|分位", lambda p: p.aggregates("PERCENTILE", "MEDIAN") or p.has(la.Tile)),
    _Word(
        r"\b(?:share|percentage|proportion|fraction)\b|\b(?:what|how many|which) per ?cent\b|%(?= of)"
        r"|占比|比例|百分之几|百分比|份额|占了?多少",
        lambda p: p.has(la.Share, la.Shifted) or p.divides or p.metric_says("%|share|rate|率|比"),
    ),
    _Word(
        r"\b(?:growth|grow\w*|grew|increas\w+|decreas\w+|rise|rose"
        r"|(?:fell|drop(?:ped)?)(?! (?:below|under|due|behind)|\s{3})|declin\w+|chang\w+|yoy|mom"
        r"|year[- ]over[- ]year|month[- ]over[- ]month)\b|增长|增幅|涨|跌|下降|下滑|变化|同比|环比",
        lambda p: p.has(la.Shifted) or p.sets_beside or p.metric_says(r"growth|change"),
    ),
    _Word(
        r"\b(?:compar\w+|versus|vs\.?|against|than (?:in |last|the (?:month|year|week|quarter)))"
        r"|对比|相比|比较|比(?=.{0,6}(?:上|去|前|同))|跟.{0,8}比",
        lambda p: p.sets_beside or p.shows_several or p.has(la.Elapsed, la.Among),
    ),
    _Word(
        r"\bdifference\b|\bgaps? (?:in \w+ )?between\b|\bhow much (?:more|less)\b|相差|差多少|差额|差距",
        lambda p: (
            p.has(la.Shifted, la.Elapsed) or any(isinstance(n, la.Calc) and n.sign == "-" for n in p.nodes)
        ),
    ),
    _Word(
        r"(?<!the )(?<!still )(?<!are )(?<!is )\brunning"
        r"(?= (?:totals?|sums?|counts?|balances?|figures?)\b|\s{3})|\bcumulative\b|累计|累积",
        lambda p: p.has(la.Running, la.Per) or p.aggregates("SUM") or p.metric_says("累计|cumulative"),
    ),
    _Word(r"\b(?:rolling|moving)\b|移动平均|滚动", lambda p: p.has(la.Rolling)),
    _Word(
        r"\b(?:first[- ]time|returning|new (?:customers?|buyers?|clients?|readers?|members?|users?))\b"
        r"|新客|新用户|新顾客|回头客|老客|首次|首单",
        lambda p: p.has(la.Since, la.Has) or p.statement.period is not None,
    ),
    _Word(
        r"\b(?:(?:more|less|fewer|higher|lower|greater|larger|longer|older|bigger|later|earlier) than"
        r"|at least|at most|no more than|above|below|under|over|exceed\w*)\b"
        r"(?=[^.?!]{0,14}(?:\d|\b(?:one|two|three|half|dozen|hundred)\b))"
        r"|(?:超过|大于|高于|多于|小于|低于|少于|不到|不足|至少|至多|不超过)\S{0,6}[\d一二两三四五六七八九十百千万]"
        r"|[\d一二两三四五六七八九十百千万]\S{0,3}(?:以上|以下|以内)",
        lambda p: p.compares,
    ),
    _Word(
        r"\b(?:more than once|twice|repeat\w*|again|multiple times|several times|at least (?:two|three))\b"
        r"|多次|两次|复购|再次|不止一次|重复购买",
        lambda p: p.compares or p.has(la.Since, la.Gap, la.Pairs, la.Per) or p.metric_says("repeat|复购"),
    ),
    _Word(
        r"\b(?:together|same (?:order|basket|purchase))\b|一起买|同一[个笔]?订单|搭配",
        lambda p: p.has(la.Pairs, la.Has, la.Per) or any(isinstance(n, la.AnyOf | la.Among) for n in p.nodes),
    ),
    _Word(  # what was to happen by today: of those that did not some are still to
        r"\b(?:should|ought to|supposed to|meant to) (?:be|have)\b[^.?!]{0,30}\b(?:by now|already)\b"
        r"|早就?该|本该",
        lambda p: p.compares or p.has(la.During, la.Elapsed),
    ),
    _Word(
        r"\b(?:rate|ratio)\b(?! (?:the|us|our|it|them)\b)|率(?!先)",
        lambda p: p.has(la.Share, la.Shifted) or p.divides or p.metric_says("rate|率"),
    ),
    _Word(
        r"\b(?:forecast\w*|predict\w*|projection|will (?:we|it|there|they))\b|预测|预计|将会",
        lambda p: re.search(r"expect|promis|plan|estimat|预计", p.names) is not None,
    ),
)
_BEHIND = re.compile(
    r"(?:\b(?:by|per|each|every|for each|for every)\s+(?:the\s+|our\s+|single\s+)?|每一?个?|各个?|按照?)$",
    re.I,
)


_NO_DENIAL = re.compile(
    r"\b(?:card|order|phone|serial|item|account|member|invoice|batch|house|part|tracking|ref|customer"
    r"|parcel|sku) no(?=\s*(?:[?.,;:/#\d]|$|and\b|or\b))|\bor not(?=\W*$)",
    re.I,
)
"""A card's number is no denial, nor is whether something is so or not."""


_DONE_BY = re.compile(
    r"\b(?!(?:grouped|sorted|ordered|ranked|listed|divided|summed|counted|compared|separated)\b)\w+(?:ed|ought|ent|iven|ade)"
    r" by (?:the |our |a )?$",
    re.I,
)
"""What was asked for by the customer is not told by customer."""


def changes_figure(text: str) -> bool:
    """Whether a word of the closed class stands in ``text``."""
    return any(re.search(word.pattern, text, re.I) for word in _WORDS)


def unheard(links: Links, compiled: Compiled, shop: Shop) -> tuple[str, ...]:
    """Words, values, periods and numbers of the question that no part of the statement stands for."""
    statement = compiled.statement
    nodes = tuple(statement.walk())
    names = {node.text.lower() for node in nodes if isinstance(node, la.Name)}
    metrics = [m for m in shop.metrics if m.name.lower() in names]
    inner = {word.lower() for m in metrics if m.is_composed for word in re.findall(r"\w+", m.sql)}
    metrics += [m for m in shop.metrics if m.name.lower() in inner and m not in metrics]
    asked = " ".join([links.question, *(m.value for m in links.mentions if m.value)])
    called = [word for v in shop.views for c in v.columns if c.name.lower() in names for word in c.synonyms]
    parts = Parts(
        statement,
        nodes,
        tuple(metrics),
        question=links.question.casefold(),
        asked=asked.casefold(),
        called=" ".join(called).casefold(),
    )
    no_denial = _NO_DENIAL.sub(lambda m: " " * len(m[0]), links.question)
    masked = "".join(a if b != " " else " " for a, b in zip(mask(links), no_denial, strict=True))
    texts = " ".join(n.value.casefold() for n in nodes if isinstance(n, la.Text))
    found: dict[str, None] = {}
    heard = []
    for word in _WORDS:
        match = re.search(word.pattern, masked, re.I)
        if word.is_heard(parts):
            heard.append(word.pattern)
        elif match is not None and match[0].strip() and match[0].strip().casefold() not in texts:
            found[match[0].strip()] = None
    said = [text for text in _values(links, parts) if not _is_word(text, heard)]
    found |= dict.fromkeys(said)
    if not statement.order:  # else what stands behind "by" may be what is sorted by
        found |= dict.fromkeys(_dimensions(links, nodes, masked))
    found |= dict.fromkeys(states_unheard(links, compiled, parts))
    found |= dict.fromkeys(_counted(links, parts, shop))
    found |= dict.fromkeys(_often(links, parts))
    found |= dict.fromkeys(_per_order(links, nodes))
    found |= dict.fromkeys(_first_ever(links, parts))
    found |= dict.fromkeys(_kinds(links, parts, shop))
    found |= dict.fromkeys(_other_money(links, parts, shop))
    found |= dict.fromkeys(_of_stock(links, parts))
    found |= dict.fromkeys(_whole_of_share(links, parts))
    found |= dict.fromkeys(named_elsewhere(links, statement, shop))
    found |= dict.fromkeys(given_back(links, statement, shop))
    found |= dict.fromkeys(periods_unheard(links, compiled, nodes, shop))
    found |= dict.fromkeys(_numbers(links, nodes, statement))
    return tuple(found)


_OFTEN = re.compile(
    r"\b(?:most|least) (?:often|frequent(?:ly)?|common(?:ly)?|popular|rented|borrowed|hired|booked|ordered"
    r"|bought|purchased|returned|reviewed|viewed|visited|requested)\b"
    r"|最常|最频繁|次数最[多少]|(?:租|借|退|点|订)得?最[多少](?!的?(?:钱|金额|销售额))",
    re.I,
)


def _leads_to(column: str, views: Set[str], shop: Shop) -> bool:
    """Whether a column tells the rows of one of the views: customers are counted by their id on orders."""
    return any(
        (name.lower() == column.lower() and target.lower() in views)
        or (view.name.lower() in views and column.lower() in (k.lower() for k in view.key))
        for view in shop.views
        for name, target in [*view.refs.items(), ("", "")]
    )


_EACH_ORDER = re.compile(r"(?:每|平均每|平均一)(?:单|笔|个订单|张订单)|\b(?:per|each|every) order\b", re.I)
_WHO = re.compile(r"customer|client|user|member|buyer|person|client|uid|客户|用户|会员|买家", re.I)


def _per_order(links: Links, nodes: Sequence[la.Node]) -> list[str]:
    """Per order, where the statement has it per customer."""
    match = _EACH_ORDER.search(links.question)
    leading = [node.operand for node in nodes if isinstance(node, la.Top)]
    entities = [str(n.entity) for n in nodes if isinstance(n, la.Per) and n not in leading]
    return [match[0]] if match is not None and entities and all(map(_WHO.search, entities)) else []


_FIRST = re.compile(
    r"\b(?:very )?first(?: ever)? (?:order|purchase|buy)s?\b|第一[次单笔](?!序)"
    r"|头一?[次单]|首[单购](?!.{0,4}[券礼惠])",
    re.I,
)


def _first_ever(links: Links, parts: Parts) -> list[str]:
    """The first order of each, where the statement is about all of them."""
    match = _FIRST.search(mask(links, names=False))
    if match is None or parts.lists_rows or parts.is_sorted or parts.aggregates("MIN"):
        return []
    names = " ".join(node.text for node in parts.nodes if isinstance(node, la.Name))
    is_said = parts.has(la.Since, la.Has, la.Rank) or parts.metric_says("first|首|第一")
    is_said = is_said or re.search("first|首|第一", names, re.I) is not None
    return [] if is_said else [match[0]]


def _often(links: Links, parts: Parts) -> list[str]:
    """What happens most often, where an amount is added up instead: "most rented" counts rentals."""
    if parts.counts or parts.lists_rows or parts.divides:
        return []
    return [match[0] for match in _OFTEN.finditer(links.question)]


_WHICH_KIND = re.compile(
    r"\b(?:which|what) (?:product |item )?(?:categor(?:y|ies)|kinds?|types?)(?! of)\b"
    r"|哪(?:一|几|个|一个|几个)?(?:大|小)?(?:品类|类别|分类|类目|类(?!似))|什么(?:品类|类别|类目)",
    re.I,
)
_OF_KIND = re.compile(r"categor|kind|type|class|group|department|segment|类|种|大组|部门", re.I)


def _kinds(links: Links, parts: Parts, shop: Shop) -> list[str]:
    """Which kind is asked, where none that the shop has is told: the best product is no answer to that."""
    match = _WHICH_KIND.search(links.question)
    columns = [column for view in shop.views for column in view.columns] if match is not None else []
    kinds = {c.name.lower() for c in columns if any(map(_OF_KIND.search, (c.name, *c.synonyms)))}
    if match is None or not kinds:
        return []
    names = {node.text.lower() for node in parts.nodes if isinstance(node, la.Name)}
    return [] if kinds & names else [match[0]]


_OTHER_MONEY = (
    (r"\bdiscount\w*|折扣|优惠(?![券码])|让利|减免", r"discount|rebate|折扣|优惠|让利|减免"),
    (r"\btax(?:es)?\b|\bvat\b(?! (?:return|number|id))|税(?!号)", r"tax|vat|税"),
    (
        r"\b(?:shipping|delivery) (?:costs?|fees?|charges?)\b|\bfreight\b|\bpostage\b|运费|邮费|快递费",
        r"shipping|delivery|freight|postage|carriage|运费|邮费|快递费",
    ),
    (r"\bprofits?\b|\bmargins?\b|利润|毛利", r"profit|margin|利润|毛利"),
    (r"\bcommissions?\b|佣金|提成", r"commission|brokerage|佣金|提成"),
    (r"\bdeposits?\b|押金|定金", r"deposit|押金|定金"),
)
"""Money that is not what was sold for: as people ask for it, and as a name says it."""
_INCLUDED = (
    r"(?:\b(?:incl|including|includes|excl|excluding|before|after|plus|with|without|net of|off)\b\.?"
    r"|[含加免])\s*"
)


_TAKEN_OFF = re.compile(r"excl|excluding|before|without|net of|免", re.I)
_STOCK = re.compile(
    r"\b(?:in stock|stock (?:value|levels?|left)|(?:value|worth|cost) of (?:the |our )?stock"
    r"|inventory (?:value|levels?)|on hand)\b|(?<!安全)(?<!最低)(?<!最高)库存",
    re.I,
)
_STOCK_NAMES = re.compile(
    r"stock|inventory|on ?hand|warehouse|qty|quantity|avail|库存|现存|库|kucun|\bkc|cun|level|batch|lot", re.I
)


def _of_stock(links: Links, parts: Parts) -> list[str]:
    """Stock that is asked about, where no name of the statement is called so."""
    match = _STOCK.search(mask(links, names=False))
    if match is None or _STOCK_NAMES.search(f"{parts.names} {' '.join(m.sql for m in parts.metrics)}"):
        return []
    return [match[0]]


def _other_money(links: Links, parts: Parts, shop: Shop) -> list[str]:
    """Discounts, taxes and the like that are asked about, where no name of the statement is called so."""
    asked = []
    for said, held in _OTHER_MONEY:
        pattern = rf"(?P<before>{_INCLUDED})?(?:{said})(?P<after> (?:included|excluded))?"
        match = re.search(pattern, links.question, re.I)
        if match is None:
            continue
        if match["before"] and _TAKEN_OFF.match(match["before"]):
            asked.append((match[0], f"{held}|net|excl|without|before|subtotal|未税|不含|小计"))
        elif not match["before"] and not match["after"]:
            asked.append((match[0], held))
    is_worked_out = any(isinstance(node, la.Calc) and node.sign == "-" for node in parts.nodes)
    if not asked or is_worked_out:
        return []
    names = {node.text.lower() for node in parts.nodes if isinstance(node, la.Name)}
    written = [str(parts.statement)]
    written += [t for m in parts.metrics for t in (m.sql, m.name, m.description, *m.synonyms)]
    for view in shop.views:
        written += [
            f"{c.description} {' '.join(c.synonyms)}" for c in view.columns if c.name.lower() in names
        ]
    return [text for text, held in asked if not re.search(held, " ".join(written), re.I)]


_OF_ROWS = re.compile(
    r"(?:\b(?:percentage|percent|per cent|share|proportion|fraction)|%) of (?:all |our |the )*"
    rf"({DONE}) (?=\w+s\b)",
    re.I,
)


def _whole_of_share(links: Links, parts: Parts) -> list[str]:
    """The state in "percentage of delivered orders", where the share is taken of orders in every state."""
    match = _OF_ROWS.search(links.question)
    if match is None or not parts.has(la.Share):
        return []
    whole = " ".join(map(str, parts.statement.where)).casefold()
    return [] if root(match[1]) in whole else [match[1]]


def invented(links: Links, statement: la.Statement) -> int:
    """Texts that a statement compares with and nothing in the question stands for.

    Of the statement as it was written: what rules add to it, such as the states that count as sold, no model
    made up. "The app" may be said in another language than the data's, so this is a sign and no proof.
    """
    asked = links.question.casefold()
    named = {m.value.casefold() for m in links.mentions if m.value}
    count = 0
    for node in statement.walk():
        if isinstance(node, la.Compare):
            values: tuple[la.Value, ...] = (node.right,)
        elif isinstance(node, la.Among):
            values = node.values
        else:
            continue
        texts = [v.value.casefold() for v in values if isinstance(v, la.Text) and not _DAY.match(v.value)]
        count += sum(text not in named and text not in asked for text in texts)
    return count


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
PART = 0.7
"""How surely a word that is part of several names is linked to them."""


def _values(links: Links, parts: Parts) -> list[str]:
    """Values that the question names for sure and the statement does not hold.

    A value is no condition where its column is shown ("is it paid?"), where it is part of a column's name
    ("from order to dispatch"), and where the statement says it by others: what is not paid is pending.
    """
    statement, nodes = parts.statement, parts.nodes
    held = " ".join(value_text(n).casefold() for n in nodes if isinstance(n, la.Text | la.Number))
    held += " ".join(m.sql.casefold() for m in parts.metrics)
    shown = [n.text.casefold() for each in (*statement.items, *statement.groups) for n in each.walk()
             if isinstance(n, la.Name)]  # fmt: skip
    truths = [
        n.what.text.casefold() for n in nodes if isinstance(n, la.Holds) and isinstance(n.what, la.Name)
    ]
    missing = []
    for readings in _stretches(links):
        if any(m.kind != "value" for m in readings):
            continue  # it may as well be the name of a thing
        if max(m.score for m in readings) < SURE:
            said = readings[0].value or readings[0].text
            if _is_part_of_names(readings) and not (_are_in(said, held) or parts.is_called(said.casefold())):
                missing.append(readings[0].text)
            continue
        first = readings[0]
        text = first.text.casefold()
        if len(text) == 1 and is_chinese(text):
            continue  # 件 is a unit and a measure word
        if any((n.start, n.end) == (first.start, first.end) for n in links.numbers):
            continue  # it is heard as a number, or missing as one
        values = [(m.value or "").casefold() for m in readings]
        is_shown = any(m.name.casefold() in (*shown, *truths) for m in readings)
        is_held = any(each and each in held for each in (*values, text))
        if (
            not is_shown
            and not is_held
            and not parts.is_called(text)
            and not _is_otherwise(readings, links, parts)
        ):
            missing.append(first.text)
    return missing


def _is_part_of_names(readings: Sequence[Mention]) -> bool:
    """Whether a word is found in names alone, and as a part of several: tyres in products and suppliers."""
    return all(m.is_part and m.score >= PART for m in readings)


def _are_in(text: str, held: str) -> bool:
    """Whether the words of a text, in whatever number, stand in what a statement holds."""
    if is_chinese(text):
        return text.casefold() in held
    return {stem(w) for w in WORD.findall(text.casefold())} <= {stem(w) for w in WORD.findall(held)}


_NO_SUCH = re.compile(r"(?:\b(?:not|no|non|never)\b|n['’]t\b|没|未|不)[^,.;，。；]{0,12}$", re.I)


def _is_otherwise(readings: Sequence[Mention], links: Links, parts: Parts) -> bool:
    """Whether the statement says a state by others: what is open is none of those that are done."""
    columns = {m.name.casefold() for m in readings}
    is_denied = _NO_SUCH.search(links.question[: readings[0].start]) is not None
    for node in parts.nodes:
        if not isinstance(node, la.Among | la.Compare) or not isinstance(node.left, la.Name):
            continue
        is_not = node.is_not if isinstance(node, la.Among) else node.sign == "<>"
        name = node.left.text
        is_state = says(_OF_STATE, name) and any(says(_OF_STATE, column) for column in columns)
        if is_state and (is_not or (is_denied and parts.is_not_yet)):
            return True
    return False


_OF_STATE = re.compile(r"\b(?:status|state|stage)\b|状态")


def _is_word(text: str, patterns: Sequence[str]) -> bool:
    return any(re.search(pattern, text, re.I) for pattern in patterns)


_HOW_MANY = re.compile(
    r"(?:\b(?:how many|number of|count of)\s+(?:different |of our |of the |our |the )?"
    r"|(?:多少|(?<!哪)几)[个张笔单条份位家件种款名]?)$",
    re.I,
)


def _counted(links: Links, parts: Parts, shop: Shop) -> list[str]:
    """What the question asks the number of, where the rows of another view are counted."""
    rows = {m.view.lower() for m in parts.metrics if m.sql.strip().upper() == "COUNT(*)"}
    is_of_bands = any(isinstance(group, la.Per) for group in parts.statement.groups)
    if not rows or parts.divides or parts.aggregates("AVG") or is_of_bands:
        return []
    written = str(parts.statement).lower()
    missing = []
    for readings in _stretches(links):
        first = readings[0]
        views = {m.name.lower() for m in readings if m.kind == "view"}
        if not views or first.score < SURE or not _HOW_MANY.search(links.question[: first.start]):
            continue
        views |= {m.view.lower() for m in readings if m.kind == "metric"}
        is_inside = any(
            m.start <= first.start and first.end <= m.end and (m.start, m.end) != (first.start, first.end)
            for m in links.mentions
        )
        is_linked = any(
            isinstance(n, la.Aggregate) and n.word == "COUNT" and isinstance(n.operand, la.Name)
            and _leads_to(n.operand.text, views, shop)
            for n in parts.nodes
        )  # fmt: skip
        if not is_inside and not is_linked and not views & rows and not any(v in written for v in views):
            missing.append(first.text)
    return missing


def _dimensions(links: Links, nodes: Sequence[la.Node], masked: str) -> list[str]:
    """What stands behind "by" or "per" and is named nowhere in the statement."""
    names = {n.text.lower() for n in nodes if isinstance(n, la.Name)}
    units = {n.unit.lower() for n in nodes if isinstance(n, la.Grain)}
    missing = []
    for readings in _stretches(links):
        columns = [m for m in readings if m.kind == "column"]
        end = readings[0].end
        followed = any(m.start >= end and not links.question[end : m.start].strip() for m in links.mentions)
        before = links.question[: readings[0].start]
        is_behind = _BEHIND.search(masked[: readings[0].start]) and _BEHIND.search(before)
        is_doer = _DONE_BY.search(before) is not None and any(map(_WHO.search, (m.name for m in readings)))
        if not columns or followed or not is_behind or is_doer:
            continue
        is_named = any(_is_named(m, names) for m in readings)
        if not is_named and not any(unit in readings[0].text.lower() for unit in units):
            missing.append(readings[0].text)
    return missing


def _is_named(mention: Mention, names: set[str]) -> bool:
    stem = mention.name.lower().removesuffix("_id")
    return mention.kind == "view" or any(stem in name for name in names)


_SMALL_WORDS = 12


def _numbers(links: Links, nodes: Sequence[la.Node], statement: la.Statement) -> list[str]:
    """Numbers that stand nowhere in the statement; "one" and other small words may be no numbers."""
    held = {float(n.text) for n in nodes if isinstance(n, la.Number)}
    held |= {float(n.count) for n in nodes if isinstance(n, la.Step | la.Times | la.Rolling | la.Tile)}
    held |= {float(n.percent) for n in nodes if isinstance(n, la.Aggregate) and n.percent}
    held |= {float(statement.limit)} if statement.limit is not None else set()
    held |= {value * 100 for value in held}
    if any(isinstance(n, la.Bucket | la.Per | la.Since) for n in nodes):
        return []  # "once, twice, three times …" names bands
    held |= _neighbours(links, held)
    texts = [n.value for n in nodes if isinstance(n, la.Text)]
    texts += [n.words for n in nodes if isinstance(n, la.During)]
    names = [n.text for n in nodes if isinstance(n, la.Name)]  # the price per hundred is price_100
    return [
        number.text
        for number in links.numbers
        if (number.text[:1].isdecimal() or number.value > _SMALL_WORDS or " " in number.text)
        and not any(abs(number.value - value) < 1e-9 for value in held)
        and not any(number.text.strip() in text for text in texts)
        and not any(f"{number.value:g}" in name for name in names)
    ]


def _neighbours(links: Links, held: Set[float]) -> set[float]:
    """The other of two numbers that follow each other, where one is a bound: 1 or 2 stars are at most 2."""
    found = set()
    for one, other in itertools.pairwise(links.numbers):
        between = links.question[one.end : other.start]
        if _OR.fullmatch(between) and abs(one.value - other.value) == 1 and held & {one.value, other.value}:
            found |= {one.value, other.value}
    return found


_OR = re.compile(r"\s*[星分]?\s*(?:or|,|、|或者?|和)?\s*", re.I)


def _stretches(links: Links) -> list[list[Mention]]:
    found: dict[tuple[int, int], list[Mention]] = {}
    for mention in links.mentions:
        found.setdefault((mention.start, mention.end), []).append(mention)
    return list(found.values())
