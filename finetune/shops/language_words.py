"""Which words of the question language a statement uses, so that none is too rare in the set."""

from __future__ import annotations

from collections.abc import Iterator

from sql.statement.sentence import (
    AGGREGATES,
    GRAINS,
    Aggregate,
    Among,
    AnyOf,
    Bucket,
    Calc,
    Compare,
    During,
    Elapsed,
    Empty,
    Gap,
    Grain,
    Has,
    Holds,
    Like,
    Name,
    Node,
    Only,
    Pairs,
    Per,
    Range,
    Rank,
    Rolling,
    Running,
    Share,
    Shifted,
    Since,
    Statement,
    Tile,
    Top,
)

WORDS: tuple[str, ...] = (
    *(word for word in AGGREGATES if word != "COUNT"),
    *("COUNT(*)", "COUNT(column)", "COUNT(unit)", "AVG PER", "PER", "PER ALL", "PER as dimension"),
    *("DURING", "DURING(column)", "BEFORE", "GROWTH", "ONLY", "ONLY(DURING)"),
    *("SHARE", "SHARE PER", "SHARE(condition)", "RUNNING", "RUNNING(unit)", "ROLLING", "RANK", "RANK PER"),
    *("BUCKET", "TILE", "FIRST", "AGE", "IS_FIRST", "GAP", "PAIRS", "DAYS", "HOURS", "TOP", "BOTTOM"),
    *("HAS", "HAS NO", "HAS COUNT", "HAS WITHIN", "HAS DURING", "HAS (condition)"),
    *GRAINS,
    *("unit of a column", "+ - * /", "GROUP BY", "HAVING", "ORDER BY", "DESC", "LIMIT", "LIMIT PER"),
    *("OR", "NOT", "IN", "NOT IN", "<>", "BETWEEN", "LIKE", "IS NULL", "IS NOT NULL", "columns of rows"),
)


def words_in(statement: Statement) -> frozenset[str]:
    """The words of ``WORDS`` that occur in a statement."""
    found = {word for part in statement.walk() for word in _of(part)}
    found |= {f"{p.word} PER" for p in statement.walk() if isinstance(p, Aggregate) and _is_per(p)} & {
        "AVG PER"
    }
    frame = {
        "GROUP BY": statement.groups,
        "HAVING": statement.having,
        "ORDER BY": statement.order,
        "DESC": any(o.is_descending for o in statement.order),
        "LIMIT": statement.limit is not None,
        "LIMIT PER": statement.limit_per,
        "PER as dimension": any(isinstance(g, Per) for g in statement.groups),
        "columns of rows": not statement.groups and all(isinstance(i, Name) for i in statement.items),
    }
    return frozenset(found | {word for word, holds in frame.items() if holds})


def _is_per(part: Aggregate) -> bool:
    return isinstance(part.operand, Per)


def _of(part: Node) -> Iterator[str]:
    match part:
        case Aggregate(word="COUNT", operand=operand):
            yield "COUNT(*)" if operand is None else f"COUNT({_counted(operand)})"
        case Aggregate(word=word) | Shifted(word=word) | Since(word=word):
            yield word
        case Per(is_all=is_all):
            yield "PER ALL" if is_all else "PER"
        case Share(per=per, condition=condition):
            yield "SHARE PER" if per else "SHARE(condition)" if condition else "SHARE"
        case Running(reset=reset):
            yield "RUNNING(unit)" if reset else "RUNNING"
        case Rank(per=per):
            yield "RANK PER" if per else "RANK"
        case Only(condition=condition):
            yield "ONLY(DURING)" if isinstance(condition, During) else "ONLY"
        case Grain(unit=unit, column=column):
            yield unit
            if column is not None:
                yield "unit of a column"
        case During(column=column):
            yield "DURING(column)" if column is not None else "DURING"
        case Elapsed(unit=unit):
            yield unit
        case Has():
            yield from _of_has(part)
        case Calc():
            yield "+ - * /"
        case Top(word=word, is_not=is_not):
            yield from (word, "NOT") if is_not else (word,)
        case Rolling() | Bucket() | Tile() | Gap() | Pairs():
            yield type(part).__name__.upper()
        case _:
            yield from _of_condition(part)


def _counted(operand: Node) -> str:
    return "unit" if isinstance(operand, Grain) else "column"


def _of_has(part: Has) -> Iterator[str]:
    yield "HAS NO" if part.is_not else "HAS"
    yield from (
        f"HAS {word}"
        for word, holds in (
            ("COUNT", part.times),
            ("WITHIN", part.within),
            ("DURING", part.during),
            ("(condition)", part.where),
        )
        if holds
    )


def _of_condition(part: Node) -> Iterator[str]:
    match part:
        case AnyOf():
            yield "OR"
        case Holds(is_not=True):
            yield "NOT"
        case Among(is_not=is_not):
            yield "NOT IN" if is_not else "IN"
        case Compare(sign="<>"):
            yield "<>"
        case Range():
            yield "BETWEEN"
        case Like():
            yield "LIKE"
        case Empty(is_not=is_not):
            yield "IS NOT NULL" if is_not else "IS NULL"
