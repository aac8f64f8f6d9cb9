"""How people call values in the other language: countries (CLDR's names), cities (GeoNames'), states and ways
to pay.

A shop writes ``Germany``, ``DE`` or ``德国``; who asks may say any of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from sql.shop.trade_words import says, spaced, value_names

_CITIES = Path(__file__).with_name("words") / "cities.tsv"
_COUNTRY = re.compile(r"\b(?:country|nation|ctry|market|land)\b|国家|国别|国$")
_CITY = re.compile(r"\b(?:city|town|ort)\b|城市|市$")
PLACE = re.compile(r"\b(?:province|city|region|state)\b|省|市|地区")
KIND_OF_PLACE = re.compile(r"(?:(?:维吾尔|壮族|回族)?自治区|特别行政区|[省市])$")
"""What stands behind a place's name in full."""
_GENDER = re.compile(r"\b(?:gender|sex)\b|性别")
_GENDERS = {
    "f": ("female", "women", "woman", "ladies", "女", "女性"),
    "w": ("female", "women", "woman", "ladies", "女", "女性"),
    "m": ("male", "men", "man", "男", "男性"),
    "u": ("unknown", "未知"),
}
_COLOUR = re.compile(r"\b(?:color|colour|farbe)\b|颜色")
_COLOURS = (
    ("black", "黑色"), ("white", "白色"), ("grey", "gray", "灰色"), ("silver", "银色"), ("gold", "金色"),
    ("red", "红色"), ("orange", "橙色"), ("yellow", "黄色"), ("green", "绿色"), ("blue", "蓝色"),
    ("navy", "藏青色"), ("purple", "violet", "紫色"), ("pink", "粉色", "粉红色"), ("brown", "棕色", "咖啡色"),
    ("beige", "米色"), ("multi", "multicolour", "multicolor", "彩色"),
)  # fmt: skip
"""Names of one colour each, for either language."""
MAX_VALUES = 400
"""Different values beyond which a column is no list of places or states."""


def words_of_values(column: str, values: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Value → other words for it, for those of a column's values that have any."""
    if len(values) > MAX_VALUES:
        return {}
    # silver is a level of members, and a colour
    known: list[Mapping[str, Sequence[str]]] = [_colours() if says(_COLOUR, column) else value_names()]
    if says(_COUNTRY, column):
        known.append(_countries())
    if says(_CITY, column):
        known.append(_cities())
    if says(_GENDER, column):
        known.append(_GENDERS)
    head, is_place = _head(values), says(PLACE, column)
    found = {}
    for value in values:
        # a state is spelled On Hold, on_hold or on-hold; a place has its hyphens
        forms = dict.fromkeys((value.strip().casefold(), spaced(value), spaced(value.removeprefix(head))))
        words = [w for names in known for form in forms for w in names.get(form, ()) if w != value]
        if is_place and len(short := KIND_OF_PLACE.sub("", value)) > 1 and short != value:
            words.insert(0, short)  # 浙江 is said for 浙江省
        if words:
            found[value] = tuple(dict.fromkeys(words))
    return found


def _head(values: Sequence[str]) -> str:
    """What all values begin with up to a sign, as WooCommerce's states do: ``wc-completed``."""
    match = re.match(r"[A-Za-z]+[-_:.]", values[0]) if len(values) > 1 else None
    return match[0] if match is not None and all(value.startswith(match[0]) for value in values) else ""


@cache
def _colours() -> dict[str, tuple[str, ...]]:
    return {name: names for names in _COLOURS for name in names}


@cache
def _countries() -> dict[str, tuple[str, ...]]:
    """Any of a country's names or its code, in lower case → its names in English and Chinese."""
    from babel import Locale

    english, chinese = Locale("en").territories, Locale("zh").territories
    found: dict[str, tuple[str, ...]] = {}
    for code, name in english.items():
        if not re.fullmatch("[A-Z]{2}", code):
            continue
        names = (name, chinese.get(code, name))
        for each in (code, *names):
            found[each.casefold()] = names
    for other, code in (("usa", "US"), ("uk", "GB"), ("england", "GB"), ("america", "US"), ("holland", "NL")):
        found[other] = (english[code], chinese[code])
    return found


@cache
def _cities() -> dict[str, tuple[str, ...]]:
    """A city's name in English or Chinese, in lower case, with and without accents → all its names.

    Those of 5,117 cities (``python -m bench.cities``; GeoNames, CC BY 4.0), and those that CLDR names for
    time zones, whose Chinese name comes first.
    """
    from babel import Locale

    names: dict[str, dict[str, None]] = {}
    for zone, told in Locale("zh").time_zones.items():
        names[zone.rpartition("/")[2].replace("_", " ")] = dict.fromkeys(filter(None, [told.get("city")]))
    for line in _CITIES.read_text(encoding="utf-8").splitlines():
        name, _, said = line.partition("\t")
        names[name] = {**names.get(name, {}), **dict.fromkeys(said.split())}
    found: dict[str, tuple[str, ...]] = {}
    for name, chinese in names.items():
        whole = (name, *chinese)
        for each in (name, _folded(name), *chinese):
            found.setdefault(each.casefold(), whole)
    return found


def _folded(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
