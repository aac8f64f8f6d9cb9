"""The range: products with names and descriptions in two languages, suppliers, prices over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo import plan
from demo.dice import Dice, Floats, Ints, TextDice
from demo.texts import ProductType, choose, product_types

SUPPLIERS = (
    ("Hansa Import GmbH", "Germany", 9),
    ("Atelier Rhône", "France", 12),
    ("Lagerhuis BV", "Netherlands", 7),
    ("Officina Brenta", "Italy", 14),
    ("Donauwerk", "Austria", 8),
    ("Qingzhou Trading", "China", 42),
    ("Dongshan Electronics", "China", 38),
    ("Ningyuan Textile", "China", 35),
    ("Pennine Mills", "United Kingdom", 18),
    ("Vistula Wood", "Poland", 16),
    ("Saigon Stitch", "Vietnam", 45),
    ("Straits Supply", "Singapore", 30),
    ("Norrland Kraft", "Sweden", 15),
    ("Porto Cerâmica", "Portugal", 17),
)
"""Name, country, lead time in days."""
_SUPPLIERS_OF = {
    "Audio": (6, 5, 0),
    "Kitchen": (3, 13, 5, 0),
    "Lighting": (5, 12, 6),
    "Outdoor": (10, 5, 12),
    "Bags": (10, 1, 11),
    "Clothing": (7, 8, 10, 13),
    "Toys": (9, 5, 4),
    "Beauty": (1, 2, 11, 4),
}


@dataclass(frozen=True, kw_only=True)
class Products:
    """The range as columns; position i is product i everywhere in the generator."""

    ids: Ints
    skus: list[str]
    names: list[str]
    names_zh: list[str]
    kinds: list[ProductType]
    category: Ints
    """Position in ``plan.CATEGORIES``."""
    supplier: Ints
    brands: list[str]
    descriptions: list[str]
    descriptions_zh: list[str]
    base_cents: Ints
    cost_cents: Ints
    launched: Ints
    """Calendar day, negative before the calendar starts."""
    discontinued: Ints
    """Calendar day; a large number while it is still sold."""
    prices: Ints
    """Cents, shape (products, days)."""
    popularity: Floats

    def position(self, name: str) -> int:
        """Where a planted product stands."""
        return self.names.index(name)


def make_products(seed: int) -> Products:
    """Every model of every type, with a price for each day."""
    dice = Dice(seed, "products")
    kinds: list[ProductType] = []
    names, names_zh, brands, skus = [], [], [], []
    for t, kind in enumerate(product_types()):
        for i, (model, model_zh) in enumerate(kind.models):
            brand = plan.BRANDS[kind.category][(i // 2 + _BRAND_START.get(kind.key, t)) % 5]
            kinds.append(kind)
            brands.append(brand)
            names.append(f"{brand} {kind.name} {model}")
            names_zh.append(f"{brand} {kind.name_zh} {model_zh}")
            skus.append(f"{brand[:3].upper()}-{t + 11}{i + 1:02d}")
    count = len(names)
    category_names = [name for name, _ in plan.CATEGORIES]
    category = np.array([category_names.index(kind.category) for kind in kinds])
    texts = [_describe(seed, name, kind) for name, kind in zip(names, kinds, strict=True)]
    low, high = np.array([kind.low for kind in kinds]), np.array([kind.high for kind in kinds])
    base = _charm(100 * low * (high / low) ** dice.uniform(count))
    supplier = np.array(
        [
            _SUPPLIERS_OF[kind.category][int(u * 9) % len(_SUPPLIERS_OF[kind.category])]
            for kind, u in zip(kinds, dice.uniform(count), strict=True)
        ]
    )
    is_new = dice.chance(0.22, count)
    launched = np.where(is_new, dice.integers(count, 30, 640), dice.integers(count, -900, -20))
    is_gone = ~is_new & dice.chance(0.07, count)
    discontinued = np.where(is_gone, dice.integers(count, 330, 700), 10**6)
    popularity = np.exp(dice.normal(count, 0.6)) * (base / 100 / np.sqrt(low * high)) ** -0.5 * low**-0.35
    for name, factor in ((plan.FAULTY_PRODUCT, 8.0), (plan.VIRAL_PRODUCT, 1.0)):
        p = names.index(name)
        launched[p], discontinued[p] = -400, 10**6
        popularity[p] = factor * np.median(popularity)
    return Products(
        ids=np.arange(count) + 1001,
        skus=skus,
        names=names,
        names_zh=names_zh,
        kinds=kinds,
        category=category,
        supplier=supplier,
        brands=brands,
        descriptions=[en for en, _ in texts],
        descriptions_zh=[zh for _, zh in texts],
        base_cents=base,
        cost_cents=np.rint(base * dice.uniform(count, 0.42, 0.6)).astype(np.int64),
        launched=launched,
        discontinued=discontinued,
        prices=_prices(dice, base, launched),
        popularity=popularity,
    )


_BRAND_START = {"over_ear_headphones": 0, "plush_animal": 1}
"""Where the planted products need a certain brand; elsewhere the brands take turns."""


def _charm(cents: Floats) -> Ints:
    """Prices as shops write them: 4.95, 39.90, 129.00."""
    euros = cents / 100
    fine = np.floor(euros) * 100 + np.where(np.mod(np.floor(euros), 2) == 0, 95, 90)
    coarse = np.rint(euros / 5) * 500 - 100
    return np.asarray(np.where(euros < 80, fine, coarse), dtype=np.int64)


def _describe(seed: int, name: str, kind: ProductType) -> tuple[str, str]:
    dice = TextDice(seed, f"description of {name}")
    intro, *rest = kind.sentences[: 2 if len(kind.sentences) > 5 else 1]
    first = dice.pick([intro, *rest])
    features = [pair for pair in kind.sentences if pair is not first and pair not in (intro, *rest)]
    chosen = [first, *dice.some(features, dice.between(1, min(3, len(features))))]
    english, chinese = [], []
    for n, (en, zh) in enumerate(chosen):
        # The same stream for both languages, so that both choose the same number of hours.
        english.append(choose(en, TextDice(seed, f"{name}/{n}")))
        chinese.append(choose(zh, TextDice(seed, f"{name}/{n}")))
    return " ".join(english), "".join(chinese)


def _prices(dice: Dice, base: Ints, launched: Ints) -> Ints:
    """A few price changes per product, unrelated to season, so that elasticity can be measured."""
    count = len(base)
    prices = np.repeat(_charm(base * dice.uniform(count, 0.92, 1.08))[:, None], plan.DAYS, axis=1)
    changes = dice.integers(count, 2, 6)
    for p in range(count):
        days = 25 + np.sort(dice.integers(int(changes[p]), 0, plan.DAYS - 70))
        factors = dice.uniform(len(days), 0.74, 1.28)
        last = max(int(launched[p]), 0)
        for day, factor in zip(days.tolist(), factors.tolist(), strict=True):
            if day - last < 35:
                continue
            prices[p, day:] = _charm(np.array([base[p] * factor]))[0]
            last = day
    return prices


def price_changes(products: Products, dice: Dice) -> dict[str, NDArray[np.generic]]:
    """Columns of the table ``price_changes``, oldest first."""
    where, day = np.nonzero(np.diff(products.prices, axis=1))
    by_day = np.lexsort((where, day))
    where, day = where[by_day], day[by_day] + 1
    seconds = dice.integers(len(day), 3600, 6 * 3600)
    midnight = np.datetime64(plan.START, "s")
    return {
        "price_change_id": np.arange(len(day)) + 1,
        "product_id": products.ids[where],
        "changed_at": midnight + (day * 86400 + seconds).astype("timedelta64[s]"),
        "old_price": products.prices[where, day - 1] / 100,
        "new_price": products.prices[where, day] / 100,
    }
