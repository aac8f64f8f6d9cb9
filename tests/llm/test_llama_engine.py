"""llama.cpp in this process: the same numbers as transformers, starts of prompts kept, a private socket."""

from __future__ import annotations

import datetime as dt
import functools
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from llm.costs import costs, note_cost
from llm.engine import Prompt, Request
from llm.errors import EngineUnavailable, PromptTooLong
from llm.gguf_adapter import as_gguf
from llm.llama_engine import KEPT_FILES, LlamaEngine
from llm.llama_server import LlamaServer

LONG = "Tables: a, or, SELECT.\n" * 40
"""A start long enough to be kept."""
PROMPT = Prompt(system="You are terse.", fixed=LONG, rest="Which?", lead="SELECT ")


def opened(gguf: Path, home: Path, adapter: Path | None = None, slots: int = 4) -> LlamaEngine:
    adapters = {} if adapter is None else {"shop": as_gguf(adapter, home)}
    return LlamaEngine(gguf, adapters=adapters, threads=1, kept=home / "prompts", slots=slots, windows=[4096])


class Reads:
    """Counts the prompts that an engine's server reads anew."""

    def __init__(self, engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.starts = 0
        ask = engine._server.ask

        def counted(body: Any, hear: Any) -> Any:
            self.starts += body["n_predict"] == 0
            return ask(body, hear)

        monkeypatch.setattr(engine._server, "ask", counted)


@pytest.mark.parametrize("adapter", [None, "shop"])
@pytest.mark.parametrize("fixed", ["Tables: a, or.\n", "Tables: a, or.\n" * 40])
def test_it_gives_the_numbers_of_transformers(
    tiny_llama: Any, tiny_torch: Any, adapter: str | None, fixed: str
) -> None:
    prompt = Prompt(system="You are terse.", fixed=fixed, rest="Which? 多少", lead="SELECT ")
    request = Request(prompt=prompt, grammar="start: /[a-z]{12}/", adapter=adapter)
    (ours,), (theirs,) = tiny_llama.complete(request), tiny_torch.complete(request)
    assert ours.text == theirs.text
    assert ours.logprobs == pytest.approx(theirs.logprobs, abs=6e-2)


def test_an_adapter_changes_what_follows_and_only_that(tiny_llama: Any) -> None:
    """The bare model after the adapter, and the other way round, over the same kept start."""
    bare = Request(prompt=PROMPT, grammar="start: /[a-z]{12}/")
    adapted = replace(bare, adapter="shop")
    one, two = tiny_llama.complete(bare)[0], tiny_llama.complete(adapted)[0]
    assert max(abs(a - b) for a, b in zip(one.logprobs, two.logprobs, strict=True)) > 0.2
    for _ in range(2):
        assert tiny_llama.complete(bare)[0].logprobs == pytest.approx(one.logprobs, abs=4e-2)
        assert tiny_llama.complete(adapted)[0].logprobs == pytest.approx(two.logprobs, abs=4e-2)


def test_replies_side_by_side_are_those_of_one_after_the_other(tiny_gguf: Path, tmp_path: Path) -> None:
    engine = opened(tiny_gguf, tmp_path)
    requests = [
        Request(prompt=replace(PROMPT, rest=f"Which {n}?"), grammar="start: /[a-z]{9}/", samples=1 + n % 3)
        for n in range(9)
    ]
    alone = [engine.complete(request)[0].text for request in requests]
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        found[number] = engine.complete(requests[number])[0].text

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [found[number] for number in range(len(requests))] == alone


class TestKeptStarts:
    def test_one_is_read_once_whatever_follows_and_whoever_asks(
        self, tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine = opened(tiny_gguf, tmp_path)
        reads = Reads(engine, monkeypatch)
        threads = [
            threading.Thread(
                target=engine.complete,
                args=(Request(prompt=replace(PROMPT, rest=f"Which {n}?"), max_tokens=2),),
            )
            for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert reads.starts == 1
        assert len(list((tmp_path / "prompts").glob("*.prompt"))) == 1

    def test_another_start_does_its_own_reading_and_both_are_kept(
        self, tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine = opened(tiny_gguf, tmp_path, slots=1)
        reads = Reads(engine, monkeypatch)
        other = replace(PROMPT, fixed=LONG.replace("a", "b"))
        request = Request(prompt=PROMPT, grammar="start: /[a-z]{9}/")
        (first,) = engine.complete(request)
        for prompt in (other, PROMPT, other, PROMPT):
            engine.complete(replace(request, prompt=prompt))
        assert reads.starts == 2
        assert engine.complete(request)[0].logprobs == pytest.approx(first.logprobs, abs=4e-2)

    def test_a_later_run_takes_it_from_disk(
        self, tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = Request(prompt=PROMPT, grammar="start: /[a-z]{9}/")
        (first,) = opened(tiny_gguf, tmp_path).complete(request)
        later = opened(tiny_gguf, tmp_path)
        reads = Reads(later, monkeypatch)
        (again,) = later.complete(request)
        assert reads.starts == 0
        assert again.text == first.text and again.logprobs == pytest.approx(first.logprobs, abs=4e-2)

    @pytest.mark.parametrize("damage", ["cut", "other bytes", "empty"])
    def test_a_damaged_one_is_read_again(
        self, tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
    ) -> None:
        request = Request(prompt=PROMPT, grammar="start: /[a-z]{9}/")
        (first,) = opened(tiny_gguf, tmp_path).complete(request)
        (file,) = (tmp_path / "prompts").glob("*.prompt")
        content = file.read_bytes()
        file.write_bytes(
            {"cut": content[: len(content) // 2], "other bytes": b"x" * 99, "empty": b""}[damage]
        )
        later = opened(tiny_gguf, tmp_path)
        reads = Reads(later, monkeypatch)
        assert later.complete(request)[0].logprobs == pytest.approx(first.logprobs, abs=4e-2)
        assert reads.starts == 1

    def test_the_oldest_are_swept_away(self, tiny_gguf: Path, tmp_path: Path) -> None:
        engine = opened(tiny_gguf, tmp_path)
        for number in range(KEPT_FILES + 3):
            fixed = f"Shop {number}. {LONG}"
            engine.complete(Request(prompt=replace(PROMPT, fixed=fixed), max_tokens=1))
        assert len(list((tmp_path / "prompts").iterdir())) == KEPT_FILES

    def test_a_cancelled_reading_keeps_nothing(self, tiny_gguf: Path, tmp_path: Path) -> None:
        engine = opened(tiny_gguf, tmp_path)
        cancel = threading.Event()
        cancel.set()
        assert engine.complete(Request(prompt=PROMPT), cancel)[0].finish == "cancelled"
        assert not list((tmp_path / "prompts").iterdir())


@pytest.mark.skipif(not hasattr(psutil.Process, "net_connections"), reason="psutil tells no connections")
def test_it_listens_where_nobody_else_can_come_in(tiny_gguf: Path, tmp_path: Path) -> None:
    before = {c.laddr for c in psutil.Process().net_connections("inet") if c.status == "LISTEN"}
    engine = opened(tiny_gguf, tmp_path)
    after = {c.laddr for c in psutil.Process().net_connections("inet") if c.status == "LISTEN"}
    assert after == before
    socket = Path(engine._server._server.listening_address.removeprefix("unix://"))
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://localhost") as client:
        for path in ("/completion", "/slots/0?action=save", "/tokenize"):
            assert client.post(path, json={"content": "a", "prompt": "a"}).status_code == 401


@pytest.mark.parametrize("content", [b"", b"GGUF no more", b"<html>"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(EngineUnavailable, match=r"cannot load .*model\.gguf"):
        opened(file, tmp_path)


class TestALongerPrompt:
    """What the first window does not hold is answered in a wider one, which stays."""

    SHORT = Request(prompt=replace(PROMPT, fixed=LONG[: len(LONG) // 2]), max_tokens=8)
    LONGER = Request(prompt=PROMPT, max_tokens=8)

    @staticmethod
    def windows(engine: LlamaEngine) -> tuple[int, int]:
        short, longer = (
            engine.count_tokens(asked.prompt) + asked.max_tokens
            for asked in (TestALongerPrompt.SHORT, TestALongerPrompt.LONGER)
        )
        return short, longer

    def test_is_answered_as_by_an_engine_that_was_wide_from_the_start(
        self, tiny_gguf: Path, tmp_path: Path
    ) -> None:
        wide = opened(tiny_gguf, tmp_path / "wide")
        kept = tmp_path / "narrow" / "prompts"
        narrow = LlamaEngine(tiny_gguf, threads=1, kept=kept, slots=2, windows=self.windows(wide))
        asked = [self.SHORT, self.LONGER, self.SHORT, replace(self.LONGER, samples=2, temperature=0.7)]
        for request in asked[:3]:
            (ours,), (theirs,) = narrow.complete(request), wide.complete(request)
            assert ours.text == theirs.text
            assert ours.logprobs == pytest.approx(theirs.logprobs, abs=1e-3)
        assert [c.finish for c in narrow.complete(asked[3])] == [c.finish for c in wide.complete(asked[3])]
        assert len(list(kept.iterdir())) == 2, "what was read before is taken from disk"
        with pytest.raises(PromptTooLong, match="the window is"):
            narrow.complete(replace(self.LONGER, prompt=replace(PROMPT, fixed=LONG * 2)))

    def test_waits_for_those_that_are_answered_and_takes_nothing_from_them(
        self, tiny_gguf: Path, tmp_path: Path
    ) -> None:
        wide = opened(tiny_gguf, tmp_path / "wide")
        alone = {asked: wide.complete(asked)[0].text for asked in (self.SHORT, self.LONGER)}
        windows = self.windows(wide)
        engine = LlamaEngine(tiny_gguf, threads=1, kept=tmp_path / "prompts", slots=2, windows=windows)
        asked = [self.SHORT, self.SHORT, self.LONGER, self.SHORT, self.LONGER, self.SHORT] * 2
        with ThreadPoolExecutor(len(asked)) as pool:
            replies = list(pool.map(lambda request: engine.complete(request)[0].text, asked))
        assert replies == [alone[request] for request in asked]

    def test_that_cannot_be_loaded_leaves_the_engine_as_it_was(
        self, tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        windows = self.windows(opened(tiny_gguf, tmp_path / "wide"))
        engine = LlamaEngine(tiny_gguf, threads=1, kept=tmp_path / "prompts", slots=2, windows=windows)
        before, opening = engine.complete(self.SHORT), engine._open

        def refuse(*, window: int) -> LlamaServer:
            if window > windows[0]:
                raise EngineUnavailable("no memory")
            return opening(window=window)

        monkeypatch.setattr(engine, "_open", refuse)
        with pytest.raises(EngineUnavailable, match="no memory"):
            engine.complete(self.LONGER)
        assert engine.complete(self.SHORT)[0].text == before[0].text


def test_it_says_nothing_by_itself(
    tiny_gguf: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    opened(tiny_gguf, tmp_path).complete(Request(prompt=PROMPT, max_tokens=3))
    said = capfd.readouterr()
    assert said.out == said.err == ""


def test_what_it_costs_is_noted_and_told(tiny_gguf: Path, tmp_path: Path) -> None:
    note = functools.partial(note_cost, tmp_path, "tiny")
    before = dt.date.today().isoformat()
    engine = LlamaEngine(tiny_gguf, threads=1, kept=tmp_path / "prompts", windows=[4096], note=note)
    engine.complete(Request(prompt=PROMPT, grammar="start: /[a-z]{12}/"))
    cost = costs(tmp_path)["tiny"]
    assert cost.threads == 1 and before <= cost.on <= dt.date.today().isoformat()
    assert min(cost.load_s, cost.read_tokens_per_s, cost.written_tokens_per_s, cost.memory_mb) > 0
    assert "tokens a second with 1 threads" in str(cost)
    (tmp_path / "costs.json").write_text('{"tiny": {"odd": 1}}')
    assert costs(tmp_path) == {}
