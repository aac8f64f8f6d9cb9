"""``shoptalk schedule``: reports, questions and jobs by the clock, and where they go."""

from __future__ import annotations

import datetime as dt
import re
import shlex
import signal
import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.errors import BadKey, WrongUse
from app.progress import say
from app.settings import Settings
from ui.command import (
    DONE,
    FAILED,
    JsonOption,
    RoleOption,
    ShopOption,
    UserOption,
    expected_errors,
    leave,
    print_json,
    print_text,
    readable,
    settings_of_process,
)

if TYPE_CHECKING:
    from app.person import Person
    from app.schedules import Schedule, Schedules, Target, Timetable
    from sql.semantics import Shop

app = typer.Typer(
    no_args_is_help=True,
    help="Reports, questions and jobs by the clock, delivered to a folder, by e-mail or to Slack, while "
    "`shoptalk schedule serve` runs, or `shoptalk serve` for its shop; missed runs are made up for once.",
)
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As shoptalk schedule list shows it.")]


@app.command()
@expected_errors
def add(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="\"weekly report\", \"report NAME\"; a question "
                    "or 'job NAME KEY=VALUE …', as shoptalk job lists them.")],
    every: Annotated[str, typer.Option(metavar="WHEN", help="Such as \"monday 08:00\", \"weekday at 7:30\", "
                     "\"month on the 1st at 07:00\", 每周一 08:00.")],
    to: Annotated[list[str], typer.Option(metavar="TARGET", help="A folder, mail:ADDRESS or slack:#CHANNEL; "
                  "may be given several times. Whoever reads there sees what the role sees.")],
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    as_person: Annotated[
        str | None,
        typer.Option("--as", metavar="NAME", help="In the name of somebody with a key, with the role that "
                     "they have when it runs; it stops when the key is revoked. Left out: your account."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show how it is read and when it would run.")
    ] = False,
    pdf: Annotated[bool, typer.Option("--pdf", help="Deliver a PDF instead of an HTML page.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show how WHEN is read with the next three runs, and keep the schedule."""
    settings = settings_of_process()
    from app.finding import find_shop
    from app.person import role_of
    from app.schedules import Schedule
    from app.schedules.lookup import schedules_of
    from app.schedules.store import zone_of
    from app.schedules.targets import check_writable
    from app.schedules.timetable import upcoming

    what = " ".join(readable(what).split())
    timetable = _timetable(every)
    if pdf:
        from jobs.report.pdf import check_pdf

        check_pdf()
    targets = _targets(to)
    for target in targets:
        check_writable(target)
    description = find_shop(settings, _from_anywhere(shop))
    report = _report_of(what, description)
    message = "" if report else _message_of(what)
    person = _person(settings, role, user, as_person)
    role_of(description, person)
    zone, now = description.time_zone, dt.datetime.now(dt.UTC)
    schedule = Schedule(
        what=what,
        message=message,
        language=_language(what),
        timetable=timetable,
        to=tuple(map(str, targets)),
        shop=_from_anywhere(shop),
        zone=zone,
        person=person.id,
        role=None if as_person is not None else person.role,
        attributes={} if as_person is not None else dict(person.attributes),
        report=report or "monthly",
        form="pdf" if pdf else "html",
        has_key=as_person is not None,
        due=timetable.next_after(now, zone_of(zone)),
    )
    runs = [_local(schedule, moment) for moment in upcoming(timetable, now, schedule.tzinfo)]
    if not as_json:
        print_text(_line(f"{what}: {timetable.words(_language(every))}"))
        print_text(f"Next runs: {', '.join(runs)} ({zone or 'this computer’s time'}).")
        print_text(_line(f"To: {', '.join(schedule.to)}."))
    if not dry_run:
        schedules_of(settings, description).add(schedule)
    if as_json:
        print_json({"kept": not dry_run, "next_runs": runs, **_json(schedule, settings)})
    else:
        print_text("Not kept (--dry-run)." if dry_run else f"Kept as {schedule.id}.")
    _tell_what_is_missing(settings, targets)


@app.command("list")
@expected_errors
def list_command(as_json: JsonOption = False) -> None:
    """Every schedule: when it runs next, and how its last run ended."""
    settings = settings_of_process()
    from app.schedules.lookup import all_schedules

    found = [each for place in all_schedules(settings) for each in place.all()]
    found.sort(key=lambda each: (each.next_at, each.id))
    if as_json:
        print_json({"schedules": [_json(each, settings) for each in found]})
        return
    if not found:
        print_text('Nothing is scheduled: shoptalk schedule add "monthly report" --every … --to …')
    for each in found:
        print_text("\n".join(map(_line, _lines(each, settings))))


@app.command()
@expected_errors
def run(id: IdArgument, as_json: JsonOption = False) -> None:
    """Run a schedule now, also a paused one, and deliver it; exit status 1 when it was not delivered."""
    settings = settings_of_process()
    schedules, _ = _found(settings, id)
    from app.house import House
    from ui.scheduling import runner_of

    with House(settings) as house:
        schedule = runner_of(house).run(schedules, id, is_forced=True)
    if schedule is None:
        raise WrongUse(f"{id} is being run by another process, or was removed; shoptalk schedule list says.")
    assert schedule.last is not None
    if as_json:
        print_json(_json(schedule, settings))
    else:
        print_text(_line(_last(schedule)))
    raise typer.Exit(DONE if schedule.last.outcome == "delivered" else FAILED)


@app.command()
@expected_errors
def remove(id: IdArgument, as_json: JsonOption = False) -> None:
    """Delete a schedule; what it delivered stays."""
    settings = settings_of_process()
    schedules, schedule = _found(settings, id)
    schedules.remove(id)
    _tell_changed("Removed", schedule, settings, as_json)


@app.command()
@expected_errors
def pause(id: IdArgument, as_json: JsonOption = False) -> None:
    """Run a schedule no more until it is resumed."""
    _change(id, is_paused=True, done="Paused", as_json=as_json)


@app.command()
@expected_errors
def resume(id: IdArgument, as_json: JsonOption = False) -> None:
    """Run a paused schedule again from its next time on; what fell due meanwhile is left out."""
    _change(id, is_paused=False, done="Resumed", as_json=as_json)


@app.command()
@expected_errors
def serve() -> None:
    """Run the schedules of all shops as they fall due, until Ctrl-C or SIGTERM."""
    settings = settings_of_process()
    from app.house import House
    from app.schedules.lookup import all_schedules
    from ui.scheduling import runner_of

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # what runs then is delivered first
    count = sum(len(place.all()) for place in all_schedules(settings))
    with House(settings) as house:
        print_text(f"Schedules are run: {count} now  (Ctrl-C ends it)")
        runner_of(house).keep_running(lambda: all_schedules(settings), stop)
    say("Closed.")
    leave(DONE)


def _change(id: str, *, is_paused: bool, done: str, as_json: bool) -> None:
    from dataclasses import replace

    settings = settings_of_process()
    schedules, _ = _found(settings, id)

    def changed(schedule: Schedule) -> Schedule:
        if schedule.is_paused == is_paused:
            return schedule
        due = schedule.timetable.next_after(dt.datetime.now(dt.UTC), schedule.tzinfo)
        return replace(schedule, is_paused=is_paused, due=due, tries=0, retry_at=None, sent=())

    schedule = schedules.change(id, changed)
    if schedule is None:
        raise _unknown(id)
    _tell_changed(done, schedule, settings, as_json)


def _tell_changed(done: str, schedule: Schedule, settings: Settings, as_json: bool) -> None:
    if as_json:
        print_json({"done": done.lower(), **_json(schedule, settings)})
    else:
        print_text(_line(f"{done}: {schedule.id}, {schedule.what}."))


# --- what is said ---


def _report_of(what: str, shop: Shop) -> str:
    """Name of the report that is meant; empty for none. Raises ``WrongUse``: no report of that name."""
    from jobs import JOBS
    from jobs.report.asked import called
    from jobs.report.described import read_report, report_names
    from jobs.report.errors import UnknownReport

    said = re.sub(r"^(?:the |每|report |报告 )", "", what.lower())
    names = report_names(shop)
    if what.lower().startswith(("report ", "报告 ")):
        try:
            return read_report(said, shop, JOBS).name
        except UnknownReport as error:
            if re.fullmatch(r"[a-z0-9_]+", said):  # else it is a question
                raise WrongUse(str(error)) from error
            return ""
    for name in names:
        described = read_report(name, shop, JOBS)
        if said in {each.lower() for each in (*described.titles.values(), *described.also_called)}:
            return name
    return next((name for name, pattern in called() if pattern.fullmatch(said)), "")


def _message_of(what: str) -> str:
    """What is asked. Raises ``WrongUse``: no such job."""
    from ui.job_by_name import message_of, values_of

    if not what:
        raise WrongUse("WHAT is empty; say \"monthly report\", a question, or 'job NAME'.")
    if not what.lower().startswith("job "):
        return what
    try:
        name, *pairs = shlex.split(what[4:])
    except ValueError as error:
        raise WrongUse(
            f"{what!r} cannot be read ({error}); write 'job forecast horizon=\"6 weeks\"'."
        ) from error
    return message_of(name, values_of(name, pairs))


def _timetable(every: str) -> Timetable:
    from app.schedules import read_timetable
    from app.schedules.timetable import EXAMPLES

    found = read_timetable(readable(every))
    if found is None:
        examples = ", ".join(f'"{example}"' for example in EXAMPLES)
        raise WrongUse(f"--every is {every!r}, which is not understood; write days and a time: {examples}.")
    return found


def _targets(texts: list[str]) -> list[Target]:
    from app.schedules import read_target

    return list(dict.fromkeys(read_target(readable(text)) for text in texts))


def _from_anywhere(shop: str | None) -> str | None:
    """``--shop`` as it is found from any folder. Raises ``WrongUse``: it holds a password."""
    from pathlib import Path

    from app.finding import DEMO
    from sql.databases import without_password

    if shop is None or shop == DEMO:
        return None
    if "://" not in shop:
        return str(Path(shop).expanduser().absolute())
    if without_password(shop) != shop:
        raise WrongUse(
            "--shop holds a password, which schedules do not keep: describe the shop in a shop.yml with "
            "${NAME} in its address (docs/databases.md), and name that file."
        )
    return shop


def _person(settings: Settings, role: str | None, user: list[str] | None, name: str | None) -> Person:
    from app.attributes import parse_attributes
    from app.keyring import Keyring
    from app.person import Person, account

    if name is None:
        return Person(id=account(), role=role, attributes=parse_attributes(user))
    if role is not None or user:
        raise WrongUse("--as takes the role and attributes of their key; leave --role and --user out.")
    try:
        return Keyring.of(settings).person_of_name(name)
    except BadKey as error:
        raise WrongUse(f"{name} has no valid key; shoptalk people list shows who has.") from error


def _language(text: str) -> str:
    return "zh" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en"


def _tell_what_is_missing(settings: Settings, targets: list[Target]) -> None:
    kinds = {target.kind for target in targets}
    if "mail" in kinds and settings.smtp_host is None:
        say("Note: SHOPTALK_SMTP_HOST is not set here; set it where schedules are run (docs/schedules.md).")
    if "slack" in kinds and settings.slack_bot_token is None:
        say("Note: SHOPTALK_SLACK_BOT_TOKEN is not set here; set it where schedules are run (docs/slack.md).")


def _found(settings: Settings, id: str) -> tuple[Schedules, Schedule]:
    from app.schedules.lookup import all_schedules

    for schedules in all_schedules(settings):
        schedule = schedules.get(id)
        if schedule is not None:
            return schedules, schedule
    raise _unknown(id)


def _unknown(id: str) -> WrongUse:
    return WrongUse(f"There is no schedule {id!r}; shoptalk schedule list shows them.")


# --- how it is shown ---


def _lines(schedule: Schedule, settings: Settings) -> list[str]:
    eyes = schedule.role or ("the role of their key" if schedule.has_key else "the default role")
    blocked = _blocked(schedule, settings)
    if schedule.is_paused:
        then = "paused"
    elif blocked:
        then = f"will not run: {blocked}"
    else:
        then = f"next {_local(schedule, schedule.next_at)} ({schedule.zone or 'this computer’s time'})"
    return [
        f"{schedule.id}  {schedule.what}  ({schedule.timetable.words()})",
        f"  of {schedule.shop or 'the demonstration shop'}, to {', '.join(schedule.to)}; "
        f"{schedule.person or 'nobody'} as {eyes}",
        f"  {then}; {_last(schedule)}",
    ]


def _last(schedule: Schedule) -> str:
    last = schedule.last
    if last is None:
        return "never ran"
    reason = f": {last.reason}" if last.reason else ""
    again = f" (tried again at {_local(schedule, schedule.retry_at)})" if schedule.retry_at else ""
    return f"last {_local(schedule, last.at)} {last.outcome}{reason}{again}"


def _local(schedule: Schedule, moment: dt.datetime) -> str:
    return f"{moment.astimezone(schedule.tzinfo):%a %Y-%m-%d %H:%M}"


def _blocked(schedule: Schedule, settings: Settings) -> str:
    """Why its person may not ask any more; empty when they may."""
    from app.schedules.lookup import person_of

    try:
        person_of(schedule, settings)
    except (BadKey, WrongUse) as error:
        return f"{schedule.person}: {error}"
    return ""


def _json(schedule: Schedule, settings: Settings) -> dict[str, Any]:
    return {
        **schedule.to_json(),
        "next_at": None if schedule.is_paused else schedule.next_at.isoformat(),
        "blocked": _blocked(schedule, settings) or None,
    }


def _line(text: str) -> str:
    from ui.terminal import safe_terminal

    return safe_terminal(text)
