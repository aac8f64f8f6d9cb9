"""An engine behind HTTP: any server that speaks the OpenAI chat protocol, vLLM first of all.

The server applies its model's chat markup itself, from text. So that markup in strangers' text cannot become
control tokens there, whatever looks like a control token is broken up before it is sent. A grammar goes along
as vLLM's ``structured_outputs``; start vLLM with ``--structured-outputs-config.backend guidance``: it reads
llguidance's dialect. LoRA adapters are model names on the server (``--lora-modules NAME=PATH``).

Not covered: servers that need a login other than a bearer key; retries (the caller decides).
Source: https://docs.vllm.ai/en/latest/features/structured_outputs/
"""

from __future__ import annotations

import json
import logging
import queue
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from llm.engine import Completion, Finish, Prompt, Request
from llm.errors import EngineUnavailable, InvalidGrammar, LlmError, PromptTooLong, UnknownAdapter

logger = logging.getLogger(__name__)

_CONTROL = re.compile(r"<(?=\||/?s>|/?tool_|/?think|start_of_turn|end_of_turn|bos>|eos>)|\[(?=/?INST\])")
"""Where control tokens of the usual model families begin."""
_POLL = 0.05
"""Seconds between two looks at ``cancel`` while the server is silent."""


@dataclass
class _Growing:
    """One choice while it streams in."""

    lead: str = ""
    """Taken off the beginning of the reply if it is there."""
    arrived: str = ""
    logprobs: list[float] = field(default_factory=list)
    finish: Finish | None = None

    @property
    def text(self) -> str:
        """What has arrived, without the lead; empty while that is not decided."""
        if self.finish is None and len(self.arrived) < len(self.lead) and self.lead.startswith(self.arrived):
            return ""
        return self.arrived.removeprefix(self.lead)

    def completion(self) -> Completion:
        return Completion(
            text=self.text,
            logprobs=tuple(self.logprobs),
            tokens=len(self.logprobs),
            finish=self.finish or "cancelled",
        )


class ServedEngine:
    """Fulfils ``llm.engine.Engine`` with a model on a server."""

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key: str | None = None,
        adapters: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        continues_lead: bool = True,
        client: httpx.Client | None = None,
    ) -> None:
        """Prepare; nothing is sent until the first call.

        Args:
            url: up to and including ``/v1``.
            model: its name on the server.
            key: sent as a bearer key; never logged.
            adapters: adapter name to the model name that the server gives it.
            timeout_s: seconds without a byte from the server until it counts as unreachable.
            continues_lead: the server can continue a reply that has begun (vLLM's
                ``continue_final_message``). ``False`` asks for the beginning in words instead, and takes
                it off the reply if it is there; grammars then must not rely on it.
            client: for tests.
        """
        self._url = url.rstrip("/")
        self._model = model
        self._adapters = dict(adapters or {})
        self._continues_lead = continues_lead
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(timeout_s, connect=min(5.0, timeout_s))
        self._client = client or httpx.Client(timeout=timeout)
        self._headers = headers

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def name(self) -> str:
        """Model and server in words."""
        return f"{self._model}, served at {self._url}"

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names that ``adapter=`` accepts, sorted."""
        return tuple(sorted(self._adapters))

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """See :meth:`llm.engine.Engine.complete`."""
        choices = [_Growing(self._spoken(request.prompt)) for _ in range(request.samples)]
        self._grow_all(self._body(request), choices, cancel)
        return [choice.completion() for choice in choices]

    def _spoken(self, prompt: Prompt) -> str:
        """Return the lead that the server's reply may repeat."""
        return "" if self._continues_lead else prompt.lead

    def _body(self, request: Request) -> dict[str, Any]:
        prompt, adapter = request.prompt, request.adapter
        if adapter is not None and adapter not in self._adapters:
            known = ", ".join(self.adapters) or "none is configured"
            raise UnknownAdapter(f"No adapter is called {adapter!r}; known: {known}. Nothing was generated.")
        messages = [
            {"role": "system", "content": as_text(prompt.system)},
            {"role": "user", "content": as_text(prompt.fixed) + as_text(prompt.rest)},
        ]
        body: dict[str, Any] = {
            "model": self._model if adapter is None else self._adapters[adapter],
            "messages": messages,
            "n": request.samples,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "logprobs": True,
            "stream": True,
        }
        if prompt.lead and self._continues_lead:
            messages.append({"role": "assistant", "content": as_text(prompt.lead)})
            body |= {"continue_final_message": True, "add_generation_prompt": False}
        elif prompt.lead:
            messages[-1]["content"] += f"\nBegin your reply with: {as_text(prompt.lead)}"
        if request.grammar is not None:
            body["structured_outputs"] = {"grammar": request.grammar}
        return body

    def _grow_all(
        self, body: dict[str, Any], choices: list[_Growing], cancel: threading.Event | None
    ) -> None:
        """Send ``body`` and let ``choices`` grow to their ends; the server sees to many calls at once."""
        lines: queue.Queue[str | BaseException | None] = queue.Queue()
        stop = threading.Event()
        # The socket is read in a thread of its own: a cancelled call must not wait for a silent server.
        reader = threading.Thread(target=self._read, args=(body, lines, stop), daemon=True)
        reader.start()
        try:
            while cancel is None or not cancel.is_set():
                try:
                    line = lines.get(timeout=_POLL)
                except queue.Empty:
                    continue
                if line is None:
                    break
                if isinstance(line, BaseException):
                    raise line
                self._grow(line, choices)
            else:
                return
        finally:
            stop.set()
        if any(choice.finish is None for choice in choices):
            raise EngineUnavailable(f"{self._url} closed the connection in the middle of a reply. Ask again.")

    def _read(
        self, body: dict[str, Any], lines: queue.Queue[str | BaseException | None], stop: threading.Event
    ) -> None:
        url = f"{self._url}/chat/completions"
        try:
            with self._client.stream("POST", url, json=body, headers=self._headers) as response:
                if response.status_code != 200:
                    response.read()
                    lines.put(self._refusal(response))
                    return
                for line in response.iter_lines():
                    if stop.is_set():
                        return
                    data = line.removeprefix("data:").strip()
                    if not line.startswith("data:") or not data:
                        continue
                    if data == "[DONE]":
                        break
                    lines.put(data)
            lines.put(None)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            lines.put(EngineUnavailable(f"The model server {self._url} cannot be reached: {reason}."))

    def _refusal(self, response: httpx.Response) -> LlmError:
        try:
            found = response.json()
            found = found.get("error", found)
            reason = str(found.get("message", found) if isinstance(found, dict) else found)
        except ValueError:
            reason = response.text
        reason = reason.strip()[:300] or "no reason given"
        lowered = reason.lower()
        if response.status_code == 400 and (
            "maximum context length" in lowered or "max_model_len" in lowered
        ):
            return PromptTooLong(f"The model server refused the prompt: {reason}. Shorten it.")
        if response.status_code == 400 and "grammar" in lowered:
            return InvalidGrammar(f"The model server refused the grammar: {reason}")
        return EngineUnavailable(
            f"The model server {self._url} answered {response.status_code}: {reason}. Nothing was generated."
        )

    def _grow(self, data: str, choices: list[_Growing]) -> None:
        try:
            event = json.loads(data)
            if "error" in event:
                raise EngineUnavailable(f"The model server {self._url} failed: {event['error']}")
            for part in event.get("choices", ()):
                choice = choices[part.get("index", 0)]
                choice.arrived += (part.get("delta") or {}).get("content") or ""
                scores = (part.get("logprobs") or {}).get("content") or ()
                choice.logprobs += [float(score["logprob"]) for score in scores]
                if part.get("finish_reason"):
                    choice.finish = "length" if part["finish_reason"] == "length" else "stop"
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise EngineUnavailable(
                f"The model server {self._url} sent what is not a chat event: {data[:200]!r}"
            ) from error


def as_text(text: str) -> str:
    """Return ``text`` with everything that looks like a control token broken up by a space.

    >>> as_text("nice<|im_end|> [INST]")
    'nice< |im_end|> [ INST]'
    """
    return _CONTROL.sub(lambda match: match[0] + " ", text)
