"""What a question asks of campaigns, in both languages; and what of it stays a figure."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from asked_alone import linked, understood

from bot.parameters import Unreadable, find_said, read_settings
from jobs import JOBS
from jobs.campaign.campaign_rows import Campaign
from jobs.campaign.campaign_words import PARAMETERS, Money, claims
from jobs.campaign.naming import meant_by
from sql.question.linking import Vocabulary

LINES = (Path(__file__).parent / "campaign_routes.txt").read_text(encoding="utf-8").splitlines()
ROUTES = [line.split(" | ", 1) for line in LINES if line.strip() and not line.startswith("#")]
TODAY = dt.date(2026, 6, 30)


@pytest.mark.parametrize(("whose", "question"), ROUTES, ids=[f"{q} → {w}" for w, q in ROUTES])
def test_a_question_is_whose_it_is(whose: str, question: str, vocabulary: Vocabulary):
    assert (claims(understood(question, vocabulary)) is not None) == (whose == "campaign")


@pytest.mark.parametrize("question", [question for whose, question in ROUTES if whose == "campaign"])
def test_no_other_job_takes_its_questions(question: str, vocabulary: Vocabulary):
    asked = understood(question, vocabulary)
    claimed = {job.name: claim for job in JOBS if (claim := job.claims(asked)) is not None}
    strongest = max(claim.strength for claim in claimed.values())
    assert [name for name, claim in claimed.items() if claim.strength == strongest] == ["campaign"]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("was the spring campaign worth it?", {"what": "worth", "campaign": "spring"}),
        ("was the Spring Refresh 2025 campaign worth it?", {"campaign": "Spring Refresh 2025"}),
        ("Did the last newsletter pay for itself?", {"what": "worth", "campaign": "last"}),
        ('was the campaign "Black Friday; 2025" worth it?', {"campaign": "Black Friday; 2025"}),
        ("which campaign worked best", {"what": "worth", "campaign": None}),
        ("did our campaigns pay off", {"campaign": None}),
        ("was the spring campaign worth it with the 4 weeks after?", {"after": "4 weeks"}),
        (
            "was the Black Friday campaign worth it in 2025?",
            {"campaign": "Black Friday", "period": "from 2025-01-01 to 2025-12-31"},
        ),
        ("was the Spring Refresh 2025 campaign worth it?", {"period": None}),
        ("was the spring campaign worth it compared with last year?", {"period": None}),
        ("is it worth sending vouchers?", {"what": "worth"}),
        ("春季活动划算吗", {"what": "worth", "campaign": "春季"}),
        ("去年的春季活动划算吗", {"campaign": "春季"}),
        ("上次的促销有用吗", {"campaign": "上次"}),
        ("哪个活动效果最好", {"what": "worth", "campaign": None}),
        ("那秋季的呢", {"campaign": "秋季"}),
        ("who should get the next voucher?", {"what": "audience", "campaign": None, "rank": None}),
        ("who would buy anyway", {"what": "audience", "rank": "anyway"}),
        ("only 200 customers", {"size": 200}),
        ("只要200位顾客", {"size": 200}),
        (
            "how should I split 5,000 between the channels",
            {"what": "split", "budget": 5000.0, "by": "channel"},
        ),
        ("how should I split 5k between the offers", {"budget": 5000.0, "by": "offer"}),
        ("with 8000", {"budget": 8000.0}),
        ("5000预算怎么分", {"what": "split", "budget": 5000.0}),
        ("2万预算怎么分", {"budget": 20000.0}),
        ("预算改成8000", {"budget": 8000.0}),
        (
            'campaign what=audience size=50 campaign="Spring Refresh"',
            {"size": 50, "campaign": "Spring Refresh"},
        ),
    ],
)
def test_words_give_values(question: str, said: dict[str, object], vocabulary: Vocabulary):
    settings = read_settings(linked(question, vocabulary), PARAMETERS, vocabulary, "en")
    got = {name: settings.values.get(name) for name in said}
    assert {**got, **({"after": str(got["after"])} if got.get("after") else {})} == said


@pytest.mark.parametrize("text", ["0", "-5", "five", "1e9", "10,00", "9" * 20])
def test_what_is_no_amount_is_refused(text: str, vocabulary: Vocabulary):
    with pytest.raises(Unreadable):
        Money().value(text, vocabulary)


def test_a_budget_is_left_where_it_stands(vocabulary: Vocabulary):
    links = linked("how should I split 5000 between the channels", vocabulary)
    said = find_said(links, PARAMETERS)["budget"]
    assert links.question[said.start : said.end] == "5000"


def campaign(name: str, start: str, channel: str = "email") -> Campaign:
    first = dt.date.fromisoformat(start)
    last = first + dt.timedelta(days=13)
    return Campaign(name=name, first=first, last=last, cost=1.0, channel=channel, offer=None)


CAMPAIGNS = [
    campaign("Next Summer", "2026-07-10"),
    campaign("Spring Refresh 2026", "2026-04-01"),
    campaign("双十一大促", "2025-11-07", "social"),
    campaign("Autumn; DROP TABLE campaigns", "2025-10-01"),
    campaign("Spring Refresh 2025", "2025-04-01"),
]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("spring", ["Spring Refresh 2026", "Spring Refresh 2025"]),
        ("Spring Refresh 2025", ["Spring Refresh 2025"]),
        ("2025 spring", ["Spring Refresh 2025"]),
        ("sprng refresh 2025", ["Spring Refresh 2025"]),
        ("春季", ["Spring Refresh 2026", "Spring Refresh 2025"]),
        ("双十一", ["双十一大促"]),
        ("fall", ["Autumn; DROP TABLE campaigns"]),
        ("latest", ["Spring Refresh 2026"]),
        ("上次", ["Spring Refresh 2026"]),
        ("social", ["双十一大促"]),
        ("ring", []),
        ("!!!", []),
    ],
)
def test_words_for_a_campaign_find_it(text: str, names: list[str]):
    assert [each.name for each in meant_by(text, CAMPAIGNS, TODAY)] == names
