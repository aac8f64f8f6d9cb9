"""New or returning, as the question says: what keeps the new ones does not keep those who return."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

from sql.question.linking import Links
from sql.statement.sentence import Holds, Node, Since, Statement

_WHO = r"(?:customers?|buyers?|clients?|shoppers?|members?|users?|readers?|accounts?|guests?|people|persons?)"
_NEW = re.compile(
    rf"\bnew(?:ly (?:won|acquired))?(?: \w+){{0,2}} {_WHO}\b|\bfirst[- ]time\b"
    r"|\b(?:for|was) the(?:ir)? first time\b"
    r"|新(?:老)?(?:客|用户|顾客|会员|买家)|首次|首单|第一次",
    re.I,
)
_AGAIN = re.compile(
    rf"\b(?:returning|repeat|existing|recurring|old)(?: \w+){{0,2}} {_WHO}\b|\breturning ones\b"
    r"|回头客|(?:新)?老(?:客|用户|顾客|会员|买家)|复购|再次(?:购买|下单)",
    re.I,
)


def new_or_returning(statement: Statement, links: Links) -> Statement:
    """The statement with IS_FIRST the way round that the words say; as it is where they say both or none."""
    is_new, is_again = bool(_NEW.search(links.question)), bool(_AGAIN.search(links.question))
    return statement if is_new == is_again else cast(Statement, _kept(statement, is_again))


def _kept(node: Node, is_again: bool) -> Node:
    if isinstance(node, Holds) and isinstance(node.what, Since) and node.what.word == "IS_FIRST":
        return replace(node, is_not=is_again)
    return node.with_parts(lambda part: _kept(part, is_again))
