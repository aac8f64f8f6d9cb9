"""What to recommend: to a customer, beside a product, for a basket; each with the reason in words."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.recommend.recommend_told import tell_recommended
from jobs.recommend.recommend_words import PARAMETERS, claims
from jobs.recommend.recommending import run_recommend

job = Job(
    name="recommend",
    description={
        "en": "What to recommend to a customer, beside a product or for a basket, and why.",
        "zh": "该给一位顾客、一个商品或一个购物篮推荐什么，以及理由。",
    },
    utterances={
        "en": ("What should I recommend to a customer?", "Which products are similar to this?"),
        "zh": ("该给这位顾客推荐什么？", "有哪些类似的商品？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_recommend,
    tell=tell_recommended,
    draw=lambda evidence, shop, language: None,
    needs=("product",),
    texts=__package__,
    cases=read_cases(__package__),
)
