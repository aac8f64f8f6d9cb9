"""Who asks: the role and the attributes that decide what they may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import WrongUse

if TYPE_CHECKING:
    from sql.semantics import Attributes, Role, Shop


def chosen_role(shop: Shop, role: str | None, user: Attributes | None) -> Role:
    """The role that is asked for, or the default one; it must exist, and ``user`` have what it needs."""
    names = [r.name for r in shop.roles]
    if role is not None and role not in names:
        raise WrongUse(f"--role is {role!r}; shop {shop.name!r} has {', '.join(names)}.")
    chosen = shop.role(role or shop.default_role)
    missing = [name for name in attributes_needed(chosen) if name not in (user or {})]
    if missing:
        needed = " ".join(f"--user {name}=…" for name in missing)
        raise WrongUse(
            f"Role {chosen.name!r} of shop {shop.name!r} sees the rows of one user: it needs {needed} "
            "(or choose another --role). Nothing was opened."
        )
    return chosen


def attributes_needed(role: Role) -> tuple[str, ...]:
    """Names of the user's attributes that the role's rules about rows name, sorted; in whatever dialect."""
    from typing import get_args

    from sql.lock.placeholders import attribute_names
    from sql.types import Dialect

    return tuple(sorted(frozenset().union(*(attribute_names(role, d) for d in get_args(Dialect)))))
