"""How units answer to prices and which to take: elasticities, curves, and what would have to be true."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.price.price_told import draw_price, tell_price
from jobs.price.price_words import PARAMETERS, claims
from jobs.price.pricing import run_price

job = Job(
    name="price",
    description={
        "en": "How price-sensitive products are, what another price would bring, and which to charge.",
        "zh": "商品对价格有多敏感，改价会带来什么，以及该定什么价。",
    },
    utterances={
        "en": (
            "How price-sensitive are our products?",
            "What happens if we raise prices by 5 %?",
            "Price elasticity by category",
        ),
        "zh": ("各品类的价格弹性", "涨价5%会怎么样？", "该定什么价？"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_price,
    tell=tell_price,
    draw=draw_price,
    needs=("product", "order_date", "quantity", "amount"),
    texts=__package__,
    cases=read_cases(__package__),
)
