"""Recommendations as an answer: whose basket it is, what may be offered, and what others bought beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from rapidfuzz import process
from sqlglot import exp

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from jobs.counted import Counted
from jobs.not_heard import caveat_of, not_heard
from jobs.purchases import Part, PurchaseReader, parted
from jobs.recommend.alike import likeness, varied
from jobs.recommend.recommend_words import AGAIN, CUE, CUSTOMER, FILLER, NAME, OF, TOP
from jobs.recommend.walking import Walk
from sql.shop.bindings import bindings_line
from sql.types import Column, Table
from sql.types import Value as Cell
from telling.evidence import Evidence, Scope
from telling.phrases import escape_markdown
from telling.titles import title_of

DEFAULT_TOP = 5
WIDER = 4
"""So many times as many products as are told are looked at for a varied list."""
MOST_NAMED = 5
"""Names that are offered where one is not known."""
MOST_NAMES = 1_000
"""Names that a product is likened to at most, those with most buyers."""
How = Literal["bought", "popular", "alike"]


@dataclass(frozen=True, kw_only=True)
class Recommended(Evidence):
    """Table 0 has the products, best first."""

    how: How
    customer: str
    products: tuple[str, ...]
    """Of the basket, where products were named."""
    per: str
    """``customer`` or ``order``: what counts as bought by one."""
    knows_stock: bool
    leaves_out_returned: bool
    again: bool


def run_recommend(request: Request, tools: Tools) -> Recommended:
    """Walk from the basket; raises ``Declined`` and ``AskBack`` where there is none that is known."""
    settings = request.settings
    basket = Basket(request, tools)
    top = settings.get(TOP) or DEFAULT_TOP
    table, how = basket.recommend(top)
    request.on_table(table)
    ran = {name: settings.said[name].text for name in (CUSTOMER.name, OF.name) if name in settings.said}
    if basket.customer:
        ran[AGAIN.name] = "yes" if basket.again else "no"
    unheard = not_heard(request, (CUE, NAME), FILLER)
    product = basket.product
    title = title_of(tools.workspace.shop, product, request.language)
    return Recommended(
        tables=(table,),
        titles={product: title, "because_of": title},
        scope=Scope(values=tuple(v for values in basket.only.values() for v in values)),
        caveats=(*caveat_of(unheard), *basket.reader.caveats),
        unheard=unheard,
        confidence=0.5 if unheard or how != "bought" else 0.9,
        sql=table.query.written,
        settings={**ran, "top": str(top)},
        how=how,
        customer=basket.customer,
        products=basket.named,
        per=basket.per,
        knows_stock=bool(basket.stock),
        leaves_out_returned=bool(basket.customer and basket.returned),
        again=basket.again,
    )


class Basket:
    """Whose basket it is, and what may be offered for it."""

    def __init__(self, request: Request, tools: Tools) -> None:
        self.request, self.tools, self.workspace = request, tools, tools.workspace
        settings, self.dialect = request.settings, tools.workspace.catalog.dialect
        self.product = tools.workspace.shop.bindings["product"].rpartition(".")[2]
        self.customer = settings.get(CUSTOMER) or ""
        self.again = settings.get(AGAIN) == "yes"
        self.of, self.only = parted(settings.get(OF) or {}, self.product)
        self.named = tuple(value for values in self.of.values() for value in values)
        self.reader = PurchaseReader(request, tools, self.only)
        self.counted = Counted(PurchaseReader(request, tools, {}))
        self._check()

    def _check(self) -> None:
        seen, bound = self.reader.sees, self.workspace.shop.bound
        if self.customer and "customer" in bound and not seen("customer"):
            raise Declined("only_products", {"role": escape_markdown(self.workspace.role.name)})
        if not bound & {"customer", "order"} or (self.customer and "customer" not in bound):
            line = bindings_line(("customer",), self.workspace.guard.views)
            raise Declined("unbound", {"names": "customer", "line": escape_markdown(line)})
        if not self.customer and not self.named:
            raise self._asked_back()

    def _asked_back(self) -> AskBack:
        """Where nothing that is known was named: products called nearly so, else what can be said."""
        words = " ".join(w for w in self.request.links.unknown if not FILLER.match(w))
        view = self.workspace.shop.bindings["product"].partition(".")[0]
        known = self.tools.vocabulary.values.get((view, self.product), ())
        near = [name for name, *_ in process.extract(words, known, limit=MOST_NAMED)] if words else known[:2]
        is_chinese = self.request.language == "zh"
        options = tuple(
            f"推荐和{name}搭配的商品" if is_chinese else f"Which products go well with the {name}?"
            for name in near
        )
        key = "unknown_product" if words else "for_whom"
        return AskBack(key, {"words": escape_markdown(words)} if words else {}, options=options)

    # ---- what is read -----------------------------------------------------------------------------------

    @property
    def per(self) -> Part:
        """What counts as bought by one: a customer, else an order."""
        return "customer" if self.reader.sees("customer") else "order"

    @cached_property
    def key(self) -> str:
        """The customer as a literal of the bound column's type; raises ``AskBack`` where it can be none."""
        column = self.counted.column("customer")
        assert column is not None
        if column.type == "integer" and not self.customer.isdigit():
            raise self._unknown_customer()
        return self.literal(int(self.customer) if column.type == "integer" else self.customer)

    def literal(self, value: int | str) -> str:
        """A value as SQL."""
        return str(exp.convert(value).sql(self.dialect))

    @cached_property
    def base(self) -> str:
        """``baskets``, and ``asked`` of them."""
        key = "order_key" if self.per == "order" else self.per
        parts: tuple[Part, ...] = (self.per, "product")
        dated: tuple[Part, ...] = ("order_date",) if self.reader.sees("order_date") else ()
        asked = "SELECT DISTINCT product FROM asked_rows WHERE product IS NOT NULL"
        rows = ""
        if self.customer:
            asked = f"SELECT product FROM baskets WHERE basket = {self.key}"
        else:
            rows = f"{self.reader.rows(['product'], called='asked_rows', also=self.of)},\n"
        return f"""WITH {self.reader.rows([*parts, *dated], is_sold=True)},
{rows}baskets AS (
  SELECT DISTINCT {key} AS basket, product FROM bought_rows
  WHERE {key} IS NOT NULL AND product IS NOT NULL
),
asked AS ({asked}){self.stock}{self.returned}"""

    @cached_property
    def stock(self) -> str:
        """``now_stock``, where it is bound, seen and reached; else empty."""
        text = self.counted.now({}) if self.counted.column("on_hand") is not None else None
        return f",\n{text}" if text is not None else ""

    @cached_property
    def returned(self) -> str:
        """``sent_back``: what this customer returned, where that can be seen; else empty."""
        if not self.customer or self.counted.column("returned") is None:
            return ""
        view, _ = self.counted.place("returned")
        customer = self.counted.part_in("customer", view)
        if customer is None:
            return ""
        columns = {"customer": customer, "product": self.counted.name("returned")}
        text = self.counted.reader.of_view(view, columns, "returned_rows")
        if text is None:
            return ""
        return f""",
{text},
sent_back AS (
  SELECT DISTINCT product FROM returned_rows WHERE customer = {self.key} AND product IS NOT NULL
)"""

    def allowed(self, product: str) -> tuple[str, ...]:
        """What is offered: in stock, not sent back, and not in the basket already."""
        found = []
        if self.stock:
            found.append(f"{product} IN (SELECT product FROM now_stock WHERE on_hand > 0)")
        if self.returned:
            found.append(f"{product} NOT IN (SELECT product FROM sent_back)")
        if not self.again or not self.customer:
            found.append(f"{product} NOT IN (SELECT product FROM asked)")
        return tuple(found)

    # ---- what is recommended ----------------------------------------------------------------------------

    def recommend(self, top: int) -> tuple[Table, How]:
        """By what others bought; a new customer by what most buy, a new product by its name."""
        most = self.workspace.role.limits.max_rows
        walk = Walk(without=self.key if self.customer else "", allowed=self.allowed("s.product"))
        found = self.reader.run(
            f"""{self.base},
{walk.sql()}
SELECT product, score, because_of, together, buyers FROM scored ORDER BY score DESC, product
LIMIT {min(WIDER * top, most)}"""
        )
        if found.rows:
            scores = np.array([float(str(row[1])) for row in found.rows])
            names = [str(row[0]) for row in found.rows]
            places = varied(scores, likeness(names, names, self.tools.embedder), top)
            rows = [
                (name, because, int(str(both)), int(str(buyers)), round(int(str(both)) / int(str(buyers)), 4))
                for name, _, because, both, buyers in (found.rows[place] for place in places)
            ]
            columns = ("because_of", "together", "buyers", "share")
            return self._table(found, columns, rows), "bought"
        if self.customer:
            return self._popular(min(top, most)), "popular"
        return self._alike(top, most), "alike"

    def _popular(self, top: int) -> Table:
        """What most buy, for a customer of whom nothing leads on; raises ``AskBack`` for nobody's number."""
        if not self._is_known():
            raise self._unknown_customer()
        found = self._offered(top)
        if not found.rows:
            raise Declined("nothing_to_offer")
        return self._table(found, ("buyers",), [(row[0], int(str(row[1]))) for row in found.rows])

    def _offered(self, top: int) -> Table:
        allowed = " AND ".join(["1 = 1", *self.allowed("b.product")])
        return self.reader.run(
            f"""{self.base}
SELECT b.product, COUNT(*) AS buyers FROM baskets AS b WHERE {allowed}
GROUP BY b.product ORDER BY buyers DESC, b.product LIMIT {top}"""
        )

    def _alike(self, top: int, most: int) -> Table:
        """What is called most like the products that were named."""
        found = self._offered(min(MOST_NAMES, most))
        if not found.rows:
            raise Declined("nothing_to_offer")
        names = [str(row[0]) for row in found.rows]
        near = likeness(self.named, names, self.tools.embedder)
        best = np.argsort(-near.max(axis=0), kind="stable")[:top]
        rows = [
            (names[place], self.named[int(near[:, place].argmax())], int(str(found.rows[place][1])))
            for place in map(int, best)
        ]
        return self._table(found, ("because_of", "buyers"), rows)

    def _table(self, source: Table, names: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> Table:
        columns = [Column(name=self.product, type="text")]
        for name in names:
            kind = "text" if name == "because_of" else "number" if name == "share" else "integer"
            columns.append(Column(name=name, type=kind))  # type: ignore[arg-type]
        labels = {name: "%" if name == "share" else "" for name in names if name != "because_of"}
        return replace(
            source,
            columns=tuple(columns),
            rows=tuple(rows),
            labels=labels,
            is_truncated=False,
            keys=frozenset(),
        )

    # ---- customers --------------------------------------------------------------------------------------

    def _is_known(self) -> bool:
        """Whether the customer bought anything, or stands in a view of customers."""
        bought = self.reader.run(f"{self.base}\nSELECT COUNT(*) AS products FROM asked")
        if int(str(bought.rows[0][0])):
            return True
        name = self.counted.name("customer").text
        homes = [
            view for view in self.workspace.guard.views if view.key and view.key[0].lower() == name.lower()
        ]
        for view in homes:
            columns = {
                "customer": self.counted.part_in("customer", view.name) or self.counted.name("customer")
            }
            text = self.counted.reader.of_view(view.name, columns, "customer_rows")
            if text is None:
                continue
            sql = f"WITH {text}\nSELECT COUNT(*) AS customers FROM customer_rows WHERE customer = {self.key}"
            if int(str(self.reader.run(sql).rows[0][0])):
                return True
        return False

    def _unknown_customer(self) -> AskBack:
        """With the numbers of customers that are nearest to what was written."""
        column = self.counted.column("customer")
        is_number = column is not None and column.type == "integer" and self.customer.isdigit()
        near = f"ABS(customer - {int(self.customer)}), " if is_number else ""
        most = MOST_NAMED if is_number else min(MOST_NAMES, self.workspace.role.limits.max_rows)
        found = self.reader.run(
            f"""WITH {self.reader.rows(["customer", "product"])}
SELECT customer FROM bought_rows WHERE customer IS NOT NULL GROUP BY customer ORDER BY {near}customer
LIMIT {most}"""
        )
        names = [str(row[0]) for row in found.rows]
        nearest = (
            names if is_number else [n for n, *_ in process.extract(self.customer, names, limit=MOST_NAMED)]
        )
        is_chinese = self.request.language == "zh"
        options = tuple(
            f"该给顾客{name}推荐什么？" if is_chinese else f"What should I recommend to customer {name}?"
            for name in nearest
        )
        return AskBack("unknown_customer", {"customer": escape_markdown(self.customer)}, options=options)
