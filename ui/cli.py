"""The command line: thin commands over the packages.

Results go to standard output, progress and errors to standard error. Exit status: 0 done, 1 failed, 2 wrong
use, 130 stopped by Ctrl-C. Heavy packages load inside the commands that need them: ``--help`` is instant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, cast

import typer

from app.errors import WrongUse
from app.progress import say, step
from ui import finetuning, peopling, rule_command, schedule_command
from ui.command import (
    DONE,
    FAILED,
    STOPPED,
    STOPPED_TEXT,
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
    from app.drafts import Draft
    from app.person import Person
    from app.settings import Settings
    from bot.answer import Answer
    from finetune.heldout import Split
    from sql.lock.guard import Guard
    from sql.shop.layers import LeftOut
    from sql.shop.review import Question

app = typer.Typer(
    name="shoptalk",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Ask your online shop's data in plain words, English or Chinese, and get an answer with a receipt "
    "for every figure. Results go to standard output, progress to standard error. Exit status: 0 done, "
    "1 failed, 2 wrong use. Settings: SHOPTALK_HOME (where data is kept), SHOPTALK_MODEL, SHOPTALK_DEVICE, "
    "SHOPTALK_ENGINE_URL and more; `shoptalk doctor` shows them all.",
)

app.add_typer(finetuning.app, name="finetune")
app.add_typer(peopling.app, name="people")
app.add_typer(schedule_command.app, name="schedule")
watch_app = typer.Typer()
watch_app.add_typer(rule_command.app, name="rule")
app.add_typer(watch_app, name="watch")


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        print_text(f"shoptalk {version('shoptalk')}")
        raise typer.Exit(DONE)


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which build this is."),
    ] = False,
) -> None:
    """What is said before a command; the help text stands with ``app``."""


def _person(role: str | None, user: list[str] | None, *, id: str | None = None) -> Person:
    """Whoever runs the command, as ``--role`` and ``--user`` say; ``id`` for somebody else."""
    from app.attributes import parse_attributes
    from app.person import Person, account

    return Person(id=account() if id is None else id, role=role, attributes=parse_attributes(user))


def main() -> NoReturn:
    """Entry point of the ``shoptalk`` command."""
    try:
        app()
    except KeyboardInterrupt:
        say(STOPPED_TEXT)
        leave(STOPPED)
    raise SystemExit(DONE)


# --- asking ----------------------------------------------------------------------------------------------


@app.command()
@expected_errors
def demo(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port of the page. Left out: SHOPTALK_PORT, else the first free "
                     "one from 7860."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Address to listen on. Left out: SHOPTALK_HOST, else 127.0.0.1, "
                     "this computer only. On any other, only people with a key are answered."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in the browser when it is ready.")
    ] = True,
    uploads: Annotated[
        bool | None,
        typer.Option("--uploads/--no-uploads", help="Whether visitors may open files of their own, each "
                     "seen by their browser only. Left out: only when the page is for this computer alone."),
    ] = None,
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
) -> None:  # fmt: skip
    """Build what is missing and open the chat page; Ctrl-C closes it."""
    settings = settings_of_process()
    from ui.serve import serve

    serve(
        settings,
        shop=shop,
        person=_person(role, user, id=""),  # whoever opens the page
        host=host,
        port=port,
        open_browser=browser,
        uploads=uploads,
    )
    leave(DONE)


@app.command()
@expected_errors
def serve(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65_535, help="Port to listen on. Left out: SHOPTALK_PORT, else the first "
                     "free one from 7860."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Address to listen on. Left out: SHOPTALK_HOST, else 127.0.0.1, "
                     "this computer only. On any other, only people with a key are answered."),
    ] = None,
    a_minute: Annotated[
        int | None,
        typer.Option("--questions-a-minute", min=0, help="Of one person with a key; 0 for as many as they "
                     "like. Left out: SHOPTALK_QUESTIONS_A_MINUTE, else 30."),
    ] = None,
    a_day: Annotated[
        int | None,
        typer.Option("--questions-a-day", min=0, help="The same in 24 hours. Left out: "
                     "SHOPTALK_QUESTIONS_A_DAY, else 1000."),
    ] = None,
    shop: ShopOption = None,
) -> None:  # fmt: skip
    """Serve the chat page, the HTTP interface (/v1) and MCP (/mcp) until Ctrl-C or SIGTERM.

    On this computer alone and while nobody has a key, everybody asks as the shop's default role; else only
    people with a key are answered (shoptalk people add). With SHOPTALK_SLACK_SIGNING_SECRET also what Slack
    delivers is answered (docs/slack.md), with SHOPTALK_FEISHU_ENCRYPT_KEY what Feishu does (docs/feishu.md).
    """
    settings = settings_of_process()
    from ui.serve import serve as serve_shop

    serve_shop(
        replace(
            settings,
            questions_a_minute=settings.questions_a_minute if a_minute is None else a_minute,
            questions_a_day=settings.questions_a_day if a_day is None else a_day,
        ),
        shop=shop,
        person=_person(None, None, id=""),
        host=host,
        port=port,
        open_browser=False,
        is_for_programs=True,
    )
    leave(DONE)


@app.command()
@expected_errors
def ask(
    question: Annotated[str, typer.Argument(
            metavar="QUESTION",
            help="The question, in English or Chinese, in quotes. - reads it from "
                                            "standard input.")],
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    conversation: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Remember the conversation in this file, so that follow-ups work "
                     "(\"and by country?\"). Made when missing. Left out: nothing is remembered."),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Answer one question: the words, the rows, the SQL and the quotes behind them."""
    settings = settings_of_process()
    from app.house import House, last_answer
    from bot.memory import Conversation

    person = _person(role, user)
    talk = Conversation.load(conversation) if conversation else Conversation()
    with House(settings) as house:
        answer = last_answer(house.at(shop, person).answer(_text(question), talk))
    if conversation:
        talk.save(conversation)
    _show(answer, as_json)


@app.command()
@expected_errors
def slack(
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Print the description that makes the app in Slack, and end.")
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(metavar="URL", help="With --manifest: where Slack reaches `shoptalk serve`, such as "
                     "https://shop.example. Left out: for Socket Mode, which needs no address."),
    ] = None,
    shop: ShopOption = None,
) -> None:  # fmt: skip
    """Answer in Slack over a connection that this command opens (Socket Mode), until Ctrl-C or SIGTERM.

    Tokens come from SHOPTALK_SLACK_BOT_TOKEN and SHOPTALK_SLACK_APP_TOKEN alone. Who may ask, and as which
    role, stands in people.yml; others are answered nothing.
    """
    settings = settings_of_process()
    from ui.chats.slack import manifest as manifest_of
    from ui.chats.slack import serve_socket_mode

    if address is not None and not (manifest and address.startswith("https://")):
        raise WrongUse(f"--address is {address!r}; it goes with --manifest, and begins with https://.")
    if manifest:
        print_text(manifest_of(address).rstrip())
        return
    serve_socket_mode(settings, shop=shop)
    leave(DONE)


@app.command()
@expected_errors
def feishu(shop: ShopOption = None) -> None:
    """Answer in Feishu or Lark over a connection that this command opens, until Ctrl-C or SIGTERM.

    The app's id and secret come from SHOPTALK_FEISHU_APP_ID and SHOPTALK_FEISHU_APP_SECRET alone. Who may
    ask, and as which role, stands in people.yml; others are answered nothing.
    """
    settings = settings_of_process()
    from ui.chats.feishu import serve_long_connection

    serve_long_connection(settings, shop=shop)
    leave(DONE)


@app.command("mcp")
@expected_errors
def mcp_command(shop: ShopOption = None, role: RoleOption = None, user: UserOption = None) -> None:
    """Answer programs that speak MCP over standard input and output, until the input ends.

    For the configuration of such a program; it starts this command and asks as the role that stands here.
    """
    settings = settings_of_process()
    from ui.mcp import serve_stdio

    serve_stdio(settings, shop=shop, person=_person(role, user))
    leave(DONE)


@app.command()
@expected_errors
def job(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which job. Left out: they are "
                    "listed, with what each takes and needs.")] = None,
    pairs: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE", help="What it is told, such as "
                     "horizon=\"6 weeks\" by=category; as many as wanted.")] = None,
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Run a job by its name, such as a forecast; without one, list the jobs."""
    settings = settings_of_process()
    from ui import job_by_name as by_name

    if name is None:
        from app.finding import find_shop
        from jobs import JOBS

        found = by_name.listed(JOBS, find_shop(settings, shop) if shop is not None else None)
        if as_json:
            print_json(found)
        else:
            by_name.show(found)
        return
    message = by_name.message_of(name, by_name.values_of(name, pairs or []))
    from app.house import House, last_answer

    with House(settings) as house:
        answer = last_answer(house.at(shop, _person(role, user)).answer(message))
    _show(answer, as_json)


@watch_app.callback(invoke_without_command=True)
@expected_errors
def watch(
    context: typer.Context,
    replay: Annotated[
        str | None, typer.Option("--replay", metavar="YYYY-MM-DD", help="Tell what would have been told from "
                                 "this day on, day by day; nothing is kept. Left out: the newest data.")
    ] = None,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="List what was told and waits for a reader.")
    ] = False,
    acknowledge: Annotated[
        str | None, typer.Option(metavar="ID", help="Take a message out of the inbox.")
    ] = None,
    snooze: Annotated[
        str | None, typer.Option(metavar="ID", help="Take it out for a time; with --for.")
    ] = None,
    span: Annotated[
        str | None, typer.Option("--for", metavar="SPAN", help="How long it is snoozed: 12h, 7d, 2w.")
    ] = None,
    mute: Annotated[
        str | None, typer.Option(metavar="SERIES", help="Tell nothing of a series, named as messages do, "
                                 "such as \"returns by country=Italy\"; a metric mutes its parts too.")
    ] = None,
    unmute: Annotated[str | None, typer.Option(metavar="SERIES", help="Tell of it again.")] = None,
    language: Annotated[str, typer.Option(metavar="CODE", help="en or zh.")] = "en",
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Look at the newest data and tell what is unusual in them and which rules hold, each once."""
    if context.invoked_subcommand is not None:
        return
    settings = settings_of_process()
    from ui.watch_command import run

    run(
        settings,
        shop=shop,
        person=_person(role, user),
        start=replay,
        is_inbox=inbox,
        acknowledge=acknowledge,
        snooze=snooze,
        span=span,
        mute=mute,
        unmute=unmute,
        language=language,
        as_json=as_json,
    )


def _show(answer: Answer, as_json: bool) -> NoReturn:
    """Print an answer and leave with the exit status that is its own."""
    if as_json:
        print_json(answer.to_json())
    else:
        from ui.terminal import show_answer

        show_answer(answer)
    raise typer.Exit(FAILED if answer.status == "failed" else DONE)


def _text(argument: str) -> str:
    """The argument, or standard input when it is ``-``; bytes that are no text become question marks."""
    return readable(sys.stdin.read() if argument == "-" else argument)


@app.command()
@expected_errors
def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to look for, in English or Chinese.")],
    k: Annotated[int, typer.Option("--k", min=1, max=1_000, help="Number of hits at most.")] = 10,
    product: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this product; may be given several times. "
                                       "Left out: all.")
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="Only texts in this language (en, zh, …); may be "
                                       "given several times. Left out: all.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Written on this day or later. Left out: no limit."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Written on this day or earlier. Left out: no limit."),
    ] = None,
    min_rating: Annotated[
        float | None, typer.Option(min=1, max=5, help="At least so many stars, 1 to 5. Left out: no limit.")
    ] = None,
    max_rating: Annotated[
        float | None, typer.Option(min=1, max=5, help="At most so many stars, 1 to 5. Left out: no limit.")
    ] = None,
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Search the customers' reviews and the past reports, by meaning and by words."""
    settings = settings_of_process()
    from app.house import audited_role
    from app.library import no_texts, open_texts
    from retrieval.types import Filters

    text = _text(text)
    if not text.strip():
        raise WrongUse("TEXT is empty; say what to look for.")
    filters = Filters(
        products=frozenset(product) if product else None,
        languages=frozenset(language) if language else None,
        min_rating=min_rating,
        max_rating=max_rating,
        written_from=_day("--since", since),
        written_before=_day("--until", until, after=1),
    )
    person = _person(role, user)
    with audited_role(settings, "search", text, shop=shop, person=person) as workspace:
        index = open_texts(settings, workspace)
        if index is None:
            raise no_texts(workspace)
        hits = index.search(text, k, filters)
    if as_json:
        print_json({"text": text, "hits": [hit.to_json() for hit in hits]})
    else:
        from ui.terminal import show_hits

        show_hits(hits)


def _day(option: str, value: str | None, after: int = 0) -> Any:
    """Midnight at the start of that day, plus ``after`` days."""
    import datetime as dt

    if value is None:
        return None
    try:
        return dt.datetime.strptime(value, "%Y-%m-%d") + dt.timedelta(days=after)
    except ValueError:
        raise WrongUse(f"{option} is {value!r}; expected a day such as 2026-05-31.") from None


@app.command()
@expected_errors
def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help="weekly, monthly, stock, campaign, reviews, "
                    "customers, or a file of reports/ beside shop.yml. --list shows them.")] = "monthly",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to this file: .html or .pdf with charts, .md or .json. "
                     "Left out: as Markdown to standard output.")
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM", help="Month to report on, or last. Left out: the last full week or "
                     "month, as the report says.")
    ] = None,
    week: Annotated[
        str | None,
        typer.Option(metavar="YYYY-WNN", help="Week to report on: 2026-W22, a day of it, or last.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="en or zh. Left out: the report's own, else en.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the reports that there are, and end.")] = False,
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
) -> None:  # fmt: skip
    """Write a report about a week or month, every figure traced to its rows."""
    settings = settings_of_process()
    from ui.reporting import list_reports, write_report

    person = _person(role, user)
    if listed:
        list_reports(settings, shop)
        return
    write_report(settings, name, out=out, month=month, week=week, language=language, shop=shop, person=person)


# --- checking --------------------------------------------------------------------------------------------


@app.command()
@expected_errors
def guard(
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    dialect: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Check as for a database of this language: duckdb, sqlite, "
                     "postgres or mysql. Left out: the language of the shop's database."),
    ] = None,
) -> None:  # fmt: skip
    """Judge SQL statements without running them.

    Reads one JSON object per line from standard input, {"sql": "…"}, and prints one per line:
    {"verdict": "allow" or "refuse", "reason": "…", "sql": "the text that would run"}.
    """
    settings = settings_of_process()
    from typing import get_args

    from app.house import audited_role
    from sql.lock.guard import Guard
    from sql.lock.schemas import translate_views
    from sql.types import Dialect

    known: dict[str, Dialect] = {name: name for name in get_args(Dialect)}
    if dialect is not None and dialect not in known:
        raise WrongUse(f"--dialect is {dialect!r}; use one of {', '.join(known)}.")
    person = _person(role, user)
    with audited_role(settings, "open", "guard", shop=shop, person=person) as workspace:
        judge = workspace.guard
        if dialect is not None and dialect != workspace.catalog.dialect:
            catalog = replace(workspace.catalog, dialect=known[dialect])
            there = translate_views(workspace.shop, workspace.catalog.dialect, known[dialect])
            judge = Guard(there, catalog, there.role(workspace.role.name), workspace.user)
        for line in _lines(sys.stdin.buffer):
            if line.strip():
                print_json(_verdict(judge, line), indent=None)


@app.command("compile")
@expected_errors
def compile_command(
    statement: Annotated[str, typer.Argument(
            metavar="STATEMENT", help="A statement of the question language, in quotes. - reads it from "
                                      "standard input.")],
    shop: ShopOption = None,
    role: RoleOption = None,
    user: UserOption = None,
    is_run: Annotated[bool, typer.Option("--run", help="Print its rows as well. Off by default.")] = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Compile a statement of the question language to SQL; loads no model.

    Prints how it was read, what it takes for granted and the SQL; with --run its rows as well.
    """
    settings = settings_of_process()
    from app.house import audited_role
    from ui.compiling import compiled_for, show

    text, person = _text(statement), _person(role, user)
    with audited_role(settings, "question", text, shop=shop, person=person) as workspace:
        found, _ = compiled_for(workspace, text, is_run=is_run)
    show(found, as_json=as_json)


def _lines(stream: Iterable[bytes]) -> Iterable[str]:
    """Lines as they arrive, so that a program may talk with us line by line."""
    for line in stream:
        yield line.decode("utf-8", "replace")


def _verdict(judge: Guard, line: str) -> dict[str, str]:
    from sql.errors import UnsafeQuery

    try:
        request = json.loads(line)
        statement = request["sql"]
    except (ValueError, TypeError, KeyError, RecursionError):
        statement = None
    if not isinstance(statement, str):
        return {"verdict": "refuse", "reason": 'not a JSON object like {"sql": "SELECT …"}', "sql": ""}
    try:
        return {"verdict": "allow", "reason": "", "sql": judge.check(statement).sql}
    except UnsafeQuery as error:
        return {"verdict": "refuse", "reason": error.reason, "sql": ""}


@app.command()
@expected_errors
def audit(
    last: Annotated[int, typer.Option(min=0, help="Show so many entries, newest last. 0 shows none.")] = 20,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the chain of hashes from the first line to the last; exit "
                           "status 1 when a line was changed, removed, put in or moved. Off by default.")
    ] = False,
    known: Annotated[
        list[str] | None,
        typer.Option(metavar="HASH", help="With --verify: a last hash that was noted earlier and must still "
                     "be in the log; may be given several times. Left out: none."),
    ] = None,
    shop: Annotated[
        str | None,
        typer.Option(metavar="FILE_OR_URL", help="Show only this shop's entries. Left out: those of all."),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show the audit log: each question with its role, its statements as they ran, rows and seconds."""
    settings = settings_of_process()
    from app.finding import find_shop
    from bot.audit import AuditLog
    from ui.terminal import audit_text

    log = AuditLog(settings.audit)
    name = None if shop is None else find_shop(settings, shop).name
    entries = [
        entry for entry in log.entries() if entry["kind"] != "begun" and name in (None, entry.get("shop"))
    ]
    shown = entries[len(entries) - last :] if last < len(entries) else entries
    checked = log.verify(known or ()) if verify or known else None
    if as_json:
        found: dict[str, Any] = {"log": str(log.path), "entries": shown}
        if checked is not None:
            found["verification"] = asdict(checked)
        print_json(found)
    else:
        print_text(audit_text(log.path, shown, checked))
    raise typer.Exit(FAILED if checked is not None and checked.problems else DONE)


@app.command()
@expected_errors
def forget(
    customer: Annotated[
        str | None,
        typer.Argument(metavar="[CUSTOMER]", help="Key in the shop, e-mail address, telephone number or full "
                       "name. - reads it from standard input, so that no shell keeps it."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Delete, in place of a customer, the feedback, reports, delivered "
                     "answers and files of visitors of all shops that are older: 180d, 26w."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count what would go, by store.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to go on.")] = False,
    also: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Delete files there too that name the customer: conversations "
                     "(ask --conversation), reports (--out), exports. May be given several times."),
    ] = None,
    shop: ShopOption = None,
    role: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A role that sees the whole shop. Left out: the first such role."),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Take a customer out of all that is kept about a shop: index, reports, feedback, log and more.

    With --older-than, whatever is older than that goes, whoever it is about; the audit log stays.

    The shop's database is only read: there the owner deletes the customer. The audit log keeps its lines,
    with a pseudonym. Exit status 1 when something could not be searched; run it again then.
    """
    settings = settings_of_process()
    from app.finding import find_shop
    from app.person import account
    from ui.forget_command import run, run_older

    if (customer is None) == (older_than is None):
        raise WrongUse("Name a customer, or a span with --older-than, such as --older-than 180d.")
    if customer is None:
        if also or shop or role:
            raise WrongUse("--older-than is about all shops together; leave --shop, --role and --also out.")
        run_older(
            settings,
            older_than=str(older_than),
            person=account(),
            is_dry=dry_run,
            is_sure=yes,
            as_json=as_json,
        )
        return
    if role is None:
        role = next((each.name for each in find_shop(settings, shop).roles if each.is_whole), None)
    run(
        settings,
        shop=shop,
        person=_person(role, None),
        customer=_text(customer).strip(),
        is_dry=dry_run,
        is_sure=yes,
        also=also or (),
        as_json=as_json,
    )


@app.command()
@expected_errors
def evaluate(
    questions: Annotated[
        Path,
        typer.Option(
            metavar="FILE.jsonl", help='Lines of {"database": NAME, "question": TEXT, "sql": GOLD}.'
        ),
    ],
    database_root: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder with NAME/NAME.sqlite or NAME/NAME.duckdb for each database."
        ),
    ],
    limit: Annotated[
        int | None, typer.Option(min=1, help="Take so many questions, spread over the file. Left out: all.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SIDE",
            help="Only databases held out for test or validation, or those for train. Left out: all.",
        ),
    ] = None,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample", help="Only the fixed sample: 300 test, 150 validation questions. Off by default."
        ),
    ] = False,
    adapter: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A LoRA adapter of the model, or none. Left out: SHOPTALK_ADAPTER, else the project's own.",
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="CREATE statements and one greedy reply instead of the product's way. Off by default.",
        ),
    ] = False,
    votes: Annotated[
        int, typer.Option(min=1, max=64, help="Statements per question; the commonest result wins.")
    ] = 1,
    batch: Annotated[
        int,
        typer.Option(
            min=1, max=64, help="Questions about one database asked at once: faster, but not one by one."
        ),
    ] = 1,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep each outcome there and go on from it next time. Left out: no file."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page that shows every miss. Left out: none."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure question → SQL on databases never seen before: accuracy, errors, abstentions, seconds."""
    settings = settings_of_process()
    if split not in (None, "train", "validation", "test"):
        raise WrongUse(f"--split is {split!r}; expected train, validation or test.")
    from app.engines import NO_ADAPTER

    if plain and (votes > 1 or adapter not in (None, NO_ADAPTER)):
        raise WrongUse(
            "--plain is the baseline: one greedy reply of the bare model; leave --votes and --adapter out."
        )
    if sample and split == "train":
        raise WrongUse("--sample has questions for test and validation only; leave out --split train.")
    for option, file in (("--resume", resume), ("--report", report)):
        if file is not None and not file.absolute().parent.is_dir():
            folder = str(file.absolute().parent)
            raise WrongUse(f"{option} is {str(file)!r}; the folder {folder!r} does not exist.")
    for option, path, is_there in (
        ("--questions", questions, questions.is_file()),
        ("--database-root", database_root, database_root.is_dir()),
    ):
        if not is_there:
            raise WrongUse(f"{option} is {str(path)!r}, which does not exist.")
    from app.engines import adapter_of, load_engine
    from finetune.evaluate import evaluate as measure
    from finetune.ways import PLAIN, product

    settings = replace(settings, adapter=NO_ADAPTER if plain else adapter or settings.adapter)

    measured = measure(
        questions,
        database_root,
        engine=load_engine(settings),
        adapter=adapter_of(settings),
        way=PLAIN if plain else product(votes),
        side=cast("Split | None", split),
        sample=sample,
        limit=limit,
        batch=batch,
        resume=resume,
    )
    if report is not None:
        from app.write import write_whole
        from finetune.evaluation_page import to_html

        write_whole(report, to_html(measured).encode())
        say(f"Wrote {report}.")
    if as_json:
        print_json(measured.to_json())
    else:
        print_text(measured.to_text())


# --- setting up ------------------------------------------------------------------------------------------


@app.command()
@expected_errors
def init(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="A DuckDB or SQLite file, or a folder of CSV or Parquet files."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write the description.")
    ] = Path("shop.yml"),
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite FILE when it exists. Off by default.")
    ] = False,
    views: Annotated[
        bool, typer.Option("--views", help="Take the database's own views too. Off by default.")
    ] = False,
    asks: Annotated[
        bool, typer.Option("--ask", help="Ask what only you can know, at most seven questions.")
    ] = False,
    answer: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=N", help="Answer such a question with its Nth choice; may be repeated."),
    ] = None,
    layer: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="Take views and metrics from a dbt project's semantic "
                     "models, a semantic_manifest.json, or Cube's YAML models. Left out: the tables alone."),
    ] = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Read a database's tables and write a first shop.yml for you to edit. The database is only read.

    Run again after the data changed, it puts what is new into the file, keeps what you wrote and shows the
    difference; the draft from before stands beside it as FILE.draft.
    """
    settings = settings_of_process()
    from app.drafts import Draft, keep_draft, last_draft

    before = last_draft(out) if out.exists() and not force else None
    if out.exists() and not force and before is None:
        raise WrongUse(
            f"{out} exists and was left as it was, for no draft of it was kept; choose another --out "
            "or add --force."
        )
    if not out.absolute().parent.is_dir():
        raise WrongUse(f"--out is {str(out)!r}; the folder {str(out.absolute().parent)!r} does not exist.")
    if layer is not None and (views or asks or answer):
        raise WrongUse("--from takes what the files say; leave --views, --ask and --answer out.")
    from app.finding import described_location, imported_location
    from app.write import write_whole
    from sql.databases import without_password
    from sql.shop.layers import Imported
    from sql.shop.review import Asked
    from sql.shop.shopfile import dump_shop
    from ui.terminal import safe_terminal

    asked: list[Asked] = []
    given = _given_answers(answer or [])
    kept = before.answers if before is not None and not asks else {}

    def choose(question: Question) -> int:
        taken = 0
        if question.id in given:
            taken = given[question.id]
        elif asks:
            taken = _choice_of(question)
        elif kept.get(question.id) in question.choices:
            taken = question.choices.index(kept[question.id])
        if 0 <= taken < len(question.choices):  # else it is refused where it is asked
            asked.append(Asked(question=question, taken=taken))
        return taken

    try:
        found = (
            imported_location(url, layer)
            if layer is not None
            else described_location(url, with_views=views, ask=choose)
        )
    except ValueError as error:
        raise WrongUse(f"--answer: {error}") from error
    if unknown := sorted(set(given) - {each.question.id for each in asked}):
        raise WrongUse(
            f"--answer names {', '.join(unknown)}, which is not asked; asked are: "
            f"{', '.join(each.question.id for each in asked) or 'nothing'}."
        )
    shop = replace(found.shop, database=_seen_from(out, url))
    answered = [
        each
        for each in asked
        if asks or each.question.id in given or kept.get(each.question.id) == each.choice
    ]
    draft = Draft(text=dump_shop(shop), answers={each.question.id: each.choice for each in answered})
    if before is None:
        write_whole(out, draft.text.encode())
        say(f"Wrote {out}: {len(shop.views)} views of {without_password(url)}.")
    else:
        _merge_into(settings, out, before, draft)
    keep_draft(out, draft)
    for each in asked:
        if each in answered:
            continue
        question = each.question
        say(f"  {safe_terminal(question.text)} (--answer {safe_terminal(question.id)}=N)")
        for number, choice in enumerate(question.choices, 1):
            say(f"    {number}. {safe_terminal(choice)}{' (taken)' if number == 1 else ''}")

    def is_answered(place: str) -> bool:
        return place == "metrics.revenue" and bool(answered)

    for is_sure, title in ((True, "Decided:"), (False, "Please check, since only you know it:")):
        told = [d for d in found.decisions if d.is_sure == is_sure and not is_answered(d.place)]
        if told:
            say(title)
        for decision in told:
            say(f"  {safe_terminal(decision.text)}.")
    left_out = found.left_out if isinstance(found, Imported) else ()
    _tell_left_out(left_out, layer)
    if as_json:
        print_json(
            {
                "shop": str(out),
                "views": [view.name for view in shop.views],
                "metrics": [metric.name for metric in shop.metrics],
                "decided": [{"place": d.place, "text": d.text} for d in found.decisions if d.is_sure],
                "unsure": [{"place": d.place, "text": d.text} for d in found.decisions if not d.is_sure],
                "left_out": [
                    {"what": e.what, "file": str(e.place.path), "line": e.place.line, "reason": e.reason}
                    for e in left_out
                ],
                "questions": [
                    {
                        "id": each.question.id,
                        "text": each.question.text,
                        "choices": list(each.question.choices),
                        "taken": each.taken + 1,
                    }
                    for each in asked
                ],
            }
        )
        return
    say(f'Edit it, then ask: shoptalk ask --shop {out} "How many rows are in {shop.views[0].name}?"')
    print_text(str(out))


def _tell_left_out(left_out: Sequence[LeftOut], layer: Path | None) -> None:
    """What of a semantic layer has no form here; places are seen from the folder that was named."""
    from ui.terminal import safe_terminal

    if left_out:
        say("Left out:")
    for each in left_out:
        place = each.place.seen_from(layer or Path())
        say(f"  {safe_terminal(each.what)} ({safe_terminal(place)}): {safe_terminal(each.reason)}.")


def _merge_into(settings: Settings, out: Path, before: Draft, draft: Draft) -> None:
    """Put what changed between the drafts into the file that a person wrote into, and show it."""
    from app.drafts import difference, merged
    from app.finding import find_shop
    from app.write import write_whole
    from sql.errors import SqlError
    from sql.shop.workspace import open_workspace
    from ui.terminal import safe_terminal

    try:
        mine = out.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise WrongUse(f"{out} is not UTF-8 text and was left as it was; save it as UTF-8.") from error
    result = merged(before.text, mine, draft.text)
    trial = out.with_name(f".{out.stem}.trial.yml")  # beside it, for its database is named from there
    try:
        write_whole(trial, result.text.encode())
        open_workspace(find_shop(settings, str(trial))).close()
    except SqlError as error:
        reason = str(error).replace(str(trial), str(out))
        raise WrongUse(
            f"{out} was left as it was, for what you wrote and what the data changed do not go together: "
            f"{reason} Write the new draft elsewhere with another --out, or over it with --force."
        ) from error
    finally:
        trial.unlink(missing_ok=True)
    changed = difference(mine, result.text)
    if changed:
        write_whole(out, result.text.encode())
    say(f"Changed in {out}; what you wrote there stays:" if changed else f"Nothing to change in {out}.")
    for line in changed.splitlines():
        say(f"  {safe_terminal(line)}")
    if result.left:
        say("Left out, for you had changed the same lines:")
    for line in "\n".join(result.left).splitlines():
        say(f"  {safe_terminal(line)}")


def _given_answers(answers: Sequence[str]) -> dict[str, int]:
    """``ID=N`` → the place of the choice, from 0."""
    found = {}
    for each in answers:
        name, sign, number = each.rpartition("=")
        if not sign or not number.isdecimal():
            raise WrongUse(f"--answer is {each!r}; write ID=N, such as sold=2.")
        found[name] = int(number) - 1
    return found


def _choice_of(question: Question) -> int:
    """Ask at the terminal; Enter takes what the draft took."""
    from ui.terminal import ask_choice

    return ask_choice(question.text, question.choices, question.rows)


def _seen_from(out: Path, url: str) -> str:
    """A database's place as a description in ``out`` names it: paths start from the description's folder."""
    from sql.databases import file_of

    path = file_of(url)
    if "://" in path:
        return path
    folder, place = out.absolute().parent, Path(path).expanduser().absolute()
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place)


@app.command()
@expected_errors
def index(shop: ShopOption = None, role: RoleOption = None, user: UserOption = None) -> None:
    """Build the index of reviews and past reports anew."""
    settings = settings_of_process()
    from app.house import audited_role
    from app.library import open_texts

    person = _person(role, user)
    with audited_role(settings, "index", "", shop=shop, person=person) as workspace:
        built = open_texts(settings, workspace, rebuild=True)
        if built is None:
            raise WrongUse(
                f"Shop {workspace.shop.name!r} has no reviews that role {workspace.role.name!r} may read; "
                "nothing was built. Name them in shop.yml (reviews: …)."
            )
    print_text(f"{len(built):,} texts indexed")


@app.command()
@expected_errors
def weights(
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which model. Left out: SHOPTALK_MODEL, else the 1.5B one."),
    ] = None,
) -> None:
    """Bring the language model's weights and check them; nothing is fetched that is already there."""
    settings = settings_of_process()

    from app.engines import weights_of

    chosen = settings if model is None else replace(settings, model=model, model_path=None)
    with step("Looking for the weights"):
        path = weights_of(chosen)
    print_text(str(path))


@app.command()
@expected_errors
def doctor(shop: ShopOption = None, as_json: JsonOption = False) -> None:
    """Tell what is installed, which engine would run and why, what is missing and how to bring it.

    With --shop also whether its database opens, and what its role could do beyond reading.
    """
    settings = settings_of_process()
    from app.finding import find_shop
    from ui.doctor import examine

    findings = examine(settings, find_shop(settings, shop) if shop else None)
    if as_json:
        print_json(findings.to_json())
    else:
        print_text(findings.to_text())


if __name__ == "__main__":
    main()
