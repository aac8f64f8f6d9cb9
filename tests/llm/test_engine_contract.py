"""What every engine promises, run on each of them: the fake, a served model, a tiny model, the real one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from mock_server import MockServer
from tiny_model import tiny_engine

from llm.engine import Completion, Engine, Prompt
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


def tiny(request: pytest.FixtureRequest) -> Case:
    folder = request.getfixturevalue("tiny_folder")
    adapter = request.getfixturevalue("tiny_adapter")
    return Case(tiny_engine(folder, adapters={"shop": adapter}), 1001)


def real(request: pytest.FixtureRequest) -> Case:
    return Case(request.getfixturevalue("engine"), 33_000)


ENGINES: tuple[Callable[[pytest.FixtureRequest], Case], ...] = (scripted, served, tiny, real)
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
        (completion,) = subject.complete(prompt, max_tokens=12)
        check(completion, 12)

    def test_does_not_repeat_the_lead(self, subject: Engine) -> None:
        prompt = Prompt(system="Write SQL.", fixed="Table t(a).", rest="All of a.", lead="SELECT abc FROM")
        grammar = 'start: " " /[a-z]{1,8}/ ";"'
        if not isinstance(subject, ScriptedEngine | ServedEngine):
            (completion,) = subject.complete(prompt, grammar=grammar, max_tokens=20)
            assert completion.text.startswith(" ")

    def test_grammar_is_kept_by_every_sample(self, subject: Engine, prompt: Prompt) -> None:
        import llguidance

        completions = subject.complete(prompt, grammar=GRAMMAR, samples=3, temperature=1.0, max_tokens=40)
        assert len(completions) == 3
        tokenizer = llguidance.LLTokenizer("byte")
        for completion in completions:
            check(completion, 40)
            matcher = llguidance.LLMatcher(tokenizer, llguidance.LLMatcher.grammar_from_lark(GRAMMAR))
            text = list(completion.text.encode())
            assert matcher.validate_tokens(text) == len(text), completion.text
            if completion.finish == "stop":
                assert matcher.consume_tokens(text) and matcher.is_accepting()

    def test_cut_reply_says_so(self, subject: Engine, prompt: Prompt) -> None:
        (completion,) = subject.complete(prompt, grammar=GRAMMAR, max_tokens=1)
        assert completion.finish == "length"
        assert completion.tokens == 1
        assert SENTENCE.startswith(completion.text) or completion.text == "SE"

    def test_greedy_replies_repeat(self, subject: Engine, prompt: Prompt) -> None:
        first = subject.complete(prompt, grammar=GRAMMAR, max_tokens=30)
        again = subject.complete(prompt, grammar=GRAMMAR, max_tokens=30)
        assert first[0].text == again[0].text
        assert first[0].logprobs == pytest.approx(again[0].logprobs, abs=2e-2)

    def test_stream_equals_complete(self, subject: Engine, prompt: Prompt) -> None:
        (whole,) = subject.complete(prompt, grammar=GRAMMAR, max_tokens=30)
        pieces = list(subject.stream(prompt, grammar=GRAMMAR, max_tokens=30))
        assert "".join(piece.text for piece in pieces) == whole.text
        assert [piece.completion is not None for piece in pieces] == [False] * (len(pieces) - 1) + [True]
        last = pieces[-1].completion
        assert last is not None and last.text == whole.text and last.finish == whole.finish

    def test_cancelled_before_it_began(self, subject: Engine, prompt: Prompt) -> None:
        cancel = threading.Event()
        cancel.set()
        (completion,) = subject.complete(prompt, max_tokens=50, cancel=cancel)
        assert completion.finish == "cancelled"
        assert completion.tokens <= 1

    def test_cancelled_within_a_token(self, subject: Engine, prompt: Prompt) -> None:
        cancel = threading.Event()
        long = 'start: "a b c d " /[a-z ]{200}/'
        grammar = GRAMMAR if isinstance(subject, ScriptedEngine | ServedEngine) else long
        pieces = subject.stream(prompt, grammar=grammar, max_tokens=150, cancel=cancel)
        seen = [next(pieces)]
        cancel.set()
        seen += list(pieces)
        last = seen[-1].completion
        assert last is not None
        if isinstance(subject, ServedEngine):  # what the server had already sent may be whole
            assert last.finish in ("cancelled", "stop")
        else:
            assert last.finish == "cancelled"
            assert len(seen) <= 4
        assert last.text == "".join(piece.text for piece in seen)

    def test_an_abandoned_stream_frees_the_engine(self, subject: Engine, prompt: Prompt) -> None:
        pieces = subject.stream(prompt, grammar=GRAMMAR, max_tokens=30)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert subject.complete(prompt, max_tokens=1)

    def test_unknown_adapter(self, subject: Engine, prompt: Prompt) -> None:
        with pytest.raises(UnknownAdapter, match="'nobody'"):
            subject.complete(prompt, adapter="nobody")

    def test_known_adapters_are_accepted(self, subject: Engine, prompt: Prompt) -> None:
        for adapter in subject.adapters:
            check(subject.complete(prompt, adapter=adapter, max_tokens=3)[0], 3)

    def test_broken_grammar(self, subject: Engine, prompt: Prompt) -> None:
        with pytest.raises(InvalidGrammar, match="grammar"):
            subject.complete(prompt, grammar="start: ( nowhere")

    def test_prompt_too_long(self, subject: Engine, case: Case) -> None:
        with pytest.raises(PromptTooLong, match="Shorten"):
            subject.complete(Prompt(system="", fixed="word " * case.window, rest=""), max_tokens=5)

    @pytest.mark.parametrize("wrong", [{"samples": 0}, {"max_tokens": 0}, {"temperature": -1.0}])
    def test_wrong_use(self, subject: Engine, prompt: Prompt, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            subject.complete(prompt, **wrong)

    def test_threads_wait_in_line(self, subject: Engine, prompt: Prompt) -> None:
        texts: list[str] = []

        def ask() -> None:
            texts.append(subject.complete(prompt, grammar=GRAMMAR, max_tokens=30)[0].text)

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(texts) == 3 and len(set(texts)) == 1
