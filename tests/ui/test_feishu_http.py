"""Events over HTTP below ``shoptalk serve``: what Feishu signed just now is answered, all else is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from feishu_desk import ANA, FeishuDesk, feishu_desk
from mock_feishu import APP_ID, ENCRYPT_KEY, SECRET, TOKEN, delivery, sealed, signed
from served_shop import PLAIN, serving

from app.errors import WrongUse
from ui.chats.feishu import signed_mount
from ui.chats.feishu.sealed import FRESH_S, Refused, Seal

STAMP, NONCE, SIGNATURE = "X-Lark-Request-Timestamp", "X-Lark-Request-Nonce", "X-Lark-Signature"
SIGNED = (STAMP, NONCE, SIGNATURE)
BOTH = {"feishu_encrypt_key": "k", "feishu_verification_token": "t"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeishuDesk]:
    with feishu_desk(tmp_path_factory.mktemp("signed")) as place:
        yield place


def message(place: FeishuDesk) -> dict[str, Any]:
    id = f"om_{uuid.uuid4().hex}"
    return place.written(ANA, {"text": PLAIN}, id, chat_type="p2p", chat_id="oc_1")


def test_what_feishu_signed_is_acknowledged_and_answered(place: FeishuDesk) -> None:
    what = message(place)
    assert place.deliver(what) == {}
    assert "150.00 EUR" in place.answer(what["event"]["message"]["message_id"]).words


@pytest.mark.parametrize("is_signed", [True, False])
def test_feishu_may_try_the_address_with_the_right_token(is_signed: bool, place: FeishuDesk) -> None:
    body = sealed({"type": "url_verification", "challenge": "abc", "token": TOKEN})
    response = place.post(body, signed(body) if is_signed else {"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (200, {"challenge": "abc"})


UNOPENED = {
    "another token": sealed({"type": "url_verification", "challenge": "abc", "token": "another"}),
    "no token": sealed({"type": "url_verification", "challenge": "abc"}),
    "half a character": sealed({"type": "url_verification", "challenge": "abc", "token": "\ud800"}),
    "another key": sealed({"type": "url_verification", "challenge": "abc", "token": TOKEN}, key="another"),
    "in the clear": json.dumps({"type": "url_verification", "challenge": "abc", "token": TOKEN}).encode(),
    "empty": b"", "half": b"{", "list": b"[]", "null": b"null", "no text": b"\xff\xfe",
    "deep": b"[" * 100_000,
    "number": b'{"encrypt": 7}', "no base64": b'{"encrypt": "%%%"}', "nothing": b'{"encrypt": ""}',
    "short": b'{"encrypt": "AAAA"}',
    "one block": json.dumps({"encrypt": base64.b64encode(b"0" * 16).decode()}).encode(),
    "four blocks": json.dumps({"encrypt": base64.b64encode(b"0" * 64).decode()}).encode(),
    "sealed list": sealed([1]), "sealed text": sealed("x"), "sealed null": sealed(None),
}  # fmt: skip


@pytest.mark.parametrize("name", UNOPENED)
def test_with_another_token_or_none_the_address_gives_nothing_away(name: str, place: FeishuDesk) -> None:
    body = UNOPENED[name]
    for headers in ({}, signed(body)):
        response = place.post(body, headers)
        assert (response.status_code, response.text) == (401, "unsigned")


def test_of_many_forged_and_stale_deliveries_none_is_let_through(place: FeishuDesk) -> None:
    calls, audited = len(place.feishu.calls), len(place.audited())
    random_ = random.Random(7)
    passed = []
    forged = list(variants(lambda: sealed(message(place)), random_))
    assert len(forged) >= 500
    for name, body, headers in forged:
        response = place.post(body, headers)
        if response.status_code != 401:
            passed.append((name, response.status_code, response.text))
    assert not passed
    assert len(place.feishu.calls) == calls and len(place.audited()) == audited


def variants(
    make: Callable[[], bytes], random_: random.Random
) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """What somebody without the key may send who saw some deliveries: name, body, headers."""
    for number in range(100):
        body = make()
        good = signed(body)
        place = random_.randrange(64)
        other = "0" if good[SIGNATURE][place] != "0" else "1"
        yield (
            "one digit",
            body,
            {**good, SIGNATURE: good[SIGNATURE][:place] + other + good[SIGNATURE][place + 1 :]},
        )
        away = random_.choice([-1, 1]) * random_.uniform(FRESH_S + 5, 10 ** random_.randrange(3, 9))
        yield "stale", body, signed(body, at=time.time() + away)
        changed = bytearray(body)
        place = random_.randrange(15, len(body) - 2)
        changed[place] ^= 1
        yield "body", bytes(changed), good
        yield "other key", body, signed(body, key=f"{ENCRYPT_KEY}{number}")
        yield "swapped", make(), good
    body = make()
    good = signed(body)
    start = (good[STAMP] + good[NONCE] + ENCRYPT_KEY).encode()
    for name, headers in {
        "no header": {},
        **{f"without {name}": {k: v for k, v in good.items() if k != name} for name in SIGNED},
        **{f"empty {name}": {**good, name: ""} for name in SIGNED},
        "empty key": signed(body, key=""),
        "upper case": {**good, SIGNATURE: good[SIGNATURE].upper()},
        "short": {**good, SIGNATURE: good[SIGNATURE][:32]},
        "long": {**good, SIGNATURE: good[SIGNATURE] + "00"},
        "shifted": {**good, STAMP: good[STAMP] + good[NONCE][:1], NONCE: good[NONCE][1:]},
        "shifted back": {**good, STAMP: good[STAMP][:-1], NONCE: good[STAMP][-1] + good[NONCE]},
        "another hash": {**good, SIGNATURE: hashlib.sha3_256(start + body).hexdigest()},
        "later": {**good, STAMP: str(int(good[STAMP]) + 1)},
        "words": {**good, STAMP: "soon"},
        "not ASCII": {**good, SIGNATURE: "é" * 64},
        "minus": {**good, STAMP: f"-{good[STAMP]}"},
    }.items():  # fmt: skip
        yield name, body, {key: value.encode("latin-1") for key, value in headers.items()}  # type: ignore[misc]
    plain = json.dumps(delivery("im.message.receive_v1", {})).encode()
    yield "not encrypted", plain, signed(plain)
    for token in ("another", "", None, 7, TOKEN + "x", TOKEN[:-1]):
        wrong = sealed(delivery("im.message.receive_v1", {}, token=token))
        yield "token", wrong, signed(wrong)
    extended = body + b"\x80" + b"\x00" * 40 + b'{"encrypt": ""}'
    yield "length extension", extended, good


def test_a_signature_is_taken_for_five_minutes_around_its_time() -> None:
    seal = Seal(encrypt_key=ENCRYPT_KEY, verification_token=TOKEN, clock=lambda: 1_800_000_000.0)
    body = sealed(delivery("x", {}))
    for away in (-FRESH_S, 0, FRESH_S):
        assert seal.open(lower(signed(body, at=1_800_000_000 + away)), body)["schema"] == "2.0"
    for away in (-FRESH_S - 1, FRESH_S + 1):
        with pytest.raises(Refused):
            seal.open(lower(signed(body, at=1_800_000_000 + away)), body)
    assert ENCRYPT_KEY not in repr(seal) and TOKEN not in repr(seal)


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_replay_and_a_retry_do_nothing_again(place: FeishuDesk) -> None:
    what = message(place)
    body = sealed(what)
    headers = signed(body)
    assert [place.post(body, headers).status_code for _ in range(3)] == [200] * 3
    assert place.deliver(what) == {}, "a retry, signed anew"
    id = what["event"]["message"]["message_id"]
    posted = place.answer(id)
    toasts = []
    press = delivery(
        "card.action.trigger",
        {"operator": {"open_id": ANA}, "action": {"value": posted.value("up")},
         "context": {"open_message_id": posted.id}},
    )  # fmt: skip
    toasts = [place.deliver(press) for _ in range(3)]
    assert toasts[0]["toast"]["type"] == "info" and toasts[1:] == [{}, {}]
    assert len(place.feishu.answering(id)) == 1


@pytest.mark.parametrize(
    "what",
    [
        {"token": TOKEN},
        {"header": {"token": TOKEN}},
        delivery("im.message.receive_v1", {}),
        delivery("im.message.receive_v1", {"message": {"message_id": 7}}),
        delivery("card.action.trigger", {"operator": {"open_id": ANA}, "action": {"value": "x"}}),
        delivery("card.action.trigger", {"operator": None}, event_id=None),
    ],
)
def test_odd_deliveries_are_refused(what: dict[str, Any], place: FeishuDesk) -> None:
    body = sealed(what)
    response = place.post(body, signed(body))
    assert (response.status_code, response.text) == (400, "no delivery of Feishu's")


def test_beside_it_everything_needs_a_key_as_before(place: FeishuDesk) -> None:
    client: httpx.Client = place.client
    assert client.get("/v1/shop").status_code == 401 and client.get("/feishux").status_code == 401
    for path in (
        "/feishu",
        "/feishu/other",
        "/feishu/events",
        "/feishu/../v1/shop",
        "/feishu/%2e%2e/v1/shop",
    ):
        assert client.get(path).status_code in (401, 404, 405), path
    assert place.post(b"x" * 300_000, signed(b"")).status_code == 413


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"feishu_encrypt_key": "k"}, "SHOPTALK_FEISHU_VERIFICATION_TOKEN, or neither"),
        ({"feishu_verification_token": "t"}, "SHOPTALK_FEISHU_ENCRYPT_KEY and"),
        ({**BOTH, "feishu_app_id": APP_ID}, "APP_SECRET"),
        ({**BOTH, "feishu_app_secret": SECRET}, "APP_ID"),
    ],
)  # fmt: skip
def test_half_of_the_settings_are_refused(settings: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=told), serving(tmp_path, settings=settings, signed=signed_mount):
        pass


def test_without_the_settings_there_is_no_such_address(tmp_path: Path) -> None:
    with serving(tmp_path, signed=signed_mount) as served, served.client() as client:
        assert client.post("/feishu/events", content="{}").status_code == 404
