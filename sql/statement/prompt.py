"""What prompts are made of: templates, and strangers' text on one line.

The words live in ``prompts/*.txt`` beside this. Everything that comes from strangers (question, values,
errors) is put in as plain text on one line of its own; engines encode it without control tokens.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from string import Template

INVOCATION = "\nQuestion:"
"""What the own part of a prompt about a shop begins with, and no other line of it. An activated
LoRA works from these tokens on: what follows is all that it was trained to read."""


@cache
def template(name: str) -> Template:
    """The template file of that name, without its last line break."""
    text = resources.files("sql.statement").joinpath("prompts", f"{name}.txt").read_text("utf-8")
    return Template(text.rstrip("\n"))


def one_line(text: str, limit: int) -> str:
    """``text`` on one line and cut to ``limit`` characters."""
    flat = re.sub(r"\s+", " ", text).strip()
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
