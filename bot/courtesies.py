"""What is said between questions: thanks, "are you sure?", "what does that mean?"; no query is run."""

from __future__ import annotations

import re

from bot.errors import Courtesy
from bot.memory import Turn

_POLITE = r"(?:ok(?:ay)?|great|perfect|super|cool|nice|good|wow|please|but|and|hmm+|really|so|well)"
_LEAD = rf"^\W*(?:{_POLITE}\W+)*"
_THANKS = re.compile(
    rf"{_LEAD}(?:thanks?(?:\s+(?:you|a\s+lot|so\s+much|very\s+much))*|thank\s+you.{{0,20}}|thx|ty|cheers)\W*$"
    r"|^\W*(?:好的?|太好了|不错|行)?\W*(?:谢谢|多谢|感谢|辛苦)(?:你|您|啦|了|啊)*\W*$",
    re.I,
)
_SURE = re.compile(
    rf"{_LEAD}(?:are\s+you\s+(?:really\s+|absolutely\s+)?(?:sure|certain|positive)(?:\s+about\s+(?:that|this|it))?"
    r"|is\s+(?:that|this|it)\s+(?:really\s+)?(?:right|correct|true|accurate)|how\s+sure\s+are\s+you.{0,12}"
    r"|can\s+i\s+(?:trust|believe)\s+(?:that|this|it|you).{0,10})\W*$"
    r"|^\W*(?:你|您)?(?:确定|肯定)(?:吗|么|嘛)?\W*$|^\W*(?:这|这个|那)?(?:对|准|准确|靠谱|可信)(?:吗|么|嘛)\W*$",
    re.I,
)
_MEANING = re.compile(
    rf"{_LEAD}(?:what\s+does\s+(?:that|this|it)\s+mean|what\s+do\s+you\s+mean(?:\s+by\s+that)?"
    r"|how\s+(?:did|do)\s+you\s+(?:get|compute|calculate|come\s+(?:to|up\s+with))\s*(?:that|this|it)?"
    r"|what\s+(?:exactly\s+)?(?:is|was)\s+(?:that|this|counted|computed)(?:\s+exactly)?"
    r"|(?:i\s+)?(?:do\s+not|don'?t)\s+understand(?:\s+(?:that|this|it))?|explain(?:\s+(?:that|this|it))?)\W*$"
    r"|^\W*(?:这|那)?(?:是)?什么意思\W*$|^\W*(?:你|您)?(?:是)?怎么(?:算|得出|统计)(?:的|出来的)?\W*$|^\W*(?:没看懂|看不懂|不明白|解释一下)\W*$",
    re.I,
)


def courtesy_of(message: str, last: Turn | None) -> Courtesy | None:
    """What such a message is answered with; ``None`` for any other.

    Args:
        last: the turn that it speaks of.
    """
    if _THANKS.search(message):
        return Courtesy("thanks")
    is_doubt, is_question = bool(_SURE.search(message)), bool(_MEANING.search(message))
    if not (is_doubt or is_question):
        return None
    if last is None or last.status != "answered" or not last.read_as:
        return Courtesy("nothing_to_explain")
    percent = f"{100 * last.confidence:.0f} %"
    key = "how_sure" if is_doubt else "what_it_means"
    return Courtesy(key, {"question": last.standalone_question, "read_as": last.read_as, "percent": percent})
