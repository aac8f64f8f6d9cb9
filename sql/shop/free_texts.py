"""Which columns people write what they like in, and how much of a sample of it holds personal data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sql.lock.veils import holds_words
from sql.names import quoted
from sql.personal import Kind, find
from sql.semantics import Shop, View, ViewColumn
from sql.shop.decisions import Decision
from sql.shop.drafting import looks_personal
from sql.shop.people_columns import identifies
from sql.shop.row_names import name_columns
from sql.shop.trade_words import says
from sql.shop.workspace import Workspace

SAMPLE = 400
"""Texts of a column that are looked at."""
_LEAST_WORDS = 3
"""Of the middle one of a column's texts, so that a column of names or codes is none of texts."""
_LEAST_SHARE = 0.01
_TITLE = re.compile(r"\b(?:name|title|vendor|brand|supplier|manufacturer)$|名称?$|标题$|品牌$|供应商$")
"""What things are called by: Summer Sale and Jack Wolfskin are no people."""
_NAMED: dict[Kind, tuple[str, str]] = {
    "email": ("e-mail addresses", "邮箱"),
    "phone": ("telephone numbers", "电话"),
    "card": ("card numbers", "银行卡号"),
    "iban": ("bank accounts", "银行账户"),
    "id": ("numbers of papers", "证件号"),
    "account": ("messenger accounts", "社交账号"),
    "ip": ("IP addresses", "IP地址"),
    "address": ("postal addresses", "地址"),
    "name": ("names", "姓名"),
}


@dataclass(frozen=True, kw_only=True)
class FreeTexts:
    """A column of texts, and what was found in a sample of it."""

    view: str
    column: str
    texts: int
    """How many were looked at."""
    personal: int
    """In how many of these something personal was found."""
    kinds: tuple[Kind, ...]
    """Of what kinds, the most frequent first."""

    @property
    def decision(self) -> Decision:
        """The finding in words."""
        share = f"{self.personal / self.texts:.0%}" if self.personal * 100 >= self.texts else "<1%"
        kinds, kinds_zh = (
            separator.join(_NAMED[kind][place] for kind in self.kinds)
            for place, separator in ((0, ", "), (1, "、"))
        )
        return Decision(
            place=f"views.{self.view}.columns.{self.column}",
            text=(
                f"{self.view}.{self.column} is free text: personal data were found in {self.personal} of "
                f"{self.texts} texts ({share}: {kinds}); a role that may not see who customers are reads it "
                "masked"
            ),
            text_zh=(
                f"{self.view}.{self.column} 是自由文本：{self.texts} 条中有 {self.personal} 条"
                f"（{share}）含个人信息（{kinds_zh}）；不能看到顾客身份的角色只能看到遮盖后的内容"
            ),
        )


def with_free_texts(workspace: Workspace) -> tuple[Shop, tuple[Decision, ...]]:
    """The shop with its columns of free text marked in which personal data were found, and what was found."""
    found = list(personal_texts(workspace))
    marked = {(each.view, each.column) for each in found}
    views = tuple(
        replace(
            view,
            columns=tuple(
                replace(column, free_text=True, sampled=False)
                if (view.name, column.name) in marked
                else column
                for column in view.columns
            ),
        )
        for view in workspace.shop.views
    )
    return replace(workspace.shop, views=views), tuple(each.decision for each in found)


def personal_texts(workspace: Workspace) -> Iterator[FreeTexts]:
    """The columns of free text that hold personal data, each with what a sample of it holds."""
    for view in workspace.shop.views:
        for column in view.columns:
            if (
                column.type != "text"
                or identifies(view, column)
                or column.free_text is False
                or column.values
            ):
                continue
            texts = sample_of(workspace, view, column)
            is_told = holds_words(workspace.shop, view, column)
            if not texts or not (is_told or are_sentences(texts)):
                continue
            spans = [find(text) for text in texts]
            is_title = says(_TITLE, column.name, column.type) or column.name in name_columns(view)
            if is_title and not looks_personal(view.name, column.name):
                spans = [[span for span in each if span.kind != "name"] for each in spans]
            personal = sum(map(bool, spans))
            if personal and (is_told or personal >= max(2, _LEAST_SHARE * len(texts))):
                kinds = Counter(kind for each in spans for kind in {span.kind for span in each})
                yield FreeTexts(
                    view=view.name,
                    column=column.name,
                    texts=len(texts),
                    personal=personal,
                    kinds=tuple(kind for kind, _ in kinds.most_common()),
                )


def sample_of(workspace: Workspace, view: View, column: ViewColumn) -> list[str]:
    """Up to ``SAMPLE`` texts of a column; none where it cannot be read."""
    name, of = (quoted(each, workspace.catalog.dialect) for each in (column.name, view.name))
    rows = workspace.look(f"SELECT {name} FROM {of} WHERE {name} IS NOT NULL LIMIT {SAMPLE}")
    return [text for (text,) in rows if isinstance(text, str) and text.strip()]


def are_sentences(texts: list[str], least: float = _LEAST_WORDS) -> bool:
    """Whether the middle one of some texts has more words than a name or a code."""
    lengths = sorted(
        len(text.split()) + len([char for char in text if "\u3400" <= char <= "\u9fff"]) / 2 for text in texts
    )
    return lengths[len(lengths) // 2] >= least
