"""Who asks: the person that every surface hands over, and what their role needs to know of them."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING

from app.errors import WrongRole

if TYPE_CHECKING:
    from sql.semantics import Attributes, AttributeValue, Role, Shop


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who asks. The surface vouches for all of it: nothing here comes from what they type."""

    id: str = ""
    """Names them in the audit log, where the surface knows them; never told to a model."""
    role: str | None = None
    """Name of one of the shop's roles; ``None`` for its default one."""
    attributes: Attributes = field(default_factory=dict)
    """What the role's rules about rows may name, such as ``{"country": "Germany"}``."""
    keeps_rules: bool = True
    """Whether what they ask may keep a rule of the watch; a surface that promises to read only says no."""
    roles: tuple[str, ...] = ()
    """Those that they may choose from where they sign in; empty where there is no choice."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))


def account() -> str:
    """Name of the account that this process runs under; empty where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


def is_loopback(name: str) -> bool:
    """Whether a name or address is this computer's own, reached from it alone."""
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def role_of(shop: Shop, person: Person) -> Role:
    """The person's role in ``shop``.

    Raises:
        WrongRole: the shop has no such role, or the role needs an attribute that the person lacks.
    """
    names = [role.name for role in shop.roles]
    if person.role is not None and person.role not in names:
        raise WrongRole(f"--role is {person.role!r}; shop {shop.name!r} has {', '.join(names)}.")
    chosen = shop.role(person.role or shop.default_role)
    missing = [name for name in attributes_needed(chosen) if name not in person.attributes]
    if missing:
        needed = " ".join(f"--user {name}=…" for name in missing)
        raise WrongRole(
            f"Role {chosen.name!r} of shop {shop.name!r} sees the rows of one user: it needs {needed} "
            "(or choose another --role). Nothing was opened."
        )
    return chosen


def attributes_needed(role: Role) -> tuple[str, ...]:
    """Names of the user's attributes that the role's rules about rows name, sorted; in whatever dialect."""
    return _needed(tuple(sorted(role.rows.items())))


@lru_cache(maxsize=1_000)
def _needed(rules: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Looked up at every question, and parsing takes milliseconds."""
    from typing import get_args

    from sql.lock.placeholders import attribute_names
    from sql.semantics import Role
    from sql.types import Dialect

    role = Role(name="", rows=dict(rules))
    return tuple(sorted(frozenset().union(*(attribute_names(role, d) for d in get_args(Dialect)))))


def seen_by(role: Role, person: Person) -> Mapping[str, AttributeValue]:
    """Those of the person's attributes that decide what they see: people who share them see the same."""
    return {name: person.attributes[name] for name in attributes_needed(role)}
