"""What customers say: reviews that come closest to the question, quoted with their ids."""

from __future__ import annotations

from collections.abc import Sequence

from bot.job import Claim, Job, Strength, Understood, read_cases
from jobs.ask_reviews.quoting import find_reviews, tell_reviews
from jobs.ask_reviews.review_cues import COUNTING, REVIEWS
from sql.question.linking import Mention
from sql.semantics import Shop


def claims(understood: Understood) -> Claim:
    """What asks for customers' words; counts and averages of reviews are figures."""
    question = understood.standalone
    if REVIEWS.search(question) and not COUNTING.search(question):
        return Claim(strength=Strength.SAID, reason="cue")
    return Claim(strength=Strength.POSSIBLE)


def asks_about(values: Sequence[Mention], shop: Shop, language: str) -> tuple[str, ...]:
    """What buyers say about the first value, where reviews are filed under such values."""
    source = shop.reviews
    filed = {(source.view, source.product), (source.view, source.category)} if source is not None else set()
    if not any((m.view, m.name) in filed for m in values):
        return ()
    subject = values[0].text
    return (f"顾客对{subject}有什么评价？" if language == "zh" else f"What do buyers say about {subject}?",)


job = Job(
    name="ask_reviews",
    description={
        "en": "What customers say in their reviews about a product, a category or a topic, quoted with ids.",
        "zh": "顾客在评价里对某个商品、品类或方面怎么说，引用原文并注明编号。",
    },
    utterances={
        "en": (
            "What do buyers say about the battery?",
            "What do customers think of the headphones?",
            "Show me reviews about sound quality",
            "Any complaints about the zipper?",
            "What do people like most about the lamps?",
            "Is the material comfortable according to reviews?",
            "Why are customers unhappy with the backpack?",
        ),
        "zh": (
            "顾客对音质有什么评价？",
            "大家觉得这款耳机怎么样？",
            "有哪些关于电池的差评？",
            "买家怎么说这个包的质量？",
        ),
    },
    needs=("reviews",),
    claims=claims,
    asks_about=asks_about,
    run=find_reviews,
    tell=tell_reviews,
    draw=lambda evidence, shop, language: None,
    texts=__package__,
    is_about_text=True,
    cases=read_cases(__package__),
)
