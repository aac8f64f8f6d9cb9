"""The seam of all chats: a question in a thread, and one message that grows into its answer."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Protocol

from app.desk import Desk
from app.errors import AppError, HouseClosed, Stopping, TooManyQuestions
from app.feedback_log import FeedbackLog
from app.person import Person
from bot.answer import Answer
from bot.errors import NotRecorded
from bot.feedback import Verdict
from bot.memory import Conversation
from sql.errors import SqlError
from telling.phrases import plain_text
from ui import present
from ui.chats.replies import Reply, language_of, reply_of, words_in
from ui.chats.threads import Thread, Threads

logger = logging.getLogger(__name__)

MOST_ANSWERS = 2_000
"""Answers that a button can still be about; older ones are forgotten first."""


class Message(Protocol):
    """One message in a chat, which grows; an adapter writes it. Called from one thread at a time.

    What an adapter cannot show, it logs; no method raises for a chat program that is out of reach.
    """

    def grow(self, text: str) -> None:
        """Show ``text``, plain, unless something was shown a moment ago."""

    def finish(self, reply: Reply, id: str) -> None:
        """Show the answer for good; ``id`` is what its buttons name."""

    def note(self, sentence: str) -> None:
        """Show one sentence of ours in place of an answer."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a button needs of an answer: no rows and no quotes."""

    person: Person
    thread: Hashable
    answer: Answer
    sql: tuple[str, ...]
    options: tuple[str, ...]
    period_before: str
    memory: Conversation
    """As it was after that answer."""


class Chat:
    """One desk's questions from one chat program. Safe to use from several threads."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._threads = Threads()
        house = desk.house
        self._feedback = FeedbackLog.of(house.settings, house.store, house.shared.forgotten.times)
        self._lock = Lock()
        self._asked: OrderedDict[str, Asked] = OrderedDict()

    def ask(
        self,
        person: Person,
        thread: Hashable,
        question: str,
        message: Message,
        *,
        after: Conversation | None = None,
    ) -> None:
        """Answer in ``message``, after what was asked in the thread before; returns when that has begun.

        Args:
            thread: names the conversation.
            after: goes on with that conversation instead of the thread's.
        """
        language = language_of(question)
        try:
            self.desk.admit(person)
        except TooManyQuestions as error:
            limit = "limit_day" if error.is_day else "limit_minute"
            values = {"most": f"{error.most:,}", "seconds": f"{error.retry_after_s:,}"}
            message.note(present.word(limit, language, **values))
            return
        except Stopping:
            message.note(words_in(language).say("stopping"))
            return
        message.grow(present.word("working", language))  # at once, however many wait for a worker
        under_way = ExitStack()  # until it is shown: the process does not end before

        def job(it: Thread) -> None:
            with under_way:
                self._answer(person, thread, it, question, message, after)

        under_way.enter_context(self.desk.busy())
        if not self._threads.put(thread, job):
            under_way.close()
            message.note(words_in(language).say("thread_busy"))

    def asked(self, id: str, person: Person) -> Asked | None:
        """What is kept of an answer that ``person`` got; ``None`` for nothing, and for others' answers."""
        with self._lock:
            found = self._asked.get(id)
        return found if found is not None and found.person.id == person.id else None

    def judge(self, asked: Asked, verdict: Verdict) -> None:
        """Keep a thumb.

        Raises:
            OSError: it cannot be written.
        """
        self._feedback.add(asked.answer, verdict)

    def close(self) -> None:
        """Answer nothing more."""
        self._threads.close()

    def _answer(
        self,
        person: Person,
        key: Hashable,
        thread: Thread,
        question: str,
        message: Message,
        after: Conversation | None,
    ) -> None:
        if after is not None:
            thread.memory = _copy(after)
        language = language_of(question)
        cancel = Event()
        try:
            answer = self._follow(person, thread.memory, question, message, language, cancel)
        except (Stopping, HouseClosed):
            message.note(words_in(language).say("stopping"))
        except NotRecorded as error:
            logger.error("%s", error)
            message.note(present.word("unopened", language))
        except (AppError, SqlError) as error:  # its words may quote the database
            logger.error("A shop could not be opened for a chat: %s", type(error).__name__)
            message.note(present.word("unopened", language))
        except Exception:
            logger.exception("A question could not be answered")
            message.note(present.word("broken", language))
        else:
            if cancel.is_set() and answer.status != "answered":
                message.note(present.word("stopped", language))
                return
            last = thread.memory.turns[-1] if thread.memory.turns else None
            period = last.period if last is not None and last.question == question else None
            reply = reply_of(answer, period)
            self._keep(person, key, thread.memory, reply)
            message.finish(reply, answer.id)

    def _follow(
        self,
        person: Person,
        memory: Conversation,
        question: str,
        message: Message,
        language: str,
        cancel: Event,
    ) -> Answer:
        steps = [present.word("working", language)]
        answer: Answer | None = None
        for event in self.desk.answer(person, question, memory, cancel):
            if event.name == "waiting":
                steps = [steps[0], present.word(f"waiting_{event.data.what}", language, **event.data.values)]
            elif event.name == "understood":
                understood = event.data.get("standalone_question", question)
                steps = [f"{present.word('understood', language)}: {understood}"]
            elif event.name == "sql":
                steps.append(present.word("sql", language))
            elif event.name == "text":
                steps = [plain_text(event.data)]
            elif event.name == "done":
                answer = event.data
                continue
            message.grow("\n".join(steps))
        if answer is None:
            raise RuntimeError("the assistant ended without an answer")
        return answer

    def _keep(self, person: Person, key: Hashable, memory: Conversation, reply: Reply) -> None:
        answer = reply.answer
        bare = replace(
            answer, tables=tuple(replace(t, rows=()) for t in answer.tables), citations=(), chart=None
        )
        asked = Asked(
            person=person,
            thread=key,
            answer=bare,
            sql=reply.sql,
            options=reply.options,
            period_before=reply.period_before,
            memory=_copy(memory),
        )
        with self._lock:
            self._asked[answer.id] = asked
            while len(self._asked) > MOST_ANSWERS:
                self._asked.popitem(last=False)


def _copy(memory: Conversation) -> Conversation:
    return replace(memory, turns=list(memory.turns))
