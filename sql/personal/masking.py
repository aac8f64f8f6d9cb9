"""A text with a word for the kind in place of each personal piece, and a pseudonym in place of a value."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from sql.personal.known_people import KnownNames
from sql.personal.personal_pieces import NOBODY, REGIONS, find
from sql.personal.personal_spans import Kind

LABELS: Mapping[str, Mapping[Kind, str]] = {
    "en": {
        "email": "[e-mail]",
        "phone": "[phone]",
        "card": "[card]",
        "iban": "[account]",
        "id": "[id]",
        "account": "[messenger]",
        "ip": "[IP address]",
        "address": "[address]",
        "name": "[name]",
    },
    "zh": {
        "email": "[邮箱]",
        "phone": "[电话]",
        "card": "[银行卡]",
        "iban": "[账户]",
        "id": "[证件号]",
        "account": "[社交账号]",
        "ip": "[IP地址]",
        "address": "[地址]",
        "name": "[姓名]",
    },
}
"""Language → what stands in a text for each kind."""
_HAN = re.compile(r"[\u3400-\u9fff]")


def mask(text: str, *, known: KnownNames = NOBODY, regions: Sequence[str] = REGIONS) -> str:
    """The text with its personal pieces named by their kind, in its own language; all else as it was.

    >>> mask("我叫王小明，手机13800138000")
    '我叫[姓名]，手机[电话]'
    """
    spans = find(text, known=known, regions=regions)
    if not spans:
        return text
    labels = LABELS["zh" if _HAN.search(text) else "en"]
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], labels[span.kind]]
        end = span.end
    return "".join([*parts, text[end:]])


def pseudonym(value: str, salt: bytes) -> str:
    """A name for a value that is the same wherever the value is, and that nobody can tell without the salt.

    80 bits of HMAC-SHA-256: of a million different values no two are alike but once in a trillion shops.
    """
    digest = hmac.new(salt, value.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "p-" + base64.b32encode(digest[:10]).decode("ascii").lower()
