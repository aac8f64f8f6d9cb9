"""How a period went: headline figures beside earlier ones, and what moved by more than chance moves it."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.changes.changes_told import draw_changes, tell_changes
from jobs.changes.changes_words import PARAMETERS, claims
from jobs.changes.summing_up import run_changes

job = Job(
    name="changes",
    description={
        "en": "How a month or week went, and what in it moved by more than chance moves it.",
        "zh": "某个月或某一周的经营情况，以及其中超出偶然的变化。",
    },
    utterances={
        "en": ("How was business last month?", "What changed last month?", "How did we do last week?"),
        "zh": ("上个月生意怎么样？", "上个月有什么变化？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_changes,
    tell=tell_changes,
    draw=draw_changes,
    texts=__package__,
    cases=read_cases(__package__),
)
