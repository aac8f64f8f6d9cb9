"""An explanation as an answer: which model is asked about, and what it gives of its own structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import AskBack, Declined
from bot.job import Request, Tools
from jobs.asked_of_models import Model
from jobs.explain.added import Added
from jobs.explain.explain_words import BEFORE, CUES, CUSTOMER, FILLER, OF
from jobs.explain.of_customers import Named, explain_churn, explain_value
from jobs.explain.of_figures import explain_forecast, explain_price
from jobs.explain.of_offers import explain_audience, explain_recommend
from jobs.forecast.forecast_words import GRAIN, HORIZON, METRIC, ONLY, UNTIL
from jobs.not_heard import caveat_of, not_heard
from jobs.price.price_words import CHANGE, PRODUCT
from sql.shop.bindings import bindings_line
from telling.evidence import Evidence
from telling.phrases import escape_markdown, load_words

Explain = Callable[[Request, Tools, Named], Added]
MODELS: dict[Model, tuple[Explain, str]] = {
    "churn": (explain_churn, "jobs.churn"),
    "value": (explain_value, "jobs.churn"),
    "audience": (explain_audience, "jobs.campaign"),
    "recommend": (explain_recommend, "jobs.recommend"),
    "price": (explain_price, "jobs.price"),
    "forecast": (explain_forecast, "jobs.forecast"),
}
"""What explains each, and whose sentences say why it cannot be told at all."""
_NEEDS: dict[Model, tuple[str, ...]] = {
    "churn": ("customer", "order_date"),
    "value": ("customer", "order_date", "amount"),
    "audience": ("customer", "order_date", "amount"),
    "recommend": ("product",),
    "price": ("product", "order_date", "amount", "quantity"),
    "forecast": ("order_date",),
}
_SAID: dict[Model, tuple[str, ...]] = {
    "forecast": (METRIC.name, ONLY.name, HORIZON.name, UNTIL.name, GRAIN.name),
    "price": (PRODUCT.name, CHANGE.name),
    "churn": (CUSTOMER.name, HORIZON.name, ONLY.name),
    "recommend": (CUSTOMER.name, PRODUCT.name),
    "value": (CUSTOMER.name, ONLY.name),
    "audience": (CUSTOMER.name,),
}
"""Parameters that each is explained by."""
_UNHEARD = "nothing_stands_for"
"""What a model's own job says of words that are for this one."""


@dataclass(frozen=True, kw_only=True)
class Explained(Evidence):
    """Table 0 has the result and what it is held against in one row, table 1 what each part adds."""

    of: Model
    added: Added


def run_explain(request: Request, tools: Tools) -> Explained:
    """Take one result apart.

    Raises:
        AskBack: it is not said which model, which customer or which product.
        Declined: the model itself can tell nothing here, in its own words; or the role may not see it.
    """
    of = _model(request)
    _check(of, request, tools)
    explain, package = MODELS[of]
    words = load_words(request.language, "bot", __package__ or "")
    try:
        added = explain(request, tools, words)
    except (Declined, AskBack) as error:
        raise _in_our_words(error, request.language, package, tools.workspace.role.name) from error
    tables = added.tables("reason")
    request.on_table(tables[1])
    unheard = not_heard(request, (*CUES, *BEFORE.get(of, ())), FILLER)
    said = request.settings.said
    ran = {name: said[name].text for name in _SAID[of] if name in said}
    if (horizon := request.settings.get(HORIZON)) is not None and HORIZON.name in ran:
        ran[HORIZON.name] = str(horizon)
    return Explained(
        tables=tables,
        caveats=(*caveat_of(unheard), *(each for each in added.caveats if each[0] != _UNHEARD)),
        unheard=unheard,
        confidence=0.5 if unheard else 0.9,
        sql=added.source.query.written,
        settings={OF.name: of, **ran},
        of=of,
        added=added,
    )


def _model(request: Request) -> Model:
    said = request.settings.get(OF)
    if said is not None:
        return next(model for model in MODELS if model == said)
    if request.settings.get(CUSTOMER) is not None:
        return "churn"
    raise AskBack("explain_what", options=_examples(request.language))


def _examples(language: str) -> tuple[str, ...]:
    if language == "zh":
        return ("解释下个月销售额的预测",)
    return ("Explain the forecast of revenue for the next 8 weeks",)


def _check(of: Model, request: Request, tools: Tools) -> None:
    """Raise ``Declined`` where the shop binds too little for that model, with the line to write."""
    shop = tools.workspace.shop
    missing = tuple(part for part in _NEEDS[of] if part not in shop.bound)
    if missing:
        names = ", ".join(name.replace("_", " ") for name in missing)
        line = bindings_line(missing, tools.workspace.guard.views)
        raise Declined("unbound", {"names": escape_markdown(names), "line": escape_markdown(line)})


def _in_our_words(error: Declined | AskBack, language: str, package: str, role: str) -> Declined | AskBack:
    """The same, with its sentence where it is another job's: a job knows its own sentences alone."""
    if error.key in load_words(language, "bot", __package__ or ""):
        return error
    for theirs in (package, "jobs.customer_card"):
        words = load_words(language, "bot", theirs)
        if error.key in words:
            told = type(error)(
                "explain_says",
                {"why": words.say(error.key, **{"role": escape_markdown(role), **error.values})},
                error.options,
            )
            told.is_open, told.restated = error.is_open, error.restated
            return told
    return error
