"""The skills, in one visible tuple. A new skill is written beside the others and added here."""

from __future__ import annotations

from bot.skills.ask_reviews import ask_reviews
from bot.skills.ask_sql import ask_sql
from bot.skills.base import Skill, as_tuple
from bot.skills.help import show_help

SKILLS: tuple[Skill, ...] = as_tuple(ask_sql, ask_reviews, show_help)


def skill_named(name: str) -> Skill:
    """The skill of that name; ``KeyError`` with the known names when there is none."""
    for skill in SKILLS:
        if skill.name == name:
            return skill
    raise KeyError(f"no skill {name!r}; there are {', '.join(s.name for s in SKILLS)}")
