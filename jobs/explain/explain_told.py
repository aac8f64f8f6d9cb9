"""An explanation in words and as a picture: the result, what it is held against, and each part."""

from __future__ import annotations

from typing import Any

from jobs.explain.taking_apart import Explained
from jobs.told_cells import Cells
from jobs.waterfall import waterfall
from sql.semantics import Shop
from telling.evidence import CellRef, Evidence
from telling.phrases import load_words
from telling.titles import title_of
from telling.writer import Writer

MAX_LINES = 12
"""Parts that the text lists; the table has all."""
_WHOLE, _PARTS = 0, 1


def tell_explained(evidence: Evidence, writer: Writer) -> str:
    """The result first, then its parts, then how they are to be read."""
    assert isinstance(evidence, Explained)
    parts = [_head(evidence, writer), _lines(evidence, writer)]
    limits = writer.say(f"limits_{evidence.of}")
    return "\n\n".join([*parts, f"{limits}{writer.say('space')}{writer.say('no_cause')}"])


def _head(evidence: Explained, writer: Writer) -> str:
    cells = Cells(evidence, writer, _WHOLE, 0)
    added = evidence.added
    told = cells.some("start", "end", *added.facts)
    subject = added.subject
    if evidence.of == "forecast":
        subject = title_of(writer.shop, subject, writer.words.language)
        start, end = (CellRef(table=_WHOLE, row=0, column=name) for name in ("start", "end"))
        way = "more" if added.end > added.start else "less"
        told["apart"] = writer.say(f"apart_{way}", apart=writer.difference(end, start))
        told["unit"] = writer.say(added.note)
    key = f"head_{added.note}" if evidence.of == "price" else f"head_{evidence.of}"
    return writer.say(key, subject=writer.restate(subject), **told)


def _lines(evidence: Explained, writer: Writer) -> str:
    table = evidence.tables[_PARTS]
    names = [column.name for column in table.columns]
    lines = []
    for row in range(min(MAX_LINES, len(table.rows))):
        cells = Cells(evidence, writer, _PARTS, row)
        told = {"adds": cells["odds_times"] if "odds_times" in names else cells["adds"]}
        has = {name: table.rows[row][names.index(name)] is not None for name in ("here", "usual")}
        detail = ""
        if has["here"]:
            known = cells.some(*(name for name, is_there in has.items() if is_there))
            key = evidence.of if evidence.of == "recommend" else "usual" if has["usual"] else "alone"
            detail = writer.say(f"detail_{key}", **known)
        way = "down" if cells.number("adds") < 0 else "up"
        lines.append(
            writer.say(f"line_{evidence.added.scale}_{way}", part=cells["reason"], detail=detail, **told)
        )
    more = [writer.say("explain_more")] if len(table.rows) > MAX_LINES else []
    return "\n".join([writer.say(f"first_{evidence.added.scale}"), *lines, *more])


def draw_explained(evidence: Evidence, shop: Shop, language: str) -> dict[str, Any] | None:
    """From what it is held against to the result, a step for each part."""
    assert isinstance(evidence, Explained)
    added = evidence.added
    words = load_words(language, __package__ or "")
    what = evidence.of if evidence.of != "price" else added.note
    unit = added.unit
    axis = words.say(f"axis_{what}")
    return waterfall(
        (words.say(f"start_{what}"), added.start),
        [(part.name, part.adds) for part in added.parts],
        (words.say(f"end_{what}"), added.end),
        title=words.say(f"chart_{what}"),
        x_title=words.say("reasons"),
        y_title=f"{axis} ({unit})" if unit and unit != "%" else axis,
        format=".1%" if unit == "%" else ",~f",
    )
