"""What was found of campaigns in words and as a picture."""

from __future__ import annotations

from typing import Any

from jobs.campaign.worth import Worth
from jobs.campaign.worth_told import draw_worth, tell_worth
from sql.semantics import Shop
from telling.evidence import Evidence
from telling.writer import Writer


def tell_campaign(evidence: Evidence, writer: Writer) -> str:
    """The words of the part that answered."""
    assert isinstance(evidence, Worth)
    return tell_worth(evidence, writer)


def draw_campaign(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """Its picture."""
    assert isinstance(evidence, Worth)
    return draw_worth(evidence, language)
