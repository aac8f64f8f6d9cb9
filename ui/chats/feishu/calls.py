"""How Feishu's open platform is called: with a token that is fetched, as often as Feishu allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import httpx

TRIES = 4
"""Times that a call which Feishu told to wait is sent again, each after the seconds that Feishu said."""
MOST_WAIT_S = 60
"""Seconds that are waited at most, whatever was said."""
TIMEOUT_S = 30.0
EARLY_S = 300.0
"""Seconds before its end in which a token is fetched anew."""
EXPIRED = {99991661, 99991663, 99991665, 99991668}
"""Codes of Feishu: the token is none, or none any more."""
BUSY = {99991400, 11232, 230020}
"""Codes of Feishu: too many calls; also said with status 400."""


class FeishuRefused(Exception):
    """Feishu did not do what it was asked to; says its own number for why, or the status."""


class UnknownApp(FeishuRefused):
    """Feishu gives no token for the app's id and secret."""


FAILURES = (FeishuRefused, httpx.HTTPError)
"""What a call may raise: Feishu refused it, or is out of reach."""


def reason_of(error: BaseException) -> str:
    """Why a call failed, without what was sent."""
    return str(error) if isinstance(error, FeishuRefused) else type(error).__name__


class Calls:
    """Calls as one app. Safe to use from several threads.

    Args:
        url: address of the platform, such as ``https://open.feishu.cn``.
        clock: seconds that only grow.
    """

    def __init__(self, app_id: str, secret: str, url: str, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._account = {"app_id": app_id, "app_secret": secret}
        self._http = httpx.Client(base_url=f"{url}/open-apis/", timeout=TIMEOUT_S)
        self._lock = Lock()
        self._token = ("", 0.0)
        self._pauses: dict[str, float] = {}
        """Method → until when; Feishu counts the calls of each by themselves."""

    def call(self, method: str, path: str, **parts: Any) -> dict[str, Any]:
        """What Feishu answers, once it takes calls.

        Args:
            parts: see ``httpx.Client.request``.
        Raises:
            FeishuRefused: it did not do it, also not after waiting as it said and with a new token.
            httpx.HTTPError: it is out of reach.
        """
        time.sleep(max(0.0, self._pauses.get(method, 0.0) - self._clock()))
        is_renewed = False
        waits = 0
        while True:
            response, code = self._once(method, path, **parts)
            if code in EXPIRED and not is_renewed:
                self._token, is_renewed = ("", 0.0), True
            elif _is_busy(response, code) and waits < TRIES:
                waits += 1
                time.sleep(_wait_s(response))
            elif code:
                raise FeishuRefused(f"code {code}")
            else:
                return _body(response)

    def call_if_free(self, method: str, path: str, **parts: Any) -> None:
        """The same, unless Feishu has told to wait, or tells it now; what is left out is not made up for.

        Raises:
            FeishuRefused: it did not do it for another reason.
            httpx.HTTPError: it is out of reach.
        """
        if self._clock() < self._pauses.get(method, 0.0):
            return
        response, code = self._once(method, path, **parts)
        if _is_busy(response, code):
            self._pauses[method] = self._clock() + _wait_s(response)
        elif code:
            raise FeishuRefused(f"code {code}")

    def close(self) -> None:
        """End the connections; later calls are refused."""
        self._http.close()

    def _once(self, method: str, path: str, **parts: Any) -> tuple[httpx.Response, int]:
        """The response, and Feishu's code: 0 for done. Sent again where the connection broke.

        A message is not written twice by that: Feishu knows it by the uuid in its body.
        """
        if self._http.is_closed:  # the program ends, and an answer comes too late
            raise FeishuRefused("closed")
        headers = {"Authorization": f"Bearer {self._valid_token()}"}
        try:
            response = self._http.request(method, path, headers=headers, **parts)
        except httpx.TransportError:
            response = self._http.request(method, path, headers=headers, **parts)
        return response, _code(response)

    def _valid_token(self) -> str:
        with self._lock:
            text, until = self._token
            if self._clock() < until:
                return text
            asked_at = self._clock()
            response = self._http.post("auth/v3/tenant_access_token/internal", json=self._account)
            code = _code(response)
            if code and (_is_busy(response, code) or response.status_code >= 500):
                raise FeishuRefused(f"code {code}")
            if code:
                raise UnknownApp(f"code {code} for the app's id and secret")
            body = _body(response)
            text = said(body, "tenant_access_token")
            life_s = body.get("expire")
            self._token = (text, asked_at + (life_s if isinstance(life_s, int) else 0) - EARLY_S)
            return text


def said(body: Mapping[str, Any], *path: str) -> str:
    """The text at ``path`` of an answer.

    Raises:
        FeishuRefused: there is none.
    """
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, str) or not found:
        raise FeishuRefused(f"an answer without {'.'.join(path)}")
    return found


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(response: httpx.Response) -> int:
    code = _body(response).get("code")
    return code if isinstance(code, int) else response.status_code


def _is_busy(response: httpx.Response, code: int) -> bool:
    return response.status_code == 429 or code in BUSY


def _wait_s(response: httpx.Response) -> int:
    said = response.headers.get("x-ogw-ratelimit-reset") or response.headers.get("Retry-After") or ""
    return min(int(said), MOST_WAIT_S) if said.isascii() and said.isdecimal() else 1
