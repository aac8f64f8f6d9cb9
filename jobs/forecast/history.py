"""The past of some series as numbers that a model can take, and what was odd about it.

Pure: a DataFrame in, arrays out. Nothing is hidden: each thing that was filled in, held down or found lacking
becomes a note, which the answer tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from jobs.forecast.features import Values
from jobs.series import Grain

if TYPE_CHECKING:
    import pandas as pd

NoteKind = Literal["young", "sparse", "negative", "giant", "gap", "stopped"]

SEASONS: dict[Grain, tuple[int, ...]] = {"day": (7, 364), "week": (52,), "month": (12,)}
LEAST: dict[Grain, int] = {"day": 28, "week": 12, "month": 9}
"""Periods that a forecast needs at least, from the first sale on."""
SPARSE = 0.5
"""Share of periods without a sale from which a series counts as sparse."""
REGULAR = 0.05
"""Share of such periods, beside a long gap, up to which a series counts as regular."""
LONG_GAP: dict[Grain, int] = {"day": 5, "week": 3, "month": 2}
GIANT = 6.0
"""A value beyond so many times what 95 of 100 periods stay under is held down while a model is fitted."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something odd about a series."""

    kind: NoteKind
    series: str
    count: int
    """Periods that it is about."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Several series on one calendar."""

    names: tuple[str, ...]
    """Of the series that can be gone on with, in order."""
    starts: pd.DatetimeIndex
    """First day of each period, one after the other."""
    values: Values
    """Shape (series, periods); NaN before a series began."""
    fitted: Values
    """The same with gaps filled in and giants held down, for fitting."""
    first: int
    """Place in the longest season of the first period."""
    notes: tuple[Note, ...]


def read_history(frame: pd.DataFrame, grain: Grain) -> History:
    """Put series on one calendar.

    Args:
        frame: columns ``series`` (text), ``at`` (first day of a period) and ``value``; a period without a row
            counts as 0 from the series' first sale on.
    """
    import pandas as pd

    frequency = {"day": "D", "week": "W-MON", "month": "MS"}[grain]
    table = frame.pivot_table(index="at", columns="series", values="value", aggfunc="sum", sort=False)
    table.index = pd.DatetimeIndex(table.index)
    starts = pd.date_range(table.index.min(), table.index.max(), freq=frequency)
    values = table.reindex(starts).fillna(0.0).to_numpy(dtype=float).T.copy()
    began = np.where((values != 0).any(axis=1), (values != 0).argmax(axis=1), values.shape[1])
    values[np.arange(values.shape[1])[None, :] < began[:, None]] = np.nan
    names: list[str] = []
    kept: list[Values] = []
    fitted: list[Values] = []
    notes: list[Note] = []
    for name, series in zip(table.columns, values, strict=True):
        clean, found = _cleaned(str(name), series, grain)
        notes += found
        if any(note.kind == "young" for note in found):
            continue
        names.append(str(name))
        kept.append(series)
        fitted.append(clean)
    whole = np.array(kept).reshape(len(kept), len(starts))
    since = int((~np.isnan(whole)).any(axis=0).argmax()) if kept else 0
    starts = starts[since:]
    place = {
        "day": starts[0].timetuple().tm_yday,
        "week": starts[0].isocalendar()[1],
        "month": starts[0].month,
    }[grain]
    return History(
        names=tuple(names),
        starts=starts,
        values=whole[:, since:],
        fitted=np.array(fitted).reshape(whole.shape)[:, since:],
        first=int(place),
        notes=tuple(notes),
    )


def _cleaned(name: str, series: Values, grain: Grain) -> tuple[Values, Iterable[Note]]:
    known = series[~np.isnan(series)]
    found: list[Note] = []

    def note(kind: NoteKind, count: int) -> None:
        found.append(Note(kind=kind, series=name, count=count))

    if len(known) < LEAST[grain]:
        note("young", len(known))
        return series, found
    clean = series.copy()
    offset, zero = len(series) - len(known), known == 0
    runs = _runs(zero)
    long = [(start, end) for start, end in runs if end - start >= LONG_GAP[grain]]
    outside = int(zero.sum()) - sum(end - start for start, end in long)
    is_regular = outside <= REGULAR * len(known) and sum(e - s for s, e in long) < len(known) / 2
    for start, end in long if is_regular else ():
        if end == len(known):
            note("stopped", end - start)
            continue
        note("gap", end - start)
        beside = [*known[max(0, start - 4) : start], *known[end : end + 4]]
        clean[offset + start : offset + end] = float(np.mean(beside))
    if not is_regular and zero.mean() >= SPARSE:
        note("sparse", int((~zero).sum()))
    if (known < 0).any():
        note("negative", int((known < 0).sum()))
    sold = known[known > 0]
    limit = GIANT * float(np.quantile(sold, 0.95, method="lower")) if len(sold) >= 8 else np.inf
    if (giants := clean > limit).any():
        note("giant", int(giants.sum()))
        clean[giants] = limit / GIANT
    return clean, found


def _runs(flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Stretches of true, as first and after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
