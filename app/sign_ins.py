"""Sign-ins at the provider between their beginning and their end, in the store: any process may end them.

Each ends once. Its state is kept as a digest: who reads the store can end none.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

from app.errors import SignInRefused
from app.provider import Begun
from app.team_store import Store

PATIENCE = dt.timedelta(minutes=10)
"""How long somebody may take at the provider."""
MOST = 10_000
"""Sign-ins that have begun and not ended; anybody may begin one, so the oldest are forgotten first."""


class SignIns:
    """Those of one installation. Several threads and processes may use it at once.

    Args:
        clock: the time in UTC.
    """

    def __init__(
        self, store: Store, *, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._store = store
        self._clock = clock

    def keep(self, begun: Begun, opens: str) -> None:
        """Wait for the end of one.

        Args:
            opens: id of the conversation that is opened afterwards; empty for none.
        Raises:
            StoreAway: it cannot be kept now.
        """
        from sqlalchemy import select

        from app.store_tables import SIGN_INS

        columns, now = SIGN_INS.c, self._clock()
        row = {
            "digest": _digest(begun.state),
            "nonce": begun.nonce,
            "verifier": begun.verifier,
            "opens": opens,
            "expires_at": _stamp(now + PATIENCE),
        }
        youngest = select(columns.digest).order_by(columns.expires_at.desc()).limit(MOST - 1)
        with self._store.begin() as connection:
            connection.execute(SIGN_INS.delete().where(columns.expires_at <= _stamp(now)))
            connection.execute(SIGN_INS.delete().where(columns.digest.not_in(youngest)))
            connection.execute(SIGN_INS.insert().values(row))

    def take(self, state: str) -> tuple[Begun, str]:
        """The sign-in of that state, which no other end finds any more, and what is opened afterwards.

        Raises:
            SignInRefused: none has begun so, or it took too long, or it ended before.
            StoreAway: that cannot be found out now.
        """
        from app.store_tables import SIGN_INS

        its = SIGN_INS.c.digest == _digest(state)
        with self._store.begin() as connection:
            row = connection.execute(SIGN_INS.select().where(its)).mappings().first()
            taken = connection.execute(SIGN_INS.delete().where(its)).rowcount
        if row is None or taken != 1 or row["expires_at"] <= _stamp(self._clock()):
            raise SignInRefused("begun_elsewhere")
        begun = Begun(state=state, nonce=str(row["nonce"]), verifier=str(row["verifier"]))
        return begun, str(row["opens"])


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "replace")).hexdigest()


def _stamp(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
