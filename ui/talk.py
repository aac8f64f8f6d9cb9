"""Who is talking and what has been said: the page's state and messages, without Gradio.

One :class:`Visitor` per browser tab holds its conversation, so that several people at once never mix.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.errors import (
    AppError,
    ConversationBusy,
    ConversationMissing,
    HouseClosed,
    Stopping,
    StoreAway,
    TooManyQuestions,
)
from bot.answer import Answer, Event
from bot.errors import NotRecorded
from bot.feedback import Verdict
from llm.waiting import Wait
from sql.errors import SqlError
from sql.shop.decisions import Decision
from sql.types import Table
from ui import present

if TYPE_CHECKING:
    from app.finding import Review
    from app.kept_uploads import KeptUpload, KeptUploads
    from app.page_talks import PageTalks
    from app.uploads import Brought
    from bot.memory import Conversation
    from bot.memory import Turn as Past

logger = logging.getLogger(__name__)

MAX_VISITORS = 500
"""Tabs remembered at most; the one unused for longest is forgotten first."""
MAX_TURNS = 100
"""Answers whose receipts one tab keeps."""
MAX_RECENT = 100
"""Conversations whose answers are at hand when their page is loaded again."""


class Answers(Protocol):
    """What the page needs of ``app.house.Seat``."""

    def answer(
        self, question: str, conversation: Any = None, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """The steps of one answer; ``done`` comes last."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One shop, ready to be talked with: everything that the page shows or calls."""

    assistant: Answers
    new_conversation: Callable[[], Any]
    shop: str
    role: str
    person: str = ""
    """Who talks, where there is a sign-in."""
    seen: str = ""
    """Names the role and the attributes that they have now: what was shown to others is not theirs to see."""
    roles: tuple[str, ...] = ()
    """Those that they may choose from; empty where there is no choice."""
    is_signed_in: bool = False
    """Whether they may sign out."""
    talks: PageTalks | None = None
    """Their conversations; ``None`` where none is kept."""
    suggestions: tuple[str, ...] = ()
    admit: Callable[[], None] = lambda: None
    """Called before each question, of their own files too; raises what ``app.desk.Desk.admit`` does."""
    has_list: bool = False
    """Whether the page shows the button for them."""
    keep_feedback: Callable[[Answer, Verdict], object] = lambda answer, verdict: None
    """Called with an answer and the thumb it was given."""
    open_files: Callable[[Sequence[Path]], OwnShop] | None = None
    """Opens files that a visitor brings; ``None`` where visitors may bring none."""
    kept: KeptUploads | None = None
    """Keeps such files for the same browser's next visit; ``None`` where they are gone with their tab."""
    open_kept: Callable[[KeptUpload], OwnShop] | None = None
    """Opens what is in keeping."""
    has_reports: bool = False
    """Whether kept reports stand at ``/reports`` beside the page."""
    reviewing: Reviewing | None = None
    """What only the owner knows of a shop that nobody described; ``None`` where visitors may not say."""


@dataclass(frozen=True, kw_only=True)
class Reviewing:
    """What only the owner knows of the page's own shop; answers are everybody's who asks that shop."""

    look: Callable[[], Review]
    """As the shop is now."""
    answer: Callable[[Mapping[str, str]], Review]
    """Takes other answers and keeps them; raises what that raises, and then nothing has changed."""


@dataclass(frozen=True, kw_only=True)
class OwnShop:
    """A shop made of a visitor's own files; theirs alone."""

    talk: Talk
    tables: tuple[str, ...]
    """What can be asked about."""
    close: Callable[[], None]
    """Deletes it; may be called several times."""
    decisions: tuple[Decision, ...] = ()
    """What was decided for it."""
    files: tuple[Path, ...] = ()
    """The visitor's files, there until it is closed."""
    review: Review | None = None
    """What only they know of it."""
    answered: Callable[[Mapping[str, str]], OwnShop] | None = None
    """Opens the same files with other answers."""


def own_shop(brought: Brought, new_conversation: Callable[[], Any]) -> OwnShop:
    """What the page shows of files that a visitor brought."""
    talk = Talk(
        assistant=brought.seat,
        new_conversation=new_conversation,
        shop=brought.shop,
        role=brought.role,
    )
    return OwnShop(
        talk=talk,
        tables=brought.tables,
        close=brought.close,
        decisions=brought.decisions,
        files=brought.files,
        review=brought.review,
        answered=lambda answers: own_shop(brought.answered(answers), new_conversation),
    )


@dataclass(kw_only=True)
class Turn:
    """One question with its answer, or what is known of it so far."""

    question: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""
    answer: Answer | None = None
    note: str = ""
    """A message of the page itself, in place of an answer."""
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    language: str = "en"
    is_in_line: bool = False
    """The last step tells the place in line."""
    is_about_review: bool = False
    """Beside it stands what only the owner knows, and no receipt."""
    recalled: Recalled | None = None
    """What was kept of it, where it was asked earlier."""
    is_asked: bool = True
    """Whether its answer is here or on the way."""
    is_kept: bool = False
    """Whether it stands in the conversation that is kept."""
    is_lost: bool = False
    """Whether it could not be kept."""

    @property
    def is_recalled(self) -> bool:
        """Whether only what was kept of it is shown."""
        return self.recalled is not None and not self.is_asked

    @property
    def is_running(self) -> bool:
        """Neither answered nor given up."""
        return self.is_asked and self.answer is None and not self.note


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """A question of a conversation that was opened again, and what went before it."""

    turn: Past
    before: Conversation


@dataclass(kw_only=True)
class Visitor:
    """The state of one browser tab."""

    conversation: Any
    turns: list[Turn] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)
    shown: int = -1
    """Index of the turn whose receipt is shown; -1 for none."""
    own: OwnShop | None = None
    """The visitor's own files, when they are talked about instead of the page's shop."""
    language: str = "en"
    """Of the browser."""
    review: Review | None = None
    """What the form of this tab asks."""
    browser: str | None = None
    """Its secret, under which its files are kept; ``None`` where nothing is kept."""
    talk: Talk | None = None
    """The page's shop as this visitor sees it; ``None`` before their first request."""
    kept: str = ""
    """Id of the conversation in the store; empty before it is kept, and where it is not."""
    banner: str = ""
    """Names the sentence that is told above the conversation; empty for none."""
    again: int | None = None
    """Index of the turn whose answer is wanted again, until that is asked."""
    is_next: bool = False
    """Another conversation went before, of which the browser may still have to show what was sent."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def is_busy(self) -> bool:
        """A question is being answered."""
        return any(turn.is_running for turn in self.turns)

    def begin(self, question: str) -> Turn | None:
        """A new turn at the end, its receipt chosen; ``None`` while another question is being answered."""
        with self._lock:  # a key pressed twice comes as two requests at the same moment
            if self.is_busy:
                return None
            turn = Turn(question=question)
            self.cancel = threading.Event()
            self.turns.append(turn)
            del self.turns[:-MAX_TURNS]
            self.shown = len(self.turns) - 1
            return turn

    def begin_again(self, index: int) -> Turn | None:
        """Ask a turn once more; ``None`` while a question is being answered."""
        with self._lock:
            if self.is_busy or not 0 <= index < len(self.turns):
                return None
            turn = self.turns[index]
            if turn.recalled is None or turn.answer is not None:
                return None
            self.cancel = threading.Event()
            turn.steps, turn.note, turn.text = [], "", ""
            turn.started, turn.is_asked = time.monotonic(), True
            self.shown = index
            return turn

    def act(self, did: str, note: str = "", *, is_about_review: bool = False) -> Turn:
        """A new turn of what was done on the page and no question; without a ``note`` it is under way."""
        turn = Turn(question=did, note=note, language=self.language, is_about_review=is_about_review)
        with self._lock:
            self.turns.append(turn)
            del self.turns[:-MAX_TURNS]
            self.shown = len(self.turns) - 1
        return turn


class Visitors:
    """All open tabs, by Gradio's session hash. Safe to use from several threads."""

    def __init__(self, new_conversation: Callable[[], Any], most: int = MAX_VISITORS) -> None:
        self._new_conversation = new_conversation
        self._most = most
        self._lock = threading.Lock()
        self._by_session: OrderedDict[str, Visitor] = OrderedDict()
        self._recent: OrderedDict[Hashable, list[Turn]] = OrderedDict()

    def note(self, key: Hashable, turns: Sequence[Turn]) -> None:
        """Have the answers of a conversation at hand for a while."""
        with self._lock:
            self._recent[key] = [replace(turn) for turn in turns if not turn.is_running]
            self._recent.move_to_end(key)
            while len(self._recent) > MAX_RECENT:
                self._recent.popitem(last=False)

    def noted(self, key: Hashable) -> list[Turn]:
        """Copies of the turns that are at hand; none where they are not."""
        with self._lock:
            return [replace(turn) for turn in self._recent.get(key, ())]

    def of(self, session: str) -> Visitor:
        """The visitor of that session, new when unknown."""
        with self._lock:
            if session not in self._by_session:
                self._by_session[session] = Visitor(conversation=self._new_conversation())
                while len(self._by_session) > self._most:
                    _end(self._by_session.popitem(last=False)[1])
            self._by_session.move_to_end(session)
            return self._by_session[session]

    def restart(self, session: str) -> Visitor:
        """Forget that session's conversation and stop what it is waiting for; its own files stay open."""
        own = self.of(session).own
        return self.switch(session, own)

    def switch(self, session: str, own: OwnShop | None, *, after: Visitor | None = None) -> Visitor:
        """Begin a new conversation about ``own`` files, or about the page's shop again when ``None``.

        Files that were open before, and are others, are closed.

        Args:
            after: who asked for it, a while ago; when that is no more who is there, ``own`` is closed again
                and nothing changes.
        """
        with self._lock:
            before = self._by_session.get(session)
            if after is not None and before is not after:
                if own is not None:
                    own.close()
                return after
            self._by_session.pop(session, None)
            new = own.talk.new_conversation if own is not None else self._new_conversation
            is_next = before is not None and (before.is_next or bool(before.turns))
            visitor = Visitor(conversation=new(), own=own, is_next=is_next)
            if before is not None:
                visitor.language, visitor.browser = before.language, before.browser
                visitor.talk = before.talk
                visitor.review = before.review if before.own is own else None
            self._by_session[session] = visitor
        if before is not None:
            before.cancel.set()
            if before.own is not None and before.own is not own:
                before.own.close()
        return visitor

    def exchange(self, session: str, visitor: Visitor, before: OwnShop, own: OwnShop) -> None:
        """Go on talking about the same files with other answers, unless the visitor has left them."""
        with self._lock:
            is_there = self._by_session.get(session) is visitor and visitor.own is before
            if is_there:
                visitor.own = own
        (before if is_there else own).close()  # a question that is being answered ends first

    def forget(self, browser: str) -> None:
        """Close the files of all tabs of that browser."""
        with self._lock:
            own = [each.own for each in self._by_session.values() if each.browser == browser and each.own]
        for each in own:
            each.close()

    def holds(self, session: str, visitor: Visitor) -> bool:
        """Whether ``visitor`` is still that session's: no new conversation was begun, and the tab is open."""
        with self._lock:
            return self._by_session.get(session) is visitor

    def leave(self, session: str) -> None:
        """The tab was closed: stop its question, delete its files and forget it."""
        with self._lock:
            visitor = self._by_session.pop(session, None)
        if visitor is not None:
            _end(visitor)

    def close(self) -> None:
        """The page ends: as if every tab were closed."""
        with self._lock:
            sessions = list(self._by_session)
        for session in sessions:
            self.leave(session)

    def __len__(self) -> int:
        with self._lock:
            return len(self._by_session)


def _end(visitor: Visitor) -> None:
    visitor.cancel.set()
    if visitor.own is not None:
        visitor.own.close()


# --- from events to messages -----------------------------------------------------------------------------


def follow(talk: Talk, visitor: Visitor, question: str) -> Generator[Turn, None, None]:
    """Ask and yield the growing turn after each event; the last one has an answer or a note.

    Yields nothing, and asks nothing, while the visitor's last question is being answered. An error here is a
    bug of ours or a surprise of the machine: it is logged whole, and told in one sentence.
    """
    turn = visitor.begin(question)
    if turn is not None:
        yield from _follow(talk, visitor, turn, lambda cancel: _kept(talk, visitor, turn, cancel))


def follow_again(talk: Talk, visitor: Visitor, index: int) -> Generator[Turn, None, None]:
    """The same for a question that was asked earlier; nothing of it is kept anew."""
    turn = visitor.begin_again(index)
    if turn is not None and turn.recalled is not None:
        before, past = deepcopy(turn.recalled.before), turn.recalled.turn
        yield from _follow(
            talk, visitor, turn, lambda cancel: talk.assistant.answer(past.question, before, cancel)
        )
        if turn.note:
            turn.is_asked, turn.answer = False, None  # it may be asked once more


def _kept(talk: Talk, visitor: Visitor, turn: Turn, cancel: threading.Event) -> Iterator[Event]:
    """The steps of an answer, the last one when the conversation is kept."""
    if talk.talks is None:
        yield from talk.assistant.answer(turn.question, visitor.conversation, cancel)
        return
    held = talk.talks.begin(visitor.kept)
    if not visitor.kept:
        held.memory = visitor.conversation
    try:
        for event in talk.assistant.answer(turn.question, held.memory, cancel):
            if event.name == "done":
                try:
                    talk.talks.keep(held, event.data)
                    visitor.kept, turn.is_kept, visitor.banner = held.id, True, ""
                except (ConversationBusy, StoreAway) as error:
                    logger.error("A conversation could not be kept: %s", type(error).__name__)
                    turn.is_lost = True
            yield event
    finally:
        talk.talks.release(held)


def _follow(
    talk: Talk, visitor: Visitor, turn: Turn, ask: Callable[[threading.Event], Iterator[Event]]
) -> Generator[Turn, None, None]:
    cancel = visitor.cancel
    try:
        yield turn
        (visitor.talk or talk).admit()
        for event in ask(cancel):
            _take(turn, event)
            yield turn
    except TooManyQuestions as error:
        turn.note = present.limit_words(error, visitor.language)
    except Stopping:
        turn.note = present.word("stopping", visitor.language)
    except ConversationBusy:
        turn.note = present.word("talk_busy", visitor.language)
    except ConversationMissing:
        turn.note = present.word("talk_gone", visitor.language)
    except StoreAway:
        logger.error("The conversations cannot be reached now.")
        turn.note = present.word("talk_away", visitor.language)
    except HouseClosed:  # in another tab of the same browser
        turn.note = present.word("upload_gone", turn.language)
    except (AppError, SqlError, NotRecorded) as error:  # the shop could not be opened for this question
        logger.warning("A shop could not be opened: %s", type(error).__name__)  # its words may quote it
        turn.note = present.word("unopened", turn.language)
    except Exception:
        logger.exception("A question could not be answered")
        turn.note = present.word("broken", turn.language)
    finally:
        turn.seconds = time.monotonic() - turn.started
        if turn.is_running:  # the generator was closed, or ended without ``done``
            turn.note = present.word("stopped", turn.language)
    if cancel.is_set() and (turn.answer is None or turn.answer.status != "answered"):
        turn.note = present.word("stopped", turn.language)
    yield turn


def _take(turn: Turn, event: Event) -> None:
    """Put what ``event`` says into ``turn``."""
    if event.name != "waiting":
        turn.is_in_line = False
    if event.name == "waiting":
        _wait(turn, event.data)
    elif event.name == "understood":
        turn.language = event.data.get("language") or turn.language
        understood = event.data.get("standalone_question", turn.question)
        turn.steps.append((present.word("understood", turn.language), understood))
    elif event.name == "sql":
        turn.steps.append((present.word("sql", turn.language), ""))
    elif event.name == "rows":
        table: Table = event.data
        count = present.row_count(table, turn.language)
        turn.steps.append(
            (present.word("rows", turn.language, rows=count, seconds=f"{table.seconds:.2f}"), "")
        )
    elif event.name == "text":
        turn.text = event.data
    elif event.name == "done":
        turn.answer = event.data
        turn.text = event.data.text
        turn.language = event.data.language or turn.language


def _wait(turn: Turn, wait: Wait) -> None:
    """Say what is waited for; a new place in line takes the place of the last one."""
    step = present.word(f"waiting_{wait.what}", turn.language, **wait.values)
    is_line = wait.what == "line"
    if is_line and turn.is_in_line:
        turn.steps[-1] = (step, "")
    else:
        turn.steps.append((step, ""))
    turn.is_in_line = is_line


def messages_of(turns: list[Turn]) -> list[dict[str, Any]]:
    """The conversation as the chatbot's messages: question, steps, text."""
    return [message for turn in turns for message in _messages(turn)]


def turn_at(turns: list[Turn], index: int) -> int | None:
    """Index of the turn that message ``index`` belongs to; ``None`` when there is none."""
    end = 0
    for i, turn in enumerate(turns):
        end += len(_messages(turn))
        if index < end:
            return i
    return None


def _messages(turn: Turn) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": present.literal_markdown(turn.question)}]
    language = turn.language
    if turn.recalled is not None and turn.is_recalled:
        return [*messages, *_recalled(turn, turn.recalled.turn)]
    if turn.is_running or turn.steps:
        steps = "\n".join(
            f"- {title}{': ' if detail else ''}{present.literal_markdown(detail)}"
            for title, detail in turn.steps
        )
        title = present.word("working" if turn.is_running else "how", language)
        if not turn.is_running:
            title += f" · {present.word('seconds', language, n=f'{turn.seconds:.1f}')}"
        status = "pending" if turn.is_running else "done"
        messages.append(
            {"role": "assistant", "content": steps, "metadata": {"title": title, "status": status}}
        )
    if turn.note:
        messages.append({"role": "assistant", "content": turn.note})
    elif turn.text:
        message: dict[str, Any] = {"role": "assistant", "content": present.tame_markdown(turn.text)}
        if turn.answer is not None and turn.answer.options:
            # The options stand below as buttons; the words need not repeat them.
            message["content"] = present.tame_markdown(present.without_options(turn.answer))
            message["options"] = [{"label": o, "value": o} for o in turn.answer.options]
        messages.append(message)
    if turn.is_lost:
        messages.append({"role": "assistant", "content": present.word("talk_lost", language)})
    return messages


def _recalled(turn: Turn, past: Past) -> Iterator[dict[str, Any]]:
    """What was kept of a question, with a button that asks it again."""
    if turn.note:
        yield {"role": "assistant", "content": turn.note}
    read_as = past.read_as or past.statement
    if past.status == "answered":
        told = present.word("recalled_read_as" if read_as else "recalled", turn.language)
    else:
        told, read_as = present.word(f"recalled_{past.status}", turn.language), ""
    again = present.word("recalled_again", turn.language)
    yield {
        "role": "assistant",
        "content": f"{told} {present.literal_markdown(read_as)}".strip(),
        "options": [{"label": again, "value": again}],
    }
