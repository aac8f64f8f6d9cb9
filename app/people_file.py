"""``people.yml``: role and attributes of people, and who somebody is in a chat program or to a provider.

Read at every request and written by a person alone. Not in it: keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import WrongUse
from sql.semantics import Attributes, AttributeValue

NAME = re.compile(r"[\w.@+-]{1,64}")
"""What somebody may be called."""
_CLAIM = re.compile(r"[^\x00-\x1f\x7f]{1,255}")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said of one name."""

    roles: tuple[str | None, ...]
    """At least one, the usual one first; ``None`` is the shop's default one."""
    attributes: Attributes
    slack: str = ""
    slack_group: str = ""
    feishu: str = ""
    oidc: str = ""
    """What the provider of the sign-in calls them."""
    oidc_group: str = ""
    """A group of the provider, whose members all are this."""
    claims: Mapping[str, str] = field(default_factory=dict)
    """Attribute → claim of the provider that gives it."""

    @property
    def role(self) -> str | None:
        """The usual one."""
        return self.roles[0]

    @property
    def is_group(self) -> bool:
        """Whether it stands for several people."""
        return bool(self.slack_group or self.oidc_group)


@dataclass(frozen=True, kw_only=True)
class _Account:
    """How a program names an account or a group."""

    pattern: str
    example: str
    where: str


_OIDC = "as the provider names it (docs/sign-in.md)"
_ACCOUNTS = {
    "slack": _Account(
        pattern="[UW][A-Z0-9]{2,20}", example="U0123ABCD", where="which Slack shows (docs/slack.md)"
    ),
    "slack_group": _Account(
        pattern="S[A-Z0-9]{2,20}", example="S0123ABCD", where="which Slack shows (docs/slack.md)"
    ),
    "feishu": _Account(
        pattern="ou_[A-Za-z0-9]{8,64}",
        example="ou_7d8a6e6df7621556ce0d21922b676706",
        where="which Shoptalk tells whoever writes to it there (docs/feishu.md)",
    ),
    "oidc": _Account(pattern=_CLAIM.pattern, example="248289761001", where=_OIDC),
    "oidc_group": _Account(pattern=_CLAIM.pattern, example="shop-managers", where=_OIDC),
}
_GROUPS = ("slack_group", "oidc_group")


def read_people(path: Path) -> dict[str, Said]:
    """``people: {NAME: {role: …, attributes: {…}}}``.

    Raises:
        WrongUse: it cannot be read, or says what cannot be meant; names the line.
    """
    import yaml

    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    people = document.get("people") if isinstance(document, dict) else None
    if not isinstance(people, dict) or not set(document) == {"people"}:
        raise WrongUse(f"{path} must hold one list, people: {{NAME: {{role: …, attributes: {{…}}}}}}.")
    found = {str(name): _said_of(path, name, said) for name, said in people.items()}
    for kind in _ACCOUNTS:
        accounts = [account for said in found.values() if (account := getattr(said, kind))]
        if twice := {account for account in accounts if accounts.count(account) > 1}:
            raise WrongUse(f"{path}: {min(twice)} stands behind two names; leave it with one.")
    return found


def _said_of(path: Path, name: object, said: object) -> Said:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise WrongUse(f"{path}: {name!r} is no name; use letters, digits and . _ - + @, quoted if need be.")
    if not isinstance(said, dict) or not set(said) <= {"role", "roles", "attributes", "claims", *_ACCOUNTS}:
        raise WrongUse(
            f"{path}: {name} must have role or roles, and may have attributes, claims, feishu, oidc, "
            "oidc_group, slack or slack_group; nothing else."
        )
    roles, attributes = _roles(path, name, said), said.get("attributes") or {}
    if not isinstance(attributes, dict) or not all(map(is_attribute, attributes.items())):
        raise WrongUse(f"{path}: {name}'s attributes must be texts, numbers or lists of them, by name.")
    accounts = {kind: said[kind] for kind in _ACCOUNTS if kind in said}
    groups = [kind for kind in _GROUPS if kind in accounts]
    if groups and len(accounts) > 1:
        raise WrongUse(
            f"{path}: {name} has {groups[0]} and {min({*accounts} - {groups[0]})}; a person and a group are "
            "two names."
        )
    for kind, id in accounts.items():
        known = _ACCOUNTS[kind]
        if not isinstance(id, str) or not re.fullmatch(known.pattern, id):
            raise WrongUse(
                f"{path}: {name}'s {kind} is {id!r}; expected an id such as {known.example}, {known.where}."
            )
    return Said(
        roles=roles,
        attributes=load_attributes(json.dumps(attributes)),
        claims=_claims(path, name, said.get("claims") or {}, attributes, accounts),
        **accounts,
    )


def _roles(path: Path, name: str, said: Mapping[str, object]) -> tuple[str, ...]:
    role, roles = said.get("role"), said.get("roles")
    if role is not None and roles is not None:
        raise WrongUse(f"{path}: {name} has role and roles; write one of them.")
    found = roles if roles is not None else [role]
    if not isinstance(found, list) or not found or not all(isinstance(each, str) and each for each in found):
        raise WrongUse(
            f"{path}: {name} has no role; write {name}: {{role: NAME}}, or roles: [NAME, …] to choose from."
        )
    return tuple(dict.fromkeys(found))


def _claims(
    path: Path, name: str, claims: object, attributes: Mapping[str, object], accounts: Mapping[str, object]
) -> dict[str, str]:
    texts = isinstance(claims, dict) and all(
        isinstance(text, str) and _CLAIM.fullmatch(text) for pair in claims.items() for text in pair
    )
    if not texts:
        raise WrongUse(f"{path}: {name}'s claims must be attribute: claim, such as country: shop_country.")
    assert isinstance(claims, dict)
    if claims and not {"oidc", "oidc_group"} & set(accounts):
        raise WrongUse(f"{path}: {name} has claims, which need oidc or oidc_group beside them.")
    if both := set(claims) & set(attributes):
        raise WrongUse(f"{path}: {name}'s {min(both)} stands in attributes and in claims; leave it in one.")
    return claims


def is_attribute(item: tuple[object, object]) -> bool:
    """Whether a name and a value can be an attribute of a person."""
    name, value = item
    values = value if isinstance(value, list) else [value]
    return (
        isinstance(name, str)
        and bool(values)
        and all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values)
    )


def load_attributes(text: str) -> dict[str, AttributeValue]:
    """Those of a JSON text; lists become tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(text).items()}
