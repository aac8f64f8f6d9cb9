"""The functions and syntax that a statement may use: an allow-list, as data, one table per dialect.

A name stands here only when it computes a value from values: nothing that reads files, settings, the
environment, system tables or other queries, that sleeps, writes, or makes a value far larger than what it
was given (``repeat``, ``range``, ``zeroblob``). Table functions are not here at all.

How a name becomes a check: sqlglot turns most calls into a class of its own (``SUM`` → ``exp.Sum``), the
others into ``exp.Anonymous`` with the name kept. ``function_classes`` parses one call of each name and
keeps the classes that come out, so that the table of names below stays the only thing to edit.
"""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sql.types import Dialect

COMMON = """
ABS AVG CEIL CEILING COALESCE COUNT CUME_DIST DENSE_RANK EXP FIRST_VALUE FLOOR GROUP_CONCAT LAG LAST_VALUE
LEAD LENGTH LN LOG LOWER LTRIM MAX MIN MOD NTH_VALUE NTILE NULLIF PERCENT_RANK POWER RANK REPLACE ROUND
ROW_NUMBER RTRIM SIGN SQRT SUBSTR SUBSTRING SUM TRIM UPPER
"""
"""In every dialect, with the same meaning."""

BY_DIALECT: dict[str, str] = {
    "duckdb": """
        ANY_VALUE APPROX_COUNT_DISTINCT APPROX_QUANTILE ARG_MAX ARG_MIN BOOL_AND BOOL_OR CORR COUNT_IF
        COVAR_POP COVAR_SAMP FIRST KURTOSIS LAST LISTAGG MAD MAX_BY MEAN MEDIAN MIN_BY MODE PRODUCT QUANTILE
        QUANTILE_CONT QUANTILE_DISC PERCENTILE_CONT PERCENTILE_DISC REGR_INTERCEPT REGR_R2 REGR_SLOPE
        SKEWNESS STDDEV STDDEV_POP STDDEV_SAMP STRING_AGG VAR_POP VAR_SAMP VARIANCE
        AGE CENTURY CURRENT_DATE CURRENT_TIMESTAMP DATE_ADD DATE_DIFF DATE_PART DATE_SUB DATE_TRUNC DATEDIFF
        DATEPART DATETRUNC DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR DECADE EPOCH HOUR ISODOW ISOYEAR
        LAST_DAY MAKE_DATE MAKE_TIMESTAMP MINUTE MONTH MONTHNAME NOW QUARTER SECOND STRFTIME STRPTIME
        TIME_BUCKET TO_DAYS TO_HOURS TO_MONTHS TO_WEEKS TO_YEARS TODAY TRY_STRPTIME WEEK WEEKDAY WEEKOFYEAR
        YEAR YEARWEEK
        ASCII CHR CONCAT CONCAT_WS CONTAINS ENDS_WITH INSTR JARO_WINKLER_SIMILARITY LCASE LEFT LEVENSHTEIN
        POSITION PREFIX REGEXP_EXTRACT REGEXP_FULL_MATCH REGEXP_MATCHES REGEXP_REPLACE REVERSE RIGHT
        SPLIT_PART STARTS_WITH STRIP_ACCENTS STRLEN STRPOS SUFFIX TRANSLATE UCASE
        CBRT DEGREES EVEN GCD GREATEST ISFINITE ISINF ISNAN LCM LEAST LOG10 LOG2 PI POW RADIANS RANDOM
        ROUND_EVEN TRUNC IFNULL IF
    """,
    "sqlite": """
        DATE DATETIME FORMAT GLOB HEX IFNULL IIF INSTR JULIANDAY LIKE LOG10 LOG2 PI POW PRINTF RANDOM
        STRFTIME TIME TOTAL TRUNC TYPEOF UNICODE UNIXEPOCH
    """,
    "postgres": """
        AGE BOOL_AND BOOL_OR BTRIM CHAR_LENGTH CONCAT CONCAT_WS CORR CURRENT_DATE CURRENT_TIMESTAMP
        DATE_PART DATE_TRUNC GREATEST INITCAP LEAST LEFT LOG10 MAKE_DATE MODE NOW PERCENTILE_CONT
        PERCENTILE_DISC POSITION REVERSE RIGHT SPLIT_PART STARTS_WITH STDDEV STDDEV_POP STDDEV_SAMP
        STRING_AGG STRPOS TO_CHAR TO_DATE TRANSLATE TRUNC VAR_POP VAR_SAMP VARIANCE
    """,
    "mysql": """
        ADDDATE CHAR_LENGTH CONCAT CONCAT_WS CURDATE CURRENT_DATE CURRENT_TIMESTAMP DATE DATE_ADD DATE_FORMAT
        DATE_SUB DATEDIFF DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR GREATEST HOUR IF IFNULL INSTR LAST_DAY
        LEAST LEFT LOCATE LOG10 MAKEDATE MINUTE MONTH MONTHNAME NOW POW QUARTER REVERSE RIGHT SECOND STDDEV
        STDDEV_POP STDDEV_SAMP TIMESTAMPDIFF TRUNCATE VAR_POP VAR_SAMP VARIANCE WEEK WEEKDAY WEEKOFYEAR YEAR
    """,
}
"""What a dialect has beyond ``COMMON``."""


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


SYNTAX: frozenset[type[exp.Expr]] = frozenset(
    getattr(exp, name)
    for name in _set(
        # the frame of a query
        "Select Union Intersect Except Subquery With CTE From Join Table TableAlias Alias Identifier Column "
        "Star "
        "Where Group Rollup Cube GroupingSets Having Qualify Order Ordered Limit LimitOptions Fetch Offset "
        "Distinct Values Tuple Paren Window WindowSpec Filter WithinGroup IgnoreNulls RespectNulls "
        # values
        "Literal Null Boolean Interval IntervalSpan Var DataType DataTypeParam Cast TryCast Extract "
        "AtTimeZone Collate Case If "
        # operators
        "And Or Xor Not EQ NEQ GT GTE LT LTE Is In NullSafeEQ NullSafeNEQ Between Like ILike Glob Escape "
        "SimilarTo "
        "Exists Any All Add Sub Mul Div IntDiv Mod Neg DPipe Pow BitwiseAnd BitwiseOr BitwiseNot BitwiseXor"
    )
)
"""Every other kind of node that a statement may hold; whatever is missing here is refused."""

_SET_OPERATION = _set("this expression distinct by_name with_ order limit offset")

ARGUMENTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Select: _set(
        "with_ expressions distinct from_ joins where group having qualify order limit offset windows"
    ),
    exp.Subquery: _set("this alias with_ order limit offset joins"),
    exp.Union: _SET_OPERATION,
    exp.Intersect: _SET_OPERATION,
    exp.Except: _SET_OPERATION,
    exp.With: _set("expressions"),
    exp.CTE: _set("this alias materialized"),
    exp.Table: _set("this alias joins"),
    exp.TableAlias: _set("this columns"),
    exp.Join: _set("this side kind on using method"),
    exp.Star: _set("except_ replace"),
    exp.Column: _set("this table"),
    exp.Identifier: _set("this quoted"),
    exp.Cast: _set("this to safe"),
    exp.TryCast: _set("this to safe requires_string"),
    exp.Ordered: _set("this desc nulls_first"),
    exp.Values: _set("expressions alias"),
    exp.In: _set("this expressions query"),
}
"""Which parts of a node may be filled. ``FOR UPDATE``, ``INTO``, ``TABLESAMPLE``, ``PIVOT``, hints, versions
and qualified table names are parts of an allowed node, so the kind of node alone does not show them."""

TYPES: frozenset[exp.DType] = frozenset(
    exp.DType[name]
    for name in _set(
        "BIGINT BOOLEAN CHAR DATE DATETIME DECIMAL DOUBLE FLOAT INT INT128 INTERVAL MEDIUMINT NCHAR NVARCHAR "
        "SMALLINT TEXT TIME TIMESTAMP TIMESTAMPTZ TINYINT UBIGINT UINT USMALLINT UTINYINT VARCHAR"
    )
)
"""Types that a value may be cast to; names made by a database's user or of its system tables are not here."""

WORDS: dict[type[exp.Expr], str] = {
    exp.Placeholder: "parameters such as ? or $1 have no value here; write the value itself",
    exp.Parameter: "parameters and variables have no value here; write the value itself",
    exp.SessionParameter: "settings of the database may not be read",
    exp.Into: "SELECT … INTO writes a table; leave INTO out",
    exp.Lock: "FOR UPDATE locks rows; leave it out",
    exp.Pivot: "PIVOT is not supported; use CASE inside an aggregate, one column each",
    exp.Lateral: "LATERAL is not supported; use a subquery or a JOIN",
    exp.Explode: "UNNEST is not supported; every view has plain columns",
    exp.Unnest: "UNNEST is not supported; every view has plain columns",
    exp.TableSample: "TABLESAMPLE is not supported; use LIMIT",
    exp.Lambda: "functions written with -> or LAMBDA are not supported",
    exp.Columns: "COLUMNS(…) is not supported; name the columns",
    exp.ReadCSV: "files may not be read; use a view",
    exp.Hint: "hints to the database are not supported; leave them out",
    exp.Dot: "names with more than two parts are not supported; write view.column",
    exp.Bracket: "subscripts such as x[1] are not supported",
    exp.Array: "lists are not supported",
    exp.Struct: "structs are not supported",
    exp.PropertyEQ: "assignments are not supported",
    exp.Semicolon: "one statement at a time",
    exp.PositionalColumn: "columns by position such as #1 are not supported; name the column",
}
"""Way out for what is refused most often; the others are named by their kind."""


@cache
def function_names(dialect: Dialect) -> frozenset[str]:
    """Names of the allowed functions of ``dialect``, in upper case."""
    return _set(COMMON) | _set(BY_DIALECT[dialect])


@cache
def function_classes(dialect: Dialect) -> frozenset[type[exp.Expr]]:
    """Classes that calls of the allowed functions are parsed into."""
    classes: set[type[exp.Expr]] = set()
    for name in function_names(dialect):
        for arguments in ("", "a", "a, b", "'day', b, c"):
            try:
                tree = sqlglot.parse_one(f"SELECT {name}({arguments})", read=dialect)
            except (SqlglotError, TypeError):  # too few or too many arguments; sqlglot raises either
                continue
            classes.update(type(node) for node in tree.find_all(exp.Func))
    return frozenset(classes - {exp.Anonymous, exp.AnonymousAggFunc})
