"""The card of a customer in words: a line for what is known, a list for each block, and what is hidden."""

from __future__ import annotations

from jobs.card_rows import days_in, row_line
from jobs.customer_card.customer_ahead import CHANCE, HIGH, KNOWN, LEARNED, LOW, VALUE, Ahead
from jobs.customer_card.customer_bought import FIRST, LAST, PURCHASES, SINCE, Bought, Rhythm
from jobs.customer_card.customer_facts import CustomerCard, Head, Step
from jobs.customer_card.customer_orders import Orders
from jobs.customer_card.customer_rows import Block
from jobs.customer_card.customer_words import ALL
from jobs.order_card.order_days import LATE
from jobs.order_card.order_places import Part
from telling.evidence import CellRef, Evidence
from telling.phrases import listed
from telling.quotes import quote
from telling.titles import view_title
from telling.writer import Writer

MOST_LINES = 5
"""Rows of a block that the text lists at most; the table has all."""
MOST_KINDS = 3
MOST_QUOTES = 3
_FACTS: tuple[Part, ...] = ("state", "ordered", "delivered", "amount")


def tell_card(evidence: Evidence, writer: Writer) -> str:
    """The customer, what was bought, what is to be expected, what is open, and what is hidden."""
    assert isinstance(evidence, CustomerCard)
    parts = [_head(evidence.head, writer)]
    if evidence.bought is not None:
        parts.append(_bought(evidence.bought, evidence, writer))
    if evidence.orders is not None:
        parts.append(_orders(evidence.orders, writer))
    if evidence.rhythm is not None and evidence.bought is not None:
        parts.append(_rhythm(evidence.rhythm, evidence.bought, writer))
    if evidence.ahead is not None:
        parts.append(_ahead(evidence.ahead, writer))
    parts += [_interests(evidence, writer)]
    parts += [_block(block, writer) for block in evidence.blocks]
    parts += _lacking(evidence, writer)
    if evidence.part == ALL:
        parts.append(_step(evidence.step, evidence, writer))
    if evidence.hidden and writer.role is not None:
        names = listed([writer.restate(name) for name in evidence.hidden], writer.words)
        parts.append(writer.say("not_seen", role=writer.restate(writer.role.name), names=names))
    return "\n\n".join(part for part in parts if part)


def _head(head: Head, writer: Writer) -> str:
    row = writer.tables[head.table].rows[0]
    known = [writer.cell(head.table, 0, place) for place in head.names if row[place] is not None]
    names = writer.say("head_names", names=" ".join(known)) if known else ""
    since = ""
    if head.since is not None and row[head.since] is not None:
        since = writer.say("head_since", day=writer.cell(head.table, 0, head.since, "day"))
    return writer.say("head", number=writer.cell(head.table, 0, head.number), names=names, since=since)


def _bought(bought: Bought, evidence: CustomerCard, writer: Writer) -> str:
    if not bought.has_any:
        return writer.say("bought_nothing")
    place = bought.summary
    is_once = writer.tables[place].rows[0][PURCHASES] == 1
    told = [
        writer.say(
            "bought_once" if is_once else "bought",
            purchases=writer.cell(place, 0, PURCHASES),
            first=writer.cell(place, 0, FIRST),
            last=writer.cell(place, 0, LAST),
            days=days_in(writer, place, 0, SINCE),
        )
    ]
    if bought.last is not None:
        rows = writer.tables[bought.last].rows
        products = [writer.cell(bought.last, row, 0) for row in range(min(len(rows), MOST_LINES))]
        key = "last_some" if len(rows) > MOST_LINES else "last"
        told.append(writer.say(key, products=writer.say("list_join").join(products)))
    if bought.value is not None:
        refunds = [block.refunded for block in evidence.blocks if block.refunded is not None]
        told.append(
            writer.say("value", value=writer.cell(bought.value, 0, 0), refunds=_refunds(refunds, writer))
        )
    return writer.say("space").join(told)


def _refunds(places: list[int], writer: Writer) -> str:
    """What went back beside that; of views with returns."""
    known = [place for place in places if writer.tables[place].rows[0][1] is not None]
    return "".join(writer.say("refunds", refunded=writer.cell(place, 0, 1)) for place in known)


def _orders(orders: Orders, writer: Writer) -> str:
    rows = writer.tables[orders.table].rows
    if not rows:
        return writer.say("orders_none")
    shown = list(dict.fromkeys([*orders.open_rows, *range(len(rows))]))[:MOST_LINES]
    lines = [_order(row, orders, writer) for row in shown]
    if len(rows) > MOST_LINES:
        lines.append(writer.say("more_lines"))
    head = writer.say("orders", count=writer.cell(orders.count, 0, 0))
    return "\n".join([head, "", *lines])


def _order(row: int, orders: Orders, writer: Writer) -> str:
    cells = writer.tables[orders.table].rows[row]

    def fact(part: Part) -> str:
        place = orders.columns.get(part)
        if place is None or cells[place] is None:
            return ""
        cell = writer.cell(orders.table, row, place, "day" if part in ("ordered", "delivered") else None)
        gloss = orders.glosses.get(str(cells[place]), "") if part == "state" else ""
        told = writer.say("glossed", state=cell, gloss=writer.restate(gloss)) if gloss else cell
        return writer.say(f"order_{part}", told=told)

    facts = [fact(part) for part in _FACTS]
    if row in orders.late:
        facts.append(writer.say("order_late", late=days_in(writer, orders.late[row], 0, LATE)))
    number = writer.cell(orders.table, row, orders.columns["number"])
    see = writer.say("order_see", number=number) if row in orders.open_rows else ""
    told = writer.say("comma").join(fact for fact in facts if fact)
    return writer.say("order_line", number=number, facts=told, see=see)


def _rhythm(rhythm: Rhythm, bought: Bought, writer: Writer) -> str:
    told = []
    if rhythm.own is not None:
        waits = writer.tables[rhythm.own].rows
        key = "rhythm_one" if len(waits) == 1 else "rhythm_own"
        told.append(writer.say(key, median=days_in(writer, rhythm.own, rhythm.middle, 0)))
    if rhythm.usual is not None:
        columns = [column.name for column in writer.tables[rhythm.usual].columns]
        told.append(
            writer.say(
                "rhythm_usual",
                median=days_in(writer, rhythm.usual, rhythm.usual_row, columns.index("median")),
                share=writer.restate("80 %"),
                low=writer.cell(rhythm.usual, rhythm.usual_row, columns.index("low_80")),
                high=writer.cell(rhythm.usual, rhythm.usual_row, columns.index("high_80")),
            )
        )
    if rhythm.late is not None:
        table, row, column = rhythm.late
        base = CellRef(table=table, row=row, column=column)
        now = CellRef(table=bought.summary, row=0, column="days_since")
        told.append(
            writer.say(
                "rhythm_late_own" if table == rhythm.own else "rhythm_late",
                days=days_in(writer, bought.summary, 0, SINCE),
                apart=writer.difference(now, base),
            )
        )
    return writer.say("space").join(told)


def _ahead(ahead: Ahead, writer: Writer) -> str:
    if ahead.table is None:
        values = {name: writer.restate(text) for name, text in ahead.values.items()}
        return writer.say(f"ahead_{ahead.reason}", **values)
    place = ahead.table
    row = writer.tables[place].rows[0]
    horizon = writer.restate(ahead.horizon.in_words(writer.words.language))
    told = [writer.say("chance", horizon=horizon, chance=writer.cell(place, 0, CHANCE))]
    if row[VALUE] is not None:
        ends = {"low": writer.cell(place, 0, LOW), "high": writer.cell(place, 0, HIGH)}
        told.append(
            writer.say(
                "ahead" if row[HIGH] else "ahead_nothing",
                months=writer.restate(writer.say("year")),
                share=writer.restate("80 %"),
                value=writer.cell(place, 0, VALUE),
                **ends,
            )
        )
        told.append(writer.say("ahead_from", customers=writer.cell(place, 0, LEARNED)))
        if ahead.is_short:
            told.append(writer.say("ahead_short", known=days_in(writer, place, 0, KNOWN)))
    return writer.say("space").join(told)


def _interests(evidence: CustomerCard, writer: Writer) -> str:
    lines = []
    for place in evidence.interests:
        rows = range(min(len(writer.tables[place].rows), MOST_KINDS))
        kinds = [
            writer.say("kind", kind=writer.cell(place, row, 0), purchases=writer.cell(place, row, 1))
            for row in rows
        ]
        title = writer.title(place, 0)
        lines.append(writer.say("interest", title=title, kinds=writer.say("list_join").join(kinds)))
    return "\n".join([writer.say("interests"), "", *lines]) if lines else ""


def _block(block: Block, writer: Writer) -> str:
    table = writer.tables[block.table]
    view = writer.restate(view_title(writer.shop, block.view, writer.words.language))
    title = writer.say(f"block_{block.kind}", view=view)
    if not table.rows:
        return writer.say("block_none", title=title)
    if block.kind == "reviews":
        return "\n\n".join([title, *(quote(hit) for hit in block.hits[:MOST_QUOTES])])
    shown = list(dict.fromkeys([*(block.open_rows or ()), *range(len(table.rows))]))[:MOST_LINES]
    lines = [
        row_line(writer, block.table, row, block.told)
        + (writer.say("is_open") if row in (block.open_rows or ()) else "")
        for row in shown
    ]
    if len(table.rows) > MOST_LINES:
        lines.append(writer.say("more_lines"))
    return "\n".join([title, "", *lines])


def _lacking(evidence: CustomerCard, writer: Writer) -> list[str]:
    """That a part was asked for of which nothing is there to be seen."""
    has = {block.kind for block in evidence.blocks}
    is_there = {
        "orders": evidence.orders is not None or evidence.bought is not None,
        "value": evidence.bought is not None,
        "interests": bool(evidence.interests) or "reviews" in has,
        "returns": "returns" in has,
        "tickets": "tickets" in has,
    }
    return [] if is_there.get(evidence.part, True) else [writer.say(f"none_of_{evidence.part}")]


def _step(step: Step | None, evidence: CustomerCard, writer: Writer) -> str:
    if step is None:
        return writer.say("step_none")
    if step.kind == "late_order":
        orders = evidence.orders
        assert orders is not None
        late = days_in(writer, orders.late[step.row], 0, LATE)
        number = writer.cell(step.table, step.row, orders.columns["number"])
        return writer.say("step_late_order", number=number, late=late)
    if step.kind == "open_ticket":
        block = next(block for block in evidence.blocks if block.table == step.table)
        return writer.say("step_open_ticket", ticket=_named(block, step.row, writer))
    return writer.say("step_buy_again")


def _named(block: Block, row: int, writer: Writer) -> str:
    """What names a row: the first of the columns that a line tells which is a key, else the first."""
    table = writer.tables[block.table]
    keys = [place for place in range(block.told) if table.columns[place].name in table.keys]
    return writer.cell(block.table, row, (keys or [0])[0])
