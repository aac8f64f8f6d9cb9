"""What was written for one question before anybody has checked it, and who writes: a model, in two steps."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from llm.engine import Completion, Engine, Prompt, Request
from sql.errors import Senseless
from sql.question.linking import Links
from sql.statement.compile import Compiled

NOTHING = "-- nothing\n"
"""The first line where the data cannot answer; only an adapter has learnt when to write it."""
TRIES = 3
"""First lines that are written out, of those looked at."""

TRIES_AGAIN = 4
"""Statements sampled after the same first line where the greedy one should not stand."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One statement, as SQL of the shop's database."""

    sql: str
    """Empty when the first step did not end."""
    completions: tuple[Completion, ...] = ()
    """Of each step that was taken; none where no model was asked."""
    is_declined: bool = False
    """The model finds nothing in the data that could answer; ``sql`` is empty."""
    compiled: Compiled | None = None
    """The statement of the question language that it is made of."""
    unheard: tuple[str, ...] = ()
    """Words of the question that no part of the statement stands for."""
    tries: int = 0
    """Statements that were written before it and did not stand."""
    choices: tuple[Compiled, ...] = ()
    """The model asks back which of these is meant; ``sql`` is empty."""
    fault: str | None = None
    """Why it could answer nothing although it is in good grammar; it is not run."""

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
        """Log-probability of the whole, in nats; minus infinity where it did not end or is at fault."""
        return -math.inf if self.is_unfinished or self.fault else sum(self.logprobs)

    @property
    def is_unfinished(self) -> bool:
        """Whether the model ran out of tokens."""
        return bool(self.completions) and self.completions[-1].finish == "length"


def _written(lead: Completion, query: Completion, to_sql: Callable[[str], str]) -> Written:
    if query.finish != "stop":
        return Written(sql=query.text.strip(), completions=(lead, query))
    try:
        return Written(sql=to_sql(query.text), completions=(lead, query))
    except Senseless as error:
        return Written(sql=query.text.strip(), completions=(lead, query), fault=str(error))


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
        """Write ``samples`` statements, the first the likeliest found; one where nobody need be asked.

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
    beside what a few other lines lead to, until none that is left could be likelier. A first line that has
    no room for words of the question gives way to one that has, if that is likely enough. Where the greedy
    statement could answer nothing or is unlikely, a few are sampled after the same line, and the likeliest of
    those that omit least takes its place. A statement that leaves out what the question names is written
    again, under a grammar that insists on it; where that cannot be, a few are sampled too.

    Args:
        engine: the model. adapter: LoRA adapter of it.
        lead_tokens, query_tokens: the most that each step may take.
        looks: first lines to look at; 1 writes greedily. At most ``TRIES`` of them are written out.
        doubt: nats; a greedy statement less likely than this is held for unlikely, and more are sampled.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        adapter: str | None,
        lead_tokens: int,
        query_tokens: int,
        looks: int = 1,
        doubt: float = math.inf,
    ) -> None:
        self.engine = engine
        self.adapter = adapter
        self.lead_tokens = lead_tokens
        self.query_tokens = query_tokens
        self.looks = looks
        self.doubt = doubt

    @abstractmethod
    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question; the same for both steps but for the lead."""

    def omits(self, links: Links, written: Written) -> int:
        """How many of the question's values and periods a statement should hold and does not."""
        return 0

    def better_leads(self, links: Links, lead: str) -> tuple[str, float] | None:
        """A grammar of first lines that fit the question better than ``lead``, or ``None`` where none does.

        Beside it stands by how many nats such a line may be less likely.
        """
        return None

    def narrower(self, links: Links, written: Written) -> str | None:
        """A grammar that insists on what a statement leaves out; ``None`` where it leaves out nothing."""
        return None

    @abstractmethod
    def first(self, links: Links) -> str:
        """The grammar of the first line."""

    @abstractmethod
    def second(self, lead: str, links: Links) -> tuple[str, Callable[[str], str]]:
        """The grammar after ``lead``, and what makes SQL of a text in it or raises ``Senseless``.

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
        asking = _Asking(self, links, self.prompt(links, failures), cancel)
        drafts = [asking.likeliest()]
        if samples > 1:
            sampled = asking.leads(self.first(links), samples - 1, temperature)
            for text in dict.fromkeys(lead.text for lead in sampled):
                drafts += asking.write([lead for lead in sampled if lead.text == text], temperature)
        return drafts


class _Asking:
    """The model asked about one question, as often as :class:`TwoSteps` finds it worth."""

    def __init__(self, steps: TwoSteps, links: Links, prompt: Prompt, cancel: threading.Event | None) -> None:
        self.steps = steps
        self.links = links
        self.prompt = prompt
        self.cancel = cancel

    def leads(self, grammar: str, count: int, temperature: float) -> list[Completion]:
        return self._complete("", grammar, count, temperature, self.steps.lead_tokens)

    def write(
        self, leads: Sequence[Completion], temperature: float, narrower: str | None = None
    ) -> list[Written]:
        """The statements that follow first lines of one text, under ``narrower`` not their grammar."""
        text = leads[0].text
        if leads[0].finish != "stop" or text == NOTHING:
            return [Written(sql="", completions=(c,), is_declined=text == NOTHING) for c in leads]
        try:
            grammar, to_sql = self.steps.second(text, self.links)
        except ValueError:  # an engine that keeps to no grammar; the guard judges what it wrote
            return [Written(sql=text.strip(), completions=(c,)) for c in leads]
        queries = self._complete(text, narrower or grammar, len(leads), temperature, self.steps.query_tokens)
        return [_written(lead, query, to_sql) for lead, query in zip(leads, queries, strict=True)]

    def likeliest(self) -> Written:
        """The likeliest statement found."""
        lead = self._first_line()
        best = self._mended(lead, self.write([lead], 0.0)[0])
        left = 1.0 - math.exp(sum(lead.logprobs))
        is_likeliest = best.fault is None and best.chance >= (math.log(left) if left > 0 else -math.inf)
        if self.steps.looks == 1 or is_likeliest:
            return best
        looks = self.leads(self.steps.first(self.links), self.steps.looks - 1, 1.0)
        others = {c.text: c for c in looks if c.finish == "stop" and c.text != lead.text}
        for other in sorted(others.values(), key=lambda c: -sum(c.logprobs))[: TRIES - 1]:
            if sum(other.logprobs) <= best.chance:
                break
            (made,) = self.write([other], 0.0)
            best = max(best, made, key=lambda w: w.chance)
        return best

    def _first_line(self) -> Completion:
        """The greedy one, or one that fits the question better and is likely enough."""
        (lead,) = self.leads(self.steps.first(self.links), 1, 0.0)
        better = self.steps.better_leads(self.links, lead.text)
        if better is not None:
            grammar, handicap = better
            (other,) = self.leads(grammar, 1, 0.0)
            if other.finish == "stop" and sum(other.logprobs) > sum(lead.logprobs) - handicap:
                return other
        return lead

    def _mended(self, lead: Completion, greedy: Written) -> Written:
        """A statement after the same line in place of one that should not stand; or that one."""
        is_doubtful = greedy.fault is not None or sum(greedy.completions[-1].logprobs) < -self.steps.doubt
        best = self._likelier(lead, greedy) if is_doubtful else greedy
        omitted = self.steps.omits(self.links, best)
        narrower = self.steps.narrower(self.links, best) if best.fault is None else None
        if narrower is not None:
            (again,) = self.write([lead], 0.0, narrower)
            if again.fault is not None:
                again = self._likelier(lead, again, narrower)
            if again.chance > -math.inf and self.steps.omits(self.links, again) <= omitted:
                return again
        return self._likelier(lead, best) if omitted and not is_doubtful else best

    def _likelier(self, lead: Completion, one: Written, narrower: str | None = None) -> Written:
        """The likeliest of a few more that omit least, or that one."""

        def standing(written: Written) -> tuple[bool, int, float]:
            return written.chance > -math.inf, -self.steps.omits(self.links, written), written.chance

        return max([one, *self.write([lead] * TRIES_AGAIN, 1.0, narrower)], key=standing)

    def _complete(
        self, lead: str, grammar: str, count: int, temperature: float, max_tokens: int
    ) -> list[Completion]:
        request = Request(
            prompt=replace(self.prompt, lead=lead),
            grammar=grammar,
            adapter=self.steps.adapter,
            samples=count,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        return self.steps.engine.complete(request, self.cancel)
