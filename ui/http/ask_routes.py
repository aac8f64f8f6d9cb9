"""``POST /v1/ask`` and ``POST /v1/feedback``."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.conversations import Conversations, Talk
from app.desk import Desk
from app.feedback_log import FeedbackLog
from bot.answer import Answer, Event
from bot.understand import MAX_CHARACTERS
from ui.command import finite
from ui.http.asking import Questions
from ui.http.identity import person_of
from ui.http.problems import ClientGone, Problem, language_of, problem_of
from ui.http.requests import ANSWER, STREAM, Question, Verdict, problems
from ui.http.streams import SIGN_OF_LIFE, event, streamed


def checked_question(text: str) -> str:
    """The question as text that can be written down anywhere.

    Raises:
        Problem: it is empty or too long.
    """
    if not text.strip():
        raise Problem("question_empty", 422)
    if len(text) > MAX_CHARACTERS:
        raise Problem(
            "question_long", 422, values={"most": f"{MAX_CHARACTERS:,}", "length": f"{len(text):,}"}
        )
    return text.encode("utf-8", "replace").decode("utf-8")  # halves of characters become question marks


def ask_routes(desk: Desk, questions: Questions, talks: Conversations, feedback: FeedbackLog) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["ask"])

    @routes.post(
        "/ask",
        summary="Answer a question",
        response_class=JSONResponse,
        responses={
            200: {
                "description": "The answer, or with `Accept: text/event-stream` its steps, `done` last.",
                "content": {
                    "application/json": {"example": ANSWER},
                    "text/event-stream": {"example": STREAM},
                },
            },
            **problems(
                ("body_json", 400), ("conversation_missing", 404), ("conversation_busy", 409),
                ("body_large", 413), ("body_invalid", 422), ("question_empty", 422),
                ("question_long", 422), ("limit_minute", 429),
            ),
        },
    )  # fmt: skip
    async def ask(body: Question, request: Request) -> Response:
        person, text = person_of(request.scope), checked_question(body.question)
        talk = await run_sync(talks.begin, person, body.conversation)
        try:
            desk.admit(person)
        except BaseException:
            await run_sync(talks.release, talk)
            raise

        def asked(cancel: threading.Event) -> Iterator[Event]:
            return _kept(talks, talk, desk.answer(person, text, talk.memory, cancel))

        release = partial(talks.release, talk)
        if "text/event-stream" in request.headers.get("accept", ""):
            return streamed(_steps(request, questions, asked, talk, release))
        answer = await questions.answer(request, asked, release)
        return JSONResponse(finite(answer_json(answer, talk)))

    @routes.post(
        "/feedback",
        summary="Say whether an answer was good",
        response_class=JSONResponse,
        responses={
            200: {"content": {"application/json": {"example": {"answer": ANSWER["id"], "verdict": "down"}}}},
            **problems(("body_json", 400), ("answer_missing", 404), ("body_invalid", 422)),
        },
    )
    async def rate(body: Verdict, request: Request) -> Response:
        told = await run_sync(talks.answer, person_of(request.scope), body.answer)
        if told is None:
            raise Problem("answer_missing", 404)
        comment = body.comment.encode("utf-8", "replace").decode("utf-8")
        await run_sync(feedback.judge, told, body.verdict, comment)
        return JSONResponse({"answer": told.id, "verdict": body.verdict})

    return routes


def answer_json(answer: Answer, talk: Talk) -> dict[str, Any]:
    """The public contract, with what a client needs to go on: the answer's id and the conversation's."""
    return {**answer.to_json(), "id": answer.id, "conversation": talk.id}


def _kept(talks: Conversations, talk: Talk, events: Iterator[Event]) -> Iterator[Event]:
    """Pass the steps on, the last one when conversation and answer are kept."""
    for each in events:
        if each.name == "done":
            talks.keep(talk, each.data)
        yield each


async def _steps(
    request: Request, questions: Questions, asked: Any, talk: Talk, release: Callable[[], None]
) -> AsyncIterator[str]:
    """The steps as server-sent events. What breaks after the first one is an event too: ``problem``."""
    try:
        async for step in questions.events(request, asked, release):
            if step is None:
                yield SIGN_OF_LIFE
            elif step.name == "done":
                yield event("done", answer_json(step.data, talk))
            else:
                yield event(step.name, step.to_json())
    except ClientGone:
        return
    except Exception as error:
        yield event("problem", problem_of(error).to_json(language_of(request.headers)))
