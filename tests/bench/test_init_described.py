"""What ``init`` makes of a database by itself answers as its author's corrected description does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.described import bare_shops, described

pytestmark = pytest.mark.slow


def test_every_bare_shop_counts() -> None:
    assert len(bare_shops()) >= 44
    assert {"bare_taobao_exports", "bare_food_trader"} <= set(bare_shops())


@pytest.mark.parametrize(
    ("shop", "least"),
    [
        ("bare_food_trader", 1.0),  # an order's shipper is told by a verb alone: ShipVia
        ("bare_kingdee_erp", 0.6),  # keys among several unique columns, links that only numbers tell
        ("bare_taobao_exports", 0.95),  # a seller's own code for its items, and not the market's
    ],
)
def test_its_statements_have_the_rows_that_they_were_written_for(
    shop: str, least: float, tmp_path: Path
) -> None:
    outcome = described(shop, tmp_path)
    assert outcome.share >= least, [*outcome.failed, *outcome.other][:5]
    assert outcome.same > 50
