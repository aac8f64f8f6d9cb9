"""Training examples: prompts exactly as they are at serving, with the reply that the model should learn.

An example keeps the prompt in two parts. The shared part (system message and the shop's description) is the
same for all questions of a shop and is stored once; the own part is short. A file of examples is JSON lines:
first ``{"database", "system", "fixed"}`` of each shop, then ``{"database", "rest", "reply"}`` of each
example.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from finetune.errors import TrainingError
from llm.engine import Prompt


@dataclass(frozen=True, kw_only=True)
class Example:
    """One question with its right reply."""

    database: str
    """Name of the shop that it is asked of."""
    prompt: Prompt
    reply: str


def write_examples(examples: Iterable[Example], file: Path) -> str:
    """Write a file of examples, whole or not at all; return its SHA-256."""
    shared: dict[str, Prompt] = {}
    lines: list[str] = []
    for example in examples:
        known = shared.setdefault(example.database, example.prompt)
        if (known.system, known.fixed) != (example.prompt.system, example.prompt.fixed):
            raise TrainingError(f"examples of {example.database} do not share one system message and schema")
        lines.append(
            _line({"database": example.database, "rest": example.prompt.rest, "reply": example.reply})
        )
    heads = [_line({"database": n, "system": p.system, "fixed": p.fixed}) for n, p in shared.items()]
    data = "".join(heads + lines).encode()
    unfinished = file.with_name(f"{file.name}.part")
    unfinished.write_bytes(data)
    unfinished.replace(file)
    return hashlib.sha256(data).hexdigest()


def _line(record: dict[str, str]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def read_examples(file: Path) -> tuple[list[Example], str]:
    """The examples of a file, and its SHA-256.

    Raises:
        TrainingError: the file is missing or a line of it cannot be used; with the line.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise TrainingError(f"{file} cannot be read: {error.strerror or error}") from error
    shared: dict[str, tuple[str, str]] = {}
    examples = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        try:
            record = json.loads(line)
            name = record["database"]
            if "fixed" in record:
                shared[name] = (record["system"], record["fixed"])
                continue
            system, fixed = shared[name]
            prompt = Prompt(system=system, fixed=fixed, rest=record["rest"])
            examples.append(Example(database=name, prompt=prompt, reply=record["reply"]))
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{file}, line {number}: is no example ({error!r})") from error
    if not examples:
        raise TrainingError(f"{file} holds no example; nothing was trained")
    return examples, hashlib.sha256(data).hexdigest()
