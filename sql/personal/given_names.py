"""Given and family names of many countries, as ``faker`` lists them; in lower case."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Any


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
def common_words() -> frozenset[str]:
    """Words that a name is too, but mostly are no name: of every day, of what shops sell, of countries."""
    from babel import Locale
    from faker.providers.lorem.en_US import Provider

    countries = {name.lower() for name in Locale("en").territories.values()}
    return frozenset(Provider.word_list) | countries | _ALSO_NAMES


_ALSO_NAMES = frozenset(
    """made said edit tiny hung dries matt bliss constant secret santa tracking driver having bologna milano verona prima
     bitten impressed amazed noble jordan marshall olive rose lily grace summer crystal ruby amber jasmine iris mark may june april august art bill
    carol charity daisy dawn drew faith gene ginger gold grant guy heather holly hope hunter ivy jade joy lance
    max miles penny pearl pierce ray rich robin rusty sandy scarlet skip sky star stone sunny violet wade ward brown
    black white king prince love steel iron silver bosch philips siemens chase angel destiny melody harmony autumn
    winter spring aurora luna stella nova vega atlas apollo titan phoenix dakota austin dallas houston brooklyn
    london paris berlin vienna florence venice sydney chelsea lincoln madison georgia virginia carolina savannah
    sierra asia india china chad israel kenya cyprus malta milan odessa camden kingston preston bradford milton
    ferrari porsche mercedes lexus tesla ford levi lacoste armani chanel dior gucci prada nike puma adidas asics salomon
    kenwood remington braun dyson miele sony canon nikon fender gibson yamaha roland barbie lego
    bean berry cherry clementine hazel sage basil rosemary juniper willow laurel magnolia poppy fleur
    coral sapphire diamond opal topaz garnet emerald ebony ivory blanche bianca rex ace buddy duke earl baron major
    bishop pope knight sterling royal noble ash oak reed ridge glen dale cliff forest river brook lake rain storm
    wolf fox bear drake robin jay raven swan buck colt bunny kitty story page read paige skye nova
    solo duo trio mini maxi mega regina mercy patience constance verity felicity chance lucky wren
    frost snow winter north west east young""".split()
)


def _words(names: Any) -> Iterator[str]:
    """The names of a list, and of lists within it; what is no list has none."""
    if isinstance(names, str):
        word = names.lower()
        if len(word) > 2 and word.isalpha() and ord(word[0]) < 0x250:
            yield word
    elif isinstance(names, (tuple, list, dict, set, frozenset)):
        for name in names:
            yield from _words(name)
