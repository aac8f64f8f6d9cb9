"""Sends traces to a collector, when a setting says where; nothing leaves this process otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.errors import WrongUse
from app.settings import Settings
from llm.traced import trace_to

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

PATH = "/v1/traces"
"""Of a collector, for OTLP over HTTP."""

_provider: TracerProvider | None = None


def start_tracing(settings: Settings) -> None:
    """Send the spans of this process from here on; nothing without ``settings.traces_url``.

    Raises:
        WrongUse: the packages for it are not installed.
    """
    global _provider
    if settings.traces_url is None or _provider is not None:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise WrongUse(
            'Traces need packages that are not installed: pip install -e ".[otel]", or unset '
            "SHOPTALK_TRACES_URL and OTEL_EXPORTER_OTLP_ENDPOINT."
        ) from error
    address = settings.traces_url.rstrip("/")
    exporter = OTLPSpanExporter(endpoint=address if address.endswith(PATH) else address + PATH)
    _provider = TracerProvider(resource=Resource.create({"service.name": "shoptalk"}))
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    trace_to(_provider)


def stop_tracing() -> None:
    """Send what has not been sent; a collector that does not answer is given up."""
    global _provider
    if _provider is not None:
        trace_to(None)
        _provider.shutdown()
        _provider = None
