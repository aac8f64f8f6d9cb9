import datetime as dt
import decimal
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.match import is_answer_contained, is_same_result

D = decimal.Decimal
DAY = dt.date(2026, 5, 1)
MIDNIGHT = dt.datetime(2026, 5, 1)

# (what it shows, predicted, gold, ordered, same result, answer contained)
CASES = [
    ("equal rows", [(1, "a")], [(1, "a")], False, True, True),
    ("rows in any order", [(1,), (2,)], [(2,), (1,)], False, True, True),
    ("row order where asked", [(1,), (2,)], [(2,), (1,)], True, False, False),
    ("same order where asked", [(1, "a"), (2, "b")], [("a", 1), ("b", 2)], True, True, True),
    ("columns in any order", [("a", 1), ("b", 2)], [(1, "a"), (2, "b")], False, True, True),
    ("values must stay with their row", [("a", 2), ("b", 1)], [("a", 1), ("b", 2)], False, False, False),
    ("duplicates count", [(1,), (1,), (2,)], [(1,), (2,), (2,)], False, False, False),
    ("a missing duplicate", [(1,)], [(1,), (1,)], False, False, False),
    ("both empty", [], [], False, True, True),
    ("one empty", [], [(1,)], False, False, False),
    ("NULL is NULL", [(None, 1)], [(1, None)], False, True, True),
    ("NULL is not zero", [(None,)], [(0,)], False, False, False),
    ("NULL is not empty text", [(None,)], [("",)], False, False, False),
    ("whole number as decimal", [(5,)], [(D("5.00"),)], False, True, True),
    ("a sum's rounding noise", [(0.1 + 0.2,)], [(D("0.3"),)], False, True, True),
    ("a cent apart", [(D("100.01"),)], [(D("100.00"),)], False, False, False),
    ("a cent in millions", [(D("9747747.93"),)], [(9747747.94,)], False, False, False),
    ("rounded is not equal", [(4.12,)], [(4.1234,)], False, False, False),
    ("long identifiers are exact", [(9_000_000_001,)], [(9_000_000_002,)], False, False, False),
    ("true is one", [(True,)], [(1,)], False, True, True),
    ("a number is not its text", [(5,)], [("5",)], False, False, False),
    ("text keeps its case", [("Germany",)], [("germany",)], False, False, False),
    ("a date is its midnight", [(DAY,)], [(MIDNIGHT,)], False, True, True),
    ("a date is not noon", [(DAY,)], [(dt.datetime(2026, 5, 1, 12),)], False, False, False),
    (
        "one moment in two zones",
        [(dt.datetime(2026, 5, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),)],
        [(dt.datetime(2026, 5, 1, tzinfo=dt.UTC),)],
        False,
        True,
        True,
    ),
    ("not a number is itself", [(float("nan"),)], [(float("nan"),)], False, True, True),
    ("infinity has a sign", [(float("inf"),)], [(float("-inf"),)], False, False, False),
    ("an extra column", [("Lamp", 12)], [("Lamp",)], False, False, True),
    ("an extra row", [("Lamp",), ("Mug",)], [("Lamp",)], False, False, False),
    ("a missing column", [("Lamp",)], [("Lamp", 12)], False, False, False),
    ("an extra column, wrong order", [("a", 1), ("b", 2)], [("b",), ("a",)], True, False, False),
    ("one column cannot serve twice", [(1, 2)], [(1, 1)], False, False, False),
    ("equal columns twice", [(1, 1), (2, 2)], [(1, 1), (2, 2)], False, True, True),
    (
        "columns with equal values told apart by their rows",
        [(0, 1, "x"), (1, 0, "y")],
        [(1, 0, "x"), (0, 1, "y")],
        False,
        True,
        True,
    ),
]


@pytest.mark.parametrize(
    ("predicted", "gold", "ordered", "same", "contained"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_execution_match(predicted, gold, ordered, same, contained):
    assert is_same_result(predicted, gold, ordered=ordered) is same
    assert is_answer_contained(predicted, gold, ordered=ordered) is contained


def test_the_tolerance_is_the_callers():
    assert not is_same_result([(4.12,)], [(4.1234,)], ordered=False)
    assert is_same_result([(4.12,)], [(4.1234,)], ordered=False, tolerance=0.01)


def test_twenty_columns_of_zeros_and_ones_are_matched_without_trying_every_permutation():
    chance = random.Random(3)
    gold = [tuple(chance.randint(0, 1) for _ in range(20)) for _ in range(200)]
    order = list(range(20))
    chance.shuffle(order)
    predicted = [tuple(row[i] for i in order) for row in gold]
    chance.shuffle(predicted)
    assert is_same_result(predicted, gold, ordered=False)
    spoiled = [(1 - predicted[0][0], *predicted[0][1:]), *predicted[1:]]
    assert not is_same_result(spoiled, gold, ordered=False)


cells = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from(["a", "b", ""]),
    st.sampled_from([D("1.5"), 0.1 + 0.2, 0.3, DAY, MIDNIGHT]),
)


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.tuples(*[cells] * width), min_size=1, max_size=6))


@given(table=tables(), seed=st.integers(0, 10_000))
def test_rows_and_columns_may_be_permuted(table, seed):
    chance = random.Random(seed)
    order = list(range(len(table[0])))
    chance.shuffle(order)
    shuffled = [tuple(row[i] for i in order) for row in table]
    chance.shuffle(shuffled)
    assert is_same_result(shuffled, table, ordered=False)
    assert is_same_result(table, shuffled, ordered=False)
    widened = [(*row, chance.random()) for row in shuffled]
    assert is_answer_contained(widened, table, ordered=False)
    assert not is_same_result(widened, table, ordered=False)


@given(table=tables(), seed=st.integers(0, 10_000))
def test_a_changed_cell_is_seen(table, seed):
    chance = random.Random(seed)
    row, column = chance.randrange(len(table)), chance.randrange(len(table[0]))
    changed = [list(r) for r in table]
    changed[row][column] = "something else"
    assert not is_same_result(changed, table, ordered=False)
    assert not is_same_result(changed, table, ordered=True)


@given(left=tables(), right=tables())
def test_sameness_is_symmetric(left, right):
    for ordered in (False, True):
        assert is_same_result(left, right, ordered=ordered) == is_same_result(right, left, ordered=ordered)


@given(left=tables(), right=tables())
def test_the_verdict_is_that_of_trying_every_permutation(left, right):
    """Against the definition itself: some permutation of the columns makes the multisets of rows equal."""
    import itertools

    def canon(rows):
        def cell(v):
            if isinstance(v, dt.date) and not isinstance(v, dt.datetime):
                return ("t", dt.datetime(v.year, v.month, v.day))
            if isinstance(v, dt.datetime):
                return ("t", v)
            if isinstance(v, int | float | D):
                return ("n", round(float(v), 6))
            return (type(v).__name__, v)

        return [tuple(cell(v) for v in row) for row in rows]

    a, b = canon(left), canon(right)
    expected = len(a[0]) == len(b[0]) and any(
        sorted(map(repr, (tuple(row[i] for i in order) for row in a))) == sorted(map(repr, b))
        for order in itertools.permutations(range(len(a[0])))
    )
    assert is_same_result(left, right, ordered=False) is expected
