"""Forgetting a customer: every place under home that keeps something of a shop, and how it lets go of them.

The shop's database is read, through the guard, and never written: the customer stays there until its owner
deletes them. What is kept of it here is found by the customer's key, e-mail addresses, telephone numbers and
full names. The audit log stays complete: a pseudonym stands in their place.

A new place under home is added to :data:`STORES`; a test fails while a file is there that none of them owns.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.conversations import Conversations
from app.errors import AppError, CannotForget, CustomerUnclear, WrongUse
from app.feedback_log import FeedbackLog
from app.finding import find_shop, folder_of
from app.forgotten import Forgotten
from app.inbox import Inbox
from app.kept_uploads import AllKeptUploads
from app.keyring import Keyring
from app.library import archive_in
from app.person import Person, role_of
from app.rules.rule_store import Rules
from app.salts import salt_in
from app.schedules.store import Schedules
from app.searched_files import text_names
from app.settings import Settings
from app.team_store import Store as TeamStore
from bot.audit import AuditLog, Entry
from bot.errors import BotError
from retrieval.errors import IndexUnusable, RetrievalError
from retrieval.opinion_mining.said_purge import SaidFolder
from retrieval.purge import IndexFolder
from sql.errors import SqlError
from sql.personal import pseudonym
from sql.shop.customers import Customer, CustomerReader, customer_places, looking_up
from sql.traces import CanForget, Traces

if TYPE_CHECKING:
    from jobs.report.archive import Archive
    from sql.semantics import Role, Shop

logger = logging.getLogger(__name__)

_LITERAL = re.compile(r"'(?:[^'\\]|''|\\.)*'")
_EXPECTED = (AppError, BotError, RetrievalError, SqlError, OSError)


@dataclass(frozen=True, kw_only=True)
class Store:
    """One kind of thing that is kept under home."""

    name: str
    owns: tuple[str, ...]
    """Patterns of its files, from home on; ``*`` stands for folders too."""
    places: Callable[[Settings, Path], Sequence[CanForget]] = lambda settings, folder: ()
    """Where it keeps something about the shop that has that folder, or about all of them together."""
    is_text: bool = True
    """Whether its files can be searched once more at the end."""
    holds_nobody: str = ""
    """Why nothing about customers is in it; then it has no places, and is not searched."""


def _indexes(settings: Settings, folder: Path) -> list[CanForget]:
    forgotten = Forgotten(settings.forgotten)
    paths = sorted(folder.glob("readers-*/index"))
    return [_Index(IndexFolder(path), archive_in(path.parent), forgotten, folder.name) for path in paths]


def _said(settings: Settings, folder: Path) -> list[CanForget]:
    return [SaidFolder(path) for path in sorted(folder.glob("readers-*/said"))]


def _reports(settings: Settings, folder: Path) -> list[CanForget]:
    return [archive_in(path) for path in sorted(folder.glob("readers-*"))]


def _inboxes(settings: Settings, folder: Path) -> list[CanForget]:
    return [Inbox(path) for path in sorted(folder.glob("watch/*.json"))]


def _rules(settings: Settings, folder: Path) -> list[CanForget]:
    return [Rules(folder / "rules")]


def _schedules(settings: Settings, folder: Path) -> list[CanForget]:
    return [Schedules(folder / "schedules")]


STORES: tuple[Store, ...] = (
    Store(name="index of texts", owns=("shops/*/index/*", "shops/*/indexed.json"), places=_indexes),
    Store(name="what texts say", owns=("shops/*/said/*",), places=_said),
    Store(name="past reports", owns=("shops/*/reports/*",), places=_reports),
    Store(name="inbox of the watch", owns=("shops/*/watch/*",), places=_inboxes),
    Store(name="rules of the watch", owns=("shops/*/rules/*",), places=_rules),
    Store(name="schedules", owns=("shops/*/schedules/*",), places=_schedules),
    Store(
        name="answers about a shop",
        owns=("shops/*/answers.json",),
        holds_nobody="which choice was taken of each question about tables and columns",
    ),
    Store(
        name="salt of pseudonyms",
        owns=("shops/*/salt", "shops/*/.salt.*"),
        holds_nobody="random bytes; a pseudonym tells nobody without them",
    ),
    Store(
        name="feedback",
        owns=("feedback.jsonl", "feedback.lock", ".feedback.jsonl.unfinished"),
        places=lambda settings, folder: (FeedbackLog.of(settings),),
    ),
    Store(
        name="conversations",
        owns=(),
        places=lambda settings, folder: (Conversations(TeamStore.of(settings)),),
    ),
    Store(
        name="files opened on the page",
        owns=("brought/*",),
        places=lambda settings, folder: (AllKeptUploads(settings.brought),),
    ),
    Store(
        name="people with keys",
        owns=("people.db", "people.db-*", "people.yml", "store.db", "store.db-*", "store.lock"),
        places=lambda settings, folder: (Keyring.of(settings),),
    ),
    Store(
        name="prompts that were read",
        owns=("weights/prompts/*", "weights/prefixes/*"),
        places=lambda settings, folder: (_Prompts(settings.weights),),
        is_text=False,
    ),
    Store(
        name="audit log",
        owns=("audit/*",),
        places=lambda settings, folder: (AuditLog(settings.audit),),
    ),
    Store(
        name="what was forgotten",
        owns=("forgotten.json", "forgotten.lock"),
        holds_nobody="hashes of the ids of texts, and how often somebody was forgotten",
    ),
    Store(name="weights", owns=("weights/*",), holds_nobody="language models as they were downloaded"),
    Store(name="adapters", owns=("adapters/*",), holds_nobody="trained on made-up shops"),
    Store(
        name="demonstration shop", owns=("demo/*",), holds_nobody="a shop's own database, with nobody real"
    ),
)
"""In the order in which they forget: the audit log last, for it hears of what the others do."""


def owner_of(path: Path, home: Path) -> Store | None:
    """The store that a file under home belongs to; ``None`` for a file that a person put there."""
    name = path.relative_to(home).as_posix()
    return next((store for store in STORES if any(fnmatch(name, each) for each in store.owns)), None)


@dataclass(frozen=True, kw_only=True)
class Done:
    """What one store had."""

    store: str
    found: int
    problem: str = ""
    """Why it, or part of it, could not be searched; empty when all of it was."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What was found and forgotten; no value of the person's is in it."""

    shop: str
    customer: str
    """The pseudonym that stands for them in the audit log."""
    is_dry: bool
    done: tuple[Done, ...]
    views: tuple[str, ...]
    """Views of the shop that hold them, where only the owner can delete them."""
    left: tuple[str, ...] = ()
    """Files under home that still name them and belong to no store, or could not be changed."""
    under_way: int = 0
    """Questions that named them and had not ended: what they write is found by forgetting once more."""
    shared: int = 0
    short: int = 0
    has_written: bool | None = None

    @property
    def found(self) -> int:
        """Entries in all stores."""
        return sum(each.found for each in self.done)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left over."""
        return not self.left and not any(each.problem for each in self.done)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "shop": self.shop,
            "customer": self.customer,
            "dry_run": self.is_dry,
            "stores": [
                {"store": each.store, "found": each.found, "problem": each.problem or None}
                for each in self.done
            ],
            "views": list(self.views),
            "left": list(self.left),
            "under_way": self.under_way,
            "shared": self.shared,
            "short": self.short,
            "has_written": self.has_written,
            "complete": self.is_whole,
        }


def forget(
    settings: Settings,
    shop: str | None,
    person: Person,
    said: str,
    *,
    is_dry: bool,
    also: Sequence[Path] = (),
) -> Receipt:
    """Take a customer out of everything that is kept about a shop, or only count where they are.

    Run again after being cut off, it goes on with what is left.

    Args:
        person: who orders it; their role must see the whole shop.
        said: the customer's key, e-mail address, telephone number or full name.
        also: files and folders elsewhere, such as saved conversations and reports: those that name the
            customer are deleted.
    Raises:
        CustomerUnclear: nobody or several are meant, the shop binds no customer, or the role may not.
        WrongUse, SqlError: there is no such shop or role, its database cannot be read, or ``also`` holds it.
        NotRecorded: the audit log cannot be written.
    """
    description = find_shop(settings, shop)
    role = role_of(description, person)
    if not role.is_whole:
        raise CustomerUnclear("not_whole", _not_whole(description, role), role=role.name)
    _check_not_the_shop(settings, description, also)
    log = AuditLog(settings.audit)
    what = "count what is kept about a customer" if is_dry else "forget a customer"
    who = {"shop": description.name, "role": role.name, "person": person.id}
    entry = log.begin("forget", what, **who, user=person.attributes)
    try:
        customer, views = _looked_up(description, folder_of(settings, description), role, person, said, entry)
        receipt = _Forgetting(settings, description, customer, is_dry).run(also)
        receipt = replace(receipt, views=views)
    except BaseException as error:
        entry.end("failed", reason=type(error).__name__)
        raise
    entry.end("done", customer=receipt.customer)
    return receipt


def _not_whole(shop: Shop, role: Role) -> str:
    able = ", ".join(each.name for each in shop.roles if each.is_whole)
    way = f"use --role {able}" if able else "give shop.yml a role without limits, such as owner: {}"
    return (
        f"Role {role.name!r} of shop {shop.name!r} does not see the whole shop, so it cannot forget anybody: "
        f"{way}. Nothing was forgotten."
    )


def _check_not_the_shop(settings: Settings, shop: Shop, also: Sequence[Path]) -> None:
    """The shop's own files are never deleted, nor is home as a whole."""
    base = shop.path.parent if shop.path is not None else Path.cwd()
    database = [] if "://" in shop.database else [base / re.split(r"[*?\[]", shop.database)[0]]
    own = [path.resolve() for path in (*database, *([shop.path] if shop.path is not None else []))]
    for path in also:
        place = path.resolve()
        if any(each.is_relative_to(place) or place.is_relative_to(each) for each in own):
            raise WrongUse(
                f"--also is {str(path)!r}, where the shop's own data are, which are never changed; name the "
                "files or a folder beside them. Nothing was forgotten."
            )
        if settings.home.resolve().is_relative_to(place):
            raise WrongUse(f"--also is {str(path)!r}, which holds SHOPTALK_HOME; that is searched as it is.")


def _with_pseudonyms(customer: Customer, folder: Path) -> Customer:
    """The same, with the pseudonyms by which roles know their addresses, numbers and names."""
    if not (folder / "salt").exists():
        return customer
    salt, traces = salt_in(folder), customer.traces
    known = tuple(pseudonym(text, salt) for text in (*traces.texts, *([traces.key] if traces.key else [])))
    return replace(customer, traces=replace(traces, texts=(*traces.texts, *known)))


def _looked_up(
    shop: Shop, folder: Path, role: Role, person: Person, said: str, entry: Entry
) -> tuple[Customer, tuple[str, ...]]:
    """The customer whom ``said`` means, and the views that hold them."""
    from sql.shop.bindings import bindings_line
    from sql.shop.workspace import open_workspace

    with looking_up(entry.note, lambda sql: _LITERAL.sub("'…'", sql)):
        workspace = open_workspace(shop, role=role.name, user=person.attributes)
        try:
            places = customer_places(workspace.shop, workspace.guard.views)
            if not places:
                line = bindings_line(("customer",), workspace.guard.views)
                raise CustomerUnclear(
                    "not_bound",
                    f"Shop {shop.name!r} does not say what its customers are: write {line} into its shop.yml "
                    "(shoptalk init makes one). Nothing was forgotten.",
                    line=line,
                )
            reader = CustomerReader(workspace, places)
            keys = reader.keys(said.strip()) if said.strip() else []
            if not keys:
                raise CustomerUnclear(
                    "nobody",
                    f"No customer of shop {shop.name!r} has that key, e-mail address, telephone number or "
                    "name, written out in full. Forget customers here before they are deleted in the shop. "
                    "Nothing was forgotten.",
                )
            if len(keys) > 1:
                raise CustomerUnclear(
                    "several",
                    f"Several customers of shop {shop.name!r} are called so: name one by key, of "
                    f"{', '.join(keys)}. Nothing was forgotten.",
                    keys=", ".join(keys),
                )
            customer = _with_pseudonyms(reader.customer(keys[0]), folder)
            return customer, tuple(place.view.name for place in places)
        finally:
            workspace.close()


@dataclass
class _Forgetting:
    """One run over all stores."""

    settings: Settings
    shop: Shop
    customer: Customer
    is_dry: bool
    traces: Traces = field(init=False)

    def __post_init__(self) -> None:
        self.traces = self.customer.traces

    def run(self, also: Sequence[Path]) -> Receipt:
        """See :func:`forget`."""
        if not self.is_dry:  # first: a process that serves must not write anything back meanwhile
            Forgotten(self.settings.forgotten).once_more()
        under_way = AuditLog(self.settings.audit).under_way(self.traces)
        folder = folder_of(self.settings, self.shop)
        searched = [store for store in STORES if not store.holds_nobody]
        done = [self._done("files elsewhere", [_Files(also, self.settings.home)])] if also else []
        done += [self._done(store.name, store.places(self.settings, folder)) for store in searched]
        return Receipt(
            shop=self.shop.name,
            customer=self.traces.pseudonym,
            is_dry=self.is_dry,
            done=tuple(done),
            views=(),
            left=tuple(self._left()),
            under_way=under_way,
            shared=self.customer.shared,
            short=self.customer.short,
            has_written=self.customer.has_written,
        )

    def _done(self, name: str, places: Sequence[CanForget]) -> Done:
        """Let every place of a store forget; one that cannot keeps none of the others from it."""
        found, problems = 0, []
        for place in places:
            try:
                found += place.forget(self.traces, is_dry=self.is_dry)
            except _EXPECTED as error:
                logger.info("%s: %s", name, type(error).__name__)
                found += error.found if isinstance(error, CannotForget) else 0
                problems.append(str(error))
        return Done(store=name, found=found, problem="; ".join(problems))

    def _left(self) -> Iterator[str]:
        """Files that name them and will not, or did not, lose that: those of no store, or all of them."""
        home, traces = self.settings.home, self.traces.without_key
        for path in sorted(home.rglob("*")):
            store = owner_of(path, home)
            is_searched = store is None or (not self.is_dry and store.is_text and not store.holds_nobody)
            if is_searched and path.is_file() and text_names(path, traces):
                yield path.relative_to(home).as_posix()


@dataclass(frozen=True)
class _Index:
    """An index of which it is known what must not come back into it."""

    index: IndexFolder
    archive: Archive
    """Of those who read it: an answer there may quote what the person wrote."""
    forgotten: Forgotten
    shop: str
    """Name of the shop's folder."""

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """See :class:`retrieval.purge.IndexFolder`."""
        traces = replace(traces, documents=traces.documents | self.archive.quoting(traces.documents))
        if is_dry:
            return self.index.forget(traces, is_dry=True)
        with suppress(IndexUnusable):  # of one that cannot be read at least what the person wrote
            self.index.forget(traces, is_dry=True)
        self.forgotten.keep_out(self.shop, self.index.forgotten | traces.documents)
        return self.index.forget(traces, is_dry=False)


@dataclass(frozen=True)
class _Prompts:
    """What a model computed of shops' descriptions, with the values that stand in these; not searchable."""

    weights: Path

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Delete all of it when a column that is told to the model holds the person; see ``CanForget``."""
        if not traces.is_sampled:
            return 0
        files = [*self.weights.glob("prompts/*/*"), *self.weights.glob("prefixes/*")]
        for file in () if is_dry else files:
            file.unlink(missing_ok=True)
        return len(files)


@dataclass(frozen=True)
class _Files:
    """Files that somebody keeps elsewhere."""

    paths: Sequence[Path]
    home: Path
    """Below which only what belongs to no store is deleted."""

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Delete those that name the person; see ``CanForget``."""
        files = [
            file
            for path in self.paths
            for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
            if file.is_file() and not (file.is_relative_to(self.home) and owner_of(file, self.home))
        ]
        named = [file for file in files if text_names(file, traces)]
        for file in () if is_dry else named:
            file.unlink()
        return len(named)
