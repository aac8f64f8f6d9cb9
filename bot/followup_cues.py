"""Words by which a message leans on the question before it, in English and Chinese: read by ``bot.followup``."""
# ruff: noqa: E501

from __future__ import annotations

import re

BEST = re.compile(
    r"(?ix)\b(?:best|worst|top|bottom|strongest|weakest|better|good|bad)\b(?![- ]?(?:sell\w*|sold|rated|reviewed|paying|about))|\bperform(?:s|ed|ing|ance)?\b"
    r"|(?:最好|最差|表现最|表现怎么样|最优秀|比较好)(?!卖|评)"
)
LEAD = re.compile(
    r"(?ix)^\W*(?:"
    r"(?:(?:and|but|so|ok(?:ay)?|then|now|or|also|well)\b[,\s]*)*"
    r"(?:what\ about|how\ about|what\ if\ (?:it\ is|we\ take)|(?:and\s+)?the\ same|same(?:\ thing|\ question)?|"
    r"again|instead|repeat\ (?:it|that)|do\ (?:it|that|the\ same)|compare\ (?:it|that)\ (?:to|with)|"
    r"(?:break|split|group|sort|show|give|make)\s+(?:me\s+)?(?:it|that|them|this|those)(?:\s+(?:down|up|again))?|"
    r"(?:only|just)(?:\s+(?:show|for|the))?|without|except(?:\s+for)?|exclud(?:e|ing))\b"
    r"|(?:and|but|also|then|or)\b)[,:\s]*(?:(?:for|with)\b(?=\s+\w))?\s*"
)
ONLY = re.compile(
    r"(?i)^\W*(?:(?:and|but|now|then)\s+)?(?:only|just|for|from)\b|^\W*(?:那么?)?(?:只|仅|其中|里面|这里面|里头|当中)"
)
LEAD_ZH = re.compile(
    r"^\W*(?:(?:那么?|然后|还有|再|另外|以及|而|好的?|现在|接着)[，,\s]*)*"
    r"(?:(?:只看|只要|只|仅看|仅|换成|换作|换|改成|改为|改看|同样(?:的|地)?|一样(?:的|地)?|其中|如果是|要是|同理|不含|不包括|除了|除去|排除|去掉|看看|看)[，,\s]*)?"
)
TAIL = re.compile(r"(?i)[\s,]*\b(?:instead|too|as well|please|then|again|only|alone)\b\W*$|\W+$")
TAIL_ZH = re.compile(r"(?:的话|又?如何|又?怎么?样|是多少|呢|吗|吧|的|看|来看)*[\W]*$")
ADDING = re.compile(
    r"(?i)\b(?:also|too|as well|plus|in addition|add|along with|together with)\b|还要|加上|同时|一起|再加|也"
)
NEGATING = re.compile(
    r"(?i)\b(?:without|except|exclud\w+|not|but not|other than|apart from)\b|不含|不包括|除了|除去|排除|去掉|不要|以外"
)
COMPARING = re.compile(
    r"(?i)\b(?:more than|less than|over|above|below|under|at least|at most|fewer than|greater|between|compared?|versus|vs)\b"
    r"|超过|大于|小于|低于|高于|至少|至多|以上|以下|不到|相比|对比"
)
PRONOUN = re.compile(
    r"(?i)\b(?:it|that|this|them|they|those|these|their|its|ones?|there|the same)\b|它|他们|它们|这些|那些|这个|同样|其中|里面|里头|当中"
)
THEY = re.compile(
    r"(?i)\b(?:they|them|their)\b|\b(?:those|these)\b(?!\s+(?:[a-z]+))|\b(?:those|these)\s+ones\b|[他她它]们"
)
"""Who was told of before; "these days" and "those who" say themselves what is meant."""
WHO = re.compile(r"(?i)\b(?:who|whom|whose)\b|谁|哪")
"""What stands for people in the message itself."""
HOW_MANY = re.compile(r"(?i)\bhow (?:many|much)\s+(?:of\s+)?$|(?:多少|几)[个张笔条件单次位]?$")
"""What stands before the thing that is counted, which is not the one that is spoken of."""
AND_SO = re.compile(r"(?i)\band\b|[,，、；;]|以及|还有")
OF_THEM = re.compile(
    r"(?i)\s*(?:(?:has|have|had|did|does|do|was|were|is|are|came|come|made|placed|for|by|of|from|to|each|one|all|both)\b\s*)*"
)
"""What stands between it and "them": how many orders has each of them."""
SPLIT = re.compile(
    r"^\W*(?:那么?|再|请|帮我|麻烦)*(?:按照?|分(?![析别类布配])|以)\S{1,12}?(?:分开|拆开|拆分|拆|细分|分组)(?:来?看|统计|列|汇总|算)?(?:一下|下|吧)?\W*$"
    r"|(?i:^\W*(?:(?:and|now|please|can you|could you)\s+)*(?:split|break)\s+(?:it|this|that|them)?\s*(?:up|down)?\s*(?:by|into)\b)"
)
"""The same again, by something."""
WHAT_OF = re.compile(
    r"^\W*(?:那么?|还有)?(?:(?!哪|谁|什么|多少|几|怎么|为什么|为何|如何)\S){1,12}呢[？?，,。]\s*\S"
)
"""The same of something else, with more behind it: 白葡萄酒呢？按渠道看."""
ASKING = re.compile(
    r"(?i)^\W*(?:whats?|which|who|whose|how|when|where|why|show|list|give|find|tell|count|compare|did|do|does|is|are|was|were|"
    r"can|could|has|have|please|display|calculate|name)\b|多少|哪|几个|几种|什么|谁|列出|显示|为什么|怎么|请"
)
ABOUT = re.compile(r"(?i)^\W*(?:(?:and|but|so|then)\s+)?(?:what|how) about\b")
DIMENSION_BEFORE = re.compile(
    r"(?ix)(?:\b(?:broken\ down\ by|split\ by|grouped?\ by|by|per|for\ each|in\ each|each|every|across)(?:\ the)?\s+"
    r"|(?:按照?|分|每一?个?|各个?|不同的?|以)\s*)$"
)
WHICH_BEFORE = re.compile(r"(?i)(?:\bwhich\s+|哪一?[个些种类家]?)$")
GRAIN = re.compile(
    r"(?ix)\b(?:by|per|for\ each|each|every)\s+(?:calendar\s+)?(?P<en>day|week|month|quarter|year)\b"
    r"|\b(?P<ly>daily|weekly|monthly|quarterly|yearly)\b|\bover\ time\b"
    r"|(?:按照?|分|每一?个?|逐)(?P<zh>天|日|周|星期|月份?|季度|年)(?!\d)"
)
NUMBER_WORD = r"\d+|one|two|three|four|five|six|seven|eight|nine|ten|twenty"
TOP = re.compile(
    rf"(?i)\b(?P<side>top|bottom|first|last|best|worst|highest|lowest)\s+(?P<n>{NUMBER_WORD})\b(?!\s+(?:days?|weeks?|months?|years?|quarters?))"
    r"|(?P<zh>前|后|倒数)(?P<zn>\d+|[一二两三四五六七八九十]+)(?:名|个|位|款|种)?(?![天日周月年季])"
)
HIGH = re.compile(
    r"(?i)\b(?:highest|most|best|top|largest|biggest|greatest|longest)\b|最高|最多|最好|最大|最畅销"
)
LOW = re.compile(r"(?i)\b(?:lowest|least|worst|bottom|smallest|fewest|shortest)\b|最低|最少|最差|最小")
OPPOSITES = {
    "highest": "lowest", "most": "least", "best": "worst", "top": "bottom", "largest": "smallest",
    "biggest": "smallest", "greatest": "smallest", "longest": "shortest", "最高": "最低", "最多": "最少", "最好": "最差",
    "最大": "最小", "最畅销": "销量最低",
}  # fmt: skip
RELATIVE = re.compile(
    r"(?ix)\bthe\s+(?P<unit>day|week|month|quarter|year)\s+(?P<side>before|after|earlier|later)(?:\s+that)?\b"
    r"|\bthe\s+(?P<side2>previous|preceding|following|next)\s+(?P<unit2>day|week|month|quarter|year)\b"
    r"|\bthe\s+(?P<month>january|february|march|april|may|june|july|august|september|october|november|december)"
    r"\s+(?:before|earlier)(?:\s+that)?\b"
    r"|\b(?:a|one)\s+year\s+(?P<yearly>earlier|before|ago)\b|\bsame\s+(?:time|period|month|quarter|week)\s+(?:of\s+)?(?P<last>last|the\s+previous)\s+year\b"
    r"|(?P<zh>(?:再[前后上下]|[前后])一?个?)(?P<zunit>天|周|月|季度|年)(?:的)?|(?P<zlast>去年同期|上年同期)"
)
EDITING = re.compile(
    r"(?ix)^\W*(?:(?:and|but|now|then|ok(?:ay)?|please)\b[,\s]*)*(?:"
    r"(?:(?:shown?|give\ (?:me|us))\s+)?(?:as|in)\s+(?:an?\s+)?(?:%|per\ ?cent\w*|shares?\b|proportions?\b|fractions?\b)"
    r"|(?:what|which|how\ (?:big|large)\ a)\s+(?:share|percentage|proportion|per\ ?cent)\b[^,;.?!]*"
    r"\b(?:is|are|was|were|does|do|did|makes?)\s+(?:that|this|it|those|these)\b"
    r"|(?:sort(?:ed)?|rank(?:ed)?|order(?:ed)?)\s+(?:it|them|that|this|by|from|in|asc\w*|desc\w*|alphabetically)\b"
    r"|(?:just\ |only\ )?(?:the\ )?(?:top|first|best)\ \w+\ only\b|how\ (?:much|many)\ of\ (?:that|this|those|these|them)\b"
    r"|(?:asc|desc)ending\b|(?:largest|smallest|highest|lowest|biggest|newest|oldest|most\ recent)\s+first\b)"
    r"|^\W*(?:那|再|请)?(?:换成|换算成|改成|改为|用|以|按)?(?:百分比|占比|比例)(?:来?(?:看|显示|表示))?(?:呢|吧|是多少)?\W*$"
    r"|^\W*(?:which\ (?:ones?|of\ (?:them|those|these))|who\ are\ they|what\ are\ they|(?:list|show|name)\ (?:them|those|these))\b"
    r"|^\W*(?:那|再|请)?(?:都|分别|具体)(?:是|有)(?:谁|哪|什么)|^\W*(?:那|再|请)?(?:列一下|列出来|列个(?:表|名单|清单)|给个?(?:名单|清单|明细))\W*$"
    r"|^\W*(?:那|再|请)?(?:按.{1,12})?(?:从[高大多新]到[低小少旧]|从[低小少旧]到[高大多新]|升序|降序|倒序)"
)
"""A message that asks for the same rows in another form: as shares, in another order, one by one."""
_PLEASE = r"(?i)^\W*(?:(?:and|but|now|then|ok(?:ay)?|please|can you|could you)\b[,\s]*)*"
LEAVING_OUT = re.compile(
    rf"{_PLEASE}(?:drop|leave out|take out|throw out|strip out|omit|skip|remove)\s+(?!all\b|every(?:thing\b|\s))"
)
"""What was told, without something: "drop the cancelled ones" after a list is no order to delete anything."""
PUTTING_BESIDE = re.compile(rf"{_PLEASE}add\s+(?=(?:the|their|its|what|how|when|where|who)\b)")
"""What was told, with more beside it: "add the price"."""
MORE_THAN_THAT = re.compile(
    r"(?i)[,;.?!:]\s*\S|\b(?:and|then|new)\b|(?<!under )(?<!over )(?<!below )(?<!above )(?<!\d)\d"
    r"|\b(?:to|into) (?:the|my|our|an?|every|each|all)\b|\b(?:filters?|limits?|conditions?|breakdown|split"
    r"|grouping|sorting|database|db|schema|system|shop|tables?|views?|columns?|records?|rows?|lines?|data"
    r"|index(?:es)?|users?|roles?)\b"
)
"""Behind either of these more than some of those told of: another clause, an order's number, what keeps them."""
OF_THAT = re.compile(r"(?i)\b(?:ones|everyone|anyone|everybody|from\s+(?:that|this|it|them|those|these))\b")
"""Words for what was told."""
SOME = re.compile(r"(?i)(?:the|those|these|any|anyone|anybody|everyone|everybody|whatever|who(?:ever)?)\b")
"""What some of them begin with; "drop in revenue" and "take out orders" are nouns."""
REFERRING = re.compile(
    r"(?i)\b(?:it|that one|this one|that order|this order|them|they)\b|它们?|(?:这|那|该)(?:个|张|笔|件)?(?:订单|客户|商品|单)?"
)
"""A pronoun that may stand for "order 5" of the previous question."""
ASKS = re.compile(
    r"\b(?:how (?:many|much|often|long)|which|who|whose|whom|when|where|list|show)\b|多少|几[^个天周月年]|哪|谁|什么|列出",
    re.I,
)
"""Words that ask for something themselves, so that a message with them is more than a name or an addition."""
WHY = re.compile(
    r"(?i)^\W*(?:(?:and|but|so)\s+)?(?:why(?:\s+(?:is|was)\s+(?:that|this|it))?|how come|what happened|what'?s the reason)\W*$"
    r"|^\W*(?:那|但)?(?:是)?(?:为什么|为何|怎么回事|什么原因|原因呢)\W*$"
)
APART = re.compile(
    r"分别|各自?(?:有|是|占)?多少|(?i:\b(?:respectively|for each of (?:them|those|these)|(?:how many|how much) each)\b)"
)
"""Each for itself: of what was told before, where nothing to count is named."""
