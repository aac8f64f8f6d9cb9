"""What only the owner of a shop knows, as a form on the page: a group of choices per question, with its rows.

The form is made once, with as many groups as there can be questions; what they hold is filled in. Answers
travel as texts and not as numbers, for between the showing and the sending the shop may be another. Gradio is
imported where components are made: who needs the words only does not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.finding import Review
from sql.shop.review import MAX_QUESTIONS, what_changed
from telling.phrases import escape_markdown
from ui import present

if TYPE_CHECKING:
    from collections.abc import Mapping

_BETWEEN = "\n"
"""Between a question's id and its choice in what the browser sends."""
MAX_NAMES = 6
"""Names of what is counted anew that are told at most."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form's components."""

    box: Any
    head: Any
    questions: tuple[Any, ...]
    rows: tuple[Any, ...]
    apply: Any

    @property
    def fields(self) -> list[Any]:
        """What :func:`filled` fills, in its order."""
        pairs = zip(self.questions, self.rows, strict=True)
        return [self.head, *(component for pair in pairs for component in pair)]


def build_form(title: Any, apply_label: Any) -> Form:
    """The form, hidden and empty, at the place where it is called."""
    import gradio as gr

    with gr.Accordion(title, visible=False, open=False, elem_id="st-review") as box:
        head = gr.HTML("", elem_id="st-review-head", padding=False)
        questions, rows = [], []
        for _ in range(MAX_QUESTIONS):
            # The label is a stranger's words: Gradio shows it as text.
            questions.append(gr.Radio(visible=False, choices=[], label="?", elem_classes=["st-ask"]))
            rows.append(gr.HTML("", visible=False, elem_classes=["st-ask-rows"], padding=False))
        apply = gr.Button(apply_label, variant="primary", elem_id="st-apply", size="md")
    return Form(box=box, head=head, questions=tuple(questions), rows=tuple(rows), apply=apply)


def filled(review: Review | None, language: str, *, tells_decisions: bool = False) -> list[Any]:
    """Updates for :attr:`Form.fields`.

    Args:
        tells_decisions: what was decided is told here, and not in the conversation.
    """
    import gradio as gr

    asked = review.asked if review is not None else ()
    updates: list[Any] = [gr.update(value=_head(review, language, tells_decisions=tells_decisions))]
    for number in range(MAX_QUESTIONS):
        if number >= len(asked):
            updates += [gr.update(visible=False, choices=[], value=None), gr.update(visible=False, value="")]
            continue
        question, taken = asked[number].question, asked[number].taken
        text, told = question.told(language)
        values = [f"{question.id}{_BETWEEN}{choice}" for choice in question.choices]
        choices = list(zip(told, values, strict=True))
        sample = present.sample_html(question.rows, language) if question.rows is not None else ""
        updates += [
            gr.update(visible=True, label=text, choices=choices, value=values[taken]),
            gr.update(visible=bool(sample), value=sample),
        ]
    return updates


def answers_of(values: Sequence[Any]) -> dict[str, str]:
    """What the browser sent as id → choice; of groups that show no question, nothing."""
    pairs = (str(value).partition(_BETWEEN) for value in values if value)
    return {id: choice for id, between, choice in pairs if between}


def told_answers(before: Review, answers: Mapping[str, str], language: str) -> str:
    """The choices that differ from those taken ``before``, as the visitor would say them (plain text)."""
    told = []
    for each in before.asked:
        choices = each.question.choices
        answer = answers.get(each.question.id, each.choice)
        if answer in choices and answer != each.choice:
            told.append(each.question.told(language)[1][choices.index(answer)])
    return ("；" if language == "zh" else "; ").join(told) or present.word("review_apply", language)


def told_change(before: Review, after: Review, language: str) -> str:
    """What other answers changed, in one sentence (Markdown)."""
    names = what_changed(before.shop, after.shop)
    if not names:
        return present.word("review_same", language)
    shown = [escape_markdown(name.replace("_", " ")) for name in names[:MAX_NAMES]]
    shown += ["…"] * (len(names) > MAX_NAMES)
    return present.word("review_applied", language, names=("、" if language == "zh" else ", ").join(shown))


def is_open(review: Review | None) -> bool:
    """Whether it asks what nobody has answered."""
    return review is not None and bool(review.asked) and not review.answers


def _head(review: Review | None, language: str, *, tells_decisions: bool) -> str:
    if review is None:
        return ""
    intro = present.word("review_intro", language)
    if tells_decisions:
        intro += f"{'' if language == 'zh' else ' '}{present.word('review_kept', language)}"
    parts = [f"<p>{intro}</p>"]
    if tells_decisions and review.decisions:
        items = "".join(f"<li>{present.safe_html(each.told(language))}</li>" for each in review.decisions)
        title = present.word("review_decided", language)
        parts.append(f"<details><summary>{title}</summary><ul>{items}</ul></details>")
    return f'<div class="st-review-head">{"".join(parts)}</div>'
