"""Products in words: each with its price, stock and stars, what it meets, and the words it was found by."""

from __future__ import annotations

from jobs.find_products.product_finding import Products
from jobs.find_products.product_words import Filter, InStock, OneOf, Without
from telling.evidence import Evidence
from telling.phrases import escape_markdown, listed
from telling.quotes import cut_at_word
from telling.titles import title_of
from telling.writer import Writer

MOST_QUOTED = 160
"""Characters of a sentence."""


def tell_products(evidence: Evidence, writer: Writer) -> str:
    """What was looked for, the products, and where there are none which condition to drop."""
    assert isinstance(evidence, Products)
    wish = evidence.wish
    conditions = [_condition(each, writer) for each in wish.filters]
    parts = []
    if wish.unread:
        said = ", ".join(writer.restate(text) for text in wish.unread)
        parts.append(writer.say("unread", said=said))
    if not evidence.tables[0].rows:
        parts.append(_none(evidence, conditions, writer))
        return "\n\n".join(parts)
    meets = writer.say("meets", conditions=listed(conditions, writer.words)) if conditions else ""
    parts.append(writer.say("found_by_meaning" if wish.topic else "found", meets=meets))
    parts += [_product(row, evidence, writer) for row in range(len(evidence.tables[0].rows))]
    parts.append(writer.say("ranked" if wish.topic else "not_ranked"))
    return "\n\n".join(parts)


def _condition(each: Filter, writer: Writer) -> str:
    if isinstance(each, Without):
        return writer.say("without_word", word=writer.restate(each.word))
    if isinstance(each, InStock):
        return writer.say("in_stock")
    if isinstance(each, OneOf):
        title = writer.restate(title_of(writer.shop, each.column, writer.words.language))
        values = listed([writer.restate(value) for value in each.values], writer.words)
        return writer.say("none_of" if each.is_not else "one_of", title=title, values=values)
    sign = writer.say({"<": "below", "<=": "at_most", ">": "above", ">=": "at_least"}.get(each.sign, "equal"))
    title = writer.say("stars" if each.is_stars else "price")
    return writer.say("bound", title=title, sign=sign, value=writer.restate(each.number))


def _product(row: int, evidence: Products, writer: Writer) -> str:
    cells = evidence.tables[0].rows[row]
    facts = [
        writer.say(f"fact_{name}", value=writer.cell(0, row, place))
        for name, place in evidence.columns.items()
        if name != "name" and cells[place] is not None
    ]
    line = writer.say("product", name=writer.cell(0, row, evidence.columns["name"]))
    told = f"{line}{writer.say('colon')}{writer.say('comma').join(facts)}" if facts else line
    match = evidence.matches[row]
    if not match.sentence:
        return told
    words = escape_markdown(cut_at_word(match.sentence, MOST_QUOTED))
    return f"{told}\n\n> {words}\n>\n> — {escape_markdown(match.id)}"


def _none(evidence: Products, conditions: list[str], writer: Writer) -> str:
    """That nothing meets all, and how many meet all but one; the last is what to drop."""
    if evidence.counts is None:
        return writer.say("nothing_near")
    place = evidence.counts
    row = evidence.tables[place].rows[0]
    lines = [
        writer.say("dropped", condition=condition, products=writer.cell(place, 0, number))
        for number, condition in enumerate(conditions, 1)
        if row[number]
    ]
    head = writer.say(
        "nothing_meets",
        conditions=listed(conditions, writer.words),
        products=writer.cell(place, 0, 0),
    )
    return (
        "\n".join([head, "", *lines]) if lines else f"{head}{writer.say('space')}{writer.say('contradict')}"
    )
