"""What was found of campaigns in words and as a picture: by the part that answered."""

from __future__ import annotations

from typing import Any

from jobs.campaign.audience import Audience
from jobs.campaign.audience_told import draw_audience, tell_audience
from jobs.campaign.split_told import draw_split, tell_split
from jobs.campaign.splitting import Splitting
from jobs.campaign.switch_told import draw_switch, tell_switch
from jobs.campaign.switching import Switching
from jobs.campaign.worth import Worth
from jobs.campaign.worth_told import draw_worth, tell_worth
from sql.semantics import Shop
from telling.evidence import Evidence
from telling.writer import Writer


def tell_campaign(evidence: Evidence, writer: Writer) -> str:
    """The words."""
    match evidence:
        case Audience():
            return tell_audience(evidence, writer)
        case Splitting():
            return tell_split(evidence, writer)
        case Switching():
            return tell_switch(evidence, writer)
        case Worth():
            return tell_worth(evidence, writer)
    raise TypeError(type(evidence).__name__)


def draw_campaign(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """The picture."""
    match evidence:
        case Audience():
            return draw_audience(evidence, language)
        case Splitting():
            return draw_split(evidence, language)
        case Switching():
            return draw_switch(evidence, language)
        case Worth():
            return draw_worth(evidence, language)
    raise TypeError(type(evidence).__name__)
