"""``shoptalk watch rule``: rules in words that the watch looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.errors import WrongUse
from ui.command import (
    FAILED,
    JsonOption,
    RoleOption,
    ShopOption,
    UserOption,
    expected_errors,
    print_json,
    print_text,
    readable,
    settings_of_process,
)

if TYPE_CHECKING:
    from app.person import Person
    from app.rules import KeptRule

app = typer.Typer(
    no_args_is_help=True,
    help="Rules in words: what holds and did not before is told once, by shoptalk watch and by a server.",
)


@app.command()
@expected_errors
def add(
    text: Annotated[
        str, typer.Argument(metavar="RULE", help='Such as "tell me when the return rate of any product '
                            'doubles", or "当日销售额低于一千提醒我".')
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(metavar="TARGET", help="Besides the inbox: a folder, mail:ADDRESS, slack:#CHANNEL; may "
                     "be given several times."),
    ] = None,
    per: Annotated[
        str | None, typer.Option(metavar="UNIT", help="The figure of a day, week or month. Left out: as the "
                                 "words say, else day for a level, week for a change or a rate.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="WHAT", help="A change against: before (the period before), weekday "
                                 "(the same one a week before) or year. Left out: before.")
    ] = None,
    least: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="How many of what is counted it needs at least. "
                                 "Left out: 10 for a change or a rate, 0 for a level.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how it is read and how often it would have told.")
    ] = False,
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how a rule is read and how often it would have told in the past, and keep it."""
    settings = settings_of_process()
    from app.rules.adding import add_rule
    from app.schedules.targets import check_writable, read_target
    from ui.terminal import safe_terminal

    targets = list(dict.fromkeys(read_target(readable(each)) for each in to or []))
    for target in targets:
        check_writable(target)
    said = {"per": per, "against": against, "least": str(least) if least is not None else None}
    added = add_rule(
        settings,
        shop,
        _person(role, user),
        readable(text),
        {name: value for name, value in said.items() if value is not None},
        to=tuple(map(str, targets)),
        is_kept=not dry_run,
    )
    if as_json:
        print_json({"kept": added.is_kept, "text": added.text, "rule": added.rule, "id": added.id})
    else:
        print_text(safe_terminal(added.text))
        if added.is_kept:
            print_text(f"Kept as {added.id}." if added.is_new else f"It was kept already, as {added.id}.")
        elif added.rule is not None:
            print_text("Not kept (--dry-run).")
    if added.rule is None:
        raise typer.Exit(FAILED)


@app.command("list")
@expected_errors
def list_command(shop: ShopOption = None, as_json: JsonOption = False) -> None:
    """Every rule of a shop: who keeps it, how far it was looked at, and what went wrong."""
    settings = settings_of_process()
    from app.finding import find_shop
    from app.rules.keeping import rules_of
    from ui.terminal import safe_terminal

    found = rules_of(settings, find_shop(settings, shop)).all()
    if as_json:
        print_json({"rules": [kept.to_json() for kept in found]})
        return
    if not found:
        print_text('There is no rule: shoptalk watch rule add "tell me when …"')
    for kept in found:
        print_text("\n".join(safe_terminal(line) for line in _lines(kept)))


@app.command()
@expected_errors
def remove(
    id: Annotated[str, typer.Argument(metavar="ID", help="As shoptalk watch rule list shows it.")],
    shop: ShopOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a rule; what it told stays in the inbox."""
    settings = settings_of_process()
    from app.finding import find_shop
    from app.rules.keeping import rules_of

    if not rules_of(settings, find_shop(settings, shop)).remove(id):
        raise WrongUse(f"There is no rule {id!r}; shoptalk watch rule list shows them.")
    if as_json:
        print_json({"done": "removed", "id": id})
    else:
        print_text(f"Removed: {id}.")


def _person(role: str | None, user: list[str] | None) -> Person:
    from app.attributes import parse_attributes
    from app.person import Person, account

    return Person(id=account(), role=role, attributes=parse_attributes(user))


def _lines(kept: KeptRule) -> list[str]:
    eyes = kept.role or ("the role of their key" if kept.has_key else "the default role")
    holds = f"; holds for {len(kept.holding)} now" if kept.holding else ""
    lines = [
        f"{kept.id}  {kept.rule.text}",
        f"  {kept.person or 'nobody'} as {eyes}, to {', '.join(('the inbox', *kept.to))}",
        f"  looked at up to {kept.judged.isoformat()}{holds}",
    ]
    lines += [f"  {len(kept.pending)} not delivered yet"] if kept.pending else []
    return [*lines, *([f"  could not be done the last time: {kept.failed}"] if kept.failed else [])]
