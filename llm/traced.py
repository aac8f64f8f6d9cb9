"""Steps of an answer as spans of an OpenTelemetry trace.

Only OpenTelemetry's interface is used here: without the extra ``otel`` and a setting (``app.tracing``) a span
costs microseconds and goes nowhere. What a span may say are names that the code chose, counts and ids: never
a question, a statement, a value of the shop or the words of an error, which may quote any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.trace import NoOpTracer, Span, StatusCode, Tracer, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Fact = str | int | float | bool

_tracer: Tracer = NoOpTracer()
_propagator = TraceContextTextMapPropagator()


def trace_to(provider: TracerProvider | None) -> None:
    """Send the spans of this process there from here on; ``None`` sends them nowhere.

    Not through OpenTelemetry's global provider, which libraries send spans of their own to: those quote
    addresses and errors.
    """
    global _tracer
    _tracer = provider.get_tracer("shoptalk") if provider is not None else NoOpTracer()


@contextmanager
def span(name: str, **facts: Fact) -> Iterator[Span]:
    """A step that lasts as long as the block, within the step at hand; serves as a decorator too.

    Args:
        facts: see the module; told under ``shoptalk.``.
    """
    told = {f"shoptalk.{key}": fact for key, fact in facts.items()}
    with _tracer.start_as_current_span(
        name, attributes=told, record_exception=False, set_status_on_exception=False
    ) as step:
        try:
            yield step
        except Exception as error:
            step.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def tell(**facts: Fact) -> None:
    """Tell more of the step at hand; see :func:`span`."""
    trace.get_current_span().set_attributes({f"shoptalk.{key}": fact for key, fact in facts.items()})


@contextmanager
def within_trace(traceparent: str) -> Iterator[None]:
    """Go on with the trace that a caller's W3C ``traceparent`` names; with a new one where it names none."""
    token = context.attach(_propagator.extract({"traceparent": traceparent}))
    try:
        yield
    finally:
        context.detach(token)
