"""What comes next: sales, units or orders gone on with from their past, with intervals that were measured."""

from __future__ import annotations

from bot.job import Job, read_cases
from jobs.forecast.forecast_told import draw_forecast, tell_forecast
from jobs.forecast.forecast_words import PARAMETERS, claims
from jobs.forecast.forecasting import run_forecast

job = Job(
    name="forecast",
    description={
        "en": "A forecast of sales, units or orders, with intervals and how far it was off before.",
        "zh": "销售额、销量或订单数的预测，附区间和以往的误差。",
    },
    utterances={
        "en": ("Forecast revenue for the next 8 weeks", "Predict orders by category for the next 3 months"),
        "zh": ("预测未来8周的销售额", "预测下个月各品类的订单数"),
    },
    parameters=PARAMETERS,
    claims=claims,
    run=run_forecast,
    tell=tell_forecast,
    draw=draw_forecast,
    needs=("order_date",),
    texts=__package__,
    cases=read_cases(__package__),
)
