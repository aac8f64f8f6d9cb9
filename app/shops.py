"""Finding a shop: what its name, file or address says, and the folder where what is made of it is kept."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import WrongUse
from app.progress import step
from app.settings import Settings

if TYPE_CHECKING:
    from sql.semantics import Shop

DEMO = "demo"
"""The name of the demonstration shop on the command line."""
SHOP_FILES = (".yml", ".yaml")


def find_shop(settings: Settings, shop: str | None) -> Shop:
    """The shop that ``--shop`` names.

    Args:
        settings: where the demonstration shop lives.
        shop: ``None`` or ``demo`` for the demonstration shop, built when it is missing; a ``shop.yml``; or a
            database file, folder or address, of which every table becomes a view.
    Raises:
        WrongUse: a path that does not exist.
        ShopFileError, DatabaseUnavailable: see ``sql.errors``.
    """
    from sql.shop.shopfile import load_shop

    if shop is None or shop == DEMO:
        return load_shop(demo_folder(settings) / "shop.yml")
    if "://" in shop:
        return shop_of_location(shop)
    path = Path(shop).expanduser()
    if not path.exists() and not _is_pattern(shop):
        raise WrongUse(
            f"--shop is {shop!r}, which does not exist; name a shop.yml, a database file, a folder of CSV or "
            "Parquet files, or an address."
        )
    if path.suffix.lower() in SHOP_FILES:
        return load_shop(path, variables=_variables(settings))
    return shop_of_location(str(path.absolute()))


def demo_folder(settings: Settings) -> Path:
    """The folder of the demonstration shop, built first when it is missing or of another version."""
    from demo.build import build_demo, is_built

    if not is_built(settings.demo):
        with step("Building the demonstration shop"):
            build_demo(settings.demo)
    return settings.demo


def _is_pattern(text: str) -> bool:
    return any(c in text for c in "*?[")


def _variables(settings: Settings) -> dict[str, str]:
    """What ``${NAME}`` in a shop.yml may mean."""
    data = {"SHOPTALK_DATA": str(settings.data)} if settings.data else {}
    return {**settings.variables, **data}


def shop_of_location(location: str) -> Shop:
    """A description of the database at ``location``: every table a view, nothing else known."""
    from sql.databases import open_database, without_password
    from sql.shop.shopfile import shop_from_catalog

    database = open_database(location)
    try:
        # Of an address without a path only the host is left, and never a user's name or password.
        place = without_password(location).split("://")[-1].split("?")[0].rstrip("/")
        name = Path(place.rpartition("@")[2] if "://" in location else place).stem or "shop"
        return shop_from_catalog(database.catalog(), name=name, database=location)
    finally:
        database.close()


def folder_of(settings: Settings, shop: Shop) -> Path:
    """The shop's folder under home: its name, and a hash of where it comes from.

    A demonstration shop that was generated anew is another shop: what was kept of the old one is not used.
    """
    from sql.databases import without_password

    origin = [str(shop.path.absolute()) if shop.path else "", without_password(shop.database)]
    manifest = settings.demo / "manifest.json"
    if shop.path is not None and shop.path.parent == settings.demo and manifest.is_file():
        origin.append(manifest.read_text("utf-8"))
    digest = hashlib.sha256(json.dumps(origin).encode()).hexdigest()[:10]
    name = re.sub(r"[^a-z0-9]+", "-", shop.name.lower()).strip("-")[:40] or "shop"
    return settings.shops / f"{name}-{digest}"
