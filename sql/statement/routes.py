"""How views hang together: which columns a question over one view may name, and by which links.

A link is a column that holds another view's key (``View.refs``): to-one in its own direction, to-many in
the other. A name is looked for in the view itself first, then behind to-one links, then behind to-many
ones, the nearest first. Two nearest ones are never chosen between in silence: ``View.prefer`` decides, else
``TwoWays``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sql.names import near_names
from sql.semantics import Metric, Shop, View, ViewColumn
from sql.statement.sentence import Name

MAX_HOPS = 4


class NoRoute(Exception):
    """A name that cannot be reached; ``args[0]`` says why."""


class Fork(Exception):
    """Two nearest ways to a name; ``args[0]`` asks back in words."""


@dataclass(frozen=True)
class Hop:
    """One link, walked in one direction."""

    own: str
    """Column on this side."""
    view: str
    theirs: str
    """Column on the other side."""
    is_many: bool


@dataclass(frozen=True)
class Route:
    """The way from a view to a column."""

    hops: tuple[Hop, ...]
    view: View
    column: ViewColumn

    @property
    def is_many(self) -> bool:
        """Whether one row here may have several there."""
        return any(hop.is_many for hop in self.hops)


class Routes:
    """The links of one shop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.hops: dict[str, list[Hop]] = {view.name: [] for view in shop.views}
        for view in shop.views:
            for column, target in view.refs.items():
                there = shop.view(target)
                if there is None or len(there.key) != 1:
                    continue
                self.hops[view.name].append(Hop(column, there.name, there.key[0], False))
                self.hops[there.name].append(Hop(there.key[0], view.name, column, True))
        self._reached: dict[str, list[Route]] = {}
        self._ways: dict[str, dict[str, list[Route]]] = {}

    def find(self, home: View, name: Name, near: View | None = None) -> Route:
        """The way to a column.

        Args:
            near: the view whose column is meant, where the asked view's statement has settled that: taken
            when
                to-one links lead there, else a column of the same name is.
        Raises:
            NoRoute, Fork: there is none, or there are two.
        """
        if near is not None:
            there = self._all(home, Name(name.text, near.name))
            to_one = [r for r in there if not r.is_many]
            by_link = [r for r in to_one if any(_first(hop).lower() == name.of.lower() for hop in r.hops)]
            if to_one:
                return self._nearest(home, name, by_link or to_one)
            if name.of:
                # said whose column it is: another of the same name is another thing
                if not there:
                    raise NoRoute(self._missing(home, name))
                return self._nearest(home, name, there)
        found = self._all(home, name)
        if not found:
            raise NoRoute(self._missing(home, name))
        return self._nearest(home, name, found)

    def clock(self, home: View, metric: Metric | None = None) -> Route:
        """The way to the column that places a view's rows (or a metric) in time."""
        own = (metric.time or metric.last) if metric else None
        if own or home.time:
            return self.find(home, Name(own or home.time or ""))
        found = [
            Route(hops, view, column)
            for hops, view in self._walk(home)
            if view.time and not any(hop.is_many for hop in hops) and (column := view.column(view.time))
        ]
        if not found:
            raise NoRoute(
                f"{home.name} has no time; give it one in shop.yml (time: COLUMN), or leave time out"
            )
        return self._nearest(home, Name(found[0].column.name), found)

    def holders(self, home: View, column: str) -> frozenset[str]:
        """Names of the views, reached from ``home``, that have a column of that name."""
        return frozenset(route.view.name for route in self._all(home, Name(column)))

    def has_column(self, home: View, name: Name) -> bool:
        """Whether ``home`` itself has the column."""
        return not name.of and home.column(name.text) is not None

    def columns(self, home: View) -> list[tuple[Name, Route]]:
        """Every column that a statement over ``home`` may name, as it names it, the nearest first.

        Of several with one name the nearest stands alone; the others, and those that two ways lead to, stand
        with the view they are of, where that tells them.
        """
        found: dict[Name, Route] = {}
        taken: set[str] = set()
        no_one_way: set[Name] = set()  # many ways lead to one name in a warehouse: each is tried once
        for route in sorted(
            self._reached_from(home), key=lambda r: (sum(h.is_many for h in r.hops), len(r.hops))
        ):
            name = Name(route.column.name)
            if name.text.lower() in taken:
                name = Name(route.column.name, route.view.name)
            taken.add(name.text.lower())
            if name in found:
                continue
            if name not in no_one_way:
                try:
                    found[name] = self.find(home, name)
                    continue
                except Fork:
                    no_one_way.add(name)
            name = Name(route.column.name, _first(route.hops[0]) if route.hops else home.name)
            if name in found or name in no_one_way:
                continue
            try:
                found[name] = self.find(home, name)
            except (Fork, NoRoute):
                no_one_way.add(name)
        return list(found.items())

    def _all(self, home: View, name: Name) -> list[Route]:
        own, found = name.of.lower(), self._ways_from(home).get(name.text.lower(), [])
        if not own:
            return found
        return [r for r in found if own in (r.view.name.lower(), _first(r.hops[0]).lower() if r.hops else "")]

    def _reached_from(self, home: View) -> list[Route]:
        """The ways to every column, the shortest first."""
        if home.name not in self._reached:
            self._reached[home.name] = [
                Route(hops, view, column) for hops, view in self._walk(home) for column in view.columns
            ]
        return self._reached[home.name]

    def _ways_from(self, home: View) -> dict[str, list[Route]]:
        """Name of a column in lower case → the ways to columns of that name, the shortest first."""
        if home.name not in self._ways:
            ways = self._ways[home.name] = {}
            for route in self._reached_from(home):
                ways.setdefault(route.column.name.lower(), []).append(route)
        return self._ways[home.name]

    def _walk(self, home: View) -> Iterator[tuple[tuple[Hop, ...], View]]:
        paths: list[tuple[tuple[Hop, ...], View]] = [((), home)]
        for hops, view in paths:
            yield hops, view
            if len(hops) == MAX_HOPS:
                continue
            seen = {home.name, *(hop.view for hop in hops)}
            for hop in self.hops[view.name]:
                there = self.shop.view(hop.view)
                if hop.view not in seen and there is not None:
                    paths.append(((*hops, hop), there))

    def _nearest(self, home: View, name: Name, found: list[Route]) -> Route:
        def cost(route: Route) -> tuple[int, int]:
            return sum(hop.is_many for hop in route.hops), len(route.hops)

        least = min(map(cost, found))
        best = [route for route in found if cost(route) == least]
        if len(best) > 1:
            best = [r for r in best if self._is_preferred(home, r)] or best
        if len(best) == 1:
            return best[0]
        ways = " or ".join(f"{r.column.name} of {r.view.name}{_by(r)}" for r in best[:3])
        out = " or ".join(str(Name(name.text, _told(r, best))) for r in best[:3])
        raise Fork(f"{home.name} leads to {name.text} in {len(best)} ways: {ways}? Write {out}")

    def _is_preferred(self, home: View, route: Route) -> bool:
        """Whether it goes as each view on it prefers."""
        near: View | None = home
        for hop in route.hops:
            wanted = {k.lower(): v.lower() for k, v in near.prefer.items()} if near is not None else {}
            choices = [wanted.get(k.lower()) for k in (route.column.name, route.view.name, hop.view)]
            choice = next((c for c in choices if c is not None), None)
            if choice is not None and choice not in (
                hop.view.lower(),
                (hop.theirs if hop.is_many else hop.own).lower(),
            ):
                return False
            near = self.shop.view(hop.view)
        return True

    def _missing(self, home: View, name: Name) -> str:
        reached = list(self._walk(home))
        names = [c.name for _, view in reached for c in view.columns]
        others = [v.name for v in self.shop.views if v.column(name.text)]
        where = (
            f"; it is in {', '.join(others)}, to which no refs lead"
            if others
            else near_names(name.text, names)
        )
        return f"{home.name} has no column {name}, nor has a view that it leads to{where}"


def _by(route: Route) -> str:
    if not route.hops:
        return ""
    hop = route.hops[0]
    return f" by {hop.view if len(route.hops) > 1 or hop.is_many else hop.own}"


def _told(route: Route, others: list[Route]) -> str:
    """What tells one way from the others: its view, else the own column that it begins with."""
    is_alone = sum(o.view is route.view for o in others) == 1
    return route.view.name if is_alone or not route.hops else _first(route.hops[0])


def _first(hop: Hop) -> str:
    """What a way is called after: the column that it begins with, or the view whose rows point here."""
    return hop.view if hop.is_many else hop.own
