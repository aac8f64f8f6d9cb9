"""What was written for one question before anybody has checked it, and who writes: a model, in two steps."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from llm.engine import Completion, Engine, Prompt
from sql.linking import Links, Mention

NOTHING = "-- nothing\n"
"""The first line where the data cannot answer; only an adapter has learnt when to write it."""
TRIES = 3
"""First lines that are written out, of those looked at."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One statement, as SQL of the shop's database."""

    sql: str
    """Empty when the first step did not end."""
    completions: tuple[Completion, ...] = ()
    """Of each step that was taken; none where no model was asked."""
    is_declined: bool = False
    """The model finds nothing in the data that could answer; ``sql`` is empty."""

    @property
    def logprobs(self) -> tuple[float, ...]:
        """Of all tokens, in order."""
        return tuple(p for c in self.completions for p in c.logprobs)

    @property
    def is_certain(self) -> bool:
        """Whether the shop's words left this one statement, so that nobody had to be asked."""
        return not self.completions

    @property
    def chance(self) -> float:
        """Log-probability of the whole, in nats; minus infinity where it did not end."""
        return -math.inf if self.is_unfinished else sum(self.logprobs)

    @property
    def is_unfinished(self) -> bool:
        """Whether the model ran out of tokens."""
        return bool(self.completions) and self.completions[-1].finish == "length"


def unused_links(links: Links, sql: str) -> tuple[str, ...]:
    """Values and periods that the question names and the statement leaves out."""
    sql = sql.casefold()
    unused = []
    spans: dict[tuple[int, int], list[Mention]] = {}
    for mention in links.mentions:
        spans.setdefault((mention.start, mention.end), []).append(mention)
    for mentions in spans.values():
        if any(m.kind != "value" for m in mentions):
            continue
        if not any((m.value or "").replace("'", "''").casefold() in sql for m in mentions):
            unused.append(mentions[0].text)
    for period in links.periods:
        bounds = [str(d) for d in (period.start, period.end) if 1 < d.year < 9999]
        if not any(b in sql for b in bounds) and str(period.start.year) not in sql:
            unused.append(period.text)
    return tuple(unused)


class Writer(Protocol):
    """Writes statements for the questions of one workspace."""

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """Write ``samples`` statements, the first of them greedily; one where nobody need be asked.

        Args:
            failures: earlier statements with their errors.
        Raises:
            LlmError: the engine cannot be used, or the prompt is too long.
        """
        ...


class TwoSteps(ABC):
    """A model that first names what the query reads, and then writes under a grammar that knows only that.

    A greedy first line commits itself with its first token, and nothing written after it can make up for a
    wrong one. So the likeliest statement as a whole is looked for: what the greedy line leads to stands
    beside what a few other lines lead to, until none that is left could be likelier.

    Args:
        engine: the model. adapter: LoRA adapter of it.
        lead_tokens, query_tokens: the most that each step may take.
        looks: first lines to look at; 1 writes greedily. At most ``TRIES`` of them are written out.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        adapter: str | None,
        lead_tokens: int,
        query_tokens: int,
        looks: int = 1,
    ) -> None:
        self.engine = engine
        self.adapter = adapter
        self._lead_tokens = lead_tokens
        self._query_tokens = query_tokens
        self.looks = looks

    @abstractmethod
    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question; the same for both steps but for the lead."""

    @abstractmethod
    def first(self, links: Links) -> str:
        """The grammar of the first line."""

    @abstractmethod
    def second(self, lead: str, links: Links) -> tuple[str, Callable[[str], str]]:
        """The grammar after ``lead``, and what makes SQL of a text in it.

        Raises:
            ValueError: ``lead`` names what is not there.
        """

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """Write ``samples`` statements for one question; see :class:`Writer`.

        The first is the likeliest found, the others are sampled in both steps; samples with the same first
        line share the second step's call.
        """
        prompt = self.prompt(links, failures)
        first = self.first(links)

        def complete(lead: str, grammar: str, count: int, heat: float, limit: int) -> list[Completion]:
            return self.engine.complete(
                replace(prompt, lead=lead),
                grammar=grammar,
                adapter=self.adapter,
                samples=count,
                temperature=heat,
                max_tokens=limit,
                cancel=cancel,
            )

        def write(leads: Sequence[Completion], heat: float) -> list[Written]:
            """The statements that follow first lines of one text."""
            text = leads[0].text
            if leads[0].finish != "stop" or text == NOTHING:
                return [Written(sql="", completions=(c,), is_declined=text == NOTHING) for c in leads]
            try:
                grammar, to_sql = self.second(text, links)
            except ValueError:  # an engine that keeps to no grammar; the guard judges what it wrote
                return [Written(sql=text.strip(), completions=(c,)) for c in leads]
            return [
                Written(
                    sql=to_sql(query.text) if query.finish == "stop" else query.text.strip(),
                    completions=(lead, query),
                )
                for lead, query in zip(
                    leads, complete(text, grammar, len(leads), heat, self._query_tokens), strict=True
                )
            ]

        def likeliest() -> Written:
            (lead,) = complete("", first, 1, 0.0, self._lead_tokens)
            (best,) = write([lead], 0.0)
            left = 1.0 - math.exp(sum(lead.logprobs))
            if self.looks == 1 or best.chance >= (math.log(left) if left > 0 else -math.inf):
                return best
            looks = complete("", first, self.looks - 1, 1.0, self._lead_tokens)
            others = {c.text: c for c in looks if c.finish == "stop" and c.text != lead.text}
            for other in sorted(others.values(), key=lambda c: -sum(c.logprobs))[: TRIES - 1]:
                if sum(other.logprobs) <= best.chance:
                    break
                (made,) = write([other], 0.0)
                best = max(best, made, key=lambda w: w.chance)
            return best

        drafts = [likeliest()]
        if samples > 1:
            sampled = complete("", first, samples - 1, temperature, self._lead_tokens)
            for text in dict.fromkeys(c.text for c in sampled):
                drafts += write([c for c in sampled if c.text == text], temperature)
        return drafts
