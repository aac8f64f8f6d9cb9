"""The job: what is asked of campaigns, and which of its parts answers."""

from __future__ import annotations

from dataclasses import replace

from bot.job import Request, Tools
from jobs.campaign.campaign_rows import CampaignRows
from jobs.campaign.campaign_words import CUE, FILLER, NAME, WHAT
from jobs.campaign.worth import Worth, run_worth
from jobs.not_heard import caveat_of, not_heard

Answered = Worth


def run_campaign(request: Request, tools: Tools) -> Answered:
    """Read, compare, learn or split; raises ``Declined`` where what that needs is not there or not seen."""
    rows = CampaignRows(request, tools)
    found = run_worth(request, rows)
    unheard = not_heard(request, (CUE, NAME), FILLER)
    if not unheard:
        return found
    caveats = (*found.caveats, *caveat_of(unheard))
    return replace(found, unheard=unheard, caveats=caveats, confidence=0.5)
