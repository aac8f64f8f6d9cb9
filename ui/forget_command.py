"""``shoptalk forget``: what would go, whether it shall, and a receipt without any personal value."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.errors import WrongUse
from ui.command import DONE, FAILED, print_json, print_text

if TYPE_CHECKING:
    from app.forget import Done, Receipt
    from app.person import Person
    from app.settings import Settings


_SPAN = re.compile(r"([1-9][0-9]{0,4})([dw])")
_DAYS = {"d": 1, "w": 7}


def run(
    settings: Settings,
    *,
    shop: str | None,
    person: Person,
    customer: str,
    is_dry: bool,
    is_sure: bool,
    also: Sequence[Path],
    as_json: bool,
) -> None:
    """Count, ask, forget, and leave with 1 where something was left over."""
    from app.errors import CustomerUnclear
    from app.forget import forget

    missing = [path for path in also if not path.exists()]
    if missing:
        raise WrongUse(f"--also is {str(missing[0])!r}, which does not exist; name a file or a folder.")
    if not (is_dry or is_sure or sys.stdin.isatty()):
        raise WrongUse("Nobody can be asked here whether to go on; give --yes, or --dry-run to look first.")
    try:
        receipt = forget(settings, shop, person, customer, is_dry=True, also=also)
        if not is_dry:
            if not is_sure:
                print_text(_told(receipt))
                typer.confirm("Forget them? This cannot be taken back.", abort=True, err=True)
            receipt = forget(settings, shop, person, customer, is_dry=False, also=also)
    except CustomerUnclear as error:
        raise WrongUse(str(error)) from error
    if as_json:
        print_json(receipt.to_json())
    else:
        print_text(_told(receipt))
    raise typer.Exit(DONE if receipt.is_whole else FAILED)


def run_older(
    settings: Settings, *, older_than: str, person: str, is_dry: bool, is_sure: bool, as_json: bool
) -> None:
    """Count, ask, delete what is older, and leave with 1 where something could not be deleted."""
    from app.too_old import forget_older

    match = _SPAN.fullmatch(older_than)
    if match is None:
        raise WrongUse(
            f"--older-than is {older_than!r}, which is no span; write days or weeks, such as 180d or 26w."
        )
    days = int(match[1]) * _DAYS[match[2]]
    if not (is_dry or is_sure or sys.stdin.isatty()):
        raise WrongUse("Nobody can be asked here whether to go on; give --yes, or --dry-run to look first.")
    done = forget_older(settings, days, is_dry=True, person=person)
    if not is_dry:
        if not is_sure:
            print_text(_told_older(done, days, is_dry=True))
            typer.confirm("Delete it? This cannot be taken back.", abort=True, err=True)
        done = forget_older(settings, days, is_dry=False, person=person)
    if as_json:
        stores = [
            {"store": each.store, "found": each.found, "problem": each.problem or None} for each in done
        ]
        print_json({"older_than_days": days, "dry_run": is_dry, "stores": stores})
    else:
        print_text(_told_older(done, days, is_dry=is_dry))
    raise typer.Exit(FAILED if any(each.problem for each in done) else DONE)


def _told_older(done: Sequence[Done], days: int, *, is_dry: bool) -> str:
    verb = "Would be deleted" if is_dry else "Deleted"
    width = max(len(each.store) for each in done)
    lines = [f"{verb}, of all shops, what is older than {days} days; the audit log stays whole."]
    lines += [f"  {each.store:<{width}}  {each.found:,}" for each in done]
    return "\n".join([*lines, *(f"Not done: {each.store}: {each.problem}" for each in done if each.problem)])


def _told(receipt: Receipt) -> str:
    """The receipt in words."""
    verb = "Would be forgotten" if receipt.is_dry else "Forgotten"
    width = max(len(each.store) for each in receipt.done)
    lines = [
        f"{verb} in shop {receipt.shop}; the audit log keeps its lines, with {receipt.customer} in them."
    ]
    lines += [f"  {each.store:<{width}}  {each.found:,}" for each in receipt.done]
    lines += [f"Not done: {each.store}: {each.problem}" for each in receipt.done if each.problem]
    lines += [f"Still names them, change it by hand: {name}" for name in receipt.left]
    lines += list(_notes(receipt))
    return "\n".join(lines)


def _notes(receipt: Receipt) -> Sequence[str]:
    notes = []
    if receipt.under_way:
        notes.append(
            f"{receipt.under_way} questions that named them had not ended; run the same command once more "
            "when nobody asks about them."
        )
    if receipt.shared:
        notes.append(
            f"{receipt.shared} of their names, addresses and numbers are another customer's too: what says "
            "only that was kept."
        )
    if receipt.short:
        notes.append(f"{receipt.short} of their names is a single word: what says only that word was kept.")
    if receipt.has_written is None:
        notes.append(
            "The view of the reviews does not say whose they are, so only reviews that name them were found; "
            "give it the customer's column in shop.yml."
        )
    return [
        *notes,
        "The shop's database was only read. There the customer stays until its owner deletes them "
        f"(views {', '.join(receipt.views)}), and until then questions about them are answered.",
    ]
