"""Products that fit a wish: typed conditions from its words, the rest ranked by meaning."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.find_products.product_finding import find_products
from jobs.find_products.product_words import PARAMETERS, claims, follow
from jobs.find_products.products_told import tell_products

job = Job(
    name="find_products",
    description={
        "en": "Products that fit a wish in plain words, with price, stock, stars and why they fit.",
        "zh": "按一句话的愿望找商品，附价格、库存、评分和匹配的理由。",
    },
    utterances={
        "en": (
            "Find me a quiet kettle for under 50",
            "Waterproof jacket under 80, not red",
            "Gift for a coffee lover",
        ),
        "zh": ("找一款一百元以下的静音水壶", "有没有防水的夹克", "推荐送咖啡爱好者的礼物"),
    },
    parameters=PARAMETERS,
    claims=claims,
    follow=follow,
    run=find_products,
    tell=tell_products,
    draw=lambda evidence, shop, language: None,
    needs=("product",),
    texts=__package__,
    cases=read_cases(__package__),
)
