"""Figures: a question becomes checked SQL, the rows are the evidence."""

from __future__ import annotations

from bot.job import Claim, Job, Strength, Understood, read_cases
from jobs.ask_sql.figures import answer_with_sql
from sql.question.answerable import names_figures


def claims(understood: Understood) -> Claim | None:
    """Whatever names a metric, a view or a column; with a value or a period alone it is possible."""
    links = understood.links
    if names_figures(links):
        return Claim(strength=Strength.NAMED, reason="links")
    return Claim(strength=Strength.POSSIBLE) if links.mentions else None


job = Job(
    name="ask_sql",
    description={
        "en": "Figures, rankings, shares and lists from the shop's data, each with the query behind it.",
        "zh": "店铺数据里的数字、排名、占比和明细，每个都附上背后的查询。",
    },
    utterances={
        "en": (
            "What was the revenue last month?",
            "How many orders came from Germany in May?",
            "Top 5 products by units sold",
            "Average rating by product",
            "Revenue by month in 2025",
            "Which category has the highest return rate?",
            "Show me the stock of each product",
        ),
        "zh": (
            "上个月的销售额是多少？",
            "各个国家有多少订单？",
            "销量最高的五个商品",
            "每个品类的平均评分",
            "哪个渠道的退货最多？",
        ),
    },
    claims=claims,
    run=answer_with_sql,
    texts=__package__,
    takes_the_rest=True,
    cases=read_cases(__package__),
)
