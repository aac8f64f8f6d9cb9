"""What a row of a shop brings in, as SQL over its view."""

from __future__ import annotations

from dataclasses import dataclass

from sql.semantics import View


@dataclass(frozen=True, kw_only=True)
class Money:
    """What a row of a view brings in."""

    view: View
    amount: str
    """SQL over the view's columns."""
    told: str
    units: str | None
    """SQL of its pieces, ``1`` where each row is one, or ``None`` where it says nothing about pieces."""
    is_line: bool
    order: str | None
    """The column that tells which order a line belongs to."""
    discount: str = ""
    """SQL of what a row gives away, where a share of it is told."""
    is_whole: bool = False
    """Whether the amounts are whole numbers, which may count cents."""
    sold: str = ""
    """SQL of what a row must meet to count as sold; empty where every row does."""
    parts: Money | None = None
    """Of orders: the same of their lines, where those have amounts too."""
    no_sums: tuple[str, ...] = ()
    """Sums that mean nothing, such as that of a discount in per cent."""
