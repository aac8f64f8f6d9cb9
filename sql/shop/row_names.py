"""Which columns name a row of a view: a product's name, a customer's first and last one."""

from __future__ import annotations

import re

from sql.semantics import View
from sql.shop.trade_words import nouns_of, read_name, spoken

MOST_NAMES = 2
"""Columns that a name may stand in: first and last name."""

_WHOLE = re.compile(r"\bname$|^title$|名称$|姓名$|名$|标题$|\bdescription$|^label$")
_FIRST, _LAST = (
    re.compile(r"\b(?:first|given) ?name$|\bfname$"),
    re.compile(r"\b(?:last|family|sur) ?name$|\blname$"),
)
_NO_NAME = re.compile(
    r"\b(?:contact|user|login|file|path|short|nick|street|bank|middle|brand|image)\b|联系人|用户名|品牌"
)
_SAME_PEOPLE = frozenset(
    {"customer", "client", "member", "buyer", "shopper", "user", "account", "consumer", "patient", "guest"}
)
_HOLDERS = frozenset(
    {"seller", "vendor", "supplier", "store", "shop", "brand", "merchant", "warehouse", "branch", "outlet"}
)
_JUST_A_NAME = frozenset({"name", "full name", "display name", "名称", "姓名", "全名"})
"""What a name is called whose table says of what it is."""
_ARTICLES = frozenset({"item", "product", "article", "material", "part", "goods"})
_LOOKUP_COLUMNS = 3
"""Columns up to which a table is a list of names, so that a description is one."""


def is_of_people(view: View) -> bool:
    """Whether the rows of a view are the people that a shop sells to or works with."""
    return bool(_SAME_PEOPLE & set(nouns_of(view.name)[-1:])) and bool(view.key)


def name_columns(view: View) -> tuple[str, ...]:
    """The text columns that name a row of a view: one, or first and last name; none for an event."""
    texts = [c for c in view.columns if c.type == "text" and c.name not in {*view.key, *view.refs}]
    said = {c.name: spoken(c.name) for c in texts}
    first = [n for n, words in said.items() if _FIRST.search(words)]
    last = [n for n, words in said.items() if _LAST.search(words)]
    nouns, kind = set(read_name(view.name)), set(nouns_of(view.name)[-1:])
    for same in (_SAME_PEOPLE, _ARTICLES):  # clients have a customer name, items a product name
        nouns |= same if nouns & same else set()
    whole = [
        name
        for name, words in said.items()
        if _WHOLE.search(words) and not _NO_NAME.search(words) and name not in {*first, *last}
    ]
    if len(view.columns) > _LOOKUP_COLUMNS:
        described = [n for n in whole if said[n] == "description"]
        whole = [n for n in whole if not said[n].endswith("description")] or [
            n for n in whole if set(said[n].split()) & nouns
        ]
        if not whole and kind & _ARTICLES:
            return tuple(described[:1])  # an old order system's items are called by their description
    if whole:
        own = [n for n in whole if set(said[n].split()[:-1]) & nouns or said[n] in _JUST_A_NAME]
        # an order has a date, and no name that is not called so; a seller's day is when he joined
        if own or view.time is None or kind & _HOLDERS:
            return ((own or whole)[0],)
    return (*first[:1], *last[:1])[:MOST_NAMES]
