"""The tiny shop with roles of every kind, and canaries in what they may not see."""

from __future__ import annotations

from pathlib import Path

from ui_shop import SHOP, build_shop

ROLES = """\
roles:
  owner: {}
  branch:
    views: [sales, reviews]
    masked: [sales.sale_id]
    rows: {sales: "country = :country", reviews: "product IN (SELECT1)"}
  partner: {views: [sales, reviews], minimum_group: 2}
default_role: owner
"""


def build_roles_shop(folder: Path) -> Path:
    """A shop with owner, branch (rows by :country, reviews by :product) and partner (two rows at least)."""
    roles = ROLES.replace("IN (SELECT1)", "= :product")
    head, tail = SHOP.split("roles:\n")
    rest = tail.split("default_role: owner\n")[1]
    return build_shop(folder, description=head + roles + rest)
