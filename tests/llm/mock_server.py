"""A small local server that speaks the OpenAI chat protocol, as vLLM streams it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class MockServer:
    """Answers chat requests with the texts that ``reply`` makes of the request, a word per event."""

    def __init__(self, reply: Callable[[dict[str, Any]], list[str]]) -> None:
        self.reply = reply
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.silence: threading.Event | None = None
        """No event is sent before it is set; ``None`` sends at once."""
        self.failure: tuple[int, dict[str, Any]] | None = None
        """Status and body to answer instead."""
        self.break_after: int | None = None
        """Number of events after which the connection is dropped."""
        self.raw: str | None = None
        """Sent as the only event."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                owner.requests.append(body)
                owner.headers.append(dict(self.headers))
                with suppress(BrokenPipeError, ConnectionResetError):
                    owner.answer(self, body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if handler.path != "/v1/chat/completions":
            self._json(handler, 404, {"detail": "Not Found"})
            return
        if self.failure is not None:
            self._json(handler, *self.failure)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        if self.raw is not None:
            handler.wfile.write(f"data: {self.raw}\n\n".encode())
            return
        words = [text.replace(" ", "\0 ").split("\0") for text in self.reply(body)]
        longest = max(len(w) for w in words)
        sent = 0
        for step in range(min(longest, body["max_tokens"])):
            for index, row in enumerate(words):
                if step >= len(row):
                    continue
                if self.break_after is not None and sent >= self.break_after:
                    return
                last = step == len(row) - 1
                finish = "stop" if last else "length" if step + 1 == body["max_tokens"] else None
                scores = [{"token": row[step], "logprob": -0.25}]
                choice = {
                    "index": index,
                    "delta": {"content": row[step]},
                    "logprobs": {"content": scores},
                    "finish_reason": finish,
                }
                if self.silence is not None:
                    self.silence.wait()
                handler.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
                handler.wfile.flush()
                sent += 1
        handler.wfile.write(b"data: [DONE]\n\n")

    @staticmethod
    def _json(handler: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.wfile.write(json.dumps(body).encode())

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
