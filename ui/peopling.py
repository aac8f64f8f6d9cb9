"""``shoptalk people``: who may ask over a network, and their keys."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.errors import WrongUse
from app.progress import say
from app.settings import Settings
from ui.command import JsonOption, expected_errors, print_json, print_text, settings_of_process

if TYPE_CHECKING:
    from app.keyring import KeyFacts, Keyring
    from app.person import Person
    from sql.semantics import Attributes

app = typer.Typer(
    no_args_is_help=True,
    help="Who may ask a server over a network: people, their roles and their keys. A key is shown once.",
)
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@app.command()
@expected_errors
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is, in the audit log too.")],
    role: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A role of the shop that is served. Left out: what was said "
                     "before, or stands in people.yml."),
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What the role's rules about rows name, e.g. store=Berlin or "
                     "country=Germany,France; may be given several times. Left out: as said before."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="How long the key is valid: 12h, 90d, 4w. Left out: until it is "
                     "revoked."),
    ] = None,
    shop: Annotated[
        str | None,
        typer.Option(metavar="FILE_OR_URL", help="Check that this shop has the role and needs no more "
                     "attributes. Left out: not checked."),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Give somebody a key, and print it; a second call for the same name gives one more."""
    settings = settings_of_process()
    from app.attributes import parse_attributes
    from app.person import Person

    attributes = parse_attributes(attribute) if attribute else None
    if shop is not None:
        _check_role(settings, shop, Person(id=name, role=role, attributes=attributes or {}))
    key = _keyring(settings).add(name, role=role, attributes=attributes, expires_in=_span(expires))
    if as_json:
        print_json({"name": name, "key": key.text, **_key_json(key.facts)})
        return
    say(f"The key {key.facts.id} of {name}, shown this once; send it as 'Authorization: Bearer …':")
    print_text(key.text)


@app.command("list")
@expected_errors
def list_people(as_json: JsonOption = False) -> None:
    """Show everybody with their roles and keys; no key is shown again."""
    members = _keyring(settings_of_process()).members()
    if as_json:
        print_json(
            {
                "people": [
                    {
                        "name": member.name,
                        "role": member.role,
                        "attributes": _plain(member.attributes),
                        "slack": member.slack or None,
                        "feishu": member.feishu or None,
                        "oidc": member.oidc or None,
                        "keys": [_key_json(key) for key in member.keys],
                    }
                    for member in members
                ]
            }
        )
        return
    from ui.terminal import safe_terminal

    if not members:
        print_text("Nobody has a key yet: shoptalk people add NAME --role ROLE.")
    for member in members:
        known = " ".join(f"{name}={value}" for name, value in _plain(member.attributes).items())
        signs_in_as = f"signs in as {member.oidc}" if member.oidc else ""
        told = (f"{member.name}  {member.role or '-'}", known, member.slack, member.feishu, signs_in_as)
        print_text(safe_terminal(" ".join(filter(None, told))))
        for key in member.keys:
            print_text(f"  {key.id}  {_told(key)}")


@app.command()
@expected_errors
def revoke(
    name_or_id: Annotated[str, typer.Argument(metavar="NAME_OR_KEY", help="A person, or the id of one key.")],
    as_json: JsonOption = False,
) -> None:
    """Take back one key, or all of a person's; from the next request on they open nothing."""
    ids = _keyring(settings_of_process()).revoke(name_or_id)
    if as_json:
        print_json({"revoked": list(ids)})
    else:
        print_text(f"Revoked: {', '.join(ids)}.")


def _keyring(settings: Settings) -> Keyring:
    from app.keyring import Keyring

    return Keyring.of(settings)


def _check_role(settings: Settings, shop: str, person: Person) -> None:
    from app.errors import WrongRole
    from app.finding import find_shop
    from app.person import role_of

    try:
        role_of(find_shop(settings, shop), person)
    except WrongRole as error:
        raise WrongUse(str(error).replace("--user", "--attribute")) from error


def _span(text: str | None) -> dt.timedelta | None:
    if text is None:
        return None
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise WrongUse(f"--expires is {text!r}; write a number with h, d or w, such as 12h, 90d or 4w.")
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})


def _plain(attributes: Attributes) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in attributes.items()}


def _key_json(key: KeyFacts) -> dict[str, Any]:
    moments = {"created_at": key.created_at, "expires_at": key.expires_at, "revoked_at": key.revoked_at}
    told = {name: None if at is None else at.isoformat(timespec="seconds") for name, at in moments.items()}
    return {"id": key.id, "state": key.state(dt.datetime.now(dt.UTC)), **told}


def _told(key: KeyFacts) -> str:
    state = key.state(dt.datetime.now(dt.UTC))
    if state == "revoked":
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is None:
        return "valid until it is revoked"
    return f"{'expired' if state == 'expired' else 'valid until'} {key.expires_at:%Y-%m-%d %H:%M} UTC"
