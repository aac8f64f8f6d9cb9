"""Deliveries over HTTP: only what Feishu encrypted and signed a moment ago is opened.

Feishu signs with SHA-256 over time, nonce, key and body. What is added to a body that was seen (length
extension) bears a valid signature, and is no JSON. Not covered: that a delivery comes twice
(``ui.chats.feishu.arrivals``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

FRESH_S = 300
"""Seconds for which a signature is taken, before and after its time."""
TIME, NONCE, SIGNATURE = "x-lark-request-timestamp", "x-lark-request-nonce", "x-lark-signature"
"""Headers of a signed delivery."""
VERIFICATION = "url_verification"
"""Kind of the delivery with which Feishu tries an address; it alone may come without a signature."""


class Refused(Exception):
    """Feishu did not send it, or not now; says no more, for who sent it may be anybody."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What opens the deliveries to one app."""

    encrypt_key: str = field(repr=False)
    verification_token: str = field(repr=False)
    clock: Callable[[], float] = time.time
    """Seconds since 1970, UTC."""

    def open(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The delivery.

        Args:
            headers: names in lower case, or without regard to it.
        Raises:
            Refused: it is not signed, not now, not encrypted, or bears another token.
        """
        is_signed = any(name in headers for name in (TIME, NONCE, SIGNATURE))
        if is_signed:
            self._check_signature(headers, body)
        delivery = self._decrypt(body)
        header = delivery.get("header")
        token = header.get("token") if isinstance(header, dict) else delivery.get("token")
        if not isinstance(token, str) or not _is_same(token, self.verification_token):
            raise Refused
        if not is_signed and delivery.get("type") != VERIFICATION:
            raise Refused
        return delivery

    def _check_signature(self, headers: Mapping[str, str], body: bytes) -> None:
        stamp, nonce = headers.get(TIME, ""), headers.get(NONCE, "")
        signed = (stamp + nonce + self.encrypt_key).encode() + body
        if not _is_same(headers.get(SIGNATURE, ""), hashlib.sha256(signed).hexdigest()):
            raise Refused
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) in (10, 13)):
            raise Refused
        signed_at = int(stamp) if len(stamp) == 10 else int(stamp) / 1000
        if abs(self.clock() - signed_at) > FRESH_S:
            raise Refused

    def _decrypt(self, body: bytes) -> dict[str, Any]:
        from Crypto.Cipher import AES
        from Crypto.Util.Padding import unpad

        try:
            sealed = base64.b64decode(json.loads(body)["encrypt"], validate=True)
            key = hashlib.sha256(self.encrypt_key.encode()).digest()
            cipher = AES.new(key, AES.MODE_CBC, iv=sealed[: AES.block_size])
            delivery = json.loads(unpad(cipher.decrypt(sealed[AES.block_size :]), AES.block_size))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Refused from None
        if not isinstance(delivery, dict):
            raise Refused
        return delivery


def _is_same(one: str, other: str) -> bool:
    """In a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
