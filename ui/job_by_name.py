"""A job by its name, and what jobs there are: for ``shoptalk job`` and other surfaces that name one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.errors import WrongUse
from ui.command import print_text

if TYPE_CHECKING:
    from bot.job import Job
    from sql.semantics import Shop


def values_of(name: str, pairs: Sequence[str]) -> dict[str, str]:
    """What a job is told, from ``key=value`` as it stands on the command line.

    Raises:
        WrongUse: a pair is none.
    """
    values = {}
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        if not is_pair:
            raise WrongUse(f"{pair!r} is no key=value of the job {name}.")
        values[key.strip()] = value
    return values


def message_of(name: str, values: Mapping[str, str]) -> str:
    """The message that asks for a job by its name.

    Args:
        values: by the parameter's name, each as it is written behind ``name=``.
    Raises:
        WrongUse: there is no such job, it takes no parameters or not that one, or a value is empty.
    """
    from bot.parameters import written
    from jobs import JOBS

    job = next((job for job in JOBS if job.name == name), None)
    reached = ", ".join(job.name for job in JOBS if job.parameters)
    if job is None:
        raise WrongUse(f"There is no job {name!r}; there is {', '.join(job.name for job in JOBS)}.")
    if not job.parameters:
        raise WrongUse(
            f'The job {name} is asked for in words: shoptalk ask "{job.utterances["en"][0]}". '
            f"By name there is {reached}."
        )
    known = [parameter.name for parameter in job.parameters]
    for key in values:
        if key not in known:
            raise WrongUse(f"The job {name} takes no {key!r}; it takes {', '.join(known)}.")
    free = {parameter.name for parameter in job.parameters if parameter.is_free_text}
    told = {key: _on_one_line(value) if key in free else value.strip() for key, value in values.items()}
    for key, value in told.items():
        if not value or set(value) & set('"“”\n'):
            raise WrongUse(f"{key}= needs a value, without double quotes inside it.")
    return written(name, told)


def _on_one_line(text: str) -> str:
    """Somebody's text as a value: on one line, with single quotes."""
    return re.sub('["“”]', "'", " ".join(text.split()))


def listed(jobs: Sequence[Job], shop: Shop | None, language: str = "en") -> list[dict[str, Any]]:
    """Each job with what it takes and needs; with ``shop``, also what that shop does not bind."""
    return [
        {
            "name": job.name,
            "description": job.description[language],
            "parameters": [
                {"name": p.name, "about": p.about[language], "expected": p.kind.expected(language)}
                for p in job.parameters
            ],
            "needs": list(job.needs),
            "missing": list(job.missing(shop)) if shop is not None else None,
            "example": job.utterances[language][0],
        }
        for job in jobs
    ]


def show(found: Sequence[dict[str, Any]]) -> None:
    """Print what ``listed`` found."""
    lines = []
    for job in found:
        lines.append(f"{job['name']}: {job['description']}")
        lines += [f"  {p['name']}=…  {p['about']}: {p['expected']}" for p in job["parameters"]]
        lines += [f"  needs the bindings {', '.join(job['needs'])}"] if job["needs"] else []
        lines += [f"  the shop does not bind {', '.join(job['missing'])}"] if job["missing"] else []
        lines.append(f"  in words: {job['example']}")
    print_text("\n".join(lines))
