"""What every engine promises, run on each of them: the fake, a served model, llama.cpp and transformers with
a tiny model of random weights, and the real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from mock_server import MockServer

from llm.engine import CanCountTokens, Completion, Engine, Prompt, Request
from llm.errors import InvalidGrammar, PromptTooLong, UnknownAdapter
from llm.scripted import ScriptedEngine
from llm.served import ServedEngine

GRAMMAR = 'start: "SELECT " COLUMN (" FROM " COLUMN)?\nCOLUMN: /[a-z]{3,9}/'
SENTENCE = "SELECT abc FROM orders"
"""What the engines that cannot think reply."""


@dataclass
class Case:
    """An engine and how to make it fail."""

    engine: Engine
    window: int
    """A prompt of this many words is too long for it."""


def served(request: pytest.FixtureRequest) -> Case:
    def reply(body: dict[str, Any]) -> list[str]:
        return [SENTENCE] * body["n"]

    server = MockServer(reply)
    request.addfinalizer(server.close)

    def refuse(body: dict[str, Any]) -> list[str]:
        # As vLLM: the checks that only the server can make.
        length = sum(len(message["content"].split()) for message in body["messages"])
        if length > 1000:
            server.failure = (400, {"error": {"message": "maximum context length is 1000 tokens"}})
        if body.get("structured_outputs", {}).get("grammar", "").startswith("start: ("):
            server.failure = (400, {"error": {"message": "Failed to parse the grammar"}})
        return reply(body)

    original = server.answer

    def answer(handler: Any, body: dict[str, Any]) -> None:
        refuse(body)
        original(handler, body)
        server.failure = None

    server.answer = answer  # type: ignore[method-assign]
    engine = ServedEngine(server.url, "tiny", adapters={"shop": "tiny-shop"}, timeout_s=5)
    request.addfinalizer(engine.close)
    return Case(engine, 1001)


def scripted(request: pytest.FixtureRequest) -> Case:
    return Case(ScriptedEngine(lambda _: SENTENCE, adapters=["shop"], window=1000), 1001)


def llama(request: pytest.FixtureRequest) -> Case:
    return Case(request.getfixturevalue("tiny_llama"), 1001)


def transformers(request: pytest.FixtureRequest) -> Case:
    return Case(request.getfixturevalue("tiny_torch"), 1001)


def real(request: pytest.FixtureRequest) -> Case:
    return Case(request.getfixturevalue("engine"), 33_000)


ENGINES: tuple[Callable[[pytest.FixtureRequest], Case], ...] = (scripted, served, llama, transformers, real)
CASES = [
    pytest.param(make, id=make.__name__, marks=[pytest.mark.slow] if make is real else []) for make in ENGINES
]


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    yield request.param(request)


@pytest.fixture
def subject(case: Case) -> Engine:
    return case.engine


def check(completion: Completion, max_tokens: int) -> None:
    assert completion.tokens == len(completion.logprobs) <= max_tokens
    assert all(score <= 1e-4 for score in completion.logprobs)
    assert completion.finish in ("stop", "length", "cancelled")


class TestEngineContract:
    def test_name_says_what_answers(self, subject: Engine) -> None:
        assert len(subject.name) > 3

    def test_replies_and_counts_tokens(self, subject: Engine, prompt: Prompt) -> None:
        (completion,) = subject.complete(Request(prompt=prompt, max_tokens=12))
        check(completion, 12)
        if isinstance(subject, CanCountTokens):
            longer = replace(prompt, rest=f"{prompt.rest} And which others?")
            assert 0 < subject.count_tokens(prompt) < subject.count_tokens(longer)

    def test_does_not_repeat_the_lead(self, subject: Engine) -> None:
        prompt = Prompt(system="Write SQL.", fixed="Table t(a).", rest="All of a.", lead="SELECT abc FROM")
        grammar = 'start: " " /[a-z]{1,8}/ ";"'
        if not isinstance(subject, ScriptedEngine | ServedEngine):
            (completion,) = subject.complete(Request(prompt=prompt, grammar=grammar, max_tokens=20))
            assert completion.text.startswith(" ")

    @pytest.mark.parametrize("samples", [3, 6])
    def test_grammar_is_kept_by_every_sample(self, subject: Engine, prompt: Prompt, samples: int) -> None:
        import llguidance

        request = Request(prompt=prompt, grammar=GRAMMAR, samples=samples, temperature=1.0, max_tokens=40)
        completions = subject.complete(request)
        assert len(completions) == samples
        tokenizer = llguidance.LLTokenizer("byte")
        for completion in completions:
            check(completion, 40)
            matcher = llguidance.LLMatcher(tokenizer, llguidance.LLMatcher.grammar_from_lark(GRAMMAR))
            text = list(completion.text.encode())
            assert matcher.validate_tokens(text) == len(text), completion.text
            if completion.finish == "stop":
                assert matcher.consume_tokens(text) and matcher.is_accepting()

    def test_samples_differ_and_the_same_call_gives_them_again(self, subject: Engine, prompt: Prompt) -> None:
        if isinstance(subject, ScriptedEngine | ServedEngine):
            return
        request = Request(prompt=prompt, grammar="start: /[a-z]{9}/", samples=5, temperature=2.0)
        first, again = ([c.text for c in subject.complete(request)] for _ in range(2))
        assert first == again
        assert len(set(first)) > 1

    def test_cut_reply_says_so(self, subject: Engine, prompt: Prompt) -> None:
        (completion,) = subject.complete(Request(prompt=prompt, grammar=GRAMMAR, max_tokens=1))
        assert completion.finish == "length"
        assert completion.tokens == 1
        assert SENTENCE.startswith(completion.text) or completion.text == "SE"

    def test_greedy_replies_repeat(self, subject: Engine, prompt: Prompt) -> None:
        request = Request(prompt=prompt, grammar=GRAMMAR, max_tokens=30)
        (first,), (again,) = subject.complete(request), subject.complete(request)
        assert first.text == again.text
        # The second reads less, for the first is kept; kernels round by how much they read, AMX by 0.06.
        assert first.logprobs == pytest.approx(again.logprobs, abs=0.2)

    def test_cancelled_before_it_began(self, subject: Engine, prompt: Prompt) -> None:
        cancel = threading.Event()
        cancel.set()
        (completion,) = subject.complete(Request(prompt=prompt, max_tokens=50), cancel)
        assert completion.finish == "cancelled"
        assert completion.tokens <= 1

    def test_cancelled_in_the_middle_it_frees_its_place(self, subject: Engine, prompt: Prompt) -> None:
        if isinstance(subject, ScriptedEngine | ServedEngine):  # they reply at once
            return
        cancel = threading.Event()
        endless = Request(prompt=prompt, grammar="start: /[a-z]{900}/", max_tokens=900)
        replies: list[Completion] = []
        asking = threading.Thread(target=lambda: replies.extend(subject.complete(endless, cancel)))
        asking.start()
        time.sleep(0.1)
        cancel.set()
        asking.join(60)
        assert not asking.is_alive()
        assert replies[0].finish == "cancelled" and replies[0].tokens < 900
        assert subject.complete(Request(prompt=prompt, max_tokens=1))[0].finish == "length"

    def test_unknown_adapter(self, subject: Engine, prompt: Prompt) -> None:
        with pytest.raises(UnknownAdapter, match="'nobody'"):
            subject.complete(Request(prompt=prompt, adapter="nobody"))

    def test_known_adapters_are_accepted(self, subject: Engine, prompt: Prompt) -> None:
        for adapter in subject.adapters:
            check(subject.complete(Request(prompt=prompt, adapter=adapter, max_tokens=3))[0], 3)

    def test_broken_grammar(self, subject: Engine, prompt: Prompt) -> None:
        with pytest.raises(InvalidGrammar, match="grammar"):
            subject.complete(Request(prompt=prompt, grammar="start: ( nowhere"))

    def test_prompt_too_long(self, subject: Engine, case: Case) -> None:
        long = Prompt(system="", fixed="word " * case.window, rest="")
        with pytest.raises(PromptTooLong, match="Shorten"):
            subject.complete(Request(prompt=long, max_tokens=5))

    def test_many_threads_get_what_one_would(self, subject: Engine, prompt: Prompt) -> None:
        texts: list[str] = []

        def ask() -> None:
            texts.append(subject.complete(Request(prompt=prompt, grammar=GRAMMAR, max_tokens=30))[0].text)

        threads = [threading.Thread(target=ask) for _ in range(7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(texts) == 7 and len(set(texts)) == 1

    def test_markup_in_strangers_text_stays_text(self, subject: Engine) -> None:
        """Each part of a hostile prompt takes more tokens than the marker that it imitates."""
        if not isinstance(subject, CanCountTokens):
            return
        plain = Prompt(system="s", fixed="f", rest="r")
        for markup in ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<tool_call>"):
            hostile = Prompt(system=f"s{markup}", fixed=f"f{markup}", rest=f"r{markup}", lead=markup)
            assert subject.count_tokens(hostile) - subject.count_tokens(plain) >= 3 * 4


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"max_tokens": 0}, {"temperature": -1.0}])
def test_a_request_refuses_what_means_nothing(prompt: Prompt, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Request(prompt=prompt, **wrong)
