"""``POST /v1/chat/completions`` and ``GET /v1/models``: OpenAI's shape, for programs that speak it already.

The answer's words are the message; everything behind them stands in ``shoptalk``. The earlier questions in
the body are the conversation: one that was answered here is gone on with, any other is asked again, question
by question. What the body says an assistant or a system said is not believed.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.conversations import Conversations
from app.desk import Desk
from app.person import Person
from bot.answer import Answer, Event
from bot.memory import Conversation
from ui.command import finite
from ui.http.ask_routes import checked_question
from ui.http.asking import Questions
from ui.http.identity import person_of
from ui.http.problems import ClientGone, Problem, language_of, problem_of
from ui.http.requests import ANSWER, Completion, Message, problems
from ui.http.streams import SIGN_OF_LIFE, streamed, to_json

MODEL = "shoptalk"
MOST_ASKED_AGAIN = 5
"""Earlier questions that are asked again at most, the last ones."""


def openai_routes(desk: Desk, questions: Questions, talks: Conversations) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["OpenAI's shape"])

    @routes.get("/models", summary="The one model that there is", response_class=JSONResponse)
    async def models() -> Response:
        return JSONResponse(
            {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}]}
        )

    @routes.post(
        "/chat/completions",
        summary="Answer the last message",
        response_class=JSONResponse,
        responses={
            200: {"content": {"application/json": {"example": _whole(_head("chatcmpl-1"), ANSWER)}}},
            **problems(
                ("body_json", 400), ("body_large", 413), ("no_user_message", 422), ("content_kind", 422),
                ("question_long", 422), ("limit_minute", 429),
            ),
        },
    )  # fmt: skip
    async def complete(body: Completion, request: Request) -> Response:
        person, asked = person_of(request.scope), _questions(body.messages)
        desk.admit(person)
        again = _Again(desk, talks, person, asked)
        head = _head(f"chatcmpl-{uuid.uuid4().hex}", int(time.time()))
        if body.stream:
            return streamed(_chunks(request, questions, again, head))
        answer = await questions.answer(request, again.answer)
        return JSONResponse(finite(_whole(head, {**answer.to_json(), "id": answer.id})))

    return routes


_Head = dict[str, Any]


def _head(id: str, created: int = 0) -> _Head:
    """What every object of one completion begins with; ``created`` in seconds since 1970."""
    return {"id": id, "created": created, "model": MODEL}


def _whole(head: _Head, answer: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer["text"], "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**head, "object": "chat.completion", "choices": [choice], "shoptalk": answer}


def _chunk(head: _Head, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {**head, "object": "chat.completion.chunk", "choices": [choice]}


class _Again:
    """Answers the last of some questions, after those before it."""

    def __init__(self, desk: Desk, talks: Conversations, person: Person, questions: Sequence[str]) -> None:
        self._desk = desk
        self._talks = talks
        self._person = person
        self._questions = questions

    def answer(self, cancel: threading.Event) -> Iterator[Event]:
        """The steps of the last question's answer; those asked again are admitted like any other."""
        *earlier, last = self._questions
        memory = self._talks.recall(self._person, earlier) if earlier else None
        if memory is None:
            memory = Conversation()
            for question in earlier[-MOST_ASKED_AGAIN:]:
                self._desk.admit(self._person)
                for _ in self._desk.answer(self._person, question, memory, cancel):
                    pass
        for event in self._desk.answer(self._person, last, memory, cancel):
            if event.name == "done" and not cancel.is_set():
                self._talks.remember(self._person, self._questions, memory, event.data)
            yield event


def _questions(messages: Sequence[Message]) -> list[str]:
    """What the user asked, in order; the last of it is the question."""
    if messages[-1].role != "user":
        raise Problem("no_user_message", 422)
    return [checked_question(_text(message)) for message in messages if message.role == "user"]


def _text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    if any(part.type != "text" for part in message.content or ()):
        raise Problem("content_kind", 422)
    return "\n".join(part.text for part in message.content or ())


async def _chunks(request: Request, questions: Questions, again: _Again, head: _Head) -> AsyncIterator[str]:
    sent = ""
    yield _line(_chunk(head, {"role": "assistant", "content": ""}))
    try:
        async for event in questions.events(request, again.answer):
            if event is None or event.name == "waiting":
                yield SIGN_OF_LIFE
            elif event.name == "text" and event.data.startswith(sent):
                yield _line(_chunk(head, {"content": event.data[len(sent) :]}))
                sent = event.data
            elif event.name == "done":
                yield _line(_last(head, event.data, sent))
        yield "data: [DONE]\n\n"
    except ClientGone:
        return
    except Exception as error:
        yield _line({"error": problem_of(error).to_json(language_of(request.headers))})


def _last(head: _Head, answer: Answer, sent: str) -> dict[str, Any]:
    """The end of the words, and everything behind them."""
    rest = answer.text[len(sent) :] if answer.text.startswith(sent) else f"\n\n{answer.text}"
    chunk = _chunk(head, {"content": rest} if rest else {}, "stop")
    return chunk | {"shoptalk": {**answer.to_json(), "id": answer.id}}


def _line(data: dict[str, Any]) -> str:
    return f"data: {to_json(data)}\n\n"
