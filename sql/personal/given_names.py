"""Given and family names of many countries, as ``faker`` lists them; in lower case."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def listed_names() -> tuple[frozenset[str], frozenset[str]]:
    """Given names, and family names; single words in Latin letters of three at least. Read once."""
    import faker.providers.person as people

    given: set[str] = set()
    family: set[str] = set()
    for found in pkgutil.iter_modules(people.__path__):
        provider = importlib.import_module(f"{people.__name__}.{found.name}").Provider
        for attribute, names in vars(provider).items():
            if attribute.startswith("first_name"):
                given.update(_words(names))
            elif attribute.startswith("last_name"):
                family.update(_words(names))
    return frozenset(given), frozenset(family)


@cache
def words_of(name: str) -> frozenset[str]:
    """One of the lists of ``words.yml``."""
    lists = yaml.safe_load(Path(__file__).with_name("words.yml").read_text("utf-8"))
    return frozenset(lists[name].split())


@cache
def common_words() -> frozenset[str]:
    """Words that a name is too, but mostly are no name: of every day, of what shops sell, of countries."""
    from babel import Locale
    from faker.providers.lorem.en_US import Provider

    countries = {name.lower() for name in Locale("en").territories.values()}
    return frozenset(Provider.word_list) | countries | words_of("also_names")


def _words(names: Any) -> Iterator[str]:
    """The names of a list, and of lists within it; what is no list has none."""
    if isinstance(names, str):
        word = names.lower()
        if len(word) > 2 and word.isalpha() and ord(word[0]) < 0x250:
            yield word
    elif isinstance(names, (tuple, list, dict, set, frozenset)):
        for name in names:
            yield from _words(name)
