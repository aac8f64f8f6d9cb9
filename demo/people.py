"""Customers: who they are, where they live, when they came and, for some, when they left."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo import plan
from demo.dice import Dice, Floats, Ints, TextDice
from demo.texts import read_lines

CUSTOMERS = 16_000
NEVER = 10**6

_PINYIN = dict(line.split() for line in read_lines("pinyin.txt"))


@dataclass(frozen=True, kw_only=True)
class Country:
    """Where customers live and what they are called there."""

    name: str
    weight: float
    language: str
    cities: tuple[tuple[str, float], ...]
    given: tuple[str, ...]
    family: tuple[str, ...]


@dataclass(kw_only=True)
class People:
    """Customers as columns; position i is customer i everywhere in the generator."""

    ids: Ints
    names: list[str]
    emails: list[str]
    phones: list[str | None]
    country: Ints
    cities: list[str]
    languages: list[str]
    birth_years: list[int | None]
    registered: Ints
    """Calendar day, negative before the calendar starts."""
    registered_at: NDArray[np.datetime64]
    consent: NDArray[np.bool_]
    is_business: NDArray[np.bool_]
    left: Ints
    """Calendar day from which the customer never orders again; NEVER for most."""
    weight: Floats
    """How eagerly they buy."""
    favourite: Ints
    """Category they buy most."""
    countries: tuple[Country, ...]
    segments: list[str]
    """Filled in once the orders are known."""


def read_countries() -> tuple[Country, ...]:
    """The countries of ``people.txt``, in the file's order."""
    countries = []
    for line in read_lines("people.txt"):
        name, weight, language, cities, given, family = (
            (part.strip() for part in line.split("|", 5)[:6]) if (line.count("|") == 5) else _singapore(line)
        )
        pairs = (city.rsplit(":", 1) for city in cities.split())
        names = given.split("|") if "|" in given else given.split()
        countries.append(
            Country(
                name=name,
                weight=float(weight),
                language=language,
                given=tuple(names),
                cities=tuple((city, float(n)) for city, n in pairs),
                family=tuple(family.split()),
            )
        )
    return tuple(countries)


def _singapore(line: str) -> tuple[str, ...]:
    """Given names of two words are separated by bars, so there are more than six fields."""
    parts = [part.strip() for part in line.split("|")]
    return (*parts[:4], "|".join(parts[4:-1]), parts[-1])


def make_people(seed: int) -> People:
    """The customers, in the order in which they registered."""
    dice, text = Dice(seed, "people"), TextDice(seed, "names")
    countries = read_countries()
    country = dice.choose(CUSTOMERS, [place.weight for place in countries])
    days = np.arange(-400, plan.DAYS)
    season = 1 + 0.25 * np.exp(-(((np.mod(days, 365) - 150) / 18.0) ** 2))
    registered = np.sort(
        days[dice.choose(CUSTOMERS, season * plan.GROWTH_PER_YEAR ** (days / 365) * (1 + (days < 0)))]
    )
    names, emails, phones, cities, languages = [], [], [], [], []
    for number, place in enumerate(countries[int(c)] for c in country):
        given, family = text.pick(place.given), text.pick(place.family)
        is_chinese = place.language == "zh"
        names.append(family + given if is_chinese else f"{given} {family}")
        emails.append(_email(text, given, family, number))
        phones.append(_phone(text, place.name) if text.chance(0.8) else None)
        cities.append(text.weighted(place.cities))
        languages.append("zh" if place.name == "Singapore" and text.chance(0.4) else place.language)
    is_business = dice.chance(0.09, CUSTOMERS)
    born = dice.integers(CUSTOMERS, 1948, 2007)
    has_birth_year = dice.chance(0.7, CUSTOMERS) & ~is_business
    leaves = dice.chance(plan.CHURN_SHARE, CUSTOMERS)
    day_left = dice.integers(CUSTOMERS, plan.day_of(plan.CHURN.first), plan.day_of(plan.CHURN.last) + 1)
    lifetime = registered + 60 + dice.exponential(CUSTOMERS, 1100.0).astype(np.int64)
    seconds = dice.integers(CUSTOMERS, 6 * 3600, 23 * 3600)
    return People(
        ids=np.arange(CUSTOMERS) + 20001,
        names=names,
        emails=emails,
        phones=phones,
        country=country,
        cities=cities,
        languages=languages,
        birth_years=[int(y) if has else None for y, has in zip(born, has_birth_year, strict=True)],
        registered=registered,
        registered_at=np.datetime64(plan.START, "s")
        + (registered * 86400 + seconds).astype("timedelta64[s]"),
        consent=dice.chance(0.68, CUSTOMERS),
        is_business=is_business,
        left=np.where(is_business, np.where(leaves, day_left, NEVER), lifetime),
        weight=np.exp(dice.normal(CUSTOMERS, 0.9)) * np.where(is_business, 2.0, 1.0),
        favourite=dice.choose(CUSTOMERS, (1.0, 1.2, 0.9, 1.0, 0.8, 1.3, 1.0, 1.1)),
        countries=countries,
        segments=[],
    )


def _email(text: TextDice, given: str, family: str, number: int) -> str:
    local = "".join(_PINYIN.get(c, c) for c in f"{given}.{family}".replace(" ", "."))
    ascii_local = (
        unicodedata.normalize("NFKD", local.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    )
    return f"{ascii_local}{number + 11}@{text.pick(('example.com', 'example.org', 'example.net'))}"


def _phone(text: TextDice, country: str) -> str | None:
    """A number that the country's regulator keeps free for fiction; None where it keeps none."""
    if country == "Germany":
        return f"+49 30 23125 {text.between(0, 999):03d}"
    if country == "France":
        return f"+33 6 39 98 {text.between(0, 99):02d} {text.between(0, 99):02d}"
    if country == "United Kingdom":
        return f"+44 7700 900{text.between(0, 999):03d}"
    return None
