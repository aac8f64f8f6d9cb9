"""The job: what is asked of campaigns, and which of its parts answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.job import Request, Tools
from jobs.campaign.audience import run_audience
from jobs.campaign.campaign_rows import CampaignRows
from jobs.campaign.campaign_words import CUE, FILLER, NAME, WHAT
from jobs.campaign.splitting import run_split
from jobs.campaign.switching import run_switch
from jobs.campaign.worth import run_worth
from jobs.not_heard import caveat_of, not_heard
from telling.evidence import Evidence

RUNS: dict[str, Callable[[Request, CampaignRows], Evidence]] = {
    "worth": run_worth,
    "audience": run_audience,
    "split": run_split,
    "switch": run_switch,
}


def run_campaign(request: Request, tools: Tools) -> Evidence:
    """Read, compare, learn or split; raises ``Declined`` where what that needs is not there or not seen."""
    rows = CampaignRows(request, tools)
    found = RUNS[request.settings.get(WHAT) or "worth"](request, rows)
    unheard = not_heard(request, (CUE, NAME), FILLER)
    if not unheard:
        return found
    caveats = (*found.caveats, *caveat_of(unheard))
    return replace(found, unheard=unheard, caveats=caveats, confidence=0.5)
