"""llama.cpp in this process (``xllamacpp``): opened privately and silently, asked by its own calls.

xllamacpp always serves HTTP beside its calls. Here that listens on a socket file in a folder that only this
user can enter (on Windows: on the loopback address), under a key that nobody else is told; the package itself
uses it for two things that have no call: the model's tokenizer, and keeping a read prompt on disk.

Threads: llama.cpp's workers spin while they wait for each other, so a second busy pool on the same cores
costs many times the time. :func:`llm.hardware.set_threads` holds the other libraries to what is left.
Source: https://github.com/xorbitsai/xllamacpp and llama.cpp's tools/server/README.md, read 2026-11-28.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from llm.errors import EngineUnavailable

logger = logging.getLogger(__name__)

INSTALL = 'pip install "shoptalk[cpu]"'
BATCH = 256
"""Prompt tokens per step: how late a cancellation is noticed while a prompt is read."""


class LlamaServer:
    """A model file that was loaded, with its adapters and its slots."""

    def __init__(
        self,
        gguf: Path,
        *,
        adapters: Sequence[Path] = (),
        slots: int,
        window: int,
        threads: int,
        kept: Path,
    ) -> None:
        """Load the model.

        Args:
            gguf: the model's file.
            adapters: LoRA adapters as GGUF files; a request names them by their place here.
            slots: replies that are decoded side by side.
            window: tokens of context of each slot.
            threads: cores that compute.
            kept: folder for prompts that were read, made if missing.
        Raises:
            EngineUnavailable: xllamacpp is missing, or llama.cpp cannot load the file.
        """
        try:
            import xllamacpp
        except ImportError as error:
            raise EngineUnavailable(
                f"xllamacpp is not installed, which runs the model on a CPU. Run: {INSTALL}"
            ) from error
        kept.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix="shoptalk-")  # mode 0700
        key = secrets.token_urlsafe(24)
        params = xllamacpp.CommonParams()
        params.model.path = str(gguf)
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0) for path in adapters]
        params.n_ctx, params.n_parallel, params.kv_unified = window * slots, slots, False
        params.n_batch = params.n_ubatch = BATCH
        params.fit_params = False  # all sizes are given; else the file is opened twice to find some
        params.warmup = False  # an empty reply first, that nobody asked for
        # Read, not mapped: most weights are laid out anew for the CPU, and a mapped file would stay beside.
        params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.n_threads_http = 2
        params.cache_ram_mib = 0  # prompts are kept by this package, per slot and on disk
        params.slot_save_path = f"{kept}{os.sep}"
        params.hostnames = [str(Path(folder) / "socket.sock") if os.name == "posix" else "127.0.0.1"]
        params.api_keys = [key]
        params.ui = params.endpoint_props = params.endpoint_metrics = False
        params.offline, params.verbosity = True, -1
        try:
            self._server = xllamacpp.Server(params)
        except Exception as error:  # it raises RuntimeError and others, with llama.cpp's words
            shutil.rmtree(folder, ignore_errors=True)
            raise EngineUnavailable(f"llama.cpp cannot load {gguf}: {error}. Nothing was loaded.") from error
        address = self._server.listening_address
        # A connection a call: on a socket file that costs nothing, and none is left open.
        none_kept = httpx.Limits(max_keepalive_connections=0)
        socket = address.removeprefix("unix://") if address.startswith("unix://") else None
        transport = httpx.HTTPTransport(uds=socket, limits=none_kept)
        self._client = httpx.Client(
            transport=transport,
            base_url="http://localhost" if socket else address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60.0,
            trust_env=False,
        )
        weakref.finalize(self, _leave, self._client, folder)

    def tokens(self, text: str, *, markup: bool = False) -> list[int]:
        """The model's own tokens of ``text``; with ``markup``, control tokens are read as such."""
        body = {"content": text, "add_special": False, "parse_special": markup}
        found: list[int] = self._post("/tokenize", body)["tokens"]
        return found

    def ask(self, body: Mapping[str, Any], hear: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        """Run one completion; return llama.cpp's error, or ``None``.

        Args:
            body: see llama.cpp's ``/v1/completions``; ``stream`` is added.
            hear: is given each event, and returns whether to stop. What it raises is raised here.
        """
        failed: list[BaseException] = []
        errors: list[dict[str, Any]] = []

        def heard(event: dict[str, Any]) -> bool:
            # An exception in a callback is swallowed by xllamacpp, and decoding would go on.
            try:
                if "error" in event:
                    errors.append(event["error"])
                    return True
                return hear(event)
            except BaseException as error:
                failed.append(error)
                return True

        self._server.handle_completions({**body, "stream": True}, heard)
        if failed:
            raise failed[0]
        return errors[0] if errors else None

    def keep(self, slot: int, file: str) -> None:
        """Write what ``slot`` has read to ``file`` of the folder of kept prompts."""
        self._post(f"/slots/{slot}?action=save", {"filename": file})

    def recall(self, slot: int, file: str) -> None:
        """Read it again; raises ``EngineUnavailable`` when the file is missing or of another model."""
        self._post(f"/slots/{slot}?action=restore", {"filename": file})

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            response = self._client.post(path, json=dict(body))
            found: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise EngineUnavailable(f"llama.cpp did not answer to {path}: {error}") from error
        if response.status_code != 200:
            raise EngineUnavailable(f"llama.cpp refused {path}: {found.get('error', found)}")
        return found


def _leave(client: httpx.Client, folder: str) -> None:
    client.close()
    shutil.rmtree(folder, ignore_errors=True)
