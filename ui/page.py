"""The chat page: a conversation on the left, the receipt of the chosen answer on the right.

Built with Gradio and nothing from outside this machine: system fonts, no analytics, and a
Content-Security-Policy that lets the browser load from this server only. The state of each browser tab is in
``ui.talk``; what data and models write is made harmless in ``ui.present``. Importing this module imports
Gradio, which takes seconds.
"""

from __future__ import annotations

import logging
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import altair
import fastapi
import gradio as gr

from app.errors import AppError
from app.finding import Review
from app.uploads import MAX_MB
from bot.answer import Answer
from bot.feedback import Verdict
from bot.request_id import steps_in_request
from sql.errors import SqlError
from sql.types import Table
from ui import present
from ui.own_files import answer_own, answer_page, bring_files, reopen_files
from ui.reopening import banner_html, note_answers, open_talk
from ui.review_form import answers_of, build_form, filled, is_open, told_answers
from ui.talk import Talk, Visitor, Visitors, follow, follow_again, messages_of, turn_at

logger = logging.getLogger(__name__)

COOKIE = "shoptalk_browser"
"""Holds the secret under which a browser's files are kept."""
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
"""What :func:`secrets.token_urlsafe` makes of 32 bytes; nothing shorter counts as a secret."""
COOKIE_S = 365 * 86_400
"""Seconds for which a browser remembers it, counted anew at every visit."""
_GREY = "#7d8b89"
CHART_LOOK: dict[str, Any] = {
    "background": "transparent",
    "view": {"stroke": None},
    "font": "system-ui, sans-serif",
    "axis": {
        "labelColor": _GREY, "titleColor": _GREY, "gridColor": "rgba(128,140,138,0.22)", "domainColor": _GREY,
        "tickColor": _GREY, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 500,
        "labelLimit": 150,
    },
    "legend": {"labelColor": _GREY, "titleColor": _GREY},
    "title": {"color": _GREY},
    "line": {"color": "#14907f", "strokeWidth": 2.5},
    "point": {"color": "#14907f", "filled": True, "size": 45},
    "bar": {"color": "#14907f"},
    "area": {"color": "#14907f"},
}  # fmt: skip
"""A grey and a green that can be read on the light and on the dark page."""

SECURITY_HEADERS = {
    # Gradio's own code needs inline scripts and eval; Vega draws with blob: and data: pictures.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'",
    "Referrer-Policy": "same-origin",  # with "no-referrer" the Origin of its forms is "null"
    "X-Content-Type-Options": "nosniff",
}


CHROME: dict[str, dict[str, str]] = {
    "en": {
        "st_placeholder": "Ask about sales, stock or reviews…",
        "st_reports": "Reports",
        "st_new": "New conversation",
        "st_talks": "Conversations",
        "st_again": "Ask these again now",
        "st_open": "Open files",
        "st_back": "Back",
        "st_previous": "Last files",
        "st_forget": "Forget files",
        "st_review": "What only you know",
        "st_apply": "Apply my answers",
        "st_chart": "Chart",
        "st_table": "Rows",
        "st_csv": "Download CSV",
        "st_sql": "SQL",
        "st_which": "Which table",
        "st_input": "Your question",
    },
    "zh": {
        "st_placeholder": "可以问销售、库存、客户或评论……",
        "st_reports": "报告",
        "st_new": "新对话",
        "st_talks": "对话列表",
        "st_again": "现在重新提问",
        "st_open": "打开文件",
        "st_back": "返回",
        "st_previous": "上次的文件",
        "st_forget": "删除文件",
        "st_review": "只有您知道的事",
        "st_apply": "应用我的答案",
        "st_chart": "图表",
        "st_table": "数据",
        "st_csv": "下载 CSV",
        "st_sql": "SQL",
        "st_which": "哪个表",
        "st_input": "您的问题",
    },
}
"""The page's fixed words; the browser's language chooses."""

NAME_IT = "(id) => window.stName?.(id)"
"""Puts the conversation into the page's address: ``page_talks.js`` has it."""

RECEIPT_PARTS = ("summary", "chart", "which", "table_head", "table", "csv", "sql_box", "sql", "quotes")


NUMBERS = ("integer", "number")


def build_page(
    talk: Talk,
    downloads: Path,
    visitors: Visitors | None = None,
    talk_of: Callable[[gr.Request], Talk] | None = None,
) -> gr.Blocks:
    """The page as Gradio blocks.

    Args:
        talk: the shop to talk with; what everybody may see of it stands in the page.
        downloads: folder for the CSV files of this run; deleted with it by the caller.
        visitors: who is there, for the caller to close at the end; ``None`` keeps them here.
        talk_of: the same shop as the sender of a request sees it; ``None`` where all see the same.
    """
    i18n = gr.I18n(**_locales())
    visitors = visitors if visitors is not None else Visitors(talk.new_conversation)

    def visitor_of(request: gr.Request) -> Visitor:
        visitor = visitors.of(session_of(request))
        visitor.language, visitor.browser = _language(request), _browser(request)
        seen = visitor.talk = talk_here(request)
        if visitor.browser is not None and seen.person:
            visitor.browser = f"{seen.person} {visitor.browser}"
        return visitor

    def talk_here(request: gr.Request) -> Talk:
        return talk if talk_of is None else talk_of(request)

    def session_of(request: gr.Request) -> str:
        # A tab's name is the browser's to choose: it finds the tabs of the same person only.
        seen = talk_here(request)
        return f"{seen.person} {seen.seen} {request.session_hash}"

    with gr.Blocks(
        title=f"Shoptalk · {talk.shop}", analytics_enabled=False, fill_width=True, fill_height=True
    ) as page:
        with gr.Row(elem_id="st-header"):
            brand = gr.HTML(_header(talk), elem_id="st-brand", padding=False)
            forget = gr.Button(
                i18n("st_forget"), size="sm", elem_id="st-forget", scale=0, min_width=110, visible=False
            )
            previous = gr.Button(
                i18n("st_previous"), size="sm", elem_id="st-previous", scale=0, min_width=110, visible=False
            )
            back = gr.Button(
                i18n("st_back"), size="sm", elem_id="st-back", scale=0, min_width=90, visible=False
            )
            open_label: Any = i18n("st_open")
            bring = gr.UploadButton(
                open_label,
                size="sm",
                elem_id="st-open",
                scale=0,
                min_width=110,
                file_count="multiple",
                visible=talk.open_files is not None,
            )
            gr.Button(
                i18n("st_reports"),
                link="/reports",
                link_target="_blank",  # the conversation stays open
                size="sm",
                elem_id="st-reports",
                scale=0,
                min_width=90,
                visible=talk.has_reports,
            )
            gr.Button(  # page_talks.js shows the list
                i18n("st_talks"),
                size="sm",
                elem_id="st-talks",
                scale=0,
                min_width=110,
                visible=talk.has_list,
            )
            new = gr.Button(i18n("st_new"), size="sm", elem_id="st-new", scale=0, min_width=140)
            # Of the conversation that the tab shows: the browser sends it back, to a restarted server too.
            current = gr.Textbox(visible=False)
        with gr.Row(elem_id="st-body"):
            with gr.Column(scale=6, min_width=320, elem_id="st-talk"):
                banner = gr.HTML("", visible=False, elem_id="st-banner", padding=False)
                anew = gr.Button(i18n("st_again"), size="sm", elem_id="st-again", visible=False)
                chat = gr.Chatbot(
                    elem_id="st-chat",
                    show_label=False,
                    container=False,
                    height=None,
                    layout="bubble",
                    buttons=["copy"],
                    sanitize_html=True,
                    allow_tags=False,
                    latex_delimiters=[],
                    feedback_options=("Like", "Dislike"),
                    placeholder=_welcome(talk),
                    examples=_examples(talk),
                    allow_file_downloads=False,
                )
                gr.HTML(_jumps(), elem_id="st-jump")
                box = gr.Textbox(
                    elem_id="st-box",
                    show_label=False,
                    label=i18n("st_input"),
                    placeholder=i18n("st_placeholder"),
                    lines=1,
                    max_lines=6,
                    autofocus=True,
                    submit_btn=True,
                    stop_btn=False,
                    container=False,
                )
            with gr.Column(scale=5, min_width=320, elem_id="st-receipt"):
                summary = gr.HTML(_no_receipt(), elem_id="st-summary", padding=False)
                chart = gr.Plot(visible=False, label=i18n("st_chart"), elem_id="st-chart")
                which = gr.Radio(visible=False, label=i18n("st_which"), elem_id="st-which", choices=[])
                with gr.Row(visible=False, elem_id="st-table-head") as table_head:
                    rows = gr.HTML("", elem_id="st-rows", padding=False)
                    label: Any = i18n("st_csv")  # the component takes it; its annotation forgets
                    save = gr.DownloadButton(label, size="sm", elem_id="st-csv", scale=0, min_width=140)
                table = gr.Dataframe(
                    visible=False,
                    interactive=False,
                    show_label=False,
                    label=i18n("st_table"),
                    elem_id="st-table",
                    max_height=420,
                    wrap=True,
                    buttons=[],  # the CSV is the copy that keeps numbers as numbers
                    show_search="none",
                )
                with gr.Accordion(i18n("st_sql"), open=False, visible=False, elem_id="st-sql-box") as sql_box:
                    sql = gr.Code(
                        language="sql",
                        interactive=False,
                        show_label=False,
                        elem_id="st-sql",
                        wrap_lines=True,
                        show_line_numbers=False,
                        buttons=["copy"],
                        lines=1,
                    )
                quotes = gr.HTML("", visible=False, elem_id="st-quotes", padding=False)
                form = build_form(i18n("st_review"), i18n("st_apply"))

        above = [current, banner, anew]
        receipt = [form.box, summary, chart, which, table_head, rows, save, table, sql_box, sql, quotes]

        def review_of(visitor: Visitor) -> Review | None:
            if visitor.own is not None:
                return visitor.own.review
            try:
                return talk.reviewing.look() if talk.reviewing is not None else None
            except (AppError, SqlError) as error:
                logger.warning("The page's shop could not be looked at: %s", type(error).__name__)
                return None

        def show_receipt(visitor: Visitor, number: int = 0) -> list[Any]:
            turn = visitor.turns[visitor.shown] if 0 <= visitor.shown < len(visitor.turns) else None
            answer = turn.answer if turn else None
            review = visitor.review
            is_asked = review is not None and bool(review.asked)
            opens = is_asked and (turn.is_about_review if turn else is_open(review))
            box = gr.update(visible=is_asked, open=opens)
            if answer is None:
                none = "" if opens else _no_receipt(turn.language if turn else None)
                return [box, gr.update(value=none), *_hide_receipt()]
            return [box, *_receipt_updates(answer, number, downloads)]

        def frame(visitor: Visitor) -> list[Any]:
            told = banner_html(visitor)
            shows = gr.update(visible=any(turn.is_recalled for turn in visitor.turns))
            return [visitor.kept, gr.update(value=told, visible=bool(told)), shows]

        def ask(question: str, shown: str | None, request: gr.Request) -> Iterator[list[Any]]:
            session, visitor = session_of(request), visitor_of(request)
            seen = visitor.talk or talk
            again, visitor.again = visitor.again, None
            is_new_here = not (visitor.kept or visitor.turns or visitor.is_next)
            if shown and is_new_here and seen.talks is not None:
                visitor = open_talk(seen, visitors, session, shown)  # the server was started anew meanwhile
                visitor.banner = "" if visitor.banner == "talk_missing" else visitor.banner
            if again is not None or question.strip():
                asked = visitor.own.talk if visitor.own is not None else visitor.talk or talk
                steps = (
                    follow_again(asked, visitor, again)
                    if again is not None
                    else follow(asked, visitor, question)
                )
                yield from show_steps(session, visitor, steps_in_request(steps, _request_id(request)))
            else:  # nothing to ask: what was typed stays
                yield [gr.skip()] * (2 + len(receipt))

        def ask_anew(request: gr.Request) -> Iterator[list[Any]]:
            session, visitor = session_of(request), visitor_of(request)
            for index in [i for i, turn in enumerate(visitor.turns) if turn.is_recalled]:
                steps = follow_again(visitor.talk or talk, visitor, index)
                yield from show_steps(session, visitor, steps_in_request(steps, _request_id(request)))
                if visitor.turns[index].answer is None or visitor.cancel.is_set():
                    return

        def show_steps(session: str, visitor: Visitor, steps: Iterator[Any]) -> Iterator[list[Any]]:
            idle = gr.update(submit_btn=True, stop_btn=False)
            busy = gr.update(value="", submit_btn=False, stop_btn=True)
            is_asked = False
            for _ in steps:
                if not visitors.holds(session, visitor):
                    return  # the page shows another conversation now
                receipt_update = [gr.skip()] * len(receipt) if is_asked else show_receipt(visitor)
                yield [messages_of(visitor.turns), gr.skip() if is_asked else busy, *receipt_update]
                is_asked = True
            if is_asked:
                note_answers(visitor.talk or talk, visitors, visitor)
                yield [messages_of(visitor.turns), idle, *show_receipt(visitor)]
            else:  # the last question is still being answered: what was typed stays
                yield [gr.skip()] * (2 + len(receipt))

        def settle(request: gr.Request) -> list[Any]:
            # The browser takes each request's updates one by one, and may come to the last ones of an old
            # conversation only after the new one was shown. What the server knows now has the last word.
            visitor = visitor_of(request)
            if not visitor.is_next:
                return [*frame(visitor), *[gr.skip()] * (2 + len(receipt))]
            buttons = gr.update(submit_btn=not visitor.is_busy, stop_btn=visitor.is_busy)
            return [*frame(visitor), messages_of(visitor.turns), buttons, *show_receipt(visitor)]

        def stop(request: gr.Request) -> None:
            visitor_of(request).cancel.set()

        def start_over(request: gr.Request) -> list[Any]:
            visitor = visitors.restart(session_of(request))
            box_update = gr.update(value="", submit_btn=True, stop_btn=False)
            return [*frame(visitor), [], box_update, *show_receipt(visitor)]

        def open_files(files: Sequence[str] | None, request: gr.Request) -> list[Any]:
            visitor, paths = visitor_of(request), [Path(file) for file in files or ()]
            note, own = bring_files(talk, paths, visitor.language, visitor.browser)
            if own is not None:
                visitor = visitors.switch(session_of(request), own, after=visitor)
            visitor.act(", ".join(path.name for path in paths) or "—", note, is_about_review=own is not None)
            return show_all(visitor)

        def arrive(request: gr.Request) -> Iterator[list[Any]]:
            visitor = visitor_of(request)
            kept = talk.kept.find(visitor.browser) if talk.kept is not None else None
            named, seen = str(request.query_params.get("conversation", "")), visitor.talk or talk
            if named and seen.talks is not None:
                yield show_all(open_talk(seen, visitors, session_of(request), named))
            elif kept is not None and kept.is_shown:
                yield from reopen(request)
            else:
                yield show_all(visitor)

        def reopen(request: gr.Request) -> Iterator[list[Any]]:
            visitor = visitor_of(request)
            kept = talk.kept.find(visitor.browser) if talk.kept is not None else None
            if talk.kept is None or visitor.browser is None or kept is None:  # forgotten in another tab
                yield show_all(visitor)
                return
            names = ", ".join(file.name for file in kept.files)
            turn = visitor.act(names)
            turn.steps.append((present.word("upload_opening", visitor.language), ""))
            yield show_all(visitor)
            note, own = reopen_files(talk, kept, visitor.language)
            turn.steps.clear()
            turn.note = note
            if own is not None:
                visitor = visitors.switch(session_of(request), own, after=visitor)
                if visitor.own is own:
                    talk.kept.show(visitor.browser or "", True)
                    visitor.act(names, note, is_about_review=True)
            yield show_all(visitor)

        def go_back(request: gr.Request) -> list[Any]:
            visitor = visitor_of(request)
            if talk.kept is not None and visitor.browser is not None:
                talk.kept.show(visitor.browser, False)
            return show_all(visitors.switch(session_of(request), None))

        def forget_files(request: gr.Request) -> list[Any]:
            visitor = visitor_of(request)
            if talk.kept is not None and visitor.browser is not None:
                talk.kept.forget(visitor.browser)
                visitors.forget(visitor.browser)
            if visitor.own is not None:
                visitor = visitors.switch(session_of(request), None)
            word = present.word
            visitor.act(
                word("upload_forgetting", visitor.language), word("upload_forgotten", visitor.language)
            )
            return show_all(visitor)

        def apply(request: gr.Request, *values: Any) -> Iterator[list[Any]]:
            visitor = visitor_of(request)
            own, review, language = visitor.own, visitor.review, visitor.language
            if review is None:
                yield show_all(visitor)
                return
            given = answers_of(values)
            answers = {**review.answers, **given}
            turn = visitor.act(told_answers(review, given, language), is_about_review=True)
            turn.steps.append((present.word("review_applying", language), ""))
            yield show_all(visitor, fills_form=False)
            if own is None and talk.reviewing is not None:
                note = answer_page(talk.reviewing, review, answers, language)
            elif own is not None:
                note, new = answer_own(talk, own, answers, language, visitor.browser)
                if new is not None:
                    visitors.exchange(session_of(request), visitor, own, new)
            turn.steps.clear()
            turn.note = note
            yield show_all(visitor)

        def show_all(visitor: Visitor, *, fills_form: bool = True) -> list[Any]:
            own, seen = visitor.own, visitor.talk or talk
            review = visitor.review = review_of(visitor)
            is_kept = talk.kept is not None and talk.kept.find(visitor.browser) is not None
            fields = filled(review, visitor.language, tells_decisions=own is None)
            return [
                *frame(visitor),
                gr.update(value=messages_of(visitor.turns), examples=_examples(seen)),
                gr.update(value=_header(own.talk if own is not None else seen, visitor.language)),
                gr.update(visible=is_kept),
                gr.update(visible=is_kept and own is None),
                gr.update(visible=own is not None),
                gr.update(value=None),
                *(fields if fills_form else [gr.skip()] * len(fields)),
                *show_receipt(visitor),
            ]

        def choose_answer(event: gr.SelectData, request: gr.Request) -> list[Any]:
            visitor = visitor_of(request)
            index = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
            chosen = turn_at(visitor.turns, int(index))
            if chosen is None or visitor.turns[chosen].is_running:
                return [gr.skip()] * len(receipt)
            visitor.shown = chosen
            return show_receipt(visitor)

        def choose_table(number: int | None, request: gr.Request) -> list[Any]:
            return show_receipt(visitor_of(request), number or 0)

        def rate(event: gr.LikeData, request: gr.Request) -> None:
            visitor = visitor_of(request)
            index = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
            chosen = turn_at(visitor.turns, int(index))
            answer = visitor.turns[chosen].answer if chosen is not None else None
            if answer is not None and visitor.own is None:  # of their own files no answer is kept
                try:
                    talk.keep_feedback(answer, _verdict(event.liked))
                except OSError as error:
                    logger.error("A verdict could not be kept: %s", type(error).__name__)
                    raise gr.Error(
                        present.word("not_kept", visitor.language), print_exception=False
                    ) from error

        def leave(request: gr.Request) -> None:
            visitors.leave(session_of(request))

        def picked(event: gr.SelectData) -> str:
            value = event.value
            return str(value["text"] if isinstance(value, Mapping) else value)

        def chosen_option(event: gr.SelectData, request: gr.Request) -> str:
            visitor = visitor_of(request)
            index = event.index[0] if isinstance(event.index, (list, tuple)) else event.index
            chosen = turn_at(visitor.turns, int(index))
            if chosen is None or visitor.turns[chosen].recalled is None or visitor.turns[chosen].answer:
                return picked(event)
            visitor.again = chosen
            return ""

        # Every question of every tab has its own worker; the engine itself takes one at a time.
        answering: dict[str, Any] = {
            "outputs": [chat, box, *receipt],
            # The server knows who is busy. The browser does not: with "once" it drops what is sent between
            # the last update and the end of its request, or after a new conversation was begun.
            "trigger_mode": "multiple",
            "show_progress": "hidden",
            "concurrency_limit": 16,
            "api_visibility": "private",
        }
        quiet: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
        for asking in (
            box.submit(ask, [box, current], **answering),
            chat.example_select(picked, None, box, **quiet).then(ask, [box, current], **answering),
            chat.option_select(chosen_option, None, box, **quiet).then(ask, [box, current], **answering),
            anew.click(ask_anew, None, **answering),
        ):
            settled = asking.then(settle, None, [*above, chat, box, *receipt], **quiet)
            settled.then(None, [current], None, js=NAME_IT, **quiet)
        box.stop(stop, None, None, **quiet)
        begun = new.click(start_over, None, [*above, chat, box, *receipt], **quiet)
        begun.then(None, [current], None, js=NAME_IT, **quiet)
        chat.select(choose_answer, None, receipt, **quiet)
        chat.like(rate, None, None, **quiet)
        everything = [*above, chat, brand, forget, previous, back, bring, *form.fields, *receipt]
        slow: dict[str, Any] = {**answering, "outputs": everything, "concurrency_limit": 4}
        others = [
            bring.upload(open_files, [bring], everything, api_visibility="private"),
            back.click(go_back, None, everything, **quiet),
        ]
        if talk.kept is not None:
            others += [
                previous.click(reopen, None, **slow),
                forget.click(forget_files, None, everything, **quiet),
            ]
        for other in others:
            other.then(None, [current], None, js=NAME_IT, **quiet)
        if talk.open_files is not None or talk.reviewing is not None:
            form.apply.click(apply, list(form.questions), **slow)
        if talk.open_files is not None or talk.reviewing is not None or talk_of is not None:
            page.load(arrive, None, **slow)
        which.input(choose_table, [which], receipt, **quiet)
        page.unload(leave)
    page.i18n_instance = i18n
    return page  # type: ignore[no-any-return]


def _examples(talk: Talk) -> list[Any]:
    return [{"text": suggestion} for suggestion in talk.suggestions]


def _language(request: gr.Request) -> str:
    """``zh`` for a browser that prefers Chinese, else ``en``."""
    return "zh" if str(request.headers.get("accept-language", "")).lower().startswith("zh") else "en"


def _request_id(request: gr.Request) -> str:
    """Of the request that a browser sent; empty where the page is shown without a server of ours."""
    sent = request.request
    return str(sent.scope.get("state", {}).get("request_id", "")) if sent is not None else ""


def _browser(request: gr.Request) -> str | None:
    """The secret of the browser; ``None`` for one that keeps no cookies."""
    cookies: Any = request.cookies
    return _secret(dict(cookies))


def _secret(cookies: Mapping[str, str]) -> str | None:
    found = str(cookies.get(COOKIE, ""))
    return found if SECRET.fullmatch(found) else None


def _receipt_updates(answer: Answer, number: int, downloads: Path) -> list[Any]:
    """What the receipt's components show for ``answer``, with its table ``number``."""
    table = answer.tables[number] if number < len(answer.tables) else None
    chart = _chart(answer)
    choices = [(f"{i + 1} · {present.row_count(t, answer.language)}", i) for i, t in enumerate(answer.tables)]
    return [
        gr.update(value=present.summary_html(answer)),
        gr.update(value=chart, visible=chart is not None),
        gr.update(choices=choices, value=number, visible=len(choices) > 1),
        gr.update(visible=table is not None),
        gr.update(value=_rows_line(table, answer.language)),
        gr.update(value=str(_csv_file(table, downloads)) if table is not None else None),
        gr.update(
            value=_frame(table, answer.language),
            datatype=_datatypes(table),
            column_widths=present.column_widths(table) if table is not None else [],
            visible=table is not None,
        ),
        gr.update(visible=table is not None),
        gr.update(value=_receipt(answer, table)),
        gr.update(
            value=present.quotes_html(answer.citations, answer.language), visible=bool(answer.citations)
        ),
    ]


def _hide_receipt() -> list[Any]:
    hidden = gr.update(visible=False)
    return [
        hidden,
        hidden,
        hidden,
        gr.update(value=""),
        gr.update(value=None),
        hidden,
        hidden,
        gr.skip(),
        hidden,
    ]


def _verdict(liked: Any) -> Verdict:
    """Gradio's word for a thumb as ours; clicking the same thumb again takes it back."""
    if liked in (True, "Like"):
        return "up"
    return "down" if liked in (False, "Dislike") else "none"


def _frame(table: Table | None, language: str) -> dict[str, Any] | None:
    if table is None:
        return None
    return {
        "headers": present.headers(table),
        "data": [[present.cell(v) for v in row] for row in table.rows],
        # Sorted by the value, shown as the answer's words print it.
        "metadata": {
            "display_value": [present.shown_row(table, row, language) for row in table.rows],
            "styling": None,
        },
    }


def _datatypes(table: Table | None) -> list[str]:
    return [] if table is None else ["number" if c.type in NUMBERS else "str" for c in table.columns]


def _rows_line(table: Table | None, language: str) -> str:
    return "" if table is None else f'<p class="st-rows">{present.row_count(table, language)}</p>'


def _receipt(answer: Answer, table: Table | None) -> str:
    """The statement of the question language as a comment, then the SQL over the shop's views."""
    if table is None:
        return ""
    first = bool(answer.tables) and table is answer.tables[0]
    head = f"-- {' '.join(answer.statement.split())}\n" if answer.statement and first else ""
    return head + table.query.written


def _csv_file(table: Table, downloads: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="csv-", dir=downloads))
    path = folder / f"shoptalk-{time.strftime('%Y%m%d-%H%M%S')}.csv"
    path.write_bytes(present.to_csv(table))
    return path


def _chart(answer: Answer) -> Any | None:
    """The answer's chart for ``gr.Plot``; a specification that altair refuses is logged and left out."""
    if answer.chart is None:
        return None
    try:
        return altair.Chart.from_dict(
            {
                **answer.chart,
                "width": "container",
                "config": CHART_LOOK | dict(answer.chart.get("config", {})),
            }
        )
    except Exception:  # altair raises jsonschema's errors and its own; the answer stands without its picture
        logger.exception("A chart could not be drawn")
        return None


def _header(talk: Talk, language: str = "en") -> str:
    who = " · ".join(filter(None, (talk.role, talk.person.removeprefix("oidc/"))))
    return (
        '<div class="st-brand"><span class="st-mark" aria-hidden="true"></span><strong>Shoptalk</strong>'
        f'<span class="st-shop">{present.safe_html(talk.shop)}</span>'
        f"{_who(talk, who, language)}</div>"
    )


def _who(talk: Talk, who: str, language: str) -> str:
    """Who is signed in, with what they may do about it."""
    if not talk.is_signed_in:
        return f'<span class="st-role">{present.safe_html(who)}</span>'
    word, choice = present.word, ""
    if talk.roles:
        options = "".join(
            f"<option{' selected' if role == talk.role else ''}>{present.safe_html(role)}</option>"
            for role in talk.roles
        )
        choice = (
            f'<form method="post" action="/role"><label>{word("who_role", language)} '
            f'<select name="role">{options}</select></label>'
            f"<button>{word('who_change', language)}</button><p>{word('who_hint', language)}</p></form>"
        )
    return (
        f'<details class="st-who"><summary class="st-role">{present.safe_html(who)}</summary>'
        f'<div class="st-who-menu">{choice}<form method="post" action="/sign-out">'
        f"<button>{word('who_leave', language)}</button></form></div></details>"
    )


def _welcome(talk: Talk) -> str:
    return (
        '<div class="st-welcome"><h2>Ask your shop.<span lang="zh">向您的店铺提问。</span></h2>'
        "<p>English or Chinese. Every figure comes with its receipt: the SQL, the rows, the quotes.</p></div>"
    )


def _jumps() -> str:
    """Buttons that a phone shows: what stands beside the conversation lies below it there."""
    names = {
        "receipt": "Receipt · 凭据 ↓",
        "review": " · ".join(present.word("review_title", language) for language in ("en", "zh")) + " ↓",
    }
    return "".join(
        f'<button type="button" class="st-jump st-jump-{part}">{name}</button>'
        for part, name in names.items()
    )


def _no_receipt(language: str | None = None) -> str:
    languages = [language] if language else ["en", "zh"]
    lines = "<br>".join(
        f'<span lang="{code}">{present.word("no_receipt", code)}</span>' for code in languages
    )
    return f'<p class="st-empty">{lines}</p>'


def _locales() -> dict[str, dict[str, str]]:
    return {"en": CHROME["en"], "zh": CHROME["zh"], "zh-CN": CHROME["zh"], "zh-TW": CHROME["zh"]}


# --- serving ---------------------------------------------------------------------------------------------


def build_app(
    talk: Talk,
    downloads: Path,
    visitors: Visitors | None = None,
    talk_of: Callable[[gr.Request], Talk] | None = None,
) -> fastapi.FastAPI:
    """The page as a web application, with headers that keep the browser on this server.

    See :func:`build_page` for the arguments.
    """
    page = build_page(talk, downloads, visitors, talk_of)
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.middleware("http")
    async def add_security_headers(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if talk.kept is not None and request.method == "GET" and request.url.path == "/":
            # Lax: with "strict" a browser that follows a link to this page would get another secret.
            response.set_cookie(
                COOKIE,
                _secret(request.cookies) or secrets.token_urlsafe(32),
                max_age=COOKIE_S,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        return response

    here = Path(__file__).parent
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=True,
        enable_monitoring=False,
        max_file_size=(MAX_MB + 1) * 1_000_000 if talk.open_files is not None else 0,
        pwa=False,
        mcp_server=False,
        i18n=page.i18n_instance,
        theme=_theme(),
        css_paths=[here / "page.css"],
        head=f"<style>{(here / 'frame.css').read_text('utf-8')}</style>"
        + "".join(
            f"<script>{(here / name).read_text('utf-8')}</script>" for name in ("page.js", "page_talks.js")
        ),
        favicon_path=str(here / "favicon.svg"),
        allowed_paths=[str(downloads)],
    )
    return app


def _theme() -> gr.themes.Base:
    """System fonts only; the colours are those of ``page.css``, named there once for light and dark."""
    colours = {
        "body_background_fill": "var(--st-ground)",
        "body_text_color": "var(--st-ink)",
        "body_text_color_subdued": "var(--st-muted)",
        "background_fill_primary": "var(--st-paper)",
        "background_fill_secondary": "var(--st-ground)",
        "block_background_fill": "var(--st-paper)",
        "border_color_primary": "var(--st-line)",
        "block_border_color": "var(--st-line)",
        "input_background_fill": "var(--st-paper)",
        "input_border_color": "var(--st-line)",
        "table_even_background_fill": "var(--st-paper)",
        "table_odd_background_fill": "var(--st-ground)",
        "table_text_color": "var(--st-ink)",
        "link_text_color": "var(--st-accent)",
    }
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.slate,
        font=[
            "system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Noto Sans CJK SC",
            "sans-serif",
        ],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )  # fmt: skip
    return theme.set(**colours, **{f"{name}_dark": value for name, value in colours.items()})
