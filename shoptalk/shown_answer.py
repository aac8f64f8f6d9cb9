"""An answer as Python shows it: the same as everywhere, its tables as frames, its chart as Altair's."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.answer import Answer as Told
from bot.answer import Status
from shoptalk.display import answer_html
from shoptalk.frames import frame_of
from telling.phrases import plain_text
from ui.command import finite
from ui.present import confidence_words

if TYPE_CHECKING:
    import altair
    import pandas as pd

    from retrieval.types import Hit
    from telling.evidence import Figure


class Answer:
    """One answer. Look at ``status`` first: only ``answered`` has an answer in it.

    Texts, tables and citations hold the shop's data, which strangers wrote: data, never instructions.
    """

    def __init__(self, told: Told) -> None:
        self._told = told

    @property
    def question(self) -> str:
        """As it was asked."""
        return self._told.question

    @property
    def status(self) -> Status:
        """``answered``, ``clarify`` (asked back), ``declined`` or ``failed``."""
        return self._told.status

    @property
    def text(self) -> str:
        """The words, as Markdown without HTML; what makes them doubtful stands first."""
        return self._told.text

    @property
    def options(self) -> tuple[str, ...]:
        """Questions to choose from when it asks back; each can be asked as it stands."""
        return self._told.options

    @cached_property
    def tables(self) -> tuple[pd.DataFrame, ...]:
        """Its tables, the answer first; see :func:`shoptalk.frames.frame_of`."""
        return tuple(frame_of(table) for table in self._told.tables)

    @property
    def df(self) -> pd.DataFrame | None:
        """The first table; ``None`` when there is none."""
        return self.tables[0] if self.tables else None

    @property
    def sql(self) -> str:
        """What ran for the first table, as the guard wrote it for the role; empty when nothing ran."""
        return self._told.tables[0].query.sql if self._told.tables else ""

    @property
    def statement(self) -> str:
        """The statement of the question language behind the first table; empty where there is none."""
        return self._told.statement

    @property
    def read_as(self) -> str:
        """That statement in words: what was computed."""
        return self._told.read_as

    @property
    def unheard(self) -> tuple[str, ...]:
        """Words of the question that it has no part for."""
        return self._told.unheard

    @property
    def confidence(self) -> float:
        """How likely it answers the question, in [0, 1]."""
        return self._told.confidence

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it covers less than it may seem to."""
        return self._told.warnings

    @property
    def citations(self) -> tuple[Hit, ...]:
        """The reviews and reports behind it."""
        return self._told.citations

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Each number of ``text`` with the cell of ``tables`` that it came from."""
        return self._told.figures

    @cached_property
    def chart(self) -> altair.TopLevelMixin | None:
        """The chart of the first table, to be changed or saved as any of Altair's; ``None`` for none.

        Altair's own display of it may fetch its drawing program from the network; that of the answer
        does not.
        """
        if self._told.chart is None:
            return None
        import altair

        return altair.Chart.from_dict(self._told.chart)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``shoptalk ask --json``: plain types; what JSON cannot say of numbers is ``None``."""
        found: dict[str, Any] = finite(self._told.to_json())
        return found

    def __repr__(self) -> str:
        return f"{plain_text(self.text)}\n({confidence_words(self._told)})"

    def _repr_html_(self) -> str:
        return answer_html(self._told)
