"""The language model that the settings name, with its adapters; loaded at its first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import WrongUse
from app.once import Once
from app.progress import step
from app.settings import Settings, go_offline
from llm.waiting import Wait

if TYPE_CHECKING:
    from llm.engine import Completion, Engine, Request

EngineFactory = Callable[[Settings], "Engine"]
NO_ADAPTER = "none"
"""What ``SHOPTALK_ADAPTER`` and ``--adapter`` say for the bare model."""


class LazyEngine:
    """An engine that is loaded at its first use, or by :meth:`load` in the background."""

    def __init__(self, settings: Settings, factory: EngineFactory) -> None:
        self._settings = settings
        self._factory = factory
        self._engine: Once[Engine] = Once()

    def load(self) -> Engine:
        """The engine; the first caller waits while it loads, the others wait for that.

        Raises:
            WeightsMissing, WeightsCorrupt, EngineUnavailable: and the next call tries again.
        """
        return self._engine.get(lambda: self._factory(self._settings))

    @property
    def is_loaded(self) -> bool:
        """Whether the first use is over."""
        return self._engine.is_made

    @property
    def name(self) -> str:
        """The engine's name, or the model's while it is not loaded."""
        return self.load().name if self.is_loaded else f"{self._settings.model} (not loaded)"

    @property
    def adapters(self) -> tuple[str, ...]:
        """Names of LoRA adapters; loads the engine."""
        return self.load().adapters

    def complete(self, request: Request, cancel: threading.Event | None = None) -> list[Completion]:
        """See ``llm.engine.Engine.complete``."""
        return self.load().complete(request, cancel)


def load_engine(settings: Settings) -> Engine:
    """The language model that the settings name; its weights are fetched first when they are missing."""
    if settings.engine_url:
        from llm.served import ServedEngine

        adapter = settings.adapter
        served = {adapter: adapter} if adapter not in (None, NO_ADAPTER) else {}
        return ServedEngine(settings.engine_url, settings.model, adapters=served, key=settings.engine_key)
    from llm.load import open_engine

    with step(f"Loading the language model ({model_of(settings)})", Wait(what="model")):
        weights_of(settings)
        go_offline()
        return open_engine(
            settings.weights,
            model=model_of(settings),
            device=settings.device,
            precision=settings.precision,
            adapters=adapters_of(settings),
        )


def adapters_of(settings: Settings) -> dict[str, Path]:
    """The adapters on this machine that fit the model, name to folder; the model is not loaded."""
    from llm.adapters import SHIPPED, find_adapters
    from llm.weights import model_name

    return find_adapters(model_name(model_of(settings)), SHIPPED, settings.adapters)


def adapter_of(settings: Settings) -> str | None:
    """The adapter that statements are written with: the one that the settings name, else the project's own.

    A server's adapters are the server's: one is used only when the settings name it.

    Raises:
        WrongUse: no adapter of that name fits the model.
    """
    from llm.adapters import default_adapter
    from llm.weights import model_name

    asked = settings.adapter
    if asked == NO_ADAPTER:
        return None
    if settings.engine_url:
        return asked
    if asked is None:
        return default_adapter(model_name(model_of(settings)))
    known = adapters_of(settings)
    if asked not in known:
        raise WrongUse(
            f"No adapter of {model_of(settings)} is called {asked!r}; known: "
            f"{', '.join([*known, NO_ADAPTER])}. Trained ones belong into {settings.adapters}."
        )
    return asked


def model_of(settings: Settings) -> str:
    """What ``llm`` is asked for: the path of a model when the settings name one, else its name."""
    return str(settings.model_path or settings.model)


def weights_of(settings: Settings) -> Path:
    """The folder of the model's weights; they are fetched and checked first when they are missing."""
    from llm.load import bring_weights, choose

    model = model_of(settings)
    choice = choose(model, device=settings.device, precision=settings.precision)
    return bring_weights(settings.weights, model, choice)
