"""Why a product is recommended to a customer, and why a customer is on the list of a campaign, taken apart.

A recommendation's score is a sum over what the customer bought. The uplift of a customer is one of a kind's:
what recency, purchases and amount add to it, against all customers of today, are its Shapley values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from bot.parameters import Settings
from jobs.bg_nbd import Values
from jobs.campaign.audience import learn_audience
from jobs.campaign.audience_rows import AudienceRows
from jobs.campaign.campaign_rows import CampaignRows
from jobs.explain.added import Added, Part, ordered
from jobs.explain.explain_words import CUSTOMER
from jobs.explain.of_customers import Named, customer_of
from jobs.price.price_words import PRODUCT
from jobs.recommend.recommend_words import CUSTOMER as TO
from jobs.recommend.recommending import Basket
from jobs.recommend.walking import BETA, Walk
from jobs.shapley import shapley
from telling.phrases import escape_markdown

MOST_REASONS = 12
"""Products of the basket that are told one by one; the rest stands together."""


# ---- a recommendation -------------------------------------------------------------------------------------


def explain_recommend(request: Request, tools: Tools, words: Named) -> Added:
    """The score of the product that is named, or of the first on the list: what each purchase adds to it."""
    if "customer" in tools.workspace.shop.bound:
        number = customer_of(request, tools)[1]
    else:
        number = request.settings.get(CUSTOMER) or ""
    if not number:
        raise AskBack("which_customer")
    asked = replace(request, settings=Settings(values={TO.name: number}), on_table=lambda table: None)
    basket = Basket(asked, tools)
    product = _product(request, basket)
    if product is None:
        table, how = basket.recommend(1)
        if how != "bought":
            raise Declined("explain_not_by_basket", {"customer": escape_markdown(number)})
        product = str(table.rows[0][0])
    is_it = f"s.product = {basket.literal(product)}"
    walk = Walk(without=basket.key, allowed=(is_it, *basket.allowed("s.product")))
    found = basket.reader.run(
        f"""{basket.base},
{walk.sql()}
SELECT p.because_of, p.pull * EXP(-{BETA} * LN(b.buyers)) AS adds, p.together, p.buyers
FROM pulled AS p JOIN product_buyers AS b ON b.product = p.product ORDER BY adds DESC, p.because_of"""
    )
    if not found.rows:
        values = {"product": escape_markdown(product), "customer": escape_markdown(number)}
        raise Declined("explain_not_recommended", values)
    scores = [float(str(row[1])) for row in found.rows]
    whole = sum(scores)
    rows = list(zip(found.rows, scores, strict=True))
    parts = [
        Part(
            name=str(row[0]), adds=score / whole, here=float(str(row[2])), usual=float(str(row[3])),
        )
        for row, score in rows[:MOST_REASONS]
    ]  # fmt: skip
    if rest := sum(score for _, score in rows[MOST_REASONS:]):
        parts.append(Part(name=words.say("part_others"), adds=rest / whole))
    return Added(
        start=0.0, end=1.0, parts=tuple(parts), scale="share", unit="%", source=found, subject=number,
        facts={"product": (product, "")}, caveats=basket.reader.caveats,
    )  # fmt: skip


def _product(request: Request, basket: Basket) -> str | None:
    """The product that is named, in the shop's spelling."""
    of = request.settings.get(PRODUCT) or {}
    return next((value for value in of.get(basket.product, ())), None)


# ---- the audience of a campaign ---------------------------------------------------------------------------


def explain_audience(request: Request, tools: Tools, words: Named) -> Added:
    """What a customer's recency, purchases and amount add to the uplift of all customers of today."""
    customer, number = customer_of(request, tools)
    rows = CampaignRows(replace(request, settings=Settings()), tools)
    reader = AudienceRows(rows)
    found = reader.of_customer(customer.who)
    if not found.rows:
        raise Declined("explain_not_listed", {"customer": escape_markdown(number)})
    uplift = learn_audience(replace(request, settings=Settings()), rows, reader)
    if uplift is None or not uplift.tells:
        raise Declined("explain_plain_rule", {"customer": escape_markdown(number)})
    recency, purchases, paid, code = (float(str(cell)) for cell in found.rows[0])
    kind = (int(code) // 100, int(code) // 10 % 10, int(code) % 10)
    there, source = reader.now()
    gains = {each: sent - alone for each, (sent, alone) in uplift.chances.items()}
    adds = shapley(lambda some: _mean_gain(gains, there, kind, some), 3)
    size = float(sum(there.values()))
    sent, alone = uplift.chances[kind]
    numbers = (recency, purchases, paid / max(purchases, 1.0))
    parts = [
        Part(name=words.say(f"part_{name}"), adds=float(each), here=round(number_here, 2))
        for name, each, number_here in zip(("since", "purchases", "paid"), adds, numbers, strict=True)
    ]
    return Added(
        start=sum(gains[each] * count for each, count in there.items()) / size,
        end=gains[kind], parts=ordered(parts), scale="share", unit="%", source=source, subject=number,
        facts={"bought_if_sent": (round(sent, 4), "%"), "bought_anyway": (round(alone, 4), "%")},
        caveats=rows.reader.caveats,
    )  # fmt: skip


def _mean_gain(
    gains: Mapping[tuple[int, int, int], float],
    there: Mapping[tuple[int, int, int], int],
    kind: tuple[int, int, int],
    some: frozenset[int],
) -> Values:
    """Mean uplift of all customers, each given the sides in ``some`` of one kind.

    >>> gains = {(0, 0, 0): 0.1, (1, 0, 0): 0.3}
    >>> _mean_gain(gains, {(0, 0, 0): 3, (1, 0, 0): 1}, (1, 0, 0), frozenset({0})).item()
    0.3
    """
    counts = np.array(list(there.values()), dtype=float)
    mixed = [
        gains[(kind[0] if 0 in some else r, kind[1] if 1 in some else p, kind[2] if 2 in some else a)]
        for r, p, a in there
    ]
    return np.asarray(np.average(mixed, weights=counts))
