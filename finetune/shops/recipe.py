"""Made-up data from a recipe, ``tables.yml``: the same tables every time, with gaps, NULLs and ties.

Each column is drawn by a generator of its own, seeded by shop, table and column, so that a change of one
column leaves the others as they are. How a recipe is written is told in ``AUTHORS.md``. It makes plausible
numbers, no plausible world: what depends on what is only what ``product``, ``from``, ``after`` … say.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import numpy as np
import pandas as pd
import yaml

from finetune.errors import ShopSetError
from sql.yaml_text import read_yaml

MAX_ROWS = 20_000
"""Rows of a table at most: the set has many shops, and each is asked in a few seconds."""
_TABLE_KEYS = ("rows", "drop", "columns")
_SEASON = np.array([0.7, 0.7, 0.9, 1.0, 1.1, 1.0, 0.8, 0.8, 1.0, 1.1, 1.6, 2.0])
"""How busy January to December are where a time is ``seasonal``."""
_OPTIONS: dict[str, tuple[str, ...]] = {
    "key": (),
    "list": (),
    "each": ("every",),
    "ref": ("skew", "unused"),
    "from": (),
    "time": ("shape", "gaps", "hours"),
    "date": ("shape", "gaps"),
    "after": ("days",),
    "values": (),
    "number": ("decimals", "skew", "zeros"),
    "text": ("parts",),
    "truth": (),
    "product": ("decimals",),
    "sum": ("decimals",),
    "difference": ("decimals",),
}
"""Kind of a column → what else it may say; ``missing`` may stand with each."""
Columns = dict[str, "pd.Series[Any]"]
"""Name → values; ``attrs`` hold ``sql_type``, ``decimals`` and ``ref``, which a frame would not keep."""
Tables = dict[str, Columns]


def make_tables(path: Path) -> Tables:
    """The tables of one recipe.

    Raises:
        ShopSetError: it cannot be read, or says what no table can be; with table and column.
    """
    return _Maker(path).tables()


def build(path: Path, database: Path) -> None:
    """Write the tables of the recipe at ``path`` into a DuckDB file, unless it holds them already."""
    mark = hashlib.sha256(path.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    written = database.with_suffix(".sha256")
    if database.exists() and written.exists() and written.read_text() == mark:
        return
    tables = make_tables(path)
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent) as folder:
        made = Path(folder) / database.name
        with duckdb.connect(str(made)) as connection:
            for name, made_columns in tables.items():
                connection.register("made", pd.DataFrame(made_columns))
                typed = [f'CAST("{c}" AS {_sql_type(s)}) AS "{c}"' for c, s in made_columns.items()]
                columns = ", ".join(typed)
                connection.execute(f'CREATE TABLE "{name}" AS SELECT {columns} FROM made')
                connection.unregister("made")
        os.replace(made, database)
    written.write_text(mark)


def _sql_type(column: pd.Series[Any]) -> str:
    if "sql_type" in column.attrs:
        return str(column.attrs["sql_type"])
    kinds = {"Int64": "BIGINT", "boolean": "BOOLEAN"}
    return kinds.get(str(column.dtype), "VARCHAR")


class _Maker:
    def __init__(self, path: Path) -> None:
        self.path, self.place = path, ""
        self.made: Tables = {}
        self.now: Columns = {}
        self.table = ""
        self.dice = np.random.default_rng(0)

    def fail(self, reason: str) -> NoReturn:
        raise ShopSetError(self.path, self.place, reason)

    def tables(self) -> Tables:
        try:
            read = read_yaml(self.path.read_text("utf-8"))
        except OSError as error:
            self.fail(f"the recipe cannot be read: {error.strerror}")
        except yaml.YAMLError as error:
            self.fail(f"this is not YAML: {' '.join(str(error).split())}")
        self.known(read, ("tables",), "the recipe")
        for name, recipe in self.mapping(read.get("tables"), "tables").items():
            self.place, self.table, self.now = f"table {name}", str(name), {}
            self.known(recipe, _TABLE_KEYS, "a table")
            columns = self.mapping(recipe.get("columns"), "columns")
            size = self.size(recipe, columns)
            for column, says in columns.items():
                self.place = f"table {name}, column {column}"
                self.dice = self.dice_for(column)
                self.now[column] = self.column(column, says, size)
            self.place, self.dice = f"table {name}", self.dice_for("")
            kept = self.dice.random(size) >= self.share(recipe.get("drop", 0), "drop")
            self.made[str(name)] = {}
            for column, series in self.now.items():
                left = series[kept].reset_index(drop=True)
                left.attrs = dict(series.attrs)
                self.made[str(name)][column] = left
        return self.made

    def dice_for(self, column: str) -> np.random.Generator:
        text = f"{self.path.parent.name}/{self.table}/{column}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))

    # ---- what a recipe may say --------------------------------------------------------------------------

    def mapping(self, value: Any, what: str) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            self.fail(f"{what} must be a mapping with at least one entry, such as NAME: {{…}}")
        return value

    def known(self, value: Any, words: Iterable[str], what: str) -> None:
        for word in self.mapping(value, what):
            if word not in (listed := list(words)):
                near = difflib.get_close_matches(str(word), listed, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.fail(f"{what} has no key {word!r}{hint} It may have: {', '.join(listed)}")

    def share(self, value: Any, what: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self.fail(f"{what} must be a share from 0 to 1, not {value!r}")
        return float(value)

    def strength(self, says: Mapping[str, Any]) -> float:
        skew = says.get("skew", 0)
        if isinstance(skew, bool) or not isinstance(skew, int | float) or skew < 0:
            self.fail(f"skew must be a number of 0 or more, not {skew!r}")
        return float(skew)

    def pair(self, value: Any, what: str, kinds: tuple[type, ...], example: str) -> tuple[Any, Any]:
        is_pair = isinstance(value, list) and len(value) == 2 and all(type(v) in kinds for v in value)
        if not is_pair or value[0] > value[1]:
            self.fail(f"{what} must be [lowest, highest] such as {example}, not {value!r}")
        return value[0], value[1]

    def size(self, recipe: Mapping[str, Any], columns: Mapping[str, Any]) -> int:
        lists = {len(c["list"]) for c in columns.values() if isinstance(c, dict) and _is_list(c.get("list"))}
        each = [c for c in columns.values() if isinstance(c, dict) and "each" in c]
        size = recipe.get("rows", max(lists, default=0))
        if each:
            if "rows" in recipe:
                self.fail("rows and each exclude one another: with each, there is a row for each of them")
            size = int(np.prod([len(self.every(c)) for c in each]))
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_ROWS:
            self.fail(f"rows must be a whole number from 1 to {MAX_ROWS:,}, not {size!r}")
        if any(length < size for length in lists):
            self.fail(
                f"a list has {min(lists)} entries, and the table has {size} rows; write as many entries"
            )
        return size

    def column(self, name: str, says: Any, size: int) -> pd.Series[Any]:
        kinds = [kind for kind in _OPTIONS if kind in self.mapping(says, "a column")]
        if len(kinds) != 1:
            found = " and ".join(kinds) or ", ".join(map(repr, says))
            self.fail(f"a column has exactly one kind, and here is {found}; kinds: {', '.join(_OPTIONS)}")
        self.known(says, (kinds[0], *_OPTIONS[kinds[0]], "missing"), f"a column of kind {kinds[0]}")
        make: Callable[[Any, dict[str, Any], int], pd.Series[Any]] = getattr(self, f"_{kinds[0]}")
        made = make(says[kinds[0]], says, size)
        missing = self.share(says.get("missing", 0), "missing")
        kept = made.mask(np.random.default_rng(self.dice.integers(2**32)).random(size) < missing)
        kept.attrs = dict(made.attrs)
        return kept

    def found(self, name: Any) -> pd.Series[Any]:
        """A column above in this table, or ``ref_column.column`` of the row that it refers to."""
        if not isinstance(name, str):
            self.fail(f"expected the name of a column above, found {name!r}")
        own, _, far = name.partition(".")
        if own not in self.now:
            self.fail(f"there is no column {own!r} above; this table has {', '.join(self.now) or 'none yet'}")
        if not far:
            return self.now[own]
        if "ref" not in self.now[own].attrs:
            self.fail(f"{own} refers to no other table; {name!r} needs a column of kind ref or each")
        table, key = self.now[own].attrs["ref"]
        if far not in self.made[table]:
            self.fail(f"the table {table} has no column {far!r}; it has {', '.join(self.made[table])}")
        there = self.made[table]
        series = self.now[own].map(dict(zip(there[key], there[far], strict=True)))
        series = series.astype(there[far].dtype)
        series.attrs = dict(there[far].attrs)
        return series

    def keys(self, written: Any) -> tuple[str, str]:
        table, _, column = str(written).partition(".")
        there = self.made.get(table)
        if there is None:
            listed = ", ".join(self.made) or "none"
            self.fail(f"there is no table {table!r} above (there: {listed}); put it before this one")
        if column not in there:
            self.fail(
                f"ref must be TABLE.COLUMN; {table} has no column {column!r}, it has {', '.join(there)}"
            )
        return table, column

    # ---- the kinds of columns ---------------------------------------------------------------------------

    def _key(self, start: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        if isinstance(start, int) and not isinstance(start, bool):
            return pd.Series(range(start, start + size), dtype="Int64")
        return self._text(start, {}, size)

    def _list(self, values: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        if not _is_list(values):
            self.fail(f"list must be a list of values, one for each row, not {values!r}")
        return _typed(values[:size])

    def every(self, says: dict[str, Any]) -> pd.Series[Any]:
        """The values of a column of kind ``each``."""
        if isinstance(says["each"], str):
            table, column = self.keys(says["each"])
            return self.made[table][column]
        first, last = self.pair(says["each"], "each", (dt.date,), "[2025-01-06, 2026-06-01]")
        step = says.get("every", 7)
        if not isinstance(step, int) or step < 1:
            self.fail(f"every must be a number of days, at least 1, not {step!r}")
        return _timed(pd.Series(pd.date_range(first, last, freq=f"{step}D")), "DATE")

    def _each(self, written: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        values = self.every(says)
        before = int(np.prod([s.attrs["each"] for s in self.now.values() if "each" in s.attrs] or [1]))
        repeated = np.arange(size) // (size // (before * len(values))) % len(values)
        made = values.iloc[repeated].reset_index(drop=True)
        made.attrs = {**values.attrs, "each": len(values)}
        if isinstance(written, str):
            made.attrs["ref"] = self.keys(written)
        return made

    def _ref(self, written: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        table, column = self.keys(written)
        there = self.made[table][column].dropna()
        unused = min(math.ceil(len(there) * self.share(says.get("unused", 0), "unused")), len(there) - 1)
        able = there.sample(frac=1, random_state=int(self.dice.integers(2**32))).iloc[max(unused, 0) :]
        if able.empty:
            self.fail(f"{written} has no value to refer to; give {table} rows with a {column}")
        weights = 1.0 / np.arange(1, len(able) + 1) ** self.strength(says)
        picked = self.dice.choice(len(able), size, p=weights / weights.sum())
        made = able.iloc[picked].reset_index(drop=True)
        made.attrs = {**there.attrs, "ref": (table, column)}
        return made

    def _from(self, written: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        return self.found(written)

    def _days(self, bounds: Any, says: dict[str, Any], size: int) -> Any:
        first, last = self.pair(bounds, "time", (dt.date,), "[2024-01-01, 2026-06-14]")
        days = pd.date_range(first, last)
        weights = np.ones(len(days))
        shapes = str(says.get("shape", "flat")).split("+")
        if not set(shapes) <= {"flat", "growing", "seasonal"}:
            self.fail(f"shape must be flat, growing, seasonal or growing+seasonal, not {says['shape']!r}")
        if "growing" in shapes:
            weights *= np.linspace(0.5, 1.5, len(days))
        if "seasonal" in shapes:
            weights *= _SEASON[days.month.to_numpy() - 1]
        gaps = says.get("gaps", [])
        for gap in gaps if isinstance(gaps, list) else [gaps]:
            if not re.fullmatch(r"\d{4}-\d\d", str(gap)):
                self.fail(f"gaps are months such as '2025-03' in quotes, not {gap!r}")
            weights[days.strftime("%Y-%m") == gap] = 0
        if not weights.any():
            self.fail("no day is left outside the gaps")
        return days[self.dice.choice(len(days), size, p=weights / weights.sum())]

    def _date(self, bounds: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        return _timed(pd.Series(self._days(bounds, says, size)), "DATE")

    def _time(self, bounds: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        first, last = self.pair(says.get("hours", [0, 23]), "hours", (int,), "[8, 19]")
        minutes = self.dice.integers(first * 60, (last + 1) * 60, size)
        return _timed(
            pd.Series(self._days(bounds, says, size) + pd.to_timedelta(minutes, "min")), "TIMESTAMP"
        )

    def _after(self, written: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        start = self.found(written)
        if start.attrs.get("sql_type") not in ("DATE", "TIMESTAMP"):
            self.fail(f"after needs a column of kind time or date; {written} is none")
        low, high = self.pair(says.get("days"), "days", (int, float), "[1, 9]")
        if start.attrs["sql_type"] == "DATE":
            later = pd.to_timedelta(self.dice.integers(int(low), int(high) + 1, size), "D")
        else:
            later = pd.to_timedelta(np.round(self.dice.uniform(low, high, size) * 1440), "min")
        return _timed(start + later, start.attrs["sql_type"])

    def _values(self, written: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        weighted = dict.fromkeys(written, 1) if _is_list(written) else written
        is_weighted = isinstance(weighted, dict) and all(type(w) in (int, float) for w in weighted.values())
        if not is_weighted or not any(weighted.values()) or min(weighted.values()) < 0:
            self.fail("values must be a list, or a mapping of value: weight with weights of 0 and more")
        weights = np.array(list(weighted.values()), dtype=float)
        picked = self.dice.choice(len(weights), size, p=weights / weights.sum())
        return _typed([list(weighted)[i] for i in picked])

    def _number(self, bounds: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        low, high = self.pair(bounds, "number", (int, float), "[1, 9]")
        drawn = low + (high - low) * self.dice.random(size) ** (1 + self.strength(says))
        drawn[self.dice.random(size) < self.share(says.get("zeros", 0), "zeros")] = 0
        return self.rounded(pd.Series(drawn), says.get("decimals", 0))

    def rounded(self, numbers: pd.Series[Any], decimals: Any) -> pd.Series[Any]:
        if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= 6:
            self.fail(f"decimals must be a whole number from 0 to 6, not {decimals!r}")
        numbers = numbers.astype("Float64").round(decimals)
        if decimals == 0:
            return numbers.astype("Int64")
        numbers.attrs = {"sql_type": f"DECIMAL(14, {decimals})", "decimals": decimals}
        return numbers

    def _text(self, pattern: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        words = says.get("parts", {})
        if not isinstance(words, dict) or not all(map(_is_list, words.values())):
            self.fail(f"parts must be a mapping of name: [texts], not {words!r}")
        parts = {name: self.dice.choice(np.array(texts, dtype=str), size) for name, texts in words.items()}
        try:
            texts = [str(pattern).format(n=i + 1, **{p: w[i] for p, w in parts.items()}) for i in range(size)]
        except (KeyError, ValueError, IndexError) as error:
            reason = f"the pattern {pattern!r} cannot be filled: {error!r}"
            self.fail(f"{reason}; it may hold {{n}}, {{n:05d}} and names of parts")
        return pd.Series(texts, dtype="string")

    def _truth(self, share: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        return pd.Series(self.dice.random(size) < self.share(share, "truth"), dtype="boolean")

    def _product(self, names: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        return self.worked_out(names, says, size, lambda a, b: a * b)

    def _sum(self, names: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        return self.worked_out(names, says, size, lambda a, b: a + b)

    def _difference(self, names: Any, says: dict[str, Any], size: int) -> pd.Series[Any]:
        return self.worked_out(names, says, size, lambda a, b: a - b)

    def worked_out(
        self, names: Any, says: dict[str, Any], size: int, step: Callable[[Any, Any], Any]
    ) -> pd.Series[Any]:
        """Columns above, columns behind a ref, and numbers, put together from left to right."""
        if not _is_list(names) or len(names) < 2:
            self.fail(f"expected at least two columns or numbers, such as [quantity, price], not {names!r}")
        terms = [
            pd.Series([n] * size, dtype="Float64") if isinstance(n, int | float) else self.found(n)
            for n in names
        ]
        for name, term in zip(names, terms, strict=True):
            if not pd.api.types.is_numeric_dtype(term.dtype):
                self.fail(f"{name} holds no numbers")
        total = terms[0].astype("Float64")
        for term in terms[1:]:
            total = step(total, term.astype("Float64"))
        return self.rounded(total, says.get("decimals", max(t.attrs.get("decimals", 0) for t in terms)))


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _timed(times: pd.Series[Any], sql_type: str) -> pd.Series[Any]:
    times.attrs = {"sql_type": sql_type}
    return times


def _typed(values: list[Any]) -> pd.Series[Any]:
    """Values as they were written: all whole numbers, numbers, truths or days, else texts."""
    given = [v for v in values if v is not None]
    if all(isinstance(v, bool) for v in given):
        return pd.Series(values, dtype="boolean")
    if all(isinstance(v, int) for v in given):
        return pd.Series(values, dtype="Int64")
    if all(isinstance(v, int | float) for v in given):
        numbers = pd.Series(values, dtype="Float64")
        decimals = min(6, max(2, *(len(str(float(v)).partition(".")[2]) for v in given)))
        numbers.attrs = {"sql_type": f"DECIMAL(14, {decimals})", "decimals": decimals}
        return numbers
    if all(isinstance(v, dt.date | pd.Timestamp) for v in given):
        return _timed(pd.Series(pd.to_datetime(values)), "DATE")
    return pd.Series([None if v is None else str(v) for v in values], dtype="string")
