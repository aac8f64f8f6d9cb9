"""A draft: macros for what the letter wants, their sentences filled with facts, and each one checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jobs.reply.reply_check import NUMBER, is_fit, unsourced
from jobs.reply.reply_facts import Fact
from jobs.reply.reply_macros import PLACEHOLDER, Macro
from jobs.reply.reply_past import PastSentence
from telling.evidence import Figure
from telling.phrases import escape_markdown
from telling.writer import Writer

MOST_SENTENCES = 20
_NEAR = {"late": "where", "refund": "return", "return": "refund", "warranty": "wrong"}
"""Intent → the one whose macro will do where a shop has none for it."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One of a draft."""

    text: str
    """Escaped for Markdown."""
    source: str
    """``macro:ID`` or ``reply:KEY``."""
    facts: tuple[str, ...]
    """Placeholders that were filled."""
    part: str
    """``greeting``, ``body`` or ``closing``."""
    figures: tuple[Figure, ...] = ()
    restated: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A sentence that was not used, and why."""

    text: str
    """As its source has it."""
    missing: tuple[str, ...] = ()
    """Placeholders that no fact fills."""
    unfit: tuple[str, ...] = ()
    """Placeholders whose value is no plain name or figure."""
    unsourced: tuple[str, ...] = ()
    """What neither its source nor a fact says."""


def choose(
    macros: Sequence[Macro], intents: Iterable[str], language: str, conditions: Collection[str]
) -> tuple[Macro, ...]:
    """For each intent the macro in a language whose conditions hold, the one with the most first."""
    chosen: dict[str, Macro] = {}
    for intent in intents:
        for wanted in filter(None, (intent, _NEAR.get(intent, ""))):
            fitting = [
                macro
                for macro in macros
                if macro.language == language
                and wanted in macro.intents
                and set(macro.when) <= set(conditions)
            ]
            if fitting:
                best = max(fitting, key=lambda macro: len(macro.when))
                chosen.setdefault(best.id, best)
                break
    return tuple(chosen.values())


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Fills and checks sentences; keeps what was used and what was left out."""

    writer: Writer
    """Of the draft's language."""
    facts: Mapping[str, Fact]
    products: Sequence[str]
    """Names of the shop's products, which a draft names only where a source or a fact does."""

    def draft(
        self,
        greeting: Sequence[Macro],
        body: Sequence[Macro],
        past: Sequence[PastSentence],
        closing: Sequence[Macro],
        *,
        is_upset: bool,
    ) -> tuple[list[Sentence], list[LeftOut]]:
        """All sentences in order, each once; an apology first where the customer is upset."""
        planned = [(text, f"macro:{m.id}", "greeting") for m in greeting for text in m.sentences]
        if is_upset:
            planned += [(m.apology, f"macro:{m.id}", "body") for m in body if m.apology][:1]
        planned += [(text, f"macro:{m.id}", "body") for m in body for text in m.sentences]
        planned += [(each.text, each.id, "body") for each in past]
        planned += [(text, f"macro:{m.id}", "closing") for m in closing for text in m.sentences]
        used: dict[str, Sentence] = {}
        left: dict[str, LeftOut] = {}
        for text, source, part in planned:
            made = self._sentence(text, source, part)
            if isinstance(made, LeftOut):
                left.setdefault(made.text, made)
            elif len(used) < MOST_SENTENCES:
                used.setdefault(made.text, made)
        return list(used.values()), list(left.values())

    def _sentence(self, template: str, source: str, part: str) -> Sentence | LeftOut:
        names = tuple(dict.fromkeys(PLACEHOLDER.findall(template)))
        missing = tuple(name for name in names if name not in self.facts)
        if missing:
            return LeftOut(text=template, missing=missing)
        tables = tuple(self.writer.tables)
        unfit = tuple(name for name in names if not all(map(is_fit, self.facts[name].values(tables))))
        if unfit:
            return LeftOut(text=template, unfit=unfit)
        scratch = Writer(tables, self.writer.shop, self.writer.words, escape=str)
        told = {name: self.facts[name].printed(scratch) for name in names}
        text = PLACEHOLDER.sub(
            lambda match: told[match[1]], template
        )  # once: what fills it is not read again
        own = PLACEHOLDER.sub(" ", template)
        if unknown := unsourced(text, own, told.values(), self.products):
            return LeftOut(text=template, unsourced=unknown)
        figures = (replace(figure, text=_escaped(figure.text)) for figure in scratch.figures)
        return Sentence(
            text=_escaped(text),
            source=source,
            facts=names,
            part=part,
            figures=tuple(figures),
            restated=(*scratch.restated, *NUMBER.findall(own)),
        )


def _escaped(text: str) -> str:
    """Escaped for Markdown; a figure in it as it is inside a line, so that it is found again."""
    return escape_markdown(f"x{text}")[1:] if text[:1].isdigit() else escape_markdown(text)
