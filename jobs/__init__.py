"""What can be asked for: one folder a job, found by being there. Nothing else names a job.

A folder holds a ``bot.job.Job`` in its ``__init__`` under the name ``job``: what it is called and needs,
what it claims of a question, how it runs, is told and drawn, and its cases. It asks the database only
through its tools. What several of them need stands in modules beside the folders.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType

from bot.job import Job, as_tuple


def find_jobs(package: ModuleType) -> tuple[Job, ...]:
    """The jobs in the folders of ``package``, by name of folder.

    Raises:
        TypeError: a folder holds no job.
        ValueError: two jobs share a name or an utterance.
    """
    found = []
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        if not module.ispkg:
            continue
        name = f"{package.__name__}.{module.name}"
        job = getattr(importlib.import_module(name), "job", None)
        if not isinstance(job, Job):
            raise TypeError(f"{name} holds no job: its __init__ must have a bot.job.Job called job")
        found.append(job)
    return as_tuple(found)


JOBS = find_jobs(sys.modules[__name__])
"""Every job that there is, in order; what is twice fails when this is imported."""
