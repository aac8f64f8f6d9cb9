"""How orders are named and asked about, in English and Chinese: read by ``order_words``."""
# ruff: noqa: E501

from __future__ import annotations

import re

from sql.question.words import words

ONE = r"(?>[0-9]{1,3}(?:,[0-9]{3})+|(?:[A-Za-z]{1,8}[-/_]?)?[0-9][A-Za-z0-9]*(?:[-/_][A-Za-z0-9]+)*)(?![A-Za-z0-9]|[-/_.][A-Za-z0-9])"
_UNIT = (
    r"(?!\s*(?:%|[€$£¥]|(?:days?|weeks?|months?|years?|hours?|minutes?|times|x|units?|pieces?|items?|pcs|eur|euros?|usd|dollars?|pounds?|of|am|pm)\b"
    r"|[年月日天周元块件个份欧名万千]|多|以上|以下|左右))"
)
NUMBER = rf"{ONE}{_UNIT}"
_LIST = rf"{NUMBER}(?:\s*(?:,|，|、|;|&|\band\b|和|与|及|以及)\s*(?:orders?\s*|订单(?:编?号)?)?[#№]?\s*{NUMBER})*+"
ENGLISH = re.compile(
    rf"(?i)(?<![\w-])(?:order|purchase)(?P<s>s?)\s*(?:(?:numbers?|nos?|nr|ids?|codes?)\b\.?)?\s*(?:is\b|are\b|[:=(])?\s*[\"“]?(?P<hash>[#№])?\s*(?P<list>{_LIST})"
)
CHINESE = re.compile(
    rf"(?:(?:订单|定单)(?:编号|号码|号)?|单号)\s*(?:是|为|[:：=(（\"“])*\s*[#№]?\s*(?P<list>{_LIST})"
    rf"|(?P<before>{ONE})\s*(?:(?:号|这个|那个)\s*(?:订单|定单|单子)|[这那]一?[单笔])|(?<![\w-])(?!(?:19|20)[0-9]{{2}}(?![0-9]))(?P<bare>{ONE})\s*(?:订单|定单)"
)
GERMAN = re.compile(
    rf"(?i)\b(?:bestell(?:ung(?:en)?)?|auftrag(?:s|es)?)[- ]?(?:nummer|nr\.?)?\s*(?:lautet|ist|[:=(])?\s*[\"„]?[#№]?\s*(?P<list>{_LIST})"
)
HASH = re.compile(rf"(?<![\w&#])[#№]\s?(?P<list>{_LIST})")
CODE = re.compile(
    r"(?<![A-Za-z0-9_@.-])(?P<list>[A-Za-z]{1,8}[-_]?[0-9]{8,18}(?:-[0-9]{1,4})?)(?![A-Za-z0-9_@-])"
)
"""So long a number with letters before it is a document's: SO202511190042."""
EACH = re.compile(ONE)
YEAR = re.compile(r"(?:19|20)[0-9]{2}")
ORDERING = re.compile(
    r"(?i)(?:\b(?:(?:i|we|you|they|he|she|who)(?:['’](?:d|ll)|\s+(?:can|could|would|will|did|also|not))*|(?:want|wants|wanted|like|wish|how|try|trying|able|need|decided|going)\s+to)|n['’]t)\s+$"
)
"""Words after which "order" is what somebody does, and the number how many."""
SOME_ORDER = re.compile(r"(?i)\b(?:an|one|my)\s+order\b|(?:一个|某个|我的)(?:订单|定单)")
BARE = re.compile(
    rf"(?i)\W*(?:(?:and|or|what\s+about|how\s+about|then|now|it\s+is|it['’]s|number|no\.?|那|那么|换成|看看|是)\s*)*[#№]?\s*(?P<list>{_LIST})\s*(?:呢|please|then|instead)?\W*"
)

CUES = {
    "payments": re.compile(r"(?i)\bpa(?:id|y|ying|yments?)\b|付款|支付|付了|付钱"),
    "returns": re.compile(r"(?i)\breturn(?:s|ed)?\b|\brefund(?:s|ed)?\b|\bsent\s+back\b|退货|退款|退了"),
    "tickets": re.compile(r"(?i)\b(?:tickets?|complaints?|cases?)\b|工单|投诉"),
    "arrival": re.compile(
        r"(?i)\bwhen\b|\barriv\w+|\bdeliver\w*|\blate\b|\bdelay\w*|\boverdue\b|\beta\b|\b(?:come|get)\s+here\b|\bhow\s+long\b|\bshipp?(?:ed|ing)?\b|\bdispatched\b|\bsent\b(?!\s+back)"
        r"|什么时候|何时|几时|多久|到货|到了吗|到了没|还没到|送到|送达|收到|发货|延误|晚|迟"
    ),
    "items": re.compile(
        r"(?i)\bwhat\b[^?]*\b(?:in|inside)\b(?=\W*(?:it|that|this|the|my|order|parcel|package|#|\(|$))|\bwhat\b[^?]*\b(?:bought|ordered|(?:they|he|she|customer)\s+order)\b"
        r"|\b(?:items?|products?|contents?|articles?|goods)\b|里面|包含|包括|商品|产品|东西|买了什么"
    ),
}
"""Part of the card → the words that ask for it alone; of several the first counts."""
WHOLE = re.compile(r"(?i)\b(?:it|its|it['’]s|where|status|customer|who)\b|哪|状态|情况|怎么样|进度|谁")
"""Words that go on about an order without asking for a part of its card."""
KNOWN = words(
    """
    what what's whats why which is isn't are was were has hasn't have had been be being do does did a an the this that
    it its it's of in inside with for about on to from at by please show me give get find look looking up
    open check tell us my our can could you i i'd like want need see know status state detail details info
    information card overview summary happening happened happen going doing where where's when when's how
    how's long will would should expected arrive arrives arrived arriving arrival come came here deliver
    delivered delivery date dates ship shipped shipping sent dispatched back late delayed delay overdue eta
    yet already still way items item products product contents content articles goods paid pay payment
    payments return returned returns refund refunded refunds ticket tickets complaint complaints case cases
    any anything earlier previous open there now currently today order orders number no nr id and or hi
    hello hey thanks thank bought ordered they he she who customer customer's pull latest news update track tracking trace
    parcel package they've everything all so pls plz thx asap urgent wrong problem issue cancelled canceled
    placed confirmed completed complete lost stuck missing
    """
)
KNOWN_ZH = re.compile(
    r"[这那]一?[单笔个]|为什么|为何|怎么样了?|怎样了?|怎么了|怎么|什么情况|啥情况|情况|状态|进度|进展|到哪(?:里|儿)?|在哪(?:里|儿)?|哪里|查一下|查下|查查|查询|查看|查|看一下|看看|看|帮|请问|请|麻烦|给我|显示|打开|详情|明细|信息"
    r"|什么时候|何时|几时|多久|能|会|可以|到货|送到|送达|收到|到|发货|延误|晚|迟|是否|物流|快递|包裹|配送|还|没有|没|有|已经|已|现在|目前|今天|里面|里|包含|包括|哪些|什么|商品|产品|东西"
    r"|买|付款|支付|付钱|付|退货|退款|退|工单|投诉|记录|这个|那个|该|此|我|想|要|知道|一下|一个|某个|和|与|及|以及|订单|定单|编号|号|单|您好|你好|谢谢|之前|以前|别的|其他|任何|顾客|客户|买家|它们?|谁|取消了吗|已取消|被取消|取消了没|签收|完成|丢|问题|咋样|咋|啥|下单|都|了|吗|么|呢|吧|啊|呀|的|是"
)
WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?")
HAN = re.compile(r"[\u4e00-\u9fff]")

LOOSE = re.compile(rf"(?<![\w.,@€$£¥+-])(?P<one>{NUMBER})(?!\s*(?:EUR|€))")
DAY = re.compile(
    r"[0-9]{4}[-/][0-9]{1,2}([-/][0-9]{1,2})?|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}|[0-9]+(?:st|nd|rd|th)"
)
