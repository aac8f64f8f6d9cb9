"""How units answer to a price: each product by itself, then beside the others of its kind. Pure.

A Poisson regression with a logarithmic link (statsmodels), so that weeks without a sale count and the
coefficient of the logarithm of the price is the elasticity. Beside the price stand the discount, where list
prices are known; the units and prices of the rest of the kind, which hold season, trend and whatever moved
all of them; and a trend and a course of the year of its own, for not every product has its kind's.

Weeks have more in common than chance: what moves units beside prices lasts, and prices stay for months. So
a step of generalised least squares follows (Zeger 1988), in which that noise has a size and a persistence.
It is own code, for statsmodels has no regression of counts with such errors.

Products of a kind are put together by a random-effects mean (Paule and Mandel 1982, with the correction of
Hartung and Knapp; statsmodels), and each is drawn towards it by as much as its own estimate is unsure
(empirical Bayes, Efron and Morris 1975).
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from jobs.price.weeks import ProductWeeks, Values, Weeks

LEVEL = 0.90
"""Of every interval."""
LEAST_WEEKS = 26
"""Weeks that are used of a product."""
LEAST_UNITS = 40
LEAST_PRICES = 3
"""With two prices a change of price is one moment, and whatever else began then is taken for its effect."""
LEAST_SPREAD = 0.05
"""Of the prices charged: the highest over the lowest, less one."""
LEAST_POOLED = 4
"""Products that make a kind."""
LEAST_APART = 0.2
"""Products of a kind are never taken to be more alike than with this standard deviation."""
HELD_OUT = 13
"""Latest weeks that the test does not see."""
YEAR = 365.25 / 7
_MOST_LOG = 20.0
"""Logarithm of units beyond which nothing is foretold."""
_PERSISTENCE = (0.0, 0.3, 0.6, 0.8, 0.92)
"""From week to week, of what moves units beside the chance of counts: correlations that are tried ..."""
_SIZES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7)
"""... and its standard deviations, of the logarithm of units."""
_SEASONAL = 60
"""Weeks from which the course of a year is looked for."""
_MOVED = 0.005
"""Standard deviation of logarithms below which discounts, or the rest's prices, count as unmoved."""

Lack = Literal["few_weeks", "few_units", "few_prices", "narrow"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An elasticity with what is unsure of it."""

    value: float
    error: float
    """Standard error."""
    freedom: float
    """Degrees of freedom of Student's t."""

    @property
    def low(self) -> float:
        """Lower end of the interval of ``LEVEL``."""
        return self.value - self._half

    @property
    def high(self) -> float:
        """Upper end."""
        return self.value + self._half

    @property
    def _half(self) -> float:
        from scipy import stats

        return float(stats.t.ppf((1 + LEVEL) / 2, self.freedom)) * self.error


def lack_of(weeks: ProductWeeks) -> Lack | None:
    """Why nothing can be learnt of a product by itself; ``None`` where it can."""
    if len(weeks.week) < LEAST_WEEKS:
        return "few_weeks"
    if weeks.units.sum() < LEAST_UNITS:
        return "few_units"
    if weeks.levels < LEAST_PRICES:
        return "few_prices"
    return "narrow" if weeks.high < weeks.low * (1 + LEAST_SPREAD) else None


# ---- one product ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fit:
    """One product by itself."""

    name: Hashable
    estimate: Estimate
    weights: Values
    """Of all columns of ``_design``, the price's first."""


def fit_own(weeks: ProductWeeks) -> Fit | None:
    """The elasticity from one product's weeks alone; ``None`` where they do not tell it."""
    found = _fitted(weeks.units, _design(weeks), weeks.week)
    if found is None:
        return None
    weights, error, freedom = found
    estimate = Estimate(value=float(weights[0]), error=error, freedom=freedom)
    return Fit(name=weeks.name, estimate=estimate, weights=weights)


def _design(weeks: ProductWeeks, like: ProductWeeks | None = None) -> Values:
    """Columns of the regression: the logarithm of the price, what is held, the constant last.

    Args:
        like: whose weeks decide which columns there are; ``None``: its own.
    """
    like = like or weeks
    columns = [np.log(weeks.price)]
    if _has_discounts(like):
        columns.append(weeks.discount)
    time = weeks.week / YEAR
    if like.has_rest:
        columns.append(weeks.rest)
        if like.rest_price.std() > _MOVED:
            columns.append(weeks.rest_price)
    if len(like.week) >= _SEASONAL:
        columns += [np.sin(2 * np.pi * time), np.cos(2 * np.pi * time)]
    return np.column_stack([*columns, time, np.ones(len(time))])


def _has_discounts(weeks: ProductWeeks) -> bool:
    return bool(weeks.discount.std() > _MOVED)


def _fitted(units: Values, design: Values, week: Weeks) -> tuple[Values, float, float] | None:
    """Weights, the standard error of the first, and degrees of freedom; ``None`` where there is no answer."""
    import statsmodels.api as sm

    if np.linalg.matrix_rank(design) < design.shape[1] or units.sum() == 0:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            weights = np.asarray(sm.GLM(units, design, family=sm.families.Poisson()).fit().params)
            weights, error = _step(units, design, week, weights)
    except (Warning, ValueError, np.linalg.LinAlgError):
        return None
    if not (np.isfinite(weights).all() and np.isfinite(error) and error > 0):
        return None
    return weights, error, float(len(units) - design.shape[1])


def _step(units: Values, design: Values, week: Weeks, weights: Values) -> tuple[Values, float]:
    """Weights and the first one's error, given weights for the expected units.

    Beside the chance of counts, weeks have a noise of their own whose size and persistence are not known: the
    answer is the mean over a grid of both, each by its restricted likelihood, so that what is not known of
    them widens the error.
    """
    expected = np.exp(design @ weights)
    root = np.sqrt(expected)
    scaled = design * root[:, None]
    response = root * (design @ weights + units / expected - 1)
    apart = np.abs(week[:, None] - week)
    likelihoods, weights_each, errors_each = [], [], []
    for persistence in _PERSISTENCE:
        values, vectors = np.linalg.eigh(root[:, None] * persistence**apart * root)
        turned, target = vectors.T @ scaled, vectors.T @ response
        variance = 1 + np.square(_SIZES)[:, None] * np.maximum(values, 0.0)
        weighted = turned.T / variance[:, None]  # sizes, columns, weeks
        normal = weighted @ turned
        inverse = np.linalg.inv(normal)
        each = (inverse @ (weighted @ target)[..., None])[..., 0]
        off = target - each @ turned.T
        lost = np.linalg.slogdet(normal)[1]
        likelihoods.append(-0.5 * (np.log(variance).sum(axis=1) + lost + (off**2 / variance).sum(axis=1)))
        weights_each.append(each)
        errors_each.append(inverse[:, 0, 0])
    likely, tried = np.concatenate(likelihoods), np.concatenate(weights_each)
    share = np.exp(likely - likely.max())
    share /= share.sum()
    mean = share @ tried
    spread = share @ (np.concatenate(errors_each) + (tried[:, 0] - mean[0]) ** 2)
    return mean, float(np.sqrt(spread))


# ---- a kind -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Products of one kind together."""

    mean: Estimate
    apart: float
    """Standard deviation of the products' elasticities around the mean."""
    products: int


def pool(fits: Sequence[Fit]) -> Kind | None:
    """The mean of products and how far they lie apart; ``None`` for too few."""
    from statsmodels.stats.meta_analysis import combine_effects

    if len(fits) < LEAST_POOLED:
        return None
    values = np.array([fit.estimate.value for fit in fits])
    errors = np.array([fit.estimate.error for fit in fits])
    found = combine_effects(values, errors**2, method_re="iterated", use_t=True)
    error = max(float(found.sd_eff_w_re), float(np.sqrt(found.var_hksj_re)))
    return Kind(
        mean=Estimate(value=float(found.mean_effect_re), error=error, freedom=float(len(fits) - 1)),
        apart=float(np.sqrt(max(found.tau2, 0.0))),
        products=len(fits),
    )


def drawn(own: Estimate, kind: Kind | None) -> Estimate:
    """A product's elasticity from its own weeks and its kind; by itself where there is no kind."""
    if kind is None:
        return own
    share = own_share(own, kind)
    error = np.sqrt(share * own.error**2 + (1 - share) ** 2 * kind.mean.error**2)
    return Estimate(
        value=share * own.value + (1 - share) * kind.mean.value,
        error=float(error),
        freedom=share * own.freedom + (1 - share) * kind.mean.freedom,
    )


def own_share(own: Estimate, kind: Kind) -> float:
    """How much of a product's elasticity is its own weeks'; the rest is its kind's."""
    apart = max(kind.apart, LEAST_APART)
    return apart**2 / (apart**2 + own.error**2)


# ---- a shop -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Elasticities:
    """Products and their kinds."""

    own: Mapping[Hashable, Fit]
    """Of each product that tells something by itself."""
    kinds: Mapping[Hashable, Kind]
    """Of each kind with enough such products."""
    of_product: Mapping[Hashable, Estimate]
    """Of each product in ``own``, drawn towards its kind."""


def fit_all(products: Sequence[ProductWeeks]) -> Elasticities:
    """Each product by itself, the kinds, and each product drawn towards its kind."""
    able = [each for each in products if lack_of(each) is None]
    with threadpool_limits(1):  # many small matrices: threads wait for one another ten times as long
        fits = {each.name: fit for each in able if (fit := fit_own(each)) is not None}
    members: dict[Hashable, list[Fit]] = {}
    for each in products:
        if each.name in fits:
            members.setdefault(each.kind, []).append(fits[each.name])
    kinds = {kind: found for kind, of in members.items() if (found := pool(of)) is not None}
    told = {
        each.name: drawn(fits[each.name].estimate, kinds.get(each.kind))
        for each in products
        if each.name in fits
    }
    return Elasticities(own=fits, kinds=kinds, of_product=told)


def together(found: Elasticities, products: Sequence[ProductWeeks]) -> Estimate | None:
    """The mean elasticity of some products that are in ``found.own``; ``None`` where they are too few.

    Of one kind, its other products tell some of it too: each product's own doubt is a part of the mean's, and
    what is not known of the kind they share.
    """
    kinds = {each.kind for each in products}
    kind = found.kinds.get(next(iter(kinds))) if len(kinds) == 1 else None
    if kind is None:
        pooled = pool([found.own[each.name] for each in products])
        return pooled.mean if pooled is not None else None
    apart = max(kind.apart, LEAST_APART)
    errors = np.array([found.own[each.name].estimate.error for each in products])
    share = apart**2 / (apart**2 + errors**2)
    own, shared = (share * errors**2).sum() / len(errors) ** 2, ((1 - share).mean() * kind.mean.error) ** 2
    told = [found.of_product[each.name] for each in products]
    return Estimate(
        value=float(np.mean([each.value for each in told])),
        error=float(np.sqrt(own + shared)),
        freedom=float(np.mean([each.freedom for each in told])),
    )


# ---- the test ---------------------------------------------------------------------------------------------

METHODS = ("ours", "alone", "without_price")
"""Each product drawn towards its kind; by its own weeks alone; and the same regression without prices."""


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What methods were off by in the latest weeks, which they had not seen."""

    error: Mapping[str, float]
    """Method → mean absolute error of a product's week over its mean units."""
    deviance: Mapping[str, float]
    """Method → mean Poisson deviance of a product's week."""
    products: int
    weeks: int


def back_test(products: Sequence[ProductWeeks]) -> Tested | None:
    """Fit without the latest weeks and tell their units; ``None`` where no product has weeks enough.

    What the rest of the kind sold in those weeks is given to all methods alike: it is the price that is
    tried, not a forecast.
    """
    last = max((int(each.week[-1]) for each in products if len(each.week)), default=0)
    parted = [
        (each.only(each.week <= last - HELD_OUT), each.only(each.week > last - HELD_OUT)) for each in products
    ]
    parted = [(past, ahead) for past, ahead in parted if len(ahead.week)]
    found = fit_all([past for past, _ in parted])
    actual: list[Values] = []
    told: dict[str, list[Values]] = {method: [] for method in METHODS}
    for past, ahead in parted:
        if past.name not in found.own:
            continue
        elasticity = {
            "ours": found.of_product[past.name].value,
            "alone": found.own[past.name].estimate.value,
            "without_price": 0.0,
        }
        found_all = {m: each for m, v in elasticity.items() if (each := _told(past, ahead, v)) is not None}
        if len(found_all) == len(METHODS):
            actual.append(ahead.units)
            for method, expected_units in found_all.items():
                told[method].append(expected_units)
    if not actual:
        return None
    units = np.concatenate(actual)
    expected = {method: np.concatenate(each) for method, each in told.items()}
    return Tested(
        error={m: float(np.abs(each - units).sum() / max(units.sum(), 1.0)) for m, each in expected.items()},
        deviance={m: float(np.mean(_deviance(units, each))) for m, each in expected.items()},
        products=len(actual),
        weeks=len(units),
    )


def _told(past: ProductWeeks, ahead: ProductWeeks, elasticity: float) -> Values | None:
    """Units of the weeks ahead with that elasticity; all else is fitted to the past beside it."""
    import statsmodels.api as sm

    known, coming = _design(past), _design(ahead, like=past)
    skip = 2 if elasticity == 0 and _has_discounts(past) else 1  # discounts are prices too
    held, asked = known[:, skip:], coming[:, skip:]
    try:
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("error")
            model = sm.GLM(
                past.units, held, family=sm.families.Poisson(), offset=elasticity * known[:, 0]
            ).fit()
    except (Warning, ValueError, np.linalg.LinAlgError):
        return None
    return np.asarray(np.exp(np.minimum(asked @ model.params + elasticity * coming[:, 0], _MOST_LOG)))


def _deviance(units: Values, expected: Values) -> Values:
    ratio = np.where(units > 0, units, 1.0) / expected
    return np.asarray(2 * (units * np.log(ratio) - (units - expected)))
