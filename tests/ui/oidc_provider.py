"""An OpenID provider on loopback that does as it should, unless a test tells it what to get wrong."""

from __future__ import annotations

import base64
import gc
import hashlib
import secrets
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "shoptalk", "geheim"


class FakeProvider:
    """Vouches for whoever ``claims`` describes, without asking."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "a-1"}
        self.more: dict[str, Any] = {}
        """What only the userinfo endpoint tells."""
        self.spoil: Callable[[dict[str, Any]], None] = lambda claims: None
        """Changes the claims of the next tokens."""
        self.forge: Callable[[dict[str, Any]], str] | None = None
        """Makes the next tokens in another way."""
        self.told: dict[str, Any] = {}
        """Of the description, in place of what is right."""
        self.asked: list[str] = []
        self.key = self._new_key()
        self._codes: dict[str, dict[str, str]] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.issuer = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        routes = [
            Route("/.well-known/openid-configuration", self._describe),
            Route("/keys", self._keys),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/userinfo", self._userinfo),
        ]
        self._server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_level="critical"))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listening]}, daemon=True
        )
        self._thread.start()

    def behave(self, **claims: Any) -> None:
        """From here on everything is as it should be, for that account."""
        self.claims, self.more, self.told = {"sub": "a-1", **claims}, {}, {}
        self.spoil, self.forge = lambda claims: None, None

    def rotate(self) -> None:
        """Sign with another key, and show only that one."""
        self.key = self._new_key()

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listening.close()
        with warnings.catch_warnings():  # a server that ends leaves connections that a client kept open
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    @staticmethod
    def _new_key() -> ECKey:
        return ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "alg": "ES256", "use": "sig"})

    async def _describe(self, request: Request) -> Response:
        self.asked.append("description")
        right = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        }
        return JSONResponse({**right, **self.told})

    async def _keys(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse(KeySet([self.key]).as_dict())

    async def _authorize(self, request: Request) -> Response:
        asked, code = dict(request.query_params), secrets.token_urlsafe(8)
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        self._codes[code] = asked
        back = urlencode({"code": code, "state": asked["state"], "iss": self.issuer})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}")

    async def _token(self, request: Request) -> Response:
        form = dict(await request.form())
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self._codes.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_right = (
            asked is not None
            and request.headers.get("authorization") == f"Basic {basic}"
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == form.get("redirect_uri")
        )
        if not is_right or asked is None:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        claims["nonce"] = asked["nonce"]
        self.spoil(claims)
        token = self.forge(claims) if self.forge is not None else signed(claims, self.key)
        return JSONResponse({"access_token": "access", "token_type": "Bearer", "id_token": token})

    async def _userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer access"
        self.asked.append("userinfo")
        return JSONResponse({"sub": self.claims["sub"], **self.more})


def signed(claims: dict[str, Any], key: ECKey, **header: Any) -> str:
    return jwt.encode({"alg": "ES256", "kid": key.kid, **header}, claims, key)


def unsigned(claims: dict[str, Any]) -> str:
    """``alg: none``, which a careless reader believes."""
    whole = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 32))
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{head}.{whole.split('.')[1]}."


def by_secret(claims: dict[str, Any]) -> str:
    """Signed with what both sides know."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET.ljust(32, "x")))


@contextmanager
def provider() -> Iterator[FakeProvider]:
    fake = FakeProvider()
    try:
        yield fake
    finally:
        fake.close()
