"""Why a figure changed, in words and as a picture: the change, whether it is usual, and what carries it."""

from __future__ import annotations

from typing import Any

from jobs.waterfall import waterfall
from jobs.why.explaining import Explained, Why
from sql.semantics import Shop
from telling.evidence import CellRef, Evidence
from telling.phrases import listed, load_words
from telling.quotes import quote
from telling.writer import Writer

MOST_ALSO = 3
"""Further columns in which the same is seen, told in a word each."""
_VALUE = 2
"""Column of the change's figure."""
_BY, _NOW, _BEFORE, _ADDS = 0, 1, 2, 3


def tell_why(evidence: Evidence, writer: Writer) -> str:
    """The change first, and that it is other than the question says; then what carries it."""
    assert isinstance(evidence, Why)
    parts = [_head(evidence, writer)]
    if evidence.change and not evidence.is_usual:
        parts += _carriers(evidence, writer)
    parts += _with_it(evidence, writer)
    if evidence.change and not evidence.is_usual:
        parts += _reviews(evidence, writer)
        parts.append(writer.say("why_limits"))
    parts.append(_go_on(evidence, writer))
    return "\n\n".join(parts)


def _head(evidence: Why, writer: Writer) -> str:
    now, base = (CellRef(table=0, row=row, column=evidence.metric.name) for row in (0, 1))
    change = evidence.change
    then = float(str(evidence.tables[0].rows[1][_VALUE]))
    sentences = [writer.say("last_month")] if not evidence.is_said else []
    sentences += [writer.say("still_on")] if evidence.is_cut else []
    sentences += [writer.say("did_not_fall")] if evidence.way == "down" and change >= 0 else []
    sentences += [writer.say("did_not_rise")] if evidence.way == "up" and change <= 0 else []
    days = {
        name: writer.cell(0, row, column)
        for name, row, column in (
            ("first", 0, 0), ("last", 0, 1), ("base_first", 1, 0), ("base_last", 1, 1),
        )
    }  # fmt: skip
    metric = evidence.names[evidence.metric.name]
    told = {
        "metric": writer.restate(metric[:1].upper() + metric[1:]),
        "only": writer.filters(evidence.scope),
        "now": writer.cell(0, 0, _VALUE),
        "before": writer.cell(0, 1, _VALUE),
        **days,
    }
    if change:
        told["difference"] = _points(writer.difference(now, base), evidence, writer)
        is_share = evidence.is_rate and evidence.metric.unit == "%"
        told["change"] = f" ({writer.change(now, base)})" if then > 0 and not is_share else ""
    sentences.append(writer.say("fell" if change < 0 else "rose" if change else "stayed", **told))
    if change and evidence.usual is not None:
        ends = {name: writer.cell(evidence.usual, 0, at) for at, name in enumerate(("low", "high"))}
        ends["by_day"] = "" if evidence.is_rate else writer.say("by_day")
        sentences.append(writer.say("within_usual" if evidence.is_usual else "beyond_usual", **ends))
    elif change and evidence.is_usual:
        sentences.append(writer.say("by_chance"))
    return writer.say("sentences").join(sentences)


def _points(text: str, evidence: Why, writer: Writer) -> str:
    return writer.say("points", number=text) if evidence.metric.unit == "%" else text


def _carriers(evidence: Why, writer: Writer) -> list[str]:
    told: list[str] = []
    carrying = [each for each in evidence.apart.explained if each.rows]
    if carrying:
        first, *others = carrying
        lines = [writer.say("carried_by"), *(_carrier(first, row, evidence, writer) for row in first.rows)]
        told.append("\n".join(lines))
        also = [_also(each, evidence, writer) for each in others[:MOST_ALSO]]
        told += [writer.say("seen_as_well", others=listed(also, writer.words))] if also else []
    elif evidence.apart.split:
        columns = listed([writer.restate(title) for title in evidence.apart.split], writer.words)
        told.append(writer.say("evenly", columns=columns))
    else:
        is_grouped = writer.role is not None and writer.role.minimum_group is not None
        told.append(writer.say("parts_hidden" if is_grouped else "no_parts"))
    if evidence.apart.prices is not None:
        names = ("units", "mix", "prices")
        sizes = {name: writer.cell(evidence.apart.prices, 0, at) for at, name in enumerate(names)}
        told.append(writer.say("by_prices", **sizes))
    return told


def _carrier(each: Explained, row: int, evidence: Why, writer: Writer) -> str:
    def cell(column: int) -> str:
        return writer.cell(each.table, row, column)

    told = {
        "by": writer.restate(evidence.names[each.column.name]),
        "value": cell(_BY),
        "now": cell(_NOW),
        "before": cell(_BEFORE),
        "contribution": cell(_ADDS),
        "part": cell(_part(evidence)),
        "even": cell(_part(evidence) + 1),
    }
    if not evidence.is_rate:
        return writer.say("carrier", **told)
    return writer.say("carrier_rate", own=cell(_ADDS + 1), mix=cell(_ADDS + 2), **told)


def _part(evidence: Why) -> int:
    """The column with the share of the change; behind it stands the share before."""
    return _ADDS + (3 if evidence.is_rate else 1)


def _also(each: Explained, evidence: Why, writer: Writer) -> str:
    by = writer.restate(evidence.names[each.column.name])
    value, part = (writer.cell(each.table, each.rows[0], column) for column in (_BY, _part(evidence)))
    return writer.say("seen_in", by=by, value=value, part=part)


def _with_it(evidence: Why, writer: Writer) -> list[str]:
    """What else the data have of that time."""
    before = evidence.apart.before
    if before is None or not before.tables:
        return []
    lines = [writer.say("at_that_time")]
    for table, key, names in (
        (before.prices, "price_step", ("product", "day", "low", "high")),
        (before.stock, "no_stock", ("product", "first", "last")),
    ):
        for row in range(len(evidence.tables[table].rows)) if table is not None else ():
            assert table is not None
            lines.append(writer.say(key, **{n: writer.cell(table, row, at) for at, n in enumerate(names)}))
    lines += _campaigns(before.campaigns, evidence, writer)
    if before.visits is not None:
        name = evidence.tables[before.visits].columns[_VALUE].name
        now, base = (CellRef(table=before.visits, row=row, column=name) for row in (0, 1))
        lines.append(
            writer.say(
                "visits_then",
                visits=writer.title(before.visits, _VALUE, at_start=True),
                now=writer.cell(before.visits, 0, _VALUE),
                before=writer.cell(before.visits, 1, _VALUE),
                change=f" ({_signed(now, base, evidence)}{writer.change(now, base)})",
            )
        )
    return ["\n".join(lines)]


def _signed(now: CellRef, base: CellRef, evidence: Why) -> str:
    later, then = (float(str(evidence.tables[ref.table].rows[ref.row][_VALUE])) for ref in (now, base))
    return "+" if later >= then else "−"


def _campaigns(table: int | None, evidence: Why, writer: Writer) -> list[str]:
    if table is None:
        return []
    lines = []
    for row, cells in enumerate(evidence.tables[table].rows):
        told = {"campaign": writer.cell(table, row, 0), "first": writer.cell(table, row, 1)}
        if cells[2] is None:
            lines.append(writer.say("campaign_from", **told))
        else:
            lines.append(writer.say("campaign", last=writer.cell(table, row, 2), **told))
    return lines


def _reviews(evidence: Why, writer: Writer) -> list[str]:
    """Words that customers use of just these parts, and quotes that have them."""
    said = evidence.apart.said
    if said is None:
        return []
    found = []
    for row in range(len(said.table.rows)):
        word, texts, whole, others, all_others = (writer.cell(said.at, row, column) for column in range(5))
        counts = {"texts": texts, "all": whole, "others": others, "all_others": all_others}
        found.append(writer.say("review_word", word=word, **counts))
    words = listed(found, writer.words)
    head = writer.say("in_reviews", about=writer.restate(said.about), words=words)
    return [head, *(quote(hit) for hit in said.hits)]


def _go_on(evidence: Why, writer: Writer) -> str:
    """What can be said next: the other comparison, and the part that carries most."""
    is_year = evidence.settings["against"] == "year"
    other = writer.say("go_on_before" if is_year else "go_on_year")
    first = next((each for each in evidence.apart.explained if each.rows), None)
    only = ""
    if first is not None and first.can_be_named:
        value = evidence.tables[first.table].rows[first.rows[0]][_BY]
        only = writer.say("go_on_only", value=writer.restate(str(value)))
    return writer.say("go_on", year=other, only=only)


# ---- the picture ------------------------------------------------------------------------------------------


def draw_why(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """From the figure before to that of now, a step for each part; ``None`` where no parts are told."""
    assert isinstance(evidence, Why)
    if not evidence.apart.explained:
        return None
    words = load_words(language, __package__ or "")
    first = evidence.apart.explained[0]
    table = evidence.tables[first.table]
    now, then = (float(str(row[_VALUE])) for row in evidence.tables[0].rows)
    is_points = evidence.is_rate and evidence.metric.unit == "%"
    times = 100.0 if is_points else 1.0
    metric = evidence.names[evidence.metric.name]
    unit = "%" if is_points else evidence.metric.unit
    title = words.say("chart_why", metric=metric[:1].upper() + metric[1:])
    by = " ".join(evidence.names[first.column.name].split())
    return waterfall(
        (words.say("chart_before"), then * times),
        [(str(row[_BY]), float(str(row[_ADDS]))) for row in table.rows],
        (words.say("chart_now"), now * times),
        title=title,
        x_title=by,
        y_title=f"{metric} ({unit})" if unit else metric,
    )
