"""What may be sent, with examples, and what comes back: the bodies that OpenAPI describes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.understand import MAX_CHARACTERS
from ui.http.problems import MEDIA_TYPE, Problem

ANSWER: dict[str, Any] = {
    "question": "What was the revenue last month?",
    "standalone_question": "What was the revenue last month?",
    "language": "en",
    "skill": "…",
    "status": "answered",
    "text": "Revenue (May 2026: 2026-05-01 to 2026-05-31): **150.00 EUR**.",
    "sql": ["SELECT SUM(amount) AS revenue FROM …"],
    "tables": [{"columns": [{"name": "revenue", "type": "number"}], "rows": [[150.0]], "truncated": False}],
    "chart": None,
    "citations": [],
    "figures": [{"text": "150.00 EUR", "table": 0, "row": 0, "column": "revenue"}],
    "restated": ["May 2026: 2026-05-01 to 2026-05-31"],
    "options": [],
    "parameters": {},
    "statement": "SELECT revenue FROM sales WHERE DURING('last month')",
    "read_as": "revenue in May 2026",
    "unheard": [],
    "confidence": 0.94,
    "warnings": [],
    "seconds": {"understand": 0.01, "draft": 1.4, "run": 0.01, "total": 1.43},
    "id": "5b0c2f1e9a7d",
    "conversation": "0d4c0f5f0a7a4a0d9a3f2f1f6d0b7c1e",
}
STREAM = (
    'event: understood\ndata: {"standalone_question": "…", "language": "en", "skill": "…"}\n\n'
    'event: sql\ndata: {"sql": "SELECT …"}\n\n'
    'event: done\ndata: {"question": "…", "status": "answered", …}\n\n'
)


class Question(BaseModel):
    """A question, alone or in a conversation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"question": ANSWER["question"]},
                {"question": "And by country?", "conversation": ANSWER["conversation"]},
            ]
        },
    )
    question: str = Field(description=f"In English or Chinese, at most {MAX_CHARACTERS:,} characters.")
    conversation: str | None = Field(
        default=None,
        max_length=64,
        description="The id that an answer came with; left out, a new one begins.",
    )


class Verdict(BaseModel):
    """A thumb, and perhaps words, about one of the last answers."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"answer": ANSWER["id"], "verdict": "down", "comment": "Not net."}]},
    )
    answer: str = Field(max_length=64, description="The id that the answer came with.")
    verdict: Literal["up", "down", "none"] = Field(description="none takes an earlier one back.")
    comment: str = Field(default="", max_length=2_000)


class Change(BaseModel):
    """What is changed of a conversation; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"title": "Revenue for the board"}, {"shared": True}]},
    )
    title: str | None = Field(default=None, max_length=500, description="Another name; one line is kept.")
    shared: bool | None = Field(
        default=None, description="Whether those who see the same in the same role may read it."
    )


class Part(BaseModel):
    """A part of a message; only text can be read."""

    model_config = ConfigDict(extra="ignore")
    type: str
    text: str = ""


class Message(BaseModel):
    """A message of a conversation in OpenAI's shape."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None


class Completion(BaseModel):
    """A question in OpenAI's shape. Temperature, tools and a system's words change nothing."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"model": "shoptalk", "messages": [{"role": "user", "content": ANSWER["question"]}]},
            ]
        },
    )
    messages: list[Message] = Field(min_length=1)
    model: str = "shoptalk"
    stream: bool = False


def problems(*pairs: tuple[str, int]) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the ways in which a request may end otherwise."""
    common = (("no_key", 401), ("role_unfit", 403), ("stopping", 503))
    values = {
        "most": "30",
        "seconds": "12",
        "length": "20,000",
        "allowed": "GET",
        "role": "clerk",
        "keys": "7, 9",
        "line": "bindings: …",
    }
    found: dict[int | str, dict[str, Any]] = {}
    for key, status in (*pairs, *common):
        document = Problem(key, status, values=values).to_json("en")
        place = found.setdefault(
            status, {"description": document["title"], "content": {MEDIA_TYPE: {"examples": {}}}}
        )
        place["content"][MEDIA_TYPE]["examples"][key] = {"value": document}
    return found
