"""People who may ask over a network, and their keys: who somebody is, by the key that they show.

A key is shown once, when it is made; its secret is kept as an argon2 hash. Its first part is no secret: it
names the key, so that one hash is verified and not all. ``people.yml`` in the data folder may say role and
attributes, and who somebody is in a chat program; keys stand in the store, and in no file that a person
writes. Not covered: passwords, single sign-on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.errors import BadKey, WrongUse
from app.person import Person
from app.settings import Settings
from app.team_store import Store

if TYPE_CHECKING:
    import argon2
    from sqlalchemy import RowMapping, Table

    from sql.semantics import Attributes, AttributeValue
    from sql.traces import Traces

SESSION = dt.timedelta(hours=12)
"""How long a browser stays signed in."""
REMEMBERED = 1_000
"""Keys whose secret was verified in this process: a hash takes tens of milliseconds, once."""
_KEY = re.compile(r"st_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[\w.@+-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody who may ask."""

    name: str
    role: str | None
    """``None`` for the shop's default one."""
    attributes: Attributes
    keys: tuple[KeyFacts, ...]
    slack: str = ""
    """Id of their account in Slack, or of a user group whose members all are this; empty for neither."""
    feishu: str = ""
    """Id of their account in Feishu or Lark; empty for none."""


@dataclass(frozen=True, kw_only=True)
class KeyFacts:
    """What may be told of a key."""

    id: str
    created_at: dt.datetime
    """UTC, as the other two."""
    expires_at: dt.datetime | None
    """``None`` for never."""
    revoked_at: dt.datetime | None

    def state(self, now: dt.datetime) -> Literal["valid", "expired", "revoked"]:
        """Whether it opens anything at ``now``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key that was just made."""

    facts: KeyFacts
    text: str
    """The whole key; kept nowhere."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Keyring:
    """The people and keys of one installation. Several threads and processes may use it at once.

    Args:
        store: where keys are kept.
        people_file: see the module; may be missing.
        clock: the time in UTC.
    """

    def __init__(
        self, store: Store, people_file: Path, *, clock: Callable[[], dt.datetime] = _utc_now
    ) -> None:
        self._store = store
        self.people_file = people_file
        self._clock = clock
        self._lock = threading.Lock()
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._read: tuple[tuple[int, int], Mapping[str, _Said]] | None = None
        self._has_marked = False

    @classmethod
    def of(cls, settings: Settings, store: Store | None = None) -> Keyring:
        """That of an installation.

        Args:
            store: its store, where it is open already.
        """
        return cls(store or Store.of(settings), settings.people_file)

    # --- who there is ---

    @property
    def has_people(self) -> bool:
        """Whether anybody was ever given a key, or stands in ``people.yml``.

        Raises:
            StoreAway: that cannot be found out now.
            WrongUse: ``people.yml`` cannot be read.
        """
        if not self._has_marked and self._store.exists:
            with self._store.begin() as connection:
                self._has_marked = connection.execute(_marks().select()).first() is not None
        return self._has_marked or bool(self._said())

    def members(self) -> tuple[Member, ...]:
        """Everybody by name, with their keys, oldest first.

        Raises:
            WrongUse: ``people.yml`` cannot be read.
        """
        said, keys = self._said(), self._all_keys()
        names = sorted({*said, *keys, *self._added()})
        return tuple(self._member(name, keys.get(name, ())) for name in names)

    def _member(self, name: str, keys: tuple[KeyFacts, ...]) -> Member:
        person = self._person(name)
        found = person if person is not None else Person(id=name)
        said = self._said().get(name)
        return Member(
            name=name,
            role=found.role,
            attributes=found.attributes,
            keys=keys,
            slack="" if said is None else said.slack or said.slack_group,
            feishu="" if said is None else said.feishu,
        )

    # --- keys ---

    def add(
        self,
        name: str,
        *,
        role: str | None = None,
        attributes: Attributes | None = None,
        expires_in: dt.timedelta | None = None,
    ) -> NewKey:
        """Give somebody a key; a second call for the same name gives one more.

        Args:
            role: of the shop; ``None`` keeps what was said of them before.
            attributes: for the role's rules about rows; ``None`` keeps what was said before.
            expires_in: more than nothing; ``None`` for a key that does not expire.
        Raises:
            WrongUse: the name cannot be one; ``people.yml`` says its role, or nobody has said one.
        """
        if not _NAME.fullmatch(name):
            raise WrongUse(
                f"NAME is {name!r}; use up to 64 letters, digits and . _ - + @, such as ana or "
                "ana@shop.example."
            )
        if name in self._said() and (role is not None or attributes):
            raise WrongUse(
                f"{name} stands in {self.people_file}, which says role and attributes; change them there and "
                "leave --role and --attribute out."
            )
        if name in self._said() and self._said()[name].slack_group:
            raise WrongUse(
                f"{name} is a group of Slack in {self.people_file}; give each person their own key."
            )
        if role is None and self._person(name) is None:
            raise WrongUse(f"Nothing is known of {name} yet; say the role: --role NAME.")
        if expires_in is not None and expires_in <= dt.timedelta(0):
            raise WrongUse("A key must be valid for some time; use --expires 90d, say.")
        id, secret, now = secrets.token_hex(6), secrets.token_urlsafe(32), self._clock()
        facts = KeyFacts(
            id=id,
            created_at=now,
            expires_at=None if expires_in is None else now + expires_in,
            revoked_at=None,
        )
        said: dict[str, Any] = {"name": name}
        if role is not None:
            said |= {"role": role}
        if role is not None or attributes is not None:
            said |= {"attributes": _dump(attributes or {})}
        adding = self._store.insert(self._people).values(said)
        changed = {column: value for column, value in said.items() if column != "name"}
        adding = (
            adding.on_conflict_do_update(index_elements=["name"], set_=changed)
            if changed
            else adding.on_conflict_do_nothing()
        )
        with self._store.begin() as connection:
            marked = self._store.insert(_marks()).values(name="people")
            connection.execute(marked.on_conflict_do_nothing())
            connection.execute(adding)
            connection.execute(
                self._keys.insert().values(
                    id=id,
                    person=name,
                    hash=self._hasher.hash(secret),
                    created_at=_stamp(facts.created_at),
                    expires_at=_stamp(facts.expires_at),
                )
            )
        return NewKey(facts=facts, text=f"st_{id}_{secret}")

    def revoke(self, name_or_id: str) -> tuple[str, ...]:
        """Make one key, or all of a person's, open nothing from now on; returns their ids.

        Raises:
            WrongUse: there is no such person or key, or nothing of it was still valid.
        """
        if not self._store.exists:
            raise WrongUse(f"There is no person and no key {name_or_id!r}: nobody has a key yet.")
        keys = self._keys.c
        of_it = (keys.person == name_or_id) | (keys.id == name_or_id)
        with self._store.begin() as connection:
            found = connection.execute(self._keys.select().where(of_it)).mappings().all()
            if not found:
                raise WrongUse(
                    f"There is no person and no key {name_or_id!r}; `shoptalk people list` shows all."
                )
            ids = tuple(str(row["id"]) for row in found if row["revoked_at"] is None)
            if not ids:
                raise WrongUse(f"{name_or_id!r} was revoked before; nothing was changed.")
            connection.execute(
                self._keys.update().where(keys.id.in_(ids)).values(revoked_at=_stamp(self._clock()))
            )
        return ids

    def forget(self, traces: Traces, *, is_dry: bool) -> int:
        """Take out people who are, or ask in the name of, a forgotten customer; see ``CanForget``.

        Their keys and sessions go with them, and the file is written anew, so that no free page holds them.
        ``people.yml`` is a person's own file and stays as it is.

        Raises:
            StoreAway: the store cannot be read or written now.
        """
        if not self._store.exists:
            return 0
        keys, sessions = self._keys.c, self._sessions.c
        with self._store.begin() as connection:
            rows = connection.execute(self._people.select()).mappings().all()
            named = [str(row["name"]) for row in rows if _names(row, traces)]
            if named and not is_dry:
                theirs = keys.person.in_(named)
                ids = self._keys.select().where(theirs).with_only_columns(keys.id)
                connection.execute(self._sessions.delete().where(sessions.key.in_(ids)))
                connection.execute(self._keys.delete().where(theirs))
                connection.execute(self._people.delete().where(self._people.c.name.in_(named)))
        if named and not is_dry:
            self._store.sweep([self._people, self._keys, self._sessions])
        return len(named)

    # --- who somebody is ---

    def person_of_key(self, text: str) -> Person:
        """The person whose key it is.

        Raises:
            BadKey: it is none, or opens nothing any more; says which only to who has the whole key.
        """
        match = _KEY.fullmatch(text)
        row = self._row(match[1]) if match is not None else None
        if match is None or row is None or not self._is_secret(text, match[2], str(row["hash"])):
            raise BadKey("unknown")
        return self._holder(row)

    def person_of_slack(self, user: str, is_in: Callable[[str], bool]) -> Person | None:
        """The person behind an account of Slack; ``None`` when ``people.yml`` names neither it nor a group.

        Their own line wins over groups, and the first group over later ones.

        Args:
            user: the account's id.
            is_in: whether the account is in the user group of that id; asked only where it matters.
        Raises:
            WrongUse: ``people.yml`` cannot be read.
        """
        said = self._said()
        for name, each in said.items():
            if each.slack and each.slack == user:
                return Person(id=name, role=each.role, attributes=each.attributes)
        for name, each in said.items():
            if each.slack_group and is_in(each.slack_group):
                return Person(id=f"{name}:{user}", role=each.role, attributes=each.attributes)
        return None

    def person_of_name(self, name: str) -> Person:
        """The person of that name, while one of their keys is valid, or ``people.yml`` names their chat.

        Raises:
            BadKey: nobody of that name may ask, or not any more.
            WrongUse: ``people.yml`` cannot be read.
        """
        states = {key.state(self._clock()) for key in self._all_keys().get(name, ())}
        said, person = self._said().get(name), self._person(name)
        if person is not None and ("valid" in states or (said is not None and (said.slack or said.feishu))):
            return person
        if not states:
            raise BadKey("unknown")
        raise BadKey("expired" if "expired" in states else "revoked")

    def person_of_feishu(self, user: str) -> Person | None:
        """The person behind an account of Feishu or Lark; ``None`` when ``people.yml`` does not name it.

        Args:
            user: what the account is called to this app, ``ou_…``.
        Raises:
            WrongUse: ``people.yml`` cannot be read.
        """
        for name, each in self._said().items():
            if each.feishu and each.feishu == user:
                return Person(id=name, role=each.role, attributes=each.attributes)
        return None

    def open_session(self, key: str) -> str:
        """A token that stands for ``key`` in a browser's cookie, for :data:`SESSION`.

        Raises:
            BadKey: see :meth:`person_of_key`.
        """
        self.person_of_key(key)
        token, now = secrets.token_urlsafe(32), self._clock()
        match = _KEY.fullmatch(key)
        assert match is not None  # it opened something
        with self._store.begin() as connection:
            connection.execute(self._sessions.delete().where(self._sessions.c.expires_at <= _stamp(now)))
            connection.execute(
                self._sessions.insert().values(
                    digest=_digest(token).hex(), key=match[1], expires_at=_stamp(now + SESSION)
                )
            )
        return token

    def person_of_session(self, token: str) -> Person:
        """The person who signed in with the key that ``token`` stands for.

        Raises:
            BadKey: the session is over, or the key opens nothing any more.
        """
        if not self._store.exists:
            raise BadKey("unknown")
        with self._store.begin() as connection:
            session = (
                connection.execute(
                    self._sessions.select().where(
                        self._sessions.c.digest == _digest(token).hex(),
                        self._sessions.c.expires_at > _stamp(self._clock()),
                    )
                )
                .mappings()
                .first()
            )
        row = self._row(str(session["key"])) if session is not None else None
        if row is None:
            raise BadKey("unknown")
        return self._holder(row)

    def close_session(self, token: str) -> None:
        """Sign out; an unknown token is none already."""
        if self._store.exists:
            with self._store.begin() as connection:
                connection.execute(
                    self._sessions.delete().where(self._sessions.c.digest == _digest(token).hex())
                )

    def _holder(self, row: RowMapping) -> Person:
        state = _facts(row).state(self._clock())
        if state != "valid":
            raise BadKey(state)
        person = self._person(str(row["person"]))
        if person is None:  # the line in people.yml is gone
            raise BadKey("revoked")
        return person

    def _is_secret(self, text: str, secret: str, hash: str) -> bool:
        """Whether it is the secret that was hashed; one hash is computed at a time."""
        from argon2.exceptions import VerificationError

        digest = _digest(text)
        with self._lock:
            if digest in self._verified:
                self._verified.move_to_end(digest)
                return True
            try:
                self._hasher.verify(hash, secret)
            except VerificationError:
                return False
            self._verified[digest] = None
            while len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
            return True

    def _person(self, name: str) -> Person | None:
        """As ``people.yml`` says, else as it was added; ``None`` when nobody said anything of them."""
        said = self._said().get(name) or self._added(name).get(name)
        return None if said is None else Person(id=name, role=said.role, attributes=said.attributes)

    # --- the file ---

    def _said(self) -> Mapping[str, _Said]:
        """What ``people.yml`` says now."""
        try:
            status = self.people_file.stat()
        except FileNotFoundError:
            return {}
        stamp = (status.st_mtime_ns, status.st_size)
        read = self._read
        if read is None or read[0] != stamp:
            read = self._read = (stamp, _read_people(self.people_file))
        return read[1]

    # --- the database ---

    @cached_property
    def _hasher(self) -> argon2.PasswordHasher:
        from argon2 import PasswordHasher

        # OWASP's least memory for argon2id. A secret is 256 random bits, which no guessing reaches; the
        # library's default takes 64 MB and, on two slow cores, 0.3 s.
        return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

    @property
    def _people(self) -> Table:
        from app.store_tables import PEOPLE

        return PEOPLE

    @property
    def _keys(self) -> Table:
        from app.store_tables import KEYS

        return KEYS

    @property
    def _sessions(self) -> Table:
        from app.store_tables import SESSIONS

        return SESSIONS

    def _row(self, id: str) -> RowMapping | None:
        if not self._store.exists:
            return None
        with self._store.begin() as connection:
            return connection.execute(self._keys.select().where(self._keys.c.id == id)).mappings().first()

    def _added(self, name: str | None = None) -> dict[str, _Said]:
        """Those, or the one of that name, whose role was said when a key was made."""
        if not self._store.exists:
            return {}
        with self._store.begin() as connection:
            everybody = self._people.select()
            chosen = everybody if name is None else everybody.where(self._people.c.name == name)
            rows = connection.execute(chosen).mappings().all()
        return {
            str(row["name"]): _Said(role=row["role"], attributes=_load(row["attributes"] or "{}"))
            for row in rows
            if row["role"] is not None
        }

    def _all_keys(self) -> dict[str, tuple[KeyFacts, ...]]:
        found: dict[str, tuple[KeyFacts, ...]] = {}
        if self._store.exists:
            with self._store.begin() as connection:
                for row in connection.execute(
                    self._keys.select().order_by(self._keys.c.created_at)
                ).mappings():
                    found[str(row["person"])] = (*found.get(str(row["person"]), ()), _facts(row))
        return found


def _marks() -> Table:
    from app.store_tables import MARKS

    return MARKS


@dataclass(frozen=True, kw_only=True)
class _Said:
    role: str | None
    attributes: Attributes
    slack: str = ""
    slack_group: str = ""
    feishu: str = ""


@dataclass(frozen=True, kw_only=True)
class _Account:
    """How a chat program names an account or a group."""

    pattern: str
    example: str
    where: str


_ACCOUNTS = {
    "slack": _Account(
        pattern="[UW][A-Z0-9]{2,20}", example="U0123ABCD", where="which Slack shows (docs/slack.md)"
    ),
    "slack_group": _Account(
        pattern="S[A-Z0-9]{2,20}", example="S0123ABCD", where="which Slack shows (docs/slack.md)"
    ),
    "feishu": _Account(
        pattern="ou_[A-Za-z0-9]{8,64}",
        example="ou_7d8a6e6df7621556ce0d21922b676706",
        where="which Shoptalk tells whoever writes to it there (docs/feishu.md)",
    ),
}


def _read_people(path: Path) -> dict[str, _Said]:
    """``people: {NAME: {role: …, attributes: {…}}}``."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    people = document.get("people") if isinstance(document, dict) else None
    if not isinstance(people, dict) or not set(document) == {"people"}:
        raise WrongUse(f"{path} must hold one list, people: {{NAME: {{role: …, attributes: {{…}}}}}}.")
    found = {str(name): _said_of(path, name, said) for name, said in people.items()}
    accounts = [account for said in found.values() for kind in _ACCOUNTS if (account := getattr(said, kind))]
    if twice := {account for account in accounts if accounts.count(account) > 1}:
        raise WrongUse(f"{path}: {min(twice)} stands behind two names; leave it with one.")
    return found


def _said_of(path: Path, name: object, said: object) -> _Said:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise WrongUse(f"{path}: {name!r} is no name; use letters, digits and . _ - + @, quoted if need be.")
    if not isinstance(said, dict) or not set(said) <= {"role", "attributes", *_ACCOUNTS}:
        raise WrongUse(
            f"{path}: {name} must have role, and may have attributes, feishu, slack or slack_group; "
            "nothing else."
        )
    role, attributes = said.get("role"), said.get("attributes") or {}
    if not isinstance(role, str) or not role:
        raise WrongUse(f"{path}: {name} has no role; write {name}: {{role: NAME}}.")
    if not isinstance(attributes, dict) or not all(map(_is_attribute, attributes.items())):
        raise WrongUse(f"{path}: {name}'s attributes must be texts, numbers or lists of them, by name.")
    accounts = {kind: said[kind] for kind in _ACCOUNTS if kind in said}
    if "slack_group" in accounts and len(accounts) > 1:
        raise WrongUse(
            f"{path}: {name} has slack_group and {min({*accounts} - {'slack_group'})}; a person and a group "
            "are two names."
        )
    for kind, id in accounts.items():
        known = _ACCOUNTS[kind]
        if not isinstance(id, str) or not re.fullmatch(known.pattern, id):
            raise WrongUse(
                f"{path}: {name}'s {kind} is {id!r}; expected an id such as {known.example}, {known.where}."
            )
    return _Said(role=role, attributes=_load(json.dumps(attributes)), **accounts)


def _is_attribute(item: tuple[object, object]) -> bool:
    name, value = item
    values = value if isinstance(value, list) else [value]
    return (
        isinstance(name, str)
        and bool(values)
        and all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values)
    )


def _names(row: RowMapping, traces: Traces) -> bool:
    """Whether somebody is that person, or sees what is theirs."""
    attributes = _load(str(row["attributes"] or "{}"))
    cells = [(name, one) for name, v in attributes.items() for one in (v if isinstance(v, tuple) else (v,))]
    return traces.names(str(row["name"])) or any(traces.names_cell(*cell) for cell in cells)


def _dump(attributes: Attributes) -> str:
    return json.dumps({name: list(v) if isinstance(v, tuple) else v for name, v in attributes.items()})


def _load(text: str) -> dict[str, AttributeValue]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(text).items()}


def _facts(row: RowMapping) -> KeyFacts:
    created = _moment(row["created_at"])
    assert created is not None
    return KeyFacts(
        id=str(row["id"]),
        created_at=created,
        expires_at=_moment(row["expires_at"]),
        revoked_at=_moment(row["revoked_at"]),
    )


def _stamp(moment: dt.datetime | None) -> str | None:
    """Of one length, so that texts compare as times do."""
    return None if moment is None else moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
