"""The gold answers over real invoice lines, each computed a second time from the raw lines with pandas."""

import datetime as dt

import pytest

from bench.cases import FOLDER, load_questions
from finetune.match import is_answer_contained, is_same_result

pytestmark = pytest.mark.data

QUESTIONS = [q for q in load_questions(FOLDER / "online_retail.jsonl") if q.sql is not None]
SHOP = FOLDER.parent.parent / "examples" / "online_retail" / "shop.yml"


def month(data, first):
    """The rows of one month of the year, ``first`` as in 2011-11."""
    return data[data.InvoiceDate.dt.strftime("%Y-%m") == first]


def year_2011(data):
    return data[data.InvoiceDate.dt.year == 2011]


def is_cancellation(data):
    return data.InvoiceNo.str.startswith("C")


def goods(data):
    """Lines that sold an article: by the code's first sign, in words of pandas rather than of the view."""
    code = data.StockCode
    is_article = code.str.match(r"^(\d|DCGS|gift)")
    return data[(data.Quantity >= 1) & (data.UnitPrice > 0) & ~is_cancellation(data) & is_article]


def customers(data):
    """Per customer: money, number of invoices that are no cancellations, countries seen."""
    known = data[data.CustomerID.notna()]
    ordered = known[~is_cancellation(known)].groupby("CustomerID").InvoiceNo.nunique()
    table = known.groupby("CustomerID").agg(spent=("money", "sum"), country=("Country", "min"))
    return table.assign(orders=ordered.reindex(table.index).fillna(0).astype(int))


def pairs(series):
    return [(k, v) for k, v in series.items()]


def revenue_by_month_of_2011(data):
    by_month = year_2011(data).groupby(year_2011(data).InvoiceDate.dt.month).money.sum()
    return [(dt.date(2011, int(m), 1), v) for m, v in by_month.items()]


def best_day(data):
    by_day = goods(data).groupby(goods(data).InvoiceDate.dt.date).Quantity.sum()
    return [(by_day.idxmax(), int(by_day.max()))]


def best_hour(data):
    by_hour = goods(data).groupby(goods(data).InvoiceDate.dt.hour).InvoiceNo.nunique()
    return [(int(by_hour.idxmax()), int(by_hour.max()))]


def abroad(data):
    return data[data.Country != "United Kingdom"].groupby("Country").money.sum().nlargest(5)


def often_cancelled(data):
    return data[is_cancellation(data)].Description.value_counts().head(1)


def japan(data):
    part = goods(data)
    part = part[(part.Country == "Japan") & (part.InvoiceDate >= "2011-03-01")]
    return [(part[part.InvoiceDate < "2011-07-01"].InvoiceNo.nunique(),)]


def spent_over(data, pounds):
    table = customers(data)
    return pairs(table.spent[table.spent > pounds])


def germany(data):
    part = goods(data)
    part = part[part.Country == "Germany"]
    return [(part.money.sum() / part.InvoiceNo.nunique(),)]


def units(data, when, **where):
    part = month(goods(data), when)
    for column, value in where.items():
        part = part[part[column] == value]
    return [(int(part.Quantity.sum()),)]


COMPUTED = {
    "retail-01": lambda d: [(d.money.sum(),)],
    "retail-02": lambda d: [(month(d, "2011-11").money.sum(),)],
    "retail-03": lambda d: pairs(d.groupby("Country").money.sum()),
    "retail-04": lambda d: pairs(abroad(d)),
    "retail-05": lambda d: pairs(goods(d).groupby("Description").Quantity.sum().nlargest(10)),
    "retail-06": lambda d: [(goods(d).InvoiceNo.nunique(),)],
    "retail-07": lambda d: [(year_2011(goods(d)).CustomerID.nunique(),)],
    "retail-08": germany,
    "retail-09": lambda d: [(d[is_cancellation(d)].InvoiceNo.nunique(),)],
    "retail-10": lambda d: [(-year_2011(d)[is_cancellation(year_2011(d))].money.sum(),)],
    "retail-11": lambda d: pairs(often_cancelled(d)),
    "retail-12": revenue_by_month_of_2011,
    "retail-13": lambda d: [(d[d.Country == "United Kingdom"].money.sum() / d.money.sum(),)],
    "retail-14": lambda d: spent_over(d, 50_000),
    "retail-15": lambda d: pairs(customers(d).spent.nlargest(5)),
    "retail-16": lambda d: [(int((customers(d).orders == 1).sum()),)],
    "retail-17": best_day,
    "retail-18": lambda d: [(d[d.CustomerID == 12748].money.sum(),)],
    "retail-19": lambda d: [
        tuple(r) for r in d.loc[d.InvoiceNo == "536365", ["Description", "Quantity"]].to_numpy()
    ],
    "retail-20": lambda d: [(int((customers(d).country == "France").sum()),)],
    "retail-21": japan,
    "retail-22": lambda d: [(goods(d).UnitPrice.max(),)],
    "retail-23": best_hour,
    "retail-24": lambda d: units(d, "2010-12", Description="REGENCY CAKESTAND 3 TIER"),
    "retail-25": lambda d: [(month(d, "2011-10").money.sum(),)],
    "retail-26": lambda d: pairs(goods(d).groupby("Country").Quantity.sum().nlargest(5)),
    "retail-27": lambda d: [(int((customers(d).country == "Belgium").sum()),)],
    "retail-28": lambda d: [(month(goods(d), "2011-09").InvoiceNo.nunique(),)],
    "retail-29": lambda d: [(year_2011(d)[year_2011(d).Country == "Sweden"].money.sum(),)],
    "retail-30": lambda d: units(d, "2011-06", Country="Australia"),
}


@pytest.fixture(scope="module")
def raw(data_folder):
    """Every invoice line as published, with quantity times price beside it."""
    import pandas

    data = pandas.read_parquet(data_folder / "online_retail" / "online_retail.parquet")
    return data.assign(money=data.Quantity * data.UnitPrice)


@pytest.fixture(scope="module")
def workspace(data_folder):
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    workspace = open_workspace(load_shop(SHOP, variables={"SHOPTALK_DATA": str(data_folder)}))
    yield workspace
    workspace.close()


def test_every_gold_statement_is_computed_a_second_time():
    assert set(COMPUTED) == {q.id for q in QUESTIONS}


def test_the_total_over_all_lines_is_the_published_one(raw, workspace):
    assert round(raw.money.sum(), 2) == 9_747_747.93
    assert round(float(workspace.run("SELECT SUM(amount) FROM lines").rows[0][0]), 2) == 9_747_747.93


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)
def test_gold_answers_equal_the_raw_lines(question, raw, workspace):
    computed = [tuple(_plain(v) for v in row) for row in COMPUTED[question.id](raw)]
    gold = workspace.run(question.sql)
    assert not gold.is_truncated
    assert computed
    assert is_same_result(computed, gold.rows, ordered=question.ordered)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.also], ids=lambda q: q.id)
def test_other_accepted_answers_hold_as_many_rows(question, workspace):
    rows = workspace.run(question.sql).rows
    for statement in question.also:
        other = workspace.run(statement).rows
        assert len(other) == len(rows)
        is_label = is_answer_contained(rows, other, ordered=question.ordered)
        assert is_label or len(other[0]) == len(rows[0])


def _plain(value):
    """numpy's numbers as Python's."""
    return value.item() if hasattr(value, "item") else value
