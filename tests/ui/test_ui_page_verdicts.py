"""A thumb on the page that cannot be kept is told, in the reader's language."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fake_talk import FakeAssistant

from app.errors import StoreAway
from ui.page import build_page
from ui.talk import Talk, Visitors, follow

# Gradio leaves the event loop of a page that is never served to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What it leaves is collected here, and not in a test that knows nothing of it."""
    yield
    gc.collect()


@pytest.mark.parametrize(("language", "words"), [("en", "could not be kept now"), ("zh", "没能保存")])
def test_a_thumb_that_cannot_be_kept_is_told(
    tmp_path: Path,
    language: str,
    words: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: Any) -> None:
        raise StoreAway("postgresql://h/d", "row 7: ana@shop.example")

    talk = Talk(assistant=FakeAssistant(), new_conversation=list, shop="Tiny", role="", keep_feedback=away)
    visitors = Visitors(list)
    page = build_page(talk, tmp_path, visitors)
    rate = next(each.fn for each in page.fns.values() if getattr(each.fn, "__name__", "") == "rate")
    assert rate is not None
    request = SimpleNamespace(
        session_hash="tab", headers={"accept-language": language}, cookies={}, request=None
    )
    visitor = visitors.of("tab")
    monkeypatch.setattr(visitors, "of", lambda session: visitor)
    for _ in follow(talk, visitor, "Revenue by month"):
        pass
    with pytest.raises(gr.Error, match=words):
        rate(SimpleNamespace(index=1, liked=True), request)
    assert "ana@shop.example" not in caplog.text and "StoreAway" in caplog.text
