"""The shape of what Feishu delivers, as far as it is read; the rest of it is passed over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


class Account(BaseModel):
    """Somebody, as this app knows them; some programs have no id."""

    open_id: str | None = None


class Mention(BaseModel):
    """``key`` stands in the text for them."""

    key: str
    id: Account


class Sender(BaseModel):
    """Who wrote."""

    sender_id: Account
    sender_type: str


class Message(BaseModel):
    """What was written, and where."""

    message_id: str
    chat_id: str
    chat_type: str
    message_type: str
    content: str
    root_id: str | None = None
    """The first message that this one answers."""
    thread_id: str | None = None
    mentions: list[Mention] | None = None


class Written(BaseModel):
    """A message in a chat with the bot, or in a group that it is in."""

    sender: Sender
    message: Message


class Value(BaseModel):
    """What a button of ours brings back."""

    id: str
    kind: str
    language: str


class Action(BaseModel):
    """What was done to a card."""

    value: Value


class Card(BaseModel):
    """Which card it was."""

    open_message_id: str


class Press(BaseModel):
    """A button of a card."""

    operator: Account
    action: Action
    context: Card


class Header(BaseModel):
    """What every delivery begins with."""

    event_id: str
    event_type: str


def words_of(message: Message) -> str:
    """What somebody wrote, without mentions; empty for pictures and the like."""
    try:
        content = json.loads(message.content)
    except ValueError:
        return ""
    text = " ".join(_texts(content)) if isinstance(content, dict) else ""
    for key in sorted((each.key for each in message.mentions or ()), key=len, reverse=True):  # 10 before 1
        text = text.replace(key or "@_all", " ")
    whole = text.replace("@_all", " ").encode(errors="ignore").decode()  # JSON may hold half a character
    return " ".join(whole.split())


def _texts(content: Mapping[str, Any]) -> list[str]:
    """The words of a text, or of a post: its title and paragraphs, where a link is its label."""
    found = [content.get("text"), content.get("title")]
    paragraphs = content.get("content")
    for paragraph in paragraphs if isinstance(paragraphs, list) else []:
        for part in paragraph if isinstance(paragraph, list) else []:
            if isinstance(part, dict) and part.get("tag") in ("text", "a"):
                found.append(part.get("text"))
    return [each for each in found if isinstance(each, str)]
