"""Messages that want the answer before in another form: "show it as a pie", 换成折线图."""

from __future__ import annotations

import re
from typing import get_args

from sql.question.linking import Links
from telling.redraw import ChartKind

_KINDS: tuple[tuple[ChartKind, str], ...] = (
    ("pie", r"pies?|donuts?|doughnuts?|饼状?图|环形图|圆环图"),
    ("bar", r"bars?|columns?|histogram|柱状?图|柱形图|条形图"),
    ("line", r"lines?|curve|折线图?|曲线图?|趋势图"),
    ("table", r"table|表格?|列表"),
)
_KIND = "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS)
_ASKED = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|and|now|please|can you|could you)\W+)*"
    r"(?:(?:show|draw|plot|make|display|give|turn|see|switch|change|as|in|to|into|me|it|this|that|them|the|an?"
    rf"|chart|graph|result|answer|for|just|only)\s+)*(?:{_KIND})(?:\s+(?:chart|graph|plot|diagram))?"
    r"(?:[\s,]+(?:instead|please))*\W*$"
    r"|^\W*(?:请|帮我|再)?(?:能不能)?(?:用|以|换成?|改成?|做成|画成?|显示(?:为|成)|看看?|来)?(?:一?个|张)?"
    rf"(?:{_KIND.replace('P<', 'P<zh_')})(?:来|的形式)?(?:显示|展示|表示|画)?(?:一下|吧|呢|看看)?\W*$",
    re.I,
)


def chart_asked(said: Links) -> ChartKind | None:
    """The form that a message asks for; ``None`` where it asks for anything else, such as a bakery's pies."""
    match = _ASKED.match(said.question)
    if match is None or any(mention.kind == "value" for mention in said.mentions):
        return None
    found = match.groupdict()
    return next((kind for kind in get_args(ChartKind) if found[kind] or found[f"zh_{kind}"]), None)
