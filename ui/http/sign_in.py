"""Signing in and out with a browser: by a key, or at the provider; and the choice between roles.

A key or the provider's word in, a cookie out. Every sign-in opens a session of its own, and what was open in
the browser before is closed.
"""

from __future__ import annotations

import html
import logging
import secrets
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.errors import BadKey, SignInRefused, StoreAway, WrongUse
from app.keyring import SESSION, Keyring
from app.provider import Provider
from app.sign_ins import PATIENCE, SignIns
from ui.http.identity import BEGIN, COOKIE, check_origin, conversation_of, session_of
from ui.http.problems import NO_KEY, Problem, language_of, problem_of, words_in

logger = logging.getLogger(__name__)

BEGUN = "shoptalk_sign_in"
"""Cookie that ties the end of a sign-in at the provider to the browser that began it."""
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>Shoptalk · {title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif }}
body {{ max-width: 26rem; margin: 15vh auto; padding: 0 1rem; overflow-wrap: anywhere }}
label, input, button, .provider {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input, button, .provider {{ margin-top: .5rem; padding: .6rem }}
.provider {{ border: 1px solid; border-radius: 4px; text-align: center; text-decoration: none }}
.provider + form {{ margin-top: 2rem }}
</style></head><body><h1>Shoptalk</h1>{body}</body></html>"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with "no-referrer" a form's Origin is "null"
    "X-Content-Type-Options": "nosniff",
}


class SignIn:
    """The pages of it.

    Args:
        provider: ``None`` where people sign in by keys alone.
    """

    def __init__(
        self, keyring: Keyring, provider: Provider | None = None, waiting: SignIns | None = None
    ) -> None:
        self._keyring = keyring
        self._provider = provider
        self._waiting = waiting

    async def show(self, request: Request) -> Response:
        """The form; whoever is signed in may sign out."""
        name = await run_sync(self._name, session_of(request.headers))
        is_left = "left" in request.query_params and not name
        leads = await run_sync(self._provider.sign_out_url) if is_left and self._provider else None
        return self._page(request, name=name, is_left=is_left, sign_out_url=leads)

    async def enter(self, request: Request) -> Response:
        """Open a session for the key in the form."""
        opens = ""
        try:
            check_origin(request.method, request.headers)
            async with request.form(max_files=0, max_fields=3, max_part_size=1_000) as form:
                key = str(form.get("key", "")).strip()
                opens = conversation_of(str(form.get("conversation", "")))
            token = await run_sync(self._keyring.open_session, key)
        except (BadKey, StoreAway, WrongUse, Problem) as error:
            return self._page(request, problem=_problem_of(error), opens=opens)
        return await self._entered(request, token, opens)

    async def leave(self, request: Request) -> Response:
        """Close the session."""
        token = session_of(request.headers)
        if token is not None:
            await run_sync(self._keyring.close_session, token)
        response = RedirectResponse("/sign-in?left" if self._provider else "/sign-in", status_code=303)
        response.delete_cookie(COOKIE)
        return response

    async def choose_role(self, request: Request) -> Response:
        """Ask in another role from here on; the page begins anew."""
        token = session_of(request.headers)
        try:
            if token is None:
                raise Problem("no_key", 401, headers=NO_KEY)
            async with request.form(max_files=0, max_fields=2, max_part_size=1_000) as form:
                role = str(form.get("role", ""))
            await run_sync(self._keyring.choose_role, token, role)
        except BadKey:
            return self._page(request, problem=Problem("role_not_yours", 403))
        except (StoreAway, WrongUse, Problem) as error:
            return self._page(request, problem=_problem_of(error))
        return RedirectResponse("/", status_code=303)

    # --- at the provider ---

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        provider, waiting = self._provider, self._waiting
        if provider is None or waiting is None:
            raise Problem("not_found", 404)
        opens = conversation_of(request.query_params.get("conversation", ""))
        try:
            url, begun = await run_sync(provider.begin)
            await run_sync(waiting.keep, begun, opens)
        except (SignInRefused, StoreAway) as error:
            return self._page(request, problem=_problem_of(error), opens=opens)
        response = RedirectResponse(url, status_code=303, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            BEGUN,
            begun.state,
            max_age=int(PATIENCE.total_seconds()),
            path="/sign-in",
            httponly=True,
            samesite="lax",  # with "strict" it would not come back from the provider
            secure=self._is_secure(request),
        )
        return response

    async def end(self, request: Request) -> Response:
        """Take the browser back from the provider."""
        provider, waiting = self._provider, self._waiting
        if provider is None or waiting is None:
            raise Problem("not_found", 404)
        answer, opens, account = dict(request.query_params), "", None
        try:
            cookie, state = session_of(request.headers, BEGUN) or "", answer.get("state", "")
            if not state or not secrets.compare_digest(cookie.encode(), state.encode()):
                raise SignInRefused("begun_elsewhere")
            begun, opens = await run_sync(waiting.take, state)
            account = await run_sync(provider.end, begun, answer)
            token = await run_sync(self._keyring.open_session_of, account.name, account.told)
        except BadKey:
            assert account is not None
            logger.warning("An account of the provider that people.yml does not name was not let in.")
            problem = Problem("sign_in_unmapped", 403, values={"account": account.name})
            return self._page(request, problem=problem)
        except (SignInRefused, StoreAway, WrongUse) as error:
            return self._page(request, problem=_problem_of(error), opens=opens)
        return await self._entered(request, token, opens)

    async def _entered(self, request: Request, token: str, opens: str) -> Response:
        before = session_of(request.headers)
        if before is not None:
            await run_sync(self._keyring.close_session, before)
        response = RedirectResponse(f"/?conversation={opens}" if opens else "/", status_code=303)
        response.delete_cookie(BEGUN, path="/sign-in")
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=self._is_secure(request),
        )
        return response

    def _is_secure(self, request: Request) -> bool:
        """Whether the browser speaks TLS, to this process or to a proxy in front."""
        told = urlsplit(self._provider.public_url if self._provider else "")
        is_there = told.scheme == "https" and told.netloc.lower() == request.headers.get("host", "").lower()
        return request.url.scheme == "https" or is_there

    def _name(self, token: str | None) -> str:
        try:
            return self._keyring.person_of_session(token).id if token is not None else ""
        except (BadKey, StoreAway, WrongUse):
            return ""

    def _page(
        self,
        request: Request,
        *,
        name: str = "",
        problem: Problem | None = None,
        is_left: bool = False,
        sign_out_url: str | None = None,
        opens: str | None = None,
    ) -> Response:
        language = language_of(request.headers)
        words = words_in(language)
        if opens is None:
            opens = conversation_of(request.query_params.get("conversation", ""))
        parts = []
        if problem is not None:
            told = problem.to_json(language)
            parts.append(
                f'<p role="alert"><b>{html.escape(told["title"])}.</b> {html.escape(told["detail"])}</p>'
            )
        if is_left:
            parts.append(f'<p role="status">{html.escape(words.say("signed_out"))}</p>')
        if sign_out_url is not None:
            said = html.escape(words.say("sign_out_provider"))
            parts.append(f'<p><a href="{html.escape(sign_out_url)}">{said}</a></p>')
        if name:
            shown = name.removeprefix("oidc/")
            parts.append(
                f"<p>{html.escape(words.say('signed_in', name=shown))}</p>"
                f'<p><a href="/">{words.say("to_page")}</a></p>'
                f'<form method="post" action="/sign-out"><button>{words.say("sign_out")}</button></form>'
            )
        else:
            parts.append(self._ways_in(language, opens))
        return HTMLResponse(
            _PAGE.format(language=language, title=words.say("sign_in"), body="".join(parts)),
            status_code=problem.status if problem is not None else 200,
            headers=_HEADERS,
        )

    def _ways_in(self, language: str, opens: str) -> str:
        words = words_in(language)
        to_provider, focus = "", " autofocus"
        if self._provider is not None:
            # As browsers are told to reach this server: the provider sends them back there.
            place = f"{self._provider.public_url}{BEGIN}" + (f"?conversation={opens}" if opens else "")
            said = html.escape(words.say("sign_in_provider"))
            to_provider, focus = f'<a class="provider" href="{html.escape(place)}">{said}</a>', ""
        kept = f'<input type="hidden" name="conversation" value="{opens}">' if opens else ""
        return (
            f'{to_provider}<form method="post" action="/sign-in">{kept}'
            f'<label for="key">{words.say("sign_in_hint")}</label>'
            '<input id="key" name="key" type="password" autocomplete="current-password" required'
            f"{focus}><button>{words.say('sign_in')}</button></form>"
        )


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, SignInRefused):
        logger.warning("A sign-in at the provider was refused: %s", error)
        statuses = {"begun_elsewhere": 400, "unverified": 403, "provider_away": 503}
        return Problem(f"sign_in_{error.key}", statuses.get(error.key, 401))
    if isinstance(error, WrongUse):  # people.yml
        logger.error("%s", error)
        return Problem("people_unreadable", 503)
    return problem_of(error)
