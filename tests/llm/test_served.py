"""The engine behind HTTP beyond the contract: what is sent, and what a failing server looks like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from mock_server import MockServer

from llm.engine import Prompt, Request
from llm.errors import EngineUnavailable, InvalidGrammar, PromptTooLong
from llm.served import ServedEngine, as_text


@pytest.fixture
def server() -> Iterator[MockServer]:
    server = MockServer(lambda body: ["count of all orders"] * body["n"])
    yield server
    server.close()


@pytest.fixture
def engine(server: MockServer) -> Iterator[ServedEngine]:
    engine = ServedEngine(server.url + "/", "qwen", key="secret", adapters={"shop": "qwen-shop"}, timeout_s=5)
    yield engine
    engine.close()


class TestRequest:
    def test_holds_the_prompt_the_grammar_and_the_adapter(
        self, server: MockServer, engine: ServedEngine, prompt: Prompt
    ) -> None:
        engine.complete(
            Request(
                prompt=prompt, grammar='start: "a"', adapter="shop", samples=2, temperature=0.5, max_tokens=9
            )
        )
        (body,) = server.requests
        assert body["model"] == "qwen-shop"
        assert body["messages"] == [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.fixed + prompt.rest},
            {"role": "assistant", "content": prompt.lead},
        ]
        assert body["continue_final_message"] is True and body["add_generation_prompt"] is False
        assert body["structured_outputs"] == {"grammar": 'start: "a"'}
        assert (body["n"], body["temperature"], body["max_tokens"]) == (2, 0.5, 9)
        assert server.headers[0]["Authorization"] == "Bearer secret"
        assert "secret" not in engine.name

    def test_asks_for_the_lead_in_words_where_it_cannot_be_continued(
        self, server: MockServer, prompt: Prompt
    ) -> None:
        server.reply = lambda _: ["SELECT count of all"]
        engine = ServedEngine(server.url, "other", continues_lead=False)
        (said,) = engine.complete(Request(prompt=prompt))
        assert server.requests[0]["messages"][-1]["content"].endswith("Begin your reply with: SELECT ")
        assert "continue_final_message" not in server.requests[0]
        assert said.text == "count of all"
        server.reply = lambda _: ["count without the lead"]
        assert engine.complete(Request(prompt=prompt))[0].text == "count without the lead"
        engine.close()

    @pytest.mark.parametrize(
        "markup",
        ["<|im_end|>", "<|im_start|>system", "<|eot_id|>", "</s>", "<s>", "[INST]", "[/INST]", "<tool_call>",
         "</think>", "<start_of_turn>", "<end_of_turn>", "<bos>"],
    )  # fmt: skip
    def test_markup_of_strangers_is_broken_up(
        self, server: MockServer, engine: ServedEngine, markup: str
    ) -> None:
        engine.complete(Request(prompt=Prompt(system="s", fixed="f", rest=f"nice {markup} shoes")))
        content = server.requests[0]["messages"][1]["content"]
        assert markup not in content
        assert content.replace(" ", "") == f"fnice{markup}shoes"

    @pytest.mark.parametrize("text", ["a < b", "<b>bold</b>", "x <= y", "[1, 2]", "<3", ""])
    def test_other_text_stays_as_it_is(self, text: str) -> None:
        assert as_text(text) == text


class TestFailure:
    def test_nobody_listens(self, prompt: Prompt) -> None:
        engine = ServedEngine("http://127.0.0.1:1/v1", "qwen", timeout_s=2)
        with pytest.raises(EngineUnavailable, match=r"http://127\.0\.0\.1:1/v1 cannot be reached"):
            engine.complete(Request(prompt=prompt))
        engine.close()

    @pytest.mark.parametrize(
        ("status", "body", "error", "message"),
        [
            (
                400,
                {"error": {"message": "maximum context length is 10"}},
                PromptTooLong,
                "context length is 10",
            ),
            (400, {"error": {"message": "Grammar error at 3"}}, InvalidGrammar, "Grammar error at 3"),
            (400, {"object": "error", "message": "bad"}, EngineUnavailable, "answered 400: bad"),
            (401, {"error": "no key"}, EngineUnavailable, "answered 401: no key"),
            (404, {"detail": "no model"}, EngineUnavailable, "answered 404"),
            (500, {}, EngineUnavailable, "answered 500"),
        ],
    )
    def test_refusals(
        self,
        server: MockServer,
        engine: ServedEngine,
        prompt: Prompt,
        status: int,
        body: dict[str, Any],
        error: type[Exception],
        message: str,
    ) -> None:
        server.failure = (status, body)
        with pytest.raises(error, match=message):
            engine.complete(Request(prompt=prompt))

    def test_a_reply_that_breaks_off(self, server: MockServer, engine: ServedEngine, prompt: Prompt) -> None:
        server.break_after = 2
        with pytest.raises(EngineUnavailable, match="in the middle of a reply"):
            engine.complete(Request(prompt=prompt))

    @pytest.mark.parametrize("raw", ["not json", "[]", '{"choices": [{"index": 7}]}', '{"choices": "x"}'])
    def test_events_that_are_none(
        self, server: MockServer, engine: ServedEngine, prompt: Prompt, raw: str
    ) -> None:
        server.raw = raw
        with pytest.raises(EngineUnavailable, match="not a chat event"):
            engine.complete(Request(prompt=prompt))

    def test_an_error_event(self, server: MockServer, engine: ServedEngine, prompt: Prompt) -> None:
        server.raw = '{"error": {"message": "out of memory"}}'
        with pytest.raises(EngineUnavailable, match="out of memory"):
            engine.complete(Request(prompt=prompt))

    def test_a_silent_server_does_not_hold_a_cancelled_call(
        self, server: MockServer, engine: ServedEngine, prompt: Prompt
    ) -> None:
        server.silence = threading.Event()
        cancel = threading.Event()
        threading.Timer(0.2, cancel.set).start()
        (completion,) = engine.complete(Request(prompt=prompt), cancel)
        assert not server.silence.is_set(), "nothing had been sent when the call came back"
        server.silence.set()
        assert (completion.text, completion.finish) == ("", "cancelled")

    def test_the_engine_is_free_after_a_failure(
        self, server: MockServer, engine: ServedEngine, prompt: Prompt
    ) -> None:
        server.failure = (500, {})
        with pytest.raises(EngineUnavailable):
            engine.complete(Request(prompt=prompt))
        server.failure = None
        assert engine.complete(Request(prompt=prompt))[0].text == "count of all orders"


def test_log_probabilities_arrive(engine: ServedEngine, prompt: Prompt) -> None:
    (completion,) = engine.complete(Request(prompt=prompt))
    assert completion.logprobs == (-0.25,) * 4
