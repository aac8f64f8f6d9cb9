"""Time expressions as a table of cases; the shop's day is Tuesday, 30 June 2026."""

from __future__ import annotations

import datetime as dt

import pytest

from sql.question.numbers import zh_number
from sql.question.periods import find_periods, unread_dates

TODAY = dt.date(2026, 6, 30)
OPEN_END, OPEN_START = "9999-12-31", "0001-01-01"

CASES = """
revenue today | 2026-06-30 2026-07-01
revenue yesterday | 2026-06-29 2026-06-30
orders the day before yesterday | 2026-06-28 2026-06-29
revenue this week | 2026-06-29 2026-07-06
revenue last week | 2026-06-22 2026-06-29
revenue this month | 2026-06-01 2026-07-01
What was the revenue last month? | 2026-05-01 2026-06-01
this quarter | 2026-04-01 2026-07-01
last quarter | 2026-01-01 2026-04-01
this year | 2026-01-01 2027-01-01
last year | 2025-01-01 2026-01-01
last year's profit | 2025-01-01 2026-01-01
previous month | 2026-05-01 2026-06-01
the month before last | 2026-04-01 2026-05-01
the last 7 days | 2026-06-24 2026-07-01
past 30 days | 2026-06-01 2026-07-01
in the last two weeks | 2026-06-17 2026-07-01
last 3 months | 2026-04-01 2026-07-01
over the past twelve months | 2025-07-01 2026-07-01
past year | 2025-07-01 2026-07-01
last 2 years | 2024-07-01 2026-07-01
two weeks ago | 2026-06-15 2026-06-22
3 months ago | 2026-03-01 2026-04-01
orders placed more than a week ago and not sent | 0001-01-01 2026-06-23
sent more than 30 days ago | 0001-01-01 2026-05-31
orders from over 2 weeks ago | 0001-01-01 2026-06-16
who joined at least three months ago | 0001-01-01 2026-03-30
joined more than 2 years ago | 0001-01-01 2024-06-30
backorders older than 30 days | 0001-01-01 2026-05-31
returns older than a month | 0001-01-01 2026-05-30
invoices unpaid for more than 30 days | 0001-01-01 2026-05-31
orders open for over two weeks | 0001-01-01 2026-06-16
orders not shipped for 3 days | 0001-01-01 2026-06-27
orders not delivered in 3 days |
orders placed no more than 30 days ago | 2026-06-01 2026-07-01
which batches don't expire in 30 days |
customers who don't get the newsletter and bought in one week |
babies older than 6 months |
until the week of 2 March | 0001-01-01 2026-03-09
customers who haven't bought in 90 days | 2026-04-02 2026-07-01
customers not seen for a year | 2025-07-01 2026-07-01
products not sold in 6 months | 2026-01-01 2026-07-01
orders delivered in 3 days |
revenue for 3 months |
orders over the last 2 weeks | 2026-06-17 2026-07-01
Orders in May | 2026-05-01 2026-06-01
orders in Novmber | 2025-11-01 2025-12-01
orders in Feburary 2025 | 2025-02-01 2025-03-01
orders in Septmber 2024 | 2024-09-01 2024-10-01
orders in may | 2026-05-01 2026-06-01
May revenue? No: revenue for May | 2026-05-01 2026-06-01
orders in December | 2025-12-01 2026-01-01
orders in July | 2025-07-01 2025-08-01
May 2025 | 2025-05-01 2025-06-01
March of last year | 2025-03-01 2025-04-01
Sept 2025 | 2025-09-01 2025-10-01
in 2025 | 2025-01-01 2026-01-01
2025 revenue by month | 2025-01-01 2026-01-01
Q1 2026 | 2026-01-01 2026-04-01
Q1 and Q2 2025 | 2025-01-01 2025-04-01, 2025-04-01 2025-07-01
2025年5月和6月的订单 | 2025-05-01 2025-06-01, 2025-06-01 2025-07-01
2024到2025的销售额 | 2024-01-01 2026-01-01
2024个订单 |
去年双11那天卖了多少单 | 2025-11-11 2025-11-12
2025年618当天的订单 | 2025-06-18 2025-06-19
618大促卖了多少 | 2026-06-18 2026-06-19
618卖了多少 | 2026-06-18 2026-06-19
618的订单 | 2026-06-18 2026-06-19
how much did we sell during 618 | 2026-06-18 2026-06-19
orders over 618 EUR |
满618元的订单 |
orders on Black Friday 2025 | 2025-11-28 2025-11-29
sales on last year's cyber monday | 2025-12-01 2025-12-02
christmas day sales | 2025-12-25 2025-12-26
金额大于2000的订单 |
2024号订单的状态 |
sales of 24-packs |
average order of 15? |
size '38 |
pre-March orders |
Q1, Q2 and Q3 2024 | 2024-01-01 2024-04-01, 2024-04-01 2024-07-01, 2024-07-01 2024-10-01
this month and December | 2026-06-01 2026-07-01, 2025-12-01 2026-01-01
between December and February 2025 | 2024-12-01 2025-03-01
between November 2024 and February | 2024-11-01 2025-03-01
orders Jan-May 2025 | 2025-01-01 2025-06-01
top 5 in 98 | 1998-01-01 1999-01-01
sales of summer '25 | 2025-06-01 2025-09-01
orders in 30 days |
since the end of March 2026 | 2026-04-01 9999-12-31
2025 Q4 | 2025-10-01 2026-01-01
in Q4 | 2025-10-01 2026-01-01
the third quarter of 2025 | 2025-07-01 2025-10-01
second quarter | 2026-04-01 2026-07-01
between March and June 2025 | 2025-03-01 2025-07-01
from November 2025 to February 2026 | 2025-11-01 2026-03-01
from November to February 2026 | 2025-11-01 2026-03-01
from March to May | 2026-03-01 2026-06-01
between 2024 and 2025 | 2024-01-01 2026-01-01
since January | 2026-01-01 9999-12-31
orders from January that never got a shipment | 2026-01-01 2026-02-01
the five reviews from last month | 2026-05-01 2026-06-01
invoices from may 2026 above 400 | 2026-05-01 2026-06-01
from January on | 2026-01-01 9999-12-31
sales from May until now | 2026-05-01 9999-12-31
orders from March to the present day | 2026-03-01 9999-12-31
revenue from March so far | 2026-03-01 9999-12-31
From March, how much have we sold | 2026-03-01 9999-12-31
revenue month over month from March | 2026-03-01 9999-12-31
a chart of revenue over time from March | 2026-03-01 9999-12-31
which till last month took the most | 2026-05-01 2026-06-01
our till yesterday | 2026-06-29 2026-06-30
orders till yesterday | 0001-01-01 2026-06-30
starting from January | 2026-01-01 9999-12-31
revenue by month from January | 2026-01-01 9999-12-31
how did sales develop from 2025 | 2025-01-01 9999-12-31
running total of sales through 2025 by month | 2025-01-01 2026-01-01
sales by month up through 2025 | 0001-01-01 2026-01-01
since 2025 | 2025-01-01 9999-12-31
before March 2025 | 0001-01-01 2025-03-01
after May 2025 | 2025-06-01 9999-12-31
until the end of 2024 | 0001-01-01 2025-01-01
through 2024 | 0001-01-01 2025-01-01
how many payments did not go through in 2024 | 2024-01-01 2025-01-01
what went through last month | 2026-05-01 2026-06-01
revenue this time last year | 2025-06-01 2025-07-01
the same month last year | 2025-06-01 2025-07-01
first half of 2025 | 2025-01-01 2025-07-01
H2 2025 | 2025-07-01 2026-01-01
second half of last year | 2025-07-01 2026-01-01
on 3 May 2026 | 2026-05-03 2026-05-04
on May 3rd, 2026 | 2026-05-03 2026-05-04
on the 3rd of May | 2026-05-03 2026-05-04
on 2026-05-03 | 2026-05-03 2026-05-04
on 03.05.2026 | 2026-05-03 2026-05-04
on 05/13/2026 | 2026-05-13 2026-05-14
from 2026-05-03 to 2026-05-10 | 2026-05-03 2026-05-11
in 2026-05 | 2026-05-01 2026-06-01
year to date | 2026-01-01 2026-07-01
YTD profit | 2026-01-01 2026-07-01
in summer 2025 | 2025-06-01 2025-09-01
revenue in May 2026 versus May 2025 | 2026-05-01 2026-06-01, 2025-05-01 2025-06-01
this month compared with last month | 2026-06-01 2026-07-01, 2026-05-01 2026-06-01
this year against the same period last year | 2026-01-01 2027-01-01, 2025-01-01 2025-07-01
May 2026 against the same period last year | 2026-05-01 2026-06-01, 2025-05-01 2025-06-01
the month before | 2026-05-01 2026-06-01
since the start of the year | 2026-01-01 9999-12-31
the last week of May | 2026-05-25 2026-06-01
from 1 to 15 May 2026 | 2026-05-01 2026-05-16
the week of 2026-05-06 | 2026-05-04 2026-05-11
customers with more than 2000 euros |
order 2025 |
How may we help? |
I may march |
top 2000 |
上个月的销售额 | 2026-05-01 2026-06-01
2025下半年卖了多少 | 2025-07-01 2026-01-01
上周一到周三的订单 | 2026-06-22 2026-06-25
这个月1号到15号 | 2026-06-01 2026-06-16
上个月5号 | 2026-05-05 2026-05-06
5.1-5.15的订单 | 2026-05-01 2026-05-16
价格在8.1-8.15元 |
2024-2025年 | 2024-01-01 2026-01-01
前三季度 | 2026-01-01 2026-10-01
前8个月 | 2026-01-01 2026-09-01
前三个月 | 2026-04-01 2026-07-01
今年前两个月 | 2026-01-01 2026-03-01
2025前三季度 | 2025-01-01 2025-10-01
去年最后一个季度 | 2025-10-01 2026-01-01
3月之前 | 0001-01-01 2026-03-01
3个月前 | 2026-03-01 2026-04-01
3个月之前下的单 | 0001-01-01 2026-03-30
90天以前注册的会员 | 0001-01-01 2026-04-01
超过30天前的订单 | 0001-01-01 2026-05-31
两年以上之前注册 | 0001-01-01 2024-06-30
半年以前的订单 | 0001-01-01 2025-12-30
3天前 | 2026-06-27 2026-06-28
建档满两年的客户 | 0001-01-01 2024-06-30
下单超过10天还没发的单子 | 0001-01-01 2026-06-20
已经两周没发货的订单 | 0001-01-01 2026-06-16
超过90天没来的会员 | 2026-04-02 2026-07-01
三个月没动的库存 | 2026-04-01 2026-07-01
半年没来的客户 | 2026-01-01 2026-07-01
满300减50的券 |
入会不满一年的会员 | 2025-07-01 2026-07-01
买满2年质保 |
15日以前的订单 |
6月15日之前 | 0001-01-01 2026-06-15
24年没下单的客户 | 2024-01-01 2025-01-01
10天以前到5天以前 | 2026-06-20 2026-06-26
有三个月没卖过 |
截至3月2日那周 | 0001-01-01 2026-03-09
双十一那周 | 2025-11-10 2025-11-17
第3天没来 |
今年卖了多少，去年同一时候呢 | 2026-01-01 2027-01-01, 2025-01-01 2025-07-01
去年夏天 | 2025-06-01 2025-09-01
夏季连衣裙 |
the last quarter of 2025 | 2025-10-01 2026-01-01
first three months of 2026 | 2026-01-01 2026-04-01
in their first 3 months |
first two weeks of May | 2026-05-01 2026-05-15
last two weeks of May 2025 | 2025-05-18 2025-06-01
first 5 months this year | 2026-01-01 2026-06-01
last summer | 2025-06-01 2025-09-01
last winter | 2025-12-01 2026-03-01
stock as of yesterday evening | 2026-06-29 2026-06-30
2025上半年和2026上半年对比 | 2025-01-01 2025-07-01, 2026-01-01 2026-07-01
2025一季度 | 2025-01-01 2025-04-01
2025第三季度的订单 | 2025-07-01 2025-10-01
2025 3月 | 2025-03-01 2025-04-01
2025双十一 | 2025-11-11 2025-11-12
2024全年 | 2024-01-01 2025-01-01
订单2025 |
revenue of the last half year | 2026-01-01 2026-07-01
takings per till this year | 2026-01-01 2027-01-01
moving total through 2024 by month | 2024-01-01 2025-01-01
上月订单数 | 2026-05-01 2026-06-01
本月销售额 | 2026-06-01 2026-07-01
这个月卖了多少 | 2026-06-01 2026-07-01
上上个月 | 2026-04-01 2026-05-01
去年 | 2025-01-01 2026-01-01
1980年以前出生 | 0001-01-01 1980-01-01
99年的销售额 | 1999-01-01 2000-01-01
24年 | 2024-01-01 2025-01-01
今年的利润 | 2026-01-01 2027-01-01
前年 | 2024-01-01 2025-01-01
上周 | 2026-06-22 2026-06-29
本周退货 | 2026-06-29 2026-07-06
上个星期 | 2026-06-22 2026-06-29
昨天 | 2026-06-29 2026-06-30
今天的订单 | 2026-06-30 2026-07-01
前天 | 2026-06-28 2026-06-29
最近30天 | 2026-06-01 2026-07-01
最近七天 | 2026-06-24 2026-07-01
近三个月 | 2026-04-01 2026-07-01
过去一年 | 2025-07-01 2026-07-01
最近半年 | 2026-01-01 2026-07-01
2025年 | 2025-01-01 2026-01-01
2025年每个月的销售额 | 2025-01-01 2026-01-01
5月 | 2026-05-01 2026-06-01
五月份的订单 | 2026-05-01 2026-06-01
十二月 | 2025-12-01 2026-01-01
2025年5月 | 2025-05-01 2025-06-01
去年五月 | 2025-05-01 2025-06-01
去年的11月 | 2025-11-01 2025-12-01
2026年5月3日 | 2026-05-03 2026-05-04
5月3号 | 2026-05-03 2026-05-04
第一季度 | 2026-01-01 2026-04-01
今年第二季度 | 2026-04-01 2026-07-01
2025年三季度 | 2025-07-01 2025-10-01
上季度 | 2026-01-01 2026-04-01
上半年 | 2026-01-01 2026-07-01
去年下半年 | 2025-07-01 2026-01-01
今年三月到五月 | 2026-03-01 2026-06-01
2025年11月至2026年1月 | 2025-11-01 2026-02-01
从三月到五月 | 2026-03-01 2026-06-01
今年以来 | 2026-01-01 2026-07-01
2025年以来 | 2025-01-01 9999-12-31
从今年三月开始 | 2026-03-01 9999-12-31
2025年之前 | 0001-01-01 2025-01-01
三个月前 | 2026-03-01 2026-04-01
5月和去年同期 | 2026-05-01 2026-06-01, 2025-05-01 2025-06-01
去年同期 | 2025-06-01 2025-07-01
2026-04-10到2026-04-20的销售额 | 2026-04-10 2026-04-21
从2026-04-01至2026-04-30 | 2026-04-01 2026-05-01
2026/4/1-2026/4/30 | 2026-04-01 2026-05-01
2026.04.01-2026.04.30 | 2026-04-01 2026-05-01
2026.5.1-5.15 | 2026-05-01 2026-05-16
2026-5-1至6-3的订单 | 2026-05-01 2026-06-04
2026-04-01-2026-04-10 | 2026-04-01 2026-04-11
revenue 2026-04-01..2026-04-30 | 2026-04-01 2026-05-01
20260401到20260430 | 2026-04-01 2026-05-01
between 20260401 and 20260430 | 2026-04-01 2026-05-01
order 20260401 |
订单20260401的状态 |
orders 20260331 and 20260401 |
revenue 01/04/2026 - 30/04/2026 | 2026-04-01 2026-05-01
revenue 5/1/2026-5/15/2026 | 2026-05-01 2026-05-16
orders on 10-May-2025 | 2025-05-10 2025-05-11
orders on 10/May | 2026-05-10 2026-05-11
revenue in 12/2025 | 2025-12-01 2026-01-01
revenue 05-2025 | 2025-05-01 2025-06-01
SKU 12-2025 |
revenue in 13/2025 |
more than 5/2000 units |
revenue December 9999 |
revenue in December 1812 |
9999年12月的销售额 |
revenue in May 5000 units | 2026-05-01 2026-06-01
revenue on 29 Feb 2025 |
orders on 29 Feb | 2024-02-29 2024-03-01
orders on 31 June |
2月30日的订单 |
revenue in Q5 2025 |
the top 40 in May | 2026-05-01 2026-06-01
revenue in week 23 | 2026-06-01 2026-06-08
calendar week 23 of 2025 | 2025-06-02 2025-06-09
revenue in KW 23 | 2026-06-01 2026-06-08
2025-W23 | 2025-06-02 2025-06-09
第23周的销售额 | 2026-06-01 2026-06-08
2025年第3周 | 2025-01-13 2025-01-20
jeans W32 sold last month | 2026-05-01 2026-06-01
week 3 of May | 2026-05-15 2026-05-22
the third week of May 2025 | 2025-05-15 2025-05-22
5月第2周的订单 | 2026-05-08 2026-05-15
the first half of May | 2026-05-01 2026-05-16
second half of February 2024 | 2024-02-16 2024-03-01
early May 2025 | 2025-05-01 2025-05-11
mid-May orders | 2026-05-11 2026-05-21
5月上旬的销售额 | 2026-05-01 2026-05-11
上半月的销售额 | 2026-06-01 2026-06-16
上个月下旬 | 2026-05-21 2026-06-01
first 10 days of May | 2026-05-01 2026-05-11
last 5 days of May | 2026-05-27 2026-06-01
between 1 and 15 May | 2026-05-01 2026-05-16
orders May 1-15 | 2026-05-01 2026-05-16
between May 1 and 15, 2025 | 2025-05-01 2025-05-16
5月1日至15日 | 2026-05-01 2026-05-16
5月1-15日 | 2026-05-01 2026-05-16
the last day of last month | 2026-05-31 2026-06-01
sales on the 15th | 2026-06-15 2026-06-16
the 15th of last month | 2026-05-15 2026-05-16
revenue in H1 | 2026-01-01 2026-07-01
H1-H2 2025 | 2025-01-01 2026-01-01
H1 headphones |
Jan-Mar 2026 | 2026-01-01 2026-04-01
revenue Q1-Q3 2025 | 2025-01-01 2025-10-01
revenue 2023-2025 | 2023-01-01 2026-01-01
revenue 2024/25 |
4-6月的销售额 | 2026-04-01 2026-07-01
2025年4、5月份 | 2025-04-01 2025-06-01
revenue May/June 2025 | 2025-05-01 2025-07-01
revenue every May |
在Q1的销量 | 2026-01-01 2026-04-01
二〇二五年五月 | 2025-05-01 2025-06-01
revenue last Monday | 2026-06-29 2026-06-30
上周一的订单 | 2026-06-22 2026-06-23
上周一共卖了多少 | 2026-06-22 2026-06-29
上周日均销售额 | 2026-06-22 2026-06-29
上周末的销售额 | 2026-06-27 2026-06-29
last weekend | 2026-06-27 2026-06-29
over the past fortnight | 2026-06-17 2026-07-01
prior 30 days | 2026-06-01 2026-07-01
rolling 3 month orders in 2024 | 2024-01-01 2025-01-01
orders before the end of May | 0001-01-01 2026-06-01
5月底前下的单 | 0001-01-01 2026-06-01
从5月初到6月底 | 2026-05-01 2026-07-01
Easter 2025 |
Christmas 2025 |
2025年春节销售额 |
"""


def cases():
    for line in CASES.strip().splitlines():
        question, _, expected = line.partition("|")
        yield pytest.param(
            question.strip(),
            [tuple(e.split()) for e in expected.split(",") if e.strip()],
            id=question.strip(),
        )


@pytest.mark.parametrize(("question", "expected"), list(cases()))
def test_days_meant_by(question, expected):
    assert [(str(p.start), str(p.end)) for p in find_periods(question, TODAY)] == expected


def test_span_covers_the_words():
    question = "Which orders came between March and June 2025, please?"
    (period,) = find_periods(question, TODAY)
    assert question[period.first : period.last] == period.text == "between March and June 2025"


def test_chinese_span_covers_the_words():
    (period,) = find_periods("请问从三月到五月卖了多少", TODAY)
    assert period.text == "从三月到五月"


def test_a_month_that_has_just_begun_is_this_years():
    assert find_periods("in June", dt.date(2026, 6, 1))[0].start == dt.date(2026, 6, 1)


def test_last_day_of_february_survives_other_years():
    assert find_periods("on 29 February", dt.date(2026, 6, 30))[0].start.month == 2


def test_chinese_numbers():
    assert [zh_number(t) for t in ("十", "二十三", "一百", "12", "x")] == [10, 23, 100, 12, None]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("orders this morning", "this morning"),
        ("sales of last night", "last night"),
        ("orders in the past 24 hours", "the past 24 hours"),
        ("revenue in Q4 FY25", "Q4 FY25"),
        ("今天上午的订单", "今天上午"),
        ("昨晚卖了多少", "昨晚"),
        ("过去24小时的销售额", "过去24小时"),
        ("五一假期卖了多少", "五一假期"),
        ("去年暑假的销售额", "去年暑假"),
        ("on 31 June", "31 June"),
    ],
)
def test_words_of_time_that_name_no_days_are_told(question: str, words: str) -> None:
    assert unread_dates(question, TODAY) == (words,)
    assert find_periods(question, TODAY) == ()


@pytest.mark.parametrize(
    "question", ["晚上下单的有多少", "how many order in the morning", "今天下午3点后的订单", "good morning"]
)
def test_parts_of_every_day_are_no_such_words(question: str) -> None:
    assert unread_dates(question, TODAY) == ()
