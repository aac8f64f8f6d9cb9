"""What a connection could do beyond reading: for ``shoptalk doctor`` and whoever opens a shop to others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Right:
    """Something that the database would let this connection do, were it not for our own locks."""

    what: str
    """In words, e.g. ``the role shop may write to public.orders``."""
    way_out: str
    """The command that makes a role without it; the words in capitals are the reader's to fill in."""
