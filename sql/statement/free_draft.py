"""Drafting over plain tables by a model that has learnt no form of ours: one reply in its own words.

The grammar of canonical SQL serves a model that was trained on it; a bare one answers far fewer questions
under it than left to itself (docs/log.md). Here nothing but the prompt leads it, and the guard judges.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from llm.engine import Engine, Prompt, Request
from sql.names import quoted
from sql.question.linking import Links, Vocabulary
from sql.statement.prompt import DIALECTS, one_line, template
from sql.statement.table_draft import MAX_QUESTION, create_statements, value_hints
from sql.statement.written import Written
from sql.types import Catalog

MAX_TOKENS = 256
_FENCE = re.compile(r"```(?:sql)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)


class FreeDrafter:
    """Writes statements over the tables of one workspace; a ``sql.statement.written.Writer``."""

    def __init__(self, vocabulary: Vocabulary, catalog: Catalog, engine: Engine) -> None:
        self.engine = engine
        self._system = template("free").substitute(dialect=DIALECTS[catalog.dialect])
        # A bare model writes names as it is shown them, and what it writes is read by the database's rules.
        self._name = partial(quoted, dialect=catalog.dialect)
        self.fixed = create_statements(vocabulary.views, catalog, vocabulary, self._name) + "\n"

    def prompt(self, links: Links, failures: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The prompt of one question.

        Args:
            failures: earlier statements with what was wrong with them, oldest first; the last is shown.
        """
        lines = [f"Question: {one_line(links.question, MAX_QUESTION)}", *value_hints(links, self._name)]
        for sql, error in failures[-1:]:
            lines.append(template("repair").substitute(sql=one_line(sql, 600), error=one_line(error, 300)))
        return Prompt(system=self._system, fixed=self.fixed, rest="\n".join(lines))

    def draft(
        self,
        links: Links,
        *,
        samples: int = 1,
        temperature: float = 0.0,
        failures: Sequence[tuple[str, str]] = (),
        cancel: threading.Event | None = None,
    ) -> list[Written]:
        """See ``sql.statement.written.Writer``; a question none of whose words names anything the tables
        have is declined."""
        if not links.mentions:
            return [Written(sql="", is_declined=True)]
        prompt = self.prompt(links, failures)
        greedy = Request(prompt=prompt, max_tokens=MAX_TOKENS)
        found = self.engine.complete(greedy, cancel)
        if samples > 1:
            found += self.engine.complete(
                replace(greedy, samples=samples - 1, temperature=temperature), cancel
            )
        return [Written(sql=statement_of(each.text), completions=(each,)) for each in found]


def statement_of(reply: str) -> str:
    """The statement in a reply: what stands in the first code fence, else everything, up to a semicolon.

    >>> statement_of("Sure:\\n```sql\\nSELECT 1;\\n```")
    'SELECT 1'
    """
    fenced = _FENCE.search(reply)
    return (fenced[1] if fenced else reply).split(";")[0].strip()
