"""Questions that ask the data for figures are no job's: of the made-up shops, and some that were taken."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.job import Strength, Understood
from finetune.shops.check import opened
from finetune.shops.question_pairs import load_pairs
from jobs import JOBS
from sql.question.linking import Links, Vocabulary, link
from sql.shop.workspace import Workspace

PAIRS = [pair for pair in load_pairs() if pair.statement and pair.kind == "question"]
SHOPS = sorted({pair.shop for pair in PAIRS})[::6]
TOO = {"ask_sql", "bought_together", "cohorts", "customer_card", "order_card", "ask_reviews"}
"""Jobs that tell the same: pairs, cohorts, one order or customer, and what reviews hold."""
TAKEN = [
    ("五星好评占多少", "remarks"),
    ("which order lines should go out next week? order no., item, qty", "forecast"),
    ("近三个月一件都没卖的滞销货", "stock"),
    ("进价超过300的商品和进价,从贵到便宜", "find_products"),
    ("o00002什么时候预计送到", "forecast"),
    ("今年取货比预计晚的订单占几成", "forecast"),
    ("按流量来源看下2025年的单量", "forecast"),
    ("麻烦看一下2025年11月的销售额", "forecast"),
    ("I meet them tomorrow: revenue and number of orders this year, please", "forecast"),
    ("去年12月报修的保修单号", "report"),
    ("part-delivered orders older than 2026, with article", "find_products"),
    ("products with fewer than 20 left but not zero", "find_products"),
    ("warehouses larger than 350 sqm, with the size", "find_products"),
    ("保质期不超过3天的商品", "find_products"),
    ("书按页数分:200以下、200到400、400以上", "find_products"),
    ("有没有哪个月收款低于4万的,列出来", "find_products"),
    ("有没有从来没卖出去过的商品", "find_products"),
    ("去年第四季度的订单里,一分钱没收到的有多少单", "order_card"),
    ("还没发货的订单,给我单号和要求日期,最急的在前", "order_card"),
    ("哪几款还在卖但库存加起来不到10件了，我要补货", "stock"),
    ("which boots have fewer than 5 pairs left? i need to reorder them", "stock"),
    ("哪些商品库存少于 20 个，需要补货", "stock"),
    ("which pens have 3 or fewer left, what should we reorder", "stock"),
]


def claimed(question: str, links: Links, language: str) -> set[str]:
    """Jobs that take a question by its words."""
    understood = Understood(
        question=question,
        standalone=question,
        language=language,
        links=links,
        said=links,
        previous=None,
        verdict=None,
    )
    found = {job.name: job.claims(understood) for job in JOBS}
    return {name for name, claim in found.items() if claim is not None and claim.strength > Strength.POSSIBLE}


@pytest.mark.parametrize("shop", SHOPS)
def test_questions_of_a_shop_are_asked_of_its_data(shop: str) -> None:
    with opened(shop) as workspace:
        vocabulary = Vocabulary.build(workspace)
        taken = {}
        for pair in PAIRS:
            if pair.shop == shop:
                question = pair.turns[-1]
                links = link(question, vocabulary, workspace.today)
                taken[question] = claimed(question, links, pair.language) - TOO
    assert {question: jobs for question, jobs in taken.items() if jobs} == {}


@pytest.fixture(scope="module")
def vocabulary(demo_workspace: Workspace) -> Vocabulary:
    return Vocabulary.build(demo_workspace)


@pytest.mark.parametrize(("question", "job"), TAKEN)
def test_what_a_job_took_is_not_its_own(question: str, job: str, vocabulary: Vocabulary) -> None:
    language = "en" if question.isascii() else "zh"
    assert job not in claimed(question, link(question, vocabulary, dt.date(2026, 6, 30)), language)
