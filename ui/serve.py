"""Serves the page and ``/v1``: finds a port, says where, loads the model while the first reader looks."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tempfile
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from app.allowance import Allowance
from app.desk import Desk
from app.engines import weights_of
from app.finding import find_shop, folder_of
from app.house import House
from app.keyring import Keyring
from app.logs import log_progress
from app.person import Person, is_loopback, role_of
from app.progress import say, step
from app.settings import DEFAULT_PORT, Settings, go_offline
from app.team_store import Store
from app.too_old import keep_to_it
from ui.errors import CannotServe
from ui.scheduling import run_schedules, watch_rules
from ui.warming import warm_up

if TYPE_CHECKING:
    from app.finding import Review
    from ui.talk import Reviewing

PORTS_TRIED = 40
"""Ports looked at, from 7860 on, when none was asked for."""


def take_port(host: str, port: int | None) -> socket.socket:
    """A listening socket: of ``port``, or of the first free one from 7860 on when it is ``None``.

    Raises:
        CannotServe: the port is taken, or the address is not of this machine; says the way out.
    """
    candidates = [port] if port is not None else range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED)
    for candidate in candidates:
        try:
            family = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM)[0][0]
            # Named as TCP, for only then asyncio sends small answers at once instead of 40 ms later.
            taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        except OSError as error:
            raise CannotServe(f"Cannot listen on {host}: {error.strerror}. Use --host 127.0.0.1.") from error
        try:
            if os.name == "posix":  # elsewhere the option would let two programs share the port
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((host, candidate))
            taken.listen(128)
        except OSError as error:
            taken.close()
            if error.errno == errno.EADDRINUSE:
                continue
            reason = error.strerror or str(error)
            raise CannotServe(
                f"Cannot listen on {host}:{candidate}: {reason}. Choose another --port."
            ) from error
        return taken
    if port is not None:
        raise CannotServe(
            f"Port {port} is taken by another program. Choose another (--port {port + 1}), or leave --port "
            "out to take the first free one."
        )
    last = DEFAULT_PORT + PORTS_TRIED - 1
    raise CannotServe(f"Ports {DEFAULT_PORT} to {last} are all taken. Name a free one: --port NUMBER.")


def serve(
    settings: Settings,
    *,
    shop: str | None,
    person: Person,
    host: str | None,
    port: int | None,
    open_browser: bool,
    uploads: bool | None = None,
    is_for_programs: bool = False,
) -> None:
    """Open the shop and serve its page and ``/v1`` until Ctrl-C or SIGTERM.

    Args:
        person: as whom every visitor asks while nobody has a key and only this computer reaches the server.
        uploads: whether visitors may open files of their own; ``None`` lets them when the page is for this
            computer only.
        is_for_programs: whether the surfaces of :mod:`ui.mounted` stand beside them.
    """
    role_of(find_shop(settings, shop), person)  # a wrong role is told before slow things begin
    host = host or settings.host
    is_own = is_loopback(host)
    may_bring = is_own if uploads is None else uploads
    store = Store.of(settings)
    store.check()
    keyring = Keyring.of(settings, store)
    log_progress(settings)
    _tell_who_may_ask(keyring, is_own, settings.oidc_issuer)
    listening = take_port(host, port or settings.port)  # first: a taken port is told before the long work
    try:
        if not settings.engine_url:
            weights_of(settings)
        go_offline()
        # Two folders: what is in the first can be downloaded by whoever knows its address.
        with (
            tempfile.TemporaryDirectory(prefix="shoptalk-") as folder,
            tempfile.TemporaryDirectory(prefix="shoptalk-own-") as own,
            House(settings) as house,
        ):
            _run(
                Desk(house, shop, Allowance(settings.questions_a_minute, settings.questions_a_day)),
                keyring,
                person if is_own and settings.oidc_issuer is None else None,
                listening,
                Path(folder),
                Path(own) if may_bring else None,
                reviewing=_reviewing(house, shop) if is_own else None,
                open_browser=open_browser,
                is_for_programs=is_for_programs,
            )
    finally:
        listening.close()
        store.close()


def _tell_who_may_ask(keyring: Keyring, is_own: bool, issuer: str | None) -> None:
    """Raises ``WrongUse`` when ``people.yml`` cannot be read."""
    count = len(keyring.members())
    if issuer is not None:
        say(f"People sign in at {issuer}, as people.yml says who they are, or with a key.")
    elif count:
        say(f"Only people with a key are answered: {count} known (shoptalk people list).")
    elif not is_own:
        say(
            "Only people with a key are answered, and nobody has one yet: shoptalk people add NAME --role "
            "ROLE. Keys travel readable over plain HTTP: put a proxy with TLS in front."
        )


def _run(
    desk: Desk,
    keyring: Keyring,
    local: Person | None,
    listening: socket.socket,
    folder: Path,
    own: Path | None,
    *,
    reviewing: Reviewing | None,
    open_browser: bool,
    is_for_programs: bool,
) -> None:
    """Serve until Ctrl-C or SIGTERM; ``own`` is for the files of visitors, ``None`` where they bring none."""
    # Gradio copies what can be downloaded into this folder; it goes when the page closes.
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "gradio")
    with step("Preparing the page"):
        import uvicorn

        from app.conversations import Conversations
        from app.feedback_log import FeedbackLog
        from app.kept_uploads import KeptUploads
        from app.uploads import Uploads
        from bot.memory import Conversation
        from ui.chats import feishu, slack
        from ui.http.service import build_service
        from ui.mounted import mounts_for
        from ui.page import build_app
        from ui.served_talks import ServedTalks
        from ui.stopping import GracefulServer
        from ui.talk import Talk, Visitors, own_shop

        house, shop = desk.house, desk.shop
        settings = house.settings
        description = find_shop(settings, shop)
        brought = own and Uploads(house=house, folder=own)
        visitors = Visitors(Conversation)
        # What everybody gets before it is known who they are: nothing that depends on a role.
        anybody = Talk(
            assistant=desk.seat(Person()),
            new_conversation=Conversation,
            shop=description.name,
            role="",
            keep_feedback=FeedbackLog.of(settings, house.store, house.shared.forgotten.times).add,
            open_files=(lambda files: own_shop(brought.open(files), Conversation)) if brought else None,
            kept=KeptUploads(folder=settings.brought, page=folder_of(settings, description).name)
            if brought
            else None,
            open_kept=(lambda kept: own_shop(brought.open_kept(kept.files, kept.answers), Conversation))
            if brought
            else None,
            reviewing=reviewing,
            has_reports=True,
            has_list=True,
        )
        conversations = Conversations(house.store, house.shared.forgotten.times)
        talks = ServedTalks(desk, anybody, conversations)
        if local is not None:
            with house.room(shop, local):  # what cannot be opened is told before anybody comes
                pass
        first = anybody if local is None or keyring.has_people else talks.of(local)
        service = build_service(
            desk,
            keyring,
            local=local,
            page=build_app(first, folder, visitors, talks.of_request),
            signed={**slack.signed_mount(desk, keyring), **feishu.signed_mount(desk, keyring)},
            mounts=mounts_for(desk) if is_for_programs else {},
        )
        config = uvicorn.Config(
            service,
            log_config=None,  # as the process's own
            log_level="warning",
            lifespan="on",
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        server = GracefulServer(config, desk)
    warming = local if local is not None else Person()
    threading.Thread(target=warm_up, args=(desk, warming), daemon=True).start()
    closing = threading.Event()
    threading.Thread(target=run_schedules, args=(desk, closing), daemon=True).start()
    threading.Thread(target=watch_rules, args=(desk, closing), daemon=True).start()
    threading.Thread(target=keep_to_it, args=(settings, closing), daemon=True).start()
    address = _address(listening)
    # Standard output: the address is what a script waits for. The socket takes connections already.
    os.write(1, f"Shoptalk is ready at {address}  (Ctrl-C closes it)\n".encode())
    if open_browser and settings.has_display:
        webbrowser.open(address)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        closing.set()
        visitors.close()
        conversations.close()
    say("Closed.")


def _reviewing(house: House, shop: str | None) -> Reviewing | None:
    """The questions about a shop that nobody described; ``None`` for one with a description."""
    from ui.talk import Reviewing

    if shop is None or house.review(shop) is None:
        return None

    def look() -> Review:
        review = house.review(shop)
        assert review is not None  # the name decides it, and it stays
        return review

    return Reviewing(look=look, answer=lambda answers: house.take_answers(shop, answers))


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
