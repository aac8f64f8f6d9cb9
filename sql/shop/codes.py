"""Codes that another table, the column's own comment, or a system that is known by its columns explains.

``t_dict(dict_type, dict_code, dict_label)`` says that 3 in ``order_status`` is 已发货. A column whose codes
all stand there, under a kind that is called like it, is read as its labels: who asks knows those.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import View, ViewColumn
from sql.shop.trade_words import nouns_of, read_name, spaced
from sql.yaml_text import read_yaml

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

MAX_ROWS = 1_000
"""Rows up to which a table may be a dictionary of codes."""
_FOLDER = Path(__file__).with_name("words")
_KIND = re.compile(r"\b(?:type|kind|group|category|class|field|domain)\b|类型|类别|分类|字典|字段")
_CODE = re.compile(r"\b(?:code|value|key|number|id)\b|编码|代码|键|值|编号")
_LABEL = re.compile(r"\b(?:label|name|description|text|meaning|title)\b|名称|标签|说明|含义|描述|文本")
_SAY_LITTLE = frozenset({"code", "type", "id", "key", "value", "number", "代码", "类型", "编码"})


@dataclass(frozen=True, kw_only=True)
class CodeList:
    """What the codes of one kind mean."""

    view: str
    """The dictionary, or the system whose codes they are."""
    kind: str
    labels: Mapping[str, str]
    """Code → its label."""


def find_code_lists(workspace: Workspace) -> list[CodeList]:
    """The kinds of codes that tables of a shop explain; none where they cannot be read."""
    found = []
    for view in workspace.shop.views:
        columns = _columns(view)
        if columns is not None:
            found += _lists(workspace, view, *columns)
    return found


def known_codes(view: View) -> Mapping[str, CodeList]:
    """Column → what its codes mean, where its comment says so or the table is of a system that is known."""
    told = {
        column.name: CodeList(view=f"the comment of {column.name}", kind=column.name, labels=labels)
        for column in view.columns
        if (labels := codes_in_comment(column.description))
    }
    return {**_codes_of_system(view), **told}


def codes_in_comment(comment: str) -> dict[str, str]:
    """Code → label, of a comment that lists them; empty where it lists none, or only yes and no.

    >>> codes_in_comment("订单状态（0待确认, 1已确认/待支付, 2已支付）")
    {'0': '待确认', '1': '已确认/待支付', '2': '已支付'}
    >>> codes_in_comment("1=draft; 2=sent, 9 = cancelled by staff")
    {'1': 'draft', '2': 'sent', '9': 'cancelled by staff'}
    >>> codes_in_comment("amount in EUR, 2 decimals")
    {}
    """
    labels: dict[str, str] = {}
    for match in _CODE_AND_LABEL.finditer(comment):
        labels.setdefault(match[1], match[2].strip())
    is_flag = set(labels) <= {"0", "1"}
    return labels if len(labels) >= LEAST_CODES and not is_flag else {}


def _codes_of_system(view: View) -> Mapping[str, CodeList]:
    own = {column.name.lower(): column.name for column in view.columns}
    for each in _systems():
        if all(name.lower() in own for name in each["columns"]):
            return {
                own[name.lower()]: CodeList(
                    view=each["system"], kind=name, labels={str(k): v for k, v in labels.items()}
                )
                for name, labels in each.get("codes", {}).items()
                if name.lower() in own
            }
    return {}


_CODE_AND_LABEL = re.compile(
    r"(?<![\w.])(-?\d{1,3})\s*[:：=＝\-—–.．、]{0,2}\s*"
    r"([^\W\d_](?:[^,，;；|。（）()\[\]{}\d\n]|(?<=[^\W\d_])\d)*?)\s*"
    r"(?=$|[,，;；|。（）()\[\]{}\n/、]?\s*-?\d{1,3}\s*[:：=＝\-—–.．、]{0,2}\s*[^\W\d_]|[,，;；|。）)\]}\n])"
)
"""A code and its label in a comment."""
LEAST_CODES = 2


def known_words(view: View) -> Mapping[str, tuple[str, ...]]:
    """Column → what people call it, where a table has the columns of a system whose names mislead."""
    own = {column.name.lower(): column.name for column in view.columns}
    for each in _systems():
        if "words" in each and all(name.lower() in own for name in each["columns"]):
            return {own[n.lower()]: tuple(said) for n, said in each["words"].items() if n.lower() in own}
    return {}


def known_rows(view: View) -> str:
    """SQL of the rows that count, where a table has the columns of a system that keeps others in it too."""
    own = {column.name.lower() for column in view.columns}
    found = (
        each["rows"] for each in _systems() if "rows" in each and {*map(str.lower, each["columns"])} <= own
    )
    return str(next(found, ""))


@cache
def _systems() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_yaml((_FOLDER / "known_codes.yml").read_text("utf-8"))
    return found


def called_like(view: View, column: ViewColumn, lists: Iterable[CodeList]) -> list[tuple[int, CodeList]]:
    """The kinds of codes that a column could be of by its name, with how clearly, the clearest first."""
    own = _words(column.name)
    place = own | _words(view.name)
    ranked: list[tuple[int, CodeList]] = []
    for each in lists:
        kind = _words(each.kind)
        if each.view == view.name:
            continue
        if kind & own and kind <= place:
            ranked.append((len(kind), each))
        elif (kind & own and own <= kind) or _is_short_for(each.kind, column.name):
            ranked.append((0, each))
    return sorted(ranked, key=lambda one: -one[0])


def labels_of(
    view: View,
    column: ViewColumn,
    codes: Iterable[str],
    lists: Iterable[CodeList],
    others: Iterable[View] = (),
) -> CodeList | None:
    """What the codes of a column mean; ``None`` where no kind, or more than one, explains them.

    Args:
        codes: every value that the column has.
        others: the shop's other views: a product's status is none of the kind that is called after orders.
    """
    codes = set(codes)
    foreign = {noun for other in others for noun in nouns_of(other.name)} - _words(view.name)
    foreign -= _words(column.name) | _SAY_LITTLE
    fits = [
        (clearness, each)
        for clearness, each in called_like(view, column, lists)
        if codes and codes <= set(each.labels) and (clearness or not _words(each.kind) & foreign)
    ]
    if not fits or (len(fits) > 1 and fits[0][0] == fits[1][0]):
        return None
    return fits[0][1]


def _is_short_for(kind: str, column: str) -> bool:
    """``OSTS`` for the status of orders, ``hydj`` for the ``dj`` of a 会员: what the column is called, behind
    a letter or the initials of a thing."""
    said, words = spaced(kind), spaced(column).split()
    if any(len(word) > 2 and said[1:] == word for word in words):
        return True
    is_initials = re.fullmatch(r"[b-df-hj-np-tv-z]{4}", said) is not None
    return len(words) == 1 and is_initials and said[2:] == words[0]


def _words(name: str) -> set[str]:
    words = set(read_name(name))
    return words - _SAY_LITTLE or words


def _columns(view: View) -> tuple[ViewColumn, ViewColumn, ViewColumn] | None:
    """The columns with kinds, codes and labels; each has its own."""
    left = [c for c in view.columns if c.type in ("text", "integer")]
    chosen: list[ViewColumn] = []
    for wanted, types in ((_KIND, ("text",)), (_LABEL, ("text",)), (_CODE, ("text", "integer"))):
        # the last word of a name says what it is: dict_type is a type, type_name is a name
        fits = [c for c in left if c.type in types and c not in chosen and wanted.search(_last(c.name))]
        exact = [c for c in fits if "id" not in read_name(c.name)]
        if not fits:
            return None
        chosen.append((exact or fits)[0])
    kind, label, code = chosen
    return kind, code, label


def _last(name: str) -> str:
    return (read_name(name) or [""])[-1]


def _lists(
    workspace: Workspace, view: View, kind: ViewColumn, code: ViewColumn, label: ViewColumn
) -> list[CodeList]:
    dialect = workspace.catalog.dialect
    names = [quoted(column.name, dialect) for column in (kind, code, label)]
    asked = f"SELECT {', '.join(names)} FROM {quoted(view.name, dialect)} LIMIT {MAX_ROWS + 1}"
    try:
        rows = workspace.run(asked).rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return []
    if len(rows) > MAX_ROWS:
        return []
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for said, value, told in rows:
        if said is None or value is None or told is None:
            continue
        if labels[str(said)].setdefault(str(value), str(told)) != str(told):
            return []  # one code in two ways: no dictionary
    several = {said: told for said, told in labels.items() if len(told) > 1}
    if len(labels) < 2 or not several:
        return []  # a list of products has a category, a code and a name too
    return [CodeList(view=view.name, kind=said, labels=told) for said, told in several.items()]
