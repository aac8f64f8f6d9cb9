"""The fake engine beyond the contract: what tests rely on it for."""

from __future__ import annotations

import pytest

from llm.engine import Prompt, Request
from llm.errors import InvalidGrammar, LlmError
from llm.scripted import ReplyNotInGrammar, ScriptedEngine

GRAMMAR = 'start: "SELECT " /[a-z]+/ (" 中文")?'


def test_replies_come_in_order_and_then_run_out(prompt: Prompt) -> None:
    engine = ScriptedEngine(["one", "two"])
    assert [engine.complete(Request(prompt=prompt))[0].text for _ in range(2)] == ["one", "two"]
    with pytest.raises(LlmError, match="no reply left for: 'Which\\?'"):
        engine.complete(Request(prompt=prompt))
    assert [call.prompt for call in engine.calls] == [prompt] * 3


def test_a_function_sees_the_prompt(prompt: Prompt) -> None:
    engine = ScriptedEngine(lambda asked: asked.rest.upper())
    assert engine.complete(Request(prompt=prompt))[0].text == "WHICH?"


def test_one_reply_per_sample(prompt: Prompt) -> None:
    engine = ScriptedEngine([["a", "b"], "same", ["only one"]])
    texts = [
        [c.text for c in engine.complete(Request(prompt=prompt, samples=2, temperature=1.0))]
        for _ in range(2)
    ]
    assert texts == [["a", "b"], ["same", "same"]]
    with pytest.raises(LlmError, match="2 samples were asked for and 1 replies scripted"):
        engine.complete(Request(prompt=prompt, samples=2))


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("SELECT abc!", "leaves the grammar after 'SELECT abc'"),
        ("DROP", "leaves the grammar after ''"),
        ("SELECT abc 中", "only the beginning"),
        ("SELECT ", "only the beginning"),
        ("", "only the beginning"),
    ],
)
def test_a_reply_outside_the_grammar_is_the_tests_fault(prompt: Prompt, reply: str, message: str) -> None:
    with pytest.raises(ReplyNotInGrammar, match=message):
        ScriptedEngine([reply]).complete(Request(prompt=prompt, grammar=GRAMMAR))


def test_a_reply_in_the_grammar_and_a_broken_grammar(prompt: Prompt) -> None:
    engine = ScriptedEngine(["SELECT abc 中文", "x"])
    assert engine.complete(Request(prompt=prompt, grammar=GRAMMAR))[0].finish == "stop"
    with pytest.raises(InvalidGrammar):
        engine.complete(Request(prompt=prompt, grammar="start: ("))


def test_cut_at_max_tokens(prompt: Prompt) -> None:
    (completion,) = ScriptedEngine(["a b c d"], logprob=-1.0).complete(Request(prompt=prompt, max_tokens=2))
    assert (completion.text, completion.finish, completion.logprobs) == ("a b", "length", (-1.0, -1.0))
