"""Words for the result of one query: read off its columns and rows, with a receipt for every number."""

from __future__ import annotations

import decimal
from collections.abc import Sequence

from sql.types import Table, Value
from telling.cells import Grain
from telling.evidence import Evidence, Scope
from telling.profile import Profile, profile_of
from telling.titles import view_title
from telling.writer import Writer

MAX_LINES = 5
"""Groups or rows that the text lists at most; the table has all."""


def tell_result(evidence: Evidence, writer: Writer) -> str:
    """Words for the result of one query, which is table 0."""
    table = evidence.tables[0]
    profile = profile_of(table)
    if profile.kind == "empty" or "nothing" in evidence.parts:
        return _nothing(evidence, writer)
    tell = {
        "cell": _cell,
        "row": _row,
        "series": _series,
        "groups": _groups,
        "two_way": _two_way,
        "rows": _rows,
    }[profile.kind]
    parts = [tell(table, profile, evidence.scope, writer)]
    total = evidence.parts.get("total")
    if total is not None and evidence.tables[total].rows:
        parts.append(writer.say("groups_total", value=writer.cell(total, 0, 0)))
    if table.is_truncated:
        parts.append(writer.say("truncated"))
    return "\n\n".join(parts)


def _nothing(evidence: Evidence, writer: Writer) -> str:
    table, role = evidence.tables[0], writer.role
    filters = writer.filters(evidence.scope)
    if table.query.minimum_group is not None and role is not None:
        least = writer.restate(str(table.query.minimum_group))
        return writer.say("too_few", role=writer.restate(role.name), least=least, filters=filters)
    if role is not None and role.is_limited_in(table.query.views):
        parts = [writer.say("empty_part", role=writer.restate(role.name), filters=filters)]
    else:
        parts = [writer.say("empty", filters=filters)]
    coverage = evidence.parts.get("coverage")
    if coverage is not None:
        table = evidence.tables[coverage]
        if table.rows and None not in table.rows[0]:
            view = view_title(writer.shop, evidence.about, writer.words.language)
            parts.append(
                writer.say(
                    "coverage",
                    view=writer.restate(view),
                    first=writer.cell(coverage, 0, 0, "day"),
                    last=writer.cell(coverage, 0, 1, "day"),
                )
            )
    return " ".join(parts)


def _cell(table: Table, profile: Profile, scope: Scope, writer: Writer) -> str:
    name = writer.title(0, 0, at_start=True)
    return writer.say("cell", name=name, filters=writer.filters(scope), value=writer.cell(0, 0, 0))


def _row(table: Table, profile: Profile, scope: Scope, writer: Writer) -> str:
    """One row: what names it first, then the rest with their names. One of several dates names nothing."""
    columns = range(len(table.columns))
    times = [i for i in columns if i not in profile.measures and i not in profile.categories]
    names = [*(times if len(times) == 1 else []), *profile.categories]
    is_named = 0 < len(names) < len(columns)
    shown = [i for i in columns if i not in names or not is_named]
    first, *rest = [
        writer.say(
            "pair",
            name=writer.title(0, i, at_start=i == shown[0] and not is_named),
            value=writer.cell(0, 0, i, _grain(profile, i)),
        )
        for i in shown
    ]
    filters = writer.filters(scope)
    if is_named:
        group = _group(table, 0, names, profile, writer)
        pairs = writer.say("pair_join").join([first, *rest])
        return writer.say("row_named", name=group, filters=filters, pairs=pairs)
    end = "。" if writer.words.language == "zh" else "."
    return writer.say("pair_join").join([f"{first}{filters}", *rest]) + end


def _series(table: Table, profile: Profile, scope: Scope, writer: Writer) -> str:
    """A quantity over time: first, last, highest and lowest. Further quantities stay in the table."""
    assert profile.time is not None
    time, measure = profile.time, profile.measures[0]
    rows = [i for i, row in enumerate(table.rows) if row[time] is not None and row[measure] is not None]
    if not rows:
        return _rows(table, profile, scope, writer)
    rows.sort(key=lambda i: _sortable(table.rows[i][time]))
    peak = max(rows, key=lambda i: _number(table.rows[i][measure]))
    low = min(rows, key=lambda i: _number(table.rows[i][measure]))

    def when(row: int) -> str:
        return writer.cell(0, row, time, profile.grain)

    return writer.say(
        "series" if profile.grain in ("month", "quarter", "year") else "series_days",
        name=writer.title(0, measure, at_start=True),
        filters=writer.filters(scope),
        first=writer.cell(0, rows[0], measure),
        first_time=when(rows[0]),
        last=writer.cell(0, rows[-1], measure),
        last_time=when(rows[-1]),
        peak=writer.cell(0, peak, measure),
        peak_time=when(peak),
        low=writer.cell(0, low, measure),
        low_time=when(low),
    )


def _groups(table: Table, profile: Profile, scope: Scope, writer: Writer) -> str:
    """A quantity per name: all of a few, else the highest three and the lowest."""
    name, measure = profile.categories[0], profile.measures[0]
    title = writer.title(0, measure, at_start=True)
    filters = writer.filters(scope)
    # A statement that itself stops after some rows has no lowest of all.
    is_top = table.query.tree.args.get("limit") is not None
    if len(table.rows) <= MAX_LINES or is_top:
        shown = range(min(len(table.rows), 2 * MAX_LINES))
        lines = [
            writer.say("groups_line", group=writer.cell(0, i, name), value=_values(0, i, profile, writer))
            for i in shown
        ]
        return "\n".join([writer.say("groups_all", name=title, filters=filters), "", *lines])
    rows = [i for i, row in enumerate(table.rows) if row[measure] is not None]
    if not rows:
        return _rows(table, profile, scope, writer)
    rows.sort(key=lambda i: _number(table.rows[i][measure]), reverse=True)
    top, second, third, low = rows[0], *(rows * 3)[1:3], rows[-1]
    others = [
        writer.say("groups_pair", group=writer.cell(0, i, name), value=writer.cell(0, i, measure))
        for i in dict.fromkeys((second, third))
        if i not in (top, low)
    ]
    return writer.say(
        "groups_top",
        name=title,
        filters=filters,
        group=writer.cell(0, top, name),
        value=writer.cell(0, top, measure),
        others=writer.say("groups_others", pairs=writer.say("name_join").join(others)) if others else "",
        low_group=writer.cell(0, low, name),
        low=writer.cell(0, low, measure),
    )


def _two_way(table: Table, profile: Profile, scope: Scope, writer: Writer) -> str:
    names = [*([profile.time] if profile.time is not None else []), *profile.categories]
    measure = profile.measures[0]
    rows = [i for i, row in enumerate(table.rows) if row[measure] is not None]
    if not rows:
        return _rows(table, profile, scope, writer)
    top = max(rows, key=lambda i: _number(table.rows[i][measure]))
    low = min(rows, key=lambda i: _number(table.rows[i][measure]))
    return writer.say(
        "two_way",
        name=writer.title(0, measure, at_start=True),
        filters=writer.filters(scope),
        group=_group(table, top, names, profile, writer),
        value=writer.cell(0, top, measure),
        low_group=_group(table, low, names, profile, writer),
        low=writer.cell(0, low, measure),
    )


def _rows(table: Table, profile: Profile, scope: Scope, writer: Writer) -> str:
    """Rows without one reading: the first few as they came, each cell under its name."""
    shown = range(min(len(table.rows), MAX_LINES))
    columns = range(min(len(table.columns), 6))
    lines = []
    for i in shown:
        pairs = [
            writer.cell(0, i, j, _grain(profile, j))
            if len(table.columns) == 1
            else writer.say(
                "rows_pair", name=writer.title(0, j), value=writer.cell(0, i, j, _grain(profile, j))
            )
            for j in columns
        ]
        lines.append(writer.say("rows_line", pairs=writer.say("group_join").join(pairs)))
    key = "rows_all" if len(table.rows) <= MAX_LINES else "rows_some"
    return "\n".join([writer.say(key, filters=writer.filters(scope)), "", *lines])


def _values(table: int, row: int, profile: Profile, writer: Writer) -> str:
    """The quantities of one group; with several, each after the first carries its name."""
    first, *rest = profile.measures
    others = [f"{writer.title(table, i)} {writer.cell(table, row, i)}" for i in rest[:3]]
    return writer.say("group_join").join([f"**{writer.cell(table, row, first)}**", *others])


def _group(table: Table, row: int, names: Sequence[int], profile: Profile, writer: Writer) -> str:
    cells = [writer.cell(0, row, i, _grain(profile, i)) for i in names]
    return writer.say("group_join").join(cells)


def _grain(profile: Profile, column: int) -> Grain | None:
    return profile.grain if column == profile.time else None


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float | decimal.Decimal) else float("nan")


def _sortable(value: Value) -> str:
    """Times in order; numbers such as month 2 and month 10 by size."""
    return f"{value:09d}" if isinstance(value, int) else str(value)
