"""Words that ask for products, that bound their price or stars, and that say nothing of what is looked for."""
# ruff: noqa: E501

from __future__ import annotations

import re

from sql.question.words import words

SEEKING = re.compile(
    r"(?i)\bfind\s+(?:me|us)?\s*(?:a|an|some|something)\b|\b(?:i['’]?m|we['’]?re|am|are|is)\s+looking\s+for\b|^\W*looking\s+for\b|\b(?:recommend|suggest)\b"
    r"|\b(?:a\s+)?(?:gifts?|presents?)\s+(?:idea\s+)?for\b|\b(?:i|we)\s+(?:need|want)\s+(?:to\s+buy\s+)?(?:a|an|some)\b"
    r"|\b(?:do\s+(?:you|we)|have\s+(?:you|we)\s+got)\s+(?:have|sell|carry|stock)?\s*(?:a|an|any)\b|\b(?:is|are)\s+there\s+(?:a|an|any)\b"
    r"|找(?:我)?(?:一|几|两)?(?:款|个|件|双|条|台|只|些|把|套|盏)|推荐|有没有|有什么适合|想买|想要(?:一|个|款|件)|适合.{1,12}的(?:礼物|礼品)|送.{1,12}(?:礼物|礼品)"
)
OF_OTHERS = re.compile(
    r"(?i)\b(?:how\s+(?:many|much|often|long)|number\s+of|average|reports?|forecasts?|charts?|orders?|customers?\s+who|tickets?|reviews?|campaigns?|revenue|sales|sold|returns?|refunds?|units|stock\s+value|between\s+customers|bought\s+together|say|says|think|complain\w*|unusual|anomal\w+|churn|lists?\s+of|figures?|chance|probability|risk|baskets?|similar|customer|client|buyer|member|shopper|go(?:es)?\s+(?:well\s+)?with|recommend\s+(?:\w+\s+)?with)\b|\bby\s+\w+\s*:"
    r"|多少|几[个件款双种笔张单]|分别|分成|按[^，,]{1,8}分|卖[出过掉]|报告|预测|图表|订单|工单|评价|评论|销售额|销量|退货|退款|异常|流失|一起买|数据|怎么说|怎么看|客户|顾客|会员|国家|渠道|活动|库存|购买|类似|搭配|购物篮"
)
"""Words of questions that other jobs answer, or the figures."""
ASKING = re.compile(
    r"(?i)^\W*(?:what|which|who|whose|how|when|where|why|show|list|count|compare|did|does|was|were)\b|哪|谁|什么时候|为什么|怎么|列出|显示"
)
NOT_BEFORE = re.compile(
    r"(?i)(?:\b(?:not|no|without|except|excluding|anything\s+but|non)[\s-]+(?:in\s+|a\s+|an\s+|any\s+|the\s+|made\s+of\s+)?|(?:不要|不是|不含|除了|非|别要?)\s*)$"
)
NOT_WORD = re.compile(
    r"(?i)\b(?:not|without|no|except|excluding)\s+(?:in\s+|a\s+|an\s+|any\s+|too\s+|made\s+of\s+)?(?P<word>[a-z][a-z-]{2,})\b|(?:不要|不含)(?P<zh>[\u4e00-\u9fff]{1,4})"
)
OTHER_UNIT = re.compile(
    r"(?i)^\s*-?(?:lit(?:er|re)s?|l\b|ml\b|cm\b|mm\b|m\b|inch\w*|\"|w\b|watts?\b|hours?\b|h\b|kg\b|g\b|grams?\b|pieces?\b|pcs\b|people\b|persons?\b|cups?\b|years?\b|days?\b|min(?:utes?|s)?\b|sec(?:onds?|s)?\b|months?\b|weeks?\b|times\b|left\b|orders?\b|sqm\b|m2\b|square\b|long\b|high\b|wide\b|deep\b|%|升|毫升|厘米|英?寸|瓦|小时|公斤|千克|克|人|岁|天|分钟|秒|个?月|周|年|次|单|平|片|只装)"
)
NO_PRICE = re.compile(
    r"(?i)\b(?:fewer|older|younger|newer|longer|shorter|larger|bigger|smaller|taller|heavier|lighter|later|earlier|slower|faster)\s+than\s*$"
    r"|(?:进价|成本|采购价|\bcosts?|\bcost price|\bpurchase price|\bbuying price)\s*(?:超过|高于|低于|大于|小于|不到|以上|over|under|above|below|more than|less than)?\s*$"
)
"""Comparisons that no price is told by."""
SOME_OF = re.compile(r"哪[个些款]|列出来?")
"""Of things that are there, some are asked for: no wish."""
STARS = re.compile(r"(?i)^\s*-?(?:stars?\b|星)")
BETWEEN = re.compile(r"(?i)\bbetween\s*[$€£¥￥]?\s*$|\bfrom\s*[$€£¥￥]?\s*$|^$")
SPAN = re.compile(r"(?i)^\s*(?:[$€£¥￥]|eur|euros?|元|块)?\s*(?:-|–|~|and|to|到|至|和)\s*[$€£¥￥]?\s*$")
OF_PRODUCTS = re.compile(
    r"(?i)\b(?:stars?|ratings?|rated|stock|available|prices?|priced|cheap|cheaper)\b|星|评分|有货|现货|价格|便宜"
)
"""Words of conditions, which may be a metric's or a column's as well."""
IN_STOCK = re.compile(r"(?i)\b(?:only\s+)?(?:in\s+stock|available)(?:\s+only|\s+now)?\b|有货|现货|有库存")
NOISE = words(
    """
    find me us a an some something any looking look for am i i'm im we we're need want to buy recommend suggest
    please can could you show give do have has got sell carry stock is are there that which with of in the and or
    my our her his their good nice under below over above than less more most cheaper at up from between euro euros
    eur dollar dollars pounds costs cost costing price priced max maximum min minimum about around budget not no
    without except but anything one ones it only idea ideas product products item items would like who rated rating star stars
    """
)
NOISE_ZH = re.compile(
    r"请问|请|帮我|给我|找|推荐|有没有|想买|想要|一?[款个件双条台只些把套盏]|以下|以内|之内|以上|以下的|元|块钱?|价格|预算|低于|高于|超过|少于|大于|小于|至少|至多|最多|不到|商品|产品|货品|便宜|评分|[0-9一二三四五六七八九十百千]+(?=\s*[元块星])|[0-9]+|星|不超过|左右|不要|不含|的|吗|呢|吧|我|适合"
)
FOLLOWING = re.compile(
    r"(?i)^\W*(?:and|but|or|only|just|what\s+about|now|then|那|只要|换成|再)?\W*(?:not|no|without|under|below|over|above|cheaper|less|more|at\s+most|up\s+to|in\s+stock|available|only|from|by|in|不要|不超过|低于|便宜|有货|现货|[0-9一二三四五六七八九十百千]+\s*(?:元|块)?(?:以下|以内|以上))"
)
"""A message that adds a condition to what was looked for."""
