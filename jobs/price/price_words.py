"""What a question asks of prices: what the job claims, and its parameters by words and by name."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.job import Claim, Strength, Understood
from bot.parameters import Among, Choice, Parameter, Said, Unreadable, Whole, find_values, in_words
from jobs.asked_of_models import asks_about_a_model
from sql.question.linking import Links, Vocabulary
from sql.question.numbers import zh_number
from sql.question.words import NUMBER_WORDS

_WE = r"(?:i|we|you|one)"
_RAISE = r"(?:raise|increase|put\s+up|mark\s+up|lift|up)"
_LOWER = r"(?:lower|reduce|cut|drop|decrease|mark\s+down|discount|put\s+down)"
_CHANGE = rf"(?:{_RAISE}|{_LOWER}|change|adjust|double|halve)"
_SENSITIVE = (
    r"\bprice[-\s]+(?:in)?sensitiv\w+|\b(?:in)?sensitiv\w+\b[^.?]{0,40}\bto\s+(?:\w+\s+){0,2}pric\w+"
    r"|\belasticit(?:y|ies)\b|\bprice[-\s]+(?:in)?elastic\b|\belastic\b[^.?]*\b(?:demand|price)"
    r"|价格敏感|对(?:涨价|降价|价格|价钱).{0,8}敏感|(?:价格|需求)?弹性"
)
_CHARGE = (
    rf"\b(?:what|how\s+much|which\s+price)\b[^.?]{{0,20}}\b(?:should|shall|could|can|must)\s+{_WE}\s+(?:charge|ask\s+for|price)\b"
    rf"|\bwhat\s+price\s+(?:should|shall|could|can|would)\b|\bhow\s+(?:should|shall|do|would)\s+{_WE}\s+price\b"
    r"|\bwhat\s+(?:should|shall)\s+(?:the|its|our|their)\s+prices?\b|\b(?:over|under)-?priced\b|\bpriced\s+(?:right|correctly|too\s+(?:high|low))\b"
    r"|\bbest\s+(?:selling\s+)?price\s+(?:for|of)\b|\b(?:optimal|optimum|profit[-\s]maximi[sz]ing|ideal|right)\s+(?:selling\s+)?prices?\b|\bpricing\s+(?:advice|recommendations?|suggestions?)\b"
    r"|(?:应该|应当|该|要)(?:卖|定|标|收)(?:价)?(?:多少|什么价)|(?:该|应该?|要)?怎么定价|如何定价|定(?:个)?什么价|定价建议|(?:最优|最佳|最合适的)(?:定价|价格|售价)"
    r"|(?:定价|售价|卖|定)(?:为|成)?多少(?:钱)?(?:才)?(?:合适|最好|最优|好)"
)
_IF = (
    r"\b(?:how|do|does|would|will|could)\b[^.?]*\bprices?\b(?:\s+(?:changes?|rises?|increases?|cuts?|reductions?))?[^.?]{0,30}\b(?:affects?|hurts?|influences?|impacts?|drives?)\b"
    r"|\bif\b[^.?]*\bcosts?\s+\S+\s?(?:%|per\s?cent)\s+(?:more|less)\b|价格对(?:销量|需求|销售).{0,4}影响|(?:涨价|降价|提价|调价).{0,10}(?:能|会)(?:多|少|掉|减|增|卖|损)"
    rf"|\b(?:can|could|should|may|shall|might)\s+{_WE}\s+(?:safely\s+)?{_CHANGE}\b[^.?]*\bprices?\b"
    rf"|\b(?:what|how)\b[^.?]*\b(?:happens?|would|will|if|effect|impact)\b[^.?]*\b{_CHANGE}(?:d|ed|s|ing)?\b[^.?]*\bprices?\b"
    rf"|\bif\s+{_WE}\s+{_CHANGE}(?:d|ed)?\b[^.?]*\bprices?\b"
    r"|\b(?:effect|impact)\s+of\s+(?:an?\s+|the\s+)?(?:\S+\s+){0,3}price\s+(?:increase|rise|cut|change|reduction)\b"
    r"|\bif\b[^.?]*\bprices?\b[^.?]*\b(?:rises?|rose|falls?|fell|went\s+(?:up|down)|goes\s+(?:up|down)|were\s+\d+)\b"
    r"|(?:如果|若|要是|假如|假设).{0,24}(?:涨价|降价|提价|调价|加价|价格.{0,4}(?:上调|下调|提高|降低|上涨))"
    r"|(?:能|可以|可不可以|能不能|要不要|该不该|应该|应不应该|是否).{0,16}(?:涨价|降价|提价|调价|加价)"
    r"|(?:涨价|降价|提价|调价|加价|(?:上调|下调|提高|降低)价格|价格(?:上调|下调|提高|降低)).{0,16}(?:会怎|会有|会不会|会少|会多|怎么样|怎样|如何|有什么影响|影响|可以吗|行吗|行不行|合适吗|好吗)"
)
CUE = re.compile(rf"(?i){_SENSITIVE}|{_CHARGE}|{_IF}")
NAME = re.compile(r"^price\b")
FILLER = re.compile(
    r"(?i)^(?:please|show|give|tell|calculate|estimate|compute|me|us|we|i|you|our|my|the|a|an|of|in|at|for|to|and|or|with|by|on|what|how|which|should|shall|could|can|would|will|may|do|does|is|are|be|it"
    r"|its|their|they|if|happens?|charge|price|prices|priced|pricing|sell|selling|cost|costs|sensitive|sensitivity|elasticity|elasticities|elastic|demand|raise|increase|lower|reduce|cut|drop|put|mark|change|up|down"
    r"|per|cent|percent|more|less|most|least|than|safely|instead|each|products?|items?|articles?|categor(?:y|ies)|much|effect|impact|best|optimal|right|ideal|profit|money|customers?|buyers?|rise|rises|now|own)$"
    r"|^[的吗呢请我们给和与是多少哪些几会有帮一下看只能可以该应怎么样如何果若要涨降提调加价格弹性定合适钱卖最优好商品产品类个对敏感影响百分之点成行不]+$"
)
_OF_PEOPLE = re.compile(
    r"(?i)\b(?:reviews?|reviewers?|complain\w*|mention\w*|said|say|says|tickets?)\b|评论|评价|投诉|工单|提到"
)
"""What asks what people say of prices."""
_OTHER_PRICE = re.compile(
    r"(?i)\b(?:purchase|buying|supplier|stock|share|oil|energy)\s+prices?\b|进价|采购价|股价"
)
"""Prices that are not the shop's own to set."""

_NUMBER = rf"(?P<en>[+-]?\d+(?:\.\d+)?|{'|'.join(NUMBER_WORDS)})"
_PERCENT = re.compile(rf"(?i)(?:\bby\s+)?(?<![\d.]){_NUMBER}\s?(?:%|％|per\s?cent\b|percent\b|个点)")
_PERCENT_ZH = re.compile(r"百分之(?P<zh>[\d.]+|[一二两三四五六七八九十]+)|(?P<tenths>[一二两三四五])成")
_MOST = re.compile(
    r"(?i)\b(?:at\s+most|no\s+more\s+than|steps?\s+of(?:\s+at\s+most)?|up\s+to)\s+(\d{1,2})\s?(?:%|per\s?cent)"
    r"|(?:最多|不超过|每次)\s*(\d{1,2})\s?[%％]"
)
_DOWN = re.compile(
    rf"(?i)\b(?:{_LOWER}|cheaper|decrease|reduction|price\s+cut|falls?|fell|(?:goes|went|go)\s+down|(?:%|per\s?cent)\s+less)(?:d|ed|s|ing)?\b|降|下调|便宜|打折"
)


class Percent:
    """A change of price in per cent, as ``5``, ``+5%`` or ``-10``."""

    least, most = -50.0, 100.0

    def value(self, text: str, vocabulary: Vocabulary) -> float:
        """Raises ``Unreadable``: it is none, 0, or out of bounds."""
        match = re.fullmatch(r"([+-]?\d{1,3}(?:\.\d{1,2})?)\s?(?:%|per\s?cent)?", text.strip())
        if match is None or not self.least <= float(match[1]) <= self.most or not float(match[1]):
            raise Unreadable(text)
        return float(match[1])

    def expected(self, language: str) -> str:
        """The bounds."""
        if language == "zh":
            return "-50 到 100 之间、不为 0 的百分数，如 5 或 -10"
        return "per cent from -50 to 100 and not 0, such as 5 or -10"


def _find_change(links: Links) -> Said | None:
    """ "by 5 %", 涨价5%, 百分之五; below zero where the words lower a price."""
    text = links.question
    limits = [match.span() for match in _MOST.finditer(text)]
    for match in (*_PERCENT.finditer(text), *_PERCENT_ZH.finditer(text)):
        if any(start < match.end() and match.start() < end for start, end in limits):
            continue
        share = _share(match)
        is_down = _DOWN.search(text) is not None and share > 0
        return Said(text=f"{-share if is_down else share:g}", start=match.start(), end=match.end())
    return None


def _share(match: re.Match[str]) -> float:
    found = match.groupdict()
    if found.get("en"):
        return float(NUMBER_WORDS.get(found["en"].lower(), found["en"]))
    if found.get("tenths"):
        return 10.0 * float(str(zh_number(found["tenths"])))
    return float(found["zh"]) if found["zh"][0].isdigit() else float(str(zh_number(found["zh"])))


def _find_most(links: Links) -> Said | None:
    match = _MOST.search(links.question)
    return Said(text=match[1] or match[2], start=match.start(), end=match.end()) if match else None


def _find_products(links: Links) -> Said | None:
    """Values that are named; a word of the question is none, though a product is called after it."""
    kept = tuple(m for m in links.mentions if not all(FILLER.match(word) for word in m.text.split()))
    return find_values(replace(links, mentions=kept))


PRODUCT = Parameter(
    name="product",
    about={
        "en": "these products, or all products of these values, such as a category",
        "zh": "这些商品，或这些值（如某品类）的全部商品",
    },
    kind=Among(),
    find=_find_products,
    lead={"en": "for ", "zh": "只看"},
)
CHANGE = Parameter(
    name="change",
    about={"en": "what if the price changed by so many per cent", "zh": "假设价格变动的百分比"},
    kind=Percent(),
    find=_find_change,
)
MAX_CHANGE = Parameter(
    name="max_change",
    about={"en": "the largest step that is advised, in per cent", "zh": "建议的单次最大调价（百分比）"},
    kind=Whole(1, 50),
    find=_find_most,
)
BY = Parameter(
    name="by",
    about={"en": "a line for each category or product", "zh": "按品类或商品逐行列出"},
    kind=Choice(("category", "product")),
    find=in_words(
        [
            (
                re.compile(r"(?i)\b(?:by|per|each|every|which|what)\s+(?:products?|items?|articles?)\b"),
                "product",
            ),
            (re.compile(r"(?i)\b(?:by|per|each|every|which|what)\s+categor(?:y|ies)\b"), "category"),
            (re.compile(r"(?:按|每个|各个?|哪些|哪个)(?:商品|产品)"), "product"),
            (re.compile(r"(?:按|每个|各个?|哪些|哪个)(?:品类|类别|分类)"), "category"),
        ]
    ),
)
PARAMETERS = (PRODUCT, CHANGE, MAX_CHANGE, BY)


def claims(understood: Understood) -> Claim | None:
    """What asks how units answer to prices, or which price to take; no figure of prices, and no name."""
    text, links = understood.standalone, understood.links
    if asks_about_a_model(text):
        return None
    cue = CUE.search(text)
    if cue is None or _OF_PEOPLE.search(text) or _OTHER_PRICE.search(text):
        return None
    named = [m for m in links.mentions if m.kind in ("metric", "column", "value")]
    if any(m.start <= cue.start() and cue.end() <= m.end for m in named):
        return None
    return Claim(strength=Strength.SAID, reason="cue")
