"""A conversation that is opened on the page again: its questions, and the answers that are still at hand.

Answers are in no store. Those of this process are shown as they were told, while nobody was forgotten and the
role sees what it saw; of all others stands what was asked and how it was read, with a button that asks again.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable
from copy import deepcopy
from typing import TYPE_CHECKING

from app.errors import AppError, ConversationMissing, StoreAway
from bot.memory import MAX_TURNS, Conversation
from bot.understand import language_of
from sql.errors import SqlError
from ui import present
from ui.talk import Recalled, Talk, Turn, Visitor, Visitors

if TYPE_CHECKING:
    from app.page_talks import Opened, PageTalks

logger = logging.getLogger(__name__)


def open_talk(talk: Talk, visitors: Visitors, session: str, id: str) -> Visitor:
    """Show a conversation in place of what the tab shows; one that may not be read is told like none.

    Args:
        id: what a link names; anything.
    """
    talks = talk.talks
    assert talks is not None
    visitor = visitors.restart(session)
    visitor.talk = talk
    try:
        opened = talks.read(id)
        turns = _turns_of(opened, visitors.noted(_key(talk, talks, id)))
    except ConversationMissing:
        visitor.banner = "talk_missing"
        return visitor
    except (AppError, SqlError) as error:
        logger.error("A conversation could not be opened: %s", type(error).__name__)
        visitor.banner = "talk_away" if isinstance(error, StoreAway) else "talk_missing"
        return visitor
    visitor.turns, visitor.conversation = turns, deepcopy(opened.memory)
    visitor.shown = next((i for i in reversed(range(len(turns))) if turns[i].answer is not None), -1)
    if opened.is_own:
        visitor.kept = id
        visitor.banner = "talk_cut" if len(opened.memory.turns) == MAX_TURNS else ""
    else:
        visitor.banner = "talk_shared"
    return visitor


def note_answers(talk: Talk, visitors: Visitors, visitor: Visitor) -> None:
    """Have the answers that a tab shows at hand for when its page is loaded again."""
    if talk.talks is not None and visitor.kept:
        try:
            key = _key(talk, talk.talks, visitor.kept)
        except (AppError, SqlError):  # the shop is gone meanwhile; there is nothing to come back to
            return
        visitors.note(key, [turn for turn in visitor.turns if turn.is_kept or turn.recalled is not None])


def banner_html(visitor: Visitor) -> str:
    """What is told above the conversation."""
    if not visitor.banner:
        return ""
    told = present.word(visitor.banner, visitor.language, n=MAX_TURNS)
    return f'<p class="st-banner" role="status">{present.safe_html(told)}</p>'


def _key(talk: Talk, talks: PageTalks, id: str) -> Hashable:
    """Under which answers are at hand: of that person, for who sees what they see now, as long as nobody else
    is forgotten."""
    return talk.person, talks.audience, talks.forgotten, id


def _turns_of(opened: Opened, at_hand: list[Turn]) -> list[Turn]:
    """What the store knows, with the answers that are at hand for the very same questions."""
    memory = opened.memory
    known = at_hand[-len(memory.turns) :] if memory.turns else []
    if opened.is_own and [_asked(turn) for turn in known] == [past.question for past in memory.turns]:
        return at_hand
    return [_recalled(memory, index) for index in range(len(memory.turns))]


def _asked(turn: Turn) -> str:
    if turn.recalled is not None:
        return turn.recalled.turn.question
    return turn.answer.question if turn.answer is not None else ""


def _recalled(memory: Conversation, index: int) -> Turn:
    past = memory.turns[index]
    before = Conversation(turns=memory.turns[:index], readers=memory.readers)
    return Turn(
        question=past.question,
        language=language_of(past.question),
        recalled=Recalled(turn=past, before=before),
        is_asked=False,
    )
