"""What tables of several schemas are called, so that one name means one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Id = TypeVar("Id", bound=Hashable)


@dataclass(frozen=True)
class Placed:
    """A table's schema and name, and whether the database finds it by its name alone."""

    schema: str
    name: str
    is_default: bool


def usable_names(tables: Mapping[Id, Placed]) -> dict[Id, str]:
    """The name that each table goes by: its own, but ``schema_table`` where another has it.

    A table that the database finds by its name alone keeps that name whatever other schemas hold. Names that
    differ in letter case only count as the same.
    """
    count = Counter(table.name.lower() for table in tables.values())
    names: dict[Id, str] = {}
    taken = {table.name.lower() for table in tables.values()}
    for id_, table in tables.items():
        name = table.name
        if not table.is_default and count[name.lower()] > 1:
            wanted = free = f"{table.schema}_{name}"
            number = 2
            while free.lower() in taken:
                free, number = f"{wanted}_{number}", number + 1
            taken.add(free.lower())
            name = free
        names[id_] = name
    return names
