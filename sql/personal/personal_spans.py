"""A piece of text that is personal, and how pieces that overlap become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["email", "phone", "card", "iban", "id", "account", "ip", "address", "name"]
"""``id``: of a person at an authority (resident id, SSN, passport); ``account``: at a messenger."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Characters ``start`` to ``end`` (not included) of a text."""

    start: int
    end: int
    kind: Kind
    confidence: float
    """From 0 to 1: 1 where a check digit or a known name says so; ordered, not a measured probability."""


def apart(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, none over another: of those that overlap one, of the surer's kind, over all of them."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if found and span.start < found[-1].end:
            before = found[-1]
            surer = span if span.confidence > before.confidence else before
            found[-1] = replace(surer, start=before.start, end=max(before.end, span.end))
        else:
            found.append(span)
    return found
