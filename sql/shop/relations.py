"""Keys and links that a database does not declare, found in its values.

A column is a key when no row is without it and no two rows share it; its name only says which is looked at
first. A column refers to another table when its name says so and its values are found among the keys there. A
link leads from many rows to at most one, so a question across tables never counts a row twice. What the
database declares, and what a description already says, stands.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sql.errors import SqlError
from sql.names import quoted
from sql.semantics import Shop, View, ViewColumn
from sql.shop.row_names import name_columns
from sql.shop.trade_words import is_chinese, nouns_of, says, singular, spoken

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

logger = logging.getLogger(__name__)

LEAST_MATCH = 0.9
"""Share of a column's values that must be keys there, where its name says so clearly."""
LEAST_MATCH_BY_HINT = 0.98
"""The same where its name only hints at it."""
LEAST_VALUES = 20
"""Different values, all of them keys there, that make a link of a column whose name says nothing."""
FEW_ROWS = 500
"""Rows of a table that a handful of numbers may lead to where the column's name is clear."""
SHORT_LIST = 60
"""The same where it only hints: a list of states, and no log."""
MAX_CANDIDATES = 6
"""Columns of a table that are looked at as its key."""
_KEY_WORD = re.compile(
    r"(?:^| )(?:id|ids|key|code|no|nr|num|number|sku|uuid|guid|handle|ref|reference|barcode|ean|isbn)(?: |$)"
    r"|编号|单号|编码|代码|货号|条码|款号|序号|号$",
)
_KEY_ENDS = ("id", "bh", "bm", "no")
_SHORT_KEY = re.compile(rf"[a-z]{{1,5}}(?:{'|'.join(_KEY_ENDS)})")
"""Ends of abbreviated and pinyin names that say the same."""
_GENERIC = frozenset(
    {"entity id", "id", "key", "code", "no", "nr", "num", "number", "ref", "name", "uuid", "编号", "序号"}
)

_PLACES_IN_A_LIST = frozenset({"sort order", "display order", "order by"})
"""Columns that say where a row is shown, and nothing of orders."""
_PIECES = re.compile(r"^(?:stock|inventory|quantity)$|库存")
_LETTERS = {"uid": "user", "oid": "order", "gid": "goods", "mid": "member"}
"""What a letter before ``id`` stands for in many systems."""
_A_LETTER = re.compile(r"[a-oq-z]id")
"""A letter and ``id``; ``pid`` is a parent's."""
_SAME_THING = frozenset({"user", "account", "person", "contact", "ref", "reference", "fk", "link"})
"""What a name says of a thing that it refers to without calling it a key: WooCommerce's ``customer_user``."""
_STAFF = frozenset({"employee", "staff", "salesperson", "salesman", "员工", "职员"})
_POSTS = frozenset(
    {"rep", "representative", "manager", "salesperson", "salesman", "agent", "clerk", "cashier"}
)
"""What a member of the staff is called where a row names one: ``support_rep_id``."""
_MORE = frozenset({"grid", "ext", "extension", "flat"})
"""What a table is called that continues the rows of another."""
_PARTS = frozenset(
    {"group", "type", "category", "class", "level", "tier", "grade", "rank", "segment", "status", "state"}
    | {"address", "line", "item", "card", "coupon", "variant", "kind"}
)
"""What things have that has keys of its own."""
_NO_KEY = re.compile(
    r"\b(?:zip|postal|post|receipt|invoice|tracking|phone|fax|year|version|build)\b|邮编|电话|发票|小票"
)
"""Numbers of their own kind, which keys may agree with by accident."""
_VERBS = {"shipper": "ship", "supplier": "supply"}
"""What they do by whom a row is told of: ``ship_via``, ``supply_id``."""
_LINES = frozenset({"entry", "line", "row", "detail"})
"""What is numbered within an order."""
_SUPERIORS = frozenset({"manager", "supervisor", "superior", "boss", "leader"})
_SUPERIORS_ZH = ("上级", "主管", "领导")
"""What a row of a table of people calls another."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A column that refers to the key of another view."""

    view: str
    column: str
    target: str
    key: str
    matched: int
    """Different values of the column that are keys there."""
    total: int
    """Different values of the column."""

    @property
    def share(self) -> float:
        """Matched of all, in [0, 1]."""
        return self.matched / self.total if self.total else 0.0


@dataclass(frozen=True, kw_only=True)
class _Counts:
    """What is counted once of each view."""

    rows: dict[str, int] = field(default_factory=dict)
    least: dict[tuple[str, str], int] = field(default_factory=dict)
    """The smallest value of a key."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A description with its keys and links, and which of them were found in the values."""

    shop: Shop
    keys: Mapping[str, str]
    """View → column that was found to be its key."""
    relations: tuple[Relation, ...]


def find_relations(workspace: Workspace) -> Found:
    """Look for the keys and links of views that have none declared; only counts are read.

    A table that takes too long to look at is left as it is.
    """
    shop = workspace.shop
    counts = _Counts()
    keys: dict[str, str] = {}
    views: list[View] = []
    several: dict[str, tuple[str, ...]] = {}
    for view in shop.views:
        if not view.key:
            found = _keys(workspace, view, counts)
            if found:
                keys[view.name] = found[0]
                view = replace(view, key=found[:1])
            if len(found) > 1:
                several[view.name] = found
        views.append(view)
    for place, view in enumerate(views):
        if view.name in several:
            views[place] = _by_referrers(workspace, view, several[view.name], views, counts)
            keys[view.name] = views[place].key[0]
    views = [_by_name(workspace, view, views, keys) for view in views]
    relations: list[Relation] = []
    for place, view in enumerate(views):
        refs = dict(view.refs)
        for column in view.columns:
            if column.name in refs:
                continue
            relation = _relation(workspace, view, column, views, counts)
            if relation is not None:
                refs[column.name] = relation.target
                relations.append(relation)
        views[place] = replace(view, refs=refs)
    return Found(shop=replace(shop, views=tuple(views)), keys=keys, relations=tuple(relations))


def _by_name(workspace: Workspace, view: View, views: list[View], keys: dict[str, str]) -> View:
    """A view that others refer to by its names, and by its found key none: its names are its key then."""
    if view.name not in keys:
        return view
    others = [other for other in views if other is not view]

    def referring(column: ViewColumn) -> list[View]:
        return [o for o in others if (c := o.column(column.name)) is not None and c.type == column.type]

    key = view.column(view.key[0])
    if (
        key is None
        or referring(key)
        or any(_clearness(c, key.name, view, o) and not _is_name(c) for o in others for c in o.columns)
    ):
        return view
    for name in name_columns(view):
        column = view.column(name)
        if column is None or spoken(name) in _GENERIC or not (there := referring(column)):
            continue
        own, table = quoted(name, workspace.catalog.dialect), _table(workspace, view)
        figures = f"COUNT(*) AS n, COUNT({own}) AS filled, COUNT(DISTINCT {own}) AS d"
        found = _counted(workspace, f"SELECT {figures} FROM {table}")
        if found is None or not found[0] == found[1] == found[2]:
            continue
        named = replace(view, key=(name,))
        matches = [_matched(workspace, other, name, named, name) for other in there]
        if any(match is not None and match.matched > 1 and match.share == 1.0 for match in matches):
            keys[view.name] = name
            return named
    return view


def _is_name(column: ViewColumn) -> bool:
    return spoken(column.name).endswith("name")


def _keys(workspace: Workspace, view: View, counts: _Counts) -> tuple[str, ...]:
    """The columns that tell the rows of a table apart, the likeliest by its name first."""
    columns = [c for c in view.columns if c.type in ("integer", "text")]
    likely = sorted((c for c in columns if is_key_like(c.name)), key=lambda c: _distance(c.name, view))
    candidates = list(dict.fromkeys(c.name for c in [*likely, *columns[:1]]))[:MAX_CANDIDATES]
    if not candidates:
        return ()
    figures = []
    for number, name in enumerate(candidates):
        written = quoted(name, workspace.catalog.dialect)
        figures += [f"COUNT({written}) AS n_{number}", f"COUNT(DISTINCT {written}) AS d_{number}"]
    found = _counted(workspace, f"SELECT COUNT(*) AS n, {', '.join(figures)} FROM {_table(workspace, view)}")
    if found is None:
        return ()
    counts.rows[view.name] = found[0]
    counted = zip(candidates, found[1::2], found[2::2], strict=True)
    return tuple(
        name for name, filled, different in counted if found[0] > 1 and filled == different == found[0]
    )


def _by_referrers(
    workspace: Workspace, view: View, keys: tuple[str, ...], views: list[View], counts: _Counts
) -> View:
    """A view whose rows several columns tell apart: its key is the one that most columns elsewhere hold."""

    first, others = spoken(keys[0]).split(), [other for other in views if other is not view]
    if first in (["id"], ["entity", "id"]):
        return view
    is_own_id = "id" in first and set(first) - {"id", "entity"} <= set(_nouns(view))

    def is_anothers(key: str) -> bool:
        column, keyless = view.column(key), replace(view, key=())
        return column is not None and any(_refers(workspace, keyless, column, o, counts) for o in others)

    def held(key: str) -> int:
        keyed = replace(view, key=(key,))
        columns = ((other, c) for other in others for c in other.columns)
        return sum(_refers(workspace, other, c, keyed, counts) is not None for other, c in columns)

    if is_own_id and held(keys[0]):
        return view
    own = [key for key in keys if (key == keys[0] and is_own_id) or not is_anothers(key)] or keys[:1]
    best = max(own, key=held) if len(own) > 1 else own[0]  # of equals the likeliest by its name
    return replace(view, key=(best,))


def _relation(
    workspace: Workspace, view: View, column: ViewColumn, views: list[View], counts: _Counts
) -> Relation | None:
    """The view that a column refers to: the clearest by name, of equals the one with most matches."""
    best: tuple[float, float, Relation] | None = None
    for target in views:
        found = _refers(workspace, view, column, target, counts)
        if found is not None and (best is None or (found[0], found[1].share) > best[:2]):
            best = (found[0], found[1].share, found[1])
    return best[2] if best is not None else None


def _refers(
    workspace: Workspace, view: View, column: ViewColumn, target: View, counts: _Counts
) -> tuple[float, Relation] | None:
    """How clearly a column refers to a view, and by how many of its values; ``None`` where it does not."""
    is_own = target.name == view.name
    if (
        len(target.key) != 1
        or column.type not in ("integer", "text")
        or column.name == (is_own and target.key[0])
    ):
        return None
    key = target.column(target.key[0])
    if key is None or key.type != column.type:
        return None
    clearness = _superior(column.name, view) if is_own else _clearness(column, key.name, target, view)
    if not is_own and _is_continued(workspace, view, column.name, target, counts):
        clearness = 3
    elif view.key == (column.name,) and not (
        _is_named_after(column.name, target) and _hangs_on(workspace, view, target, clearness, counts)
    ):
        return None
    if clearness == 0 and (is_own or not _may_be_a_key(column)):
        return None
    if clearness == 0 and column.type == "integer" and not _are_telling(workspace, target, key.name, counts):
        return None
    relation = _matched(workspace, view, column.name, target, key.name)
    if relation is None or not _is_enough(relation, clearness):
        return None
    if clearness == 0 and column.type == "integer" and relation.total == _rows(workspace, view, counts):
        return None  # it numbers its own rows
    if relation.matched < LEAST_VALUES and clearness < 3 and column.type == "integer":
        # small numbers are rows of any long table: a refund's state 1 and 2 of 43,000 lines of a log
        most = FEW_ROWS if clearness >= 2 and is_key_like(column.name) else SHORT_LIST
        if _rows(workspace, target, counts) > max(most, relation.matched * FEW_ROWS // LEAST_VALUES):
            return None
    return clearness, relation


def _is_continued(workspace: Workspace, view: View, column: str, target: View, counts: _Counts) -> bool:
    """Whether a view just continues each row of another: Magento's ``sales_order_grid``."""
    more = view.name.lower().removeprefix(f"{target.name.lower()}_")
    if more not in _MORE or view.key != (column,) or target.key != (column,):
        return False
    if any(_clearness(c, column, target, view) for c in view.columns if c.name != column):
        return False  # another column says to which row it belongs
    return _rows(workspace, view, counts) == _rows(workspace, target, counts)


def _may_be_a_key(column: ViewColumn) -> bool:
    """Whether its values alone may tell what a column refers to: by its name it may be a key."""
    if column.type == "text":
        return is_key_like(column.name)
    return says(_KEY_WORD, column.name, column.type) and not says(_NO_KEY, column.name, column.type)


def _are_telling(workspace: Workspace, view: View, key: str, counts: _Counts) -> bool:
    """Whether numbers are found among a view's keys by no accident: they do not begin anywhere near 1."""
    count = _rows(workspace, view, counts)
    if (view.name, key) not in counts.least:
        written, table = quoted(key, workspace.catalog.dialect), _table(workspace, view)
        found = _counted(workspace, f"SELECT MIN({written}) AS n FROM {table}") if count else None
        counts.least[view.name, key] = found[0] if found is not None else 0
    return counts.least[view.name, key] > count


def _is_enough(relation: Relation, clearness: float) -> bool:
    if clearness >= 2:
        return relation.matched > 0 and relation.share >= LEAST_MATCH
    if clearness == 1:
        return relation.matched > 1 and relation.share >= LEAST_MATCH_BY_HINT
    return relation.matched >= LEAST_VALUES and relation.share == 1.0


def _is_named_after(column: str, target: View) -> bool:
    """Whether a column says whose key it holds: numbers from 1 upwards are found in every other key."""
    words = {singular(word) for word in spoken(column).split()}
    return bool(words & set(_nouns(target)))


def _rows(workspace: Workspace, view: View, counts: _Counts) -> int:
    """The rows of a view, counted once; none where they cannot be counted."""
    if view.name not in counts.rows:
        found = _counted(workspace, f"SELECT COUNT(*) AS n FROM {_table(workspace, view)}")
        if found is None:
            return 0
        counts.rows[view.name] = found[0]
    return counts.rows[view.name]


def _hangs_on(workspace: Workspace, view: View, target: View, clearness: float, counts: _Counts) -> bool:
    """Whether one row here belongs to one row there, and not the other way round."""
    if clearness < 3:
        return False
    for each in (view, target):
        if each.name not in counts.rows:
            found = _counted(workspace, f"SELECT COUNT(*) AS n FROM {_table(workspace, each)}")
            if found is None:
                return False
            counts.rows[each.name] = found[0]
    here, there = counts.rows[view.name], counts.rows[target.name]
    is_of_it = set(_nouns(target)) <= set(spoken(target.key[0]).split())
    return here < there or (here == there and is_of_it)  # stock has a row for each item, and hangs on it


def _matched(workspace: Workspace, view: View, column: str, target: View, key: str) -> Relation | None:
    dialect = workspace.catalog.dialect
    own, other = quoted(column, dialect), quoted(key, dialect)
    here, there = _table(workspace, view), _table(workspace, target)
    held = view.column(column)
    known = own
    if held is not None and held.type == "integer":  # a guest is customer 0 in many shops, and no customer is
        known = f"CASE WHEN {own} <> 0 OR 0 IN (SELECT {other} FROM {there}) THEN {own} END"
    total = _counted(workspace, f"SELECT COUNT(DISTINCT {known}) AS n FROM {here}")
    if total is None or total[0] == 0:
        return None
    matched = _counted(
        workspace,
        f"SELECT COUNT(DISTINCT one.{own}) AS n FROM {here} AS one "
        f"JOIN {there} AS other ON one.{own} = other.{other}",
    )
    if matched is None:
        return None
    return Relation(
        view=view.name, column=column, target=target.name, key=key, matched=matched[0], total=total[0]
    )


def _counted(workspace: Workspace, sql: str) -> tuple[int, ...] | None:
    try:
        (row,) = workspace.run(sql).rows
    except SqlError as error:
        logger.info("not looked at: %s", type(error).__name__)
        return None
    return tuple(int(str(value)) for value in row)


def _table(workspace: Workspace, view: View) -> str:
    return quoted(view.name, workspace.catalog.dialect)


# ---- names ------------------------------------------------------------------------------------------------


def _nouns(view: View) -> list[str]:
    """The words of a view's name in the singular."""
    return ["person" if word == "people" else word for word in nouns_of(view.name)]


def _is_its_own(column: str, view: View, nouns: list[str]) -> bool:
    """Whether a column tells the rows of its own view apart: ``item_id`` of ``stock_item``, which is no
    ``order_item``. One that does not may be that of ``items`` or ``menu_items``, but of no other line."""
    words = [singular(word) for word in spoken(column).split() if not _KEY_WORD.search(word)]
    own = _nouns(view)
    if not words or not is_key_like(column) or words != own[-1:] or words == nouns or nouns[-1:] != words:
        return False
    return column in view.key or words[0] in _LINES or bool(set(own[:-1]) & set(nouns[:-1]))


def _is_of_a_part(words: list[str], nouns: list[str]) -> bool:
    """Whether a key is that of something of the thing: a customer's group is no customer."""
    if not nouns or nouns[-1] not in words or not words[-1:] or not _KEY_WORD.search(words[-1]):
        return False
    behind = words[words.index(nouns[-1]) + 1 : -1]
    return bool(set(behind) & _PARTS)


def is_key_like(name: str) -> bool:
    """Whether a name says that its column tells things apart: ids, codes, numbers of orders."""
    return says(_KEY_WORD, name) or _SHORT_KEY.fullmatch(name.lower()) is not None


def _distance(name: str, view: View) -> int:
    """How far a column's name is from being that of the table's key."""
    said, nouns = spoken(name), _nouns(view)
    words = [singular(word) for word in said.split()]
    own, table = (each.lower().replace("_", "") for each in (name, view.name))
    if said in _GENERIC or (nouns and words[:-1] == nouns) or own in {f"{table}{end}" for end in _KEY_ENDS}:
        return 0
    return 1 if any(noun in words for noun in nouns) else 2


def _ends_with(column: str, key: str) -> bool:
    """常用仓号 for the 仓号 of another table."""
    return is_chinese(key) and len(key) > 1 and len(column) > len(key) and column.endswith(key)


def _nearness(nouns: list[str], words: list[str]) -> float:
    """From 0 to 0.3: the fewer words a view's name has beside a column's, the nearer it is. ``user_id`` is
    that of ``mall_user``, and not of ``mall_coupon_user``."""
    return 0.3 / (1 + len(set(nouns) - set(words)))


def _superior(column: str, view: View) -> float:
    """How clearly a name says that a column of those who work there refers to another of them: 1 it hints,
    0 not at all."""
    if not set(_nouns(view)[-1:]) & (_STAFF | _POSTS | {"user", "person"}):
        return 0
    of_them = {word for word in spoken(column).split() if not _KEY_WORD.search(word)}
    is_one = bool(of_them) and (of_them <= _SUPERIORS or of_them == {"report", "to"})
    return 1 if is_one or any(each in column for each in _SUPERIORS_ZH) else 0


def _clearness(held: ViewColumn, key: str, target: View, view: View) -> float:
    """How clearly a name says that a column of a view refers to another: 3 very, 2 clearly, 1 it hints, 0 not
    at all."""
    column = held.name
    own, other, nouns = spoken(column), spoken(key), _nouns(target)
    words = [singular(word) for word in own.split()]
    if own in _PLACES_IN_A_LIST or _is_its_own(column, view, nouns):
        return 0
    if nouns and other in _GENERIC and _LETTERS.get(column.lower()) == nouns[-1]:
        return 2.5 if len(nouns) == 1 else 2
    shared = set(nouns) & set(_nouns(view))
    if other in _GENERIC and _A_LETTER.fullmatch(column) and any(noun[0] == column[0] for noun in shared):
        return 1  # a coupon_user's cid is that of a coupon
    named = bool(nouns) and nouns[-1] in words and not _is_of_a_part(words, nouns)
    if own == other and own not in _GENERIC:
        return 3.5 if named else 3  # a product's number is that of a product, and not of its stock
    if held.type == "integer" and says(_KEY_WORD, column) and not says(_KEY_WORD, column, "integer"):
        return 0  # a number of pieces: refund_num
    if other in _GENERIC and named and own.endswith(other):
        # a user's id is that of a user, and not of a user's coupon
        return 3.1 + _nearness(nouns, words)
    if own == "parent id" and view.name.lower().startswith(f"{target.name.lower()}_"):
        return 2  # an order's address in Magento
    if is_key_like(column) and _POSTS & set(words) and nouns and nouns[-1] in _STAFF:
        return 1
    if words[-1:] == ["by"] and nouns and nouns[-1] in _STAFF | {"user"}:
        return 1  # created_by
    if nouns and words and words[0] == _VERBS.get(nouns[-1]):
        return 2 if words[-1] == "id" else float(words[-1] == "via")  # supply_id, ship_via
    rest = set(words) - set(nouns)
    if named and rest == {"name"} and held.type == "text":
        return 1
    if named and (is_key_like(column) or (rest and rest <= _SAME_THING)):
        return 2 + _nearness(nouns, words)
    if other not in _GENERIC and (own.endswith(f" {other}") or _ends_with(column, key)):
        return 2
    if _PIECES.search(nouns[-1] if nouns else ""):
        return 0  # a minimum stock is a number of pieces, and no row of the stock
    return 1 if words == nouns or (named and words[-1:] == nouns[-1:]) else 0
