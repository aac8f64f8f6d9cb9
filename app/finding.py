"""Finding a shop: what its name, file or address says, and the folder where what is made of it is kept."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import WrongUse
from app.once import Once
from app.progress import step
from app.settings import Settings
from app.write import write_whole

if TYPE_CHECKING:
    from sql.semantics import Shop
    from sql.shop.decisions import Decision
    from sql.shop.describe import Described
    from sql.shop.layers import Imported
    from sql.shop.review import Answers, Ask, Asked

DEMO = "demo"
"""The name of the demonstration shop on the command line."""
SHOP_FILES = (".yml", ".yaml")
LOOKED_AGAIN_S = 3_600.0
"""Seconds after which a shop without a description of its own is looked at anew."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A shop, and which state of its description it is: another state is another shop."""

    shop: Shop
    state: tuple[str | int, ...]
    review: Review | None = None
    """Of a shop that nobody described."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A shop that nobody described, with what was decided for it and what only its owner knows."""

    shop: Shop
    """As it is with the answers."""
    decisions: tuple[Decision, ...] = ()
    asked: tuple[Asked, ...] = ()
    """The questions, each with the choice that is taken now."""
    answers: Answers = field(default_factory=dict)
    """What was answered by a person; empty while the draft's own choices stand."""


class Shops:
    """Finds shops; a description is read again only when its file has changed. Safe to use from threads."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, ...], Once[Found]]] = {}

    def find(self, shop: str | None) -> Found:
        """The shop of that name, file or address; raises what :func:`find_shop` raises."""
        name = shop or DEMO
        stamp = self._stamp(name)
        with self._lock:
            before, once = self._known.get(name, ((), Once()))
            if before != stamp:
                once = Once()
            self._known[name] = stamp, once
        return once.get(lambda: self._look(shop, (name, *stamp)))

    def answer(self, shop: str, answers: Answers) -> Review:
        """Take ``answers`` about a shop that nobody described, and keep them.

        Raises:
            WrongUse, SqlError: see :func:`find_shop`; the answers from before stay.
            OSError: they cannot be kept; the answers from before stay.
        """
        location = location_of(shop)
        if location is None:
            raise WrongUse(f"--shop is {shop!r}, which has a description; answers are written into it.")
        before = kept_answers(self._settings, location)
        keep_answers(self._settings, location, answers)
        try:
            review = self.find(shop).review
        except BaseException:
            keep_answers(self._settings, location, before)
            raise
        assert review is not None  # it has a location
        return review

    def _look(self, shop: str | None, state: tuple[str | int, ...]) -> Found:
        review = find_review(self._settings, shop)
        described = review.shop if review is not None else find_shop(self._settings, shop)
        return Found(shop=described, state=state, review=review)

    def _stamp(self, name: str) -> tuple[int, ...]:
        """What changes when the description does."""
        path = self._settings.demo / "shop.yml" if name == DEMO else Path(name).expanduser()
        location = location_of(name)
        if location is not None:
            answered = _stamp_of(_answers_file(self._settings, location))
            return (int(self._clock() // LOOKED_AGAIN_S), *answered)
        return _stamp_of(path)  # where it is missing, finding it says what is wrong, or builds it


def _stamp_of(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size


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

    review = find_review(settings, shop)
    if review is not None:
        return review.shop
    if shop is None or shop == DEMO:
        return load_shop(demo_folder(settings) / "shop.yml")
    return load_shop(_existing(shop), variables=_variables(settings))


def find_review(settings: Settings, shop: str | None) -> Review | None:
    """A shop that nobody described, with what was answered about it; ``None`` for one with a description.

    Raises:
        WrongUse, DatabaseUnavailable: see :func:`find_shop`.
    """
    location = location_of(shop)
    if shop is None or location is None:
        return None
    if "://" not in shop and not _is_pattern(shop):
        _existing(shop)
    return review_of(location, kept_answers(settings, location))


def _existing(shop: str) -> Path:
    path = Path(shop).expanduser()
    if not path.exists():
        raise WrongUse(
            f"--shop is {shop!r}, which does not exist; name a shop.yml, a database file, a folder of CSV or "
            "Parquet files, or an address."
        )
    return path


def location_of(shop: str | None) -> str | None:
    """Where the database is that ``--shop`` names and nobody described; ``None`` for one described."""
    if shop is None or shop == DEMO:
        return None
    if "://" in shop:
        return shop
    path = Path(shop).expanduser()
    return None if path.suffix.lower() in SHOP_FILES else str(path.absolute())


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
    """A description of the database at ``location``: its tables with the keys, links and measures found."""
    return described_location(location).shop


def described_location(location: str, *, with_views: bool = False, ask: Ask | None = None) -> Described:
    """The same, with what was decided; see :func:`sql.shop.describe.describe_database`.

    Args:
        ask: answers what only the owner knows (``sql.shop.review``); left out, the draft's choices stay.
    """
    from sql.databases import open_database
    from sql.shop.describe import describe_database
    from sql.shop.review import reviewed
    from sql.shop.workspace import open_workspace

    database = open_database(location)
    try:
        found = describe_database(database, name=_name_of(location), location=location, with_views=with_views)
        if ask is None:
            return found
        return replace(found, shop=reviewed(found, open_workspace(found.shop, database=database), ask))
    finally:
        database.close()


def imported_location(location: str, layer: Path) -> Imported:
    """A description of the database at ``location`` by a semantic layer's files; see ``sql.shop.layers``.

    Args:
        layer: a folder or file of a dbt project or of Cube models.
    """
    from sql.databases import open_database
    from sql.shop.layers import read_layer, shop_of_layer

    read = read_layer(layer)
    database = open_database(location)
    try:
        return shop_of_layer(read, database, name=_name_of(location), location=location)
    finally:
        database.close()


def _name_of(location: str) -> str:
    """A name for the shop at ``location``."""
    from sql.databases import without_password

    # Of an address without a path only the host is left, and never a user's name or password.
    place = without_password(location).split("://")[-1].split("?")[0].rstrip("/")
    return Path(place.rpartition("@")[2] if "://" in location else place).stem or "shop"


def review_of(location: str, answers: Answers) -> Review:
    """The database at ``location`` described with ``answers``, and what was asked.

    Raises:
        SqlError: see :func:`described_location`.
    """
    from sql.shop.review import GivenAnswers

    given = GivenAnswers(answers=answers)
    found = described_location(location, ask=given)
    return Review(shop=found.shop, decisions=found.decisions, asked=tuple(given.asked), answers=answers)


def kept_answers(settings: Settings, location: str) -> Answers:
    """What was answered about the database at ``location``; nothing where nobody was asked.

    Raises:
        WrongUse: the file of the answers is damaged; names it.
    """
    path = _answers_file(settings, location)
    try:
        kept = json.loads(path.read_bytes())
        return {str(id): str(choice) for id, choice in kept["answers"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongUse(
            f"{path} holds the answers about {_name_of(location)!r} and cannot be read; "
            "delete it, and answer anew."
        ) from error


def keep_answers(settings: Settings, location: str, answers: Answers) -> None:
    """Keep them in the shop's folder, from where every command takes them; none removes them.

    Raises:
        OSError: disk full, no permission; what was kept before stays.
    """
    path = _answers_file(settings, location)
    if answers:
        write_whole(path, json.dumps({"answers": dict(answers)}, ensure_ascii=False, indent=2).encode())
    else:
        path.unlink(missing_ok=True)


def _answers_file(settings: Settings, location: str) -> Path:
    from sql.semantics import Shop

    return folder_of(settings, Shop(name=_name_of(location), database=location, views=())) / "answers.json"


def folder_of(settings: Settings, shop: Shop) -> Path:
    """The shop's folder under home: its name, and a hash of where it comes from.

    A demonstration shop that was generated anew is another shop: what was kept of the old one is not used.
    """
    from sql.databases import without_password

    origin = [os.path.abspath(shop.path) if shop.path else "", without_password(shop.database)]
    manifest = settings.demo / "manifest.json"
    if shop.path is not None and shop.path.parent == settings.demo and manifest.is_file():
        origin.append(manifest.read_text("utf-8"))
    digest = hashlib.sha256(json.dumps(origin).encode()).hexdigest()[:10]
    name = re.sub(r"[^a-z0-9]+", "-", shop.name.lower()).strip("-")[:40] or "shop"
    return settings.shops / f"{name}-{digest}"
