"""Every personal piece of a text, by all recognisers together."""

from __future__ import annotations

from collections.abc import Sequence

from sql.personal.folding import fold
from sql.personal.known_people import KnownNames
from sql.personal.people_names import names
from sql.personal.personal_numbers import numbers
from sql.personal.personal_spans import Span, apart
from sql.personal.postal_addresses import addresses

REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AT", "CH", "CN", "HK", "TW", "SG")
"""Where numbers without a country's code are from, unless a shop says otherwise."""
NOBODY = KnownNames()


def find(text: str, *, known: KnownNames = NOBODY, regions: Sequence[str] = REGIONS) -> list[Span]:
    """The personal pieces of a text, in order, none over another; in time that grows with its length.

    Args:
        known: names that are people's, whatever stands around them.
        regions: of telephone numbers, ISO 3166 alpha-2.

    >>> [(span.kind, span.start, span.end) for span in find("Mail ana@shop.example")]
    [('email', 5, 21)]
    """
    folded = fold(text)
    plain = folded.text
    spans = [*numbers(plain, regions), *addresses(plain), *names(plain), *known.find(plain)]
    placed = []
    for span in apart(spans):
        start, end = folded.place(span.start, span.end)
        placed.append(Span(start=start, end=end, kind=span.kind, confidence=span.confidence))
    return placed
