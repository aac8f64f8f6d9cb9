"""A shop's products as documents, read through the guard with the rights of the workspace's role.

Where they stand is found in the description: the view with a row for each product, by links, keys and names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retrieval.corpus import number_of, read_whole, text_of
from retrieval.language import language_code
from retrieval.types import Document
from sql.semantics import Shop, View, ViewColumn
from sql.shop.bindings import played_by
from sql.shop.row_names import name_columns
from sql.shop.trade_words import says, spoken
from sql.types import Value

if TYPE_CHECKING:
    from sql.shop.workspace import Workspace

_PRODUCTS = re.compile(r"\b(?:product|item|article|goods|catalogue|catalog)\b|商品|产品|货品")
_LINES = re.compile(
    r"\b(?:order|sale|purchase|stock|review|return|refund|history|line|cart|invoice|price)\b"
    r"|订单|销售|库存|评论|退货"
)
"""What a view of products is not called beside."""
_CODE = re.compile(r"\b(?:sku|code|number|barcode|ean13)\b|编码|编号|条码|货号")
_TEXT = re.compile(
    r"\b(?:description|detail|feature|summary|about|specification|ingredient)\b|描述|详情|简介|卖点|说明"
)
_GROUP = re.compile(
    r"\b(?:category|department|division|class|brand|color|colour|size|style|season|gender|material|type)\b"
    r"|品类|类别|分类|品牌|颜色|尺码|尺寸|款式|季节|性别|材质|类型"
)
_PRICE = re.compile(r"\bprice\b|单价|售价|价格|标价")
_OTHER_PRICE = re.compile(r"\b(?:cost|old|original|purchase|wholesale)\b|成本|进价|原价")
_RATING = re.compile(r"\b(?:rating|star|score)\b|评分|星级")


@dataclass(frozen=True, kw_only=True)
class ProductSource:
    """The view with a row for each product, and what its columns say."""

    view: View
    key: str
    names: tuple[str, ...]
    """What products are called, the main name first."""
    groups: tuple[str, ...]
    """Columns with few values: category, brand, colour, size."""
    texts: tuple[str, ...]
    """Descriptions."""
    price: str
    """Empty for none."""
    rating: str
    """Empty for none."""


def product_source(shop: Shop) -> ProductSource | None:
    """Where ``shop`` keeps its products, whoever asks; ``None`` where no view has a row for each."""
    view = next(_candidates(shop), None)
    if view is None:
        return None
    texts = [c for c in view.columns if c.type == "text" and c.name not in view.refs]
    main = played_by("product", view, shop.bindings)
    first = [main.name] if main is not None and main in texts and main.name not in view.key else []
    named = [*first, *name_columns(view)]
    alike = [c.name for c in texts if named and spoken(c.name).startswith(spoken(named[0]))]
    names = [c for c in dict.fromkeys([*named, *alike]) if not says(_CODE, c)]
    if not names:
        return None
    prices = [c for c in view.columns if c.is_measure and says(_PRICE, c.name, c.type)]
    prices = [c for c in prices if not says(_OTHER_PRICE, c.name, c.type)]
    return ProductSource(
        view=view,
        key=view.key[0],
        names=tuple(names),
        groups=tuple(_called(_GROUP, texts, names)),
        texts=tuple(_called(_TEXT, texts, names)),
        price=next((c.name for c in prices), ""),
        rating=next((c.name for c in view.columns if c.is_measure and says(_RATING, c.name, c.type)), ""),
    )


def _candidates(shop: Shop) -> Iterator[View]:
    """Views of products with a key of one column: what the bound product leads to, then by name."""
    bound = shop.view(shop.bindings.get("product", "").partition(".")[0])
    led = [shop.view(target) for target in bound.refs.values()] if bound is not None else []
    for view in (*led, bound, *shop.views):
        if view is None or len(view.key) != 1:
            continue
        if says(_PRODUCTS, view.name) and not says(_LINES, view.name):
            yield view


def _called(pattern: re.Pattern[str], columns: list[ViewColumn], without: list[str]) -> Iterator[str]:
    return (c.name for c in columns if c.name not in without and says(pattern, c.name, c.type))


def seen_source(workspace: Workspace) -> ProductSource | None:
    """The same with the columns that the workspace's role may see; ``None`` where it may see no products.

    A role that sees groups only sees none: each product is a single row.
    """
    source = product_source(workspace.shop)
    if source is None or workspace.role.minimum_group is not None:
        return None
    seen = next((v for v in workspace.guard.views if v.name == source.view.name), None)
    if seen is None or seen.column(source.key) is None:
        return None

    def kept(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if seen.column(name) is not None)

    if not kept(source.names):
        return None
    return replace(
        source,
        view=seen,
        names=kept(source.names),
        groups=kept(source.groups),
        texts=kept(source.texts),
        price="".join(kept((source.price,))) if source.price else "",
        rating="".join(kept((source.rating,))) if source.rating else "",
    )


def read_products(workspace: Workspace) -> tuple[Document, ...]:
    """All products that the role may see, in the order of their keys; none where it may see none.

    A document's id holds a hash of its words, so that one whose words changed is another.

    Raises:
        SqlError: the query failed; see ``sql.errors``.
    """
    source = seen_source(workspace)
    if source is None:
        return ()
    columns = list(dict.fromkeys([source.key, *source.names, *source.groups, *source.texts]))
    columns += [source.rating] if source.rating else []
    table = read_whole(workspace, source.view.name, columns, source.key)
    place = {name: number for number, name in enumerate(columns)}
    found: dict[str, Document] = {}
    for row in table.rows:

        def text(name: str, row: tuple[Value, ...] = row) -> str:
            return text_of(row[place[name]])

        words = "\n".join(
            filter(None, map(text, dict.fromkeys([*source.names, *source.groups, *source.texts])))
        )
        key = text(source.key)
        if not words or not key or key in found:
            continue
        digest = hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:8]
        found[key] = Document(
            id=f"product:{key}#{digest}",
            kind="product",
            text=words,
            language=language_code("", words),
            product=text(source.names[0]),
            rating=number_of(row[place[source.rating]]) if source.rating else None,
        )
    return tuple(found.values())


def key_of(document: Document) -> str:
    """The product's key in the shop's view, as text.

    >>> key_of(Document(id="product:7#1f0c9a2b", kind="product", text="Lamp"))
    '7'
    """
    return document.id.removeprefix("product:").rpartition("#")[0]
