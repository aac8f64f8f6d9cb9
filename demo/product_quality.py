"""How good each product really is, aspect by aspect. Ratings, reviews and returns follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo import plan
from demo.dice import Dice, Floats
from demo.products import Products


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Latent quality; nothing of it is written to the database."""

    overall: Floats
    """Per product, about -1 (poor) to 1 (excellent)."""
    aspects: tuple[dict[str, float], ...]
    """Per product, aspect to quality on the same scale."""

    @property
    def disappointing(self) -> Floats:
        """Per product, 0 for good or average, up to 1 for the worst."""
        return np.asarray(np.clip(-self.overall - 0.1, 0, 1))


def make_quality(seed: int, products: Products) -> Quality:
    """Draw it; the planted products are good ones, so that what befalls them stands out."""
    dice = Dice(seed, "quality")
    count = len(products.ids)
    overall = np.clip(dice.normal(count, 0.42) + 0.22, -1, 1)
    for name in (plan.FAULTY_PRODUCT, plan.VIRAL_PRODUCT):
        overall[products.position(name)] = 0.42
    aspects = []
    for p, kind in enumerate(products.kinds):
        spread = np.clip(overall[p] + dice.normal(len(kind.aspects), 0.4), -1, 1)
        aspects.append(
            {aspect: float(value) for (aspect, _), value in zip(kind.aspects, spread, strict=True)}
        )
    aspects[products.position(plan.FAULTY_PRODUCT)].update(battery=0.6, sound=0.5)
    return Quality(overall=overall, aspects=tuple(aspects))
