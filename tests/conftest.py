"""What every test may ask for: the demonstration shop, the real model, and a network that is closed."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Before numpy, faiss and torch: two spinning thread pools cost more than they bring.
from llm.hardware import set_threads, usable_cores

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
set_threads(max(1, usable_cores() // WORKERS))
os.environ.setdefault("SHOPTALK_THREADS", str(max(1, usable_cores() // WORKERS)))
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest  # noqa: E402
from filelock import FileLock  # noqa: E402
from servers import mysql_server, postgres_server  # noqa: E402, F401 - fixtures for every test

ROOT = Path(__file__).parent.parent
BUILT = ROOT / "build" / "tests"
"""What tests build once and may keep between runs; nothing of it is the user's."""
LOCAL = {"127.0.0.1", "::1", "localhost", "0.0.0.0"}


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also where a shell in the background ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file on one worker, for its fixtures; what is longest by far begins first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True, scope="session")
def closed_network() -> Iterator[None]:
    """Connecting to anything but this machine raises: no test may need a network."""
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and str(address[0]) not in LOCAL:
            raise RuntimeError(f"A test tried to reach {address[0]}; tests work without a network.")
        connect(self, address)

    socket.socket.connect = connect_locally  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def weights_home() -> Path:
    """The user's folder of weights, read only; `make test` has filled it."""
    from app.settings import Settings

    return Settings.from_environment().weights


@pytest.fixture(scope="session")
def engine(weights_home: Path) -> Any:
    """The real default model, loaded once."""
    from llm.adapters import SHIPPED, find_adapters
    from llm.load import open_engine
    from llm.weights import DEFAULT_MODEL

    return open_engine(weights_home, adapters=find_adapters(DEFAULT_MODEL, SHIPPED), progress=False)


@pytest.fixture(scope="session")
def model_folder(weights_home: Path) -> Path:
    """The same model as transformers loads it, converted once and kept with the tests' other builds."""
    from llm.convert import ensure_folder
    from llm.weights import ensure_weights

    BUILT.mkdir(parents=True, exist_ok=True)
    return ensure_folder(BUILT, str(ensure_weights(weights_home)), progress=False)


@pytest.fixture(scope="session")
def demo_folder() -> Path:
    """The whole demonstration shop, built once and kept while its generator stays the same."""
    from demo.build import build_demo, is_built

    folder = BUILT / "demo"
    BUILT.mkdir(parents=True, exist_ok=True)
    with FileLock(BUILT / "demo.lock"):  # two workers come here at once
        if not is_built(folder):
            build_demo(folder, progress=False)
    return folder


@pytest.fixture(scope="session")
def demo_workspace(demo_folder: Path) -> Iterator[Any]:
    """The demonstration shop opened under its default role."""
    from sql.shop.shopfile import load_shop
    from sql.shop.workspace import open_workspace

    workspace = open_workspace(load_shop(demo_folder / "shop.yml"))
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of public data: SHOPTALK_DATA, or ``shared/data`` beside the checkout; else skipped."""
    named = os.environ.get("SHOPTALK_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("SHOPTALK_DATA does not name a folder of public data; see docs/real-data.md")
    return folder
