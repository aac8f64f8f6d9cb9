"""A process of its own that answers in a chat program, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from app.allowance import Allowance
from app.desk import Desk
from app.engines import weights_of
from app.house import House
from app.keyring import Keyring, Member
from app.logs import log_progress
from app.person import Person
from app.progress import say
from app.settings import Settings, go_offline
from ui.warming import warm_up

WAIT_S = 30.0
"""Seconds that answers under way get after SIGTERM; a second signal ends at once."""


def serve_chat(
    settings: Settings,
    shop: str | None,
    connect: Callable[[Desk, threading.Event], AbstractContextManager[str]],
) -> None:
    """Open the shop and answer, while the connection is open.

    Args:
        connect: opens the connection, and sets the event when it is closed for good; its value says where is
            answered, such as ``Slack, workspace Acme``.
    """
    log_progress(settings)
    if not settings.engine_url:
        weights_of(settings)
    go_offline()
    with House(settings) as house:
        house.store.check()
        desk = Desk(house, shop, Allowance(settings.questions_a_minute, settings.questions_a_day))
        ended = threading.Event()
        with connect(desk, ended) as place:
            threading.Thread(target=warm_up, args=(desk, Person()), daemon=True).start()
            # Standard output, as the address of `serve`: what a script waits for.
            os.write(1, f"Shoptalk answers in {place}  (Ctrl-C ends it)\n".encode())
            _wait_for_the_end(desk, ended)
    say("Closed.")


def tell_who_may_ask(
    keyring: Keyring, program: str, accounts: str, account_of: Callable[[Member], str], example: str
) -> None:
    """Say how many accounts may ask, or how one comes to.

    Args:
        accounts: what they are called, such as ``Accounts and groups``.
        account_of: of a member in that program; empty for none.
        example: the part of a line of ``people.yml`` that names one.
    Raises:
        WrongUse: ``people.yml`` cannot be read.
    """
    count = sum(1 for member in keyring.members() if account_of(member))
    if count:
        say(f"{accounts} of {program} in {keyring.people_file}: {count}. Others are answered nothing.")
    else:
        say(
            f"No account of {program} may ask yet: write NAME: {{role: ROLE, {example}}} under people: in "
            f"{keyring.people_file}."
        )


def _wait_for_the_end(desk: Desk, ended: threading.Event) -> None:
    """Until Ctrl-C, until ``ended``, or until SIGTERM came and what was under way has ended."""

    def stop() -> None:
        desk.stop(WAIT_S)
        ended.set()

    def hear(*_: object) -> None:
        if desk.state == "stopping":
            ended.set()
        else:  # not in a signal's own frame: the main thread may hold the lock that stopping needs
            threading.Thread(target=stop, daemon=True).start()

    before = signal.signal(signal.SIGTERM, hear)
    try:
        while not ended.wait(1.0):  # a wait without end hears no Ctrl-C on Windows
            pass
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
