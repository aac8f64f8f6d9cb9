"""The functions and syntax that a statement may use: an allow-list, as data, one table per dialect.

A name stands here only when it computes a value from values: nothing that reads files, settings, the
environment, system tables or other queries, that sleeps, writes, or makes a value far larger than what it
was given (``repeat``, ``space``, ``zeroblob``); padding is let through with a length in figures. The only
table functions are UNNEST of a written list, ``range`` and ``generate_series`` with written bounds; they are
kinds of nodes of their own (``sql.lock.admission`` counts their rows), so their names are not here either.

``tests/sql/test_guard_functions.py`` calls each name on each database.

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
        CURRENT_TIME DATE EPOCH_MS LOCALTIMESTAMP MAKE_TIME MICROSECOND MILLISECOND TO_MINUTES TO_SECONDS
        TO_TIMESTAMP
        ARRAY_AGG BIT_AND BIT_OR ENTROPY GROUPING REGR_AVGX REGR_AVGY REGR_COUNT REGR_SXX REGR_SXY REGR_SYY
        JSON_ARRAY_LENGTH JSON_EXTRACT JSON_EXTRACT_STRING JSON_TYPE JSON_VALID
        BIT_LENGTH CHAR_LENGTH HAMMING JACCARD LPAD MD5 RPAD UNICODE
        ACOS ASIN ATAN ATAN2 COS COT SIN TAN
        ASCII CHR CONCAT CONCAT_WS CONTAINS ENDS_WITH INSTR JARO_WINKLER_SIMILARITY LCASE LEFT LEVENSHTEIN
        POSITION PREFIX REGEXP_EXTRACT REGEXP_FULL_MATCH REGEXP_MATCHES REGEXP_REPLACE REVERSE RIGHT
        SPLIT_PART STARTS_WITH STRIP_ACCENTS STRLEN STRPOS SUFFIX TRANSLATE UCASE
        CBRT DEGREES EVEN GCD GREATEST ISFINITE ISINF ISNAN LCM LEAST LOG10 LOG2 PI POW RADIANS RANDOM
        ROUND_EVEN TRUNC IFNULL IF
    """,
    "sqlite": """
        ACOS ASIN ATAN ATAN2 COS DATE DATETIME DEGREES FORMAT GLOB HEX IFNULL IIF INSTR JSON_ARRAY_LENGTH
        JSON_EXTRACT JSON_TYPE JSON_VALID JULIANDAY LIKE LOG10 LOG2 PI POW PRINTF RADIANS RANDOM SIN STRFTIME
        TAN TIME TOTAL TRUNC TYPEOF UNICODE UNIXEPOCH
    """,
    "postgres": """
        ARRAY_AGG BIT_AND BIT_OR BOOL_AND BOOL_OR CORR COVAR_POP COVAR_SAMP EVERY GROUPING MODE
        PERCENTILE_CONT PERCENTILE_DISC REGR_AVGX REGR_AVGY REGR_COUNT REGR_INTERCEPT REGR_R2 REGR_SLOPE
        REGR_SXX REGR_SXY REGR_SYY STDDEV STDDEV_POP STDDEV_SAMP STRING_AGG VAR_POP VAR_SAMP VARIANCE
        AGE CURRENT_DATE CURRENT_TIMESTAMP DATE DATE_BIN DATE_PART DATE_TRUNC ISFINITE
        JUSTIFY_DAYS JUSTIFY_HOURS JUSTIFY_INTERVAL LOCALTIME LOCALTIMESTAMP MAKE_DATE MAKE_INTERVAL MAKE_TIME
        MAKE_TIMESTAMP NOW TO_CHAR TO_DATE TO_NUMBER TO_TIMESTAMP
        ASCII BTRIM CHAR_LENGTH CHARACTER_LENGTH CHR CONCAT CONCAT_WS INITCAP LEFT LPAD MD5 OCTET_LENGTH
        OVERLAY POSITION REGEXP_COUNT REGEXP_LIKE REGEXP_REPLACE REGEXP_SUBSTR REVERSE RIGHT RPAD SPLIT_PART
        STARTS_WITH STRPOS TRANSLATE
        ACOS ASIN ATAN ATAN2 CBRT COS COT DEGREES DIV GCD GREATEST LCM LEAST LOG10 PI POW RADIANS RANDOM SIN
        TAN TRUNC WIDTH_BUCKET
        JSON_ARRAY_LENGTH JSON_EXTRACT_PATH_TEXT JSON_TYPEOF JSONB_ARRAY_LENGTH JSONB_EXTRACT_PATH_TEXT
        JSONB_TYPEOF
    """,
    "mysql": """
        BIT_AND BIT_OR STD STDDEV STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP VARIANCE
        ADDDATE ADDTIME CURDATE CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURTIME DATE DATE_ADD DATE_FORMAT
        DATE_SUB DATEDIFF DAY DAYNAME DAYOFMONTH DAYOFWEEK DAYOFYEAR FROM_DAYS FROM_UNIXTIME HOUR LAST_DAY
        LOCALTIMESTAMP MAKEDATE MAKETIME MICROSECOND MINUTE MONTH MONTHNAME NOW PERIOD_ADD PERIOD_DIFF QUARTER
        SEC_TO_TIME SECOND STR_TO_DATE SUBDATE SUBTIME TIME TIME_FORMAT TIME_TO_SEC TIMEDIFF TIMESTAMP
        TIMESTAMPADD TIMESTAMPDIFF UNIX_TIMESTAMP WEEK WEEKDAY WEEKOFYEAR YEAR YEARWEEK
        ASCII CHAR_LENGTH CHARACTER_LENGTH CONCAT CONCAT_WS ELT FIELD FIND_IN_SET FORMAT INSTR LCASE LEFT
        LOCATE LPAD MD5 MID OCTET_LENGTH ORD POSITION REGEXP_INSTR REGEXP_REPLACE REGEXP_SUBSTR REVERSE RIGHT
        RPAD SOUNDEX STRCMP SUBSTRING_INDEX UCASE
        ACOS ASIN ATAN ATAN2 COS COT CRC32 DEGREES GREATEST IF IFNULL ISNULL LEAST LOG10 LOG2 PI POW RADIANS
        RAND SIN TAN TRUNCATE
        JSON_CONTAINS JSON_EXTRACT JSON_LENGTH JSON_TYPE JSON_UNQUOTE JSON_VALID
    """,
}
"""What a dialect has beyond ``COMMON``."""


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


AGGREGATES = _set("ENTROPY EVERY MAD MEAN PRODUCT TOTAL")
"""Those of the names above that put rows together without sqlglot's knowing it."""


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
        "SimilarTo Overlaps RegexpLike RegexpILike "
        # a subquery that sees its neighbours, and rows that stand in the statement itself
        "Lateral Unnest Explode GenerateSeries ExplodingGenerateSeries Array "
        # a place inside a JSON value
        "JSONExtract JSONExtractScalar JSONPath JSONPathRoot JSONPathKey JSONPathSubscript "
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
    exp.With: _set("expressions recursive"),
    exp.Lateral: _set("this alias"),
    exp.Unnest: _set("expressions alias"),
    exp.Explode: _set("this"),
    exp.GenerateSeries: _set("start end step is_end_exclusive"),
    exp.ExplodingGenerateSeries: _set("start end step is_end_exclusive"),
    exp.Array: _set("expressions bracket_notation"),
    exp.JSONExtract: _set("this expression only_json_types scalar_only json_subtype"),
    exp.JSONExtractScalar: _set("this expression only_json_types scalar_only json_subtype"),
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
    exp.ByteString: "texts with escapes such as E'…' are not supported; write the text in plain quotes",
    exp.UnicodeString: "texts with escapes such as U&'…' are not supported; write the characters themselves",
    exp.National: "texts such as N'…' are not supported; write the text in plain quotes",
    exp.HexString: "texts in hexadecimal are not supported; write the text or the number itself",
    exp.BitString: "bits such as b'1' are not supported; write the number itself",
    exp.Introducer: "character sets before a text are not supported; write the text in plain quotes",
    exp.IndexTableHint: "hints about indexes are not supported; leave them out",
    exp.JSONTable: "JSON_TABLE is not supported; use JSON_EXTRACT",
    exp.TableSample: "TABLESAMPLE is not supported; use LIMIT",
    exp.Lambda: "functions written with -> or LAMBDA are not supported",
    exp.Columns: "COLUMNS(…) is not supported; name the columns",
    exp.ReadCSV: "files may not be read; use a view",
    exp.Hint: "hints to the database are not supported; leave them out",
    exp.Dot: "names with more than two parts are not supported; write view.column",
    exp.Bracket: "subscripts such as x[1] are not supported",
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
        for arguments in ("", "a", "a, b", "'day', b, c", "a, INTERVAL '1' DAY", "'day', CAST(b AS DATE)"):
            try:
                tree = sqlglot.parse_one(f"SELECT {name}({arguments})", read=dialect)
            except (SqlglotError, TypeError):  # too few or too many arguments; sqlglot raises either
                continue
            classes.update(type(node) for node in tree.find_all(exp.Func))
    return frozenset(classes - {exp.Anonymous, exp.AnonymousAggFunc})
