"""Reads, checks and writes ``shop.yml``.

Every fault in a file is one ``ShopFileError`` with the line it stands on. Two kinds of faults: those of the
file alone (``load_shop``) and those of the file against its database (``check_shop``, when it is opened).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args

import yaml
from rapidfuzz import fuzz, process

from sql.databases.addresses import without_password
from sql.errors import ShopFileError, UnsafeQuery
from sql.lock.guard import Guard
from sql.lock.placeholders import attribute_names
from sql.names import quoted
from sql.semantics import Example, Metric, ReviewSource, Role, Shop, View, ViewColumn
from sql.shop.people_columns import identifies
from sql.types import Catalog, ColumnType, QueryLimits
from sql.yaml_text import LOADER

MAX_BYTES = 2_000_000
MAX_NODES = 200_000
"""Values read at most, anchors counted each time they are used: no file unfolds without end."""
MAX_DEPTH = 20

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)

Item = TypeVar("Item")


def load_shop(path: Path | str, *, variables: Mapping[str, str] | None = None) -> Shop:
    """Read a ``shop.yml``.

    Args:
        path: the file; it becomes ``Shop.path``, from whose folder a relative ``database`` starts.
        variables: values for ``${NAME}`` in ``database``.
    Raises:
        ShopFileError: it is missing, is no YAML, or says something that no shop can say; with the line.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ShopFileError(path, None, f"the file cannot be read: {error.strerror or error}") from error
    return _Reader(path).shop(raw, variables or {})


def locate(path: Path | None, *keys: str) -> int | None:
    """The line on which ``keys`` stand, each inside the one before; the last one found; else ``None``."""
    if path is None:
        return None
    try:
        node: yaml.Node | None = yaml.compose(path.read_bytes().decode("utf-8"), Loader=LOADER)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    line = None
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            break
        found = next((pair for pair in node.value if getattr(pair[0], "value", None) == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


class _Reader:
    """Walks the nodes of one file; nodes know their lines, plain values do not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes = 0

    def fail(self, node: yaml.Node | int | None, reason: str) -> NoReturn:
        line = node.start_mark.line + 1 if isinstance(node, yaml.Node) else node
        raise ShopFileError(self.path, line, reason)

    # ---- the file ---------------------------------------------------------------------------------------

    def root(self, raw: bytes) -> yaml.Node:
        if len(raw) > MAX_BYTES:
            self.fail(None, f"the file has {len(raw):,} bytes; {MAX_BYTES:,} are allowed")
        try:
            node = yaml.compose(raw.decode("utf-8-sig"), Loader=LOADER)
        except UnicodeDecodeError as error:
            self.fail(raw[: error.start].count(b"\n") + 1, "the file is not UTF-8 text; save it as UTF-8")
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.fail(mark.line + 1 if mark else None, f"this is not YAML: {error.problem or error}")
        except (yaml.YAMLError, ValueError) as error:
            self.fail(None, f"this is not YAML: {str(error).splitlines()[0]}")
        except RecursionError:
            self.fail(None, "the file is nested too deeply")
        if node is None:
            self.fail(None, "the file is empty; it needs at least name, database and views")
        return node

    def mapping(
        self,
        node: yaml.Node,
        known: tuple[str, ...] | None,
        what: str,
        depth: int,
        fold: Callable[[str], str] = str.lower,
    ) -> dict[str, yaml.Node]:
        """Keys and values of a mapping.

        ``known`` are the keys that may stand there, ``None`` means any; keys with one ``fold`` are the same.
        """
        self.count(node, depth)
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"{what} must be a mapping (key: value), not {_shape(node)}")
        found: dict[str, yaml.Node] = {}
        seen: set[str] = set()
        merged: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fail(key, f"{what}: a key must be a word")
            if key.tag == "tag:yaml.org,2002:merge":
                for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged = self.mapping(one, known, what, depth + 1) | merged
                continue
            name = key.value
            if known is not None and name not in known:
                self.fail(key, f"{what} has no key {name!r}{_near(name, known)}; keys: {', '.join(known)}")
            if fold(name) in seen:
                self.fail(key, f"{what}: {name!r} stands there twice")
            seen.add(fold(name))
            found[name] = value
        return {**merged, **found}

    def count(self, node: yaml.Node, depth: int) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            self.fail(node, "the file unfolds without end; use fewer anchors (&) and aliases (*)")

    # ---- values -----------------------------------------------------------------------------------------

    def text(self, node: yaml.Node, what: str, *, is_needed: bool = False) -> str:
        self.count(node, 0)
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, f"{what} must be text, not {_shape(node)}")
        value = "" if _is_null(node) else str(node.value).strip()
        if is_needed and not value:
            self.fail(node, f"{what} must not be empty")
        return value

    def texts(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        if isinstance(node, yaml.ScalarNode):
            value = self.text(node, what)
            return (value,) if value else ()
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, f"{what} must be a list, not {_shape(node)}")
        return tuple(
            dict.fromkeys(self.text(item, f"an entry of {what}", is_needed=True) for item in node.value)
        )

    def truth(self, node: yaml.Node, what: str) -> bool:
        if not (isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool"):
            self.fail(node, f"{what} must be true or false")
        return node.value.lower() in ("true", "yes", "on")

    def number(self, node: yaml.Node, what: str, kind: Callable[[str], Item]) -> Item:
        try:
            return kind(self.text(node, what).replace("_", ""))
        except ValueError:
            self.fail(node, f"{what} must be a number, not {node.value!r}")

    def items(self, node: yaml.Node, what: str, read: Callable[[str, yaml.Node], Item]) -> tuple[Item, ...]:
        """One item for each ``name: {...}`` of a mapping, in the file's order."""
        return tuple(read(name, value) for name, value in self.mapping(node, None, what, 0).items())

    # ---- the parts of a shop ----------------------------------------------------------------------------

    def shop(self, raw: bytes, variables: Mapping[str, str]) -> Shop:
        root = self.root(raw)
        known = (
            *("name", "description", "database", "currency", "today", "views", "metrics", "roles"),
            *("default_role", "reviews", "bindings", "macros", "suggestions", "examples"),
            *("fiscal_year_starts", "time_zone", "drafted"),
        )
        nodes = self.mapping(root, known, "the shop", 0)
        for needed in ("name", "database", "views"):
            if needed not in nodes:
                self.fail(root, f"the shop needs {needed}")
        views = self.items(nodes["views"], "views", self.view)
        if not views:
            self.fail(nodes["views"], "the shop needs at least one view")
        by_name = {view.name.lower(): view for view in views}
        self.check_links(nodes["views"], by_name)
        metrics = (
            self.items(nodes["metrics"], "metrics", lambda n, v: self.metric(n, v, by_name))
            if "metrics" in nodes
            else ()
        )
        self.check_composed(nodes.get("metrics"), metrics)
        roles = (
            self.items(nodes["roles"], "roles", lambda n, v: self.role(n, v, by_name))
            if "roles" in nodes
            else ()
        )
        roles = roles or (Role(name="owner"),)
        default = roles[0].name
        if "default_role" in nodes:
            default = self.text(nodes["default_role"], "default_role")
            names = [role.name for role in roles]
            if default not in names:
                self.fail(
                    nodes["default_role"],
                    f"there is no role {default!r}{_near(default, names)}; roles: {', '.join(names)}",
                )
        return Shop(
            name=self.text(nodes["name"], "name", is_needed=True),
            database=self.database(nodes["database"], variables),
            views=views,
            metrics=metrics,
            roles=roles,
            default_role=default,
            description=self.optional(nodes, "description"),
            currency=self.optional(nodes, "currency"),
            today=self.today(nodes["today"], by_name) if "today" in nodes else None,
            fiscal_year_starts=self.month(nodes["fiscal_year_starts"])
            if "fiscal_year_starts" in nodes
            else 1,
            time_zone=self.zone(nodes["time_zone"]) if "time_zone" in nodes else "",
            examples=self.examples(nodes["examples"]) if "examples" in nodes else (),
            suggestions=self.texts(nodes["suggestions"], "suggestions") if "suggestions" in nodes else (),
            reviews=self.reviews(nodes["reviews"], by_name) if "reviews" in nodes else None,
            bindings=self.bindings(nodes["bindings"], by_name) if "bindings" in nodes else {},
            macros=self.optional(nodes, "macros"),
            is_drafted="drafted" in nodes and self.truth(nodes["drafted"], "drafted"),
            path=self.path,
        )

    def optional(self, nodes: Mapping[str, yaml.Node], key: str, what: str = "") -> str:
        return self.text(nodes[key], what or key) if key in nodes else ""

    def database(self, node: yaml.Node, variables: Mapping[str, str]) -> str:
        value = self.text(node, "database", is_needed=True)
        for name in _VARIABLE.findall(value):
            if name not in variables:
                self.fail(
                    node,
                    f"database needs the variable {name}, which is not set; set it or write the path",
                )
        return _VARIABLE.sub(lambda match: variables[match.group(1)], value)

    def view(self, name: str, node: yaml.Node) -> View:
        what = f"the view {name}"
        known = ("description", "synonyms", "time", "key", "refs", "prefer", "sql", "columns")
        nodes = self.mapping(node, known, what, 0)
        if not name.strip():
            self.fail(node, "a view needs a name")
        if "columns" not in nodes:
            self.fail(node, f"{what} needs columns")
        columns = self.items(nodes["columns"], f"columns of {name}", lambda n, v: self.column(name, n, v))
        if not columns:
            self.fail(nodes["columns"], f"{what} needs at least one column")
        view = View(
            name=name,
            columns=columns,
            sql=self.text(nodes["sql"], f"sql of {name}", is_needed=True) if "sql" in nodes else None,
            description=self.optional(nodes, "description", f"description of {name}"),
            synonyms=self.texts(nodes["synonyms"], f"synonyms of {name}") if "synonyms" in nodes else (),
        )
        more: dict[str, Any] = {}
        if "time" in nodes:
            time = self.text(nodes["time"], f"time of {name}", is_needed=True)
            more["time"] = self.column_of(nodes["time"], view, time).name
        if "key" in nodes:
            key = self.texts(nodes["key"], f"key of {name}")
            more["key"] = tuple(self.column_of(nodes["key"], view, column).name for column in key)
        for word in ("refs", "prefer"):
            if word in nodes:
                pairs = self.mapping(nodes[word], None, f"{word} of {name}", 0)
                more[word] = {k: self.text(v, f"{word} of {name}", is_needed=True) for k, v in pairs.items()}
        return replace(view, **more)

    def check_links(self, node: yaml.Node, views: Mapping[str, View]) -> None:
        """``refs`` lead from a column to a view with a key of one column, each choice of "
        "``prefer`` somewhere."""
        for name, inner in self.mapping(node, None, "views", 0).items():
            view, nodes = views[name.lower()], self.mapping(inner, None, f"the view {name}", 0)
            what = f"refs of {name}"
            for column, target in (
                self.mapping(nodes["refs"], None, what, 0).items() if "refs" in nodes else ()
            ):
                self.column_of(target, view, column)
                there = self.view_of(target, views, what)
                if len(there.key) != 1:
                    reason = (
                        f"{what}: {there.name} needs a key of one column (key: [COLUMN]) to be referred to"
                    )
                    self.fail(target, reason)
            what = f"prefer of {name}"
            for choice in self.mapping(nodes["prefer"], None, what, 0).values() if "prefer" in nodes else ():
                told = self.text(choice, what)
                others = [c for v in views.values() for c, t in v.refs.items() if t.lower() == name.lower()]
                if told.lower() not in views and view.column(told) is None and told not in others:
                    self.fail(choice, f"{what}: {told!r} is neither a column of {name} nor a view")

    def month(self, node: yaml.Node) -> int:
        month = self.number(node, "fiscal_year_starts", int)
        if not 1 <= month <= 12:
            self.fail(node, f"fiscal_year_starts must be a month from 1 to 12, not {month}")
        return month

    def zone(self, node: yaml.Node) -> str:
        name = self.text(node, "time_zone", is_needed=True)
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            self.fail(node, f"time_zone is {name!r}, which is no IANA name; write one such as Europe/Berlin")
        return name

    def column(self, view: str, name: str, node: yaml.Node) -> ViewColumn:
        what = f"{view}.{name}"
        nodes = self.mapping(
            node, ("type", "description", "synonyms", "values", "sampled", "unit", "free_text"), what, 0
        )
        if "type" not in nodes:
            self.fail(node, f"{what} needs a type: {', '.join(_TYPES)}")
        kind = self.text(nodes["type"], f"type of {what}")
        if kind not in _TYPES:
            self.fail(
                nodes["type"], f"type of {what} is {kind!r}{_near(kind, _TYPES)}; types: {', '.join(_TYPES)}"
            )
        values: dict[str, tuple[str, ...]] = {}
        if "values" in nodes:
            pairs = self.mapping(nodes["values"], None, f"values of {what}", 0, fold=str)
            values = {value: self.texts(words, f"words for {value!r}") for value, words in pairs.items()}
        return ViewColumn(
            name=name,
            type=kind,
            description=self.optional(nodes, "description", f"description of {what}"),
            synonyms=self.texts(nodes["synonyms"], f"synonyms of {what}") if "synonyms" in nodes else (),
            values=values,
            sampled=self.truth(nodes["sampled"], f"sampled of {what}") if "sampled" in nodes else False,
            free_text=self.truth(nodes["free_text"], f"free_text of {what}")
            if "free_text" in nodes
            else None,
            unit=self.optional(nodes, "unit", f"unit of {what}"),
        )

    def metric(self, name: str, node: yaml.Node, views: Mapping[str, View]) -> Metric:
        what = f"the metric {name}"
        known = ("view", "sql", "description", "synonyms", "unit", "time", "last", "parts")
        nodes = self.mapping(node, known, what, 0)
        if "sql" not in nodes:
            self.fail(node, f"{what} needs sql")
        view = self.view_of(nodes["view"], views, what) if "view" in nodes else None
        columns: dict[str, str] = {}
        for word in ("time", "last"):
            if word in nodes:
                if view is None:
                    self.fail(nodes[word], f"{what} has {word}, so it needs a view")
                column = self.text(nodes[word], f"{word} of {what}", is_needed=True)
                columns[word] = self.column_of(nodes[word], view, column).name
        parts = None
        if "parts" in nodes:
            if view is None:
                self.fail(nodes["parts"], f"{what} has parts, so it needs a view")
            inside = self.mapping(nodes["parts"], ("view", "sql"), f"parts of {what}", 0)
            if set(inside) != {"view", "sql"}:
                self.fail(nodes["parts"], f"parts of {what} needs a view and sql")
            parts = self.metric(name, nodes["parts"], views)
            if parts.view not in [v.name for v in views.values() if view.name in v.refs.values()]:
                reason = f"{parts.view} has no refs to {view.name}, so its rows are no parts of those"
                self.fail(nodes["parts"], f"parts of {what}: {reason}")
        return Metric(
            name=name,
            parts=parts,
            view=view.name if view is not None else "",
            sql=self.text(nodes["sql"], f"sql of {what}", is_needed=True),
            **columns,
            description=self.optional(nodes, "description", f"description of {what}"),
            synonyms=self.texts(nodes["synonyms"], f"synonyms of {what}") if "synonyms" in nodes else (),
            unit=self.optional(nodes, "unit", f"unit of {what}"),
        )

    def check_composed(self, node: yaml.Node | None, metrics: tuple[Metric, ...]) -> None:
        """A metric without a view is made of others by + - * / alone, and of itself in no way."""
        made_of: dict[str, list[str]] = {}
        names = {metric.name.lower(): metric.name for metric in metrics}
        for metric in metrics:
            if not metric.is_composed or node is None:
                continue
            what, place = f"the metric {metric.name}", self.mapping(node, None, "metrics", 0)[metric.name]
            words = re.findall(r"[^\W\d]\w*", metric.sql)
            if not re.fullmatch(r"[\w\s.+\-*/()]+", metric.sql) or not words:
                reason = (
                    f"{what} has no view, so it must be made of other metrics with + - * /; or give it a view"
                )
                self.fail(place, reason)
            for word in words:
                if word.lower() not in names:
                    near = _near(word, names.values())
                    self.fail(place, f"{what} has no view, and there is no metric {word!r}{near}")
            made_of[metric.name.lower()] = [word.lower() for word in words]
            reached, ahead = set(), list(made_of[metric.name.lower()])
            while ahead:
                part = ahead.pop()
                if part == metric.name.lower():
                    self.fail(place, f"{what} is made of itself")
                if part not in reached:
                    reached.add(part)
                    ahead += made_of.get(part, [])

    def role(self, name: str, node: yaml.Node, views: Mapping[str, View]) -> Role:
        what = f"the role {name}"
        nodes = {}
        if not (_is_null(node)):
            nodes = self.mapping(
                node,
                (
                    "views",
                    "masked",
                    "pseudonyms",
                    "free_text",
                    "rows",
                    "minimum_group",
                    "group_units",
                    "limits",
                ),
                what,
                0,
            )
        seen: frozenset[str] | None = None
        if "views" in nodes:
            self.texts(nodes["views"], f"views of {what}")
            parts = (
                nodes["views"].value if isinstance(nodes["views"], yaml.SequenceNode) else [nodes["views"]]
            )
            seen = frozenset(self.view_of(part, views, what).name for part in parts)
        masked, pseudonyms = (
            self.columns_of(nodes.get(part), views, f"{part} of {what}") for part in ("masked", "pseudonyms")
        )
        both = next(iter(sorted(masked & pseudonyms)), None)
        if both is not None:
            self.fail(
                nodes["pseudonyms"],
                f"pseudonyms of {what}: {'.'.join(both)} is masked too; a masked column is not there at all, "
                "so leave it out of one of the two",
            )
        rows: dict[str, str] = {}
        if "rows" in nodes:
            for view, rule in self.mapping(nodes["rows"], None, f"rows of {what}", 0).items():
                if view.lower() not in views:
                    self.fail(
                        rule,
                        f"rows of {what}: there is no view {view!r}{_near(view, views)}",
                    )
                rows[views[view.lower()].name] = self.text(rule, f"rows of {view} for {what}", is_needed=True)
        return Role(
            name=name,
            views=seen,
            masked=masked,
            pseudonyms=pseudonyms,
            free_text=self.free_text(nodes.get("free_text"), what)
            or texts_by_default(masked, pseudonyms, views.values()),
            rows=rows,
            minimum_group=self.minimum_group(nodes, what),
            group_units=self.group_units(nodes, what, views),
            limits=self.limits(nodes["limits"], what) if "limits" in nodes else QueryLimits(),
        )

    def columns_of(
        self, node: yaml.Node | None, views: Mapping[str, View], what: str
    ) -> frozenset[tuple[str, str]]:
        if node is None:
            return frozenset()
        self.texts(node, what)
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return frozenset(self.dotted(part, views, what) for part in parts)

    def free_text(self, node: yaml.Node | None, what: str) -> Literal["shown", "masked"] | None:
        if node is None:
            return None
        said = self.text(node, f"free_text of {what}")
        if said not in ("shown", "masked"):
            self.fail(node, f"free_text of {what} is {said!r}; write shown or masked")
        return "masked" if said == "masked" else "shown"

    def minimum_group(self, nodes: Mapping[str, yaml.Node], what: str) -> int | None:
        if "minimum_group" not in nodes:
            return None
        size = self.number(nodes["minimum_group"], f"minimum_group of {what}", int)
        if size < 2:
            self.fail(
                nodes["minimum_group"],
                f"minimum_group of {what} must be at least 2, not {size}; leave it out to show single rows",
            )
        return size

    def group_units(
        self, nodes: Mapping[str, yaml.Node], what: str, views: Mapping[str, View]
    ) -> dict[str, str]:
        if "group_units" not in nodes:
            return {}
        if "minimum_group" not in nodes:
            self.fail(nodes["group_units"], f"group_units of {what} need minimum_group, which says how many")
        units: dict[str, str] = {}
        for name, node in self.mapping(nodes["group_units"], None, f"group_units of {what}", 0).items():
            view = views.get(name.lower())
            if view is None:
                self.fail(node, f"group_units of {what}: there is no view {name!r}{_near(name, views)}")
            column = self.text(node, f"unit of {name} for {what}", is_needed=True)
            units[view.name] = self.column_of(node, view, column).name
        return units

    def limits(self, node: yaml.Node, what: str) -> QueryLimits:
        known = ("max_rows", "timeout_s", "max_memory_mb", "max_cost")
        nodes = self.mapping(node, known, f"limits of {what}", 0)
        standard = QueryLimits()
        try:
            return QueryLimits(
                max_rows=self.number(nodes["max_rows"], "max_rows", int)
                if "max_rows" in nodes
                else standard.max_rows,
                timeout_s=self.number(nodes["timeout_s"], "timeout_s", float)
                if "timeout_s" in nodes
                else standard.timeout_s,
                max_memory_mb=self.number(nodes["max_memory_mb"], "max_memory_mb", int)
                if "max_memory_mb" in nodes
                else standard.max_memory_mb,
                max_cost=self.number(nodes["max_cost"], "max_cost", float)
                if "max_cost" in nodes
                else standard.max_cost,
            )
        except ValueError as error:
            self.fail(node, f"limits of {what}: {error}")

    def today(self, node: yaml.Node, views: Mapping[str, View]) -> str | dt.date:
        value = self.text(node, "today", is_needed=True)
        try:
            return (
                dt.date.fromisoformat(value[:10])
                if re.match(r"\d{4}-\d\d-\d\d", value)
                else self.latest(node, value, views)
            )
        except ValueError:
            self.fail(node, f"today is {value!r}, which is no date; write one such as 2026-06-30")

    def latest(self, node: yaml.Node, value: str, views: Mapping[str, View]) -> str:
        match = re.fullmatch(r"max\(\s*([^.()]+)\.([^()]+?)\s*\)", value, re.IGNORECASE)
        if match is None:
            self.fail(node, f"today must be a date (2026-06-30) or max(view.column), not {value!r}")
        self.dotted_text(node, ".".join(match.groups()), views, "today")
        return value

    def examples(self, node: yaml.Node) -> tuple[Example, ...]:
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, "examples must be a list of {question: …, sql: …}")
        found = []
        for item in node.value:
            nodes = self.mapping(item, ("question", "sql"), "an example", 0)
            for needed in ("question", "sql"):
                if needed not in nodes:
                    self.fail(item, f"an example needs {needed}")
            question = self.text(nodes["question"], "question", is_needed=True)
            found.append(Example(question=question, sql=self.text(nodes["sql"], "sql", is_needed=True)))
        return tuple(found)

    def reviews(self, node: yaml.Node, views: Mapping[str, View]) -> ReviewSource | None:
        if _is_null(node):
            return None
        optional = ("product", "category", "rating", "written_at", "language")
        nodes = self.mapping(node, ("view", "id", "text", *optional), "reviews", 0)
        for needed in ("view", "id", "text"):
            if needed not in nodes:
                self.fail(node, f"reviews need {needed}")
        view = self.view_of(nodes["view"], views, "reviews")
        texts = self.texts(nodes["text"], "text of reviews")
        if not texts:
            self.fail(nodes["text"], "reviews need at least one text column")
        columns = {
            key: self.column_of(nodes[key], view, self.text(nodes[key], key, is_needed=True)).name
            for key in ("id", *optional)
            if key in nodes
        }
        return ReviewSource(
            view=view.name,
            text=tuple(self.column_of(nodes["text"], view, text).name for text in texts),
            **columns,
        )

    def bindings(self, node: yaml.Node, views: Mapping[str, View]) -> dict[str, str]:
        nodes = self.mapping(node, None, "bindings", 0)
        return {
            part: ".".join(self.dotted(value, views, f"the binding {part}")) for part, value in nodes.items()
        }

    # ---- references inside the file ---------------------------------------------------------------------

    def view_of(self, node: yaml.Node, views: Mapping[str, View], what: str) -> View:
        name = self.text(node, f"view of {what}", is_needed=True)
        view = views.get(name.lower())
        if view is None:
            names = [v.name for v in views.values()]
            self.fail(
                node, f"{what}: there is no view {name!r}{_near(name, names)}; views: {', '.join(names)}"
            )
        return view

    def column_of(self, node: yaml.Node, view: View, name: str) -> ViewColumn:
        column = view.column(name)
        if column is None:
            names = [c.name for c in view.columns]
            self.fail(
                node, f"{view.name} has no column {name!r}{_near(name, names)}; columns: {', '.join(names)}"
            )
        return column

    def dotted(self, node: yaml.Node, views: Mapping[str, View], what: str) -> tuple[str, str]:
        return self.dotted_text(node, self.text(node, what, is_needed=True), views, what)

    def dotted_text(
        self, node: yaml.Node, value: str, views: Mapping[str, View], what: str
    ) -> tuple[str, str]:
        name, dot, column = value.partition(".")
        if not dot or not column:
            self.fail(node, f"{what} must be written view.column, not {value!r}")
        view = views.get(name.strip().lower())
        if view is None:
            names = [v.name for v in views.values()]
            self.fail(
                node, f"{what}: there is no view {name!r}{_near(name, names)}; views: {', '.join(names)}"
            )
        return view.name, self.column_of(node, view, column.strip()).name


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _shape(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else f"{node.value!r}"


def _near(name: str, known: Any) -> str:
    found = process.extractOne(name, list(known), scorer=fuzz.WRatio, processor=str.lower, score_cutoff=70)
    return f"; did you mean {found[0]!r}?" if found else ""


# ---- the description against its database ---------------------------------------------------------------


def check_shop(shop: Shop, catalog: Catalog) -> None:
    """Check views, metrics, roles and examples against the database they are asked of.

    Raises:
        ShopFileError: a view or role that cannot work, or a metric or example that the guard would refuse
            to the role that sees everything; with the line when the shop has a file.
    """
    everything = Role(name="everything")
    for view in shop.views:
        one = Shop(name=shop.name, database=shop.database, views=(view,), path=shop.path)
        with placed(shop, "views", view.name, "sql"):
            Guard(one, catalog, everything)
    guard = Guard(shop, catalog, everything)
    for role in shop.roles:
        with placed(shop, "roles", role.name):
            # Nobody asks yet: any value shows whether the rules about rows can be understood.
            Guard(shop, catalog, role, dict.fromkeys(attribute_names(role, catalog.dialect), "x"))
    for metric in shop.metrics:
        if metric.is_composed:
            continue  # of others, each of which is checked
        with placed(shop, "metrics", metric.name, what=f"the metric {metric.name}: "):
            for each in (metric, metric.parts):
                if each is not None:
                    guard.check(f"SELECT {each.sql} FROM {quoted(each.view, catalog.dialect)}")
    for example in shop.examples:
        with placed(shop, "examples", what=f"the example {example.question!r}: "):
            guard.check(example.sql)


@contextlib.contextmanager
def placed(shop: Shop, *keys: str, what: str = "") -> Iterator[None]:
    """Say on which line of the shop's file the fault stands."""
    try:
        yield
    except ShopFileError as error:
        raise ShopFileError(shop.path, locate(shop.path, *keys), error.reason) from error
    except UnsafeQuery as error:
        raise ShopFileError(shop.path, locate(shop.path, *keys), f"{what}{error.reason}") from error


# ---- writing --------------------------------------------------------------------------------------------


def dump_shop(shop: Shop) -> str:
    """A ``shop.yml`` that a person can edit; ``load_shop`` of it gives ``shop`` again (but for ``path``)."""
    document: dict[str, Any] = {"name": shop.name}
    _put(document, description=shop.description)
    document["database"] = without_password(shop.database)
    _put(
        document, drafted=shop.is_drafted, currency=shop.currency, today=shop.today, time_zone=shop.time_zone
    )
    if shop.fiscal_year_starts != 1:
        document["fiscal_year_starts"] = shop.fiscal_year_starts
    document["views"] = {view.name: _dump_view(view) for view in shop.views}
    metrics = {
        m.name: _put(
            ({"view": m.view} if m.view else {}) | {"sql": m.sql},
            time=m.time,
            last=m.last,
            unit=m.unit,
            description=m.description,
            synonyms=m.synonyms,
            parts=m.parts and {"view": m.parts.view, "sql": m.parts.sql},
        )
        for m in shop.metrics
    }
    _put(document, metrics=metrics)
    document["roles"] = {role.name: _dump_role(role, shop.views) for role in shop.roles}
    document["default_role"] = shop.default_role
    if shop.reviews is not None:
        source = shop.reviews
        document["reviews"] = _put(
            {"view": source.view, "id": source.id, "text": list(source.text)},
            product=source.product,
            category=source.category,
            rating=source.rating,
            written_at=source.written_at,
            language=source.language,
        )
    _put(document, bindings=dict(shop.bindings), macros=shop.macros, suggestions=shop.suggestions)
    _put(document, examples=[{"question": e.question, "sql": e.sql} for e in shop.examples])
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


class _Flow(dict[str, Any]):
    """A mapping written on one line."""


class _Dumper(yaml.SafeDumper):
    """Long texts as blocks, lists and columns on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text and "\t" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(
    tuple, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)
_Dumper.add_representer(
    _Flow,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True),
)


def _put(into: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Add what is not empty."""
    into.update({key: value for key, value in values.items() if value not in (None, "", (), [], {}, False)})
    return into


def _dump_view(view: View) -> dict[str, Any]:
    columns = {
        c.name: _Flow(
            _put(
                {"type": c.type},
                unit=c.unit,
                description=c.description,
                sampled=c.sampled,
                synonyms=c.synonyms,
                values=_Flow(c.values),
            )
            | ({} if c.free_text is None else {"free_text": c.free_text})
        )
        for c in view.columns
    }
    found = _put({}, description=view.description, synonyms=view.synonyms, time=view.time, key=view.key)
    return _put(found, refs=_Flow(view.refs), prefer=_Flow(view.prefer), sql=view.sql) | {"columns": columns}


def texts_by_default(
    masked: Set[tuple[str, str]], pseudonyms: Set[tuple[str, str]], views: Iterable[View]
) -> Literal["shown", "masked"]:
    """How a role sees people's words that says nothing of them: masked when it may not see who people are."""
    if pseudonyms:
        return "masked"
    by_name = {view.name: view for view in views}
    for name, column in masked:
        view = by_name.get(name)
        found = view.column(column) if view is not None else None
        if view is not None and found is not None and identifies(view, found):
            return "masked"
    return "shown"


def _dump_role(role: Role, views: Sequence[View]) -> dict[str, Any]:
    limits, standard = role.limits, QueryLimits()
    changed = {
        name: getattr(limits, name)
        for name in ("max_rows", "timeout_s", "max_memory_mb", "max_cost")
        if getattr(limits, name) != getattr(standard, name)
    }
    out: dict[str, Any] = {}
    if role.views is not None:
        out["views"] = tuple(sorted(role.views))
    masked = tuple(f"{view}.{column}" for view, column in sorted(role.masked))
    usual = texts_by_default(role.masked, role.pseudonyms, views)
    return _put(
        out,
        masked=masked,
        pseudonyms=tuple(f"{view}.{column}" for view, column in sorted(role.pseudonyms)),
        free_text=None if role.free_text == usual else role.free_text,
        rows=dict(role.rows),
        minimum_group=role.minimum_group,
        group_units=_Flow(role.group_units),
        limits=_Flow(changed),
    )
