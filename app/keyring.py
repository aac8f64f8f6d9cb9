"""People who may ask over a network, and their keys: who somebody is, by the key that they show.

A key is shown once, when it is made; its secret is kept as an argon2 hash. Its first part is no secret: it
names the key, so that one hash is verified and not all. ``people.yml`` in the data folder may say role and
attributes, and who somebody is in a chat program or to the provider of a sign-in (``app.provider``); keys
stand in the store, and in no file that a person writes. Not covered: passwords.
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
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app.errors import BadKey, WrongUse
from app.people_file import NAME, Said, is_attribute, load_attributes, read_people
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
    oidc: str = ""
    """What the provider of the sign-in calls them, or a group whose members all are this; else empty."""


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
        self._read: tuple[tuple[int, int], Mapping[str, Said]] | None = None
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
            oidc="" if said is None else said.oidc or said.oidc_group,
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
        if not NAME.fullmatch(name):
            raise WrongUse(
                f"NAME is {name!r}; use up to 64 letters, digits and . _ - + @, such as ana or "
                "ana@shop.example."
            )
        if name in self._said() and (role is not None or attributes):
            raise WrongUse(
                f"{name} stands in {self.people_file}, which says role and attributes; change them there and "
                "leave --role and --attribute out."
            )
        if name in self._said() and self._said()[name].is_group:
            raise WrongUse(f"{name} is a group in {self.people_file}; give each person their own key.")
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
            accounts = sessions.account.is_not(None)
            rows = connection.execute(self._sessions.select().where(accounts)).mappings().all()
            gone = [str(row["digest"]) for row in rows if _is_account_of(row, traces)]
            if gone and not is_dry:
                connection.execute(self._sessions.delete().where(sessions.digest.in_(gone)))
            if named and not is_dry:
                theirs = keys.person.in_(named)
                ids = self._keys.select().where(theirs).with_only_columns(keys.id)
                connection.execute(self._sessions.delete().where(sessions.key.in_(ids)))
                connection.execute(self._keys.delete().where(theirs))
                connection.execute(self._people.delete().where(self._people.c.name.in_(named)))
        if (named or gone) and not is_dry:
            self._store.sweep([self._people, self._keys, self._sessions])
        return len(named) + len(gone)

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

    def people_of_account(self, account: str, told: Told) -> tuple[Person, ...]:
        """Whom somebody may be who signed in at the provider, the usual one first; empty where it is nobody.

        Their own line in ``people.yml`` wins over groups, and of two groups with one role the first. A line
        whose attributes the provider does not give is none.

        Args:
            account: what the provider calls them.
            told: what it said of them.
        Raises:
            WrongUse: ``people.yml`` cannot be read.
        """
        said = self._said()
        own = [(name, each) for name, each in said.items() if each.oidc and each.oidc == account]
        groups = [each for each in said.values() if each.oidc_group]
        lines = own or [(f"oidc/{account}", each) for each in groups if each.oidc_group in told.groups]
        found: dict[str | None, Person] = {}
        for id, each in lines:
            attributes = _given(each, told)
            for role in each.roles if attributes is not None else ():
                found.setdefault(role, Person(id=id, role=role, attributes=attributes or {}))
        names = tuple(role for role in found if role is not None)
        return tuple(replace(person, roles=names if len(names) > 1 else ()) for person in found.values())

    def open_session(self, key: str) -> str:
        """A token that stands for ``key`` in a browser's cookie, for :data:`SESSION`.

        Raises:
            BadKey: see :meth:`person_of_key`.
        """
        self.person_of_key(key)
        match = _KEY.fullmatch(key)
        assert match is not None  # it opened something
        return self._open_session(key=match[1])

    def open_session_of(self, account: str, told: Told) -> str:
        """The same for an account of the provider.

        Of what it said only the groups and claims that ``people.yml`` names are kept; they count until the
        session ends.

        Raises:
            BadKey: ``people.yml`` knows neither the account nor a group of it.
        """
        if not self.people_of_account(account, told):
            raise BadKey("unknown")
        said = self._said().values()
        named = {claim for each in said for claim in each.claims.values()}
        claims = {
            "groups": sorted(told.groups & {each.oidc_group for each in said}),
            "claims": {claim: value for claim, value in told.claims.items() if claim in named},
        }
        return self._open_session(account=account, claims=json.dumps(claims, ensure_ascii=False))

    def _open_session(self, **whose: str) -> str:
        token, now, sessions = secrets.token_urlsafe(32), self._clock(), self._sessions
        row = {"digest": _digest(token).hex(), "expires_at": _stamp(now + SESSION), **whose}
        with self._store.begin() as connection:
            connection.execute(sessions.delete().where(sessions.c.expires_at <= _stamp(now)))
            connection.execute(sessions.insert().values(row))
        return token

    def person_of_session(self, token: str) -> Person:
        """The person who signed in, in the role that they chose, else in their usual one.

        Raises:
            BadKey: the session is over, or its key or account opens nothing any more.
        """
        return self._people_of(token)[0]

    def choose_role(self, token: str, role: str) -> Person:
        """Ask in another of the roles that one has, until the session ends.

        Raises:
            BadKey: see :meth:`person_of_session`; or the role is none of theirs, and nothing was changed.
        """
        found = [person for person in self._people_of(token) if person.role == role]
        if not found:
            raise BadKey("unknown")
        chosen = self._sessions.update().where(self._sessions.c.digest == _digest(token).hex())
        with self._store.begin() as connection:
            connection.execute(chosen.values(role=role))
        return found[0]

    def _people_of(self, token: str) -> tuple[Person, ...]:
        """Whom whoever signed in may be, who they are now first."""
        if not self._store.exists:
            raise BadKey("unknown")
        its, now = self._sessions.c.digest == _digest(token).hex(), _stamp(self._clock())
        with self._store.begin() as connection:
            session = (
                connection.execute(self._sessions.select().where(its, self._sessions.c.expires_at > now))
                .mappings()
                .first()
            )
        if session is None:
            raise BadKey("unknown")
        people = self._of_account(session) if session["key"] is None else self._of_key(str(session["key"]))
        return tuple(sorted(people, key=lambda person: person.role != session["role"]))

    def _of_account(self, session: RowMapping) -> tuple[Person, ...]:
        said = json.loads(session["claims"])
        told = Told(groups=frozenset(said["groups"]), claims=said["claims"])
        people = self.people_of_account(str(session["account"]), told)
        if not people:  # the line in people.yml is gone
            raise BadKey("revoked")
        return people

    def _of_key(self, id: str) -> tuple[Person, ...]:
        row = self._row(id)
        if row is None:
            raise BadKey("unknown")
        person = self._holder(row)
        return tuple(replace(person, role=role) for role in person.roles) or (person,)

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
        return None if said is None else _as_role(name, said, said.attributes)

    # --- the file ---

    def _said(self) -> Mapping[str, Said]:
        """What ``people.yml`` says now."""
        try:
            status = self.people_file.stat()
        except FileNotFoundError:
            return {}
        stamp = (status.st_mtime_ns, status.st_size)
        read = self._read
        if read is None or read[0] != stamp:
            read = self._read = (stamp, read_people(self.people_file))
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

    def _added(self, name: str | None = None) -> dict[str, Said]:
        """Those, or the one of that name, whose role was said when a key was made."""
        if not self._store.exists:
            return {}
        with self._store.begin() as connection:
            everybody = self._people.select()
            chosen = everybody if name is None else everybody.where(self._people.c.name == name)
            rows = connection.execute(chosen).mappings().all()
        return {
            str(row["name"]): Said(
                roles=(row["role"],), attributes=load_attributes(row["attributes"] or "{}")
            )
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


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the provider said of an account, beside its name."""

    groups: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict)
    """Those that ``people.yml`` names; texts, numbers or lists of them."""


def _as_role(id: str, said: Said, attributes: Attributes) -> Person:
    """In the usual one of their roles."""
    roles = tuple(role for role in said.roles if role is not None)
    return Person(id=id, role=said.role, attributes=attributes, roles=roles if len(roles) > 1 else ())


def _given(said: Said, told: Told) -> dict[str, AttributeValue] | None:
    """The attributes with those that claims give; ``None`` where one of them is not given."""
    claims = {name: told.claims.get(claim) for name, claim in said.claims.items()}
    if not all(map(is_attribute, claims.items())):
        return None
    return {**said.attributes, **load_attributes(json.dumps(claims))}


def _marks() -> Table:
    from app.store_tables import MARKS

    return MARKS


def _names(row: RowMapping, traces: Traces) -> bool:
    """Whether somebody is that person, or sees what is theirs."""
    attributes = load_attributes(str(row["attributes"] or "{}"))
    cells = [(name, one) for name, v in attributes.items() for one in (v if isinstance(v, tuple) else (v,))]
    return traces.names(str(row["name"])) or any(traces.names_cell(*cell) for cell in cells)


def _is_account_of(row: RowMapping, traces: Traces) -> bool:
    """Whether a browser is signed in with an account of that person, or sees what is theirs."""
    said = json.loads(row["claims"])
    return traces.names(str(row["account"])) or traces.masked_json(said) != said


def _dump(attributes: Attributes) -> str:
    return json.dumps({name: list(v) if isinstance(v, tuple) else v for name, v in attributes.items()})


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
