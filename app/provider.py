"""Sign-in at a provider that speaks OpenID Connect, by authorization code and PKCE: whom it vouches for.

Nothing is fetched before somebody signs in. A token is believed when the provider's own key signed it, for
this server, for this very sign-in, and now; what it says is used once and not kept. Not covered: access
tokens for ``/v1``, refresh tokens, and sign-out that begins at the provider.

Sources: OpenID Connect Core 1.0 (section 3.1) and Discovery 1.0; RFC 7636 (PKCE); RFC 9207 (``iss`` of the
answer); RFC 9700 (best practice).
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from app.errors import SignInRefused, WrongUse
from app.keyring import Told
from app.person import is_loopback
from app.settings import Settings

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

logger = logging.getLogger(__name__)

CALLBACK = "/sign-in/back"
"""Path to which the provider sends browsers back."""
SKEW_S = 60
"""Seconds by which the provider's clock may differ from this one."""
KNOWN_S = 3_600.0
"""Seconds for which the provider's addresses and keys are taken to be as they were."""
AGAIN_S = 30.0
"""Seconds between two looks at its keys because of one that is not known."""
WAIT_S = 10.0
"""Seconds that one request to the provider may take."""
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""Signatures with a key that only the provider has: no ``none``, and none by a shared secret."""
MOST_CHARACTERS = 255
"""Of what an account is called."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """One sign-in that has begun; its verifier is known to this server alone."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whom the provider vouched for."""

    name: str
    told: Told


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The provider's own description."""

    document: Mapping[str, Any]
    keys: KeySet
    at: float


class Provider:
    """The one provider of an installation. Several threads may use it at once.

    Args:
        settings: with ``oidc_issuer``, ``oidc_client_id`` and ``public_url``.
        clock: seconds since 1970.
        since: seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        since: Callable[[], float] = time.monotonic,
    ) -> None:
        assert settings.oidc_issuer and settings.oidc_client_id and settings.public_url  # checked there
        self.issuer = settings.oidc_issuer
        self.public_url = settings.public_url
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._settings = settings
        self._clock = clock
        self._since = since
        self._lock = threading.Lock()
        self._known: _Known | None = None

    @classmethod
    def of(cls, settings: Settings) -> Provider | None:
        """That of an installation; ``None`` where it has none.

        Raises:
            WrongUse: the packages that it takes are not installed.
        """
        if settings.oidc_issuer is None:
            return None
        try:
            import authlib  # noqa: F401
            import httpx2  # noqa: F401
            import joserfc  # noqa: F401
        except ImportError as error:
            raise WrongUse(
                'SHOPTALK_OIDC_ISSUER needs packages that are not installed: pip install -e ".[oidc]".'
            ) from error
        return cls(settings)

    def begin(self) -> tuple[str, Begun]:
        """Where to send a browser, and what to know of it when it comes back.

        Raises:
            SignInRefused: the provider cannot be reached.
        """
        begun = Begun(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(64),
        )
        document = self._now().document
        with self._client(document) as client:
            url, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=begun.state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
            )
        return str(url), begun

    def end(self, begun: Begun, answer: Mapping[str, str]) -> Account:
        """Who came back.

        Args:
            answer: the parameters with which the provider sent the browser back; its state was compared.
        Raises:
            SignInRefused: the provider did not vouch for anybody, or cannot be reached.
        """
        if answer.get("iss", self.issuer) != self.issuer:
            raise SignInRefused("unproven", "another provider answered")
        if "error" in answer or not answer.get("code"):
            raise SignInRefused("denied", "the provider sent no code")
        document = self._now().document
        from authlib.integrations.base_client.errors import OAuthError
        from httpx2 import HTTPError

        try:
            with self._client(document) as client:
                token = client.fetch_token(
                    document["token_endpoint"],
                    grant_type="authorization_code",
                    code=answer["code"],
                    code_verifier=begun.verifier,
                )
                claims = self._checked(str(token.get("id_token", "")), begun.nonce)
                if self._is_short(claims) and "userinfo_endpoint" in document:
                    claims = {**self._userinfo(client, document, claims["sub"]), **claims}
        except OAuthError as error:
            raise SignInRefused("unproven", "the provider did not take the code") from error
        except (HTTPError, ValueError) as error:
            raise SignInRefused("provider_away", type(error).__name__) from error
        return self._account(claims)

    def sign_out_url(self) -> str | None:
        """Where a browser also signs out of the provider; ``None`` where it offers that not, or is away."""
        try:
            place = self._now().document.get("end_session_endpoint")
        except SignInRefused:
            return None
        back = {
            "client_id": self._client_id,
            "post_logout_redirect_uri": f"{self.public_url}/sign-in",
        }
        return f"{place}{'&' if '?' in place else '?'}{urlencode(back)}" if place else None

    # --- what it says ---

    def _checked(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token that proves this very sign-in."""
        from joserfc.errors import JoseError
        from joserfc.jwt import JWTClaimsRegistry

        try:
            claims = self._signed(id_token)
            JWTClaimsRegistry(
                now=lambda: int(self._clock()),
                leeway=SKEW_S,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self._client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise SignInRefused("unproven", type(error).__name__) from error
        audience = claims["aud"]
        is_for_others = isinstance(audience, list) and len(audience) > 1
        if claims.get("azp", None if is_for_others else self._client_id) != self._client_id:
            raise SignInRefused("unproven", "the token is another client's")
        return claims

    def _signed(self, id_token: str) -> dict[str, Any]:
        """The claims of a token that one of the provider's keys signed; new keys are looked for once."""
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError

        known = self._now()
        try:
            return dict(jwt.decode(id_token, known.keys, algorithms=_algorithms(known.document)).claims)
        except (InvalidKeyIdError, BadSignatureError):
            anew = self._now(unless_after=known.at)
            if anew is known:
                raise
            return dict(jwt.decode(id_token, anew.keys, algorithms=_algorithms(anew.document)).claims)

    def _is_short(self, claims: Mapping[str, Any]) -> bool:
        settings = self._settings
        return not {settings.oidc_account_claim, settings.oidc_groups_claim} <= set(claims)

    def _userinfo(self, client: Any, document: Mapping[str, Any], subject: str) -> dict[str, Any]:
        response = client.get(document["userinfo_endpoint"])
        response.raise_for_status()
        claims = response.json()
        if not isinstance(claims, dict) or claims.get("sub") != subject:
            raise SignInRefused("unproven", "what is told of the account is another's")
        return claims

    def _account(self, claims: Mapping[str, Any]) -> Account:
        claim = self._settings.oidc_account_claim
        name, groups = claims.get(claim), claims.get(self._settings.oidc_groups_claim, [])
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= MOST_CHARACTERS:
            raise SignInRefused("unproven", f"the claim {claim} names no account")
        if claim == "email" and claims.get("email_verified") is not True:
            raise SignInRefused("unverified")
        listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        named = frozenset(group for group in listed if isinstance(group, str))
        return Account(name=name, told=Told(groups=named, claims=dict(claims)))

    # --- what it is ---

    def _now(self, *, unless_after: float | None = None) -> _Known:
        """Its description, fetched where it is not known or too old.

        Args:
            unless_after: fetch it again unless that was done after this moment, or a moment ago.
        """
        with self._lock:
            known, now = self._known, self._since()
            if known is not None:
                is_old = now - known.at > KNOWN_S
                is_doubted = unless_after is not None and known.at <= unless_after
                if not is_old and not (is_doubted and now - known.at > AGAIN_S):
                    return known
            self._known = self._fetched(now)
            return self._known

    def _fetched(self, now: float) -> _Known:
        from httpx2 import Client, HTTPError
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        place = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            with Client(timeout=WAIT_S) as client:
                document = client.get(place).raise_for_status().json()
                _check_document(document, self.issuer)
                keys = client.get(document["jwks_uri"]).raise_for_status().json()
            return _Known(document=document, keys=KeySet.import_key_set(keys), at=now)
        except (HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            logger.error("The provider of the sign-in cannot be used: %s", type(error).__name__)
            raise SignInRefused("provider_away", type(error).__name__) from error

    def _client(self, document: Mapping[str, Any]) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        taken = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        known = "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"
        return OAuth2Client(
            client_id=self._client_id,
            client_secret=self._secret,
            token_endpoint_auth_method=known if self._secret else "none",
            scope=self._settings.oidc_scopes,
            redirect_uri=f"{self.public_url}{CALLBACK}",
            code_challenge_method="S256",
            timeout=WAIT_S,
        )


def _algorithms(document: Mapping[str, Any]) -> list[str]:
    """Those of ours that the provider says it signs with."""
    said = document.get("id_token_signing_alg_values_supported", ["RS256"])
    return [each for each in ALGORITHMS if each in said]


def _check_document(document: Mapping[str, Any], issuer: str) -> None:
    """Raises ``ValueError`` for a description of another provider, or with addresses that are not safe."""
    if document["issuer"] != issuer:
        raise ValueError("the description is of another issuer")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    places = [*(document[name] for name in needed)]
    places += [document[n] for n in ("userinfo_endpoint", "end_session_endpoint") if n in document]
    if not all(map(_is_safe, places)):
        raise ValueError("an address is not over TLS")


def _is_safe(place: str) -> bool:
    """Whether nobody on the way can read along."""
    parts = urlsplit(place)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
