"""Words that tell what a message wants, in English and Chinese: tables of patterns, read by ``bot.route``.

A cue only chooses who answers. What may be read is decided by the guard, whatever a message says.
"""
# ruff: noqa: E501

from __future__ import annotations

import re

HELLO = re.compile(
    r"(?ix)^\W*(?:hello|hi|hey|good\ (?:morning|afternoon|evening)|thanks?(?:\ you)?|help(?:\ me)?|\?|start)\b[\s\w]{0,12}\W*$"
    r"|^\W*(?:你好|您好|嗨|早上好|下午好|晚上好|谢谢|帮助|帮帮我|使用说明)\W*$"
    r"|\bwhat\ (?:can|could)\ (?:you\ do|i\ ask|you\ (?:answer|tell\ me))|\bwho\ are\ you\b|\bhow\ do(?:es)?\ (?:you|this)\ work\b"
    r"|\bwhat\ (?:kind\ of\ |sort\ of\ )?(?:data|questions|tables|views|metrics)\ (?:do\ you\ (?:have|know|answer)|are\ there|is\ there|can)"
    r"|(?:你|您)(?:能|可以|会)(?:做|干|回答|帮我做)?(?:什么|些什么|哪些)|你是谁|(?:有|可以问)(?:哪些|什么)(?:数据|问题|指标|表)\W*$|怎么(?:用|使用)(?:你|这个)?\W*$"
)
SQL_WRITE = re.compile(
    r"(?ix)\b(?:drop|truncate|alter|create)\s+(?:table|view|database|schema|column|index|role|user)s?\b"
    r"|\bdelete\s+from\b|\binsert\s+into\b|\bupdate\s+\w+\s+set\b|\bgrant\s+\w+\s+(?:on|to)\b|\bmerge\s+into\b|;\s*--"
)
QUOTED = re.compile(r"“[^”]*”|「[^」]*」|‘[^’]*’|\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")
ASKS = re.compile(
    r"(?i)^\W*(?:how|what|which|why|when|who|whose|where|did|do|does|is|are|was|were|show|list|count|has|have)\b"
)
WRITE = re.compile(
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
NO_WRITE = re.compile(
    r"(?i)^\W*(?:\w+\s+){0,3}(?:drop|change|increase|reduction|update|set|lower|clear|raise|add|create)\s+(?:in|of|on|up)\b"
    r"|^\W*(?:add|create|remove|set|change|update|clear)\s+(?:a\s+|the\s+)?(?:filters?|columns?|charts?|graphs?|reports?|breakdowns?|lists?|rows? for|totals?"
    r"|tables?\s+(?:of|by|showing|that\s+shows?))\b"
)
WRITE_ZH = re.compile(
    r"^\W*(?:请|帮我|麻烦你?|给我|立即|立刻|马上|现在|直接|我要|我想|你)*"
    r"(?:(?:把|将).{1,30}?(?:删除|删掉|删了|清空|清除|修改|改成|改为|设为|设成|更新|取消|作废|退掉|涨|降)"
    r"|(?:删除|删掉|删|清空|清除|修改|更改|更新|插入|新增|新建|创建|添加|取消|作废|重命名)"
    r"(?:所有|全部|这个|那个|一个|一条|第|编号|id|ID|\s)*(?:订单|客户|顾客|用户|商品|产品|评论|评价|数据|数据库|记录|表|价格|库存|活动|账户|账号|密码|销售))"
)
ASKS_ZH = re.compile(
    r"多少|几[个单条件位次]|吗|率|为什么|为何|哪|什么|占比|比例|数量|数是|订单数|怎么|趋势|原因|情况|统计"
)
TIME_EDIT_ZH = re.compile(r"(?:改成|改为|设为|设成).{0,4}(?:今年|去年|上|本|这|前|按|月|年|周|天|\d+月)")
CLAUSE = r"(?:^|[.!?;:,，。！？；：\n\"'“”]\s*|\b(?:and|then|please|now|to|just|you|must|should|can|could|first)\s+)"
INJECTION = re.compile(
    rf"(?ix){CLAUSE}(?:ignore|disregard|forget|override|bypass|disable|skip|drop|violate|break)\s+"
    r"(?:(?:all|any|your|the|my|these|those|previous|prior|above|earlier|of|its|every|security|safety|system|role)\s+)*"
    r"(?:instructions?|rules?|prompts?|guidelines?|restrictions?|guards?|guardrails?|safety|security|permissions?|policy|policies|limits?\s+of\s+your)\b"
    r"|\byou\ are\ (?:now\ )?(?:an?\ )?(?:dba|admin(?:istrator)?|root|unrestricted|jailbroken|free)\b|\byou\ are\ no\ longer\b|\bpretend\ (?:to\ be|you\ are|that\ you)\b"
    r"|\bact\ as\ (?:an?\ |the\ )?(?:admin(?:istrator)?|root|owner|dba|system|unrestricted|hacker|developer)\b|\bsystem\ prompt\b|\b(?:developer|debug|god|dan)\ mode\b"
    r"|\bjailbreak\b|\breveal\ (?:your|the)\ (?:prompt|instructions|rules)\b|\bdo\ anything\ now\b|\bnew\ instructions?\s*:|<\|im_(?:start|end)\|>|\[/?INST\]"
    r"|(?:忽略|无视|忘记|忘掉|绕过|跳过|不要理会|不用管)(?:掉|了)?(?:之前|以上|前面|上面|此前|先前|所有|你|您|的|一切|任何|全部|系统|安全|这些)*(?:指令|指示|规则|提示词?|限制|要求|命令|权限|设定)"
    r"|假装你是|假设你是(?:管理员|系统)|你现在是(?:一个)?(?:管理员|系统|超级|不受限制)|扮演|系统提示词|开发者模式|越狱"
)
REVIEWS = re.compile(
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
COUNTING = re.compile(
    r"(?ix)\bhow\s+many\b|\bnumber\s+of\b|\bcount\b|\baverage\b|\bavg\b|\bmean\b|\bshare\b|\bpercent\w*|\brate\b|\btotal\b|\btop\s+\d|\bhighest\b|\blowest\b|\bmost\s+reviews?\b|\bmost\s+reviewed\b|"
    r"\b(?:by|per)\s+(?:month|week|day|year|quarter|country|category|product|brand|language)\b|\bratings?\s+(?:by|per|of)\b|\brated\b|\bstars?\s+(?:by|per)\b"
    r"|多少|几[条个]|平均|评分(?:最|是|有)|数量|评论数|评价数|(?<!效|功|频)率|占比|总共|最高|最低|按(?!摩|钮|键|压)|各个?|每个?|排名|前\d"
)
OUTSIDE = re.compile(
    r"(?ix)\b(?:weather|forecast\ for\ (?:today|tomorrow)|temperature|rain(?:ing)?|sunny|joke|riddle|poem|song|lyrics|horoscope|lottery|recipe|football|soccer|movie|president|prime\ minister|"
    r"capital\ (?:city\ )?of|meaning\ of\ life|bitcoin|stock\ market|exchange\ rate|translate|homework|news|wikipedia)\b|\bwho\ (?:invented|wrote|won|discovered)\b"
    r"|天气|下雨|气温|笑话|谜语|写(?:一)?首|写诗|唱歌|歌词|菜谱|食谱|总统|首都|新闻|彩票|星座|比特币|股市|汇率|翻译|作业|电影|足球"
)
BEST = re.compile(
    r"(?ix)\b(?:best|worst|top|bottom|strongest|weakest|better|good|bad)\b(?![- ]?(?:sell\w*|sold|rated|reviewed|paying|about))|\bperform(?:s|ed|ing|ance)?\b"
    r"|(?:最好|最差|表现最|表现怎么样|最优秀|比较好)(?!卖|评)"
)
RANK_COUNT = re.compile(r"(?i)\b(?:top|bottom)\s+(?:\d+|three|five|ten)\b|\b(?:top|bottom)\b")
COUNTED = re.compile(r"(?i)\b(?:how many|number of)\s+(?P<what>[a-z]{3,})\b")
"""The word right after "how many": what is counted."""

# --- follow-ups, read by bot.followup

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
    r"(?i)^\W*(?:(?:and|but|now|then)\s+)?(?:only|just|for|from)\b|^\W*(?:那么?)?(?:只|仅|其中)"
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
    r"(?i)\b(?:it|that|this|them|they|those|these|their|its|ones?|there|the same)\b|它|他们|它们|这些|那些|这个|同样"
)
ASKING = re.compile(
    r"(?i)^\W*(?:what|which|who|whose|how|when|where|why|show|list|give|find|tell|count|compare|did|do|does|is|are|was|were|"
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
    r"|\b(?:a|one)\s+year\s+(?P<yearly>earlier|before|ago)\b|\bsame\s+(?:time|period|month|quarter|week)\s+(?:of\s+)?(?P<last>last|the\s+previous)\s+year\b"
    r"|(?P<zh>(?:再[前后上下]|[前后])一?个?)(?P<zunit>天|周|月|季度|年)(?:的)?|(?P<zlast>去年同期|上年同期)"
)
REFERRING = re.compile(
    r"(?i)\b(?:it|that one|this one|that order|this order|them|they)\b|它们?|(?:这|那|该)(?:个|张|笔|件)?(?:订单|客户|商品|单)?"
)
"""A pronoun that may stand for "order 5" of the previous question."""
WHY = re.compile(
    r"(?i)^\W*(?:(?:and|but|so)\s+)?(?:why(?:\s+(?:is|was)\s+(?:that|this|it))?|how come|what happened|what'?s the reason)\W*$"
    r"|^\W*(?:那|但)?(?:是)?(?:为什么|为何|怎么回事|什么原因|原因呢)\W*$"
)

# --- reviews, read by bot.skills.ask_reviews

POOR = re.compile(
    r"(?i)\b(complain\w*|negative|bad|critic\w*|unhappy|dissatisf\w*|dislike\w*|hate\w*|problems?|issues?|worst)\b"
    r"|差评|抱怨|吐槽|不满|负面|投诉|缺点"
)
GOOD = re.compile(
    r"(?i)\b(positive|praise\w*|compliments?|love\w*|happy|satisfied|like most|best about)\b|好评|称赞|夸|满意|正面|优点"
)
REVIEWS_NOISE = frozenset(
    [
        "what",
        "how",
        "do",
        "does",
        "did",
        "are",
        "is",
        "was",
        "were",
        "have",
        "has",
        "had",
        "why",
        "which",
        "who",
        "the",
        "our",
        "their",
        "its",
        "a",
        "an",
        "any",
        "some",
        "all",
        "most",
        "least",
        "of",
        "on",
        "about",
        "for",
        "from",
        "in",
        "at",
        "with",
        "by",
        "to",
        "and",
        "or",
        "me",
        "us",
        "show",
        "find",
        "give",
        "list",
        "read",
        "see",
        "quote",
        "search",
        "tell",
        "please",
        "there",
        "can",
        "could",
        "you",
        "i",
        "we",
        "buyer",
        "buyers",
        "customer",
        "customers",
        "people",
        "users",
        "user",
        "clients",
        "shoppers",
        "shopper",
        "they",
        "them",
        "everyone",
        "say",
        "says",
        "said",
        "saying",
        "think",
        "thinks",
        "thought",
        "feel",
        "feels",
        "felt",
        "complain",
        "complains",
        "complained",
        "complaining",
        "complaint",
        "complaints",
        "review",
        "reviews",
        "comment",
        "comments",
        "opinion",
        "opinions",
        "feedback",
        "mention",
        "mentions",
        "mentioned",
        "mentioning",
        "write",
        "writes",
        "wrote",
        "written",
        "writing",
        "like",
        "likes",
        "liked",
        "love",
        "loves",
        "loved",
        "hate",
        "hates",
        "hated",
        "dislike",
        "dislikes",
        "disliked",
        "best",
        "worst",
        "negative",
        "positive",
        "bad",
        "good",
        "critical",
        "angry",
        "happy",
        "unhappy",
        "satisfied",
        "dissatisfied",
        "disappointed",
        "annoyed",
        "according",
        "recent",
        "latest",
        "star",
        "stars",
        "praise",
        "praised",
        "that",
        "this",
        "these",
        "those",
        "regarding",
        "only",
        "just",
        "sentiment",
        "pros",
        "cons",
    ]
)
"""Words of a question about reviews that do not say what the reviews shall speak of."""
REVIEWS_NOISE_ZH = re.compile(
    r"请问|有没有|有哪些|有什么|有何|给我|看看|看一看|找一下|找一找|找找|列出|显示|只看|顾客们?|客户们?|买家们?|用户们?|大家|人们|关于|对于|觉得|认为|感觉"
    r"|怎么说|怎么看|怎么评价|怎么样|怎样|如何|什么|哪些|评价|评论|看法|意见|反馈|差评|好评|吐槽|抱怨|投诉|口碑|不满意?|满意|喜欢|为什么|这款|这个|那款|那个|条|[对的呢吗吧了，。？！,?!]"
)

# --- languages, read by bot.understand

COMMON_WORDS = {
    "en": "the of and is are was were what which how many much by in for to show me last month did do does our with"
    " who why when where from this year sales revenue orders a an i you have has per about only top",
    "fr": "le la les des du est sont quel quelle quels quelles combien nous notre dans pour avec mois dernier et une un"
    " chiffre affaires ventes par quoi comment qui était été commandes d l au aux ce cette",
    "de": "der die das und ist sind war wie viel viele welche welcher welches im letzten monat für mit nach umsatz"
    " bestellungen unser unsere ein eine den dem von wir haben pro wo wer warum zeige mir",
    "es": "el la los las es son fue cuál cuáles cuánto cuántos cuántas qué del mes pasado por para con ventas pedidos"
    " nuestro nuestra una un y en quién cómo",
    "it": "il lo la i gli le è sono quale quali quanto quanti quante del della mese scorso per con vendite ordini nostro"
    " una un e che cosa come chi",
    "pt": "o a os as é são qual quais quanto quantos quantas do da mês passado por para com vendas pedidos nosso uma um"
    " e que como quem em foi",
    "nl": "de het een is zijn was hoeveel welke vorige maand voor met omzet bestellingen onze per van en wat hoe wie",
}
