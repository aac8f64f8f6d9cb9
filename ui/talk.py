"""Who is talking and what has been said: the page's state and messages, without Gradio.

One :class:`Visitor` per browser tab holds its conversation, so that several people at once never mix.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.answer import Answer, Event
from bot.feedback import Verdict
from bot.words import plain_text
from sql.types import Table
from ui import present

logger = logging.getLogger(__name__)

MAX_VISITORS = 500
"""Tabs remembered at most; the one unused for longest is forgotten first."""
MAX_TURNS = 100
"""Answers whose receipts one tab keeps."""


class Answers(Protocol):
    """What the page needs of ``bot.assistant.Assistant``."""

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
    suggestions: tuple[str, ...] = ()
    keep_feedback: Callable[[Answer, Verdict], object] = lambda answer, verdict: None
    """Called with an answer and the thumb it was given."""


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

    @property
    def is_running(self) -> bool:
        """Neither answered nor given up."""
        return self.answer is None and not self.note


@dataclass(kw_only=True)
class Visitor:
    """The state of one browser tab."""

    conversation: Any
    turns: list[Turn] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)
    shown: int = -1
    """Index of the turn whose receipt is shown; -1 for none."""

    @property
    def is_busy(self) -> bool:
        """A question is being answered."""
        return bool(self.turns) and self.turns[-1].is_running


class Visitors:
    """All open tabs, by Gradio's session hash. Safe to use from several threads."""

    def __init__(self, new_conversation: Callable[[], Any], most: int = MAX_VISITORS) -> None:
        self._new_conversation = new_conversation
        self._most = most
        self._lock = threading.Lock()
        self._by_session: OrderedDict[str, Visitor] = OrderedDict()

    def of(self, session: str) -> Visitor:
        """The visitor of that session, new when unknown."""
        with self._lock:
            if session not in self._by_session:
                self._by_session[session] = Visitor(conversation=self._new_conversation())
                while len(self._by_session) > self._most:
                    self._by_session.popitem(last=False)[1].cancel.set()
            self._by_session.move_to_end(session)
            return self._by_session[session]

    def restart(self, session: str) -> Visitor:
        """Forget that session's conversation and stop what it is waiting for."""
        self.leave(session)
        return self.of(session)

    def leave(self, session: str) -> None:
        """The tab was closed: stop its question and forget it."""
        with self._lock:
            visitor = self._by_session.pop(session, None)
        if visitor is not None:
            visitor.cancel.set()

    def __len__(self) -> int:
        with self._lock:
            return len(self._by_session)


# --- from events to messages -----------------------------------------------------------------------------


def follow(talk: Talk, visitor: Visitor, question: str) -> Iterator[Turn]:
    """Ask and yield the growing turn after each event; the last one has an answer or a note.

    An error here is a bug of ours or a surprise of the machine: it is logged whole, and told in one sentence.
    """
    turn = Turn(question=question)
    visitor.cancel = cancel = threading.Event()
    visitor.turns.append(turn)
    del visitor.turns[:-MAX_TURNS]
    visitor.shown = len(visitor.turns) - 1
    yield turn
    try:
        for event in talk.assistant.answer(question, visitor.conversation, cancel):
            _take(turn, event)
            yield turn
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
    if event.name == "understood":
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
            message["content"] = present.tame_markdown(_without_options(turn.answer))
            message["options"] = [{"label": o, "value": o} for o in turn.answer.options]
        messages.append(message)
    return messages


def _without_options(answer: Answer) -> str:
    """The words of a question back without the list of its options."""
    options = set(answer.options)
    kept = [
        line
        for line in answer.text.splitlines()
        if plain_text(line).lstrip(" -*•0123456789.)") not in options
    ]
    return "\n".join(kept).strip() or answer.text
