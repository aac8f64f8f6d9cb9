"""The torch engine beyond the contract, on a tiny random model; transformers is the reference."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_model import tiny_engine, write_adapter

from llm.chat import ChatTokenizer, TextStream
from llm.engine import Completion, Prompt, Request
from llm.errors import EngineUnavailable, UnknownAdapter
from llm.kv import KvCache
from llm.network import load_network
from llm.prefix import Prefixes

PROMPT = Prompt(system="Be brief.", fixed="Tables: " + "orders, customers; " * 8, rest="How many?", lead="x")


@pytest.fixture(scope="module")
def engine(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tiny_engine(tiny_folder, home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def reference(tiny_folder: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).eval()


def scores(reference: Any, tokens: list[int]) -> torch.Tensor:
    """Log-probabilities of the token after each of ``tokens``, by transformers."""
    with torch.inference_mode():
        return torch.log_softmax(reference(torch.tensor([tokens])).logits[0].float(), dim=-1)


def ids(engine: Any, text: str) -> list[int]:
    return engine._tokenizer._plain(text)


class TestDecoding:
    def test_greedy_equals_transformers(self, engine: Any, reference: Any) -> None:
        (completion,) = engine.complete(PROMPT, max_tokens=24)
        tokens = engine._tokenizer.encode(PROMPT).all
        expected: list[int] = []
        logprobs: list[float] = []
        banned = sorted(engine._tokenizer.control - engine._tokenizer.stops)
        while len(expected) < 24:
            row = scores(reference, tokens + expected)[-1]
            allowed = row.clone()
            allowed[banned] = -torch.inf
            token = int(allowed.argmax())
            if token in engine._tokenizer.stops:
                break
            expected.append(token)
            logprobs.append(float(row[token]))
        assert completion.text == engine._tokenizer.decode(expected)
        assert completion.logprobs == pytest.approx(logprobs, abs=1e-3)

    def test_forced_tokens_are_scored_by_the_model(self, engine: Any, reference: Any) -> None:
        sentence = "SELECT a or b, of all the orders"
        (completion,) = engine.complete(PROMPT, grammar=f'start: "{sentence}"', max_tokens=60)
        assert (completion.text, completion.finish) == (sentence, "stop")
        tokens, reply = engine._tokenizer.encode(PROMPT).all, ids(engine, sentence)
        rows = scores(reference, tokens + reply)[len(tokens) - 1 : -1]
        expected = [float(row[token]) for row, token in zip(rows, reply, strict=True)]
        assert completion.logprobs == pytest.approx(expected, abs=1e-3)

    def test_choice_and_forced_tokens_are_scored_alike(self, engine: Any, reference: Any) -> None:
        grammar = 'start: ("SELECT a FROM " | "or of ") ("x y z" | "long forced tail") /[0-9]{3}/'
        for completion in engine.complete(PROMPT, grammar=grammar, samples=4, temperature=2.0, max_tokens=60):
            tokens, reply = engine._tokenizer.encode(PROMPT).all, ids(engine, completion.text)
            if len(reply) != completion.tokens:
                continue  # another split of the same text into tokens
            rows = scores(reference, tokens + reply)[len(tokens) - 1 : -1]
            expected = [float(row[token]) for row, token in zip(rows, reply, strict=True)]
            assert completion.logprobs == pytest.approx(expected, abs=1e-3)

    def test_a_batch_equals_single_calls(self, engine: Any, reference: Any) -> None:
        """Samples that end at different lengths do not disturb each other."""
        grammar = 'start: /[a-f]{1,30}/ ("!" | " and so on, forced")'
        batch = engine.complete(PROMPT, grammar=grammar, samples=5, temperature=1.5, max_tokens=60)
        assert len({completion.text for completion in batch}) > 1
        assert len({completion.tokens for completion in batch}) > 1
        checked = 0
        for completion in batch:
            tokens, reply = engine._tokenizer.encode(PROMPT).all, ids(engine, completion.text)
            if len(reply) == completion.tokens:
                rows = scores(reference, tokens + reply)[len(tokens) - 1 : -1]
                expected = [float(row[token]) for row, token in zip(rows, reply, strict=True)]
                assert completion.logprobs == pytest.approx(expected, abs=1e-3)
                checked += 1
        assert checked > 0

    def test_sampling_repeats_itself(self, engine: Any) -> None:
        asked = {"grammar": "start: /[a-z]{8}/", "samples": 3, "temperature": 1.0, "max_tokens": 20}
        first = [completion.text for completion in engine.complete(PROMPT, **asked)]
        again = [completion.text for completion in engine.complete(PROMPT, **asked)]
        assert first == again and len(set(first)) == 3

    def test_max_tokens_cuts_forced_tokens_too(self, engine: Any) -> None:
        (completion,) = engine.complete(PROMPT, grammar='start: "abcdefghij"', max_tokens=4)
        assert (completion.text, completion.finish, completion.tokens) == ("abcd", "length", 4)

    def test_the_empty_sentence(self, engine: Any) -> None:
        (completion,) = engine.complete(PROMPT, grammar='start: ""', max_tokens=4)
        assert (completion.text, completion.finish, completion.tokens) == ("", "stop", 0)

    def test_no_mode_leaks_to_the_consumer_of_a_stream(self, engine: Any) -> None:
        for _ in engine.stream(PROMPT, grammar="start: /[a-z]{5}/", max_tokens=9):
            assert not torch.is_inference_mode_enabled()

    def test_cancelled_while_reading_the_prompt(self, engine: Any) -> None:
        cancel = threading.Event()
        cancel.set()
        long = Prompt(system="", fixed="never read " * 40, rest="")
        (completion,) = engine.complete(long, max_tokens=9, cancel=cancel)
        assert (completion.finish, completion.tokens) == ("cancelled", 0)
        (completion,) = engine.complete(long, grammar='start: "ok"', max_tokens=9)
        assert completion.text == "ok"

    def test_characters_of_several_bytes_arrive_whole(self, engine: Any) -> None:
        pieces = list(engine.stream(PROMPT, grammar='start: "销售额 é 👍"', max_tokens=40))
        assert "".join(piece.text for piece in pieces) == "销售额 é 👍"
        assert all("\ufffd" not in piece.text for piece in pieces)


WORDS = 'start: /[a-f]{1,30}/ ("!" | " and so on, forced")'
BATCH = [
    Request(prompt=dataclasses.replace(PROMPT, rest="How many customers are there in all?"), max_tokens=12),
    Request(prompt=PROMPT, grammar=WORDS, samples=3, temperature=1.5, max_tokens=40),
    Request(prompt=dataclasses.replace(PROMPT, rest="?", lead=""), grammar='start: "forced, all of it"'),
    Request(prompt=dataclasses.replace(PROMPT, fixed="Another schema."), grammar=WORDS, max_tokens=30),
    Request(prompt=PROMPT, grammar=WORDS, max_tokens=3),
    Request(prompt=dataclasses.replace(PROMPT, lead="xyz and more"), grammar=WORDS, max_tokens=40),
    Request(prompt=PROMPT, grammar=WORDS, adapter="shop", max_tokens=40),
    Request(prompt=PROMPT, grammar=WORDS, adapter="shop", samples=2, temperature=1.0, max_tokens=40),
]


@pytest.fixture(scope="module")
def adapted(tiny_folder: Path, tiny_adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("batches")
    return tiny_engine(tiny_folder, home=home, adapters={"shop": tiny_adapter})


@pytest.fixture(scope="module")
def alone(adapted: Any) -> list[list[Completion]]:
    return [adapted.complete(**vars(request)) for request in BATCH]


class TestBatches:
    def check(self, found: list[list[Completion]], alone: list[list[Completion]]) -> None:
        for some, wanted in zip(found, alone, strict=True):
            assert [(c.text, c.tokens, c.finish) for c in some] == [
                (c.text, c.tokens, c.finish) for c in wanted
            ]
            for one, other in zip(some, wanted, strict=True):
                assert one.logprobs == pytest.approx(other.logprobs, abs=1e-3)

    def test_each_request_is_answered_as_if_alone(self, adapted: Any, alone: list[list[Completion]]) -> None:
        self.check(adapted.complete_batch(BATCH), alone)
        self.check(adapted.complete_batch(BATCH), alone)  # with the own parts kept from before
        self.check([adapted.complete(**vars(request)) for request in BATCH], alone)

    def test_more_rows_than_fit_are_decoded_in_parts(
        self, adapted: Any, alone: list[list[Completion]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("llm.torch_engine.MAX_ROWS", 3)
        monkeypatch.setattr("llm.torch_engine.TAILS", 1)
        self.check(adapted.complete_batch(BATCH), alone)

    def test_one_wrong_request_and_nothing_is_generated(self, adapted: Any) -> None:
        with pytest.raises(UnknownAdapter):
            adapted.complete_batch([*BATCH, Request(prompt=PROMPT, adapter="nowhere")])

    def test_an_empty_batch(self, adapted: Any) -> None:
        assert adapted.complete_batch([]) == []


@pytest.fixture(scope="module")
def tokenizer(tiny_folder: Path) -> ChatTokenizer:
    return ChatTokenizer(tiny_folder)


class TestStrangersText:
    @pytest.mark.parametrize("markup", ["<|im_end|>", "<|im_start|>system", "<|endoftext|>", "<tool_call>"])
    @pytest.mark.parametrize("part", ["system", "fixed", "rest", "lead"])
    def test_markup_in_it_stays_text(self, tokenizer: ChatTokenizer, markup: str, part: str) -> None:
        parts = {"system": "s", "fixed": "f", "rest": "r", "lead": "l"}
        plain = tokenizer.encode(Prompt(**parts)).all
        marked = tokenizer.encode(Prompt(**{**parts, part: f"nice {markup} shoes"})).all
        control = [token for token in plain if token in tokenizer.control]
        assert [token for token in marked if token in tokenizer.control] == control
        assert f"nice {markup} shoes" in tokenizer.decode(marked)

    def test_still_after_the_grammar_looked_at_the_tokenizer(self, tokenizer: ChatTokenizer) -> None:
        tokenizer.grammar_tokenizer(len(tokenizer._tokenizer.get_vocab()))
        assert not set(tokenizer._plain("<|im_end|>")) & tokenizer.control

    def test_prompt_has_the_chat_markup(self, tokenizer: ChatTokenizer) -> None:
        tokens = tokenizer.encode(Prompt(system="S", fixed="F", rest="R", lead="L"))
        names = [tokenizer._tokenizer.id_to_token(token) for token in tokens.all]
        text = "".join(names).replace("Ċ", "\n")
        assert text == (
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nFR<|im_end|>\n<|im_start|>assistant\nL"
        )
        assert tokens.shared == tokenizer.encode(Prompt(system="S", fixed="F", rest="other")).shared

    def test_a_cut_character_ends_as_a_replacement(self, tokenizer: ChatTokenizer) -> None:
        stream = TextStream(tokenizer)
        tokens = tokenizer._plain("额")
        assert [stream.add([token]) for token in tokens[:-1]] == [""] * (len(tokens) - 1)
        assert stream.end() == "\ufffd"

    def test_a_model_without_the_markup_is_refused(self, tmp_path: Path) -> None:
        from tokenizers import Tokenizer, models

        with pytest.raises(EngineUnavailable, match=r"tokenizer\.json is missing"):
            ChatTokenizer(tmp_path)
        Tokenizer(models.BPE()).save(str(tmp_path / "tokenizer.json"))
        with pytest.raises(EngineUnavailable, match=r"does not know <\|im_start\|>"):
            ChatTokenizer(tmp_path)


class TestPrefix:
    def count(self, engine: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Record how many tokens the network is given in each pass."""
        passes: list[int] = []
        network = engine._network
        hidden = type(network).hidden

        def counted(self: Any, tokens: torch.Tensor, cache: KvCache, counts: list[int]) -> torch.Tensor:
            passes.append(sum(counts))
            return hidden(self, tokens, cache, counts)

        monkeypatch.setattr(type(network), "hidden", counted)
        return passes

    def test_shared_start_is_read_once(
        self, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine = tiny_engine(tiny_folder, home=tmp_path)
        passes = self.count(engine, monkeypatch)
        shared = len(engine._tokenizer.encode(PROMPT).shared)
        asked = {"grammar": 'start: "a" | "b"', "max_tokens": 3}
        first = engine.complete(PROMPT, **asked)
        assert sum(passes) > shared
        passes.clear()
        other = Prompt(system=PROMPT.system, fixed=PROMPT.fixed, rest="Where to?")
        engine.complete(other, **asked)
        assert sum(passes) < shared / 2
        passes.clear()
        again = engine.complete(other, **asked)
        assert passes[0] == 1, "the same prompt again reads its last token only"
        assert engine.complete(PROMPT, **asked)[0].logprobs == pytest.approx(first[0].logprobs, abs=1e-3)
        assert again[0].text in "ab"

    def test_kept_on_disk_for_the_next_start(
        self, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = tiny_engine(tiny_folder, home=tmp_path).complete(PROMPT, max_tokens=6)
        assert len(list((tmp_path / "prefixes").glob("*.safetensors"))) == 1
        engine = tiny_engine(tiny_folder, home=tmp_path)
        passes = self.count(engine, monkeypatch)
        again = engine.complete(PROMPT, max_tokens=6)
        assert passes[0] == len(engine._tokenizer.encode(PROMPT).own)
        assert again[0].text == first[0].text
        assert again[0].logprobs == pytest.approx(first[0].logprobs, abs=1e-3)

    def test_a_damaged_file_is_read_anew(self, tiny_folder: Path, tmp_path: Path) -> None:
        first = tiny_engine(tiny_folder, home=tmp_path).complete(PROMPT, max_tokens=6)
        (path,) = (tmp_path / "prefixes").glob("*.safetensors")
        path.write_bytes(path.read_bytes()[:1000])
        again = tiny_engine(tiny_folder, home=tmp_path).complete(PROMPT, max_tokens=6)
        assert again[0].logprobs == pytest.approx(first[0].logprobs, abs=1e-4)

    def test_another_precision_does_not_use_it(self, tiny_folder: Path, tmp_path: Path) -> None:
        tiny_engine(tiny_folder, home=tmp_path).complete(PROMPT, max_tokens=2)
        tiny_engine(tiny_folder, "bfloat16", home=tmp_path).complete(PROMPT, max_tokens=2)
        assert len(list((tmp_path / "prefixes").glob("*.safetensors"))) == 2

    def test_a_disk_that_cannot_be_written_costs_a_warning(
        self, tiny_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine = tiny_engine(tiny_folder, home=tmp_path)
        (tmp_path / "prefixes").write_text("in the way")
        assert engine.complete(PROMPT, max_tokens=2)
        assert "not kept on disk" in caplog.text

    def test_memory_and_disk_are_bounded(self, tiny_folder: Path, tmp_path: Path) -> None:
        engine = tiny_engine(tiny_folder, home=tmp_path)
        engine._prefixes = Prefixes(tmp_path / "few", entries=2, files=3)
        for number in range(5):
            engine.complete(Prompt(system=str(number), fixed=PROMPT.fixed, rest=""), max_tokens=1)
        assert len(engine._prefixes._entries) == 2
        assert len(list((tmp_path / "few").iterdir())) == 3


class TestCache:
    def test_rows_of_different_length(self, tiny_folder: Path) -> None:
        """Feeding rows together, padded, gives what feeding each alone gives."""
        network = load_network(tiny_folder, precision="float32")
        rows = [[5, 6, 7, 8, 9], [20, 21], [30, 31, 32]]
        alone = []
        for row in rows:
            cache = KvCache.empty(network.shape, 4)
            with torch.inference_mode():
                network.hidden(torch.tensor([[1, 2, 3]]), cache, [3])
                network.hidden(torch.tensor([row[:1]]), cache, [1])
                alone.append(network.hidden(torch.tensor([row[1:]]), cache, [len(row) - 1])[0, -1])
        with torch.inference_mode():
            start = KvCache.empty(network.shape, 4)
            network.hidden(torch.tensor([[1, 2, 3]]), start, [3])
            cache = start.copy(3, rows=3, room=2)
            network.hidden(torch.tensor([row[:1] for row in rows]), cache, [1, 1, 1])
            padded = torch.tensor([row[1:] + [0] * (5 - len(row)) for row in rows])
            hidden = network.hidden(padded, cache, [4, 1, 2])
            assert cache.lengths == [8, 5, 6]
            for place, row in enumerate(rows):
                torch.testing.assert_close(hidden[place, len(row) - 2], alone[place], atol=1e-4, rtol=1e-4)
            cache.keep([2, 0])
            assert cache.lengths == [6, 8] and cache.keys[0].shape[0] == 2


class TestAdapters:
    def test_output_changes_and_the_bare_model_comes_back(
        self, tiny_folder: Path, tiny_adapter: Path, tmp_path: Path
    ) -> None:
        for precision in ("float32", "bfloat16", "float16", "int8"):
            bare = tiny_engine(tiny_folder, precision, home=tmp_path)
            engine = tiny_engine(tiny_folder, precision, home=tmp_path, adapters={"shop": tiny_adapter})
            assert engine.adapters == ("shop",)
            asked = {"grammar": "start: /[a-z]{12}/", "max_tokens": 20}
            before = engine.complete(PROMPT, **asked)
            adapted = engine.complete(PROMPT, adapter="shop", **asked)
            assert adapted[0].logprobs != pytest.approx(before[0].logprobs, abs=1e-2)
            for other in (engine, bare):
                after = other.complete(PROMPT, **asked)
                assert after[0].text == before[0].text
                assert after[0].logprobs == pytest.approx(before[0].logprobs, abs=1e-4), precision

    # peft 0.21 asks transformers 5.23 for a name that is about to change; only this test imports peft.
    @pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
    def test_equals_peft(self, tiny_folder: Path, tmp_path: Path) -> None:
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        folder = write_adapter(tmp_path, seed=3, use_rslora=True, alpha_pattern={"q_proj": 3})
        base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
        model = PeftModel.from_pretrained(base, folder).eval()
        engine = tiny_engine(tiny_folder, home=tmp_path / "home", adapters={"a": folder})
        sentence = "some forced words"
        (completion,) = engine.complete(PROMPT, adapter="a", grammar=f'start: "{sentence}"')
        tokens, reply = engine._tokenizer.encode(PROMPT).all, ids(engine, sentence)
        rows = scores(model, tokens + reply)[len(tokens) - 1 : -1]
        expected = [float(row[token]) for row, token in zip(rows, reply, strict=True)]
        assert completion.logprobs == pytest.approx(expected, abs=1e-3)

    @pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
    def test_an_adapter_of_the_own_part_leaves_the_shared_part_to_the_bare_model(
        self, tiny_folder: Path, tmp_path: Path
    ) -> None:
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        folder = write_adapter(tmp_path, seed=3, alora_invocation_tokens=[1])
        home = tmp_path / "home"
        engine = tiny_engine(tiny_folder, home=home, adapters={"a": folder})
        sentence = "some forced words"
        asked = {"grammar": f'start: "{sentence}"'}
        (completion,) = engine.complete(PROMPT, adapter="a", **asked)

        base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
        plain = tmp_path / "plain"
        plain.mkdir()
        model = PeftModel.from_pretrained(base, write_adapter(plain, seed=3)).eval()
        prompt, reply = engine._tokenizer.encode(PROMPT), ids(engine, sentence)
        with torch.inference_mode():
            with model.disable_adapter():
                known = model(torch.tensor([prompt.shared]), use_cache=True).past_key_values
            rest = torch.tensor([[*prompt.own, *reply]])
            rows = torch.log_softmax(model(rest, past_key_values=known).logits[0].float(), dim=-1)
        rows = rows[len(prompt.own) - 1 : -1]
        expected = [float(row[token]) for row, token in zip(rows, reply, strict=True)]
        assert completion.logprobs == pytest.approx(expected, abs=1e-3)

        kept = sorted((home / "prefixes").glob("*"))
        bare = engine.complete(PROMPT, **asked)
        assert bare[0].logprobs != pytest.approx(expected, abs=1e-2)
        assert sorted((home / "prefixes").glob("*")) == kept  # one file serves both
        again = engine.complete(PROMPT, adapter="a", **asked)
        assert again[0].logprobs == pytest.approx(expected, abs=1e-3)
        longer = Prompt(**{**vars(PROMPT), "fixed": PROMPT.fixed + "How many?"})
        fresh = tiny_engine(tiny_folder, home=tmp_path / "fresh", adapters={"a": folder})
        wanted = fresh.complete(longer, adapter="a", **asked)[0].logprobs
        assert engine.complete(longer, adapter="a", **asked)[0].logprobs == pytest.approx(wanted, abs=1e-3)

    def test_two_at_once(self, tiny_folder: Path, tiny_adapter: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        write_adapter(other, seed=9)
        engine = tiny_engine(tiny_folder, home=tmp_path, adapters={"one": tiny_adapter, "two": other})
        asked = {"grammar": "start: /[a-z]{9}/", "max_tokens": 12}
        one, two = (engine.complete(PROMPT, adapter=name, **asked) for name in ("one", "two"))
        assert one != two
        again = engine.complete(PROMPT, adapter="one", **asked)
        assert again[0].logprobs == pytest.approx(one[0].logprobs, abs=1e-4)
        with pytest.raises(UnknownAdapter, match="'three'; known: one, two"):
            engine.complete(PROMPT, adapter="three")

    @pytest.mark.parametrize(
        ("config", "reason"),
        [
            ({"peft_type": "IA3"}, "its kind is 'IA3'"),
            ({"use_dora": True}, "use_dora"),
            ({"bias": "all"}, "trains biases"),
            ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ],
    )
    def test_what_is_not_supported_is_refused_by_name(
        self, tiny_folder: Path, tmp_path: Path, config: dict[str, Any], reason: str
    ) -> None:
        folder = write_adapter(tmp_path, seed=1, **config)
        with pytest.raises(EngineUnavailable, match=f"Adapter 'a' in .*{reason}.*not loaded"):
            tiny_engine(tiny_folder, home=tmp_path / "home", adapters={"a": folder})

    def test_a_folder_without_an_adapter(self, tiny_folder: Path, tmp_path: Path) -> None:
        with pytest.raises(EngineUnavailable, match=r"adapter_config\.json is missing"):
            tiny_engine(tiny_folder, home=tmp_path, adapters={"a": tmp_path / "nothing"})

    def test_a_damaged_adapter(self, tiny_folder: Path, tmp_path: Path) -> None:
        folder = write_adapter(tmp_path, seed=1)
        (folder / "adapter_model.safetensors").write_bytes(b"not an adapter")
        with pytest.raises(EngineUnavailable, match="cannot be read"):
            tiny_engine(tiny_folder, home=tmp_path / "home", adapters={"a": folder})


class TestPrecision:
    @pytest.mark.parametrize(
        ("precision", "least"), [("bfloat16", 0.99), ("float16", 0.9999), ("int8", 0.97)]
    )
    def test_is_close_to_float32(self, tiny_folder: Path, precision: Any, least: float) -> None:
        tokens = torch.arange(40)[None]
        results = []
        for name in ("float32", precision):
            network = load_network(tiny_folder, precision=name)
            with torch.inference_mode():
                hidden = network.hidden(tokens, KvCache.empty(network.shape, 64), [40])
                results.append(network.logits(hidden)[0].float())
        similarity = torch.nn.functional.cosine_similarity(*results, dim=-1)
        assert similarity.min() > least

    def test_a_layer_without_an_active_adapter_is_the_base_layer_bit_for_bit(self) -> None:
        from llm.lora import AdaptedLinear, LowRank

        base = torch.nn.Linear(8, 4)
        layer = AdaptedLinear(base)
        layer.adapters["a"] = LowRank(torch.randn(2, 8), torch.randn(4, 2))
        x = torch.randn(3, 8)
        layer.active = layer.adapters["a"]
        assert not torch.equal(layer(x), base(x))
        layer.active = None
        assert torch.equal(layer(x), base(x))

    def test_int8_does_not_depend_on_what_else_is_in_the_batch(self, tiny_folder: Path) -> None:
        from llm.packed import Int8Linear

        torch.manual_seed(0)
        weight = torch.randn(32, 64)
        layer = Int8Linear(*Int8Linear.quantise(weight), torch.randn(32))
        x = torch.randn(9, 64) * torch.logspace(-3, 3, 9)[:, None]
        together = layer(x)
        alone = torch.cat([layer(row[None]) for row in x])
        torch.testing.assert_close(together, alone, rtol=1e-6, atol=0)

    def test_unknown_precision(self, tiny_folder: Path) -> None:
        with pytest.raises(EngineUnavailable, match="No precision is called 'int3'; known: float32"):
            tiny_engine(tiny_folder, "int3")

    def test_cuda_without_a_card(self, tiny_folder: Path) -> None:
        if torch.cuda.is_available():
            pytest.skip("this machine has a card")
        with pytest.raises(EngineUnavailable, match="torch sees no graphics card"):
            tiny_engine(tiny_folder, device="cuda")

    def test_a_folder_without_weights(self, tiny_folder: Path, tmp_path: Path) -> None:
        with pytest.raises(EngineUnavailable, match=r"config\.json is missing"):
            load_network(tmp_path, precision="float32")
        (tmp_path / "config.json").write_bytes((tiny_folder / "config.json").read_bytes())
        with pytest.raises(EngineUnavailable, match=r"model\.safetensors is missing"):
            load_network(tmp_path, precision="float32")
