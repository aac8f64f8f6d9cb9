"""Texts and numbers as a grammar (llguidance's dialect of Lark) and a statement spell them."""

from __future__ import annotations

import json
from decimal import Decimal


def number_text(value: float) -> str:
    """``value`` as a statement writes it: whole numbers without a point, none with an exponent."""
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def lark_text(value: str) -> str:
    """A Lark string literal: JSON's escapes are understood by llguidance."""
    return json.dumps(value, ensure_ascii=False)
