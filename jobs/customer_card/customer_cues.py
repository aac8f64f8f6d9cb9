"""How customers are named and asked about, in English and Chinese: read by ``customer_words``."""
# ruff: noqa: E501

from __future__ import annotations

import re

from jobs.order_card.order_cues import NUMBER, ONE
from sql.question.words import words

_WHO = r"(?:customer|client|buyer|shopper|member)"
_ZH_WHO = r"(?:客户|顾客|会员|买家|用户)"
PAIR = re.compile(r"(?i)(?<![\w-])customer\s?=\s?(?:\"(?P<quoted>[^\"]+)\"|(?P<one>[^\s\"“”]+))")
EMAIL = re.compile(r"(?<![\w.+-])(?P<one>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
ENGLISH = re.compile(
    rf"(?i)(?<![\w-]){_WHO}\s*(?:(?:card|profile|account)\s*(?:for|of)?\s*)?(?:{_WHO}\s*)?(?:with\s+(?:the\s+)?)?(?:(?:numbers?|nos?|nr|ids?|codes?)\b\.?)?"
    rf"\s*(?:is\b|[:=(])?\s*[\"“]?[#№]?\s*(?P<one>{NUMBER})"
)
CHINESE = re.compile(
    rf"{_ZH_WHO}(?:编号|号码|代码|号|ID|id)?\s*(?:是|为|[:：=(（\"“])*\s*[#№]?\s*(?P<one>{NUMBER})|(?P<before>{ONE})\s*号\s*{_ZH_WHO}"
)
NAMED = re.compile(
    rf"(?<![\w-]){_WHO}\s+(?:(?:called|named)\s+)?(?:[\"“](?P<quoted>[^\"”]{{2,60}})[\"”]|(?P<one>[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*){{1,3}}))(?![\w-])"
)
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
CHINESE_NAMED = re.compile(
    rf"{_ZH_WHO}(?:[“「\"](?P<quoted>[^”」\"]{{2,30}})[”」\"]|(?P<one>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}?)(?=的|是|怎么|$|[\s，,。？?!！]))"
)
NO_NAME = re.compile(
    r"(?i)\b(?:lifetime|value|acquisition|costs?|satisfaction|retention|churn|segments?|services?|support|care|rates?|counts?|base|journey|experience|relations?|success|feedback|reviews?)\b"
)
"""Words with capitals behind "customer" that are no name."""
SOME_CUSTOMER = re.compile(
    rf"(?i)\b(?:this|that)\s+{_WHO}\b(?=\W*$|\s+(?:is|was|has|had|did|do|does|bought|buy|buys|like|likes|spend|spent)\b)"
    rf"|\bcard\s+of\s+a\s+{_WHO}\b|(?:某个|这个|那个|某位|这位|那位|该){_ZH_WHO}"
)
BARE = re.compile(
    rf"(?i)\W*(?:(?:and|or|what\s+about|how\s+about|then|now|it\s+is|it['’]s|number|no\.?|那|那么|换成|看看|是)\s*)*[#№]?\s*(?P<one>{NUMBER}|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)\s*(?:呢|please|then|instead)?\W*"
)
CUES = {
    "tickets": re.compile(r"(?i)\b(?:tickets?|complaints?|cases?|enquir\w+|inquir\w+)\b|工单|投诉|咨询"),
    "returns": re.compile(r"(?i)\breturn(?:s|ed)?\b|\brefund(?:s|ed)?\b|\bsen[dt]\s+back\b|退货|退款|退了"),
    "value": re.compile(
        r"(?i)\b(?:worth|valuable|lifetime|spent|spend|spends|bring|brings|value)\b|\bbuy\s+again\b|\bcome\s+back\b|\bagain\b|价值|花了|消费|再(?:次)?买|回来|再来"
    ),
    "interests": re.compile(
        r"(?i)\b(?:likes?|interest(?:s|ed)?|favou?rites?|prefers?|reviews?|reviewed|wrote|written)\b|兴趣|喜欢|偏好|感兴趣|评价|评论"
    ),
    "orders": re.compile(
        r"(?i)\b(?:buy|buys|bought|orders?|ordered|purchases?|purchased)\b|买了|买过|购买|订单|下单|下的单"
    ),
}
"""Part of the card → the words that ask for it alone; of several the first counts."""
WHOLE = re.compile(
    r"(?i)\b(?:who|everything|all|card|profile|about|details?|info\w*|status)\b|谁|情况|资料|信息|怎么样|详情|档案"
)
"""Words that go on about a customer without asking for a part of the card."""
PRONOUN = re.compile(
    r"(?i)\b(?:she|he|they|her|his|him|their|them|hers|theirs|this\s+(?:customer|person|client|buyer)|the\s+(?:customer|client|buyer))\b|她|他|TA|ta|这位|该(?:顾客|客户)"
)
KNOWN = words(
    """
    who who's whos what what's whats which is isn't are was were has hasn't have had been be being do does did a an the
    this that he she they his her him their them it of in for about on to from at by with please show me give get find
    look looking up pls plz thx open check tell us my our can could you i i'd like want need see know everything anything all
    detail details info information card profile overview summary status state customer customer's client buyer shopper
    member person account named called number no nr id e-mail email mail address and or hi hello hey thanks thank buy
    buys bought last latest lately recently first order ordered purchase purchased spent spend spends worth value
    valuable lifetime bring brings so far likes interested interests interest favourite favorite products product
    categories category ticket tickets complaint complaints return returned returns refund refunds refunded sent back
    send open any there now currently today earlier previous again will would when how long often since come pull
    happening going review reviews reviewed wrote written usually ever still
    """
)
KNOWN_OF_THE_SAME = KNOWN | words("orders purchases items things much many")
"""Words that go on about a customer after the card: "and her orders?" is no list of the shop's orders."""
KNOWN_ZH = re.compile(
    r"那么?|怎么样了?|怎样了?|怎么了|什么情况|情况|状态|资料|信息|档案|卡片|详情|明细|是谁|谁|查一下|查查|查询|查看|查|看一下|看看|看|帮|请问|请|麻烦|给我|告诉我|介绍|显示|打开|一下|关于|所有|全部|一切|有关"
    r"|客户|顾客|会员|买家|用户|编号|号码|号|这位|那位|这个|那个|某位|某个|一位|一个|该|此|我们|我|想|要|知道|能|可以|最近|上次|最后|第一次|一次|买了|买过|买|购买|下单|下了|花了|消费|价值|值|多久"
    r"|喜欢|兴趣|感兴趣|偏好|哪些|什么|商品|产品|东西|品类|工单|投诉|咨询|退货|退款|退了|退|评价|评论|写过|写了|未解决|还|没有|没|有|过|已经|现在|目前|今天|之前|以前|会|再次|再|来|回来|吗|么|呢|吧|啊|呀|的|是|都|了|和|与|及|以及|她|他|您好|你好|谢谢|邮箱|名叫|叫"
)
