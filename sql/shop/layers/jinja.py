"""The filters of dbt's semantic layer: SQL that names members as ``{{ Dimension('order__status') }}``.

The calls are read, never run: anything else between the braces has no form here.
"""

from __future__ import annotations

import ast
import re

from sql.shop.layers.layer import Expression, Ref

_CALL = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
CLOCK = "metric_time"
"""What dbt calls the time of whatever metric is asked for."""


class NoForm(Exception):
    """Something cannot be said in ``shop.yml``; the reason is for the report."""


def has_jinja(text: str) -> bool:
    """Whether a template engine would change the text."""
    return any(mark in text for mark in ("{{", "{%", "{#"))


def plain_sql(sql: str, what: str) -> str:
    """``sql`` unless it is a template.

    Raises:
        NoForm: it is one.
    """
    if has_jinja(sql):
        raise NoForm(f"{what} is a Jinja template, and templates are not run")
    return sql


def read_filter(text: str) -> Expression:
    """A filter's text.

    Raises:
        NoForm: it holds other Jinja than Dimension, TimeDimension and Entity.
    """
    refs: dict[str, Ref] = {}

    def named(match: re.Match[str]) -> str:
        word = f"__ref_{len(refs) + 1}"
        refs[word] = _ref(match.group(1).strip())
        return word

    sql = _CALL.sub(named, text)
    if has_jinja(sql):
        raise NoForm("its filter is a Jinja template, and templates are not run")
    return Expression(sql=sql.strip(), refs=refs, has_columns=False)


def _ref(source: str) -> Ref:
    try:
        call = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NoForm(f"its filter holds {{{{ {source} }}}}, which cannot be read") from error
    grain = ""
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):  # Dimension('…').grain('day')
        if call.func.attr == "date_part":
            raise NoForm("its filter compares a part of a time; compare the time itself")
        if call.func.attr != "grain":
            raise NoForm(
                f"its filter holds {{{{ {source} }}}}; only Dimension, TimeDimension and Entity are read"
            )
        grain, call = _texts(call, source)[0], call.func.value
    name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
    if not isinstance(call, ast.Call) or name not in ("Dimension", "TimeDimension", "Entity"):
        what = f"{name}(…)" if name else f"{{{{ {source} }}}}"
        hint = "; ask it with m PER entity" if name == "Metric" else ""
        raise NoForm(f"its filter holds {what}; only Dimension, TimeDimension and Entity are read{hint}")
    if any(k.arg == "entity_path" and ast.unparse(k.value) not in ("[]", "()") for k in call.keywords):
        raise NoForm("its filter goes by an entity_path; a condition can only be about the metric's own rows")
    texts = _texts(call, source)
    if name == "TimeDimension" and len(texts) > 1:
        grain = texts[1]
    grain = next((str(k.value.value) for k in call.keywords if k.arg == "time_granularity_name"
                  and isinstance(k.value, ast.Constant)), grain)  # fmt: skip
    if grain.lower() not in ("", "day"):
        raise NoForm(f"its filter compares the {grain.lower()} of a time; compare days instead")
    *path, member = texts[0].lower().split("__")
    if len(path) > 1:
        raise NoForm(f"its filter goes over several models ({texts[0]}); give the model that column")
    if member == CLOCK and not path:
        return Ref(name=CLOCK, is_clock=True, is_day=bool(grain))
    return Ref(name=member, of=path[0] if path else "", is_day=bool(grain))


def _texts(call: ast.Call, source: str) -> list[str]:
    found = [
        each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if not found:
        raise NoForm(f"its filter holds {{{{ {source} }}}}, which names nothing")
    return found
