"""``shoptalk job``: a job by its name, and what jobs there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.errors import WrongUse
from ui.command import print_text

if TYPE_CHECKING:
    from bot.job import Job
    from sql.semantics import Shop


def message_of(name: str, pairs: Sequence[str]) -> str:
    """The message that asks for a job by its name.

    Args:
        pairs: ``key=value``, as they stand on the command line.
    Raises:
        WrongUse: there is no such job, it takes no parameters, or a pair is none.
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
    values = {}
    known = [parameter.name for parameter in job.parameters]
    for pair in pairs:
        key, is_pair, value = pair.partition("=")
        if not is_pair or key.strip() not in known:
            raise WrongUse(f"{pair!r} is no key=value of the job {name}; it takes {', '.join(known)}.")
        if not value.strip() or set(value) & set('"“”\n'):
            raise WrongUse(f"{key}= needs a value, without double quotes inside it.")
        values[key.strip()] = value.strip()
    return written(name, values)


def listed(jobs: Sequence[Job], shop: Shop | None) -> list[dict[str, Any]]:
    """Each job with what it takes and needs; with ``shop``, also what that shop does not bind."""
    return [
        {
            "name": job.name,
            "description": job.description["en"],
            "parameters": [
                {"name": p.name, "about": p.about["en"], "expected": p.kind.expected("en")}
                for p in job.parameters
            ],
            "needs": list(job.needs),
            "missing": list(job.missing(shop)) if shop is not None else None,
            "example": job.utterances["en"][0],
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
