"""Describes the set's bare databases as ``shoptalk init`` does: they are learnt as they will be met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from finetune.errors import ShopSetError
from finetune.shops.check import BUILT
from finetune.shops.question_pairs import SET
from finetune.shops.recipe import build
from sql.databases import open_database
from sql.shop.describe import describe_database
from sql.shop.shopfile import dump_shop, load_shop


def draft(name: str, root: Path = SET, built: Path = BUILT) -> Path:
    """Make the shop's database and write its ``shop.yml`` as a first description; returns the file.

    Raises:
        ShopSetError: its recipe is wrong, or the file there was described by a person.
    """
    file = root / name / "shop.yml"
    if file.exists() and not load_shop(file).is_drafted:
        raise ShopSetError(file, "", "somebody described this shop; take the file away to have it drafted")
    database = (built / name / "shop.duckdb").resolve()
    build(root / name / "tables.yml", database)
    opened = open_database(str(database))
    try:
        shop = describe_database(opened, name=name, location=str(database)).shop
    finally:
        opened.close()
    file.write_text(dump_shop(replace(shop, database="shop.duckdb")), encoding="utf-8")
    return file
