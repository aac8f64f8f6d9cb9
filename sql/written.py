"""What was written for one question before anybody has checked it, and who writes: a model, in two steps."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from llm.engine import Completion, Engine, Prompt
from sql.linking import Links, Mention

NOTHING = "-- nothing\n"
"""The first line where the data cannot answer; only an adapter has learnt when to write it."""


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

    Args:
        engine: the model. adapter: LoRA adapter of it.
        leads: grammar of the first line.
        lead_tokens, query_tokens: the most that each step may take.
        looks: first lines among which the likeliest as a whole is taken. A greedy one commits itself with its
            first token, and a line that names all tables in their order has its choice spread over many.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        adapter: str | None,
        leads: str,
        lead_tokens: int,
        query_tokens: int,
        looks: int = 1,
    ) -> None:
        self.engine = engine
        self.adapter = adapter
        self._leads = leads
        self._lead_tokens = lead_tokens
        self._query_tokens = query_tokens
        self._looks = looks

    @abstractmethod
    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question; the same for both steps but for the lead."""

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

        The first step is greedy for the first of them, or the likeliest of a few, and sampled for the others;
        samples with the same first line share the second step's call.
        """
        prompt = self.prompt(links, failures)

        def complete(lead: str, grammar: str, count: int, heat: float, limit: int) -> list[Completion]:
            if not count:
                return []
            return self.engine.complete(
                replace(prompt, lead=lead),
                grammar=grammar,
                adapter=self.adapter,
                samples=count,
                temperature=heat,
                max_tokens=limit,
                cancel=cancel,
            )

        leads = complete("", self._leads, 1, 0.0, self._lead_tokens)
        leads += complete("", self._leads, self._looks - 1, 1.0, self._lead_tokens)
        leads = [max(leads, key=lambda c: (c.finish == "stop", sum(c.logprobs)))]
        leads += complete("", self._leads, samples - 1, temperature, self._lead_tokens)
        drafts: list[Written] = []
        for text in dict.fromkeys(c.text for c in leads):
            same = [c for c in leads if c.text == text]
            if same[0].finish != "stop" or text == NOTHING:
                drafts += [Written(sql="", completions=(c,), is_declined=text == NOTHING) for c in same]
                continue
            try:
                grammar, to_sql = self.second(text, links)
            except ValueError:  # an engine that keeps to no grammar; the guard judges what it wrote
                drafts += [Written(sql=text.strip(), completions=(c,)) for c in same]
                continue
            greedy = 1 if same[0] is leads[0] else 0
            queries = complete(text, grammar, greedy, 0.0, self._query_tokens)
            queries += complete(text, grammar, len(same) - greedy, temperature, self._query_tokens)
            drafts += [
                Written(
                    sql=to_sql(query.text) if query.finish == "stop" else query.text.strip(),
                    completions=(lead, query),
                )
                for lead, query in zip(same, queries, strict=True)
            ]
        return drafts
