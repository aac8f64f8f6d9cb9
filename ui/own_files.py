"""What happens with files that a visitor brings, and with answers about a shop, and how it is told.

Every function here returns words (Markdown) for the visitor and raises nothing: what goes wrong is a sentence
in the conversation, and a bug of ours is logged. Without Gradio.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from app.errors import UploadRefused
from app.finding import Review
from app.kept_uploads import KeptUpload
from bot.errors import NotRecorded
from telling.phrases import escape_markdown
from ui import present
from ui.review_form import told_change
from ui.talk import OwnShop, Reviewing, Talk

logger = logging.getLogger(__name__)

MAX_TOLD = 8
"""Decisions about a visitor's files that are told at most, of each kind."""
MAX_TABLES = 12
"""Tables that are named at most."""


def bring_files(
    talk: Talk, files: Sequence[Path], language: str, browser: str | None = None
) -> tuple[str, OwnShop | None]:
    """Open a visitor's files and keep them; what to tell, and the shop when it opened.

    Args:
        browser: the secret under which they are kept; ``None`` keeps nothing.
    """
    open_files = talk.open_files
    if open_files is None:
        return present.word("upload_none", language), None
    own = _opened(lambda: open_files(files), language)
    if isinstance(own, str):
        return own, None
    key, not_kept = "upload_opened", []
    if talk.kept is not None and browser is not None:
        try:
            talk.kept.keep(browser, own.files, {})
            key = "upload_kept"
        except UploadRefused as error:
            not_kept = [_refusal(error, language)]
    return "\n\n".join([_shop_told(key, own, language), *not_kept, *_decided(own, language)]), own


def reopen_files(talk: Talk, kept: KeptUpload, language: str) -> tuple[str, OwnShop | None]:
    """Open what a browser has in keeping; what to tell, and the shop when it opened."""
    open_kept = talk.open_kept
    if open_kept is None:
        return present.word("upload_none", language), None
    own = _opened(lambda: open_kept(kept), language)
    if isinstance(own, str):
        return present.word("upload_lost", language, reason=own), None
    return "\n\n".join([_shop_told("upload_restored", own, language), *_offer(own, language)]), own


def answer_own(
    talk: Talk, own: OwnShop, answers: Mapping[str, str], language: str, browser: str | None = None
) -> tuple[str, OwnShop | None]:
    """Open the same files with other answers; what to tell, and the shop when it opened."""
    answered = own.answered
    if answered is None or own.review is None:
        return present.word("review_same", language), None
    new = _opened(lambda: answered(answers), language, broken="review_broken")
    if isinstance(new, str):
        return new, None
    note = told_change(own.review, new.review, language) if new.review is not None else ""
    if talk.kept is not None and browser is not None:
        try:
            talk.kept.answer(browser, new.files, answers)
        except UploadRefused as error:
            note += f"\n\n{_refusal(error, language)}"
    return note, new


def answer_page(reviewing: Reviewing, before: Review, answers: Mapping[str, str], language: str) -> str:
    """Take answers about the page's own shop; what to tell."""
    try:
        return told_change(before, reviewing.answer(answers), language)
    except OSError as error:
        logger.warning("Answers could not be kept: %s", error)
        return present.word("review_not_kept", language)
    except Exception:
        logger.exception("Answers could not be applied")
        return present.word("review_broken", language)


def _opened(open_shop: Callable[[], OwnShop], language: str, broken: str = "upload_broken") -> OwnShop | str:
    """The shop, or why there is none."""
    try:
        return open_shop()
    except UploadRefused as error:
        return _refusal(error, language)
    except NotRecorded:
        return present.word("upload_unlogged", language)
    except Exception:
        logger.exception("A visitor's files could not be opened")
        return present.word(broken, language)


def _refusal(error: UploadRefused, language: str) -> str:
    safe = {name: escape_markdown(value.strip().rstrip(".。")) for name, value in error.values.items()}
    return present.word(error.key, language, **safe)


def _shop_told(key: str, own: OwnShop, language: str) -> str:
    tables = ", ".join(escape_markdown(name) for name in own.tables[:MAX_TABLES])
    more = "" if len(own.tables) <= MAX_TABLES else " …"
    return present.word(key, language, shop=escape_markdown(own.talk.shop), tables=f"{tables}{more}")


def _offer(own: OwnShop, language: str) -> list[str]:
    has_questions = own.review is not None and own.review.asked
    return [present.word("review_offer", language)] if has_questions else []


def _decided(own: OwnShop, language: str) -> list[str]:
    """How the files were read, as paragraphs."""
    told = _offer(own, language)
    for is_sure, key in ((False, "upload_unsure"), (True, "upload_decided")):
        texts = [each.told(language) for each in own.decisions if each.is_sure == is_sure]
        if texts:
            lines = [f"- {escape_markdown(text)}" for text in texts[:MAX_TOLD]]
            lines += [f"- … +{len(texts) - MAX_TOLD}"] if len(texts) > MAX_TOLD else []
            told += [present.word(key, language), "\n".join(lines)]
    return told
