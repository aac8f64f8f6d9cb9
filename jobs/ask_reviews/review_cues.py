"""Words that ask for what customers say, in English and Chinese, and those that say nothing of its topic."""
# ruff: noqa: E501

from __future__ import annotations

import re

from sql.question.words import words

REVIEWS = re.compile(
    r"(?ix)\b(?:what|how)\s+(?:do|did|does|are|have|is|was)\s+(?:(?!orders?\b|sales\b|s?he\b|customer\s+[\w-]*[0-9@])[\w'’-]+\s+){0,5}?(?:say|says|said|saying|think|thinks|thought|feel|felt|complain\w*|like|dislike|love|hate|"
    r"criticis\w+|criticiz\w+|praise|mention|write|wrote|writing|unhappy|happy|satisfied|describe)\b"
    r"|\b(?:reviews?|comments?|opinions?|feedback|testimonials?)\s+(?:about|on|of|for|from|that|which|mention\w*|say\w*|in\b|regarding)"
    r"|\b(?:show|find|read|quote|give|list|search|any|see)\s+(?:me\s+)?(?:(?:some|the|all|any|a\ few|recent|latest|negative|positive|bad|good|angry|"
    r"worst|best|critical|customer|customers'?|one[- ]star|five[- ]star|\d[- ]star|chinese|english)\s+)*(?:reviews?|comments?|opinions?|feedback|complaints?\s+(?:about|on|of|regarding))\b"
    r"|\bcomplain(?:s|ts?|ing|ed)?\s+(?:about|of|on|regarding|with)\b|\b(?:according\s+to|in|from)\s+(?:the\s+|customer\s+|their\s+)?reviews\b|\bopinions?\b|\bsentiment\b"
    r"|\bwhat\s+(?:is|are)\s+(?:people|customers?|buyers?|users?|shoppers?)\b(?!\s+[\w-]*[0-9@])|\bwhy\s+(?:are|were|do|did)\s+(?:people|customers?|buyers?|users?)\s+(?:\w+\s+)?(?:unhappy|happy|angry|complain\w*|dislike|hate|like|love|disappointed|dissatisfied|annoyed)"
    r"|\b(?:customers?|buyers?|people|users?|shoppers?)\s+(?:say|think|feel|complain|like|dislike|love|hate|mention|write)\b|\bpros\s+and\s+cons\b"
    r"|(?:有什么|有哪些|有何|的|看看|查看|找|关于.{1,12}的?)(?:评价|评论|看法|意见|反馈|好评|差评|吐槽|抱怨)(?!数|分|率|量|总|平均|有多少|多少)"
    r"|(?:觉得|认为|感觉).{0,16}(?:怎么样|如何|好不好|好吗|好用吗)|怎么(?:说|看|评价)|(?:好评|差评|吐槽|抱怨|不满)(?!率|数|多少|有多少|占|最)|口碑|评价(?:如何|怎么样|怎样|好不好)|为什么.{0,12}(?:不满|不喜欢|喜欢|差评|好评)"
)
COUNTING = re.compile(
    r"(?ix)\bhow\s+many\b|\bnumber\s+of\b|\bcount\b|\baverage\b|\bavg\b|\bmean\b|\bshare\b|\bpercent\w*|\brate\b|\btotal\b|\btop\s+\d|\bhighest\b|\blowest\b|\bmost\s+reviews?\b|\bmost\s+reviewed\b|"
    r"\b(?:by|per)\s+(?:month|week|day|year|quarter|country|category|product|brand|language)\b|\bratings?\s+(?:by|per|of)\b|\brated\b|\bstars?\s+(?:by|per)\b"
    r"|\bcomplain\w*\s+(?:about\s+)?(?:the\s+)?(?:most|mainly|mostly)\b|\b(?:main|biggest|common|frequent)\s+complaints?\b|\bmost\s+complaints?\b|\baspects?\b|\bpraises?\s+(?:the\s+)?most\b"
    r"|主要|最常|最多|抱怨什么|吐槽什么|哪些方面|各方面"
    r"|多少|几[条个]|平均|评分(?:最|是|有)|数量|评论数|评价数|(?<!效|功|频)率|占比|总共|最高|最低|按(?!摩|钮|键|压)|各个?|每个?|排名|前\d"
)
"""Counts and averages of reviews are figures; what is said most is counted as well."""
POOR = re.compile(
    r"(?i)\b(complain\w*|negative|bad|critic\w*|unhappy|dissatisf\w*|dislike\w*|hate\w*|problems?|issues?|worst)\b"
    r"|差评|抱怨|吐槽|不满|负面|投诉|缺点"
)
GOOD = re.compile(
    r"(?i)\b(positive|praise\w*|compliments?|love\w*|happy|satisfied|like most|best about)\b|好评|称赞|夸|满意|正面|优点"
)
NOISE = words(
    """
    what how do does did are is was were have has had why which who the our their its a an any some
    all most least of on about for from in at with by to and or me us show find give list read see
    quote search tell please there can could you i we buyer buyers customer customers people users
    user clients shoppers shopper they them everyone say says said saying think thinks thought feel
    feels felt complain complains complained complaining complaint complaints review reviews comment
    comments opinion opinions feedback mention mentions mentioned mentioning write writes wrote
    written writing like likes liked love loves loved hate hates hated dislike dislikes disliked
    best worst negative positive bad good critical angry happy unhappy satisfied dissatisfied
    disappointed annoyed according recent latest star stars praise praised that this these those
    regarding only just sentiment pros cons
    """
)
"""Words of a question about reviews that do not say what the reviews shall speak of."""
NOISE_ZH = re.compile(
    r"请问|有没有|有哪些|有什么|有何|给我|看看|看一看|找一下|找一找|找找|列出|显示|只看|顾客们?|客户们?|买家们?|用户们?|大家|人们|关于|对于|觉得|认为|感觉"
    r"|怎么说|怎么看|怎么评价|怎么样|怎样|如何|什么|哪些|评价|评论|看法|意见|反馈|差评|好评|吐槽|抱怨|投诉|口碑|不满意?|满意|喜欢|为什么|这款|这个|那款|那个|条|[对的呢吗吧了，。？！,?!]"
)
