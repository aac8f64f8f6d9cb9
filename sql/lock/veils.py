"""Columns that a role sees through a veil: people's own words, and values with a pseudonym in their place.

Their cells are changed after the database has answered (``sql.lock.run``), for no database can find a name in
a text. So a statement may do with such a column only what would tell the same of the veiled cells:

* people's words may be shown as they stand, counted, measured by length and asked whether they are there;
* a value with a pseudonym may also be grouped by, counted once each and compared with another such column,
  for the same value has the same pseudonym everywhere.

Everything else is refused: a comparison with a written text, LIKE, a piece of the text, the smallest one
and an order would tell what the veil hides. Which outputs of a statement hold such cells is followed
through every query in it; what cannot be followed is refused.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from sql.lock.trees import SETS
from sql.names import decode, key
from sql.personal import REGIONS, VERSION, KnownNames, mask, pseudonym
from sql.semantics import Role, Shop, View, ViewColumn
from sql.types import Table, Value

Kind = Literal["words", "pseudonym"]
Veils = Mapping[tuple[str, str], Kind]
"""Keys of ``(view, column)`` → how the role sees it."""

_WORDS = re.compile(
    r"(?:^|_)(?:comments?|notes?|message|messages|body|remarks?|feedback|complaint|instructions?|memo|review_text|"
    r"ticket_text|text|content|greeting|gift_message)(?:$|_(?:en|zh|text|body))"
    r"|备注|留言|评论|评价|反馈|投诉|附言|内容|正文|买家说|寄语"
)


class VeilRefusal(Exception):
    """Why a statement would tell what a veil hides."""


def holds_words(shop: Shop, view: View, column: ViewColumn) -> bool:
    """Whether a column holds what people wrote: said in shop.yml, the text of the reviews, or by its name."""
    if column.free_text is not None:
        return column.free_text
    source = shop.reviews
    is_source = source is not None and key(source.view) == key(view.name)
    if source is not None and is_source and key(column.name) in map(key, source.text):
        return True
    is_list = column.sampled or bool(column.values)
    return column.type == "text" and not is_list and _WORDS.search(column.name.lower()) is not None


def veils_of(shop: Shop, role: Role) -> dict[tuple[str, str], Kind]:
    """What the role sees through a veil."""
    found: dict[tuple[str, str], Kind] = {}
    if role.free_text == "masked":
        found = {
            (key(view.name), key(column.name)): "words"
            for view in shop.views
            for column in view.columns
            if holds_words(shop, view, column)
        }
    return found | {(key(view), key(column)): "pseudonym" for view, column in role.pseudonyms}


class Veil:
    """How cells are changed.

    Args:
        known: reads names of people that the shop knows; asked once, when the first text is masked.
        salt: what pseudonyms are made with.
        regions: where telephone numbers without a country's code are from, ISO 3166 alpha-2.
    """

    def __init__(
        self,
        known: Callable[[], KnownNames] = KnownNames,
        salt: bytes = b"",
        regions: Sequence[str] = REGIONS,
    ) -> None:
        self._read = known
        self._regions = tuple(regions)
        self._salt = salt
        self._known: KnownNames | None = None
        self._lock = threading.Lock()

    @property
    def known(self) -> KnownNames:
        """Names of people that the shop knows."""
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return self._known

    @property
    def version(self) -> str:
        """Equal for two veils that mask a text alike: whoever keeps masked texts keeps it beside them."""
        return f"{VERSION} {self.known.digest} {','.join(self._regions)}"

    def over(self, table: Table, kinds: Sequence[Kind | None]) -> Table:
        """The table with its veiled cells changed.

        Args:
            kinds: of each column, in order; ``None`` for one that is shown as it is.
        """
        masked = partial(mask, known=self.known, regions=self._regions) if "words" in kinds else str
        named = partial(pseudonym, salt=self._salt)
        changes = {
            place: masked if kind == "words" else named
            for place, kind in enumerate(kinds)
            if kind is not None
        }
        if not changes:
            return table

        def changed(row: tuple[Value, ...]) -> tuple[Value, ...]:
            return tuple(
                cell if place not in changes or cell is None else changes[place](_text(cell))
                for place, cell in enumerate(row)
            )

        columns = tuple(
            replace(column, type="text") if place in changes else column
            for place, column in enumerate(table.columns)
        )
        return replace(table, columns=columns, rows=tuple(map(changed, table.rows)))


def _text(cell: Value) -> str:
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def veiled_outputs(
    tree: exp.Query, views: Mapping[str, str], veils: Veils, role: str
) -> tuple[Kind | None, ...]:
    """Of each output of a statement, how the role sees it; empty where no output is veiled.

    Args:
        tree: the statement with every column resolved (``sql.lock.resolve``).
        views: key of a table's name in it → key of the view that it stands for.
        veils: see :func:`veils_of`.
    Raises:
        VeilRefusal: it would tell what a veil hides.
    """
    return _Following(views, veils, role).outputs(tree)


def refuse_rows_of(tree: exp.Query, names: Mapping[str, Kind], role: str) -> None:
    """Refuse what makes rows of a veiled column (UNNEST): its columns are not in the resolved statement.

    Args:
        names: keys of the columns that are veiled in one of the statement's views.
    """
    for node in tree.find_all(exp.Table, exp.Unnest, exp.Lateral):
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            continue
        for column in node.find_all(exp.Column):
            if key(column.name) in names:
                raise _refusal(column.name, names[key(column.name)], role)


def _refusal(column: str, kind: Kind, role: str) -> VeilRefusal:
    if kind == "words":
        return VeilRefusal(
            f"{decode(column)} holds people's own words, in which the role {role} sees no personal data: it "
            "can be shown as it stands, counted or asked whether it is empty, and not searched, compared, "
            "sorted, grouped or cut; search the texts themselves (shoptalk search)"
        )
    return VeilRefusal(
        f"{decode(column)} is shown to the role {role} as a pseudonym: it can be shown, counted, grouped by "
        "and joined with the same column elsewhere, and not compared with a value, sorted by or cut"
    )


@dataclass
class _Following:
    views: Mapping[str, str]
    veils: Veils
    role: str

    def outputs(self, tree: exp.Query) -> tuple[Kind | None, ...]:
        self.scopes: dict[int, Scope] = {}
        self.found: dict[int, tuple[Kind | None, ...]] = {}
        scopes = list(traverse_scope(tree))
        for scope in scopes:
            self.scopes[id(scope.expression)] = scope
        for scope in scopes:  # inner queries first
            self.found[id(scope.expression)] = self.outputs_of(scope)
        kinds = self.found.get(id(tree))
        if kinds is None:
            kinds = self.found[id(scopes[-1].expression)]
        if any(self.found.values()) and any(w.args.get("recursive") for w in tree.find_all(exp.With)):
            self.refuse_recursion(tree)
        return kinds if any(kinds) else ()

    def refuse_recursion(self, tree: exp.Query) -> None:
        for column in tree.find_all(exp.Column):
            kind = self.kind(column)
            if kind is not None:
                raise _refusal(column.name, kind, self.role)

    def outputs_of(self, scope: Scope) -> tuple[Kind | None, ...]:
        query = scope.expression
        if isinstance(query, SETS):
            return self.outputs_of_set(query)
        if not isinstance(query, exp.Select):
            inner = query.find(exp.Select)
            return self.found.get(id(inner), ()) if inner is not None else ()
        kinds = []
        for output in query.expressions:
            inner = output.unalias()
            kinds.append(self.kind(inner) if isinstance(inner, exp.Column) else None)
        for column in self.columns(query):
            kind = self.kind(column)
            if kind is not None and not self.is_harmless(column, kind, query):
                raise _refusal(column.name, kind, self.role)
        self.check_clauses(query, kinds)
        self.check_subqueries(query)
        return tuple(kinds)

    def columns(self, query: exp.Select) -> list[exp.Column]:
        """Columns of the query itself, not of the queries in it."""
        return [c for c in query.find_all(exp.Column) if c.find_ancestor(exp.Select) is query]

    def kind(self, column: exp.Column) -> Kind | None:
        """How the role sees what a column stands for; the stricter where more than one may be meant."""
        select = column.find_ancestor(exp.Select, *SETS)
        if isinstance(select, SETS):  # ORDER BY of a set: one of its outputs
            kinds = self.outputs_of_set(select)
            names = select.named_selects
            return next((k for n, k in zip(names, kinds, strict=False) if n == column.name and k), None)
        scope = self.scopes.get(id(select)) if select is not None else None
        if not column.table:
            kinds_here = [
                self.kind(output.this)
                for output in (select.expressions if select is not None else ())
                if isinstance(output, exp.Alias) and output.alias == column.name
                if isinstance(output.this, exp.Column) and output.this is not column
                if output.this.table or output.this.name != column.name
            ]
            sources = scope.sources.values() if scope is not None else ()
            kinds_here += [self.kind_in(source, column.name) for source in sources]
            return "words" if "words" in kinds_here else next((k for k in kinds_here if k), None)
        while scope is not None:
            if column.table in scope.sources:
                return self.kind_in(scope.sources[column.table], column.name)
            scope = scope.parent
        return None

    def kind_in(self, source: object, name: str) -> Kind | None:
        if isinstance(source, exp.Table):
            view = self.views.get(key(decode(source.name)))
            return self.veils.get((view, key(decode(name)))) if view is not None else None
        if isinstance(source, Scope):
            kinds = self.found.get(id(source.expression), ())
            if not any(kinds):
                return None
            query = source.expression
            named = query.named_selects if isinstance(query, exp.Query) else []
            names = [key(decode(each)) for each in named]
            if key(decode(name)) in names:
                return kinds[names.index(key(decode(name)))]
            return next(kind for kind in kinds if kind)  # renamed on the way: taken for the veiled one
        return None

    def outputs_of_set(self, query: exp.Query) -> tuple[Kind | None, ...]:
        sides = []
        for side in (query.this, query.expression):
            while isinstance(side, exp.Subquery):
                side = side.this
            kinds = self.outputs_of_set(side) if isinstance(side, SETS) else self.found.get(id(side))
            if kinds is None:
                kinds = self.outputs_of(self.scopes[id(side)]) if id(side) in self.scopes else ()
            sides.append(kinds or (None,) * len(side.named_selects))
        is_all = isinstance(query, exp.Union) and not query.args.get("distinct")
        joined: list[Kind | None] = []
        for name, one, other in zip(query.named_selects, *sides, strict=False):
            kind = one or other
            if kind is not None and (
                (one != other and "pseudonym" in (one, other)) or (kind == "words" and not is_all)
            ):
                raise _refusal(name, kind, self.role)
            joined.append(kind)
        order = query.args.get("order")
        if order is not None and any(joined):
            self.check_positions(order, joined, query.named_selects)
        return tuple(joined)

    def is_harmless(self, column: exp.Column, kind: Kind, query: exp.Select) -> bool:
        """Whether what stands around a veiled column tells no more than its veiled cells would."""
        parent = column.parent
        if parent is query and column.arg_key == "expressions":
            return True
        if isinstance(parent, exp.Alias) and parent.parent is query and parent.arg_key == "expressions":
            return True
        if (
            isinstance(parent, exp.Is)
            and column.arg_key == "this"
            and isinstance(parent.expression, exp.Null)
        ):
            return True
        if isinstance(parent, exp.Count) and column.arg_key == "this":
            return True
        if isinstance(parent, exp.Distinct) and isinstance(parent.parent, exp.Count):
            return kind == "pseudonym" and len(parent.expressions) == 1
        if kind == "words":
            around = parent.parent if isinstance(parent, exp.Cast) else parent
            return isinstance(around, exp.Length)
        if isinstance(parent, (exp.Group, exp.Window)):
            return column.arg_key in ("expressions", "partition_by")
        if isinstance(parent, exp.EQ):
            other = parent.expression if column.arg_key == "this" else parent.this
            return isinstance(other, exp.Column) and self.kind(other) == "pseudonym"
        if isinstance(parent, exp.In) and column.arg_key == "this":
            asked = parent.args.get("query")
            inner = asked.this if isinstance(asked, exp.Subquery) else asked
            return inner is not None and self.found.get(id(inner)) == ("pseudonym",)
        return False

    def check_clauses(self, query: exp.Select, kinds: Sequence[Kind | None]) -> None:
        names = [output.alias_or_name for output in query.expressions]
        if query.args.get("distinct") is not None and "words" in kinds:
            raise _refusal(names[kinds.index("words")], "words", self.role)
        for clause in ("order", "group"):
            node = query.args.get(clause)
            if node is not None:
                self.check_positions(node, kinds, names)
        for join in query.args.get("joins") or ():
            shared = {i.name for i in join.args.get("using") or ()}
            for name in shared | ({""} if join.method == "NATURAL" else set()):
                self.check_shared(query, name)

    def check_shared(self, query: exp.Select, name: str) -> None:
        """USING and NATURAL compare columns of one name; an empty name stands for all of them."""
        scope = self.scopes[id(query)]
        for column in [name] if name else sorted({column for _, column in self.veils}):
            held = [self.kind_in(source, column) for source in scope.sources.values()]
            kinds = {kind for kind in held if kind}
            if kinds and (not name or "words" in kinds or None in held):
                raise _refusal(column, kinds.pop(), self.role)

    def check_positions(self, node: exp.Expr, kinds: Sequence[Kind | None], names: Sequence[str]) -> None:
        """ORDER BY 1, ORDER BY ALL, GROUP BY ALL and the like name outputs by their place."""
        all_ = range(len(kinds))
        places: list[int] = list(all_) if node.args.get("all") else []
        for each in node.args.get("expressions") or ():
            inner = (each.this if isinstance(each, exp.Ordered) else each).unnest()
            if isinstance(inner, exp.Literal) and inner.name.isdigit():
                places.append(int(inner.name) - 1)
            elif isinstance(inner, exp.Var):
                places += all_
            elif isinstance(inner, exp.Column) and not inner.table and inner.name in names:
                places.append(list(names).index(inner.name))
        for place in places:
            kind = kinds[place] if place in all_ else None
            if kind is not None and (kind == "words" or isinstance(node, exp.Order)):
                raise _refusal(names[place], kind, self.role)

    def check_subqueries(self, query: exp.Select) -> None:
        """A query that stands for a value hands its cell to whatever is done with it."""
        for inner in query.find_all(exp.Select, *SETS):
            if inner is query or not any(self.found.get(id(inner), ())):
                continue
            holder = inner.parent
            while isinstance(holder, exp.Subquery) and not isinstance(holder.parent, (exp.From, exp.Join)):
                holder = holder.parent
            if isinstance(holder, (exp.Exists, exp.CTE, exp.Subquery, *SETS)):
                continue
            left = holder.this if isinstance(holder, exp.In) else None
            is_alike = isinstance(left, exp.Column) and self.kind(left) == "pseudonym"
            if is_alike and self.found[id(inner)] == ("pseudonym",):
                continue
            names, kinds = inner.named_selects, self.found[id(inner)]
            place = next(number for number, kind in enumerate(kinds) if kind)
            raise _refusal(names[place], kinds[place] or "words", self.role)
